//! Cloud Run: the fields of run.v2 Service and Revision that a diagnosis uses.
//!
//! Source: the run.v2 discovery document, schemas `GoogleCloudRunV2Service`, `GoogleCloudRunV2Revision`.
use serde::Deserialize;

/// `ListServicesResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceList {
    pub services: Vec<Service>,
    /// Locations that did not answer: their services are not known.
    pub unreachable: Vec<String>,
}

/// `ListRevisionsResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RevisionList {
    pub revisions: Vec<Revision>,
}

/// One Cloud Run service.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Service {
    /// `projects/P/locations/REGION/services/NAME`.
    pub name: String,
    pub template: Template,
    pub traffic: Vec<TrafficTarget>,
    pub traffic_statuses: Vec<TrafficTarget>,
    pub latest_ready_revision: String,
    pub latest_created_revision: String,
    pub terminal_condition: Option<Condition>,
}

/// One revision: it carries the template's fields at its top level.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Revision {
    /// `projects/P/locations/REGION/services/NAME/revisions/REVISION`.
    pub name: String,
    #[serde(flatten)]
    pub template: Template,
}

/// What every instance is made from.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Template {
    /// Absent: the Compute Engine default account of the project.
    pub service_account: String,
    pub execution_environment: String,
    pub service_mesh: Option<ServiceMesh>,
    pub vpc_access: Option<VpcAccess>,
    pub containers: Vec<Container>,
    pub scaling: Scaling,
}

/// How many instances.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scaling {
    pub min_instance_count: i64,
    pub max_instance_count: i64,
}

/// `template.serviceMesh`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ServiceMesh {
    /// `projects/{id or number}/locations/global/meshes/M`.
    pub mesh: String,
}

/// `template.vpcAccess`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VpcAccess {
    pub connector: String,
    /// `ALL_TRAFFIC` or `PRIVATE_RANGES_ONLY`, the default.
    pub egress: String,
    pub network_interfaces: Vec<NetworkInterface>,
}

/// One Direct VPC interface.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkInterface {
    pub network: String,
    pub subnetwork: String,
    pub tags: Vec<String>,
}

/// A container, as far as its plain environment tells whom it calls.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    pub env: Vec<EnvVar>,
}

/// An environment variable; `value` is empty where it comes from a secret.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EnvVar {
    pub name: String,
    pub value: String,
}

/// A share of the traffic.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrafficTarget {
    #[serde(rename = "type")]
    pub kind: String,
    /// Bare name of the revision; empty for `…_LATEST`.
    pub revision: String,
    pub percent: i64,
}

/// A condition of a service.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Condition {
    #[serde(rename = "type")]
    pub kind: String,
    /// `CONDITION_SUCCEEDED`, `CONDITION_FAILED`, `CONDITION_PENDING`, `CONDITION_RECONCILING`.
    pub state: String,
    pub reason: String,
    pub revision_reason: String,
    pub message: String,
}
