//! One question: which zone answers, what it says, and what a broader zone would have said.
use super::below::suffix_of;
use super::zone::{Match, Source, Zone};
use super::{AnswerState, DnsAnswer, DnsView, RecordRef, ZoneRef, normal};
use crate::mesh::network::NetworkKey;
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

/// Longest chain of CNAMEs and peerings that is followed; resolvers give up about there.
const MAX_HOPS: usize = 16;

/// What became of a name in one zone.
#[derive(Debug, Default)]
struct Said {
    state: Option<AnswerState>,
    zone: Option<ZoneRef>,
    via: Vec<ZoneRef>,
    /// Where the question ended.
    network: Option<NetworkKey>,
    record: Option<RecordRef>,
    addresses: Vec<IpAddr>,
    unknown: Vec<String>,
}

impl Said {
    fn only(state: AnswerState, zone: &Zone) -> Self {
        Self {
            state: Some(state),
            zone: Some(zone.about.clone()),
            ..Self::default()
        }
    }

    fn unknown(zone: Option<&Zone>, why: String) -> Self {
        Self {
            state: Some(AnswerState::Unknown),
            zone: zone.map(|z| z.about.clone()),
            unknown: vec![why],
            ..Self::default()
        }
    }

    fn is(&self, state: AnswerState) -> bool {
        self.state == Some(state)
    }
}

impl DnsView {
    /// What the host resolves to for a client inside the network.
    pub fn answer(&self, host: &str, network: &NetworkKey) -> DnsAnswer {
        self.answer_apart(host, network, &BTreeSet::new())
    }

    /// The same, where names below a wildcard host that are `apart` from it, since they are hosts of their own, say nothing of it.
    pub fn answer_apart(&self, host: &str, network: &NetworkKey, apart: &BTreeSet<String>) -> DnsAnswer {
        let host = normal(host);
        let mut said = self.ask(&host, network, 0);
        let mut below = Vec::new();
        if let Some(suffix) = suffix_of(&host)
            && !said.is(AnswerState::Answered)
        {
            let found = self.below(suffix, network, apart);
            if !found.names.is_empty() {
                said.state = Some(AnswerState::Answered);
                said.unknown.clear();
                for (name, addresses) in found.names {
                    said.addresses.extend(addresses);
                    below.push(name);
                }
            } else if let Some(why) = found.unknown {
                said.state = Some(AnswerState::Unknown);
                said.unknown.push(why);
            }
        }
        let shadowed = if said.is(AnswerState::NoRecord) {
            self.broader(&host, network)
        } else {
            None
        };
        let mut unknown = said.unknown;
        if !self.listed.contains(&network.project) && !said.state.is_some_and(|s| s == AnswerState::Unknown) {
            unknown.push(format!("zones of project {} were not collected", network.project));
        }
        DnsAnswer {
            state: match (&shadowed, said.state) {
                (Some(_), _) => AnswerState::Shadowed,
                (None, state) => state.unwrap_or(AnswerState::Unknown),
            },
            zone: said.zone,
            via: said.via,
            network: said.network.unwrap_or_else(|| network.clone()),
            below,
            record: said.record,
            addresses: said.addresses,
            shadowed,
            candidates: self.covering(&host).map(|zone| zone.about.clone()).collect(),
            unknown,
        }
    }

    /// What the network's zones say of a name, CNAMEs and peerings followed.
    pub(super) fn resolves(&self, name: &str, network: &NetworkKey) -> (Option<AnswerState>, Vec<IpAddr>) {
        let said = self.ask(name, network, 0);
        (said.state, said.addresses)
    }

    fn ask(&self, name: &str, network: &NetworkKey, hops: usize) -> Said {
        let mut said = self.ask_here(name, network, hops);
        // A peering has told already where it led.
        said.network.get_or_insert_with(|| network.clone());
        said
    }

    /// The most specific zone that the network sees, or why there is none.
    fn ask_here(&self, name: &str, network: &NetworkKey, hops: usize) -> Said {
        if let Some(zone) = self.covering(name).find(|zone| zone.visible_to(network)) {
            return self.ask_zone(zone, name, network, hops);
        }
        // A zone of a project that nobody listed might be the one that answers.
        // One with records of its own goes before one that asks elsewhere; behind a peering zone the latter may be that very zone.
        let nearest = self
            .covering(name)
            .find(|zone| zone.private && !zone.peers())
            .or_else(|| self.covering(name).find(|zone| hops == 0 && zone.private))
            .or_else(|| self.covering(name).find(|zone| !zone.private));
        if !self.listed.contains(&network.project) {
            let why = format!("zones of project {} were not collected", network.project);
            return Said::unknown(nearest, why);
        }
        match nearest {
            Some(zone) if zone.private => Said::only(AnswerState::ZoneNotOnNetwork, zone),
            Some(zone) => Said::only(AnswerState::PublicZoneOnly, zone),
            None => Said {
                state: Some(AnswerState::NoZone),
                ..Said::default()
            },
        }
    }

    /// The zone on the network, broader than the one that answered, that has an address for the name.
    fn broader(&self, name: &str, network: &NetworkKey) -> Option<ZoneRef> {
        let mut seen = self.covering(name).filter(|zone| zone.visible_to(network));
        let winner = seen.next()?;
        seen.filter(|zone| zone.about.dns_name != winner.about.dns_name)
            .find(|zone| self.ask_zone(zone, name, network, 0).is(AnswerState::Answered))
            .map(|zone| zone.about.clone())
    }

    fn ask_zone(&self, zone: &Zone, name: &str, network: &NetworkKey, hops: usize) -> Said {
        let about = &zone.about;
        match &zone.source {
            Source::Peering(_) if hops >= MAX_HOPS => Said::unknown(
                Some(zone),
                format!("peering zone {} leads in a circle", about.name),
            ),
            Source::Peering(target) => {
                let mut said = self.ask(name, target, hops + 1);
                said.zone.get_or_insert_with(|| about.clone());
                said.via.insert(0, about.clone());
                said
            }
            Source::BrokenPeering(url) => Said::unknown(
                Some(zone),
                format!("zone {} peers with a network of unknown form: {url}", about.name),
            ),
            Source::Forwarding(to) => Said::unknown(
                Some(zone),
                format!(
                    "zone {} forwards its names to other name servers{}, whose answers nobody collected",
                    about.name,
                    if to.is_empty() {
                        String::new()
                    } else {
                        format!(" ({})", to.join(", "))
                    }
                ),
            ),
            Source::ServiceDirectory => Said::unknown(
                Some(zone),
                format!("zone {} is answered by Service Directory", about.name),
            ),
            Source::Records => self.look_up(zone, name, network, hops),
        }
    }

    fn look_up(&self, zone: &Zone, name: &str, network: &NetworkKey, hops: usize) -> Said {
        let Some(records) = &zone.records else {
            let why = format!("records of zone {} were not collected", zone.about.name);
            return Said::unknown(Some(zone), why);
        };
        let sets = match records.find(name, &zone.about.dns_name) {
            Match::Sets(sets) => sets,
            Match::Nothing => return Said::only(AnswerState::NoRecord, zone),
            Match::Delegated(owner) => {
                return Said::unknown(Some(zone), format!("{owner} is delegated to other name servers"));
            }
        };
        let of_kind = |kind: &str| sets.iter().find(|set| set.kind == kind);
        let mut said = Said::only(AnswerState::NoRecord, zone);
        if let Some(set) = of_kind("A") {
            said.addresses = addresses(set);
            said.state = Some(if said.addresses.is_empty() {
                said.unknown
                    .push(format!("the A record {} lists no plain address", set.name));
                AnswerState::Unknown
            } else {
                AnswerState::Answered
            });
            said.record = Some(set.clone());
        } else if let Some(set) = of_kind("CNAME") {
            said.record = Some(set.clone());
            self.follow(set, network, hops, &mut said);
        } else if let Some(set) = of_kind("AAAA") {
            said.record = Some(set.clone());
            said.state = Some(AnswerState::WrongType);
        }
        said
    }

    /// Where a CNAME leads, seen from the same network.
    fn follow(&self, set: &RecordRef, network: &NetworkKey, hops: usize, said: &mut Said) {
        let target = set.rrdatas.first().map(|data| normal(data)).unwrap_or_default();
        if hops >= MAX_HOPS {
            said.state = Some(AnswerState::WrongType);
            said.unknown.push(format!("CNAME {} leads in a circle", set.name));
            return;
        }
        let visible = self.covering(&target).any(|zone| zone.visible_to(network));
        let public = self
            .covering(&target)
            .find(|zone| !zone.private && zone.source == Source::Records && zone.records.is_some());
        let next = match public {
            Some(zone) if !visible => self.look_up(zone, &target, network, hops + 1),
            _ => self.ask(&target, network, hops + 1),
        };
        said.unknown.extend(next.unknown);
        said.addresses = next.addresses;
        said.state = Some(match next.state {
            Some(AnswerState::Answered) => AnswerState::Answered,
            Some(AnswerState::NoRecord | AnswerState::WrongType) => AnswerState::WrongType,
            Some(AnswerState::Unknown) => AnswerState::Unknown,
            _ => {
                // The public DNS is asked then, and the snapshot does not hold it.
                said.unknown.push(format!(
                    "CNAME {} leads to {target}, which no zone on the network covers",
                    set.name
                ));
                AnswerState::Unknown
            }
        });
    }
}

fn addresses(set: &RecordRef) -> Vec<IpAddr> {
    set.rrdatas
        .iter()
        .filter_map(|data| data.trim().parse::<Ipv4Addr>().ok())
        .map(IpAddr::V4)
        .collect()
}
