//! Facts of projects and of the APIs that they need.
use super::{Fact, facts};

facts! {
    /// A project that takes part.
    pub struct Project {
        /// Its id.
        project: String,
        /// Its number; empty where nothing tells it.
        number: String,
        /// Whether it is the fleet's project, which holds the mesh.
        is_fleet: bool,
        /// Whether it holds Cloud Run services that name a mesh.
        has_clients: bool,
        /// Whether it holds a cluster of the fleet.
        has_clusters: bool,
        /// Whether its fleet has the `servicemesh` feature.
        mesh_feature: Fact<bool>,
        /// The Cloud Run service agent.
        run_agent: String,
        /// Whether that agent holds `roles/run.serviceAgent` here.
        run_agent_role: Fact<bool>,
        /// The mesh's service agent of the fleet project.
        mesh_agent: String,
        /// Whether that agent holds `roles/anthosservicemesh.serviceAgent` here.
        mesh_agent_role: Fact<bool>,
    }
}

facts! {
    /// An API that a project needs.
    pub struct ApiUse {
        /// Id of the project.
        project: String,
        /// `trafficdirector.googleapis.com`.
        api: String,
        /// What it is needed for, in words.
        purpose: String,
        /// Whether it is enabled.
        enabled: Fact<bool>,
    }
}
