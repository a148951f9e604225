//! GKE clusters: where they are, which network they use, whether they enforce NetworkPolicies.
//!
//! Source: the container.v1 discovery document, schema `Cluster`.
use serde::Deserialize;

/// `ListClustersResponse`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterList {
    pub clusters: Vec<Cluster>,
    pub missing_zones: Vec<String>,
}

/// One cluster.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Cluster {
    pub name: String,
    pub location: String,
    pub network: String,
    pub subnetwork: String,
    pub self_link: String,
    pub cluster_ipv4_cidr: String,
    pub network_config: NetworkConfig,
    pub network_policy: Option<NetworkPolicyConfig>,
    pub ip_allocation_policy: IpAllocationPolicy,
    pub fleet: Fleet,
}

/// `networkConfig`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkConfig {
    /// `ADVANCED_DATAPATH` is Dataplane V2, which always enforces NetworkPolicies.
    pub datapath_provider: String,
    pub network: String,
    pub subnetwork: String,
}

/// The network policy add-on.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkPolicyConfig {
    pub enabled: bool,
}

/// Address ranges of the pods.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IpAllocationPolicy {
    pub cluster_ipv4_cidr_block: String,
    /// The subnetwork's secondary range that the pods use.
    pub cluster_secondary_range_name: String,
}

/// The fleet that the cluster is registered in.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Fleet {
    pub project: String,
    /// `//gkehub.googleapis.com/projects/P/locations/L/memberships/M`.
    pub membership: String,
}
