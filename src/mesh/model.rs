//! All joins of one snapshot in one place: what the facts of every kind of subject are computed from.
use super::clients::{self, Client};
use super::clusters::{self, Cluster};
use super::dns::DnsView;
use super::firewall::Firewall;
use super::iam::Iam;
use super::manifests::{self, RawVirtualServices};
use super::names::{self, MeshName};
use super::network::Networks;
use super::projects::Projects;
use super::proxies::Proxies;
use super::routes::{EXTERNAL_GATEWAY, Routing};
use crate::k8s::istio::VirtualService;
use crate::logs::LogEvidence;
use crate::snapshot::{Kubernetes, Snapshot};
use serde_json::Value;
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// The joined world.
pub struct Model<'m, 's> {
    pub snapshot: &'s Snapshot,
    pub projects: &'m Projects,
    pub networks: &'m Networks,
    pub iam: Iam<'m>,
    pub dns: DnsView,
    pub firewall: Firewall,
    pub clients: &'m [Client<'s>],
    pub clusters: &'m [Cluster<'s>],
    pub proxies: Proxies<'s>,
    pub logs: &'m LogEvidence,
    pub logging_collected: bool,
    pub hosts: Hosts,
    /// Hosts that each cluster exports, or should by the looks of it.
    pub offered: BTreeMap<usize, BTreeSet<String>>,
    suffixes: BTreeSet<String>,
    /// The suffix that exported hosts with a full name share.
    suffix: OnceCell<Option<String>>,
    raw: OnceCell<RawVirtualServices>,
}

/// Host names as small numbers.
#[derive(Debug, Default)]
pub struct Hosts {
    pub names: Vec<String>,
    by_name: BTreeMap<String, u32>,
}

impl Hosts {
    pub fn add(&mut self, host: &str) -> u32 {
        if let Some(known) = self.by_name.get(host) {
            return *known;
        }
        let number = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(host.to_owned());
        self.by_name.insert(host.to_owned(), number);
        number
    }

    pub fn get(&self, host: &str) -> Option<u32> {
        self.by_name.get(host).copied()
    }

    /// The host itself, else the nearest wildcard that takes it.
    pub fn taking(&self, host: &str) -> Option<u32> {
        let above = std::iter::successors(host.split_once('.'), |(_, rest)| rest.split_once('.'));
        let mut wildcards = above.filter_map(|(_, rest)| self.get(&format!("*.{rest}")));
        self.get(host).or_else(|| wildcards.next())
    }
}

/// What a model borrows from.
pub struct Ground<'s> {
    pub projects: Projects,
    pub networks: Networks,
    pub clients: Vec<Client<'s>>,
    pub clusters: Vec<Cluster<'s>>,
}

impl<'s> Ground<'s> {
    pub fn new(snapshot: &'s Snapshot) -> Self {
        let projects = Projects::new(snapshot);
        let networks = Networks::new(snapshot, &projects);
        Self {
            clients: clients::clients(snapshot, &projects, &networks),
            clusters: clusters::clusters(snapshot, &projects, &networks),
            projects,
            networks,
        }
    }
}

impl<'m, 's: 'm> Model<'m, 's> {
    pub fn new(snapshot: &'s Snapshot, ground: &'m Ground<'s>, logs: &'m LogEvidence) -> Self {
        let dns = DnsView::new(snapshot, &ground.projects);
        Self {
            suffixes: suffixes(&dns, &ground.clusters),
            dns,
            snapshot,
            projects: &ground.projects,
            networks: &ground.networks,
            iam: Iam::new(snapshot, &ground.projects),
            firewall: Firewall::new(snapshot, &ground.projects),
            proxies: Proxies::new(snapshot, &ground.clients, &ground.projects),
            clients: &ground.clients,
            clusters: &ground.clusters,
            logs,
            logging_collected: !snapshot.logs.is_empty(),
            hosts: Hosts::default(),
            offered: BTreeMap::new(),
            suffix: OnceCell::new(),
            raw: OnceCell::new(),
        }
    }

    /// A VirtualService's http rules with all their fields, as they came.
    pub fn raw_http(&self, routing: &Routing) -> Value {
        let raw = self
            .raw
            .get_or_init(|| manifests::raw_virtual_services(self.snapshot));
        let key = (
            routing.of.membership.clone(),
            routing.namespace().to_owned(),
            routing.name().to_owned(),
        );
        raw.get(&key)
            .and_then(|v| v.pointer("/spec/http"))
            .cloned()
            .unwrap_or_else(|| Value::Array(Vec::new()))
    }

    /// The fleet's project, as far as anything names it.
    pub fn fleet_project(&self) -> String {
        let scope = &self.snapshot.manifest.scope.project;
        if !scope.is_empty() {
            return self.projects.id(scope).0;
        }
        self.clusters
            .first()
            .map(|c| c.fleet_project.0.clone())
            .unwrap_or_default()
    }

    /// Clients that name a mesh, with their index.
    pub fn mesh_clients(&self) -> impl Iterator<Item = (u32, &Client<'s>)> {
        (0u32..).zip(self.clients).filter(|(_, c)| c.in_mesh())
    }

    /// Clusters that offer the client's mesh, and those that offer none as yet: theirs may be it. All of them where none offers it or
    /// nothing tells.
    pub fn clusters_of(&self, client: &Client) -> Vec<usize> {
        let offering = |i: &usize| {
            client.mesh.as_ref().is_some_and(|mesh| {
                self.clusters
                    .get(*i)
                    .is_some_and(|c| c.offers(mesh, self.projects))
            })
        };
        let idle = |i: &usize| {
            let cluster = self.clusters.get(*i);
            cluster.is_some_and(|c| c.offers.as_ref().is_some_and(Vec::is_empty))
        };
        let all = 0..self.clusters.len();
        if all.clone().any(|i| offering(&i)) {
            all.filter(|i| offering(i) || idle(i)).collect()
        } else {
            all.collect()
        }
    }

    /// Clients that a cluster serves: those of its meshes; where it offers none, all mesh clients.
    pub fn clients_of(&self, cluster: usize) -> Vec<u32> {
        self.mesh_clients()
            .filter(|(_, c)| self.clusters_of(c).contains(&cluster))
            .map(|(i, _)| i)
            .collect()
    }

    /// Clusters whose VirtualServices were listed.
    pub fn routes_listed(&self) -> Vec<String> {
        let had = |c: &&Cluster| c.k8s.is_some_and(|k| k.virtual_services.is_had());
        let listed = self.clusters.iter().filter(had);
        listed.map(|c| c.membership.clone()).collect()
    }

    /// Whether two clusters may offer one mesh: both say the same, or one does not say.
    pub fn share_mesh(&self, one: usize, other: usize) -> bool {
        let unread = |i: usize| self.clusters.get(i).is_none_or(|c| c.offers.is_none());
        let theirs = self.meshes_of(other);
        one == other
            || unread(one)
            || unread(other)
            || self
                .meshes_of(one)
                .iter()
                .any(|m| theirs.iter().any(|t| m.same(t, self.projects)))
    }

    /// Meshes that a cluster offers.
    pub fn meshes_of(&self, cluster: usize) -> Vec<MeshName> {
        let offers = self.clusters.get(cluster).and_then(|c| c.offers.as_ref());
        offers
            .into_iter()
            .flatten()
            .filter_map(|m| MeshName::parse(m))
            .collect()
    }

    /// The name that a short one is likely to stand for: under the suffix that the mesh's full names share, else the only one there is.
    pub fn full_host(&self, host: &str) -> Option<String> {
        if host.is_empty() || !host.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return None;
        }
        let suffix = self.suffix.get_or_init(|| {
            let exported = self
                .clusters
                .iter()
                .filter_map(|c| c.k8s)
                .flat_map(exported_hosts);
            let used: BTreeSet<String> = exported
                .filter_map(|h| self.suffix_of(&h).map(str::to_owned))
                .collect();
            let of = if used.is_empty() { &self.suffixes } else { &used };
            of.first().filter(|_| of.len() == 1).cloned()
        });
        suffix.as_ref().map(|suffix| format!("{host}.{suffix}"))
    }

    /// Whether a host lies under a private zone for services of the company's own, or beside an exported host that has no such zone;
    /// None where no zone listing was collected.
    pub fn under_suffix(&self, host: &str) -> Option<bool> {
        if self.snapshot.dns.values().all(|d| !d.zones.is_had()) {
            return None;
        }
        Some(self.suffix_of(host).is_some())
    }

    /// The longest of the suffixes that a host lies under. A host has few labels, a company may have many zones.
    fn suffix_of<'h>(&self, host: &'h str) -> Option<&'h str> {
        let mut above = std::iter::successors(host.split_once('.'), |(_, rest)| rest.split_once('.'));
        above.find_map(|(_, rest)| self.suffixes.contains(rest).then_some(rest))
    }
}

/// Names of private zones, without those that steer Google's own names; and what stands after the first dot of an exported host
/// that no private zone holds, since its zone may be missing or public.
fn suffixes(dns: &DnsView, clusters: &[Cluster]) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = dns
        .suffixes()
        .into_iter()
        .filter(|s| own(s))
        .map(str::to_owned)
        .collect();
    let beside: Vec<String> = clusters
        .iter()
        .filter_map(|c| c.k8s)
        .flat_map(exported_hosts)
        // An address has no suffix.
        .filter(|host| host.parse::<IpAddr>().is_err())
        .filter_map(|host| Some(host.split_once('.')?.1.to_owned()))
        .filter(|suffix| {
            let mut above = std::iter::successors(Some(suffix.as_str()), |s| Some(s.split_once('.')?.1));
            own(suffix) && !above.any(|zone| found.contains(zone))
        })
        .collect();
    found.extend(beside);
    found
}

/// Hosts that a cluster's VirtualServices name for external clients.
fn exported_hosts(cluster: &Kubernetes) -> impl Iterator<Item = String> {
    let exporting = |v: &&VirtualService| v.spec.gateways.iter().any(|g| g == EXTERNAL_GATEWAY);
    let exported = cluster.virtual_services.items().iter().filter(exporting);
    exported.flat_map(|v| v.spec.hosts.iter().map(|h| names::host(h)))
}

/// Whether a suffix is neither Google's nor the cluster's.
fn own(suffix: &str) -> bool {
    const GOOGLE: [&str; 6] = [
        "googleapis.com",
        "gcr.io",
        "pkg.dev",
        "run.app",
        "google.com",
        "cloud.goog",
    ];
    !GOOGLE.iter().any(|g| names::under(suffix, g))
        && !suffix.ends_with("in-addr.arpa")
        && !suffix.ends_with("cluster.local")
}
