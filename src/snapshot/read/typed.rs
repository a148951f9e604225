//! Whether an item has the types that its place in the layout wants; a fault names the field.
use super::locate::{Segment, segments};
use crate::gcp::{compute, container, dns, fleet, iam, project, run, service_usage};
use crate::k8s::{core, istio, networkpolicy};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A field with a value of the wrong type.
#[derive(Debug)]
pub struct Fault {
    pub field: Vec<Segment>,
    pub problem: String,
}

/// Types one item of the listing at `path` (or the whole of a file that is no listing).
pub fn check(path: &str, item: &Value) -> Result<(), Fault> {
    let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
    let source = folder.split('/').next().unwrap_or_default();
    match (source, file) {
        ("kubernetes", file) => kubernetes(file.trim_end_matches(".json"), item),
        ("cloud-run", "services.json") => typed::<run::Service>(item),
        ("cloud-run", "revisions.json") => typed::<run::Revision>(item),
        ("service-usage", _) => typed::<service_usage::ApiService>(item),
        ("dns", "managed-zones.json") => typed::<dns::ManagedZone>(item),
        ("dns", _) => typed::<dns::RecordSet>(item),
        ("compute", "networks.json") => typed::<compute::Network>(item),
        ("compute", "subnetworks.json") => typed::<compute::Subnetwork>(item),
        ("compute", "addresses.json") => typed::<compute::Address>(item),
        ("compute", "firewalls.json") => typed::<compute::Firewall>(item),
        ("compute", "backend-services.json") => typed::<compute::BackendService>(item),
        ("compute", "network-endpoint-groups.json") => typed::<compute::NetworkEndpointGroup>(item),
        ("fleet", "memberships.json") => typed::<fleet::Membership>(item),
        ("fleet", "features.json") => typed::<fleet::Feature>(item),
        ("clusters", _) => typed::<container::Cluster>(item),
        ("iam", "policy.json") => typed::<iam::Policy>(item),
        ("iam", "ancestry.json") => typed::<iam::Ancestry>(item),
        ("iam", "project.json") => typed::<project::Project>(item),
        ("iam", "roles.json") => typed::<iam::Role>(item),
        ("iam", "deny-policies.json") => typed::<iam::DenyPolicy>(item),
        ("iam", "service-accounts.json") => typed::<iam::ServiceAccount>(item),
        _ => Ok(()),
    }
}

fn kubernetes(kind: &str, item: &Value) -> Result<(), Fault> {
    match kind {
        "services" => typed::<core::Service>(item),
        "pods" => typed::<core::Pod>(item),
        "namespaces" => typed::<core::Namespace>(item),
        "deployments.apps" | "statefulsets.apps" => typed::<core::Deployment>(item),
        "endpointslices.discovery.k8s.io" => typed::<core::EndpointSlice>(item),
        "networkpolicies.networking.k8s.io" => typed::<networkpolicy::NetworkPolicy>(item),
        "controlplanerevisions.mesh.cloud.google.com" => typed::<istio::ControlPlaneRevision>(item),
        "virtualservices.networking.istio.io" => typed::<istio::VirtualService>(item),
        "destinationrules.networking.istio.io" => typed::<istio::DestinationRule>(item),
        "peerauthentications.security.istio.io" => typed::<istio::PeerAuthentication>(item),
        "authorizationpolicies.security.istio.io" => typed::<istio::AuthorizationPolicy>(item),
        "requestauthentications.security.istio.io" => typed::<istio::RequestAuthentication>(item),
        _ => Ok(()),
    }
}

fn typed<T: DeserializeOwned>(item: &Value) -> Result<(), Fault> {
    parse::<T>(item).map(drop)
}

/// The item as a `T`.
pub fn parse<T: DeserializeOwned>(item: &Value) -> Result<T, Fault> {
    serde_path_to_error::deserialize(item).map_err(|error| Fault {
        field: segments(error.path()),
        problem: error.into_inner().to_string(),
    })
}
