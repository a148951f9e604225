//! Hosts of VirtualServices, exports, destinations, and the Services behind them.
use super::{Assembly, subject};
use crate::mesh::backend_facts::{self, Policies, Routed, RoutedCall};
use crate::mesh::facts::{Backend, Fact};
use crate::mesh::routes::Routing;
use crate::mesh::subject::{About, Identity};
use crate::mesh::{exporter_facts, manifests, route_facts, routes};
use std::collections::{BTreeMap, BTreeSet};

impl Assembly<'_, '_> {
    pub(super) fn routing(&mut self) {
        let exporters = routes::exporters(&self.routings);
        let mut rules: BTreeMap<usize, _> = BTreeMap::new();
        let mut entries: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut led: Vec<((usize, String, String), u16, RoutedCall)> = Vec::new();
        for routing in &self.routings {
            if routing.exports() {
                self.exporter(routing);
            }
            for host in routing.hosts() {
                let about = || self.about_host(routing.cluster, &host);
                // Many hosts of one VirtualService are many subjects: the host tells them apart.
                let several = routing.virtual_service.spec.hosts.len() > 1;
                let named = || {
                    let mut name = identity(routing);
                    if several {
                        name.name = format!("{} {host}", name.name);
                    }
                    name
                };
                let facts = route_facts::route_host(&self.model, routing, &host, &exporters, &self.asked);
                self.add("route_host", subject(named(), about(), facts));
                if routing.exports() {
                    let facts = route_facts::export(&self.model, routing, &host, &exporters);
                    // Who calls a short name by its full one meets the same fault.
                    let about = About {
                        hosts: Some(self.host_numbers([&host, &facts.full_host].into_iter())),
                        ..About::default()
                    };
                    self.add("export", subject(named(), about, facts));
                } else if !route_facts::meant_for_outside(&self.model, &exporters, routing, &host) {
                    continue;
                }
                let rules = rules
                    .entry(routing.cluster)
                    .or_insert_with(|| route_facts::rules_by_host(&self.model, routing.cluster));
                let entries = entries.entry(routing.cluster).or_insert_with(|| {
                    manifests::service_entry_hosts(self.model.snapshot, &routing.of.membership)
                });
                // One without a host is nowhere: that the rule is not valid is told of its VirtualService.
                let mut placed_all = routes::destinations(routing.virtual_service);
                placed_all.retain(|placed| !placed.destination.host.is_empty());
                let many = placed_all.len() > 1;
                for placed in placed_all {
                    let facts =
                        route_facts::destination(&self.model, routing, &host, &placed, rules, entries);
                    let mut name = named();
                    if many {
                        name.name = format!(
                            "{} {}",
                            name.name,
                            placed
                                .field
                                .trim_start_matches("spec.")
                                .trim_end_matches(".destination")
                        );
                    }
                    if facts.service_exists == Fact::Known(true) {
                        let port = placed.destination.port.as_ref().map_or(0, |p| p.number);
                        let service = facts.service.clone();
                        led.push((
                            (routing.cluster, facts.service_namespace.clone(), service),
                            port,
                            RoutedCall::by(placed.rule, &host),
                        ));
                    }
                    self.add("destination", subject(name, about(), facts));
                }
            }
        }
        for (backend, port, call) in led {
            let number = u32::try_from(self.backends.len()).unwrap_or(u32::MAX);
            let (_, routed) = self
                .backends
                .entry(backend)
                .or_insert_with(|| (number, Routed::default()));
            routed.hosts.insert(call.host.clone());
            routed.ports.insert(port);
            routed.calls.insert(call);
        }
        self.route_notes();
        self.workloads();
    }

    /// The VirtualService as a whole; it concerns all its hosts, and every client whose route table it is in.
    fn exporter(&self, routing: &Routing) {
        let hosts: Vec<String> = routing.hosts().collect();
        let clients = self.model.clients_of(routing.cluster);
        let about = About {
            clients: (!clients.is_empty()).then_some(clients),
            hosts: Some(self.host_numbers(hosts.iter())),
            ..About::default()
        };
        self.add(
            "exporter",
            subject(identity(routing), about, exporter_facts::facts(routing)),
        );
    }

    pub(super) fn about_host(&self, _cluster: usize, host: &str) -> About {
        match self.model.hosts.get(host) {
            Some(number) => About::host(number),
            None => About {
                hosts: Some(Vec::new()),
                ..About::default()
            },
        }
    }

    pub(super) fn route_notes(&mut self) {
        for routing in self.routings.iter().filter(|r| r.exports()) {
            for host in routing.hosts() {
                if let Some(number) = self.model.hosts.get(&host) {
                    self.notes.host("routing", number, routing.full_name());
                }
            }
        }
    }

    pub(super) fn workloads(&mut self) {
        let mut policies: BTreeMap<usize, Policies> = BTreeMap::new();
        for ((index, namespace, name), (number, routed)) in &self.backends {
            let Some(cluster) = self.model.clusters.get(*index) else {
                continue;
            };
            let Some(service) = cluster.services.get(&(namespace.as_str(), name.as_str())) else {
                continue;
            };
            let policies = policies.entry(*index).or_insert_with(|| Policies::new(cluster));
            let facts = backend_facts::facts(&self.model, *index, service, routed, policies);
            let hosts = self.host_numbers(routed.hosts.iter());
            for host in &hosts {
                if let (Fact::Known(ready), Fact::Known(pods)) = (&facts.ready_pods, &facts.pods) {
                    self.notes.host(
                        "workload",
                        *host,
                        format!("{namespace}/{name}: {ready} of {pods} pods ready"),
                    );
                }
            }
            let about = About {
                hosts: Some(hosts),
                backends: Some(vec![*number]),
                ..About::default()
            };
            self.add("backend", subject(backend_name(&facts), about, facts));
        }
    }
}

fn identity(routing: &Routing) -> Identity {
    Identity {
        kind: "VirtualService",
        name: routing.name().to_owned(),
        namespace: Some(routing.namespace().to_owned()),
        location: Some(routing.of.membership.clone()),
        project: None,
    }
}

fn backend_name(facts: &Backend) -> Identity {
    Identity {
        kind: "Service",
        name: facts.service.clone(),
        namespace: Some(facts.namespace.clone()),
        location: Some(facts.membership.clone()),
        project: None,
    }
}
