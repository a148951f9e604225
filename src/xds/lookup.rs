//! Questions that the rules ask of a client's configuration.
use super::{
    Assignment, Cluster, Content, Kind, Listener, Resource, RouteConfig, SyncState, VirtualHost, XdsClient,
};
use crate::names::ProjectNumber;

impl XdsClient {
    /// The number of the project whose mesh this client belongs to: from the node id, else from its metadata.
    pub fn project_number(&self) -> Option<ProjectNumber> {
        let by_id = self
            .id_parts()
            .and_then(|(project, _)| ProjectNumber::parse(project));
        by_id.or_else(|| ProjectNumber::parse(self.metadata.get("TRAFFICDIRECTOR_GCP_PROJECT_NUMBER")?))
    }

    /// The mesh's name; none for a client of a VPC network.
    pub fn mesh(&self) -> Option<&str> {
        let by_id = self
            .id_parts()
            .and_then(|(_, network)| network.strip_prefix("mesh:"));
        let text = |key| self.metadata.get(key).map(String::as_str);
        by_id
            .or_else(|| text("TRAFFICDIRECTOR_MESH_SCOPE_NAME"))
            .or_else(|| text("TRAFFICDIRECTOR_NETWORK_NAME")?.strip_prefix("mesh:"))
            .filter(|mesh| !mesh.is_empty())
    }

    /// Project and network of `projects/PROJECT/networks/NETWORK/nodes/ID`.
    fn id_parts(&self) -> Option<(&str, &str)> {
        let (project, rest) = self.node_id.strip_prefix("projects/")?.split_once("/networks/")?;
        let (network, _) = rest.split_once("/nodes/")?;
        Some((project, network))
    }

    /// All resources of one discovery service.
    pub fn resources_of<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = &'a Resource> {
        self.resources
            .iter()
            .filter(move |resource| resource.kind == *kind)
    }

    /// The resource of that kind and name.
    pub fn resource(&self, kind: &Kind, name: &str) -> Option<&Resource> {
        self.resources
            .iter()
            .find(|resource| resource.kind == *kind && resource.name.as_ref() == name)
    }

    /// The most telling state of a kind's resources and of the kind as a whole; none where neither is mentioned.
    pub fn state_of(&self, kind: &Kind) -> Option<SyncState> {
        self.resources_of(kind)
            .map(|resource| resource.state)
            .chain(self.type_states.get(kind).copied())
            .reduce(SyncState::more_telling)
    }

    /// All listeners with their names.
    pub fn listeners(&self) -> impl Iterator<Item = (&str, &Listener)> {
        self.resources
            .iter()
            .filter_map(|resource| match resource.content.as_ref() {
                Content::Listener(listener) => Some((resource.name.as_ref(), listener)),
                _ => None,
            })
    }

    /// Every route configuration: those sent as resources, then those inside listeners.
    pub fn route_configs(&self) -> impl Iterator<Item = &RouteConfig> {
        let sent = self
            .resources
            .iter()
            .filter_map(|resource| match resource.content.as_ref() {
                Content::Routes(routes) => Some(routes),
                _ => None,
            });
        sent.chain(self.listeners().flat_map(|(_, listener)| &listener.inline_routes))
    }

    /// A cluster by its name.
    pub fn cluster(&self, name: &str) -> Option<&Cluster> {
        self.resources
            .iter()
            .find_map(|resource| match resource.content.as_ref() {
                Content::Cluster(cluster) if resource.name.as_ref() == name => Some(cluster),
                _ => None,
            })
    }

    /// A cluster's endpoints: those of EDS under its service name, else the inline ones.
    /// None where the answer holds no endpoints for it, which is not the same as an empty list.
    pub fn assignment(&self, cluster_name: &str) -> Option<&Assignment> {
        let cluster = self.cluster(cluster_name);
        let wanted = cluster.map_or(cluster_name, |c| c.eds_service_name.as_str());
        let by_eds = self
            .resources
            .iter()
            .find_map(|resource| match resource.content.as_ref() {
                Content::Endpoints(found)
                    if found.cluster_name == wanted || resource.name.as_ref() == wanted =>
                {
                    Some(found)
                }
                _ => None,
            });
        match cluster {
            Some(cluster) if cluster.discovery != "EDS" => cluster.inline_endpoints.as_ref().or(by_eds),
            Some(cluster) => by_eds.or(cluster.inline_endpoints.as_ref()),
            None => by_eds,
        }
    }

    /// The virtual host that takes a host, over all route configurations; the better match wins, then the first.
    pub fn find_virtual_host(&self, host: &str) -> Option<(&RouteConfig, &VirtualHost)> {
        let found = self
            .route_configs()
            .filter_map(|config| config.best(host).map(|(rank, v)| (rank, config, v)));
        first_best(found, |(rank, ..)| *rank).map(|(_, config, virtual_host)| (config, virtual_host))
    }
}

impl RouteConfig {
    /// The virtual host that takes a host, by Envoy's order: exact, longest `*.x`, longest `x.*`, `*`.
    /// Letter case does not matter; a port is part of the text.
    /// Source: `domains` in envoy.config.route.v3.VirtualHost.
    pub fn find_virtual_host(&self, host: &str) -> Option<&VirtualHost> {
        self.best(host).map(|(_, virtual_host)| virtual_host)
    }

    fn best(&self, host: &str) -> Option<(Rank, &VirtualHost)> {
        let host = host.to_ascii_lowercase();
        let found = self.virtual_hosts.iter().flat_map(|virtual_host| {
            let ranks = virtual_host
                .domains
                .iter()
                .filter_map(|domain| rank(domain, &host));
            ranks.map(move |rank| (rank, virtual_host))
        });
        first_best(found, |(rank, _)| *rank)
    }
}

/// How well a domain matches: first by the kind of match, then by its length.
type Rank = (u8, usize);

/// `host` is in lower case.
fn rank(domain: &str, host: &str) -> Option<Rank> {
    let domain = domain.to_ascii_lowercase();
    // A wildcard stands for at least one character.
    let longer = host.len() >= domain.len();
    if domain == "*" {
        Some((0, 0))
    } else if let Some(suffix) = domain.strip_prefix('*') {
        (longer && host.ends_with(suffix)).then_some((2, suffix.len()))
    } else if let Some(prefix) = domain.strip_suffix('*') {
        (longer && host.starts_with(prefix)).then_some((1, prefix.len()))
    } else {
        (domain == host).then_some((3, domain.len()))
    }
}

/// `Iterator::max_by_key` would give the last of equals.
fn first_best<T>(items: impl Iterator<Item = T>, key: impl Fn(&T) -> Rank) -> Option<T> {
    items.reduce(|best, item| if key(&item) > key(&best) { item } else { best })
}
