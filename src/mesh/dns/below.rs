//! A wildcard host: nobody looks it up itself, so what counts is whether names below it resolve.
use super::zone::{Source, Zone};
use super::{AnswerState, DnsView};
use crate::mesh::names;
use crate::mesh::network::NetworkKey;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// So many names are told, no more: one that resolves is enough.
const MOST: usize = 200;

/// What is known of the names below a suffix.
#[derive(Debug, Default)]
pub struct Below {
    /// Those that resolve, with their addresses, sorted.
    pub names: Vec<(String, Vec<IpAddr>)>,
    /// Why there may be others.
    pub unknown: Option<String>,
}

/// The suffix of a wildcard; empty for `*`.
pub fn suffix_of(host: &str) -> Option<&str> {
    match host.strip_prefix('*')? {
        "" => Some(""),
        rest => rest.strip_prefix('.'),
    }
}

impl DnsView {
    /// Names below the suffix that some zone has a record for, asked for on the network. A record that does not answer there, for whatever
    /// reason, does not count, nor do those `apart`.
    pub(super) fn below(&self, suffix: &str, network: &NetworkKey, apart: &BTreeSet<String>) -> Below {
        let under = |name: &str| suffix.is_empty() || (name != suffix && names::under(name, suffix));
        let candidates: BTreeSet<&str> = self
            .zones
            .iter()
            .filter(|zone| zone.private)
            .flat_map(|zone| &zone.records)
            .flat_map(super::zone::Records::names)
            .filter(|name| under(name) && !apart.contains(*name))
            .collect();
        let mut below = Below::default();
        for name in candidates {
            if below.names.len() == MOST {
                break;
            }
            let (state, addresses) = self.resolves(name, network);
            if state == Some(AnswerState::Answered) {
                below.names.push((name.to_owned(), addresses));
            }
        }
        // A zone below the suffix whose names nobody knows.
        let hidden = |zone: &&Zone| {
            let own = matches!(zone.source, Source::Records);
            zone.visible_to(network) && under(&zone.about.dns_name) && !(own && zone.records.is_some())
        };
        below.unknown = self.zones.iter().find(hidden).map(|zone| {
            format!(
                "names below {} are in zone {}, whose records are not known",
                zone.about.dns_name, zone.about.name
            )
        });
        below
    }
}
