//! Host names that stay readable within redacted values: the mesh's own, by which a diagnosis tells who calls whom.
use crate::snapshot::Snapshot;
use std::collections::BTreeSet;

/// The hosts of VirtualServices, and the domains of managed zones.
#[derive(Debug, Default, Clone)]
pub struct Kept {
    pub hosts: BTreeSet<String>,
    pub suffixes: BTreeSet<String>,
}

impl Kept {
    pub fn of(snapshot: &Snapshot) -> Self {
        let routed = snapshot
            .kubernetes
            .values()
            .flat_map(|cluster| cluster.virtual_services.items())
            .flat_map(|service| &service.spec.hosts);
        let zones = snapshot.dns.values().flat_map(|dns| dns.zones.items());
        Self {
            hosts: routed
                .map(|host| plain(host))
                .filter(|host| host.contains('.'))
                .collect(),
            suffixes: zones
                .map(|zone| plain(&zone.dns_name))
                .filter(|name| !name.is_empty())
                .collect(),
        }
    }

    /// Whether a host lies in one of these domains.
    pub fn is_within(&self, host: &str) -> bool {
        host.match_indices('.').any(|(dot, _)| {
            let suffix = host.get(dot + 1..).unwrap_or_default();
            self.suffixes.contains(suffix)
        })
    }

    /// Whether a word is one of these hosts, or lies in one of these domains.
    pub fn keeps(&self, host: &str) -> bool {
        host.contains('.') && (self.is_within(host) || self.hosts.contains(host))
    }

    /// The hosts in a text, each once, in their order.
    pub fn within(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for word in text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-'))) {
            let host = plain(word);
            if self.keeps(&host) && !found.contains(&host) {
                found.push(host);
            }
        }
        found
    }
}

/// Lower case, without the root's dot.
fn plain(host: &str) -> String {
    host.trim_end_matches('.').to_ascii_lowercase()
}
