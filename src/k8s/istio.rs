//! Istio's kinds beside VirtualServices, every served version (v1, v1beta1, v1alpha3): their shapes are the same.
use super::labels::Labels;
use super::meta::{Meta, list, null_as_default};
use super::selector::LabelSelector;
pub use super::virtual_service::{
    Destination, HttpMatch, HttpRoute, PortSelector, RouteDestination, StringMatch, VirtualService,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// A DestinationRule.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct DestinationRule {
    pub metadata: Meta,
    pub spec: DestinationRuleSpec,
}

/// Its spec.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DestinationRuleSpec {
    pub host: String,
    #[serde(deserialize_with = "list")]
    pub subsets: Vec<Subset>,
    #[serde(deserialize_with = "null_as_default")]
    pub traffic_policy: TrafficPolicy,
}

/// A named subset.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subset {
    pub name: String,
    #[serde(deserialize_with = "null_as_default")]
    pub labels: Labels,
    #[serde(deserialize_with = "null_as_default")]
    pub traffic_policy: TrafficPolicy,
}

/// `trafficPolicy`, as far as TLS goes.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TrafficPolicy {
    pub tls: Option<Tls>,
    #[serde(deserialize_with = "list")]
    pub port_level_settings: Vec<PortTrafficPolicy>,
}

/// What holds for one port of the host instead.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct PortTrafficPolicy {
    pub port: Option<PortSelector>,
    pub tls: Option<Tls>,
}

/// `DISABLE`, `SIMPLE`, `MUTUAL`, `ISTIO_MUTUAL`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Tls {
    pub mode: String,
}

/// A PeerAuthentication.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct PeerAuthentication {
    pub metadata: Meta,
    pub spec: PeerAuthenticationSpec,
}

/// Its spec; no selector means the namespace, and in the root namespace the mesh.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PeerAuthenticationSpec {
    pub selector: Option<LabelSelector>,
    pub mtls: Option<Tls>,
    #[serde(deserialize_with = "null_as_default")]
    pub port_level_mtls: BTreeMap<String, Tls>,
}

/// A RequestAuthentication.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RequestAuthentication {
    pub metadata: Meta,
    pub spec: RequestAuthenticationSpec,
}

/// Its spec. Without rules no token is accepted, and none is looked for.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RequestAuthenticationSpec {
    pub selector: Option<LabelSelector>,
    /// Gateways and waypoints, as in an AuthorizationPolicy.
    #[serde(deserialize_with = "list")]
    pub target_refs: Vec<IgnoredAny>,
    pub target_ref: Option<IgnoredAny>,
    #[serde(deserialize_with = "list")]
    pub jwt_rules: Vec<IgnoredAny>,
}

/// An AuthorizationPolicy.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct AuthorizationPolicy {
    pub metadata: Meta,
    pub spec: AuthorizationPolicySpec,
}

/// Its spec. `rules` absent with ALLOW allows nothing; one empty rule matches everything.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AuthorizationPolicySpec {
    pub selector: Option<LabelSelector>,
    /// Gateways and waypoints; a policy that has these does not apply to workloads.
    #[serde(deserialize_with = "list")]
    pub target_refs: Vec<serde_json::Value>,
    pub target_ref: Option<serde_json::Value>,
    /// Absent means `ALLOW`.
    pub action: String,
    #[serde(deserialize_with = "list")]
    pub rules: Vec<AuthorizationRule>,
}

/// One rule.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct AuthorizationRule {
    #[serde(deserialize_with = "list")]
    pub from: Vec<RuleFrom>,
    #[serde(deserialize_with = "list")]
    pub to: Vec<RuleTo>,
    #[serde(deserialize_with = "list")]
    pub when: Vec<serde_json::Value>,
}

/// `from[]`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RuleFrom {
    pub source: Source,
}

/// Who calls.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Source {
    #[serde(deserialize_with = "list")]
    pub principals: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_principals: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub request_principals: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_request_principals: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub namespaces: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_namespaces: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub service_accounts: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_service_accounts: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub ip_blocks: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub remote_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_remote_ip_blocks: Vec<String>,
}

/// `to[]`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RuleTo {
    pub operation: Operation,
}

/// What is called.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Operation {
    #[serde(deserialize_with = "list")]
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_hosts: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub ports: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_ports: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub methods: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_methods: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub paths: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub not_paths: Vec<String>,
}

impl Operation {
    /// Whether it narrows at all what is matched, ports aside.
    pub fn narrows(&self) -> bool {
        [
            &self.hosts,
            &self.not_hosts,
            &self.methods,
            &self.not_methods,
            &self.paths,
            &self.not_paths,
        ]
        .iter()
        .any(|list| !list.is_empty())
    }
}

/// A ControlPlaneRevision (`mesh.cloud.google.com`).
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct ControlPlaneRevision {
    pub metadata: Meta,
    pub status: RevisionStatus,
}

/// Its status.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RevisionStatus {
    #[serde(deserialize_with = "list")]
    pub conditions: Vec<super::core::Condition>,
}
