//! Whether VPC firewall rules and firewall policies let a client's connection out of its network and into the pods.
//!
//! Left out, since the snapshot's layout does not hold them: the network firewall policies of a region. A network whose effective
//! firewalls were not collected is judged by its firewall rules alone.
mod order;
mod policy;
mod rule;
#[cfg(test)]
mod tests;

use super::network::NetworkKey;
use super::projects::Projects;
use crate::snapshot::{Compute, ProjectId, Snapshot};
use ipnet::IpNet;
use order::Order;
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
        /// The lowest goes first: 0 to 65535 of a firewall rule.
        priority: u32,
        by: By,
        /// Whether it keeps the connection from leaving the client's network, not from entering the pods'.
        leaving: bool,
    },
    /// No rule says anything, and ingress is then denied.
    ImpliedDeny,
    /// Why nobody can tell, or for which part only it holds.
    Unknown(String),
}

/// Whose a rule is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// VPC's own.
    Rules,
    /// A firewall policy's, by its name, which is asked before VPC's own rules, or after them.
    Policy { name: String, before_rules: bool },
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
    networks: BTreeMap<NetworkKey, Order>,
    /// Projects whose rules were listed.
    listed: BTreeSet<ProjectId>,
}

impl Firewall {
    /// From the snapshot's firewall listings, and its networks' effective firewalls.
    pub fn new(snapshot: &Snapshot, projects: &Projects) -> Self {
        let mut firewall = Self::default();
        for (project, compute) in &snapshot.compute {
            let project = projects.id(project.as_str());
            if compute.firewalls.is_had() {
                firewall.listed.insert(project.clone());
            }
            firewall.add(compute, &project, projects);
        }
        for order in firewall.networks.values_mut() {
            order.sort();
        }
        firewall
    }

    fn add(&mut self, compute: &Compute, project: &ProjectId, projects: &Projects) {
        let key = |name: &str| NetworkKey::parse(name, project, projects);
        for rule in compute.firewalls.items().iter().filter(|rule| !rule.disabled) {
            if let Some(network) = key(&rule.network) {
                let order = self.networks.entry(network).or_default();
                order.add_rule(Rule::new(rule.clone()));
            }
        }
        for network in compute.networks.items() {
            if let Some(key) = key(&network.name) {
                let before = network.network_firewall_policy_enforcement_order == "BEFORE_CLASSIC_FIREWALL";
                self.networks.entry(key).or_default().policies_go_before(before);
            }
        }
        for (network, effective) in &compute.effective_firewalls {
            if let Some(key) = key(network) {
                let order = self.networks.entry(key.clone()).or_default();
                order.add_policies(&effective.policies, &key, projects);
            }
        }
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

    /// What the rules of a network say. Where none says anything, a network lets everything out and nothing in.
    fn decide(&self, network: &NetworkKey, egress: bool, applies: impl Fn(&Rule) -> Applies) -> Admission {
        if !self.listed.contains(&network.project) {
            let why = format!("firewall rules of project {} were not collected", network.project);
            return Admission::Unknown(why);
        }
        let implied = if egress {
            Admission::Allowed {
                rule: "implied egress".into(),
            }
        } else {
            Admission::ImpliedDeny
        };
        match self.networks.get(network) {
            Some(order) => order.decide(&implied, applies),
            None => implied,
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
