//! Puts the subjects together: every kind, each with its name, whom it concerns, and its facts.
mod collection;
mod control;
mod lookups;
mod nowhere;
mod proxies;
mod routing;
mod services;

use super::backend_facts::Routed;
use super::clusters::Cluster;
use super::model::{Ground, Hosts, Model};
use super::notes::Notes;
use super::routes::{self, Routing};
use super::subject::{About, Identity, Subject, SubjectFacts, Take};
use super::{ClientName, Mesh, called, control_facts, names, route_facts};
use crate::logs::LogEvidence;
use crate::snapshot::Snapshot;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

pub fn mesh(snapshot: &Snapshot, logs: &LogEvidence, take: &mut Take<'_>) -> Mesh {
    let ground = Ground::new(snapshot);
    let mut model = Model::new(snapshot, &ground, logs);
    let routings = routes::routings(&ground.clusters);
    let asked = asked_hosts(&model, &routings);
    model.hosts = hosts(&model, &routings, &asked);
    let nowhere = called::host(&model).filter(|host| called::is_unnamed(&model, &routings, host));
    if let Some(host) = &nowhere {
        model.hosts.add(host);
    }
    model.offered = offered(&model, &routings);
    let mut assembly = Assembly {
        model,
        routings,
        asked,
        nowhere,
        take: RefCell::new(take),
        notes: Notes::default(),
        backends: BTreeMap::new(),
    };
    assembly.services();
    assembly.control();
    assembly.routing();
    assembly.lookups();
    assembly.nowhere();
    assembly.proxies();
    assembly.pushed();
    assembly.logs();
    assembly.collection();
    assembly.finish()
}

struct Assembly<'m, 's> {
    model: Model<'m, 's>,
    routings: Vec<Routing<'m, 's>>,
    asked: BTreeSet<String>,
    /// The host of `--url`, where no VirtualService names it.
    nowhere: Option<String>,
    take: RefCell<&'m mut Take<'m>>,
    notes: Notes,
    /// Services that exported routes lead to, by cluster, namespace and name, with their number.
    backends: BTreeMap<(usize, String, String), (u32, Routed)>,
}

/// Hosts that a client is known to call: by `--url`, in a log record that names one, or in its environment.
fn asked_hosts(model: &Model, routings: &[Routing]) -> BTreeSet<String> {
    let mut asked: BTreeSet<String> = called::host(model).into_iter().collect();
    asked.extend(
        model
            .logs
            .groups
            .iter()
            .filter_map(|g| g.captures.get("host"))
            .map(|h| names::host(h)),
    );
    let routed: BTreeSet<String> = routings
        .iter()
        .flat_map(|r| &r.virtual_service.spec.hosts)
        .map(|h| names::host(h))
        .collect();
    let wild = |host: &str| routed.iter().any(|r| names::below_wildcard(host, r));
    for client in model.clients {
        for variable in client.template.containers.iter().flat_map(|c| &c.env) {
            let words = variable
                .value
                .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
            asked.extend(
                words
                    .map(names::host)
                    .filter(|h| h.contains('.') && (routed.contains(h) || wild(h))),
            );
        }
    }
    asked
}

/// Hosts that paths lead to: exported ones, and those that look as if they should be.
fn hosts(model: &Model, routings: &[Routing], asked: &BTreeSet<String>) -> Hosts {
    let mut hosts = Hosts::default();
    for routing in routings {
        for host in routing.hosts() {
            let meant = routing.mesh_only() || routing.misspelt_gateway().is_some() || asked.contains(&host);
            let wanted = model.under_suffix(&host) == Some(true) || asked.contains(&host);
            if routing.exports() || (meant && wanted) || routing.misspelt_gateway().is_some() {
                hosts.add(&host);
            }
            if routing.exports()
                && let Some(full) = model.full_host(&host)
            {
                hosts.add(&full);
            }
        }
    }
    hosts
}

/// Hosts by the cluster that exports them, or should by the looks of it.
fn offered(model: &Model, routings: &[Routing]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut offered = control_facts::exported_by_cluster(routings);
    let exporters = routes::exporters(routings);
    for routing in routings.iter().filter(|r| !r.exports()) {
        let meant = routing
            .hosts()
            .filter(|h| route_facts::meant_for_outside(model, &exporters, routing, h));
        offered.entry(routing.cluster).or_default().extend(meant);
    }
    offered
}

impl Assembly<'_, '_> {
    pub(super) fn add(&self, kind: &'static str, subject: Subject) {
        (self.take.borrow_mut())(kind, subject);
    }

    pub(super) fn host_numbers<'h>(&self, hosts: impl Iterator<Item = &'h String>) -> Vec<u32> {
        let mut numbers: Vec<u32> = hosts.filter_map(|h| self.model.hosts.get(h)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    fn finish(self) -> Mesh {
        let Self {
            model,
            routings,
            notes,
            nowhere,
            ..
        } = self;
        let nowhere = nowhere.and_then(|host| model.hosts.get(&host));
        let meant: BTreeMap<usize, BTreeSet<u32>> =
            routings.iter().fold(BTreeMap::new(), |mut all, routing| {
                let hosts = routing.hosts().filter_map(|h| model.hosts.get(&h));
                all.entry(routing.cluster).or_default().extend(hosts);
                all
            });
        let mut paths = Vec::new();
        for (number, client) in model.mesh_clients() {
            let hosts: BTreeSet<u32> = model
                .clusters_of(client)
                .iter()
                .filter_map(|c| meant.get(c))
                .flatten()
                .copied()
                .chain(nowhere)
                .collect();
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
        let clusters = model
            .clusters
            .iter()
            .map(|c| (c.membership.clone(), called(c)))
            .collect();
        Mesh {
            clusters,
            clients,
            hosts: model.hosts.names,
            paths,
            notes,
        }
    }
}

pub(super) fn subject(identity: Identity, about: About, facts: impl SubjectFacts + 'static) -> Subject {
    Subject {
        identity,
        about,
        facts: Box::new(facts),
        code: None,
    }
}
