//! VirtualServices, every served version (v1, v1beta1, v1alpha3): their shapes are the same.
use super::labels::Labels;
use super::meta::{Meta, list, null_as_default};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// A VirtualService.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct VirtualService {
    pub metadata: Meta,
    pub spec: VirtualServiceSpec,
}

/// Its spec.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VirtualServiceSpec {
    #[serde(deserialize_with = "list")]
    pub hosts: Vec<String>,
    /// Absent means `mesh`.
    #[serde(deserialize_with = "list")]
    pub gateways: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub export_to: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub http: Vec<HttpRoute>,
    #[serde(deserialize_with = "list")]
    pub tcp: Vec<HttpRoute>,
    #[serde(deserialize_with = "list")]
    pub tls: Vec<HttpRoute>,
}

/// One http rule (tcp and tls rules share the fields that are used). What only counts by being there is not read.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpRoute {
    pub name: String,
    #[serde(rename = "match", deserialize_with = "list")]
    pub matches: Vec<HttpMatch>,
    #[serde(deserialize_with = "list")]
    pub route: Vec<RouteDestination>,
    pub redirect: Option<IgnoredAny>,
    pub direct_response: Option<DirectResponse>,
    pub delegate: Option<IgnoredAny>,
    pub fault: Option<Box<Fault>>,
    pub rewrite: Option<Rewrite>,
    pub mirror: Option<Destination>,
}

/// An answer of the sidecar's own.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct DirectResponse {
    pub status: u32,
}

/// Faults for tests. A delay breaks no call.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Fault {
    pub abort: Option<Abort>,
}

/// The answer that the sidecar gives in place of the workload's.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Abort {
    pub http_status: i64,
    /// The name of a gRPC status: `UNAVAILABLE`.
    pub grpc_status: String,
    /// To how many calls. Source: istio.io, reference of HTTPFaultInjection.Abort: without it, to none.
    pub percentage: Option<Percent>,
}

/// `{"value": 100}`.
#[derive(Debug, Default, Clone, Copy, Deserialize)]
#[serde(default)]
pub struct Percent {
    pub value: f64,
}

/// What a path or authority is changed to.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Rewrite {
    pub uri: String,
    pub authority: String,
    pub uri_regex_rewrite: Option<RegexRewrite>,
}

/// A change of the path by a regular expression.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RegexRewrite {
    #[serde(rename = "match")]
    pub pattern: String,
}

/// Conditions that hold together. Clients outside the cluster ignore those on the source and on gateways.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HttpMatch {
    #[serde(deserialize_with = "null_as_default")]
    pub source_labels: Labels,
    pub source_namespace: String,
    #[serde(deserialize_with = "list")]
    pub gateways: Vec<String>,
    pub uri: Option<StringMatch>,
    pub scheme: Option<StringMatch>,
    pub method: Option<StringMatch>,
    pub authority: Option<StringMatch>,
    #[serde(deserialize_with = "null_as_default")]
    pub headers: StringMatches,
    #[serde(deserialize_with = "null_as_default")]
    pub without_headers: StringMatches,
    #[serde(deserialize_with = "null_as_default")]
    pub query_params: StringMatches,
    pub port: Option<IgnoredAny>,
    pub ignore_uri_case: bool,
}

/// Conditions on headers or parameters by their names.
pub type StringMatches = BTreeMap<String, Option<StringMatch>>;

/// A condition on a text: at most one of the three.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(default)]
pub struct StringMatch {
    pub exact: Option<Box<str>>,
    pub prefix: Option<Box<str>>,
    pub regex: Option<Box<str>>,
}

/// A weighted destination.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RouteDestination {
    pub destination: Destination,
    pub weight: i64,
}

/// Where a route leads.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Destination {
    pub host: String,
    pub subset: String,
    pub port: Option<PortSelector>,
}

/// A port by number.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct PortSelector {
    pub number: u16,
}
