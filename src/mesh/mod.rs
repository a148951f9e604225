//! The resolved model that a rule looks at: joins are made here, once, and facts computed.
//!
//! In comes a [`Snapshot`] with the log evidence; nothing here knows a network or a rule.
//! `clients`, `clusters`, `routes`, `proxies` and `health` join; `iam`, `dns`, `firewall`, `netpol`, `authz` and `mtls` decide;
//! the `*_facts` files answer what rules ask, as declared in [`facts`]; `assemble` puts the subjects together.
mod access_facts;
mod assemble;
pub mod authz;
mod backend_facts;
mod called;
mod client_facts;
mod clients;
mod clusters;
mod collection_facts;
mod control_facts;
pub mod dns;
mod exporter_facts;
pub mod facts;
pub mod firewall;
mod health;
pub mod iam;
mod labels;
mod log_facts;
mod lookup_facts;
mod manifests;
mod model;
pub mod mtls;
mod names;
pub mod netpol;
pub mod network;
mod notes;
pub mod projects;
mod proxies;
mod pushed_facts;
mod re2;
pub mod reads;
mod reserved;
mod route_facts;
mod routes;
pub mod subject;
mod subset_pods;
mod xds_facts;

use crate::logs::LogEvidence;
use crate::snapshot::Snapshot;
use notes::Notes;
use std::collections::{BTreeMap, BTreeSet};
use subject::Take;

/// The resolved world.
pub struct Mesh {
    pub clients: Vec<ClientName>,
    /// Exported hosts, and hosts that look as if they should be.
    pub hosts: Vec<String>,
    /// Each mesh client with each host offered to it.
    pub paths: Vec<(u32, u32)>,
    /// Memberships of the scope, with what a person calls the cluster: `blue (europe-west3)`.
    pub clusters: BTreeMap<String, String>,
    notes: Notes,
}

/// A Cloud Run service by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName {
    pub project: String,
    pub region: String,
    pub service: String,
    pub in_mesh: bool,
}

impl Mesh {
    /// Joins everything, once. `take` is given every subject of every kind, one after another: together they would take more room than
    /// all the evidence.
    pub fn build(snapshot: &Snapshot, logs: &LogEvidence, take: &mut Take<'_>) -> Self {
        assemble::mesh(snapshot, logs, take)
    }

    /// The client's service name; with its region where two services share the name.
    pub fn client_name(&self, client: u32) -> String {
        let Some(own) = self.clients.get(client as usize) else {
            return String::new();
        };
        let shared = self.clients.iter().filter(|c| c.service == own.service).count() > 1;
        if shared {
            format!("{} ({})", own.service, own.region)
        } else {
            own.service.clone()
        }
    }

    /// What was found in order at one station of a path, in a few words; empty where there is nothing to say.
    pub fn path_note(&self, layer: &str, client: u32, host: u32) -> String {
        self.notes.note(layer, client, host)
    }

    /// Why nobody can tell of one station of a path, where all that is needed was collected.
    pub fn path_doubt(&self, layer: &str, client: u32, host: u32) -> Option<&str> {
        self.notes.doubted(layer, client, host)
    }
}

/// Names of all Cloud Run services: the log scan tells which of them were active.
pub fn service_names(snapshot: &Snapshot) -> BTreeSet<String> {
    let locations = snapshot.cloud_run.values().flat_map(|regions| regions.values());
    locations
        .flat_map(|l| l.services.items())
        .map(|s| names::last(&s.name).to_owned())
        .collect()
}

/// Hosts that the client's clusters export, or should by the looks of it.
fn offered_hosts(model: &model::Model, client: &clients::Client) -> BTreeSet<String> {
    let clusters = model.clusters_of(client);
    let hosts = clusters.iter().filter_map(|c| model.offered.get(c));
    hosts.flatten().cloned().collect()
}
