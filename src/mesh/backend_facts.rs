//! Facts of Kubernetes Services that exported routes lead to: pods, ports, sidecars, and who is let in.
use super::authz::{self, Authorization, Workload};
use super::clusters::Cluster;
use super::facts::{Backend, BackendPort, ClientBlock, Fact, UnreadyPod};
use super::firewall::{self, Flow};
use super::model::Model;
use super::mtls::{PeerAuthentications, destination_rule_tls};
use super::netpol::{self, NetworkPolicies, PodPort};
use crate::k8s::core::{Container, Pod, Service, ServicePort, TargetPort};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// What a cluster's policies say, indexed once for all its Services.
pub struct Policies<'s> {
    network: Option<NetworkPolicies<'s>>,
    authorization: Option<Authorization<'s>>,
    mtls: Option<PeerAuthentications<'s>>,
}

impl<'s> Policies<'s> {
    pub fn new(cluster: &Cluster<'s>) -> Self {
        let k8s = cluster.k8s;
        Self {
            network: k8s
                .and_then(|k| k.network_policies.as_ref())
                .map(|p| NetworkPolicies::new(p)),
            authorization: k8s
                .and_then(|k| k.authorization_policies.as_ref())
                .map(|p| Authorization::new(p)),
            mtls: k8s
                .and_then(|k| k.peer_authentications.as_ref())
                .map(|p| PeerAuthentications::new(p)),
        }
    }
}

/// A Service and the routes to it.
#[derive(Debug, Default)]
pub struct Routed {
    pub hosts: BTreeSet<String>,
    /// Ports that routes name; 0 where a route names none.
    pub ports: BTreeSet<u16>,
}

pub fn facts(
    model: &Model,
    index: usize,
    service: &Service,
    routed: &Routed,
    policies: &Policies,
) -> Backend {
    let Some(cluster) = model.clusters.get(index) else {
        return Backend::default();
    };
    let meta = &service.metadata;
    let pods = cluster.pods.select(&meta.namespace, &service.spec.selector);
    let pods_known = cluster.k8s.is_some_and(|k| k.pods.is_had());
    let unread = |what: &str| format!("the {what} of {} were not collected", cluster.membership);
    let ready: Vec<&&Pod> = pods.iter().filter(|p| is_ready(p)).collect();
    let mut facts = Backend {
        service: meta.name.clone(),
        namespace: meta.namespace.clone(),
        membership: cluster.membership.clone(),
        hosts: routed.hosts.iter().cloned().collect(),
        service_type: service.spec.kind.clone(),
        headless: service.spec.cluster_ip == "None",
        has_selector: !service.spec.selector.is_empty(),
        selector: labels(&service.spec.selector),
        selector_json: serde_json::to_string(&service.spec.selector).unwrap_or_default(),
        pods: count(pods.len(), pods_known, || unread("pods")),
        ready_pods: count(ready.len(), pods_known, || unread("pods")),
        unready: pods.iter().filter(|p| !is_ready(p)).map(|p| unready(p)).collect(),
        pods_with_sidecar: count(
            ready.iter().filter(|p| has_sidecar(p)).count(),
            pods_known,
            || unread("pods"),
        ),
        container_ports: declared(&pods).into_iter().map(i64::from).collect(),
        ..Backend::default()
    };
    // The messages name the pod: only without them are two pods in one trouble one reason.
    let kind = |reason: &str| {
        reason
            .split_once(": ")
            .map_or(reason, |(kind, _)| kind)
            .to_owned()
    };
    let mut reasons: Vec<String> = facts.unready.iter().map(|u| kind(&u.reason)).collect();
    reasons.sort();
    reasons.dedup();
    facts.unready_reasons = reasons;
    facts.ports = used_ports(service, routed, &pods, pods_known, &unread("pods"));
    if pods.is_empty() && facts.has_selector {
        near_labels(cluster, service, &mut facts);
    }
    scale(cluster, service, &mut facts);
    injection(cluster, &meta.namespace, &mut facts);
    security(model, cluster, service, &pods, policies, &mut facts, index);
    blocks(model, index, &pods, policies, &mut facts);
    facts
}

fn count(number: usize, known: bool, why: impl Fn() -> String) -> Fact<i64> {
    if known {
        Fact::Known(i64::try_from(number).unwrap_or(i64::MAX))
    } else {
        Fact::Unknown(why())
    }
}

fn labels(labels: &BTreeMap<String, String>) -> String {
    labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join(",")
}

fn is_ready(pod: &Pod) -> bool {
    pod.status
        .conditions
        .iter()
        .any(|c| c.kind == "Ready" && c.status == "True")
}

/// Whether it carries a sidecar: a container, or an init container that keeps running (a native sidecar).
fn has_sidecar(pod: &Pod) -> bool {
    pod.spec
        .containers
        .iter()
        .chain(&pod.spec.init_containers)
        .any(|c| c.name == "istio-proxy")
}

/// Why a pod is not ready, in Kubernetes' own words.
fn unready(pod: &Pod) -> UnreadyPod {
    let waiting = pod
        .status
        .container_statuses
        .iter()
        .filter(|c| !c.ready)
        .find_map(|c| {
            let reason = c.state.waiting.as_ref().or(c.state.terminated.as_ref())?;
            Some(match reason.message.as_str() {
                "" => reason.reason.clone(),
                message => format!("{}: {message}", reason.reason),
            })
        });
    let condition = || {
        let wrong = pod
            .status
            .conditions
            .iter()
            .find(|c| c.status == "False" && !c.reason.is_empty())?;
        let words = if wrong.message.is_empty() {
            String::new()
        } else {
            format!(": {}", wrong.message)
        };
        Some(format!("{}{words}", wrong.reason))
    };
    let phase = || match (pod.status.phase.as_str(), pod.status.reason.as_str()) {
        ("Running", _) => "running, but its readiness probe does not succeed".to_owned(),
        (phase, "") => phase.to_owned(),
        (phase, reason) => format!("{phase}: {reason}"),
    };
    UnreadyPod {
        pod: pod.metadata.name.clone(),
        reason: waiting.or_else(condition).unwrap_or_else(phase),
    }
}

/// Ports that the pods' own containers declare; the sidecar's are not the application's.
fn declared(pods: &[&Pod]) -> BTreeSet<u16> {
    let own = pods.iter().flat_map(|p| own_containers(p));
    own.flat_map(|c| &c.ports).map(|p| p.container_port).collect()
}

fn own_containers(pod: &Pod) -> impl Iterator<Item = &Container> {
    let native = pod.spec.init_containers.iter().filter(|c| !c.ports.is_empty());
    pod.spec
        .containers
        .iter()
        .chain(native)
        .filter(|c| c.name != "istio-proxy")
}

fn used_ports(
    service: &Service,
    routed: &Routed,
    pods: &[&Pod],
    known: bool,
    unread: &str,
) -> Vec<BackendPort> {
    let ports = &service.spec.ports;
    let only = if let [only] = ports.as_slice() {
        Some(only.port)
    } else {
        None
    };
    let numbers = declared(pods);
    let mut used = Vec::new();
    for (index, port) in ports.iter().enumerate() {
        let wanted =
            routed.ports.contains(&port.port) || (routed.ports.contains(&0) && only == Some(port.port));
        if !wanted {
            continue;
        }
        let (target, number) = target(port, pods);
        let declared = match &port.target_port {
            _ if !known => Fact::Unknown(unread.to_owned()),
            _ if pods.is_empty() => Fact::unknown("no pod is there to declare a port"),
            Some(TargetPort::Name(_)) => Fact::Known(number != 0),
            _ => Fact::Known(numbers.is_empty() || numbers.contains(&number)),
        };
        used.push(BackendPort {
            port: i64::from(port.port),
            name: port.name.clone(),
            target,
            target_number: i64::from(number),
            declared,
            http: is_http(port),
            index: i64::try_from(index).unwrap_or_default(),
        });
    }
    used
}

/// The target port as written, and the number that the pods give it: 0 for a name that no container has.
fn target(port: &ServicePort, pods: &[&Pod]) -> (String, u16) {
    match &port.target_port {
        None => (port.port.to_string(), port.port),
        Some(TargetPort::Number(number)) => (number.to_string(), *number),
        Some(TargetPort::Name(name)) => {
            let mut ports = pods.iter().flat_map(|p| own_containers(p)).flat_map(|c| &c.ports);
            (
                name.clone(),
                ports.find(|p| p.name == *name).map_or(0, |p| p.container_port),
            )
        }
    }
}

/// Source: istio.io, protocol selection: appProtocol, else the name up to its first dash.
fn is_http(port: &ServicePort) -> bool {
    const HTTP: [&str; 6] = ["http", "http2", "https", "grpc", "grpc-web", "kubernetes.io/h2c"];
    let name = port.name.split('-').next().unwrap_or_default();
    HTTP.contains(&port.app_protocol.to_ascii_lowercase().as_str())
        || (port.app_protocol.is_empty() && HTTP.contains(&name))
}

/// Labels of the namespace's pods that come near the selector, and the selector that a single typo away would match.
fn near_labels(cluster: &Cluster, service: &Service, facts: &mut Backend) {
    let wanted = &service.spec.selector;
    let mut scored: BTreeMap<String, (f64, BTreeMap<String, String>)> = BTreeMap::new();
    for pod in cluster.pods.all(&service.metadata.namespace) {
        let mut corrected = wanted.clone();
        let (mut score, mut wrong) = (0.0, 0);
        for (key, value) in wanted {
            match pod.metadata.labels.get(key) {
                Some(own) if own == value => score += 1.0,
                Some(own) => {
                    wrong += 1;
                    score += strsim::jaro_winkler(value, own);
                    corrected.insert(key.clone(), own.clone());
                }
                None => {
                    wrong += 1;
                    let key_near = |k: &&String| strsim::jaro_winkler(k, key) > 0.85;
                    if let Some((near, own)) = pod
                        .metadata
                        .labels
                        .iter()
                        .find(|(k, v)| *v == value && key_near(k))
                    {
                        score += 0.9;
                        corrected.remove(key);
                        corrected.insert(near.clone(), own.clone());
                    } else {
                        corrected.clear();
                        break;
                    }
                }
            }
        }
        if corrected.is_empty() || wanted.is_empty() {
            continue;
        }
        #[allow(clippy::cast_precision_loss)] // selectors hold a handful of labels
        let score = score / wanted.len() as f64;
        let entry = scored.entry(labels(&corrected)).or_insert((0.0, BTreeMap::new()));
        if score > entry.0 {
            *entry = (
                score,
                if wrong == 1 && score > 0.8 {
                    corrected
                } else {
                    BTreeMap::new()
                },
            );
        }
    }
    let mut near: Vec<(&String, &(f64, BTreeMap<String, String>))> =
        scored.iter().filter(|(_, (s, _))| *s > 0.6).collect();
    near.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    facts.nearest_labels = near.iter().take(3).map(|(text, _)| (*text).clone()).collect();
    facts.corrected_selector = near
        .first()
        .filter(|(_, (_, corrected))| !corrected.is_empty())
        .map(|(_, (_, corrected))| serde_json::to_string(corrected).unwrap_or_default())
        .unwrap_or_default();
}

/// Whether a workload that the selector selects is scaled to 0.
fn scale(cluster: &Cluster, service: &Service, facts: &mut Backend) {
    let Some(k8s) = cluster.k8s else { return };
    for (kind, workload) in cluster
        .workloads
        .select(&service.metadata.namespace, &service.spec.selector)
    {
        let is_zero = workload.spec.replicas == Some(0);
        if facts.workload.is_empty() || is_zero {
            facts.workload = format!("{kind}/{}", workload.metadata.name);
        }
        if is_zero {
            facts.scaled_to_zero = Fact::Known(true);
            return;
        }
    }
    facts.scaled_to_zero = if k8s.deployments.is_had() && k8s.stateful_sets.is_had() {
        Fact::Known(false)
    } else {
        Fact::Unknown(format!(
            "the Deployments and StatefulSets of {} were not collected",
            cluster.membership
        ))
    };
}

fn injection(cluster: &Cluster, namespace: &str, facts: &mut Backend) {
    let Some(found) = cluster.namespaces.get(namespace) else {
        facts.injection = if cluster.k8s.is_some_and(|k| k.namespaces.is_had()) {
            Fact::Unknown(format!("namespace {namespace} is not in the listing"))
        } else {
            Fact::Unknown(format!(
                "the namespaces of {} were not collected",
                cluster.membership
            ))
        };
        return;
    };
    let labels = &found.metadata.labels;
    let (switch, revision) = (labels.get("istio-injection"), labels.get("istio.io/rev"));
    let of = |key: &str| labels.get(key).map(|v| format!("{key}={v}"));
    facts.injection_labels = ["istio-injection", "istio.io/rev"]
        .into_iter()
        .filter_map(of)
        .collect();
    let word = match (switch.map(String::as_str), revision) {
        (Some("disabled"), Some(_)) => "conflict",
        (Some("enabled"), _) | (None, Some(_)) => "enabled",
        (Some("disabled"), None) => "disabled",
        _ => "none",
    };
    facts.injection = Fact::Known(word.into());
}

fn security(
    model: &Model,
    cluster: &Cluster,
    service: &Service,
    pods: &[&Pod],
    policies: &Policies,
    facts: &mut Backend,
    index: usize,
) {
    let unread = |what: &str| format!("the {what} of {} were not collected", cluster.membership);
    let none = BTreeMap::new();
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
            let modes = workloads.iter().map(|w| mtls.mode(w));
            let strictest = modes.max_by_key(|m| u8::from(m.mode.as_str() == "STRICT"));
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
            facts.rule_tls_name = found.as_ref().map(|(_, name)| name.clone()).unwrap_or_default();
            Fact::Known(found.map(|(mode, _)| mode).unwrap_or_default())
        }
    };
    facts.authorization =
        authorization(model, index, policies, &workloads, facts).unwrap_or_else(Fact::Unknown);
}

/// `allowed`, `denied` or `narrowed`; an error tells why nobody can say.
fn authorization(
    model: &Model,
    index: usize,
    policies: &Policies,
    workloads: &[Workload],
    facts: &mut Backend,
) -> Result<Fact<String>, String> {
    let membership = facts.membership.clone();
    let Some(policies) = &policies.authorization else {
        return Err(format!(
            "the AuthorizationPolicies of {membership} were not collected"
        ));
    };
    let ranges: Vec<IpNet> = client_ranges(model, index)
        .into_iter()
        .flat_map(|c| c.ranges)
        .collect();
    let mut worst = "allowed";
    for workload in workloads {
        match policies.judge(workload, &ranges).decision {
            authz::Decision::Allows => {}
            authz::Decision::Denies(denial) => {
                worst = "denied";
                facts.authorization_policy = format!("{}/{}", denial.namespace, denial.policy);
                facts.authorization_why = denial.why;
                break;
            }
            authz::Decision::Narrow(denial) => {
                worst = "narrowed";
                facts.authorization_policy = format!("{}/{}", denial.namespace, denial.policy);
                facts.authorization_why = denial.why;
            }
            authz::Decision::Unknown(why) => return Err(why),
        }
    }
    Ok(Fact::Known(worst.into()))
}

/// A client as policies see it.
pub struct Caller {
    pub name: String,
    pub ranges: Vec<IpNet>,
    pub tags: Vec<String>,
    pub network: Option<super::network::NetworkKey>,
}

/// Clients of a cluster, those of equal range as one.
fn client_ranges(model: &Model, cluster: usize) -> Vec<Caller> {
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
fn blocks(model: &Model, index: usize, pods: &[&Pod], policies: &Policies, facts: &mut Backend) {
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
    let callers = client_ranges(model, index);
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
                netpol::Admission::Refused { policies, missing } => blocks.push(ClientBlock {
                    client: caller.name.clone(),
                    range: missing
                        .iter()
                        .map(ToString::to_string)
                        .collect::<Vec<_>>()
                        .join(", "),
                    port: port.target_number,
                    rule: policies.join(", "),
                    why: "no ingress rule admits this range".into(),
                    ..ClientBlock::default()
                }),
                netpol::Admission::Unknown { why, .. } => return Err(why),
            }
        }
    }
    Ok(Fact::Known(blocks))
}

fn container_port_name(pod: &Pod, number: u16) -> Option<&str> {
    let mut ports = own_containers(pod).flat_map(|c| &c.ports);
    ports
        .find(|p| p.container_port == number && !p.name.is_empty())
        .map(|p| p.name.as_str())
}

fn by_firewall(
    model: &Model,
    cluster: &Cluster,
    callers: &[Caller],
    pods: &[&Pod],
    facts: &Backend,
) -> Result<Fact<Vec<ClientBlock>>, String> {
    let mut blocks = Vec::new();
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
            return Err(format!("the subnetwork of {} was not collected", caller.name));
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
            let (rule, why) = match admission {
                firewall::Admission::Allowed { .. } => continue,
                firewall::Admission::Unknown(why) => return Err(why),
                firewall::Admission::Denied { rule } => (rule.clone(), format!("rule {rule} denies it")),
                firewall::Admission::ImpliedDeny => (
                    String::new(),
                    "no rule allows it, and what no rule allows is denied".into(),
                ),
            };
            blocks.push(ClientBlock {
                client: caller.name.clone(),
                range: caller
                    .ranges
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join(","),
                port: port.target_number,
                rule,
                why,
                project: target_network.project.0.clone(),
                network: target_network.name.clone(),
            });
        }
    }
    Ok(Fact::Known(blocks))
}
