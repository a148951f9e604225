//! One zone: who sees it, and which of its records matches a name.
use super::{RecordRef, ZoneRef, ancestors, normal};
use crate::gcp::dns::{ManagedZone, RecordSet};
use crate::mesh::network::NetworkKey;
use crate::mesh::projects::Projects;
use crate::snapshot::ProjectId;
use std::collections::{HashMap, HashSet};
use std::net::Ipv4Addr;

/// A zone with its records by name.
#[derive(Debug)]
pub struct Zone {
    pub about: ZoneRef,
    pub private: bool,
    /// What answers in the zone's stead.
    pub source: Source,
    /// None where nobody read them.
    pub records: Option<Records>,
}

/// Where a zone's answers come from.
#[derive(Debug, PartialEq, Eq)]
pub enum Source {
    Records,
    /// The zones that the other network sees.
    Peering(NetworkKey),
    /// A peering zone whose target could not be made out.
    BrokenPeering(String),
    /// The name servers that are asked, as far as they are given by address or name.
    Forwarding(Vec<String>),
    ServiceDirectory,
}

/// Record sets by owner name.
#[derive(Debug, Default)]
pub struct Records {
    sets: HashMap<String, Vec<RecordRef>>,
    /// Names that exist though they own nothing: parents of names that do.
    empty: HashSet<String>,
}

/// What a zone holds for a name.
#[derive(Debug)]
pub enum Match<'a> {
    /// The record sets of the name, or of the wildcard that stands for it.
    Sets(&'a [RecordRef]),
    /// The name exists without records, or does not exist.
    Nothing,
    /// Name servers elsewhere answer from this name downwards.
    Delegated(&'a str),
}

impl Zone {
    /// From the API's zone and its records, where they were read.
    pub fn new(
        zone: &ManagedZone,
        project: &ProjectId,
        records: Option<Records>,
        projects: &Projects,
    ) -> Self {
        let private = zone.visibility == "private";
        let networks = zone
            .private_visibility_config
            .iter()
            .flat_map(|config| &config.networks)
            .filter_map(|network| NetworkKey::parse(&network.network_url, project, projects))
            .collect();
        let source = if let Some(peering) = &zone.peering_config {
            let url = &peering.target_network.network_url;
            NetworkKey::parse(url, project, projects)
                .map_or_else(|| Source::BrokenPeering(url.clone()), Source::Peering)
        } else if let Some(forwarding) = &zone.forwarding_config {
            let servers = forwarding.target_name_servers.iter();
            Source::Forwarding(
                servers
                    .map(|s| s.told().to_owned())
                    .filter(|s| !s.is_empty())
                    .collect(),
            )
        } else if zone.service_directory_config.is_some() {
            Source::ServiceDirectory
        } else {
            Source::Records
        };
        Self {
            about: ZoneRef {
                project: project.clone(),
                name: zone.name.clone(),
                dns_name: normal(&zone.dns_name),
                visibility: if private { "private" } else { "public" }.into(),
                networks,
            },
            private,
            source,
            records,
        }
    }

    /// Whether another network is asked in its stead.
    pub fn peers(&self) -> bool {
        matches!(self.source, Source::Peering(_) | Source::BrokenPeering(_))
    }

    /// Whether names are looked up in it from inside the network.
    pub fn visible_to(&self, network: &NetworkKey) -> bool {
        self.private && self.about.networks.contains(network)
    }
}

impl Records {
    /// Indexes a zone's record sets.
    pub fn new(sets: &[RecordSet]) -> Self {
        let mut records = Self::default();
        for set in sets {
            let name = normal(&set.name);
            for parent in ancestors(&name).skip(1) {
                if !records.empty.insert(parent.to_owned()) {
                    break;
                }
            }
            records.sets.entry(name.clone()).or_default().push(RecordRef {
                name,
                kind: set.kind.to_ascii_uppercase(),
                rrdatas: set.rrdatas.clone(),
            });
        }
        records
    }

    /// Names that own records, wildcards among them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sets.keys().map(String::as_str)
    }

    /// Addresses of all A records but those of one owner; None for what is no address.
    pub fn addresses(&self, except: &str) -> impl Iterator<Item = Option<Ipv4Addr>> {
        let sets = self
            .sets
            .iter()
            .filter(move |(owner, _)| *owner != except)
            .flat_map(|(_, sets)| sets);
        sets.filter(|set| set.kind == "A")
            .flat_map(|set| &set.rrdatas)
            .map(|data| data.trim().parse().ok())
    }

    /// RFC 4592: a name that exists answers for itself, even with nothing; else the wildcard right below its
    /// closest existing ancestor does, and no wildcard above that.
    pub fn find(&self, name: &str, apex: &str) -> Match<'_> {
        let mut delegated = None;
        for ancestor in ancestors(name).take_while(|a| *a != apex) {
            if let Some((owner, sets)) = self.sets.get_key_value(ancestor)
                && sets.iter().any(|set| set.kind == "NS")
            {
                delegated = Some(owner.as_str());
            }
        }
        if let Some(owner) = delegated {
            return Match::Delegated(owner);
        }
        if let Some(sets) = self.sets.get(name) {
            return Match::Sets(sets);
        }
        if self.empty.contains(name) {
            return Match::Nothing;
        }
        let encloser = ancestors(name)
            .skip(1)
            .find(|a| *a == apex || self.sets.contains_key(*a) || self.empty.contains(*a));
        let wildcard = match encloser {
            None => return Match::Nothing,
            Some("") => "*".to_owned(),
            Some(encloser) => format!("*.{encloser}"),
        };
        self.sets
            .get(&wildcard)
            .map_or(Match::Nothing, |sets| Match::Sets(sets))
    }
}
