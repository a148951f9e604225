//! Facts of hosts that VirtualServices route, of exports, and of their destinations.
use super::facts::{Destination, Export, Fact, RouteHost};
use super::manifests;
use super::model::Model;
use super::names;
use super::routes::{self, Placed, Routing};
use super::subset_pods;
use crate::k8s::core::Service;
use crate::k8s::istio::DestinationRule;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

type Exporters = BTreeMap<(usize, String), BTreeSet<String>>;

/// Other clusters of the same mesh that export a host: its clients have a route then, whatever this cluster does.
pub fn exported_in(model: &Model, exporters: &Exporters, cluster: usize, host: &str) -> Vec<String> {
    let others = (0..model.clusters.len()).filter(|other| {
        *other != cluster
            && exporters.contains_key(&(*other, host.to_owned()))
            && model.share_mesh(cluster, *other)
    });
    others
        .filter_map(|other| model.clusters.get(other))
        .map(|c| c.membership.clone())
        .collect()
}

/// `asked` are the hosts that a client is known to call.
pub fn route_host(
    model: &Model,
    routing: &Routing,
    host: &str,
    exporters: &Exporters,
    asked: &BTreeSet<String>,
) -> RouteHost {
    let misspelt = routing.misspelt_gateway().unwrap_or_default().to_owned();
    let gateways = routing.gateways();
    let corrected: Vec<&str> = gateways
        .iter()
        .map(|g| {
            if *g == misspelt {
                routes::EXTERNAL_GATEWAY
            } else {
                g.as_str()
            }
        })
        .collect();
    let exported_by: Vec<String> = exporters
        .get(&(routing.cluster, host.to_owned()))
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let dead_ends = dead_ends(model, routing);
    let taken = !exported_by.is_empty() || (model.under_suffix(host) == Some(false) && !asked.contains(host));
    RouteHost {
        host: host.to_owned(),
        name: routing.name().to_owned(),
        namespace: routing.namespace().to_owned(),
        membership: routing.of.membership.clone(),
        exported: routing.exports(),
        exported_by,
        exported_in: exported_in(model, exporters, routing.cluster, host),
        under_suffix: match model.under_suffix(host) {
            Some(under) => Fact::Known(under),
            None => Fact::unknown("the managed zones were not collected"),
        },
        asked_for: asked.contains(host),
        mesh_only: routing.mesh_only(),
        export_manifest: if routing.exports() || taken || !dead_ends.is_empty() {
            String::new()
        } else {
            manifests::export(model, routing, host)
        },
        dead_ends,
        corrected_gateways: serde_json::to_string(&corrected).unwrap_or_default(),
        misspelt_gateway: misspelt,
        gateways,
        unnamed: Fact::Known(false),
        ..RouteHost::default()
    }
}

/// What its rules lead to and is not there; nothing where the Services were not collected.
fn dead_ends(model: &Model, routing: &Routing) -> Vec<String> {
    let cluster = routing.of;
    if !cluster.k8s.is_some_and(|k| k.services.is_had()) {
        return Vec::new();
    }
    let placed = routes::destinations(routing.virtual_service);
    let written: BTreeSet<&str> = placed.iter().map(|p| p.destination.host.as_str()).collect();
    let mut lost = Vec::new();
    for host in written {
        let target = routes::resolve(host, routing.namespace());
        let is_there = match &target.service {
            Some((name, namespace)) => cluster
                .services
                .contains_key(&(namespace.as_str(), name.as_str())),
            None => host.contains('.') && looks_foreign(cluster, &target.fqdn),
        };
        if !is_there {
            lost.push((host, target.fqdn));
        }
    }
    if lost.is_empty() {
        return Vec::new();
    }
    let entries = manifests::service_entry_hosts(model.snapshot, &cluster.membership);
    lost.retain(|(_, fqdn)| !entries.contains(fqdn));
    lost.into_iter().map(|(host, _)| host.to_owned()).collect()
}

/// Whether a VirtualService that does not export the host should, by the looks of it: its gateway is misspelt, or it is for the cluster's
/// own sidecars though the name is of a zone for others; and nobody else exports it.
pub fn meant_for_outside(model: &Model, exporters: &Exporters, routing: &Routing, host: &str) -> bool {
    if exporters.contains_key(&(routing.cluster, host.to_owned())) {
        return false;
    }
    routing.misspelt_gateway().is_some()
        || (routing.mesh_only()
            && model.under_suffix(host) == Some(true)
            && exported_in(model, exporters, routing.cluster, host).is_empty())
}

pub fn export(model: &Model, routing: &Routing, host: &str, exporters: &Exporters) -> Export {
    let mut claims: Vec<String> = exporters
        .get(&(routing.cluster, host.to_owned()))
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let own = routing.full_name();
    let first_claim = claims.first() == Some(&own);
    claims.retain(|c| *c != own);
    let (missing_at, looked_at) = missing_at(model, routing, host);
    Export {
        host: host.to_owned(),
        name: routing.name().to_owned(),
        namespace: routing.namespace().to_owned(),
        membership: routing.of.membership.clone(),
        gateways: routing.gateways(),
        rivals: claims,
        first_claim,
        ignored_fields: routes::ignored_fields(routing.virtual_service),
        form: form(host).to_owned(),
        full_host: model
            .full_host(host)
            .filter(|full| !exporters.contains_key(&(routing.cluster, full.clone())))
            .unwrap_or_default(),
        index: index(routing, host),
        has_http: !routing.virtual_service.spec.http.is_empty(),
        missing_at,
        xds_clients: looked_at,
    }
}

fn form(host: &str) -> &'static str {
    if host == "*" {
        "star"
    } else if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        "address"
    } else if host.contains('.') {
        "name"
    } else {
        "short"
    }
}

fn index(routing: &Routing, host: &str) -> i64 {
    let mut hosts = routing.virtual_service.spec.hosts.iter();
    let place = hosts.position(|h| names::host(h) == host);
    place.and_then(|i| i64::try_from(i).ok()).unwrap_or_default()
}

/// Proxies of the cluster's meshes, in sync, whose routes do not hold the host; and how many were looked at.
fn missing_at(model: &Model, routing: &Routing, host: &str) -> (Fact<Vec<String>>, Fact<i64>) {
    if !model.proxies.collected() {
        let why = "the proxies' status (CSDS) was not collected";
        return (Fact::unknown(why), Fact::unknown(why));
    }
    let meshes = model.meshes_of(routing.cluster);
    let proxies = || model.proxies.of_meshes(&meshes, model.projects);
    let looked_at = proxies().count();
    if looked_at > 0 && proxies().all(|p| !p.has_contents) {
        let why = "the proxies' status was collected without its contents";
        return (Fact::unknown(why), Fact::Known(0));
    }
    let missing: BTreeSet<String> = proxies()
        .filter(|p| p.has_contents && p.routes_in_sync && p.virtual_host(host).is_none())
        .map(|p| p.label(model.clients))
        .collect();
    (
        Fact::Known(missing.into_iter().collect()),
        Fact::Known(i64::try_from(looked_at).unwrap_or(i64::MAX)),
    )
}

/// DestinationRules of a cluster by the full name of their host.
pub fn rules_by_host<'s>(
    model: &Model<'_, 's>,
    cluster: usize,
) -> BTreeMap<String, Vec<&'s DestinationRule>> {
    let mut rules: BTreeMap<String, Vec<&DestinationRule>> = BTreeMap::new();
    for rule in model
        .clusters
        .get(cluster)
        .and_then(|c| c.k8s)
        .iter()
        .flat_map(|k| k.destination_rules.items())
    {
        rules
            .entry(routes::resolve(&rule.spec.host, &rule.metadata.namespace).fqdn)
            .or_default()
            .push(rule);
    }
    rules
}

pub fn destination(
    model: &Model,
    routing: &Routing,
    host: &str,
    placed: &Placed,
    rules: &BTreeMap<String, Vec<&DestinationRule>>,
    entries: &BTreeSet<String>,
) -> Destination {
    let cluster = routing.of;
    let target = routes::resolve(&placed.destination.host, routing.namespace());
    let services_known = cluster.k8s.is_some_and(|k| k.services.is_had());
    let unread = || format!("the Services of {} were not collected", cluster.membership);
    let (name, namespace) = target.service.clone().unwrap_or_default();
    let service = cluster
        .services
        .get(&(namespace.as_str(), name.as_str()))
        .copied();
    let found_in: Vec<String> = cluster
        .service_namespaces
        .get(name.as_str())
        .into_iter()
        .flatten()
        .map(|n| (*n).to_owned())
        .collect();
    let outside = target.service.is_none()
        && (placed.destination.host.contains('.') && looks_foreign(cluster, &target.fqdn))
        || entries.contains(&target.fqdn);
    let mut facts = Destination {
        host: host.to_owned(),
        name: routing.name().to_owned(),
        namespace: routing.namespace().to_owned(),
        membership: cluster.membership.clone(),
        for_outside: routing.exports() || routing.misspelt_gateway().is_some(),
        field: placed.field.clone(),
        destination: placed.destination.host.clone(),
        service_exists: if services_known {
            Fact::Known(service.is_some())
        } else {
            Fact::Unknown(unread())
        },
        same_namespace: namespace == routing.namespace(),
        moved_manifest: match found_in.as_slice() {
            [only] if services_known && (service.is_none() || namespace != routing.namespace()) => {
                manifests::moved(model, routing, only)
            }
            _ => String::new(),
        },
        found_in: if services_known {
            Fact::Known(found_in)
        } else {
            Fact::Unknown(unread())
        },
        outside_cluster: outside,
        nearest: if service.is_none() {
            nearest(cluster, &name, &placed.destination.host)
        } else {
            Vec::new()
        },
        fqdn: target.fqdn.clone(),
        service: name,
        service_namespace: namespace,
        ..Destination::default()
    };
    port(&mut facts, placed, service, services_known);
    subset(
        &mut facts,
        placed,
        rules,
        cluster.k8s.is_some_and(|k| k.destination_rules.is_had()),
    );
    facts.idle = placed.idle;
    subset_pods::count(&mut facts, cluster, service, rules);
    facts
}

/// Whether a dotted name is none that a Service of the cluster could have been meant by (`ads.default` could).
fn looks_foreign(cluster: &super::clusters::Cluster, host: &str) -> bool {
    let mut parts = host.split('.');
    let (name, namespace) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let rest: Vec<&str> = parts.collect();
    let short = rest.is_empty() || rest == ["svc"];
    !(short && cluster.services.contains_key(&(namespace, name)))
}

fn nearest(cluster: &super::clusters::Cluster, name: &str, written: &str) -> Vec<String> {
    let mut parts = written.split('.');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    if cluster.services.contains_key(&(second, first)) {
        return vec![format!("{second}/{first}")];
    }
    let wanted = if name.is_empty() { first } else { name };
    let names = names::nearest(wanted, cluster.service_namespaces.keys().copied(), 3);
    names
        .iter()
        .flat_map(|n| {
            cluster
                .service_namespaces
                .get(n.as_str())
                .into_iter()
                .flatten()
                .map(move |ns| format!("{ns}/{n}"))
        })
        .collect()
}

fn port(facts: &mut Destination, placed: &Placed, service: Option<&Service>, known: bool) {
    let wanted = placed.destination.port.as_ref().map_or(0, |p| p.number);
    facts.port = i64::from(wanted);
    let ports = service.map(|s| s.spec.ports.as_slice()).unwrap_or_default();
    facts.service_ports = ports
        .iter()
        .map(|p| {
            if p.name.is_empty() {
                p.port.to_string()
            } else {
                format!("{} ({})", p.port, p.name)
            }
        })
        .collect();
    facts.first_port = ports.first().map_or(0, |p| i64::from(p.port));
    let alias = service.is_some_and(|s| s.spec.kind == "ExternalName");
    let exposed = if alias && ports.is_empty() {
        // An alias need not name ports: any goes on to the name that it stands for.
        true
    } else if wanted == 0 {
        ports.len() == 1
    } else {
        ports.iter().any(|p| p.port == wanted)
    };
    facts.port_exposed = match (service, known) {
        (Some(_), _) => Fact::Known(exposed),
        (None, true) => Fact::unknown("its Service does not exist"),
        (None, false) => Fact::unknown("the cluster's Services were not collected"),
    };
    if service.is_some() && !exposed && facts.first_port > 0 {
        facts.port_patch = manifests::port_patch(&placed.field, facts.first_port);
    }
}

fn subset(
    facts: &mut Destination,
    placed: &Placed,
    rules: &BTreeMap<String, Vec<&DestinationRule>>,
    known: bool,
) {
    facts.subset = placed.destination.subset.clone();
    let own: Vec<&&DestinationRule> = rules.get(&facts.fqdn).into_iter().flatten().collect();
    facts.subsets = own
        .iter()
        .flat_map(|r| &r.spec.subsets)
        .map(|s| s.name.clone())
        .collect();
    facts.destination_rule = own
        .first()
        .map(|r| format!("{}/{}", r.metadata.namespace, r.metadata.name))
        .unwrap_or_default();
    facts.subset_defined = if facts.subset.is_empty() || facts.subsets.contains(&facts.subset) {
        Fact::Known(true)
    } else if known {
        facts.subset_manifest = manifests::subset(facts);
        Fact::Known(false)
    } else {
        Fact::unknown("the DestinationRules were not collected")
    };
}
