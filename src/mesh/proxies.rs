//! The proxies that Traffic Director knows: whose they are, and what they hold, indexed for many hosts.
use super::clients::Client;
use super::names::MeshName;
use super::projects::Projects;
use crate::snapshot::Snapshot;
use crate::xds::{Assignment, Content, Kind, SyncState, VirtualHost, XdsClient};
use std::collections::{BTreeSet, HashMap};

/// One connected proxy.
#[derive(Debug)]
pub struct Proxy<'s> {
    pub client: &'s XdsClient,
    /// The Cloud Run service it belongs to, as an index into the clients.
    pub service: Option<usize>,
    /// Virtual hosts by exact domain.
    domains: HashMap<String, &'s VirtualHost>,
    /// Whether some domain is a wildcard, so that the index is not the whole truth.
    wildcards: bool,
    clusters: HashMap<&'s str, &'s crate::xds::Cluster>,
    assignments: HashMap<&'s str, &'s Assignment>,
    /// Whether any resource came with its content.
    pub has_contents: bool,
    /// Whether it took the listeners and routes that it was last sent.
    pub routes_in_sync: bool,
}

/// All proxies, and which meshes' status was asked for at all.
#[derive(Debug)]
pub struct Proxies<'s> {
    pub all: Vec<Proxy<'s>>,
    collected: bool,
}

impl<'s> Proxies<'s> {
    pub fn new(snapshot: &'s Snapshot, clients: &[Client], projects: &Projects) -> Self {
        let mut all = Vec::new();
        for status in snapshot.csds.values() {
            for client in &status.clients {
                all.push(Proxy::new(client, owner(client, clients, projects)));
            }
        }
        Self {
            all,
            collected: !snapshot.csds.is_empty(),
        }
    }

    pub fn collected(&self) -> bool {
        self.collected
    }

    /// Proxies of one service.
    pub fn of_service(&self, service: usize) -> impl Iterator<Item = &Proxy<'s>> {
        self.all.iter().filter(move |p| p.service == Some(service))
    }

    /// Proxies of one mesh that nothing assigns to a service.
    pub fn unassigned(&self, mesh: &MeshName, projects: &Projects) -> usize {
        self.of_mesh(mesh, projects)
            .filter(|p| p.service.is_none())
            .count()
    }

    /// Proxies of one mesh; one that does not say counts too.
    pub fn of_mesh<'p>(
        &'p self,
        mesh: &'p MeshName,
        projects: &'p Projects,
    ) -> impl Iterator<Item = &'p Proxy<'s>> + 'p {
        self.of_meshes(std::slice::from_ref(mesh), projects)
    }

    /// Proxies of any of these meshes.
    pub fn of_meshes<'p>(
        &'p self,
        meshes: &'p [MeshName],
        projects: &'p Projects,
    ) -> impl Iterator<Item = &'p Proxy<'s>> + 'p {
        let is_of = move |p: &&Proxy<'s>| meshes.iter().any(|mesh| p.is_of(mesh, projects));
        self.all.iter().filter(is_of)
    }
}

impl<'s> Proxy<'s> {
    fn new(client: &'s XdsClient, service: Option<usize>) -> Self {
        let mut proxy = Self {
            client,
            service,
            domains: HashMap::new(),
            wildcards: false,
            clusters: HashMap::new(),
            assignments: HashMap::new(),
            has_contents: false,
            routes_in_sync: routes_in_sync(client),
        };
        for config in client.route_configs() {
            for virtual_host in &config.virtual_hosts {
                for domain in &virtual_host.domains {
                    proxy.wildcards |= domain.contains('*');
                    proxy
                        .domains
                        .entry(domain.to_ascii_lowercase())
                        .or_insert(virtual_host);
                }
            }
        }
        for resource in &client.resources {
            match resource.content.as_ref() {
                Content::Cluster(cluster) => _ = proxy.clusters.insert(&resource.name, cluster),
                Content::Endpoints(found) => {
                    proxy.assignments.insert(&found.cluster_name, found);
                    proxy.assignments.insert(&resource.name, found);
                }
                _ => {}
            }
            proxy.has_contents |= !matches!(resource.content.as_ref(), Content::Absent);
        }
        proxy
    }

    /// Whether it is a proxy of that mesh, as far as it says.
    pub fn is_of(&self, mesh: &MeshName, projects: &Projects) -> bool {
        self.client.mesh().is_none_or(|m| m == mesh.mesh)
            && self
                .client
                .project_number()
                .is_none_or(|n| projects.same(n.as_str(), &mesh.project))
    }

    /// Domains of its virtual hosts, in lower case, some with a port.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        self.domains.keys().map(String::as_str)
    }

    /// The virtual host that takes a host.
    pub fn virtual_host(&self, host: &str) -> Option<&'s VirtualHost> {
        match self.domains.get(host) {
            Some(found) => Some(found),
            None if self.wildcards => self.client.find_virtual_host(host).map(|(_, found)| found),
            None => None,
        }
    }

    pub fn cluster(&self, name: &str) -> Option<&'s crate::xds::Cluster> {
        self.clusters.get(name).copied()
    }

    /// A cluster's endpoints; None where the answer holds none for it, which is not an empty list.
    pub fn assignment(&self, name: &str) -> Option<&'s Assignment> {
        let cluster = self.cluster(name);
        let wanted = cluster.map_or(name, |c| c.eds_service_name.as_str());
        let inline = cluster.and_then(|c| c.inline_endpoints.as_ref());
        match self.assignments.get(wanted).copied() {
            Some(found) if cluster.is_none_or(|c| c.discovery == "EDS") => Some(found),
            found => inline.or(found),
        }
    }

    /// The service's name, else the node id.
    pub fn label(&self, clients: &[Client]) -> String {
        self.service
            .and_then(|i| clients.get(i))
            .map_or_else(|| self.client.node_id.clone(), |c| c.name.clone())
    }
}

fn routes_in_sync(client: &XdsClient) -> bool {
    let routing = client
        .resources
        .iter()
        .filter(|r| matches!(r.kind, Kind::Lds | Kind::Rds));
    routing
        .map(|r| r.state)
        .all(|s| matches!(s, SyncState::Synced | SyncState::Unknown))
}

/// Which service a proxy belongs to: nothing public says, so by node metadata that names the service or its revision, else by an
/// address inside one service's subnetwork. Inferred, therefore only where exactly one service fits.
fn owner(proxy: &XdsClient, clients: &[Client], projects: &Projects) -> Option<usize> {
    let values: BTreeSet<&str> = proxy.metadata.values().map(String::as_str).collect();
    let in_mesh = |c: &Client| {
        c.mesh.as_ref().is_none_or(|m| {
            proxy.mesh().is_none_or(|p| p == m.mesh)
                && proxy
                    .project_number()
                    .is_none_or(|n| projects.same(n.as_str(), &m.project))
        })
    };
    let only = |found: Vec<usize>| match found.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let by = |fits: &dyn Fn(&Client) -> bool| -> Vec<usize> {
        (0..clients.len())
            .filter(|i| clients.get(*i).is_some_and(|c| in_mesh(c) && fits(c)))
            .collect()
    };
    let region = |c: &Client| proxy.region.is_empty() || proxy.region == c.region;
    let revision = |c: &Client| !c.revision.is_empty() && values.contains(c.revision.as_str());
    let named = |c: &Client| values.contains(c.name.as_str());
    let address = |c: &Client| {
        let addresses = proxy
            .listening_addresses
            .iter()
            .filter_map(|a| a.parse::<std::net::IpAddr>().ok());
        addresses
            .into_iter()
            .any(|ip| c.ranges.iter().any(|range| range.contains(&ip)))
    };
    only(by(&revision))
        .or_else(|| only(by(&|c| named(c) && region(c))))
        .or_else(|| only(by(&named)))
        .or_else(|| only(by(&address)))
}
