//! Items that have a name: what has none is no resource, but something else that typed looks like one.
use crate::gcp::{compute, container, dns, fleet, iam, run, service_usage};
use crate::k8s::{core, istio, networkpolicy};
use serde::de::DeserializeOwned;

/// One item of a listing.
pub trait Named: DeserializeOwned {
    /// The field that names it, for people.
    const FIELD: &'static str;
    fn name(&self) -> &str;
}

/// A whole listing of Google's.
pub trait Listing: DeserializeOwned {
    type Item: Named;
    fn items(&self) -> &[Self::Item];
}

macro_rules! named {
    ($field:literal, |$item:ident| $name:expr; $($of:ty),+ $(,)?) => {$(
        impl Named for $of {
            const FIELD: &'static str = $field;
            fn name(&self) -> &str {
                let $item = self;
                &$name
            }
        }
    )+};
}

named!("name", |item| item.name;
    run::Service, run::Revision, iam::Role, iam::DenyPolicy, service_usage::ApiService, dns::ManagedZone,
    dns::RecordSet, compute::Network, compute::Subnetwork, compute::Address, compute::Firewall,
    compute::BackendService, compute::NetworkEndpointGroup, fleet::Membership, fleet::Feature,
    container::Cluster,
);
named!("email", |item| item.email; iam::ServiceAccount);
named!("metadata.name", |item| item.metadata.name;
    core::Service, core::Pod, core::Namespace, core::Deployment, core::EndpointSlice,
    networkpolicy::NetworkPolicy, istio::ControlPlaneRevision, istio::VirtualService, istio::DestinationRule,
    istio::PeerAuthentication, istio::AuthorizationPolicy, istio::RequestAuthentication,
);

macro_rules! listing {
    ($($list:ty, $items:ident: $item:ty);+ $(;)?) => {$(
        impl Listing for $list {
            type Item = $item;
            fn items(&self) -> &[$item] {
                &self.$items
            }
        }
    )+};
}

listing! {
    run::ServiceList, services: run::Service;
    run::RevisionList, revisions: run::Revision;
    iam::RoleList, roles: iam::Role;
    iam::DenyPolicyList, policies: iam::DenyPolicy;
    iam::ServiceAccountList, accounts: iam::ServiceAccount;
    service_usage::ServiceList, services: service_usage::ApiService;
    dns::ZoneList, managed_zones: dns::ManagedZone;
    dns::RecordSetList, rrsets: dns::RecordSet;
    fleet::MembershipList, resources: fleet::Membership;
    fleet::FeatureList, resources: fleet::Feature;
    container::ClusterList, clusters: container::Cluster;
}

impl<T: Named> Listing for compute::List<T> {
    type Item = T;
    fn items(&self) -> &[T] {
        &self.items
    }
}
