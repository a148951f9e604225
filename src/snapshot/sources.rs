//! The typed resources of each source, one struct a source.
use super::Collected;
use crate::gcp::firewall_policy::EffectiveFirewalls;
use crate::gcp::{compute, dns, fleet, iam, project, run};
use crate::k8s::{core, istio, networkpolicy};
use std::collections::BTreeMap;

/// The first folders of the layout.
pub const SOURCES: [&str; 10] = [
    "cloud-run",
    "logging",
    "iam",
    "service-usage",
    "dns",
    "compute",
    "fleet",
    "clusters",
    "csds",
    "kubernetes",
];

/// Cloud Run in one region of one project.
#[derive(Debug, Default)]
pub struct RunLocation {
    pub services: Collected<Vec<run::Service>>,
    pub revisions: Collected<Vec<run::Revision>>,
    /// Locations that the API said did not answer.
    pub unreachable: Vec<String>,
}

/// IAM of one project.
#[derive(Debug, Default)]
pub struct ProjectIam {
    pub project: Collected<project::Project>,
    pub policy: Collected<iam::Policy>,
    pub ancestry: Collected<iam::Ancestry>,
    /// The project's custom roles.
    pub roles: Collected<Vec<iam::Role>>,
    pub deny_policies: Collected<Vec<iam::DenyPolicy>>,
    pub service_accounts: Collected<Vec<iam::ServiceAccount>>,
}

/// IAM of an organization.
#[derive(Debug, Default)]
pub struct OrganizationIam {
    pub policy: Collected<iam::Policy>,
    pub roles: Collected<Vec<iam::Role>>,
}

/// Cloud DNS of one project.
#[derive(Debug, Default)]
pub struct Dns {
    pub zones: Collected<Vec<dns::ManagedZone>>,
    /// By the zone's name. A zone that is absent here has records nobody read.
    pub records: BTreeMap<String, Vec<dns::RecordSet>>,
}

/// Compute Engine of one project.
#[derive(Debug, Default)]
pub struct Compute {
    pub networks: Collected<Vec<compute::Network>>,
    pub subnetworks: Collected<Vec<compute::Subnetwork>>,
    pub addresses: Collected<Vec<compute::Address>>,
    pub firewalls: Collected<Vec<compute::Firewall>>,
    pub backend_services: Collected<Vec<compute::BackendService>>,
    pub network_endpoint_groups: Collected<Vec<compute::NetworkEndpointGroup>>,
    /// By the network's name. A network that is absent here has policies nobody read, or none.
    pub effective_firewalls: BTreeMap<String, EffectiveFirewalls>,
    /// What health checks say of endpoints, by the backend service's name.
    pub health: BTreeMap<String, Vec<compute::GroupHealth>>,
    /// Places that did not answer an aggregated listing, as `LISTING: PLACE`.
    pub unreachable: Vec<String>,
}

/// The fleet of one project.
#[derive(Debug, Default)]
pub struct Fleet {
    pub memberships: Collected<Vec<fleet::Membership>>,
    pub features: Collected<Vec<fleet::Feature>>,
    /// Locations that did not answer, as `LISTING: LOCATION`.
    pub unreachable: Vec<String>,
}

/// One cluster's objects.
#[derive(Debug, Default)]
pub struct Kubernetes {
    pub services: Collected<Vec<core::Service>>,
    pub pods: Collected<Vec<core::Pod>>,
    pub namespaces: Collected<Vec<core::Namespace>>,
    pub deployments: Collected<Vec<core::Deployment>>,
    pub stateful_sets: Collected<Vec<core::Deployment>>,
    pub endpoint_slices: Collected<Vec<core::EndpointSlice>>,
    pub network_policies: Collected<Vec<networkpolicy::NetworkPolicy>>,
    pub control_plane_revisions: Collected<Vec<istio::ControlPlaneRevision>>,
    pub virtual_services: Collected<Vec<istio::VirtualService>>,
    pub destination_rules: Collected<Vec<istio::DestinationRule>>,
    pub peer_authentications: Collected<Vec<istio::PeerAuthentication>>,
    pub authorization_policies: Collected<Vec<istio::AuthorizationPolicy>>,
    pub request_authentications: Collected<Vec<istio::RequestAuthentication>>,
    /// Listings of other kinds that were collected, by `PLURAL.GROUP`: kept raw, in the world.
    pub other: Vec<String>,
}
