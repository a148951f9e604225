//! The host that `--url` asks for, where no VirtualService leads to it.
use super::facts::{Fact, RouteHost};
use super::model::Model;
use super::names;
use super::routes::Routing;
use crate::scope::host_of;
use crate::snapshot::Availability;
use std::collections::BTreeSet;

/// The host of `--url`.
pub fn host(model: &Model) -> Option<String> {
    host_of(&model.snapshot.manifest.scope.url).ok()
}

/// Whether no VirtualService of the snapshot names the host, nor exports a wildcard that takes it, nor a short name that stands for it.
pub fn is_unnamed(model: &Model, routings: &[Routing], host: &str) -> bool {
    !routings.iter().any(|routing| {
        routing.hosts().any(|own| {
            own == host
                || routing.exports() && (takes(&own, host) || model.full_host(&own).as_deref() == Some(host))
        })
    })
}

/// Whether a wildcard takes a host.
pub fn takes(wildcard: &str, host: &str) -> bool {
    let suffix = wildcard.strip_prefix('*');
    suffix.is_some_and(|suffix| host.len() > suffix.len() && host.ends_with(suffix))
}

/// Facts of a host that no VirtualService names.
pub fn facts(model: &Model, routings: &[Routing], host: &str, unresolved_on: BTreeSet<String>) -> RouteHost {
    let exporting = routings.iter().filter(|routing| routing.exports());
    let exported: BTreeSet<String> = exporting.flat_map(Routing::hosts).collect();
    RouteHost {
        host: host.to_owned(),
        under_suffix: match model.under_suffix(host) {
            Some(under) => Fact::Known(under),
            None => Fact::unknown("the managed zones were not collected"),
        },
        asked_for: true,
        unnamed: match model.snapshot.availability("kubernetes/virtualservices") {
            Availability::Complete => Fact::Known(true),
            Availability::Partial(reason) | Availability::Missing(reason) => Fact::Unknown(reason),
        },
        looked_in: model.routes_listed(),
        nearest: names::nearest(host, exported.iter().map(String::as_str), 3),
        unresolved_on: unresolved_on.into_iter().collect(),
        ..RouteHost::default()
    }
}
