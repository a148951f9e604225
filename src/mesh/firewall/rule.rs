//! One firewall rule: whether it applies to a connection.
use super::{Admission, By, Flow};
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
    pub action: Action,
    by: By,
    ports: Vec<FirewallPorts>,
    source: Vec<IpNet>,
    destination: Vec<IpNet>,
    more: More,
}

/// What a rule does with a connection that it applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    Allow,
    Deny,
    /// Passes it on, past the other rules of its policy.
    Next,
    /// Something that nobody can foretell, in the API's word.
    Unknown(String),
}

/// What a rule of a firewall policy asks beside ranges and ports, by the names of its fields.
#[derive(Debug, Default)]
pub struct More {
    /// Other sources and destinations than its ranges.
    pub sources: Vec<String>,
    pub destinations: Vec<String>,
    /// What has to hold as well.
    pub conditions: Vec<String>,
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
    /// One of VPC's own.
    pub fn new(raw: Firewall) -> Self {
        let allows = !raw.allowed.is_empty();
        let action = if allows { Action::Allow } else { Action::Deny };
        let ports = if allows {
            raw.allowed.clone()
        } else {
            raw.denied.clone()
        };
        Self::of_policy(raw, action, ports, By::Rules, More::default())
    }

    /// Parses and aggregates the ranges, so that neighbours cover a range together.
    pub fn of_policy(raw: Firewall, action: Action, ports: Vec<FirewallPorts>, by: By, more: More) -> Self {
        let parse = |ranges: &[String]| {
            let parsed: Vec<IpNet> = ranges.iter().filter_map(|r| range(r)).collect();
            IpNet::aggregate(&parsed)
        };
        Self {
            source: parse(&raw.source_ranges),
            destination: parse(&raw.destination_ranges),
            raw,
            action,
            by,
            ports,
            more,
        }
    }

    /// Ascending; a deny comes before an allow of the same priority.
    pub fn order(&self) -> (u32, bool) {
        let priority = self.raw.priority.unwrap_or(DEFAULT_PRIORITY);
        (priority, self.action != Action::Deny)
    }

    /// Whether VPC's rules are asked after its policy.
    pub fn goes_before_rules(&mut self, before: bool) {
        if let By::Policy { before_rules, .. } = &mut self.by {
            *before_rules = before;
        }
    }

    /// What this rule makes of a connection, where it denies.
    pub fn denial(&self) -> Admission {
        Admission::Denied {
            rule: self.name(),
            priority: self.order().0,
            by: self.by.clone(),
            leaving: self.is_egress(),
        }
    }

    pub fn name(&self) -> String {
        self.raw.name.clone()
    }

    /// `rule allow-all`, `rule 900 of firewall policy org`.
    pub fn described(&self) -> String {
        format!("rule {}{}", self.raw.name, self.by.told())
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
            .and(|| self.to(target))
            .and(|| self.from(source))
            .and(|| self.conditions())
    }

    /// As a rule of the pods' network, for what reaches the nodes.
    pub fn ingress(&self, flow: &Flow<'_>, source: Option<&IpNet>, target: Option<&IpNet>) -> Applies {
        if self.is_egress() {
            return Applies::No;
        }
        self.port(flow.port)
            .and(|| self.source(flow, source))
            .and(|| self.to(target))
            .and(|| self.nodes(flow))
            .and(|| self.conditions())
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
            self.from(source)
        }
    }

    fn from(&self, source: Option<&IpNet>) -> Applies {
        let written = &self.raw.source_ranges;
        self.covers("source", written, &self.source, &self.more.sources, source)
    }

    fn to(&self, target: Option<&IpNet>) -> Applies {
        let written = &self.raw.destination_ranges;
        self.covers(
            "destination",
            written,
            &self.destination,
            &self.more.destinations,
            target,
        )
    }

    /// What a rule of a policy asks beside, and nobody can answer from a snapshot.
    fn conditions(&self) -> Applies {
        match self.more.conditions.as_slice() {
            [] => Applies::Yes,
            some => Applies::Maybe(format!("{} depends on {}", self.described(), some.join(", "))),
        }
    }

    /// Whether the rule's targets are the cluster's nodes.
    fn nodes(&self, flow: &Flow<'_>) -> Applies {
        let raw = &self.raw;
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
            "{} is for nodes with {}, and the nodes' own are not in the snapshot",
            self.described(),
            if raw.target_tags.is_empty() {
                "certain service accounts".to_owned()
            } else {
                format!("the tags {}", raw.target_tags.join(", "))
            }
        ))
    }

    /// Whether the rule's ranges hold the whole range. No ranges at all mean everywhere, unless the rule names something else.
    fn covers(
        &self,
        side: &str,
        written: &[String],
        parsed: &[IpNet],
        others: &[String],
        range: Option<&IpNet>,
    ) -> Applies {
        let anywhere = written.is_empty() && others.is_empty();
        if anywhere || parsed.iter().any(is_everywhere) {
            return Applies::Yes;
        }
        let rule = self.described();
        let Some(range) = range else {
            return Applies::Maybe(format!("{rule} depends on a {side} range that is not known"));
        };
        if parsed.iter().any(|p| p.contains(range)) {
            Applies::Yes
        } else if !others.is_empty() {
            Applies::Maybe(format!("{rule} depends on {}", others.join(", ")))
        } else if parsed.iter().any(|p| range.contains(p)) {
            Applies::Maybe(format!("{rule} covers only a part of the {side} {range}"))
        } else {
            Applies::No
        }
    }

    fn port(&self, port: u16) -> Applies {
        Applies::when(self.ports.iter().any(|entry| names(entry, port)))
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
