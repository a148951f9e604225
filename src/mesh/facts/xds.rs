//! Facts of what the proxies hold.
use super::{Fact, facts};

facts! {
    /// A resource that a proxy does not hold in sync.
    pub struct XdsResource {
        /// The proxy's node id.
        node: String,
        /// The Cloud Run service it belongs to; empty where nothing tells it.
        service: String,
        /// `LDS`, `RDS`, `CDS`, `EDS` or the type's name.
        kind: String,
        /// The resource's name.
        name: String,
        /// `stale`, `rejected`, `not_sent`, `requested`, `does_not_exist`, `received_error`, `timeout`.
        state: String,
        /// What the proxy refused, in its words.
        error: String,
        /// The version it refused.
        rejected_version: String,
        /// The version it holds.
        version: String,
        /// Exported hosts whose traffic depends on it.
        hosts: Vec<String>,
        /// Whether the client needs it (a listener, a route of exported hosts, a cluster that they use).
        needed: bool,
    }
}

facts! {
    /// What health checks say of endpoints, by the backend service that they check them for.
    pub struct HealthCheck {
        /// The backend service's project.
        project: String,
        /// The backend service.
        backend_service: String,
        /// How many endpoints are in which state, `2 UNHEALTHY`.
        health: String,
    }
}

facts! {
    /// A cluster that a proxy's routes to exported hosts name.
    pub struct XdsCluster {
        /// The cluster's name.
        cluster: String,
        /// Exported hosts whose routes lead to it.
        hosts: Vec<String>,
        /// The Kubernetes Service behind it, `ns/name`; empty where nothing tells it.
        backend: String,
        /// Clients (services, else node ids) that have the route but not the cluster.
        missing_at: Vec<String>,
        /// Clients at which it has no endpoints.
        empty_at: Vec<String>,
        /// Clients at which it has endpoints and none is usable.
        unhealthy_at: Vec<String>,
        /// How many clients were looked at.
        clients: i64,
        /// How many endpoints the last one looked at has.
        endpoints: i64,
        /// Their health, `2 UNHEALTHY`.
        health: Vec<String>,
        /// What health checks say of them where none is usable, as far as that was collected.
        health_checks: Vec<HealthCheck>,
    }
}

facts! {
    /// A host that connected clients have a route for.
    pub struct PushedHost {
        /// The host, without a port.
        host: String,
        /// Whether the host lies under a private managed zone.
        under_suffix: Fact<bool>,
        /// Whether a VirtualService exports it, by its name or by a wildcard. Unknown where those of a cluster of the fleet were not
        /// listed.
        exported: Fact<bool>,
        /// Of one that none exports: clients (services, else node ids) that have the route.
        clients: Vec<String>,
        /// Of one that none exports: VirtualServices (`ns/name`) that name it without `external-mesh`.
        named_by: Vec<String>,
        /// Clusters whose VirtualServices were listed.
        looked_in: Vec<String>,
    }
}
