//! Facts: what a rule may ask of a subject, typed, computed once, documented where they are declared.
//!
//! Each kind of subject is one struct made by the `facts!` macro; `rules show --facts KIND` prints the doc comments.
//! A fact that could not be known is [`Fact::Unknown`]: it is absent from the expression's value, so that an expression that
//! needs it fails with "no such key" and the engine answers SKIPPED with the reason.
mod backend;
mod client;
mod collection;
mod destination;
mod exporter;
mod field;
mod host;
mod log;
mod membership;
mod project;
mod route;
mod xds;

pub use backend::{Backend, BackendPort, ClientBlock, UnreadyPod};
pub use client::{ConditionFacts, DenialFacts, MeshClient, TrafficShare};
pub use collection::{Collection, Whole};
pub use destination::Destination;
pub use exporter::{Exporter, Remark, Weights};
pub use field::{Fact, FactField, Facts, FieldDoc};
pub use host::{AddressUse, HostLookup, ZoneFacts};
pub use log::LogHit;
pub use membership::{Membership, MeshCondition};
pub use project::{ApiUse, Project};
pub use route::{Export, RouteHost};
pub use xds::{HealthCheck, PushedHost, XdsCluster, XdsResource};

/// Every kind of subject: the name that `for_each` uses, what it is, and its fields.
pub fn kinds() -> Vec<(&'static str, &'static str, Vec<FieldDoc>)> {
    vec![
        (
            "run_service",
            "every Cloud Run service in scope, in a mesh or not",
            MeshClient::docs(),
        ),
        (
            "mesh_client",
            "a Cloud Run service whose template names a mesh",
            MeshClient::docs(),
        ),
        ("project", "a project that takes part", Project::docs()),
        ("api", "an API that a project needs", ApiUse::docs()),
        (
            "membership",
            "a cluster's membership of the fleet",
            Membership::docs(),
        ),
        (
            "mesh_condition",
            "a condition that the mesh's controllers report",
            MeshCondition::docs(),
        ),
        (
            "route_host",
            "a host of a VirtualService, exported or not, and the host of `--url`",
            RouteHost::docs(),
        ),
        (
            "export",
            "a host offered to external clients through `external-mesh`",
            Export::docs(),
        ),
        (
            "exporter",
            "a VirtualService that names `external-mesh`, with all its hosts",
            Exporter::docs(),
        ),
        (
            "host_lookup",
            "an exported host looked up on a client's network",
            HostLookup::docs(),
        ),
        (
            "destination",
            "where an exported route leads",
            Destination::docs(),
        ),
        (
            "backend",
            "a Kubernetes Service that exported routes lead to",
            Backend::docs(),
        ),
        (
            "xds_resource",
            "a resource that a proxy does not hold in sync",
            XdsResource::docs(),
        ),
        (
            "xds_cluster",
            "a cluster that a proxy's routes to exported hosts name",
            XdsCluster::docs(),
        ),
        (
            "pushed_host",
            "a host that connected clients have a route for",
            PushedHost::docs(),
        ),
        (
            "log",
            "records of one service that a signature matched",
            LogHit::docs(),
        ),
        (
            "collection",
            "what became of a collector: one subject for each thing that stood against it, one where nothing did",
            Collection::docs(),
        ),
        (
            "snapshot",
            "all that was collected, taken together",
            Whole::docs(),
        ),
    ]
}

/// Declares a struct of facts: every field with a doc comment, which is what rule authors read.
macro_rules! facts {
    (
        $(#[doc = $about:literal])*
        pub struct $name:ident {
            $( $(#[doc = $doc:literal])+ $field:ident : $type:ty, )*
        }
    ) => {
        $(#[doc = $about])*
        #[derive(Debug, Clone, Default, serde::Serialize)]
        pub struct $name {
            $(
                $(#[doc = $doc])+
                #[serde(skip_serializing_if = "crate::mesh::facts::FactField::is_unknown")]
                pub $field: $type,
            )*
        }

        impl crate::mesh::facts::Facts for $name {
            fn docs() -> Vec<crate::mesh::facts::FieldDoc> {
                vec![$(
                    crate::mesh::facts::FieldDoc {
                        name: stringify!($field),
                        kind: <$type as crate::mesh::facts::FactField>::kind(),
                        doc: concat!($($doc),+).trim(),
                        fields: <$type as crate::mesh::facts::FactField>::fields(),
                    },
                )*]
            }

            fn unknowns(&self) -> Vec<(&'static str, String)> {
                let mut unknowns = Vec::new();
                $(
                    if let Some(reason) = crate::mesh::facts::FactField::unknown(&self.$field) {
                        unknowns.push((stringify!($field), reason.to_owned()));
                    }
                )*
                unknowns
            }
        }

        impl crate::mesh::facts::FactField for $name {
            fn kind() -> String {
                "object".into()
            }

            fn fields() -> Vec<crate::mesh::facts::FieldDoc> {
                <Self as crate::mesh::facts::Facts>::docs()
            }
        }
    };
}
pub(crate) use facts;
