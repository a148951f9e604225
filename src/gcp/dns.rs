//! Cloud DNS: managed zones and their record sets. Names end in a dot.
//!
//! Source: the dns.v1 discovery document, schemas `ManagedZone`, `ResourceRecordSet`.
use serde::Deserialize;

/// `ManagedZonesListResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ZoneList {
    pub managed_zones: Vec<ManagedZone>,
}

/// One zone.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ManagedZone {
    pub name: String,
    /// With its final dot: `mesh.private.`.
    pub dns_name: String,
    /// `public` (the default) or `private`.
    pub visibility: String,
    pub private_visibility_config: Option<PrivateVisibility>,
    pub peering_config: Option<PeeringConfig>,
    pub forwarding_config: Option<ForwardingConfig>,
    /// Records come from Service Directory and are not among the zone's own.
    pub service_directory_config: Option<serde_json::Value>,
}

/// Who sees a private zone.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PrivateVisibility {
    pub networks: Vec<NetworkRef>,
    pub gke_clusters: Vec<GkeClusterRef>,
}

/// A network by URL.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkRef {
    pub network_url: String,
}

/// A cluster that alone sees the zone.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct GkeClusterRef {
    pub gke_cluster_name: String,
}

/// A zone that asks another network instead.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PeeringConfig {
    pub target_network: NetworkRef,
}

/// A zone whose names are asked of other name servers.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ForwardingConfig {
    pub target_name_servers: Vec<NameServer>,
}

/// One of those; an address, or a domain name.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NameServer {
    pub ipv4_address: String,
    pub ipv6_address: String,
    pub domain_name: String,
}

impl NameServer {
    /// What it is given by; empty where by nothing that is read here.
    pub fn told(&self) -> &str {
        [&self.ipv4_address, &self.ipv6_address, &self.domain_name]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", String::as_str)
    }
}

/// `ResourceRecordSetsListResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RecordSetList {
    pub rrsets: Vec<RecordSet>,
}

/// One record set.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct RecordSet {
    /// With its final dot; a wildcard begins with `*.`.
    pub name: String,
    #[serde(rename = "type")]
    pub kind: String,
    pub ttl: i64,
    pub rrdatas: Vec<String>,
}
