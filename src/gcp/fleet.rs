//! GKE Hub: memberships and the `servicemesh` feature.
//!
//! Source: the gkehub.v1 discovery document, schemas `Membership`, `Feature`, `ServiceMeshMembershipState`.
use serde::Deserialize;
use std::collections::BTreeMap;

/// `ListMembershipsResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MembershipList {
    pub resources: Vec<Membership>,
    /// Locations that did not answer: their memberships are not known.
    pub unreachable: Vec<String>,
}

/// A cluster's membership of the fleet.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Membership {
    /// `projects/P/locations/LOCATION/memberships/NAME`.
    pub name: String,
    pub endpoint: Endpoint,
}

/// Where the cluster is.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Endpoint {
    pub gke_cluster: Option<GkeCluster>,
}

/// A GKE cluster's own name.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GkeCluster {
    /// `//container.googleapis.com/projects/P/locations/L/clusters/C`.
    pub resource_link: String,
}

/// `ListFeaturesResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FeatureList {
    pub resources: Vec<Feature>,
}

/// One fleet feature; keys of the maps use the project number.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Feature {
    pub name: String,
    pub resource_state: ResourceState,
    pub state: FeatureState,
    pub membership_specs: BTreeMap<String, MembershipSpec>,
    pub membership_states: BTreeMap<String, MembershipState>,
}

/// Whether the feature as a whole is on.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ResourceState {
    pub state: String,
}

/// The feature's state for the whole fleet.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FeatureState {
    pub servicemesh: Option<FleetMeshState>,
}

/// Conditions that concern the whole fleet.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FleetMeshState {
    pub conditions: Vec<MeshCondition>,
}

/// What the operator asked for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MembershipSpec {
    pub mesh: Option<MeshSpec>,
}

/// `MANAGEMENT_AUTOMATIC`, `MANAGEMENT_MANUAL`, `MANAGEMENT_NOT_INSTALLED`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MeshSpec {
    pub management: String,
}

/// What became of it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MembershipState {
    pub servicemesh: Option<MeshState>,
}

/// The mesh's state in one membership.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MeshState {
    pub control_plane_management: ControlPlane,
    pub conditions: Vec<MeshCondition>,
}

/// The managed control plane.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ControlPlane {
    /// `ISTIOD`, `TRAFFIC_DIRECTOR`, `UPDATING`.
    pub implementation: String,
    pub state: String,
    pub details: Vec<Detail>,
}

/// A code and its sentence.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Detail {
    pub code: String,
    pub details: String,
}

/// A condition that the mesh's controllers report.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct MeshCondition {
    pub code: String,
    pub severity: String,
    pub details: String,
    pub documentation_link: String,
}
