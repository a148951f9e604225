//! Who gets through: mTLS, network policies and firewalls on the way to a Service's pods.
use super::Policies;
use super::ports::container_port_name;
use crate::k8s::core::{Pod, Service};
use crate::k8s::labels::Labels;
use crate::mesh::authz::Workload;
use crate::mesh::clusters::Cluster;
use crate::mesh::facts::{Backend, ClientBlock, Fact};
use crate::mesh::firewall::{self, By, Flow};
use crate::mesh::model::Model;
use crate::mesh::mtls::destination_rule_tls;
use crate::mesh::netpol::{self, NetworkPolicies, PodPort};
use crate::mesh::network::NetworkKey;
use ipnet::IpNet;

pub fn mtls(cluster: &Cluster, service: &Service, pods: &[&Pod], policies: &Policies, facts: &mut Backend) {
    let unread = |what: &str| format!("the {what} of {} were not collected", cluster.membership);
    let none = Labels::default();
    let labels = pods.first().map_or(&none, |p| &p.metadata.labels);
    let ports: Vec<u16> = facts
        .ports
        .iter()
        .filter_map(|p| u16::try_from(p.target_number).ok())
        .collect();
    let workloads: Vec<Workload> = ports
        .iter()
        .map(|port| Workload {
            namespace: &service.metadata.namespace,
            labels,
            port: *port,
        })
        .collect();

    facts.mtls_mode = match &policies.mtls {
        None => Fact::Unknown(unread("PeerAuthentications")),
        Some(mtls) => {
            let modes = workloads.iter().map(|w| (mtls.mode(w), w.port));
            let strictest = modes.max_by_key(|(m, _)| u8::from(m.mode.as_str() == "STRICT"));
            facts.mtls_port = strictest
                .as_ref()
                .filter(|(m, _)| m.of_port)
                .map_or_else(String::new, |(_, port)| port.to_string());
            let strictest = strictest.map(|(m, _)| m);
            facts.mtls_policy = strictest
                .as_ref()
                .and_then(|m| m.policy.clone())
                .unwrap_or_default();
            Fact::Known(strictest.map_or("PERMISSIVE", |m| m.mode.as_str()).into())
        }
    };
    facts.rule_tls_mode = match cluster.k8s.and_then(|k| k.destination_rules.as_ref()) {
        None => Fact::Unknown(unread("DestinationRules")),
        Some(rules) => {
            let host = format!(
                "{}.{}.svc.cluster.local",
                service.metadata.name, service.metadata.namespace
            );
            let port = facts.ports.first().and_then(|p| u16::try_from(p.port).ok());
            let found = destination_rule_tls(&host, None, port, rules, &service.metadata.namespace);
            let mut mode = String::new();
            if let Some(found) = found {
                facts.rule_tls_name = found.rule;
                facts.rule_tls_pointer = found.pointer;
                facts.rule_tls_wide = found.wide;
                mode = found.mode;
            }
            Fact::Known(mode)
        }
    };
}

/// A client as policies see it.
pub struct Caller {
    pub name: String,
    pub ranges: Vec<IpNet>,
    pub tags: Vec<String>,
    pub network: Option<NetworkKey>,
}

/// Clients of a cluster, those of equal range as one.
pub fn client_ranges(model: &Model, cluster: usize) -> Vec<Caller> {
    let mut callers: Vec<Caller> = Vec::new();
    for client in model.clients_of(cluster) {
        let Some(client) = model.clients.get(client as usize) else {
            continue;
        };
        let same = |c: &&mut Caller| {
            c.ranges == client.ranges && c.tags == client.tags && c.network == client.network
        };
        match callers.iter_mut().find(same) {
            Some(caller) => caller.name = format!("{}, {}", caller.name, client.name),
            None => callers.push(Caller {
                name: client.name.clone(),
                ranges: client.ranges.clone(),
                tags: client.tags.clone(),
                network: client.network.clone(),
            }),
        }
    }
    callers
}

/// Clients that NetworkPolicies or firewall rules keep out.
pub fn blocks(model: &Model, index: usize, pods: &[&Pod], policies: &Policies, facts: &mut Backend) {
    let Some(cluster) = model.clusters.get(index) else {
        return;
    };
    facts.policies_enforced = match cluster.gke {
        Some(gke) => Fact::Known(netpol::enforced(gke)),
        None => Fact::Unknown(format!(
            "the GKE cluster of {} was not collected",
            cluster.membership
        )),
    };
    let mut callers = client_ranges(model, index);
    if model.snapshot.cloud_run.is_empty() {
        // Somebody calls, though nobody was listed: who is kept out whatever his range is kept out all the same.
        callers.push(Caller {
            name: "Cloud Run".into(),
            ranges: Vec::new(),
            tags: Vec::new(),
            network: cluster.network.clone(),
        });
    }
    facts.network_policy_blocks = match &policies.network {
        None => Fact::Unknown(format!(
            "the NetworkPolicies of {} were not collected",
            cluster.membership
        )),
        Some(network) => by_policies(network, &callers, pods, facts).unwrap_or_else(Fact::Unknown),
    };
    facts.firewall_blocks = by_firewall(model, cluster, &callers, pods, facts).unwrap_or_else(Fact::Unknown);
}

fn by_policies(
    policies: &NetworkPolicies,
    callers: &[Caller],
    pods: &[&Pod],
    facts: &Backend,
) -> Result<Fact<Vec<ClientBlock>>, String> {
    let mut blocks = Vec::new();
    let mut doubt = None;
    let Some(pod) = pods.first() else {
        return Ok(Fact::Known(blocks));
    };
    for caller in callers {
        for port in &facts.ports {
            let Ok(number) = u16::try_from(port.target_number) else {
                continue;
            };
            let name = container_port_name(pod, number);
            let pod_port = PodPort { number, name };
            match policies.admits(&facts.namespace, &pod.metadata.labels, &caller.ranges, pod_port) {
                netpol::Admission::NotSelected | netpol::Admission::Admitted { .. } => {}
                netpol::Admission::Refused { missing, .. }
                    if missing.is_empty() && caller.network.is_none() =>
                {
                    doubt = Some("the client's network is not known".to_owned());
                }
                netpol::Admission::Refused { policies, missing } => blocks.push(ClientBlock {
                    client: caller.name.clone(),
                    range: missing
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                    port: port.target_number,
                    rule: policies.join(", "),
                    why: "no ingress rule admits its range".into(),
                    ..ClientBlock::default()
                }),
                netpol::Admission::Unknown { why, .. } => doubt = Some(why),
            }
        }
    }
    known_unless(doubt, blocks)
}

fn joined(ranges: &[IpNet]) -> String {
    let texts: Vec<String> = ranges.iter().map(ToString::to_string).collect();
    texts.join(",")
}

/// Clients known to be kept out are that, whatever is not known of others.
fn known_unless(doubt: Option<String>, blocks: Vec<ClientBlock>) -> Result<Fact<Vec<ClientBlock>>, String> {
    match doubt {
        Some(why) if blocks.is_empty() => Err(why),
        _ => Ok(Fact::Known(blocks)),
    }
}

/// The priority of a firewall rule that only has to go before the implied deny, or before a policy that is asked after it.
const LAST: i64 = 1000;

/// The policy that a denying rule is in, and the priority at which a firewall rule goes before it; -1 where none does.
fn outdone(by: By, priority: u32) -> (String, i64) {
    match by {
        By::Rules => (String::new(), i64::from(priority) - 1),
        By::Policy { name, before_rules } => (name, if before_rules { -1 } else { LAST }),
    }
}

fn by_firewall(
    model: &Model,
    cluster: &Cluster,
    callers: &[Caller],
    pods: &[&Pod],
    facts: &Backend,
) -> Result<Fact<Vec<ClientBlock>>, String> {
    let mut blocks = Vec::new();
    let mut doubt = None;
    let Some(target_network) = &cluster.network else {
        return Err(format!(
            "the network of {} is not known: its GKE cluster was not collected",
            cluster.membership
        ));
    };
    let addresses: Vec<IpNet> = pods
        .iter()
        .filter_map(|p| p.status.pod_ip.parse::<std::net::IpAddr>().ok().map(IpNet::from))
        .collect();
    let target = if cluster.pod_ranges.is_empty() {
        &addresses
    } else {
        &cluster.pod_ranges
    };
    for caller in callers {
        // A connector or a client without egress has no range of its own: other rules speak of it.
        let Some(client_network) = &caller.network else {
            continue;
        };
        if caller.ranges.is_empty() {
            doubt = Some(format!("the subnetwork of {} was not collected", caller.name));
            continue;
        }
        for port in &facts.ports {
            let Ok(number @ 1..) = u16::try_from(port.target_number) else {
                continue;
            };
            let admission = model.firewall.admits(&Flow {
                client_network,
                source: &caller.ranges,
                source_tags: &caller.tags,
                target_network,
                target,
                port: number,
                target_tags: None,
                cluster: cluster.gke.map_or("", |g| g.name.as_str()),
            });
            let (rule, policy, why, priority_before, leaving) = match admission {
                firewall::Admission::Allowed { .. } => continue,
                firewall::Admission::Unknown(why) => {
                    doubt = Some(why);
                    continue;
                }
                firewall::Admission::Denied {
                    rule,
                    priority,
                    by,
                    leaving,
                } => {
                    // A policy's rule is called by its priority.
                    let mut why = match &by {
                        By::Rules => format!("rule {rule} (priority {priority}) denies it"),
                        By::Policy { .. } => format!("rule {rule}{} denies it", by.told()),
                    };
                    if leaving {
                        why.push_str(" on its way out of the client's network");
                    }
                    let (policy, before) = outdone(by, priority);
                    (rule, policy, why, before, leaving)
                }
                firewall::Admission::ImpliedDeny => (
                    String::new(),
                    String::new(),
                    "no rule allows it, and what no rule allows is denied".into(),
                    LAST,
                    false,
                ),
            };
            let network = if leaving { client_network } else { target_network };
            blocks.push(ClientBlock {
                client: caller.name.clone(),
                range: joined(&caller.ranges),
                port: port.target_number,
                rule,
                policy,
                priority_before,
                why,
                leaving,
                target: joined(target),
                project: network.project.0.clone(),
                network: network.name.clone(),
            });
        }
    }
    known_unless(doubt, blocks)
}
