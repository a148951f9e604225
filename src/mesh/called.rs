//! The host that `--url` asks for, where no VirtualService leads to it.
use super::facts::{Fact, RouteHost};
use super::model::Model;
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
        nearest: nearest(host, &exported),
        unresolved_on: unresolved_on.into_iter().collect(),
        ..RouteHost::default()
    }
}

/// The exported hosts that may have been meant, nearest first: a slip of the pen away, or with a first label that is much like it. What
/// hosts of one mesh share, their suffix, makes none of them near.
fn nearest(host: &str, exported: &BTreeSet<String>) -> Vec<String> {
    let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
    let wanted = first(host);
    let mut near: Vec<(usize, &String)> = exported
        .iter()
        .map(|name| (strsim::damerau_levenshtein(host, name), name))
        .filter(|(edits, name)| *edits <= 2 || strsim::jaro_winkler(&wanted, &first(name)) > 0.88)
        .collect();
    near.sort();
    near.into_iter().take(3).map(|(_, name)| name.clone()).collect()
}
