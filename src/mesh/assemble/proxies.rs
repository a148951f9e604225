//! Resources that proxies do not hold in sync, and the clusters behind exported hosts.
use super::{Assembly, subject};
use crate::mesh::subject::{About, Identity};
use crate::mesh::{control_facts, names, pushed_facts, xds_facts};
use std::collections::{BTreeMap, BTreeSet};

impl Assembly<'_, '_> {
    pub(super) fn proxies(&mut self) {
        let exported: BTreeSet<String> = control_facts::exported_by_cluster(&self.routings)
            .into_values()
            .flatten()
            .collect();
        let mut told = BTreeSet::new();
        for proxy in &self.model.proxies.all {
            for facts in xds_facts::out_of_sync(proxy, self.model.clients, &exported) {
                let clients = match proxy.service.and_then(|s| u32::try_from(s).ok()) {
                    Some(service) => vec![service],
                    None => self.model.mesh_clients().map(|(i, _)| i).collect(),
                };
                let hosts = self.host_numbers(facts.hosts.iter());
                // A cluster that no exported host uses troubles none of their paths, where the routes tell.
                let spared = matches!(facts.kind.as_str(), "CDS" | "EDS")
                    && proxy.client.route_configs().next().is_some();
                let about = About {
                    // Of services that nobody listed, any may be the proxy's.
                    clients: (!clients.is_empty()).then_some(clients),
                    hosts: (!hosts.is_empty() || spared).then_some(hosts),
                    ..About::default()
                };
                let owner = if facts.service.is_empty() {
                    names::last(&facts.node).to_owned()
                } else {
                    facts.service.clone()
                };
                let name = Identity {
                    kind: "XdsResource",
                    name: format!("{owner} {} {}", facts.kind, facts.name),
                    ..Identity::default()
                };
                // The proxies of one service are told of together, as long as they say the same.
                if told.insert((name.name.clone(), facts.state.clone(), facts.error.clone())) {
                    self.add("xds_resource", subject(name, about, facts));
                }
            }
        }

        let by_host = self.backends_by_host();
        let numbers: BTreeMap<&str, u32> = by_host
            .values()
            .flatten()
            .map(|(number, label)| (label.as_str(), *number))
            .collect();
        let backend_of = |cluster: &str, hosts: &BTreeSet<String>| backend_of(cluster, hosts, &by_host);
        for facts in xds_facts::clusters(&self.model, &exported, &backend_of) {
            let hosts = self.host_numbers(facts.hosts.iter());
            let amiss: BTreeSet<&String> = facts
                .missing_at
                .iter()
                .chain(&facts.empty_at)
                .chain(&facts.unhealthy_at)
                .collect();
            let clients: Vec<u32> = (0u32..)
                .zip(self.model.clients)
                .filter(|(_, c)| amiss.contains(&c.name))
                .map(|(i, _)| i)
                .collect();
            let about = About {
                clients: (!clients.is_empty()).then_some(clients),
                hosts: Some(hosts),
                backends: numbers.get(facts.backend.as_str()).map(|number| vec![*number]),
                ..About::default()
            };
            let name = Identity {
                kind: "XdsCluster",
                name: facts.cluster.clone(),
                ..Identity::default()
            };
            self.add("xds_cluster", subject(name, about, facts));
        }
    }

    /// Hosts of route tables, whether they are exported or left over.
    pub(super) fn pushed(&self) {
        for pushed in pushed_facts::hosts(&self.model, &self.routings) {
            let number = |service: &usize| u32::try_from(*service).ok();
            let about = About {
                clients: pushed
                    .services
                    .map(|services| services.iter().filter_map(number).collect()),
                hosts: Some(self.host_numbers([&pushed.facts.host].into_iter())),
                ..About::default()
            };
            let name = Identity {
                kind: "Host",
                name: pushed.facts.host.clone(),
                ..Identity::default()
            };
            self.add("pushed_host", subject(name, about, pushed.facts));
        }
    }

    /// Backends by the hosts that lead to them: number and `ns/name`.
    pub(super) fn backends_by_host(&self) -> BTreeMap<String, Vec<(u32, String)>> {
        let mut by_host: BTreeMap<String, Vec<(u32, String)>> = BTreeMap::new();
        for ((_, namespace, name), (number, routed)) in &self.backends {
            for host in &routed.hosts {
                by_host
                    .entry(host.clone())
                    .or_default()
                    .push((*number, format!("{namespace}/{name}")));
            }
        }
        by_host
    }
}

/// The backend that a cluster's name tells: the one of its hosts' whose Service and namespace the name contains; the only one there is.
fn backend_of(
    cluster: &str,
    hosts: &BTreeSet<String>,
    by_host: &BTreeMap<String, Vec<(u32, String)>>,
) -> String {
    let candidates: BTreeSet<&String> = hosts
        .iter()
        .filter_map(|h| by_host.get(h))
        .flatten()
        .map(|(_, label)| label)
        .collect();
    let tells = |label: &&&String| {
        label.split('/').all(|part| {
            cluster.split(['_', '|', '.', ':']).any(|piece| piece == part)
                || cluster.contains(&format!("_{part}"))
        })
    };
    let told: Vec<&&String> = candidates.iter().filter(tells).collect();
    match (told.as_slice(), candidates.len()) {
        ([one], _) => (**one).clone(),
        (_, 1) => candidates.into_iter().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}
