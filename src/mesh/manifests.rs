//! Manifests and patches that fixes offer, written from the objects as far as this program reads them.
use super::facts::Destination;
use super::model::Model;
use super::routes::{EXTERNAL_GATEWAY, Routing};
use crate::snapshot::Snapshot;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A separate VirtualService that offers one host of another to external clients, with a default route where the other has none.
pub fn export(model: &Model, routing: &Routing, host: &str) -> String {
    let name = format!("{}-external-mesh", routing.name().trim_end_matches("-external"));
    yaml(&json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": name, "namespace": routing.namespace()},
        "spec": {"hosts": [host], "gateways": [EXTERNAL_GATEWAY], "http": model.raw_http(routing)},
    }))
}

/// The same VirtualService in another namespace, with its destinations by their short name.
pub fn moved(model: &Model, routing: &Routing, namespace: &str) -> String {
    let mut rules = model.raw_http(routing);
    for route in rules
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(|r| r.get_mut("route")?.as_array_mut())
        .flatten()
    {
        if let Some(host) = route.pointer_mut("/destination/host")
            && let Some(short) = host.as_str().and_then(|h| h.split('.').next()).map(str::to_owned)
        {
            *host = Value::String(short);
        }
    }
    yaml(&json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "VirtualService",
        "metadata": {"name": routing.name(), "namespace": namespace},
        "spec": {"hosts": routing.virtual_service.spec.hosts, "gateways": routing.gateways(), "http": rules},
    }))
}

/// A JSON patch that sets the port of one destination (`spec.http[0].route[0].destination`).
pub fn port_patch(field: &str, port: i64) -> String {
    let path = format!(
        "/{}/port",
        field.replace('[', "/").replace(']', "").replace('.', "/")
    );
    json!([{"op": "add", "path": path, "value": {"number": port}}]).to_string()
}

/// A DestinationRule that defines the missing subset by a label that readers must check.
pub fn subset(facts: &Destination) -> String {
    yaml(&json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "DestinationRule",
        "metadata": {"name": facts.service, "namespace": facts.service_namespace},
        "spec": {
            "host": facts.fqdn,
            "subsets": [{"name": facts.subset, "labels": {"version": facts.subset}}],
        },
    }))
}

/// Raw VirtualServices of the snapshot with all their fields, by membership, namespace and name.
pub type RawVirtualServices = BTreeMap<(String, String, String), Value>;

/// Reads them anew: only a fix needs them, and only some worlds need a fix.
pub fn raw_virtual_services(snapshot: &Snapshot) -> RawVirtualServices {
    let mut raw = BTreeMap::new();
    for membership in snapshot.kubernetes.keys() {
        for item in items(snapshot, membership, "virtualservices.networking.istio.io") {
            let text = |pointer: &str| {
                item.pointer(pointer)
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned()
            };
            raw.insert(
                (
                    membership.clone(),
                    text("/metadata/namespace"),
                    text("/metadata/name"),
                ),
                item,
            );
        }
    }
    raw
}

fn items(snapshot: &Snapshot, membership: &str, kind: &str) -> Vec<Value> {
    let path = format!("kubernetes/{membership}/{kind}.json");
    let bytes = snapshot
        .world
        .files
        .get(&path)
        .and_then(|blob| blob.bytes().ok())
        .unwrap_or_default();
    match serde_json::from_slice::<Value>(&bytes).map(|mut list| list["items"].take()) {
        Ok(Value::Array(items)) => items,
        _ => Vec::new(),
    }
}

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap_or_default()
}

/// Hosts that ServiceEntries bring into a cluster, from the raw listing.
pub fn service_entry_hosts(snapshot: &Snapshot, membership: &str) -> BTreeSet<String> {
    items(snapshot, membership, "serviceentries.networking.istio.io")
        .iter()
        .filter_map(|item| item.pointer("/spec/hosts")?.as_array())
        .flatten()
        .filter_map(Value::as_str)
        .map(super::names::host)
        .collect()
}
