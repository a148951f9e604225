//! Addresses that are reserved in the subnetworks of a network.
use super::facts::{AddressUse, Fact};
use super::model::Model;
use super::names;
use super::network::{NetworkKey, SubnetKey};
use crate::snapshot::{Compute, ProjectId};
use ipnet::IpNet;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// Those of one network; an error tells why nobody can say.
pub struct Reserved(Result<Known, String>);

#[derive(Default)]
struct Known {
    uses: BTreeMap<IpAddr, Vec<AddressUse>>,
    /// Subnetworks whose project's addresses were not read, with that project.
    unread: Vec<(IpNet, ProjectId)>,
}

impl Reserved {
    pub fn new(model: &Model, network: &NetworkKey) -> Self {
        let compute: Vec<(ProjectId, &Compute)> = model
            .snapshot
            .compute
            .iter()
            .map(|(project, compute)| (model.projects.id(project.as_str()), compute))
            .collect();
        let read = |project: &ProjectId, what: fn(&Compute) -> bool| {
            compute.iter().any(|(id, compute)| id == project && what(compute))
        };
        if !read(&network.project, |c| c.subnetworks.is_had()) {
            let why = format!("the subnetworks of {} were not collected", network.project);
            return Self(Err(why));
        }
        let mut known = Known::default();
        let mut ranges: BTreeMap<&SubnetKey, IpNet> = BTreeMap::new();
        for (key, subnet) in model.networks.subnets_of(network) {
            let Ok(range) = subnet.ip_cidr_range.parse::<IpNet>() else {
                continue;
            };
            ranges.insert(key, range);
            if !read(&key.project, |c| c.addresses.is_had()) {
                known.unread.push((range, key.project.clone()));
            }
        }
        for (project, compute) in &compute {
            for reserved in compute.addresses.items() {
                let Ok(address) = reserved.address.parse::<IpAddr>() else {
                    continue;
                };
                let named = SubnetKey::parse(&reserved.subnetwork, project, "", model.projects);
                // One that names no subnetwork is of whichever of its project it lies in.
                let subnet = ranges.iter().find(|(key, range)| {
                    range.contains(&address)
                        && named
                            .as_ref()
                            .map_or(key.project == *project, |named| named == **key)
                });
                if let Some((key, _)) = subnet {
                    known.uses.entry(address).or_default().push(AddressUse {
                        address: reserved.address.clone(),
                        name: reserved.name.clone(),
                        project: project.0.clone(),
                        subnet: key.name.clone(),
                        users: reserved.users.iter().map(|u| names::last(u).to_owned()).collect(),
                    });
                }
            }
        }
        Self(Ok(known))
    }

    /// What the addresses are reserved for.
    pub fn of(&self, addresses: &[IpAddr]) -> Fact<Vec<AddressUse>> {
        if addresses.is_empty() {
            return Fact::Known(Vec::new());
        }
        let known = match &self.0 {
            Ok(known) => known,
            Err(why) => return Fact::unknown(why),
        };
        let uses: Vec<AddressUse> = addresses
            .iter()
            .filter_map(|a| known.uses.get(a))
            .flatten()
            .cloned()
            .collect();
        let mut unread = known.unread.iter();
        let doubt = unread.find(|(range, _)| addresses.iter().any(|a| range.contains(a)));
        match doubt {
            Some((_, project)) if uses.is_empty() => {
                Fact::Unknown(format!("the reserved addresses of {project} were not collected"))
            }
            _ => Fact::Known(uses),
        }
    }
}
