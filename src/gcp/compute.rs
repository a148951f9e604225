//! Compute Engine: networks, subnetworks, addresses, firewall rules, backend services, network endpoint groups.
//!
//! Source: the compute.v1 discovery document. Aggregated lists carry `items["regions/R"]`, plain lists `items[]`.
use serde::Deserialize;
use std::collections::BTreeMap;

/// A plain list (`networks`, `firewalls`).
#[derive(Debug, Deserialize)]
pub struct List<T> {
    /// `compute#networkList`.
    #[serde(default)]
    pub kind: String,
    #[serde(default = "Vec::new")]
    pub items: Vec<T>,
}

/// An aggregated list, keyed by `regions/R`, `zones/Z` or `global`.
#[derive(Debug, Deserialize)]
pub struct AggregatedList<T> {
    /// `compute#subnetworkAggregatedList`.
    #[serde(default)]
    pub kind: String,
    #[serde(default = "BTreeMap::new")]
    pub items: BTreeMap<String, ScopedList<T>>,
    #[serde(default)]
    pub unreachables: Vec<String>,
}

/// One place of an aggregated list: the items under whichever name the API gives them, or a warning.
#[derive(Debug, Deserialize)]
pub struct ScopedList<T> {
    #[serde(
        default = "Vec::new",
        alias = "subnetworks",
        alias = "addresses",
        alias = "backendServices",
        alias = "networkEndpointGroups"
    )]
    pub items: Vec<T>,
    pub warning: Option<Warning>,
}

/// `NO_RESULTS_ON_PAGE` is no fault, `UNREACHABLE` is one.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Warning {
    pub code: String,
    pub message: String,
}

/// A VPC network.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Network {
    pub name: String,
    pub self_link: String,
    pub peerings: Vec<Peering>,
    /// `AFTER_CLASSIC_FIREWALL`, which absent means too, or `BEFORE_CLASSIC_FIREWALL`.
    pub network_firewall_policy_enforcement_order: String,
}

/// A peering with another network.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Peering {
    pub name: String,
    /// URL of the other network.
    pub network: String,
    /// `ACTIVE` or `INACTIVE`.
    pub state: String,
}

/// A subnetwork.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subnetwork {
    pub name: String,
    /// URL of the region.
    pub region: String,
    /// URL of the network.
    pub network: String,
    pub self_link: String,
    pub ip_cidr_range: String,
    pub purpose: String,
    pub secondary_ip_ranges: Vec<SecondaryRange>,
}

/// A secondary range, of pods or services.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SecondaryRange {
    pub range_name: String,
    pub ip_cidr_range: String,
}

/// A reserved address.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Address {
    pub name: String,
    pub address: String,
    pub address_type: String,
    pub status: String,
    pub purpose: String,
    pub subnetwork: String,
    pub self_link: String,
    pub users: Vec<String>,
}

/// A VPC firewall rule.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Firewall {
    pub name: String,
    /// URL of the network.
    pub network: String,
    /// `INGRESS` or `EGRESS`; absent means `INGRESS`.
    pub direction: String,
    /// Lower numbers come first; absent means 1000.
    pub priority: Option<u32>,
    pub disabled: bool,
    pub source_ranges: Vec<String>,
    pub source_tags: Vec<String>,
    pub source_service_accounts: Vec<String>,
    pub destination_ranges: Vec<String>,
    pub target_tags: Vec<String>,
    pub target_service_accounts: Vec<String>,
    pub allowed: Vec<FirewallPorts>,
    pub denied: Vec<FirewallPorts>,
}

/// A protocol and its ports; no ports means all.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct FirewallPorts {
    /// `tcp`, `udp`, `icmp`, … , `all`, or a protocol number.
    #[serde(rename = "IPProtocol")]
    pub protocol: String,
    /// `"80"` or `"8000-9000"`.
    pub ports: Vec<String>,
}

/// A backend service, as far as its name and health go.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BackendService {
    pub name: String,
    pub self_link: String,
    pub load_balancing_scheme: String,
}

/// A network endpoint group.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkEndpointGroup {
    pub name: String,
    pub self_link: String,
    pub network: String,
    pub size: u32,
}

/// What health checks say of one endpoint group of a backend service: an answer of `getHealth`, by itself or as
/// `gcloud compute backend-services get-health` prints it, under `status`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GroupHealth {
    pub status: Option<Box<GroupHealth>>,
    pub health_status: Vec<HealthStatus>,
}

impl GroupHealth {
    pub fn endpoints(&self) -> impl Iterator<Item = &HealthStatus> {
        let status = self.status.iter().flat_map(|status| &status.health_status);
        self.health_status.iter().chain(status)
    }
}

/// One endpoint.
#[derive(Debug, Default, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct HealthStatus {
    pub ip_address: String,
    pub port: u32,
    /// `HEALTHY` or `UNHEALTHY`; empty where it is not known yet.
    pub health_state: String,
}
