//! How the clients' sidecars speak to a Service, as far as what they hold (CSDS) says.
use crate::mesh::facts::{Backend, Fact};
use crate::mesh::model::Model;
use crate::xds::Transport;
use std::collections::BTreeSet;

/// `plain` or `tls`, by the clusters behind the Service's hosts; empty where mutual TLS is not demanded.
pub fn of_clients(model: &Model, index: usize, facts: &Backend) -> Fact<String> {
    match &facts.mtls_mode {
        Fact::Known(mode) if mode == "STRICT" => {}
        Fact::Known(_) => return Fact::Known(String::new()),
        Fact::Unknown(why) => return Fact::Unknown(why.clone()),
    }
    if !model.proxies.collected() {
        return Fact::unknown("the proxies' status (CSDS) was not collected");
    }
    let meshes = model.meshes_of(index);
    let proxies = model.proxies.of_meshes(&meshes, model.projects);
    let mut found: BTreeSet<Transport> = BTreeSet::new();
    for proxy in proxies {
        for host in &facts.hosts {
            let Some(virtual_host) = proxy.virtual_host(host) else {
                continue;
            };
            let clusters = virtual_host
                .routes
                .iter()
                .flat_map(|route| &route.clusters)
                .filter_map(|(name, _)| proxy.cluster(name));
            found.extend(clusters.map(|cluster| cluster.transport));
        }
    }
    match found.into_iter().collect::<Vec<_>>().as_slice() {
        [Transport::Plain] => Fact::Known("plain".into()),
        [Transport::Tls] => Fact::Known("tls".into()),
        [] => Fact::unknown("no proxy holds a cluster for it"),
        _ => Fact::unknown(
            "the proxies' clusters for it differ in their transport, or leave it to the endpoint",
        ),
    }
}
