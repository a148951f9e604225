//! Firewall policies as they hold in a network: the answer of `networks.getEffectiveFirewalls`.
//!
//! Source: the compute.v1 discovery document.
use super::compute::FirewallPorts;
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;

/// The answer. The firewall rules that it repeats are read from their own listing.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct EffectiveFirewalls {
    // Google's spelling.
    #[serde(rename = "firewallPolicys")]
    pub policies: Vec<Policy>,
}

/// A policy and those of its rules that apply to the network.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Policy {
    /// `HIERARCHY`, `NETWORK`, `SYSTEM` or `UNSPECIFIED`.
    #[serde(rename = "type")]
    pub kind: String,
    /// A number, of a policy of a folder or organization.
    pub name: String,
    pub short_name: String,
    pub display_name: String,
    /// Of its association; lower numbers come first. Policies of folders and organizations have none.
    pub priority: i64,
    pub rules: Vec<PolicyRule>,
}

impl Policy {
    /// As people know it.
    pub fn title(&self) -> &str {
        let names = [&self.short_name, &self.display_name, &self.name];
        names
            .into_iter()
            .find(|name| !name.is_empty())
            .map_or("without a name", |name| name.as_str())
    }
}

/// One rule.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PolicyRule {
    /// `allow`, `deny`, `goto_next` or `apply_security_profile_group`.
    pub action: String,
    /// `INGRESS` or `EGRESS`.
    pub direction: String,
    /// Lower numbers come first.
    pub priority: u32,
    pub disabled: bool,
    #[serde(rename = "match")]
    pub matcher: Matcher,
    /// URLs of networks; none means all.
    pub target_resources: Vec<String>,
    pub target_service_accounts: Vec<String>,
    pub target_secure_tags: Vec<SecureTag>,
    /// `INSTANCES`, which absent means too, or `INTERNAL_MANAGED_LB`.
    pub target_type: String,
    /// Load balancers; none are instances.
    pub target_forwarding_rules: Vec<String>,
    /// What else the rule has.
    #[serde(flatten)]
    pub others: BTreeMap<String, IgnoredAny>,
}

/// What a connection must have for a rule to apply.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Matcher {
    pub src_ip_ranges: Vec<String>,
    pub dest_ip_ranges: Vec<String>,
    pub layer4_configs: Vec<Layer4>,
    pub src_secure_tags: Vec<SecureTag>,
    /// Conditions of other kinds: address groups, names, regions, threat intelligence, kinds of networks, and those to come.
    #[serde(flatten)]
    pub others: BTreeMap<String, serde_json::Value>,
}

/// A protocol and its ports; no ports means all.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Layer4 {
    pub ip_protocol: String,
    pub ports: Vec<String>,
}

impl From<&Layer4> for FirewallPorts {
    fn from(layer: &Layer4) -> Self {
        Self {
            protocol: layer.ip_protocol.clone(),
            ports: layer.ports.clone(),
        }
    }
}

/// A tag that IAM governs.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct SecureTag {
    pub name: String,
    /// `EFFECTIVE`, or `INEFFECTIVE` of one that was deleted.
    pub state: String,
}
