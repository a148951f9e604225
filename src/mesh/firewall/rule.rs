//! One firewall rule: whether it applies to a connection.
use super::{Admission, Flow};
use crate::gcp::compute::{Firewall, FirewallPorts};
use ipnet::IpNet;

/// The priority of a rule that names none.
///
/// Source: the compute.v1 discovery document, `Firewall.priority`.
const DEFAULT_PRIORITY: u32 = 1000;

/// A rule with its ranges parsed.
#[derive(Debug)]
pub struct Rule {
    raw: Firewall,
    pub allows: bool,
    source: Vec<IpNet>,
    destination: Vec<IpNet>,
}

/// Whether a rule applies; `Maybe` says why it is not sure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applies {
    Yes,
    No,
    Maybe(String),
}

impl Applies {
    /// Both must hold.
    fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::No => Self::No,
            Self::Yes => other(),
            Self::Maybe(why) => match other() {
                Self::No => Self::No,
                Self::Yes | Self::Maybe(_) => Self::Maybe(why),
            },
        }
    }

    fn when(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

impl Rule {
    /// Parses and aggregates the ranges, so that neighbours cover a range together.
    pub fn new(raw: Firewall) -> Self {
        let parse = |ranges: &[String]| {
            let parsed: Vec<IpNet> = ranges.iter().filter_map(|r| range(r)).collect();
            IpNet::aggregate(&parsed)
        };
        Self {
            allows: !raw.allowed.is_empty(),
            source: parse(&raw.source_ranges),
            destination: parse(&raw.destination_ranges),
            raw,
        }
    }

    /// Ascending; a deny comes before an allow of the same priority.
    pub fn order(&self) -> (u32, bool) {
        (self.raw.priority.unwrap_or(DEFAULT_PRIORITY), self.allows)
    }

    /// What this rule makes of a connection, where it denies.
    pub fn denial(&self) -> Admission {
        Admission::Denied {
            rule: self.name(),
            priority: self.order().0,
        }
    }

    pub fn name(&self) -> String {
        self.raw.name.clone()
    }

    fn is_egress(&self) -> bool {
        self.raw.direction == "EGRESS"
    }

    /// As a rule of the client's network, for what leaves the client.
    pub fn egress(&self, flow: &Flow<'_>, source: Option<&IpNet>, target: Option<&IpNet>) -> Applies {
        let raw = &self.raw;
        if !self.is_egress() {
            return Applies::No;
        }
        let targets_all = raw.target_tags.is_empty() && raw.target_service_accounts.is_empty();
        Applies::when(targets_all || meets(&raw.target_tags, flow.source_tags))
            .and(|| self.port(flow.port))
            .and(|| self.covers("destination", &raw.destination_ranges, &self.destination, target))
            .and(|| self.covers("source", &raw.source_ranges, &self.source, source))
    }

    /// As a rule of the pods' network, for what reaches the nodes.
    pub fn ingress(&self, flow: &Flow<'_>, source: Option<&IpNet>, target: Option<&IpNet>) -> Applies {
        let raw = &self.raw;
        if self.is_egress() {
            return Applies::No;
        }
        self.port(flow.port)
            .and(|| self.source(flow, source))
            .and(|| self.covers("destination", &raw.destination_ranges, &self.destination, target))
            .and(|| self.nodes(flow))
    }

    /// Ranges, tags and service accounts are alternatives. Tags count within one network only, and a Cloud Run
    /// interface has no service account that a rule would see.
    fn source(&self, flow: &Flow<'_>, source: Option<&IpNet>) -> Applies {
        let raw = &self.raw;
        let by_tag = flow.client_network == flow.target_network && meets(&raw.source_tags, flow.source_tags);
        let only_others = !raw.source_tags.is_empty() || !raw.source_service_accounts.is_empty();
        if by_tag {
            Applies::Yes
        } else if raw.source_ranges.is_empty() && only_others {
            Applies::No
        } else {
            self.covers("source", &raw.source_ranges, &self.source, source)
        }
    }

    /// Whether the rule's targets are the cluster's nodes.
    fn nodes(&self, flow: &Flow<'_>) -> Applies {
        let raw = &self.raw;
        let name = &raw.name;
        if raw.target_tags.is_empty() && raw.target_service_accounts.is_empty() {
            return Applies::Yes;
        }
        if let Some(tags) = flow.target_tags
            && raw.target_service_accounts.is_empty()
        {
            return Applies::when(meets(&raw.target_tags, tags));
        }
        if raw.target_tags.iter().any(|tag| is_node_tag(tag, flow.cluster)) {
            return Applies::Yes;
        }
        Applies::Maybe(format!(
            "rule {name} is for nodes with {}, and the nodes' own are not in the snapshot",
            if raw.target_tags.is_empty() {
                "certain service accounts".to_owned()
            } else {
                format!("the tags {}", raw.target_tags.join(", "))
            }
        ))
    }

    /// Whether the rule's ranges hold the whole range. No ranges at all mean everywhere.
    fn covers(&self, side: &str, written: &[String], parsed: &[IpNet], range: Option<&IpNet>) -> Applies {
        if written.is_empty() || parsed.iter().any(is_everywhere) {
            return Applies::Yes;
        }
        let name = &self.raw.name;
        let Some(range) = range else {
            return Applies::Maybe(format!("rule {name} depends on a {side} range that is not known"));
        };
        if parsed.iter().any(|p| p.contains(range)) {
            Applies::Yes
        } else if parsed.iter().any(|p| range.contains(p)) {
            Applies::Maybe(format!("rule {name} covers only a part of the {side} {range}"))
        } else {
            Applies::No
        }
    }

    fn port(&self, port: u16) -> Applies {
        let entries = if self.allows {
            &self.raw.allowed
        } else {
            &self.raw.denied
        };
        Applies::when(entries.iter().any(|entry| names(entry, port)))
    }
}

/// Whether a protocol entry names the TCP port.
fn names(entry: &FirewallPorts, port: u16) -> bool {
    let protocol = entry.protocol.to_ascii_lowercase();
    if !matches!(protocol.as_str(), "tcp" | "all" | "6") {
        return false;
    }
    let within = |text: &str| match text.split_once('-') {
        None => text.trim().parse() == Ok(port),
        Some((low, high)) => match (low.trim().parse::<u16>(), high.trim().parse::<u16>()) {
            (Ok(low), Ok(high)) => (low..=high).contains(&port),
            _ => false,
        },
    };
    entry.ports.is_empty() || entry.ports.iter().any(|text| within(text))
}

/// GKE tags its nodes `gke-CLUSTER-HASH-node`.
///
/// Source: cloud.google.com/kubernetes-engine/docs/concepts/firewall-rules.
fn is_node_tag(tag: &str, cluster: &str) -> bool {
    let Some(rest) = tag.strip_prefix("gke-") else {
        return false;
    };
    cluster.is_empty()
        || rest
            .strip_prefix(cluster)
            .and_then(|rest| rest.strip_prefix('-'))
            .is_some_and(|rest| !rest.trim_end_matches("-node").contains('-'))
}

/// Every IPv4 address.
fn is_everywhere(range: &IpNet) -> bool {
    matches!(range, IpNet::V4(v4) if v4.prefix_len() == 0)
}

fn meets(wanted: &[String], have: &[String]) -> bool {
    wanted.iter().any(|tag| have.contains(tag))
}

/// A range, or a single address.
fn range(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse()
        .ok()
        .or_else(|| text.parse().map(|ip: std::net::IpAddr| ip.into()).ok())
}
