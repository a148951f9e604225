//! Facts of the fleet's memberships and of the conditions that the mesh reports.
use super::{Fact, facts};

facts! {
    /// A cluster's membership of the fleet.
    pub struct Membership {
        /// Bare name.
        membership: String,
        /// Id of the fleet's project.
        project: String,
        /// Where the membership is.
        location: String,
        /// Whether the feature's spec has an entry for it.
        has_spec: Fact<bool>,
        /// Whether the feature's state has an entry for it.
        has_state: Fact<bool>,
        /// `MANAGEMENT_AUTOMATIC`, `MANAGEMENT_MANUAL`, `MANAGEMENT_NOT_INSTALLED`, or empty.
        management: Fact<String>,
        /// `TRAFFIC_DIRECTOR`, `ISTIOD`, `UPDATING`, or empty.
        implementation: Fact<String>,
        /// State of the managed control plane: `ACTIVE`, `STALLED`, …, or empty.
        control_plane_state: Fact<String>,
        /// Its details, `CODE: sentence`.
        control_plane_details: Vec<String>,
        /// The meshes that its ControlPlaneRevisions name in `mesh.cloud.google.com/external-mesh`.
        external_meshes: Fact<Vec<String>>,
        /// Names of its ControlPlaneRevisions in istio-system.
        revisions: Fact<Vec<String>>,
        /// ControlPlaneRevisions that are not reconciled or are stalled, with the reason.
        revisions_in_trouble: Fact<Vec<String>>,
        /// How many hosts its VirtualServices export.
        exported_hosts: Fact<i64>,
        /// Whether another cluster of the scope offers a mesh to external clients.
        offered_elsewhere: bool,
    }
}

facts! {
    /// A condition that the mesh's controllers report.
    pub struct MeshCondition {
        /// `MESH_IAM_PERMISSION_DENIED`, …
        code: String,
        /// `ERROR` or `WARNING`.
        severity: String,
        /// Its own words.
        details: String,
        /// A page about it.
        link: String,
        /// Bare name of the membership; empty for the whole fleet.
        membership: String,
        /// Where the membership is.
        location: String,
        /// Id of the fleet's project.
        project: String,
        /// Whether this version knows the code.
        known: bool,
        /// Number of the fleet's project.
        project_number: String,
    }
}
