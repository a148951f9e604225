//! The Kubernetes kinds of a full collection: kind and group to the file's name in the layout.

/// The membership that loose manifests stand under, unless the snapshot has exactly one of its own.
pub const LOOSE_MEMBERSHIP: &str = "loose";

/// Kind, group (empty: core), plural.
const KINDS: [(&str, &str, &str); 20] = [
    ("Service", "", "services"),
    ("Pod", "", "pods"),
    ("Namespace", "", "namespaces"),
    ("ServiceAccount", "", "serviceaccounts"),
    ("Node", "", "nodes"),
    ("EndpointSlice", "discovery.k8s.io", "endpointslices"),
    ("Deployment", "apps", "deployments"),
    ("StatefulSet", "apps", "statefulsets"),
    ("NetworkPolicy", "networking.k8s.io", "networkpolicies"),
    (
        "ControlPlaneRevision",
        "mesh.cloud.google.com",
        "controlplanerevisions",
    ),
    ("VirtualService", "networking.istio.io", "virtualservices"),
    ("DestinationRule", "networking.istio.io", "destinationrules"),
    ("Gateway", "networking.istio.io", "gateways"),
    ("ServiceEntry", "networking.istio.io", "serviceentries"),
    ("Sidecar", "networking.istio.io", "sidecars"),
    ("EnvoyFilter", "networking.istio.io", "envoyfilters"),
    ("WorkloadEntry", "networking.istio.io", "workloadentries"),
    ("PeerAuthentication", "security.istio.io", "peerauthentications"),
    (
        "AuthorizationPolicy",
        "security.istio.io",
        "authorizationpolicies",
    ),
    (
        "RequestAuthentication",
        "security.istio.io",
        "requestauthentications",
    ),
];

/// The layout path of a kind, of any version that the group serves; `None` for kinds no diagnosis uses.
pub fn path(api_version: &str, kind: &str) -> Option<String> {
    let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
    let (_, group, plural) = KINDS.iter().find(|(k, g, _)| *k == kind && *g == group)?;
    let dot = if group.is_empty() { "" } else { "." };
    Some(format!("kubernetes/{LOOSE_MEMBERSHIP}/{plural}{dot}{group}.json"))
}

/// The kind of the objects in a file of the layout; `None` for kinds no diagnosis uses.
pub fn kind(path: &str) -> Option<&'static str> {
    let file = path.rsplit('/').next()?.strip_suffix(".json")?;
    let (plural, group) = file.split_once('.').unwrap_or((file, ""));
    let (kind, ..) = KINDS.iter().find(|(_, g, p)| *p == plural && *g == group)?;
    Some(kind)
}

/// `PLURAL.GROUP` of a plural, alone or with its group: `virtualservices` is `virtualservices.networking.istio.io`.
pub fn full_name(plural: &str) -> Option<String> {
    KINDS.iter().find_map(|(_, group, known)| {
        let full = if group.is_empty() {
            (*known).to_owned()
        } else {
            format!("{known}.{group}")
        };
        (plural == *known || plural == full).then_some(full)
    })
}
