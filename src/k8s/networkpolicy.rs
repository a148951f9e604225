//! NetworkPolicy (`networking.k8s.io/v1`), its ingress half.
use super::core::TargetPort;
use super::meta::{Meta, list};
use super::selector::LabelSelector;
use serde::Deserialize;

/// A NetworkPolicy.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct NetworkPolicy {
    pub metadata: Meta,
    pub spec: NetworkPolicySpec,
}

/// Its spec. No `policyTypes` means Ingress (and Egress where egress rules exist).
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkPolicySpec {
    pub pod_selector: LabelSelector,
    #[serde(deserialize_with = "list")]
    pub policy_types: Vec<String>,
    #[serde(deserialize_with = "list")]
    pub ingress: Vec<IngressRule>,
}

/// One ingress rule: no `from` admits everyone, no `ports` every port.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct IngressRule {
    #[serde(deserialize_with = "list")]
    pub from: Vec<Peer>,
    #[serde(deserialize_with = "list")]
    pub ports: Vec<PolicyPort>,
}

/// Who is admitted.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Peer {
    pub ip_block: Option<IpBlock>,
    pub pod_selector: Option<LabelSelector>,
    pub namespace_selector: Option<LabelSelector>,
}

/// A range and the holes in it.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct IpBlock {
    pub cidr: String,
    #[serde(deserialize_with = "list")]
    pub except: Vec<String>,
}

/// A port, a range (`port` to `endPort`) or a named port; absent protocol means TCP.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PolicyPort {
    pub port: Option<TargetPort>,
    pub end_port: Option<u16>,
    pub protocol: String,
}
