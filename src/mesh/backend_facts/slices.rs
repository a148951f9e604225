//! What a Service's EndpointSlices hold: where the control plane sends calls, whatever its selector says.
use crate::k8s::core::Service;
use crate::mesh::clusters::Cluster;
use crate::mesh::facts::{Backend, Fact};

pub fn count(cluster: &Cluster, service: &Service, facts: &mut Backend) {
    if !cluster.k8s.is_some_and(|k| k.endpoint_slices.is_had()) {
        let why = format!("the EndpointSlices of {} were not collected", cluster.membership);
        facts.slices = Fact::Unknown(why.clone());
        facts.endpoints = Fact::Unknown(why.clone());
        facts.ready_endpoints = Fact::Unknown(why);
        return;
    }
    let meta = &service.metadata;
    let own = cluster.slices.get(&(meta.namespace.as_str(), meta.name.as_str()));
    let endpoints = || own.into_iter().flatten().flat_map(|slice| &slice.endpoints);
    // Absent means ready. Source: the reference of discovery.k8s.io/v1, EndpointConditions.
    let ready = endpoints().filter(|endpoint| endpoint.conditions.ready != Some(false));
    let number = |count: usize| Fact::Known(i64::try_from(count).unwrap_or(i64::MAX));
    facts.ready_endpoints = number(ready.count());
    facts.endpoints = number(endpoints().count());
    facts.slices = number(own.map_or(0, Vec::len));
}
