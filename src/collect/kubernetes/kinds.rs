//! The kinds of a full collection: where each is served, and under which name its listing is kept.

/// One kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub plural: &'static str,
    /// Empty for the core group.
    pub group: &'static str,
    /// Versions to ask for, the newest first: a cluster serves the first one or more of them, or none.
    pub versions: &'static [&'static str],
    pub namespaced: bool,
    /// Every API server has it; the others come with Istio's or the mesh's custom resource definitions.
    pub built_in: bool,
}

const fn built_in(plural: &'static str, group: &'static str, namespaced: bool) -> Kind {
    Kind {
        plural,
        group,
        versions: &["v1"],
        namespaced,
        built_in: true,
    }
}

const fn istio(plural: &'static str, group: &'static str, versions: &'static [&'static str]) -> Kind {
    Kind {
        plural,
        group,
        versions,
        namespaced: true,
        built_in: false,
    }
}

const NETWORKING: &str = "networking.istio.io";
const SECURITY: &str = "security.istio.io";
// Istio serves v1 since 1.22, v1beta1 since 1.5 (networking: 1.6), v1alpha3 since 0.8.
const ROUTING: &[&str] = &["v1", "v1beta1", "v1alpha3"];
const POLICY: &[&str] = &["v1", "v1beta1"];

/// All kinds, those with the longest listings first.
pub const KINDS: [Kind; 20] = [
    built_in("pods", "", true),
    built_in("endpointslices", "discovery.k8s.io", true),
    built_in("services", "", true),
    built_in("deployments", "apps", true),
    built_in("serviceaccounts", "", true),
    istio("virtualservices", NETWORKING, ROUTING),
    built_in("namespaces", "", false),
    built_in("nodes", "", false),
    built_in("statefulsets", "apps", true),
    built_in("networkpolicies", "networking.k8s.io", true),
    istio(
        "controlplanerevisions",
        "mesh.cloud.google.com",
        &["v1beta1", "v1alpha1"],
    ),
    istio("destinationrules", NETWORKING, ROUTING),
    istio("gateways", NETWORKING, ROUTING),
    istio("serviceentries", NETWORKING, ROUTING),
    istio("sidecars", NETWORKING, ROUTING),
    istio("envoyfilters", NETWORKING, &["v1alpha3"]),
    istio("workloadentries", NETWORKING, ROUTING),
    istio("peerauthentications", SECURITY, POLICY),
    istio("authorizationpolicies", SECURITY, POLICY),
    istio("requestauthentications", SECURITY, POLICY),
];

impl Kind {
    /// `PLURAL.GROUP`, as kubectl and the layout name it; `pods` in the core group.
    pub fn name(&self) -> String {
        let dot = if self.group.is_empty() { "" } else { "." };
        format!("{}{dot}{}", self.plural, self.group)
    }

    /// The path of its listing, in one namespace or in all.
    pub fn path(&self, version: &str, namespace: Option<&str>) -> String {
        let root = if self.group.is_empty() {
            format!("/api/{version}")
        } else {
            format!("/apis/{}/{version}", self.group)
        };
        match namespace {
            Some(namespace) => format!("{root}/namespaces/{namespace}/{}", self.plural),
            None => format!("{root}/{}", self.plural),
        }
    }
}
