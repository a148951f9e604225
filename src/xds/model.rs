//! The part of xDS that a diagnosis speaks of, free of protobuf.
use jiff::Timestamp;
use std::collections::BTreeMap;

/// One CSDS answer.
#[derive(Debug, Default, Clone)]
pub struct ClientStatus {
    pub clients: Vec<XdsClient>,
}

/// One connected proxy.
#[derive(Debug, Default, Clone)]
pub struct XdsClient {
    /// `projects/NUMBER/networks/mesh:MESH/nodes/UUID` for a mesh's proxies.
    pub node_id: String,
    /// Every string in the node's metadata, nested keys joined by a dot.
    pub metadata: BTreeMap<String, String>,
    /// `envoy 1.36.0`, as far as the node says.
    pub user_agent: String,
    pub region: String,
    /// Addresses the node says it listens on.
    pub listening_addresses: Vec<String>,
    pub resources: Vec<Resource>,
}

/// One xDS resource as the control plane sees it at this client.
#[derive(Debug, Clone)]
pub struct Resource {
    pub kind: Kind,
    pub type_url: String,
    pub name: String,
    pub version: String,
    pub state: SyncState,
    /// What the client refused, where it refused something.
    pub error: Option<ErrorState>,
    pub last_updated: Option<Timestamp>,
    pub is_static: bool,
    pub content: Content,
}

/// Which discovery service a resource belongs to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    Lds,
    Rds,
    Cds,
    Eds,
    Srds,
    Sds,
    /// Another type, by the last part of its name.
    Other(String),
}

/// Whether the client took it. A control plane's words and a client's words for the same are one here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum SyncState {
    /// No statement: UNKNOWN in both enums.
    #[default]
    Unknown,
    /// SYNCED, ACKED.
    Synced,
    NotSent,
    /// Sent, no answer.
    Stale,
    /// ERROR, NACKED: refused.
    Rejected,
    /// The client asked and has no answer.
    Requested,
    DoesNotExist,
    ReceivedError,
    Timeout,
}

/// A refusal.
#[derive(Debug, Default, Clone)]
pub struct ErrorState {
    pub details: String,
    pub version: String,
    pub last_attempt: Option<Timestamp>,
}

/// An opened resource.
#[derive(Debug, Clone)]
pub enum Content {
    Listener(Listener),
    Routes(RouteConfig),
    Cluster(Cluster),
    Endpoints(Assignment),
    /// A type that is shown by name only.
    Opaque,
    /// The server sent no content.
    Absent,
}

/// A listener, as far as HTTP routing goes.
#[derive(Debug, Default, Clone)]
pub struct Listener {
    pub address: String,
    pub port: u32,
    /// Names of the route configurations that its connection managers fetch by RDS.
    pub route_configs: Vec<String>,
    pub inline_routes: Vec<RouteConfig>,
}

/// A route configuration.
#[derive(Debug, Default, Clone)]
pub struct RouteConfig {
    pub name: String,
    pub virtual_hosts: Vec<VirtualHost>,
}

/// A virtual host.
#[derive(Debug, Default, Clone)]
pub struct VirtualHost {
    pub name: String,
    pub domains: Vec<String>,
    pub routes: Vec<Route>,
}

/// A route; `clusters` is empty for a redirect or a direct response.
#[derive(Debug, Default, Clone)]
pub struct Route {
    pub name: String,
    /// The match in words: `prefix /`.
    pub matches: String,
    /// Cluster names and weights; a single cluster has weight 100.
    pub clusters: Vec<(String, u32)>,
    /// The cluster comes from this request header.
    pub cluster_header: Option<String>,
}

/// A cluster.
#[derive(Debug, Default, Clone)]
pub struct Cluster {
    /// `EDS`, `STRICT_DNS`, `STATIC`, …
    pub discovery: String,
    /// The name to look up in EDS; the cluster's own name where the proto has none.
    pub eds_service_name: String,
    pub inline_endpoints: Option<Assignment>,
}

/// A cluster's endpoints.
#[derive(Debug, Default, Clone)]
pub struct Assignment {
    pub cluster_name: String,
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Debug, Default, Clone)]
pub struct Endpoint {
    pub address: String,
    pub port: u32,
    /// `HEALTHY`, `UNKNOWN` (which Envoy treats as healthy), `UNHEALTHY`, `DRAINING`, `TIMEOUT`, `DEGRADED`.
    pub health: String,
}

impl Endpoint {
    /// Whether Envoy would send to it: UNKNOWN, HEALTHY and DEGRADED count.
    pub fn is_usable(&self) -> bool {
        matches!(self.health.as_str(), "" | "UNKNOWN" | "HEALTHY" | "DEGRADED")
    }
}
