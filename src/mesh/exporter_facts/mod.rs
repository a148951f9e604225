//! Facts of a VirtualService as a whole that offers hosts to external clients: whether its rules are sound.
mod order;
mod refusing;
mod regexes;
mod validity;
mod weights;

use super::facts::Exporter;
use super::routes::Routing;

pub fn facts(routing: &Routing) -> Exporter {
    let spec = &routing.virtual_service.spec;
    let mut facts = Exporter {
        name: routing.name().to_owned(),
        namespace: routing.namespace().to_owned(),
        membership: routing.of.membership.clone(),
        hosts: spec.hosts.clone(),
        invalid: validity::faults(spec),
        bad_regexes: regexes::refused(&spec.http),
        odd_weights: weights::odd(&spec.http),
        unreachable: order::unreachable(&spec.http),
        ..Exporter::default()
    };
    refusing::tell(&spec.http, &mut facts);
    facts
}
