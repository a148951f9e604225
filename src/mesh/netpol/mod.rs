//! Whether Kubernetes NetworkPolicies let a client from outside the cluster reach a pod.
#[cfg(test)]
mod tests;

use crate::gcp::container::Cluster;
use crate::k8s::core::TargetPort;
use crate::k8s::labels::Labels;
use crate::k8s::networkpolicy::{IngressRule, IpBlock, NetworkPolicy, PolicyPort};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// What the policies make of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// No ingress policy selects the pod, so everyone is admitted.
    NotSelected,
    Admitted {
        /// The selecting policies, by name.
        policies: Vec<String>,
    },
    Refused {
        policies: Vec<String>,
        /// The ipBlocks that would have to be added for the client, on the pod's port.
        missing: Vec<IpNet>,
    },
    /// Why nobody can tell, or for which part only it holds.
    Unknown { policies: Vec<String>, why: String },
}

/// The pod's port: its number, and its name where the container gives it one.
#[derive(Debug, Clone, Copy)]
pub struct PodPort<'a> {
    pub number: u16,
    pub name: Option<&'a str>,
}

/// The policies of one membership, by namespace.
#[derive(Debug, Default)]
pub struct NetworkPolicies<'a> {
    by_namespace: BTreeMap<&'a str, Vec<&'a NetworkPolicy>>,
}

/// Whether the cluster enforces NetworkPolicies at all: Dataplane V2, or the network policy add-on.
///
/// Source: cloud.google.com/kubernetes-engine/docs/how-to/network-policy.
pub fn enforced(cluster: &Cluster) -> bool {
    cluster.network_config.datapath_provider == "ADVANCED_DATAPATH"
        || cluster
            .network_policy
            .as_ref()
            .is_some_and(|policy| policy.enabled)
}

impl<'a> NetworkPolicies<'a> {
    /// Keeps those that restrict ingress; absent `policyTypes` means they do.
    pub fn new(policies: &'a [NetworkPolicy]) -> Self {
        let mut by_namespace: BTreeMap<&str, Vec<&NetworkPolicy>> = BTreeMap::new();
        for policy in policies {
            let types = &policy.spec.policy_types;
            if types.is_empty() || types.iter().any(|kind| kind == "Ingress") {
                by_namespace
                    .entry(policy.metadata.namespace.as_str())
                    .or_default()
                    .push(policy);
            }
        }
        Self { by_namespace }
    }

    /// Whether the client's ranges reach the pod's port. Peers by pod or namespace labels admit pods only, so a
    /// client outside the cluster needs an ipBlock, or a rule without `from`.
    pub fn admits(&self, namespace: &str, labels: &Labels, client: &[IpNet], port: PodPort<'_>) -> Admission {
        let selecting: Vec<&NetworkPolicy> = self
            .by_namespace
            .get(namespace)
            .into_iter()
            .flatten()
            .copied()
            .filter(|policy| policy.spec.pod_selector.selects(labels))
            .collect();
        if selecting.is_empty() {
            return Admission::NotSelected;
        }
        let policies: Vec<String> = selecting.iter().map(|p| p.metadata.name.clone()).collect();
        let mut open = Openings::default();
        for rule in selecting.iter().flat_map(|policy| &policy.spec.ingress) {
            open.add(rule, port);
        }
        open.judge(client, policies)
    }
}

/// What the rules admit on one port, added up.
#[derive(Debug, Default)]
struct Openings<'a> {
    everyone: bool,
    whole: Vec<IpNet>,
    holed: Vec<(IpNet, &'a IpBlock)>,
    /// Why some rule could not be decided.
    doubt: Option<String>,
}

impl<'a> Openings<'a> {
    fn add(&mut self, rule: &'a IngressRule, port: PodPort<'_>) {
        if !rule.from.is_empty() && rule.from.iter().all(|peer| peer.ip_block.is_none()) {
            return;
        }
        match opens(&rule.ports, port) {
            Some(true) => {}
            Some(false) => return,
            None => {
                self.doubt.get_or_insert_with(|| {
                    "a rule names its port, and the pod's port has no known name".into()
                });
                return;
            }
        }
        if rule.from.is_empty() {
            self.everyone = true;
        }
        for block in rule.from.iter().filter_map(|peer| peer.ip_block.as_ref()) {
            match block.cidr.parse::<IpNet>() {
                Ok(range) if block.except.is_empty() => self.whole.push(range.trunc()),
                Ok(range) => self.holed.push((range.trunc(), block)),
                Err(_) => self.doubt = Some(format!("ipBlock {} is no range", block.cidr)),
            }
        }
    }

    fn judge(self, client: &[IpNet], policies: Vec<String>) -> Admission {
        if self.everyone {
            return Admission::Admitted { policies };
        }
        let whole = IpNet::aggregate(&self.whole);
        let mut missing = Vec::new();
        let mut doubt = self.doubt;
        // Where no range is admitted at all, it does not matter which is the client's.
        if client.is_empty() && !(whole.is_empty() && self.holed.is_empty()) {
            doubt.get_or_insert_with(|| "the client's range is not known".into());
        }
        for range in client {
            let covered = whole.iter().any(|w| w.contains(range))
                || self
                    .holed
                    .iter()
                    .any(|(block, of)| block.contains(range) && !holes(of).any(|hole| overlap(&hole, range)));
            if covered {
                continue;
            }
            missing.push(*range);
            let partly = whole.iter().any(|w| range.contains(w))
                || self
                    .holed
                    .iter()
                    .any(|(block, of)| overlap(block, range) && !holes(of).any(|hole| hole.contains(range)));
            if partly {
                doubt.get_or_insert_with(|| format!("the ipBlocks admit only a part of {range}"));
            }
        }
        match doubt {
            _ if missing.is_empty() && !client.is_empty() => Admission::Admitted { policies },
            Some(why) => Admission::Unknown { policies, why },
            None => Admission::Refused { policies, missing },
        }
    }
}

fn holes(block: &IpBlock) -> impl Iterator<Item = IpNet> {
    block.except.iter().filter_map(|range| range.parse().ok())
}

fn overlap(a: &IpNet, b: &IpNet) -> bool {
    a.contains(b) || b.contains(a)
}

/// Whether the ports of a rule hold the pod's; None where that depends on a name nobody knows.
fn opens(ports: &[PolicyPort], pod: PodPort<'_>) -> Option<bool> {
    if ports.is_empty() {
        return Some(true);
    }
    let mut unnamed = false;
    for port in ports.iter().filter(|p| matches!(p.protocol.as_str(), "" | "TCP")) {
        match (&port.port, port.end_port) {
            (None, _) => return Some(true),
            (Some(TargetPort::Number(low)), Some(high)) if (*low..=high).contains(&pod.number) => {
                return Some(true);
            }
            (Some(TargetPort::Number(number)), None) if *number == pod.number => return Some(true),
            (Some(TargetPort::Number(_)), _) => {}
            (Some(TargetPort::Name(name)), _) => match pod.name {
                Some(own) if own == name => return Some(true),
                Some(_) => {}
                None => unnamed = true,
            },
        }
    }
    if unnamed { None } else { Some(false) }
}
