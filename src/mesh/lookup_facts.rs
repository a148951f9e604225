//! Facts of exported hosts looked up on the clients' networks.
use super::dns::{AnswerState, DnsAnswer, ZoneRef};
use super::facts::{Fact, HostLookup, ZoneFacts};
use super::model::Model;
use super::network::{NetworkKey, is_rfc1918};
use super::reserved::Reserved;
use ipnet::{IpNet, Ipv4Net};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

pub fn facts(
    model: &Model,
    host: &str,
    network: &NetworkKey,
    clients: Vec<String>,
    exported: &BTreeSet<String>,
    reserved: &Reserved,
) -> HostLookup {
    let mut answer = model.dns.answer_apart(host, network, exported);
    if !answer.below.is_empty() {
        // Those names are looked up in their own right.
        answer.addresses.clear();
    }
    let zone = answer.zone.as_ref().map(zone).unwrap_or_default();
    let suffix = host.split_once('.').map_or(host, |(_, rest)| rest).to_owned();
    let mut networks: Vec<String> = zone.networks.clone();
    // A zone for the client's own network would stand beside the peering zone and be at odds with it.
    let asked = answer.network.to_string();
    if !networks.contains(&asked) {
        networks.push(asked.clone());
    }
    let project = answer.network.project.clone();
    HostLookup {
        host: host.to_owned(),
        network: network.to_string(),
        network_name: network.name.clone(),
        network_project: network.project.0.clone(),
        clients,
        answer: word(&answer),
        shadowed: answer.shadowed.as_ref().map(self::zone).unwrap_or_default(),
        record: answer.record.as_ref().map(|r| r.name.clone()).unwrap_or_default(),
        record_type: answer.record.as_ref().map(|r| r.kind.clone()).unwrap_or_default(),
        record_data: answer
            .record
            .as_ref()
            .map(|r| r.rrdatas.clone())
            .unwrap_or_default(),
        addresses: answer.addresses.iter().map(ToString::to_string).collect(),
        public_addresses: answer
            .addresses
            .iter()
            .filter(|ip| !is_rfc1918(**ip))
            .map(ToString::to_string)
            .collect(),
        in_use: reserved.of(&answer.addresses),
        peered_by: answer.via.iter().map(|zone| zone.name.clone()).collect(),
        asked_network_name: answer.network.name.clone(),
        asked_network: asked,
        wildcard: host.starts_with('*'),
        zone_name: zone_name(&suffix, |name| model.dns.is_named(&project, name)),
        suffix,
        free_address: usual_address(model, &answer).unwrap_or_else(|| free_address(model)),
        networks_with_this: networks.join(","),
        project: project.0,
        zone,
        names_below: answer.below,
    }
}

/// A name for a zone: the suffix with dashes, and what tells it from those that are taken.
/// Source of the form: the dns.v1 discovery document: 1 to 63 letters, digits and dashes, a letter first, no dash last.
fn zone_name(suffix: &str, taken: impl Fn(&str) -> bool) -> String {
    let plain: String = suffix
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        // With `mesh-` before and `-private-99` behind it, a zone's name has 63 characters at most.
        .take(47)
        .collect();
    let plain = plain.trim_matches('-').to_ascii_lowercase();
    let plain = if plain.starts_with(|c: char| c.is_ascii_lowercase()) {
        plain
    } else {
        format!("mesh-{plain}").trim_end_matches('-').to_owned()
    };
    let numbered = (2..100).map(|n| format!("{plain}-private-{n}"));
    let names = [plain.clone(), format!("{plain}-private")];
    names
        .into_iter()
        .chain(numbered)
        .find(|name| !taken(name))
        .unwrap_or(plain)
}

fn word(answer: &DnsAnswer) -> Fact<String> {
    let word = match answer.state {
        AnswerState::Answered => "answered",
        AnswerState::NoZone => "no_zone",
        AnswerState::PublicZoneOnly => "public_zone_only",
        AnswerState::ZoneNotOnNetwork => "zone_not_on_network",
        AnswerState::NoRecord => "no_record",
        AnswerState::Shadowed => "shadowed",
        AnswerState::WrongType => "wrong_type",
        AnswerState::Unknown => return Fact::Unknown(answer.unknown.join("; ")),
    };
    Fact::Known(word.into())
}

fn zone(zone: &ZoneRef) -> ZoneFacts {
    ZoneFacts {
        zone: zone.name.clone(),
        project: zone.project.0.clone(),
        dns_name: zone.dns_name.clone(),
        visibility: zone.visibility.clone(),
        networks: zone.networks.iter().map(ToString::to_string).collect(),
    }
}

/// The private address that the other records of the zone agree on, or those of the zone that would have answered: where one address
/// serves all hosts, one more host is no reason for another. An address of a subnetwork may be a machine's, and is not taken.
fn usual_address(model: &Model, answer: &DnsAnswer) -> Option<String> {
    let own = answer.record.as_ref().map_or("", |record| record.name.as_str());
    let zones = [answer.shadowed.as_ref(), answer.zone.as_ref()]
        .into_iter()
        .flatten();
    let mut addresses = zones
        .filter_map(|zone| model.dns.common_address(zone, own))
        .map(IpAddr::V4);
    let taken = taken(model);
    addresses
        .find(|address| is_rfc1918(*address) && !taken.iter().any(|range| range.contains(address)))
        .map(|address| address.to_string())
}

/// Ranges and addresses that the snapshot knows to be in use.
fn taken(model: &Model) -> Vec<IpNet> {
    let mut taken: Vec<IpNet> = Vec::new();
    for compute in model.snapshot.compute.values() {
        for subnet in compute.subnetworks.items() {
            let secondary = subnet.secondary_ip_ranges.iter().map(|s| &s.ip_cidr_range);
            taken.extend(
                std::iter::once(&subnet.ip_cidr_range)
                    .chain(secondary)
                    .filter_map(|r| r.parse::<IpNet>().ok()),
            );
        }
        taken.extend(
            compute
                .addresses
                .items()
                .iter()
                .filter_map(|a| a.address.parse::<IpAddr>().ok())
                .map(IpNet::from),
        );
    }
    taken.extend(model.clusters.iter().flat_map(|c| c.pod_ranges.clone()));
    taken
}

/// An address of RFC 1918 in no range that the snapshot knows: any will do, since the sidecar takes the call.
fn free_address(model: &Model) -> String {
    let taken = taken(model);
    let blocks = (0..=255u8)
        .rev()
        .map(|b| Ipv4Addr::new(10, b, 0, 1))
        .chain((16..32).map(|b| Ipv4Addr::new(172, b, 0, 1)));
    blocks
        .filter_map(|address| {
            Ipv4Net::new(address, 24)
                .ok()
                .map(|block| (address, IpNet::V4(block.trunc())))
        })
        .find(|(_, block)| !taken.iter().any(|t| t.contains(block) || block.contains(t)))
        .map_or_else(|| "192.168.255.1".to_owned(), |(address, _)| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::zone_name;

    #[test]
    fn the_name_of_a_new_zone_is_none_that_is_taken_and_one_that_cloud_dns_accepts() {
        let name = |suffix: &str, taken: &[&str]| zone_name(suffix, |name| taken.contains(&name));
        assert_eq!(name("mesh.private", &[]), "mesh-private");
        assert_eq!(name("mesh.private", &["mesh-private"]), "mesh-private-private");
        let both = ["mesh-private", "mesh-private-private"];
        assert_eq!(name("mesh.private", &both), "mesh-private-private-2");
        assert_eq!(name("8.mesh", &[]), "mesh-8-mesh");
        let long = format!("{}.mesh", "a".repeat(63));
        assert!(name(&long, &[&"a".repeat(47)]).len() <= 63);
        let (digits, plain) = ("1".repeat(63), format!("mesh-{}", "1".repeat(47)));
        assert!(name(&digits, &[&plain, &format!("{plain}-private")]).len() <= 63);
    }
}
