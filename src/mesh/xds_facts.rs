//! Facts of what the proxies hold: resources out of sync, and the clusters behind exported hosts.
use super::clients::Client;
use super::facts::{XdsCluster, XdsResource};
use super::health::HealthChecks;
use super::model::Model;
use super::proxies::Proxy;
use crate::xds::{Content, Kind, Resource, SyncState};
use std::collections::{BTreeMap, BTreeSet};

/// Resources of one proxy that it does not hold in sync. `exported` are the hosts offered to it.
pub fn out_of_sync(proxy: &Proxy, clients: &[Client], exported: &BTreeSet<String>) -> Vec<XdsResource> {
    let wanted = clusters_of(proxy, exported);
    let mut found = Vec::new();
    for resource in &proxy.client.resources {
        let Some(state) = word(resource.state) else {
            continue;
        };
        let hosts = hosts_of(proxy, resource, exported, &wanted);
        found.push(XdsResource {
            node: proxy.client.node_id.clone(),
            service: proxy
                .service
                .and_then(|i| clients.get(i))
                .map(|c| c.name.clone())
                .unwrap_or_default(),
            kind: resource.kind.to_string(),
            name: resource.name.to_string(),
            state: state.into(),
            error: resource
                .error
                .as_ref()
                .map(|e| e.details.clone())
                .unwrap_or_default(),
            rejected_version: resource
                .error
                .as_ref()
                .map(|e| e.version.clone())
                .unwrap_or_default(),
            version: resource.version.to_string(),
            needed: match resource.kind {
                Kind::Lds | Kind::Rds => true,
                Kind::Cds | Kind::Eds => !hosts.is_empty(),
                _ => false,
            },
            hosts: hosts.into_iter().collect(),
        });
    }
    found
}

/// None where nothing is wrong or nothing is said.
fn word(state: SyncState) -> Option<&'static str> {
    Some(match state {
        SyncState::Unknown | SyncState::Synced => return None,
        SyncState::NotSent => "not_sent",
        SyncState::Stale => "stale",
        SyncState::Rejected => "rejected",
        SyncState::Requested => "requested",
        SyncState::DoesNotExist => "does_not_exist",
        SyncState::ReceivedError => "received_error",
        SyncState::Timeout => "timeout",
    })
}

/// Cluster names behind each exported host at this proxy.
fn clusters_of(proxy: &Proxy, exported: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let mut clusters: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for host in exported {
        for route in proxy.virtual_host(host).iter().flat_map(|v| &v.routes) {
            for (cluster, _) in &route.clusters {
                clusters.entry(cluster.clone()).or_default().insert(host.clone());
            }
        }
    }
    clusters
}

/// Exported hosts whose traffic depends on a resource; a listener, or a table whose content is not told, carries all of them.
fn hosts_of(
    proxy: &Proxy,
    resource: &Resource,
    exported: &BTreeSet<String>,
    clusters: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeSet<String> {
    match (&resource.kind, resource.content.as_ref()) {
        (Kind::Rds, Content::Routes(routes)) => exported
            .iter()
            .filter(|h| routes.find_virtual_host(h).is_some())
            .cloned()
            .collect(),
        (Kind::Lds | Kind::Rds, _) => exported.clone(),
        (Kind::Cds, _) => clusters.get(resource.name.as_ref()).cloned().unwrap_or_default(),
        (Kind::Eds, _) => clusters
            .iter()
            .filter(|(name, _)| {
                name.as_str() == resource.name.as_ref()
                    || proxy
                        .cluster(name)
                        .is_some_and(|c| c.eds_service_name == *resource.name)
            })
            .flat_map(|(_, hosts)| hosts.clone())
            .collect(),
        _ => BTreeSet::new(),
    }
}

/// Clusters that any proxy's routes to exported hosts name, each once, with where it is amiss.
pub fn clusters(
    model: &Model,
    exported: &BTreeSet<String>,
    backend_of: &dyn Fn(&str, &BTreeSet<String>) -> String,
) -> Vec<XdsCluster> {
    let mut found: BTreeMap<String, XdsCluster> = BTreeMap::new();
    let checks = HealthChecks::new(model.snapshot);
    for proxy in model.proxies.all.iter().filter(|p| p.has_contents) {
        let label = proxy.label(model.clients);
        for (name, hosts) in clusters_of(proxy, exported) {
            let facts = found.entry(name.clone()).or_default();
            facts.clients += 1;
            for host in hosts {
                if !facts.hosts.contains(&host) {
                    facts.hosts.push(host);
                }
            }
            judge(proxy, &name, &label, &checks, facts);
            facts.cluster = name;
        }
    }
    let mut clusters: Vec<XdsCluster> = found.into_values().collect();
    for facts in &mut clusters {
        facts.backend = backend_of(&facts.cluster, &facts.hosts.iter().cloned().collect());
    }
    clusters
}

fn judge(proxy: &Proxy, name: &str, label: &str, checks: &HealthChecks, facts: &mut XdsCluster) {
    let note = |list: &mut Vec<String>| {
        if !list.iter().any(|l| l == label) {
            list.push(label.to_owned());
        }
    };
    if proxy.cluster(name).is_none() {
        // A cluster that was refused, or whose content was not sent, is there by name.
        if proxy.client.resource(&Kind::Cds, name).is_none() {
            note(&mut facts.missing_at);
        }
        return;
    }
    let Some(assignment) = proxy.assignment(name) else {
        return;
    };
    let usable = assignment.endpoints.iter().filter(|e| e.is_usable()).count();
    if assignment.endpoints.is_empty() {
        if !assignment.partly_elsewhere {
            note(&mut facts.empty_at);
        }
    } else if usable == 0 {
        note(&mut facts.unhealthy_at);
        let mut health: BTreeMap<&str, usize> = BTreeMap::new();
        for endpoint in &assignment.endpoints {
            *health.entry(&endpoint.health).or_default() += 1;
        }
        facts.health = health
            .into_iter()
            .map(|(word, n)| format!("{n} {word}"))
            .collect();
        facts.health_checks = checks.of(&assignment.endpoints);
    }
    facts.endpoints = i64::try_from(assignment.endpoints.len()).unwrap_or(i64::MAX);
}
