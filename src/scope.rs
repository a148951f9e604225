//! What the user asked to look at: projects, regions, services, clusters, since when.
use serde::{Deserialize, Serialize};

/// The scope, as a bundle's manifest and the report carry it. Empty lists mean "all that was collected".
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scope {
    /// The fleet project: the one that holds the mesh. Empty where nobody said.
    pub project: String,
    /// Projects of the Cloud Run services, where they are others.
    pub service_projects: Vec<String>,
    pub regions: Vec<String>,
    /// Names or globs of Cloud Run services.
    pub services: Vec<String>,
    pub memberships: Vec<String>,
    pub namespaces: Vec<String>,
    /// A URL that a client should be able to call.
    pub url: String,
    /// How far back the logs reach, as a duration in seconds: `3600s`.
    pub since: String,
}
