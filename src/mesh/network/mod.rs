//! VPC networks and subnetworks: their names made comparable, peerings, and the ranges of addresses that matter.
mod names;
mod ranges;
#[cfg(test)]
mod tests;

pub use names::{NetworkKey, SubnetKey};
pub use ranges::{is_cloud_run_private, is_rfc1918};

use super::projects::Projects;
use crate::gcp::compute::{Network, Subnetwork};
use crate::gcp::container::Cluster;
use crate::snapshot::{ProjectId, Snapshot};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// The answer to "is there such a thing": not there only where the listing that would hold it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup<T> {
    Found(T),
    NotThere,
    /// Why nobody can tell.
    Unknown(String),
}

impl<T> Lookup<T> {
    /// The thing, where it was found.
    pub fn found(self) -> Option<T> {
        match self {
            Self::Found(value) => Some(value),
            Self::NotThere | Self::Unknown(_) => None,
        }
    }
}

/// Networks and subnetworks of every project of the snapshot.
#[derive(Debug, Default, Clone)]
pub struct Networks {
    projects: Projects,
    peerings: BTreeMap<NetworkKey, Vec<NetworkKey>>,
    subnets: BTreeMap<SubnetKey, Subnetwork>,
    by_name: BTreeMap<(ProjectId, String), Vec<SubnetKey>>,
    with_networks: BTreeSet<ProjectId>,
    with_subnets: BTreeSet<ProjectId>,
    /// Regions whose subnetworks did not answer; an empty region means one that could not be made out.
    silent: BTreeSet<(ProjectId, String)>,
}

impl Networks {
    /// From the snapshot's compute listings.
    pub fn new(snapshot: &Snapshot, projects: &Projects) -> Self {
        let mut all = Self {
            projects: projects.clone(),
            ..Self::default()
        };
        for (project, compute) in &snapshot.compute {
            let project = projects.id(project.as_str());
            if compute.networks.is_had() {
                all.with_networks.insert(project.clone());
            }
            if compute.subnetworks.is_had() {
                all.with_subnets.insert(project.clone());
            }
            for network in compute.networks.items() {
                all.add_network(&project, network);
            }
            for subnet in compute.subnetworks.items() {
                all.add_subnet(&project, subnet);
            }
            for place in compute
                .unreachable
                .iter()
                .filter_map(|u| u.strip_prefix("subnetworks: "))
            {
                let region = place.rsplit('/').next().unwrap_or_default();
                all.silent.insert((project.clone(), region.to_owned()));
            }
        }
        all
    }

    fn add_network(&mut self, project: &ProjectId, network: &Network) {
        let Some(key) = NetworkKey::parse(&network.self_link, project, &self.projects)
            .or_else(|| NetworkKey::parse(&network.name, project, &self.projects))
        else {
            return;
        };
        let peers = network
            .peerings
            .iter()
            .filter(|p| p.state == "ACTIVE")
            .filter_map(|p| NetworkKey::parse(&p.network, project, &self.projects))
            .collect();
        self.peerings.insert(key, peers);
    }

    fn add_subnet(&mut self, project: &ProjectId, subnet: &Subnetwork) {
        let region = subnet.region.rsplit('/').next().unwrap_or_default();
        let Some(key) = SubnetKey::parse(&subnet.self_link, project, region, &self.projects)
            .or_else(|| SubnetKey::parse(&subnet.name, project, region, &self.projects))
        else {
            return;
        };
        self.by_name
            .entry((key.project.clone(), key.name.clone()))
            .or_default()
            .push(key.clone());
        self.subnets.insert(key, subnet.clone());
    }

    /// Whether an ACTIVE peering joins the two networks, as either side lists it. None where the networks of
    /// neither project were collected. A network is not peered with itself.
    pub fn peered(&self, a: &NetworkKey, b: &NetworkKey) -> Option<bool> {
        if !self.with_networks.contains(&a.project) && !self.with_networks.contains(&b.project) {
            return None;
        }
        let lists = |x, y| self.peerings.get(x).is_some_and(|peers| peers.contains(y));
        Some(lists(a, b) || lists(b, a))
    }

    /// Whether traffic of one network reaches the other: the same network, or peered.
    pub fn connected(&self, a: &NetworkKey, b: &NetworkKey) -> Option<bool> {
        if a == b { Some(true) } else { self.peered(a, b) }
    }

    /// The network itself: whether the snapshot has it.
    pub fn network(&self, key: &NetworkKey) -> Lookup<()> {
        if self.peerings.contains_key(key) {
            Lookup::Found(())
        } else if self.with_networks.contains(&key.project) {
            Lookup::NotThere
        } else {
            Lookup::Unknown(format!("networks of project {} were not collected", key.project))
        }
    }

    /// The subnetwork of that name in that region.
    pub fn subnet(&self, key: &SubnetKey) -> Lookup<&Subnetwork> {
        if let Some(subnet) = self.subnets.get(key) {
            return Lookup::Found(subnet);
        }
        let silent = |region: &str| self.silent.contains(&(key.project.clone(), region.to_owned()));
        if !self.with_subnets.contains(&key.project) {
            Lookup::Unknown(format!(
                "subnetworks of project {} were not collected",
                key.project
            ))
        } else if silent(&key.region) || silent("") {
            Lookup::Unknown(format!("region {} did not list its subnetworks", key.region))
        } else {
            Lookup::NotThere
        }
    }

    /// Subnetworks of that name in the project's regions.
    pub fn subnets_by_name(&self, project: &ProjectId, name: &str) -> Vec<(&SubnetKey, &Subnetwork)> {
        let id = self.projects.id(project.as_str());
        self.by_name
            .get(&(id, name.to_owned()))
            .into_iter()
            .flatten()
            .filter_map(|key| self.subnets.get_key_value(key))
            .collect()
    }

    /// All subnetworks of a network that were collected.
    pub fn subnets_of(&self, network: &NetworkKey) -> Vec<(&SubnetKey, &Subnetwork)> {
        self.subnets
            .iter()
            .filter(|(key, subnet)| {
                NetworkKey::parse(&subnet.network, &key.project, &self.projects).as_ref() == Some(network)
            })
            .collect()
    }

    /// Whether the subnetworks of a network in a region were listed.
    pub fn knows_subnets(&self, network: &NetworkKey, region: &str) -> bool {
        let silent = |region: &str| {
            self.silent
                .contains(&(network.project.clone(), region.to_owned()))
        };
        self.with_subnets.contains(&network.project) && !silent(region) && !silent("")
    }

    /// The pods' ranges of a cluster: its own word, else the secondary range of its subnetwork that it names, or
    /// that is called `pods` or `gke-CLUSTER-pods-…`. Empty where nothing tells. Ranges that single node pools
    /// bring along are not counted.
    pub fn pod_ranges(&self, cluster: &Cluster, project: &ProjectId) -> Vec<IpNet> {
        let policy = &cluster.ip_allocation_policy;
        let own: BTreeSet<IpNet> = [&policy.cluster_ipv4_cidr_block, &cluster.cluster_ipv4_cidr]
            .into_iter()
            .filter_map(|range| range.parse().ok())
            .collect();
        if !own.is_empty() {
            return own.into_iter().collect();
        }
        let region = region_of(&cluster.location);
        let name = [&cluster.network_config.subnetwork, &cluster.subnetwork]
            .into_iter()
            .find(|name| !name.is_empty());
        let subnet = name
            .and_then(|name| SubnetKey::parse(name, project, &region, &self.projects))
            .and_then(|key| self.subnet(&key).found());
        let generated = format!("gke-{}-pods-", cluster.name);
        subnet
            .into_iter()
            .flat_map(|s| &s.secondary_ip_ranges)
            .filter(|range| match policy.cluster_secondary_range_name.as_str() {
                "" => range.range_name == "pods" || range.range_name.starts_with(&generated),
                named => range.range_name == named,
            })
            .filter_map(|range| range.ip_cidr_range.parse().ok())
            .collect()
    }
}

/// The region of a location: `us-central1-a` lies in `us-central1`.
fn region_of(location: &str) -> String {
    match location.rsplit_once('-') {
        Some((region, zone)) if zone.len() == 1 && region.contains('-') => region.to_owned(),
        _ => location.to_owned(),
    }
}
