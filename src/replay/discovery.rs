//! What a cluster says that it serves: `/version`, `/api`, `/apis`, and the resources of each group.
use super::answer::Answer;
use super::kubernetes::{Cluster, Resource};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A kind of a full collection.
#[derive(Debug)]
pub struct Kind {
    pub kind: &'static str,
    pub group: &'static str,
    pub plural: &'static str,
    pub namespaced: bool,
}

const fn kind(kind: &'static str, group: &'static str, plural: &'static str) -> Kind {
    Kind {
        kind,
        group,
        plural,
        namespaced: true,
    }
}

/// Core and the groups of Kubernetes, Google and Istio.
pub const KINDS: [Kind; 20] = [
    kind("Service", "", "services"),
    kind("Pod", "", "pods"),
    Kind {
        namespaced: false,
        ..kind("Namespace", "", "namespaces")
    },
    kind("ServiceAccount", "", "serviceaccounts"),
    Kind {
        namespaced: false,
        ..kind("Node", "", "nodes")
    },
    kind("EndpointSlice", "discovery.k8s.io", "endpointslices"),
    kind("Deployment", "apps", "deployments"),
    kind("StatefulSet", "apps", "statefulsets"),
    kind("NetworkPolicy", "networking.k8s.io", "networkpolicies"),
    kind(
        "ControlPlaneRevision",
        "mesh.cloud.google.com",
        "controlplanerevisions",
    ),
    kind("VirtualService", "networking.istio.io", "virtualservices"),
    kind("DestinationRule", "networking.istio.io", "destinationrules"),
    kind("Gateway", "networking.istio.io", "gateways"),
    kind("ServiceEntry", "networking.istio.io", "serviceentries"),
    kind("Sidecar", "networking.istio.io", "sidecars"),
    kind("EnvoyFilter", "networking.istio.io", "envoyfilters"),
    kind("WorkloadEntry", "networking.istio.io", "workloadentries"),
    kind("PeerAuthentication", "security.istio.io", "peerauthentications"),
    kind(
        "AuthorizationPolicy",
        "security.istio.io",
        "authorizationpolicies",
    ),
    kind(
        "RequestAuthentication",
        "security.istio.io",
        "requestauthentications",
    ),
];

/// The kind of a resource; a guess from the plural for what no full collection has.
pub fn kind_of(resource: Resource<'_>) -> String {
    let known = KINDS
        .iter()
        .find(|kind| kind.group == resource.group && kind.plural == resource.plural);
    match known {
        Some(kind) => kind.kind.to_owned(),
        None => {
            let stem = resource.plural.trim_end_matches('s');
            let mut letters = stem.chars();
            letters
                .next()
                .map(|first| first.to_uppercase().chain(letters).collect())
                .unwrap_or_default()
        }
    }
}

/// Whether the cluster has the kind, as far as the bundle tells: no note says that it does not.
pub fn serves(cluster: Cluster<'_>, resource: Resource<'_>, version: &str) -> bool {
    served(cluster).get(resource.group).is_some_and(|group| {
        group.versions.iter().any(|own| own == version)
            && group.plurals.iter().any(|own| own == resource.plural)
    })
}

/// Whether the failure of the Kubernetes collector is about this kind: it is named, or none is.
pub fn told_of(cluster: Cluster<'_>, resource: Resource<'_>) -> bool {
    let collectors = &cluster.served.bundle.manifest.collectors;
    let about = |plural: &str| {
        let mut of_kubernetes = collectors.iter().filter(|c| c.name.starts_with("kubernetes"));
        of_kubernetes.any(|c| has_word(&c.error, plural))
    };
    about(resource.plural) || !KINDS.iter().any(|kind| about(kind.plural))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|own| own == word)
}

/// `None`: no such path.
pub fn answer(cluster: Cluster<'_>, rest: &[&str]) -> Option<Answer> {
    let served = served(cluster);
    let body = match rest {
        ["version"] => {
            json!({ "major": "1", "minor": "33", "gitVersion": "v1.33.0-replay", "platform": "linux/amd64" })
        }
        ["api"] => json!({
            "kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": [],
        }),
        ["apis"] => {
            let groups: Vec<Value> = served
                .iter()
                .filter(|(group, _)| !group.is_empty())
                .map(|(name, group)| describe(name, group))
                .collect();
            json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": groups })
        }
        ["api", "v1"] => resources("v1", served.get("")?),
        ["apis", group] => {
            let mut body = describe(group, served.get(*group)?);
            body["kind"] = "APIGroup".into();
            body["apiVersion"] = "v1".into();
            body
        }
        ["apis", group, version] => {
            let known = served.get(*group)?;
            if !known.versions.iter().any(|own| own == version) {
                return None;
            }
            resources(&format!("{group}/{version}"), known)
        }
        _ => return None,
    };
    Some(Answer::value(&body))
}

/// A group that the cluster serves.
#[derive(Debug, Default)]
struct Group {
    /// The preferred one first.
    versions: Vec<String>,
    plurals: Vec<String>,
}

/// The groups of the files that there are, and of what is not known to be absent.
fn served(cluster: Cluster<'_>) -> BTreeMap<String, Group> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    let prefix = format!("kubernetes/{}/", cluster.membership);
    let bundle = cluster.served.bundle;
    let own = bundle
        .world
        .files
        .range(prefix.clone()..)
        .take_while(|(path, _)| path.starts_with(&prefix));
    for (path, _) in own {
        let Some(name) = path
            .strip_prefix(&prefix)
            .and_then(|file| file.strip_suffix(".json"))
        else {
            continue;
        };
        let (plural, group) = name.split_once('.').unwrap_or((name, ""));
        let known = groups.entry(group.to_owned()).or_default();
        known.plurals.push(plural.to_owned());
        let version = bundle.listing(path, "items").ok().and_then(|listing| {
            let raw = listing.fields.get("apiVersion")?;
            let api_version: String = serde_json::from_str(raw.get()).ok()?;
            let (own_group, version) = api_version.rsplit_once('/')?;
            (own_group == group).then(|| version.to_owned())
        });
        known.versions.extend(version);
    }
    let collectors = &bundle.manifest.collectors;
    for kind in &KINDS {
        let mut notes = collectors.iter().flat_map(|outcome| &outcome.notes);
        if !notes.any(|note| has_word(note, kind.plural)) {
            let known = groups.entry(kind.group.to_owned()).or_default();
            if !known.plurals.iter().any(|own| own == kind.plural) {
                known.plurals.push(kind.plural.to_owned());
            }
        }
    }
    for (name, group) in &mut groups {
        let always: &[&str] = match name.as_str() {
            "networking.istio.io" => &["v1", "v1beta1", "v1alpha3"],
            "security.istio.io" => &["v1", "v1beta1"],
            "mesh.cloud.google.com" => &["v1beta1", "v1alpha1"],
            _ => &["v1"],
        };
        group
            .versions
            .extend(always.iter().map(|version| (*version).to_owned()));
        let mut seen = BTreeSet::new();
        group.versions.retain(|version| seen.insert(version.clone()));
    }
    groups
}

fn describe(name: &str, group: &Group) -> Value {
    let versions: Vec<Value> = group
        .versions
        .iter()
        .map(|version| json!({ "groupVersion": format!("{name}/{version}"), "version": version }))
        .collect();
    json!({ "name": name, "preferredVersion": versions.first(), "versions": versions })
}

fn resources(group_version: &str, group: &Group) -> Value {
    let name = group_version.rsplit_once('/').map_or("", |(group, _)| group);
    let list: Vec<Value> = group
        .plurals
        .iter()
        .map(|plural| {
            let resource = Resource { group: name, plural };
            let kind = kind_of(resource);
            let namespaced = KINDS
                .iter()
                .find(|known| known.group == name && known.plural == plural)
                .is_none_or(|known| known.namespaced);
            json!({
                "name": plural, "singularName": kind.to_lowercase(), "namespaced": namespaced,
                "kind": kind, "verbs": ["get", "list"],
            })
        })
        .collect();
    json!({ "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": list })
}
