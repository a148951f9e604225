//! Facts of what the proxies hold.
use super::facts;

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
