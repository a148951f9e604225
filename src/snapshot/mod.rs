//! What was collected: typed raw resources, where each came from, and what could not be had.
//!
//! In come files (`read`); out go the resources as the APIs gave them, to the mesh, or to a bundle (`write`). Nothing here
//! is joined or judged.
mod availability;
mod collected;
mod failure;
mod labels;
mod manifest;
pub mod read;
pub mod refusal;
mod seal;
mod seen;
mod sources;
pub mod unfinished;
mod world;
pub mod write;

pub use crate::input::ReadError;
pub use crate::names::{ProjectId, ProjectNumber};
pub use availability::{Availability, all_needs};
pub use collected::Collected;
pub use failure::{Failure, FailureKind, denied, is_beyond_roles, is_permission, is_resource};
pub use labels::telling_labels;
pub use manifest::{Again, CollectorOutcome, FileDigest, Manifest, RedactionSummary, SCHEMA, Status};
use read::layout_knows;
pub use sources::{Compute, Dns, Fleet, Kubernetes, OrganizationIam, ProjectIam, RunLocation, SOURCES};
pub use world::{Blob, Content, Encoding, MAX_FILE, Warning, World};

use crate::gcp::{container, iam, service_usage};
use crate::xds;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

impl Snapshot {
    /// Bare names of the memberships that the snapshot knows: those with objects, and the fleet's others.
    pub fn memberships(&self) -> BTreeSet<&str> {
        let listed = self.fleet.values().flat_map(|f| f.memberships.items());
        let listed = listed.map(|m| m.name.rsplit('/').next().unwrap_or_default());
        self.kubernetes.keys().map(String::as_str).chain(listed).collect()
    }
}

/// Everything that was collected, by API and place. What is absent from a map was not collected.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// The raw files behind it, by their path in the snapshot layout.
    pub world: World,
    pub manifest: Manifest,
    /// The "now" of every rule that needs one.
    pub collected_at: Timestamp,
    /// By project, then region.
    pub cloud_run: BTreeMap<ProjectId, BTreeMap<String, RunLocation>>,
    /// Log files by project; plain Envoy text stands under the project `-`.
    pub logs: BTreeMap<ProjectId, Vec<Blob>>,
    pub projects: BTreeMap<ProjectId, ProjectIam>,
    /// Allow policies of folders, by their number.
    pub folders: BTreeMap<String, iam::Policy>,
    pub organizations: BTreeMap<String, OrganizationIam>,
    /// Predefined roles with their permissions, where they were fetched.
    pub predefined_roles: Collected<Vec<iam::Role>>,
    pub service_usage: BTreeMap<ProjectId, Vec<service_usage::ApiService>>,
    pub dns: BTreeMap<ProjectId, Dns>,
    pub compute: BTreeMap<ProjectId, Compute>,
    pub fleet: BTreeMap<ProjectId, Fleet>,
    pub clusters: BTreeMap<ProjectId, container::ClusterList>,
    pub csds: BTreeMap<ProjectId, xds::ClientStatus>,
    /// By membership.
    pub kubernetes: BTreeMap<String, Kubernetes>,
}
