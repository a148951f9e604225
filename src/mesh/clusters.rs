//! Clusters: a membership's objects joined with the fleet, the GKE cluster and its network.
use super::labels::LabelIndex;
use super::names::{MeshName, last};
use super::network::{NetworkKey, Networks};
use super::projects::Projects;
use crate::gcp::container;
use crate::gcp::fleet::{Membership, MembershipSpec, MembershipState};
use crate::k8s::core::{Deployment, EndpointSlice, Namespace, Pod, Service};
use crate::snapshot::{Collected, Kubernetes, ProjectId, Snapshot};
use ipnet::IpNet;
use std::collections::{BTreeMap, BTreeSet};

/// The annotation that names the mesh for external clients.
pub const EXTERNAL_MESH: &str = "mesh.cloud.google.com/external-mesh";

/// One cluster of the scope.
#[derive(Debug)]
pub struct Cluster<'s> {
    /// Bare name of the membership.
    pub membership: String,
    pub location: String,
    /// Whether the fleet lists it, or nobody listed the fleet's memberships.
    pub listed: bool,
    /// The fleet's project.
    pub fleet_project: ProjectId,
    /// None where its objects were not collected.
    pub k8s: Option<&'s Kubernetes>,
    pub gke: Option<&'s container::Cluster>,
    pub gke_project: ProjectId,
    pub network: Option<NetworkKey>,
    pub pod_ranges: Vec<IpNet>,
    pub spec: Option<&'s MembershipSpec>,
    pub state: Option<&'s MembershipState>,
    /// Meshes that its ControlPlaneRevisions offer; None where these were not collected.
    pub offers: Option<Vec<String>>,
    pub services: BTreeMap<(&'s str, &'s str), &'s Service>,
    /// Namespaces that hold a Service of this name.
    pub service_namespaces: BTreeMap<&'s str, BTreeSet<&'s str>>,
    /// Without those that have done their work.
    pub pods: LabelIndex<'s, &'s Pod>,
    /// Deployments and StatefulSets with their kind, by the labels of the pods that they make.
    pub workloads: LabelIndex<'s, (&'static str, &'s Deployment)>,
    pub namespaces: BTreeMap<&'s str, &'s Namespace>,
    /// EndpointSlices by namespace and Service.
    pub slices: BTreeMap<(&'s str, &'s str), Vec<&'s EndpointSlice>>,
}

/// The label that says which Service a slice is of.
const OF_SERVICE: &str = "kubernetes.io/service-name";

impl<'s> Cluster<'s> {
    /// Whether it offers the mesh.
    pub fn offers(&self, mesh: &MeshName, projects: &Projects) -> bool {
        self.offers
            .iter()
            .flatten()
            .filter_map(|text| MeshName::parse(text))
            .any(|offered| offered.same(mesh, projects))
    }
}

/// Clusters of the snapshot: those whose objects were collected, and the fleet's other memberships in scope.
pub fn clusters<'s>(snapshot: &'s Snapshot, projects: &Projects, networks: &Networks) -> Vec<Cluster<'s>> {
    let mut names: BTreeSet<&str> = snapshot.kubernetes.keys().map(String::as_str).collect();
    let scope = &snapshot.manifest.scope.memberships;
    for (_, membership) in members(snapshot) {
        let name = last(&membership.name);
        if scope.is_empty() || scope.iter().any(|s| s == name) {
            names.insert(name);
        }
    }
    names
        .into_iter()
        .map(|name| cluster(name, snapshot, projects, networks))
        .collect()
}

fn members(snapshot: &Snapshot) -> impl Iterator<Item = (&ProjectId, &Membership)> {
    snapshot
        .fleet
        .iter()
        .flat_map(|(project, fleet)| fleet.memberships.items().iter().map(move |m| (project, m)))
}

fn cluster<'s>(name: &str, snapshot: &'s Snapshot, projects: &Projects, networks: &Networks) -> Cluster<'s> {
    let member = members(snapshot).find(|(_, m)| last(&m.name) == name);
    let fleet_project = member
        .map(|(project, _)| projects.id(project.as_str()))
        .or_else(|| snapshot.fleet.keys().next().map(|p| projects.id(p.as_str())))
        .unwrap_or_else(|| projects.id(&snapshot.manifest.scope.project));
    let (gke_project, gke) = gke(name, member.map(|(_, m)| m), snapshot, projects)
        .map_or((fleet_project.clone(), None), |(project, gke)| {
            (project, Some(gke))
        });
    let feature = snapshot
        .fleet
        .values()
        .flat_map(|fleet| fleet.features.items())
        .find(|f| last(&f.name) == "servicemesh");
    let of = |key: &str| last(key) == name;
    let network = gke.and_then(|gke| {
        let text = Some(gke.network_config.network.as_str())
            .filter(|n| !n.is_empty())
            .unwrap_or(&gke.network);
        NetworkKey::parse(text, &gke_project, projects)
    });
    let k8s = snapshot.kubernetes.get(name);
    let pods = k8s
        .iter()
        .flat_map(|k| k.pods.items())
        .filter(|p| p.status.phase != "Succeeded");
    let of_kind = |kind, list: &'s Collected<Vec<Deployment>>| list.items().iter().map(move |d| (kind, d));
    let workloads = k8s
        .iter()
        .flat_map(|k| of_kind("deployment", &k.deployments).chain(of_kind("statefulset", &k.stateful_sets)))
        .map(|(kind, d)| ((kind, d), &d.metadata, &d.spec.template.metadata.labels));
    let mut cluster = Cluster {
        listed: member.is_some() || members(snapshot).next().is_none(),
        membership: name.to_owned(),
        location: member
            .and_then(|(_, m)| location(&m.name))
            .or_else(|| gke.map(|g| g.location.clone()))
            .unwrap_or_default(),
        fleet_project,
        k8s,
        gke,
        pod_ranges: gke
            .map(|g| networks.pod_ranges(g, &gke_project))
            .unwrap_or_default(),
        gke_project,
        network,
        spec: feature.and_then(|f| f.membership_specs.iter().find(|(k, _)| of(k)).map(|(_, v)| v)),
        state: feature.and_then(|f| f.membership_states.iter().find(|(k, _)| of(k)).map(|(_, v)| v)),
        offers: k8s
            .and_then(|k| k.control_plane_revisions.as_ref())
            .map(|revisions| {
                let offered = revisions
                    .iter()
                    .filter_map(|r| r.metadata.annotations.get(EXTERNAL_MESH));
                offered.filter(|m| !m.is_empty()).cloned().collect()
            }),
        services: BTreeMap::new(),
        service_namespaces: BTreeMap::new(),
        pods: LabelIndex::new(pods.map(|p| (p, &p.metadata, &p.metadata.labels))),
        workloads: LabelIndex::new(workloads),
        namespaces: BTreeMap::new(),
        slices: BTreeMap::new(),
    };
    if let Some(k8s) = k8s {
        cluster.index(k8s);
    }
    cluster
}

impl<'s> Cluster<'s> {
    fn index(&mut self, k8s: &'s Kubernetes) {
        for service in k8s.services.items() {
            let (namespace, name) = (
                service.metadata.namespace.as_str(),
                service.metadata.name.as_str(),
            );
            self.services.insert((namespace, name), service);
            self.service_namespaces.entry(name).or_default().insert(namespace);
        }
        for slice in k8s.endpoint_slices.items() {
            if let Some(service) = slice.metadata.labels.get(OF_SERVICE) {
                let of = (slice.metadata.namespace.as_str(), service.as_str());
                self.slices.entry(of).or_default().push(slice);
            }
        }
        for namespace in k8s.namespaces.items() {
            self.namespaces
                .insert(namespace.metadata.name.as_str(), namespace);
        }
    }
}

/// The GKE cluster behind a membership: by the membership's own link, by the cluster's fleet block, else by name.
fn gke<'s>(
    name: &str,
    member: Option<&Membership>,
    snapshot: &'s Snapshot,
    projects: &Projects,
) -> Option<(ProjectId, &'s container::Cluster)> {
    let link = member
        .and_then(|m| m.endpoint.gke_cluster.as_ref())
        .map(|g| g.resource_link.as_str());
    let linked = link.map(|l| last(l).to_owned());
    let all = || {
        snapshot.clusters.iter().flat_map(|(project, list)| {
            list.clusters
                .iter()
                .map(move |c| (projects.id(project.as_str()), c))
        })
    };
    all()
        .find(|(_, c)| {
            linked.as_deref() == Some(c.name.as_str())
                && link.and_then(location).as_ref() == Some(&c.location)
        })
        .or_else(|| all().find(|(_, c)| last(&c.fleet.membership) == name))
        .or_else(|| all().find(|(_, c)| c.name == name))
}

/// The location in a resource path.
fn location(path: &str) -> Option<String> {
    let mut parts = path.split('/');
    parts.find(|part| *part == "locations")?;
    parts.next().map(str::to_owned)
}
