//! The part of xDS that a diagnosis speaks of, free of protobuf.
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// One CSDS answer.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ClientStatus {
    pub clients: Vec<XdsClient>,
}

/// One connected proxy.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct XdsClient {
    /// `projects/NUMBER/networks/mesh:MESH/nodes/UUID` for a mesh's proxies.
    pub node_id: String,
    /// Every value in the node's metadata as text, nested keys and list indexes joined by a dot.
    pub metadata: BTreeMap<String, String>,
    /// `envoy 1.36.0`, as far as the node says.
    pub user_agent: String,
    pub region: String,
    /// Addresses the node says it listens on.
    pub listening_addresses: Vec<String>,
    /// For which target a proxyless client uses this configuration: `xds:/HOST:PORT`; else empty.
    pub scope: String,
    pub resources: Vec<Resource>,
    /// What the old form says of a type as a whole; empty in the new form.
    pub type_states: BTreeMap<Kind, SyncState>,
}

/// One xDS resource as the control plane sees it at this client.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    pub kind: Kind,
    pub type_url: Arc<str>,
    pub name: Arc<str>,
    pub version: Arc<str>,
    pub state: SyncState,
    /// What the client refused, where it refused something.
    pub error: Option<Box<ErrorState>>,
    pub last_updated: Option<Timestamp>,
    pub is_static: bool,
    /// The same for all clients that hold the same.
    pub content: Arc<Content>,
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
    /// Another type, by the last part of its name; empty where not even that is known.
    Other(String),
}

impl Kind {
    /// By a type URL: `type.googleapis.com/envoy.config.listener.v3.Listener`.
    pub fn of(type_url: &str) -> Self {
        let full = Self::type_name(type_url);
        let last = full.rsplit('.').next().unwrap_or(full);
        match last {
            _ if !full.starts_with("envoy.") => Self::Other(last.to_owned()),
            "Listener" => Self::Lds,
            "RouteConfiguration" => Self::Rds,
            "Cluster" => Self::Cds,
            "ClusterLoadAssignment" => Self::Eds,
            "ScopedRouteConfiguration" => Self::Srds,
            "Secret" => Self::Sds,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The message's full name in a type URL.
    pub fn type_name(type_url: &str) -> &str {
        type_url.rsplit('/').next().unwrap_or(type_url)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lds => "LDS",
            Self::Rds => "RDS",
            Self::Cds => "CDS",
            Self::Eds => "EDS",
            Self::Srds => "SRDS",
            Self::Sds => "SDS",
            Self::Other(name) => name,
        })
    }
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
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ErrorState {
    pub details: String,
    pub version: String,
    pub last_attempt: Option<Timestamp>,
}

/// An opened resource.
#[derive(Debug, Clone, PartialEq)]
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
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Listener {
    pub address: String,
    pub port: u32,
    /// Names of the route configurations that its connection managers fetch by RDS.
    pub route_configs: Vec<String>,
    pub inline_routes: Vec<RouteConfig>,
}

/// A route configuration.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct RouteConfig {
    pub name: String,
    pub virtual_hosts: Vec<VirtualHost>,
    /// More virtual hosts come by VHDS and are not in the answer.
    pub partly_elsewhere: bool,
}

/// A virtual host.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct VirtualHost {
    pub name: String,
    pub domains: Vec<String>,
    pub routes: Vec<Route>,
}

/// A route; `clusters` is empty for a redirect or a direct response.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Route {
    pub name: String,
    /// The whole match in words: `prefix /, header x-env is canary`.
    pub matches: String,
    pub path: PathMatch,
    pub case_sensitive: bool,
    /// What must hold besides the path, in words.
    pub conditions: Vec<String>,
    pub action: Action,
    /// Cluster names and weights; a single cluster has weight 100.
    pub clusters: Vec<(String, u32)>,
    /// The cluster comes from this request header.
    pub cluster_header: Option<String>,
}

/// How a route matches the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PathMatch {
    Prefix(String),
    Exact(String),
    /// The whole path, without the query.
    Regex(String),
    /// This path or one below it (`path_separated_prefix`).
    Segments(String),
    /// CONNECT requests.
    Connect,
    Other(String),
}

impl Default for PathMatch {
    fn default() -> Self {
        Self::Other(String::new())
    }
}

impl fmt::Display for PathMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // Envoy takes an empty prefix for "/": both match everything.
            Self::Prefix(text) if text.is_empty() => f.write_str("prefix /"),
            Self::Prefix(text) => write!(f, "prefix {text}"),
            Self::Exact(text) => write!(f, "path {text}"),
            Self::Regex(text) => write!(f, "regex {text}"),
            Self::Segments(text) => write!(f, "path at or below {text}"),
            Self::Connect => f.write_str("CONNECT"),
            Self::Other(text) => f.write_str(text),
        }
    }
}

/// What a route does with a request.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub enum Action {
    /// To its clusters, or to the one that its header names.
    #[default]
    Forward,
    Redirect,
    /// Answered by the proxy itself, with this status code.
    DirectResponse(u32),
    /// Something else, in words.
    Other(String),
}

/// A cluster.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Cluster {
    /// `EDS`, `STRICT_DNS`, `STATIC`, …
    pub discovery: String,
    /// The name to look up in EDS; the cluster's own name where the proto has none.
    pub eds_service_name: String,
    pub inline_endpoints: Option<Assignment>,
    pub transport: Transport,
}

/// How the proxy speaks to a cluster's endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Transport {
    #[default]
    Plain,
    Tls,
    /// Endpoint by endpoint, or by a socket that wraps another.
    Other,
}

/// A cluster's endpoints.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Assignment {
    pub cluster_name: String,
    pub endpoints: Vec<Endpoint>,
    /// More endpoints come by LEDS and are not in the answer: an empty list does not mean that there are none.
    pub partly_elsewhere: bool,
}

/// One endpoint.
#[derive(Debug, Default, Clone, PartialEq)]
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
