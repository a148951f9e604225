//! Puts the subjects together: every kind, each with its name, whom it concerns, and its facts.
use super::backend_facts::{self, Policies, Routed};
use super::clusters::Cluster;
use super::control_facts;
use super::facts::{Backend, Fact, HostLookup, MeshClient};
use super::model::{Ground, Hosts, Model};
use super::network::NetworkKey;
use super::notes::Notes;
use super::routes::{self, Routing};
use super::subject::{About, Identity, Subject, SubjectFacts, SubjectSet};
use super::{ClientName, Mesh, client_facts, log_facts, lookup_facts, manifests, names, route_facts, xds_facts};
use crate::logs::LogEvidence;
use crate::snapshot::Snapshot;
use std::collections::{BTreeMap, BTreeSet};

pub fn mesh(snapshot: &Snapshot, logs: &LogEvidence) -> Mesh {
    let ground = Ground::new(snapshot);
    let mut model = Model::new(snapshot, &ground, logs);
    let routings = routes::routings(&ground.clusters);
    let asked = asked_hosts(&model, &routings);
    model.hosts = hosts(&model, &routings, &asked);
    let mut assembly = Assembly { model, routings, asked, sets: Vec::new(), notes: Notes::default(), backends: BTreeMap::new() };
    assembly.services();
    assembly.control();
    assembly.routing();
    assembly.lookups();
    assembly.proxies();
    assembly.logs();
    assembly.finish()
}

struct Assembly<'m, 's> {
    model: Model<'m, 's>,
    routings: Vec<Routing<'m, 's>>,
    asked: BTreeSet<String>,
    sets: Vec<SubjectSet>,
    notes: Notes,
    /// Services that exported routes lead to, by cluster, namespace and name, with their number.
    backends: BTreeMap<(usize, String, String), (u32, Routed)>,
}

/// Hosts that a client is known to call: by `--url`, in a log record that names one, or in its environment.
fn asked_hosts(model: &Model, routings: &[Routing]) -> BTreeSet<String> {
    let mut asked = BTreeSet::new();
    let url = &model.snapshot.manifest.scope.url;
    let after_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let host = names::host(after_scheme.split(['/', '?', '#']).next().unwrap_or_default());
    if !host.is_empty() {
        asked.insert(host);
    }
    asked.extend(model.logs.groups.iter().filter_map(|g| g.captures.get("host")).map(|h| names::host(h)));
    let routed: BTreeSet<String> =
        routings.iter().flat_map(|r| &r.virtual_service.spec.hosts).map(|h| names::host(h)).collect();
    for client in model.clients {
        for variable in client.template.containers.iter().flat_map(|c| &c.env) {
            let words = variable.value.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
            asked.extend(words.map(names::host).filter(|h| h.contains('.') && routed.contains(h)));
        }
    }
    asked
}

/// Hosts that paths lead to: exported ones, and those that look as if they should be.
fn hosts(model: &Model, routings: &[Routing], asked: &BTreeSet<String>) -> Hosts {
    let mut hosts = Hosts::default();
    for routing in routings {
        for host in &routing.virtual_service.spec.hosts {
            let host = names::host(host);
            let meant = routing.mesh_only() || routing.misspelt_gateway().is_some() || asked.contains(&host);
            let wanted = model.under_suffix(&host) == Some(true) || asked.contains(&host);
            if routing.exports() || (meant && wanted) || routing.misspelt_gateway().is_some() {
                hosts.add(&host);
            }
        }
    }
    hosts
}

impl Assembly<'_, '_> {
    fn add(&mut self, kind: &'static str, subjects: Vec<Subject>) {
        self.sets.push(SubjectSet { kind, subjects });
    }

    fn services(&mut self) {
        let mut all = Vec::new();
        let mut meshed = Vec::new();
        for (number, client) in (0u32..).zip(self.model.clients) {
            let facts = client_facts::facts(&self.model, number as usize, client);
            self.client_notes(number, &facts);
            if client.in_mesh() {
                meshed.push(subject(service_name(&facts), About::client(number), facts.clone()));
            }
            all.push(subject(service_name(&facts), About::client(number), facts));
        }
        self.add("run_service", all);
        self.add("mesh_client", meshed);
    }

    fn client_notes(&mut self, number: u32, facts: &MeshClient) {
        self.notes.client("iam", number, facts.access_grant.clone());
        self.notes.client("cloud-run", number, format!("{}, mesh {}", facts.revision, facts.mesh_name));
        let egress = facts.egress.to_ascii_lowercase().replace('_', " ");
        self.notes.client("network", number, format!("{} {}, {egress}", facts.network_name, facts.subnet_range));
        if let Fact::Known(proxies @ 1..) = facts.xds_clients {
            self.notes.client("control-plane", number, format!("{proxies} proxy in sync").replace("1 proxy", "proxy"));
        }
    }

    fn control(&mut self) {
        let parts = control_facts::parts(&self.model);
        let mut projects = Vec::new();
        let mut apis = Vec::new();
        for (id, part) in &parts {
            let clients: Vec<u32> =
                self.model.mesh_clients().filter(|(_, c)| c.project.as_str() == id).map(|(i, _)| i).collect();
            let about = || {
                if part.fleet || clients.is_empty() {
                    About::everything()
                } else {
                    About { clients: Some(clients.clone()), ..About::default() }
                }
            };
            let name = Identity { kind: "Project", name: id.clone(), ..Identity::default() };
            projects.push(subject(name, about(), control_facts::project(&self.model, id, part)));
            for api in control_facts::apis(&self.model, id, part) {
                let name = Identity { kind: "Api", name: api.api.clone(), project: Some(id.clone()), ..Identity::default() };
                apis.push(subject(name, about(), api));
            }
        }
        self.add("project", projects);
        self.add("api", apis);

        let exported = control_facts::exported_by_cluster(&self.routings);
        let about = |index: usize| self.about_cluster(index, exported.get(&index));
        let mut memberships = Vec::new();
        for index in 0..self.model.clusters.len() {
            let facts = control_facts::membership(&self.model, index, exported.get(&index).map_or(0, BTreeSet::len));
            let name = membership_name(&facts.membership, &facts.project, &facts.location);
            memberships.push(subject(name, about(index), facts));
        }
        let mut conditions = Vec::new();
        for (facts, index) in control_facts::conditions(&self.model) {
            let mut name = membership_name(&facts.membership, &facts.project, &facts.location);
            // One finding a code: the code is part of the subject's name.
            name.kind = "MeshCondition";
            name.name = if facts.membership.is_empty() { facts.code.clone() } else { format!("{} {}", facts.membership, facts.code) };
            conditions.push(subject(name, index.map_or_else(About::everything, about), facts));
        }
        self.add("membership", memberships);
        self.add("mesh_condition", conditions);
    }

    /// A cluster concerns its clients and the hosts it exports; without either, everything.
    fn about_cluster(&self, index: usize, exported: Option<&BTreeSet<String>>) -> About {
        let clients = self.model.clients_of(index);
        let hosts = self.host_numbers(exported.into_iter().flatten());
        if clients.is_empty() || hosts.is_empty() || self.model.clusters.len() == 1 {
            return About::everything();
        }
        About { clients: Some(clients), hosts: Some(hosts), ..About::default() }
    }

    fn host_numbers<'h>(&self, hosts: impl Iterator<Item = &'h String>) -> Vec<u32> {
        let mut numbers: Vec<u32> = hosts.filter_map(|h| self.model.hosts.get(h)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn routing(&mut self) {
        let exporters = routes::exporters(&self.routings);
        let mut route_hosts = Vec::new();
        let mut exports = Vec::new();
        let mut destinations = Vec::new();
        let mut rules: BTreeMap<usize, _> = BTreeMap::new();
        let mut entries: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        let mut led: Vec<(usize, String, String, String, u16)> = Vec::new();
        for routing in &self.routings {
            for host in routing.virtual_service.spec.hosts.iter().map(|h| names::host(h)) {
                let about = || self.about_host(routing.cluster, &host);
                let name = |kind| Identity {
                    kind,
                    name: routing.name().to_owned(),
                    namespace: Some(routing.namespace().to_owned()),
                    location: Some(routing.of.membership.clone()),
                    ..Identity::default()
                };
                // Many hosts of one VirtualService are many subjects: the host tells them apart.
                let several = routing.virtual_service.spec.hosts.len() > 1;
                let named = |kind| {
                    let mut name = name(kind);
                    if several {
                        name.name = format!("{} {host}", name.name);
                    }
                    name
                };
                let facts = route_facts::route_host(&self.model, routing, &host, &exporters, &self.asked);
                route_hosts.push(subject(named("VirtualService"), about(), facts));
                if !routing.exports() {
                    continue;
                }
                exports.push(subject(named("VirtualService"), about(), route_facts::export(&self.model, routing, &host, &exporters)));
                let rules = rules
                    .entry(routing.cluster)
                    .or_insert_with(|| route_facts::rules_by_host(&self.model, routing.cluster));
                let entries = entries
                    .entry(routing.cluster)
                    .or_insert_with(|| manifests::service_entry_hosts(self.model.snapshot, &routing.of.membership));
                let placed_all = routes::destinations(routing.virtual_service);
                let many = placed_all.len() > 1;
                for placed in placed_all {
                    let facts = route_facts::destination(&self.model, routing, &host, &placed, rules, entries);
                    let mut name = named("VirtualService");
                    if many {
                        name.name = format!("{} {}", name.name, placed.field.trim_start_matches("spec.").trim_end_matches(".destination"));
                    }
                    if facts.service_exists == Fact::Known(true) {
                        let port = placed.destination.port.as_ref().map_or(0, |p| p.number);
                        led.push((routing.cluster, facts.service_namespace.clone(), facts.service.clone(), host.clone(), port));
                    }
                    destinations.push(subject(name, about(), facts));
                }
            }
        }
        for (cluster, namespace, service, host, port) in led {
            let number = u32::try_from(self.backends.len()).unwrap_or(u32::MAX);
            let (_, routed) = self.backends.entry((cluster, namespace, service)).or_insert_with(|| (number, Routed::default()));
            routed.hosts.insert(host);
            routed.ports.insert(port);
        }
        self.route_notes();
        self.add("route_host", route_hosts);
        self.add("export", exports);
        self.add("destination", destinations);
        self.workloads();
    }

    fn about_host(&self, _cluster: usize, host: &str) -> About {
        match self.model.hosts.get(host) {
            Some(number) => About::host(number),
            None => About { hosts: Some(Vec::new()), ..About::default() },
        }
    }

    fn route_notes(&mut self) {
        for routing in self.routings.iter().filter(|r| r.exports()) {
            for host in &routing.virtual_service.spec.hosts {
                if let Some(number) = self.model.hosts.get(&names::host(host)) {
                    self.notes.host("routing", number, routing.full_name());
                }
            }
        }
    }

    fn workloads(&mut self) {
        let mut policies: BTreeMap<usize, Policies> = BTreeMap::new();
        let mut backends = Vec::new();
        for ((index, namespace, name), (number, routed)) in &self.backends {
            let Some(cluster) = self.model.clusters.get(*index) else { continue };
            let Some(service) = cluster.services.get(&(namespace.as_str(), name.as_str())) else { continue };
            let policies = policies.entry(*index).or_insert_with(|| Policies::new(cluster));
            let facts = backend_facts::facts(&self.model, *index, service, routed, policies);
            let hosts = self.host_numbers(routed.hosts.iter());
            for host in &hosts {
                if let (Fact::Known(ready), Fact::Known(pods)) = (&facts.ready_pods, &facts.pods) {
                    self.notes.host("workload", *host, format!("{namespace}/{name}: {ready} of {pods} pods ready"));
                }
            }
            let about = About { hosts: Some(hosts), backends: Some(vec![*number]), ..About::default() };
            backends.push(subject(backend_name(&facts), about, facts));
        }
        self.add("backend", backends);
    }

    fn lookups(&mut self) {
        let mut networks: BTreeMap<NetworkKey, BTreeSet<u32>> = BTreeMap::new();
        let mut hosts_of: BTreeMap<NetworkKey, BTreeSet<String>> = BTreeMap::new();
        for (number, client) in self.model.mesh_clients() {
            if let Some(network) = &client.network {
                networks.entry(network.clone()).or_default().insert(number);
                hosts_of.entry(network.clone()).or_default().extend(super::exported_hosts(&self.model, client));
            }
        }
        let mut lookups = Vec::new();
        for (network, clients) in networks {
            let numbers: Vec<u32> = clients.iter().copied().collect();
            let labels: Vec<String> = numbers
                .iter()
                .filter_map(|n| self.model.clients.get(*n as usize))
                .map(|c| c.name.clone())
                .collect();
            for host in hosts_of.remove(&network).unwrap_or_default() {
                let facts = lookup_facts::facts(&self.model, &host, &network, labels.clone());
                let hosts = self.host_numbers(std::iter::once(&host));
                self.lookup_notes(&facts, &numbers, &hosts);
                let about = About { clients: Some(numbers.clone()), hosts: Some(hosts), ..About::default() };
                lookups.push(subject(host_name(&facts), about, facts));
            }
        }
        self.add("host_lookup", lookups);
    }

    fn lookup_notes(&mut self, facts: &HostLookup, clients: &[u32], hosts: &[u32]) {
        let Some(address) = facts.addresses.first() else { return };
        let text = format!("{address} by {} in zone {}", facts.record, facts.zone.zone);
        for client in clients {
            for host in hosts {
                self.notes.both("dns", *client, *host, text.clone());
            }
        }
    }

    fn proxies(&mut self) {
        let exported: BTreeSet<String> = control_facts::exported_by_cluster(&self.routings).into_values().flatten().collect();
        let mut resources = Vec::new();
        for proxy in &self.model.proxies.all {
            for facts in xds_facts::out_of_sync(proxy, self.model.clients, &exported) {
                let clients = match proxy.service.and_then(|s| u32::try_from(s).ok()) {
                    Some(service) => vec![service],
                    None => self.model.mesh_clients().map(|(i, _)| i).collect(),
                };
                let hosts = self.host_numbers(facts.hosts.iter());
                let about = About { clients: Some(clients), hosts: (!hosts.is_empty()).then_some(hosts), ..About::default() };
                let owner = if facts.service.is_empty() { names::last(&facts.node).to_owned() } else { facts.service.clone() };
                let name = Identity { kind: "XdsResource", name: format!("{owner} {} {}", facts.kind, facts.name), ..Identity::default() };
                resources.push(subject(name, about, facts));
            }
        }
        self.add("xds_resource", resources);

        let by_host = self.backends_by_host();
        let numbers: BTreeMap<&str, u32> =
            by_host.values().flatten().map(|(number, label)| (label.as_str(), *number)).collect();
        let backend_of = |cluster: &str, hosts: &BTreeSet<String>| backend_of(cluster, hosts, &by_host);
        let mut clusters = Vec::new();
        for facts in xds_facts::clusters(&self.model, &exported, &backend_of) {
            let hosts = self.host_numbers(facts.hosts.iter());
            let amiss: BTreeSet<&String> =
                facts.missing_at.iter().chain(&facts.empty_at).chain(&facts.unhealthy_at).collect();
            let clients: Vec<u32> = (0u32..)
                .zip(self.model.clients)
                .filter(|(_, c)| amiss.contains(&c.name))
                .map(|(i, _)| i)
                .collect();
            let about = About {
                clients: (!clients.is_empty()).then_some(clients),
                hosts: Some(hosts),
                backends: numbers.get(facts.backend.as_str()).map(|number| vec![*number]),
                mesh_wide: false,
            };
            let name = Identity { kind: "XdsCluster", name: facts.cluster.clone(), ..Identity::default() };
            clusters.push(subject(name, about, facts));
        }
        self.add("xds_cluster", clusters);
    }

    /// Backends by the hosts that lead to them: number and `ns/name`.
    fn backends_by_host(&self) -> BTreeMap<String, Vec<(u32, String)>> {
        let mut by_host: BTreeMap<String, Vec<(u32, String)>> = BTreeMap::new();
        for ((_, namespace, name), (number, routed)) in &self.backends {
            for host in &routed.hosts {
                by_host.entry(host.clone()).or_default().push((*number, format!("{namespace}/{name}")));
            }
        }
        by_host
    }

    fn logs(&mut self) {
        let mut hits = Vec::new();
        // Who logged without being collected, or without a name, is somebody all the same: what one logs may explain what it logs too.
        let mut strangers: BTreeMap<&str, u32> = BTreeMap::new();
        let first = u32::try_from(self.model.clients.len()).unwrap_or(u32::MAX);
        for group in &self.model.logs.groups {
            let facts = log_facts::facts(&self.model, group);
            let mut clients = log_facts::clients_of(&self.model, group);
            if clients.is_empty() {
                let next = first.saturating_add(u32::try_from(strangers.len()).unwrap_or(u32::MAX));
                clients.push(*strangers.entry(group.origin.service.as_str()).or_insert(next));
            }
            let host = self.model.hosts.get(&facts.host);
            let about = About {
                clients: Some(clients),
                hosts: host.map(|h| vec![h]),
                ..About::default()
            };
            let optional = |text: &String| (!text.is_empty()).then(|| text.clone());
            let mut name = if facts.service.is_empty() { "log".to_owned() } else { facts.service.clone() };
            for value in group.key.values() {
                name = format!("{name} {value}");
            }
            let name = Identity {
                kind: "SidecarLog",
                name,
                project: optional(&facts.project),
                location: optional(&facts.region),
                namespace: None,
            };
            hits.push(Subject { identity: name, about, facts: Box::new(facts), code: Some(group.code.clone()) });
        }
        self.add("log", hits);
    }

    fn finish(self) -> Mesh {
        let Self { model, routings, sets, notes, .. } = self;
        let meant: BTreeMap<usize, BTreeSet<u32>> = routings.iter().fold(BTreeMap::new(), |mut all, routing| {
            let hosts = routing.virtual_service.spec.hosts.iter().filter_map(|h| model.hosts.get(&names::host(h)));
            all.entry(routing.cluster).or_default().extend(hosts);
            all
        });
        let mut paths = Vec::new();
        for (number, client) in model.mesh_clients() {
            let hosts: BTreeSet<u32> =
                model.clusters_of(client).iter().filter_map(|c| meant.get(c)).flatten().copied().collect();
            paths.extend(hosts.into_iter().map(|host| (number, host)));
        }
        let clients = model
            .clients
            .iter()
            .map(|c| ClientName {
                project: c.project.0.clone(),
                region: c.region.clone(),
                service: c.name.clone(),
                in_mesh: c.in_mesh(),
            })
            .collect();
        let called = |c: &Cluster| match c.location.as_str() {
            "" => c.membership.clone(),
            location => format!("{} ({location})", c.membership),
        };
        let clusters = model.clusters.iter().map(|c| (c.membership.clone(), called(c))).collect();
        Mesh { clients, hosts: model.hosts.names, paths, sets, clusters, notes }
    }
}

/// The backend that a cluster's name tells: the one of its hosts' whose Service and namespace the name contains; the only one there is.
fn backend_of(cluster: &str, hosts: &BTreeSet<String>, by_host: &BTreeMap<String, Vec<(u32, String)>>) -> String {
    let candidates: BTreeSet<&String> =
        hosts.iter().filter_map(|h| by_host.get(h)).flatten().map(|(_, label)| label).collect();
    let tells = |label: &&&String| {
        label.split('/').all(|part| {
            cluster.split(['_', '|', '.', ':']).any(|piece| piece == part) || cluster.contains(&format!("_{part}"))
        })
    };
    let told: Vec<&&String> = candidates.iter().filter(tells).collect();
    match (told.as_slice(), candidates.len()) {
        ([one], _) => (**one).clone(),
        (_, 1) => candidates.into_iter().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

fn subject(identity: Identity, about: About, facts: impl SubjectFacts + 'static) -> Subject {
    Subject { identity, about, facts: Box::new(facts), code: None }
}

fn service_name(facts: &MeshClient) -> Identity {
    Identity {
        kind: "CloudRunService",
        name: facts.service.clone(),
        project: Some(facts.project.clone()),
        location: Some(facts.region.clone()),
        namespace: None,
    }
}

fn membership_name(membership: &str, project: &str, location: &str) -> Identity {
    Identity {
        kind: "Membership",
        name: membership.to_owned(),
        project: Some(project.to_owned()),
        location: (!location.is_empty()).then(|| location.to_owned()),
        namespace: None,
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

fn host_name(facts: &HostLookup) -> Identity {
    Identity {
        kind: "Host",
        name: facts.host.clone(),
        project: Some(facts.network_project.clone()),
        location: Some(facts.network_name.clone()),
        namespace: None,
    }
}
