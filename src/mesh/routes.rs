//! VirtualServices joined: which hosts they route, which they export, and where the exported routes lead.
use super::clusters::Cluster;
use super::names;
use crate::k8s::istio::{Destination, HttpRoute, VirtualService};
use std::collections::{BTreeMap, BTreeSet};

/// The gateway that offers hosts to clients outside the cluster.
pub const EXTERNAL_GATEWAY: &str = "external-mesh";

/// One VirtualService of one cluster.
#[derive(Debug, Clone, Copy)]
pub struct Routing<'m, 's> {
    /// Index into the clusters.
    pub cluster: usize,
    pub of: &'m Cluster<'s>,
    pub virtual_service: &'s VirtualService,
}

impl<'s> Routing<'_, 's> {
    pub fn name(&self) -> &'s str {
        &self.virtual_service.metadata.name
    }

    pub fn namespace(&self) -> &'s str {
        &self.virtual_service.metadata.namespace
    }

    /// `ns/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace(), self.name())
    }

    /// Its gateways; `mesh` where it names none.
    pub fn gateways(&self) -> Vec<String> {
        match self.virtual_service.spec.gateways.as_slice() {
            [] => vec!["mesh".into()],
            gateways => gateways.to_vec(),
        }
    }

    /// Its hosts. Where it serves the cluster's own sidecars beside clients outside, and has a full name for those, names that only the
    /// cluster completes or resolves are for the former.
    pub fn hosts(&self) -> impl Iterator<Item = String> {
        let all = || self.virtual_service.spec.hosts.iter().map(|h| names::host(h));
        let own = |host: &String| !host.contains('.') || host.ends_with(".svc.cluster.local");
        let shared = self.exports() && self.gateways().iter().any(|g| g != EXTERNAL_GATEWAY);
        let apart = shared && all().any(|host| !own(&host));
        all().filter(move |host| !(apart && own(host)))
    }

    /// Whether it names `external-mesh`, for the whole or in some match.
    pub fn exports(&self) -> bool {
        self.virtual_service
            .spec
            .gateways
            .iter()
            .any(|g| g == EXTERNAL_GATEWAY)
    }

    /// Whether only the mesh's own sidecars see it.
    pub fn mesh_only(&self) -> bool {
        self.gateways()
            .iter()
            .all(|g| matches!(g.as_str(), "mesh" | "mesh/default"))
    }

    /// A gateway that looks like a misspelt `external-mesh`.
    pub fn misspelt_gateway(&self) -> Option<&'s str> {
        self.virtual_service
            .spec
            .gateways
            .iter()
            .map(String::as_str)
            .find(|g| misspelt(g))
    }
}

/// All VirtualServices.
pub fn routings<'m, 's>(clusters: &'m [Cluster<'s>]) -> Vec<Routing<'m, 's>> {
    let mut routings = Vec::new();
    for (cluster, of) in clusters.iter().enumerate() {
        for virtual_service in of.k8s.iter().flat_map(|k| k.virtual_services.items()) {
            routings.push(Routing {
                cluster,
                of,
                virtual_service,
            });
        }
    }
    routings
}

/// Whether a gateway's name is near `external-mesh` without being it: other case, separators, a namespace before it, or one edit.
fn misspelt(gateway: &str) -> bool {
    if gateway == EXTERNAL_GATEWAY || matches!(gateway, "mesh" | "mesh/default") {
        return false;
    }
    let bare = names::last(gateway);
    let plain: String = bare
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_ascii_lowercase();
    plain == "externalmesh"
        || plain == "meshexternal"
        || strsim::damerau_levenshtein(&bare.to_ascii_lowercase(), EXTERNAL_GATEWAY) <= 2
}

/// Where a destination's host leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub fqdn: String,
    /// Name and namespace of the Kubernetes Service; None where the host is none of the cluster's names.
    pub service: Option<(String, String)>,
}

/// Resolves as Istio does: a host without a dot gets the VirtualService's namespace, any other is taken as it is.
/// Source: istio.io, reference of Destination, field `host`.
pub fn resolve(host: &str, namespace: &str) -> Target {
    let host = names::host(host);
    let fqdn = if host.contains('.') {
        host
    } else {
        format!("{host}.{namespace}.svc.cluster.local")
    };
    let service = fqdn.strip_suffix(".svc.cluster.local").and_then(|rest| {
        let (name, namespace) = rest.split_once('.')?;
        (!name.is_empty() && !namespace.is_empty() && !namespace.contains('.'))
            .then(|| (name.to_owned(), namespace.to_owned()))
    });
    Target { fqdn, service }
}

/// A destination in its place.
#[derive(Debug, Clone)]
pub struct Placed<'s> {
    /// `spec.http[0].route[0].destination`.
    pub field: String,
    pub destination: &'s Destination,
    pub rule: &'s HttpRoute,
    /// A weight of 0 beside other destinations.
    pub idle: bool,
}

/// Every destination of the VirtualService's http rules; clients outside the cluster ignore tls and tcp rules. Mirrors are left out,
/// their failure breaks no call.
/// Source: cloud.google.com/service-mesh, Cloud Run API reference.
pub fn destinations(virtual_service: &VirtualService) -> Vec<Placed<'_>> {
    let mut placed = Vec::new();
    for (i, rule) in virtual_service.spec.http.iter().enumerate() {
        for (j, route) in rule.route.iter().enumerate() {
            placed.push(Placed {
                field: format!("spec.http[{i}].route[{j}].destination"),
                destination: &route.destination,
                rule,
                idle: rule.route.len() > 1 && route.weight == 0,
            });
        }
    }
    placed
}

/// Fields in use that external clients ignore.
/// Source: cloud.google.com/service-mesh, limitations of VirtualServices for Cloud Run.
pub fn ignored_fields(virtual_service: &VirtualService) -> Vec<String> {
    let mut fields = Vec::new();
    if !virtual_service.spec.export_to.is_empty() {
        fields.push("spec.exportTo".to_owned());
    }
    for (i, rule) in virtual_service.spec.http.iter().enumerate() {
        for (j, matched) in rule.matches.iter().enumerate() {
            if !matched.source_labels.is_empty() {
                fields.push(format!("spec.http[{i}].match[{j}].sourceLabels"));
            }
            if !matched.source_namespace.is_empty() {
                fields.push(format!("spec.http[{i}].match[{j}].sourceNamespace"));
            }
        }
    }
    fields
}

/// Who exports each host: VirtualServices, sorted by name, by cluster and host.
pub fn exporters(routings: &[Routing]) -> BTreeMap<(usize, String), BTreeSet<String>> {
    let mut exporters: BTreeMap<(usize, String), BTreeSet<String>> = BTreeMap::new();
    for routing in routings.iter().filter(|r| r.exports()) {
        for host in routing.hosts() {
            exporters
                .entry((routing.cluster, host))
                .or_default()
                .insert(routing.full_name());
        }
    }
    exporters
}

#[cfg(test)]
mod tests {
    use super::{misspelt, resolve};

    #[test]
    fn near_names_of_the_gateway_are_misspelt_and_others_are_not() {
        for gateway in [
            "externalmesh",
            "external_mesh",
            "External-Mesh",
            "istio-system/external-mesh",
            "extrenal-mesh",
        ] {
            assert!(misspelt(gateway), "{gateway}");
        }
        for gateway in [
            "external-mesh",
            "mesh",
            "mesh/default",
            "istio-system/ingress",
            "external-gateway",
            "external",
        ] {
            assert!(!misspelt(gateway), "{gateway}");
        }
    }

    #[test]
    fn short_names_get_the_namespace_and_dotted_names_stay() {
        let name = |host: &str| resolve(host, "shop").service;
        assert_eq!(name("cart"), Some(("cart".into(), "shop".into())));
        assert_eq!(
            name("cart.data.svc.cluster.local"),
            Some(("cart".into(), "data".into()))
        );
        assert_eq!(name("cart.data"), None);
        assert_eq!(name("api.example.com"), None);
    }
}
