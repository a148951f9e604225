//! Service Usage: which APIs are enabled.
//!
//! Source: the serviceusage.v1 discovery document, schema `GoogleApiServiceusageV1Service`.
use serde::Deserialize;

/// `ListServicesResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceList {
    pub services: Vec<ApiService>,
}

/// One API of a project.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ApiService {
    /// `projects/NUMBER/services/run.googleapis.com`.
    pub name: String,
    pub state: String,
}
