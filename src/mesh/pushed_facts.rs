//! Facts of hosts that connected clients have a route for: whether a VirtualService still exports them.
use super::called::takes;
use super::facts::{Fact, PushedHost};
use super::model::Model;
use super::names::last;
use super::routes::Routing;
use crate::snapshot::Availability;
use std::collections::{BTreeMap, BTreeSet};

/// A host, and whose route tables hold it.
pub struct Pushed {
    pub facts: PushedHost,
    /// Services, as indices into the clients; None where a proxy that has it belongs to nobody known.
    pub services: Option<BTreeSet<usize>>,
}

/// Hosts in the route tables of the proxies of the clusters' meshes, sorted.
pub fn hosts(model: &Model, routings: &[Routing]) -> Vec<Pushed> {
    let exports = Exports::new(model, routings);
    let meshes: Vec<_> = (0..model.clusters.len())
        .flat_map(|cluster| model.meshes_of(cluster))
        .collect();
    let mut found: BTreeMap<String, Pushed> = BTreeMap::new();
    for proxy in model.proxies.of_meshes(&meshes, model.projects) {
        for domain in proxy.domains() {
            let host = domain.split_once(':').map_or(domain, |(host, _)| host);
            let exported = exports.hold(host);
            if exported && found.contains_key(host) {
                continue;
            }
            let pushed = found
                .entry(host.to_owned())
                .or_insert_with(|| exports.pushed(host, exported));
            if !exported {
                let label = proxy.label(model.clients);
                if let Err(place) = pushed.facts.clients.binary_search(&label) {
                    pushed.facts.clients.insert(place, label);
                }
                match (proxy.service, &mut pushed.services) {
                    (Some(service), Some(services)) => _ = services.insert(service),
                    _ => pushed.services = None,
                }
            }
        }
    }
    found.into_values().collect()
}

/// What the VirtualServices of the snapshot export.
struct Exports<'a, 'm, 's> {
    model: &'a Model<'m, 's>,
    hosts: BTreeSet<String>,
    /// VirtualServices without `external-mesh`, by the hosts that they name.
    named_by: BTreeMap<String, Vec<String>>,
    wildcards: BTreeSet<String>,
    looked_in: Vec<String>,
    /// Why something may be exported that nobody saw.
    unseen: Option<String>,
}

impl<'a, 'm, 's> Exports<'a, 'm, 's> {
    fn new(model: &'a Model<'m, 's>, routings: &[Routing<'m, 's>]) -> Self {
        let exporting = routings.iter().filter(|routing| routing.exports());
        let mut hosts: BTreeSet<String> = exporting.flat_map(Routing::hosts).collect();
        let full: Vec<String> = hosts.iter().filter_map(|host| model.full_host(host)).collect();
        hosts.extend(full);
        let mut named_by: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for routing in routings.iter().filter(|routing| !routing.exports()) {
            for host in routing.hosts() {
                named_by.entry(host).or_default().push(routing.full_name());
            }
        }
        let wildcards = hosts.iter().filter(|host| host.starts_with('*')).cloned();
        Self {
            wildcards: wildcards.collect(),
            hosts,
            looked_in: model.routes_listed(),
            unseen: unseen(model),
            named_by,
            model,
        }
    }

    fn hold(&self, host: &str) -> bool {
        self.hosts.contains(host) || self.wildcards.iter().any(|wildcard| takes(wildcard, host))
    }

    fn pushed(&self, host: &str, exported: bool) -> Pushed {
        let facts = PushedHost {
            host: host.to_owned(),
            under_suffix: match self.model.under_suffix(host) {
                Some(under) => Fact::Known(under),
                None => Fact::unknown("the managed zones were not collected"),
            },
            exported: match &self.unseen {
                Some(why) if !exported => Fact::Unknown(why.clone()),
                _ => Fact::Known(exported),
            },
            named_by: match self.named_by.get(host) {
                Some(named_by) if !exported => named_by.clone(),
                _ => Vec::new(),
            },
            looked_in: self.looked_in.clone(),
            ..PushedHost::default()
        };
        Pushed {
            facts,
            services: Some(BTreeSet::new()),
        }
    }
}

/// Why a VirtualService may be there that the snapshot does not hold: a listing that is not whole, or a cluster that is out of scope.
fn unseen(model: &Model) -> Option<String> {
    match model.snapshot.availability("kubernetes/virtualservices") {
        Availability::Partial(reason) | Availability::Missing(reason) => return Some(reason),
        Availability::Complete => {}
    }
    let mut members = model
        .snapshot
        .fleet
        .values()
        .flat_map(|fleet| fleet.memberships.items());
    let elsewhere = members.find(|member| {
        let mut known = model.clusters.iter();
        !known.any(|cluster| cluster.membership == last(&member.name))
    })?;
    let name = last(&elsewhere.name);
    Some(format!(
        "the cluster {name} of the fleet is not in scope and may export it"
    ))
}
