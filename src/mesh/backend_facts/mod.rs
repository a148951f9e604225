//! Facts of Kubernetes Services that exported routes lead to: pods, ports, sidecars, and who is let in.
mod authorization;
mod pods;
mod ports;
mod reach;
mod selection;
mod slices;
mod transport;

pub use pods::is_ready;

use super::authz::Authorization;
use super::clusters::Cluster;
use super::facts::{Backend, Fact};
use super::model::Model;
use super::mtls::PeerAuthentications;
use super::netpol::NetworkPolicies;
use crate::k8s::core::{Pod, Service};
use crate::k8s::istio::StringMatch;
use crate::k8s::labels::Labels;
use std::collections::BTreeSet;

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
    pub calls: BTreeSet<RoutedCall>,
}

/// A call by one of the routes, as it arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoutedCall {
    /// The exported host that the client calls.
    pub host: String,
    /// What the route makes of it, where it changes it.
    pub authority: Option<String>,
    /// Whether the path arrives as the client sent it.
    pub path_kept: bool,
    /// What the route's matches ask of the path, any of them; nothing asked, no conditions.
    pub paths: Vec<StringMatch>,
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
    let ready: Vec<&&Pod> = pods.iter().filter(|p| pods::is_ready(p)).collect();
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
        unready: pods
            .iter()
            .filter(|p| !pods::is_ready(p))
            .map(|p| pods::unready(p))
            .collect(),
        pods_with_sidecar: count(
            ready.iter().filter(|p| pods::has_sidecar(p)).count(),
            pods_known,
            || unread("pods"),
        ),
        uninjected: count(
            ready.iter().filter(|p| pods::lacks_sidecar(p)).count(),
            pods_known,
            || unread("pods"),
        ),
        container_ports: ports::declared(&pods).into_iter().map(i64::from).collect(),
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
    facts.ports = ports::used(service, routed, &pods, pods_known, &unread("pods"));
    scale(cluster, service, &mut facts);
    // Where a workload makes such pods, the selector is right, and its pods are what is amiss.
    if pods.is_empty() && facts.has_selector && facts.workload.is_empty() {
        selection::near_labels(cluster, service, &mut facts);
    }
    slices::count(cluster, service, &mut facts);
    injection(cluster, &meta.namespace, &mut facts);
    reach::mtls(cluster, service, &pods, policies, &mut facts);
    facts.client_transport = transport::of_clients(model, index, &facts);
    authorization::facts(model, index, cluster, &pods, routed, policies, &mut facts);
    reach::blocks(model, index, &pods, policies, &mut facts);
    facts
}

fn count(number: usize, known: bool, why: impl Fn() -> String) -> Fact<i64> {
    if known {
        Fact::Known(i64::try_from(number).unwrap_or(i64::MAX))
    } else {
        Fact::Unknown(why())
    }
}

fn labels(labels: &Labels) -> String {
    labels
        .iter()
        .map(|(k, v)| format!("{k}={v}"))
        .collect::<Vec<_>>()
        .join(",")
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
