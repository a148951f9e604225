//! What a host name resolves to inside a VPC, as Cloud DNS would answer from the zones of the snapshot.
//!
//! Left out, since no snapshot holds them: response policies, and alternative name servers of a network.
mod answer;
mod below;
#[cfg(test)]
mod tests;
mod zone;

use super::network::NetworkKey;
use super::projects::Projects;
use crate::snapshot::{ProjectId, Snapshot};
use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use zone::{Records, Zone};

/// A managed zone, as findings and fixes name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneRef {
    pub project: ProjectId,
    pub name: String,
    /// Lower case, without the final dot; empty for the root.
    pub dns_name: String,
    /// `public` or `private`.
    pub visibility: String,
    /// The networks that see a private zone.
    pub networks: Vec<NetworkKey>,
}

/// The record set that matched the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRef {
    /// Without the final dot; a wildcard begins with `*.`.
    pub name: String,
    pub kind: String,
    pub rrdatas: Vec<String>,
}

/// How the question ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerState {
    /// With at least one IPv4 address.
    Answered,
    /// No managed zone of the snapshot covers the host.
    NoZone,
    /// Only public zones cover it.
    PublicZoneOnly,
    /// A private zone covers it, and none that does is visible to the network.
    ZoneNotOnNetwork,
    /// The zone that answers has no record for it, and no broader zone would have had one.
    NoRecord,
    /// As `NoRecord`, and a broader zone on the same network has a record that is never asked for.
    Shadowed,
    /// Only AAAA matches, or a CNAME that leads nowhere.
    WrongType,
    /// Something that was not collected decides; `DnsAnswer::unknown` says what.
    Unknown,
}

/// What Cloud DNS would say, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsAnswer {
    pub state: AnswerState,
    /// The zone that answers; where none does, the nearest that covers the host.
    pub zone: Option<ZoneRef>,
    /// The peering zones that led there, outermost first.
    pub via: Vec<ZoneRef>,
    /// The network whose zones decided: the client's own, or the one that the last peering zone leads to.
    pub network: NetworkKey,
    /// Of a wildcard that no record stands for: the names below it that resolve all the same.
    pub below: Vec<String>,
    /// What matched the host in that zone: an A record, a CNAME, else an AAAA.
    pub record: Option<RecordRef>,
    /// IPv4 addresses, CNAMEs followed; of a wildcard those of the names below it.
    pub addresses: Vec<IpAddr>,
    /// The broader zone that would have answered.
    pub shadowed: Option<ZoneRef>,
    /// Zones that cover the host, wherever they are visible, the most specific first.
    pub candidates: Vec<ZoneRef>,
    /// What could not be known: of weight where the state is `Unknown`, a reservation elsewhere.
    pub unknown: Vec<String>,
}

/// All zones of the snapshot, indexed by suffix and name.
#[derive(Debug, Default)]
pub struct DnsView {
    zones: Vec<Zone>,
    /// By `ZoneRef::dns_name`.
    by_suffix: HashMap<String, Vec<usize>>,
    /// Projects whose zones were listed.
    listed: BTreeSet<ProjectId>,
}

impl DnsView {
    /// From every zone listing of the snapshot.
    pub fn new(snapshot: &Snapshot, projects: &Projects) -> Self {
        let mut view = Self::default();
        for (project, dns) in &snapshot.dns {
            let project = projects.id(project.as_str());
            let Some(zones) = dns.zones.as_ref() else {
                continue;
            };
            view.listed.insert(project.clone());
            for zone in zones {
                let records = dns.records.get(&zone.name).map(|sets| Records::new(sets));
                let zone = Zone::new(zone, &project, records, projects);
                view.by_suffix
                    .entry(zone.about.dns_name.clone())
                    .or_default()
                    .push(view.zones.len());
                view.zones.push(zone);
            }
        }
        view
    }

    /// Every zone.
    pub fn zones(&self) -> impl Iterator<Item = &ZoneRef> {
        self.zones.iter().map(|zone| &zone.about)
    }

    /// Whether a zone of the project has that name already.
    pub fn is_named(&self, project: &ProjectId, name: &str) -> bool {
        self.zones()
            .any(|zone| zone.project == *project && zone.name == name)
    }

    /// The address that the zone's A records agree on, the one of `except` left out; None where they do not, or there are none.
    pub fn common_address(&self, zone: &ZoneRef, except: &str) -> Option<Ipv4Addr> {
        let zone = self.covering(&zone.dns_name).find(|known| known.about == *zone)?;
        let mut addresses = zone.records.as_ref()?.addresses(except);
        let first = addresses.next()?;
        addresses.all(|address| address == first).then_some(first)?
    }

    /// Names of the private zones, without the final dot, sorted; the root is not among them, since everything
    /// lies under it.
    pub fn suffixes(&self) -> Vec<&str> {
        let names: BTreeSet<&str> = self
            .zones
            .iter()
            .filter(|zone| zone.private && !zone.about.dns_name.is_empty())
            .map(|zone| zone.about.dns_name.as_str())
            .collect();
        names.into_iter().collect()
    }

    /// Zones that cover the name (normalised), the most specific first.
    fn covering<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Zone> {
        ancestors(name)
            .filter_map(|suffix| self.by_suffix.get(suffix))
            .flatten()
            .filter_map(|index| self.zones.get(*index))
    }
}

/// Lower case, without the final dot.
pub(crate) fn normal(name: &str) -> String {
    let name = name.trim();
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The name itself, then its parents, ending with the root.
fn ancestors(name: &str) -> impl Iterator<Item = &str> {
    let first = Some(name);
    std::iter::successors(first, |name| match name.split_once('.') {
        Some((_, parent)) => Some(parent),
        None if name.is_empty() => None,
        None => Some(""),
    })
}
