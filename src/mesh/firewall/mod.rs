//! Whether VPC firewall rules let a client's connection out of its network and into the pods.
//!
//! Left out, since the snapshot's layout does not hold them: hierarchical and network firewall policies.
mod rule;
#[cfg(test)]
mod tests;

use super::network::NetworkKey;
use super::projects::Projects;
use crate::snapshot::{ProjectId, Snapshot};
use ipnet::IpNet;
use rule::{Applies, Rule};
use std::collections::{BTreeMap, BTreeSet};

/// What the rules make of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    Allowed {
        rule: String,
    },
    Denied {
        rule: String,
        /// 0 to 65535; the lowest goes first.
        priority: u32,
    },
    /// No rule says anything, and ingress is then denied.
    ImpliedDeny,
    /// Why nobody can tell, or for which part only it holds.
    Unknown(String),
}

/// A TCP connection from a Cloud Run client to the pods of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct Flow<'a> {
    /// Where the client leaves from; its egress rules count.
    pub client_network: &'a NetworkKey,
    /// The client's subnetwork ranges.
    pub source: &'a [IpNet],
    /// Network tags of the client's interface.
    pub source_tags: &'a [String],
    /// Where the pods are; its ingress rules count.
    pub target_network: &'a NetworkKey,
    /// Pod addresses or ranges.
    pub target: &'a [IpNet],
    /// The container's port.
    pub port: u16,
    /// The nodes' network tags, where they are known.
    pub target_tags: Option<&'a [String]>,
    /// The cluster's name: tells its generated tags (`gke-CLUSTER-HASH-node`) from another cluster's. Empty: any
    /// generated tag is taken for its own.
    pub cluster: &'a str,
}

/// The enabled rules of every network, in the order in which they are asked.
#[derive(Debug, Default)]
pub struct Firewall {
    rules: BTreeMap<NetworkKey, Vec<Rule>>,
    /// Projects whose rules were listed.
    listed: BTreeSet<ProjectId>,
}

impl Firewall {
    /// From the snapshot's firewall listings.
    pub fn new(snapshot: &Snapshot, projects: &Projects) -> Self {
        let mut firewall = Self::default();
        for (project, compute) in &snapshot.compute {
            let project = projects.id(project.as_str());
            let Some(rules) = compute.firewalls.as_ref() else {
                continue;
            };
            firewall.listed.insert(project.clone());
            for rule in rules.iter().filter(|rule| !rule.disabled) {
                if let Some(network) = NetworkKey::parse(&rule.network, &project, projects) {
                    firewall
                        .rules
                        .entry(network)
                        .or_default()
                        .push(Rule::new(rule.clone()));
                }
            }
        }
        for rules in firewall.rules.values_mut() {
            rules.sort_by_key(Rule::order);
        }
        firewall
    }

    /// Whether the connection gets through: out of the client's network, then into the target's. Of several
    /// ranges, the one that fares worst decides.
    pub fn admits(&self, flow: &Flow<'_>) -> Admission {
        let mut worst: Option<Admission> = None;
        let sources: Vec<Option<&IpNet>> = each(flow.source);
        let targets: Vec<Option<&IpNet>> = each(flow.target);
        for source in &sources {
            for target in &targets {
                let admission = self.admits_one(flow, *source, *target);
                if worst.as_ref().is_none_or(|w| rank(&admission) > rank(w)) {
                    worst = Some(admission);
                }
            }
        }
        worst.unwrap_or_else(|| Admission::Unknown("neither a client nor a target address is known".into()))
    }

    fn admits_one(&self, flow: &Flow<'_>, source: Option<&IpNet>, target: Option<&IpNet>) -> Admission {
        let egress = self.decide(flow.client_network, true, |rule| {
            rule.egress(flow, source, target)
        });
        let ingress = self.decide(flow.target_network, false, |rule| {
            rule.ingress(flow, source, target)
        });
        match (egress, ingress) {
            (denied @ Admission::Denied { .. }, _) => denied,
            (Admission::Unknown(why), Admission::Allowed { .. }) => Admission::Unknown(why),
            (_, ingress) => ingress,
        }
    }

    /// The first rule that surely applies decides, unless one before it may have decided otherwise. Where none
    /// does, a network lets everything out and nothing in.
    fn decide(&self, network: &NetworkKey, egress: bool, applies: impl Fn(&Rule) -> Applies) -> Admission {
        if !self.listed.contains(&network.project) {
            let why = format!("firewall rules of project {} were not collected", network.project);
            return Admission::Unknown(why);
        }
        let mut maybe_allowed = None;
        let mut maybe_denied = None;
        for rule in self.rules.get(network).into_iter().flatten() {
            match applies(rule) {
                Applies::No => {}
                Applies::Maybe(why) if rule.allows => {
                    maybe_allowed.get_or_insert(why);
                }
                Applies::Maybe(why) => {
                    maybe_denied.get_or_insert(why);
                }
                Applies::Yes if rule.allows => {
                    return maybe_denied
                        .map_or_else(|| Admission::Allowed { rule: rule.name() }, Admission::Unknown);
                }
                Applies::Yes => {
                    return maybe_allowed.map_or_else(|| rule.denial(), Admission::Unknown);
                }
            }
        }
        match (egress, maybe_denied, maybe_allowed) {
            (true, Some(why), _) | (false, _, Some(why)) => Admission::Unknown(why),
            (true, None, _) => Admission::Allowed {
                rule: "implied egress".into(),
            },
            (false, _, None) => Admission::ImpliedDeny,
        }
    }
}

fn each(ranges: &[IpNet]) -> Vec<Option<&IpNet>> {
    if ranges.is_empty() {
        vec![None]
    } else {
        ranges.iter().map(Some).collect()
    }
}

fn rank(admission: &Admission) -> u8 {
    match admission {
        Admission::Allowed { .. } => 0,
        Admission::Unknown(_) => 1,
        Admission::ImpliedDeny => 2,
        Admission::Denied { .. } => 3,
    }
}
