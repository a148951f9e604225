//! Cloud Run services joined with their serving revisions, meshes, networks and accounts.
use super::names::{MeshName, last};
use super::network::{Lookup, NetworkKey, Networks, SubnetKey};
use super::projects::Projects;
use crate::gcp::run::{Revision, Service, Template, TrafficTarget};
use crate::scope::Scope;
use crate::snapshot::{ProjectId, Snapshot};
use ipnet::IpNet;
use std::collections::BTreeMap;

/// One Cloud Run service.
#[derive(Debug)]
pub struct Client<'s> {
    pub name: String,
    pub project: ProjectId,
    pub region: String,
    pub service: &'s Service,
    /// What its traffic runs on: the serving revision with the greatest share that names a mesh, else the service's template.
    pub template: &'s Template,
    /// The serving revision, bare name.
    pub revision: String,
    /// Shares of traffic, each with its revision where that was collected.
    pub shares: Vec<(String, i64, Option<&'s Revision>)>,
    pub revisions_collected: bool,
    /// The mesh as written; empty for none.
    pub mesh_text: String,
    pub mesh: Option<MeshName>,
    pub account: String,
    pub network: Option<NetworkKey>,
    pub subnet: Option<SubnetKey>,
    /// Ranges of its subnetwork, where that was collected.
    pub ranges: Vec<IpNet>,
    pub tags: Vec<String>,
    pub named_in_scope: bool,
}

impl Client<'_> {
    pub fn in_mesh(&self) -> bool {
        !self.mesh_text.is_empty()
    }
}

/// All services of the snapshot that the scope takes in, in order of project, region and name.
pub fn clients<'s>(snapshot: &'s Snapshot, projects: &Projects, networks: &Networks) -> Vec<Client<'s>> {
    let mut clients = Vec::new();
    for (project, regions) in &snapshot.cloud_run {
        for (region, location) in regions {
            let revisions: BTreeMap<&str, &Revision> = location
                .revisions
                .items()
                .iter()
                .map(|r| (last(&r.name), r))
                .collect();
            let mut services: Vec<&Service> = location.services.items().iter().collect();
            services.sort_by_key(|service| last(&service.name));
            for service in services {
                let named = named(&snapshot.manifest.scope, last(&service.name));
                if named == Some(false) {
                    continue;
                }
                let mut client = client(service, project, region, &revisions, projects, networks);
                client.revisions_collected = location.revisions.is_had();
                client.named_in_scope = named == Some(true);
                clients.push(client);
            }
        }
    }
    clients
}

/// Whether the scope names the service; None where it names none at all.
fn named(scope: &Scope, service: &str) -> Option<bool> {
    (!scope.services.is_empty()).then(|| scope.services.iter().any(|pattern| glob(pattern, service)))
}

/// `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|i| rest.get(i..).is_some_and(|tail| glob(after, tail)))
        }),
    }
}

fn client<'s>(
    service: &'s Service,
    project: &ProjectId,
    region: &str,
    revisions: &BTreeMap<&str, &'s Revision>,
    projects: &Projects,
    networks: &Networks,
) -> Client<'s> {
    let project = projects.id(project.as_str());
    let shares = shares(service, revisions);
    let meshed = |r: &&'s Revision| {
        r.template
            .service_mesh
            .as_ref()
            .is_some_and(|m| !m.mesh.is_empty())
    };
    let serving = shares
        .iter()
        .filter_map(|(_, percent, r)| r.map(|r| (*percent, r)))
        .filter(|(p, _)| *p > 0);
    let best = serving
        .filter(|(_, r)| meshed(r))
        .max_by_key(|(percent, _)| *percent)
        .map(|(_, r)| r);
    let template = best.map_or(&service.template, |r| &r.template);
    let mesh_of = |t: &Template| {
        t.service_mesh
            .as_ref()
            .map(|m| m.mesh.clone())
            .unwrap_or_default()
    };
    let mesh_text = Some(mesh_of(template))
        .filter(|m| !m.is_empty())
        .unwrap_or_else(|| mesh_of(&service.template));
    let interface = template
        .vpc_access
        .as_ref()
        .and_then(|v| v.network_interfaces.first());
    let subnet = interface
        .filter(|i| !i.subnetwork.is_empty())
        .and_then(|i| SubnetKey::parse(&i.subnetwork, &project, region, projects));
    let network = interface.and_then(|i| {
        if i.network.is_empty() {
            // A subnetwork alone tells its network.
            let found = networks.subnet(subnet.as_ref()?).found()?;
            return NetworkKey::parse(&found.network, &subnet.as_ref()?.project, projects);
        }
        NetworkKey::parse(&i.network, &project, projects)
    });
    // With the network alone, Cloud Run takes the subnetwork of the same name, as in auto-mode networks.
    let subnet = subnet.or_else(|| {
        let network = network.as_ref()?;
        Some(SubnetKey {
            project: network.project.clone(),
            region: region.into(),
            name: network.name.clone(),
        })
    });
    let ranges = match subnet.as_ref().map(|s| networks.subnet(s)) {
        Some(Lookup::Found(found)) => found.ip_cidr_range.parse().into_iter().collect(),
        _ => Vec::new(),
    };
    let account = match template.service_account.as_str() {
        "" => projects
            .number(project.as_str())
            .map(|n| format!("{n}-compute@developer.gserviceaccount.com"))
            .unwrap_or_default(),
        account => account.to_owned(),
    };
    let latest = last(&service.latest_ready_revision).to_owned();
    Client {
        name: last(&service.name).to_owned(),
        region: region.to_owned(),
        service,
        template,
        revision: best.map_or(latest, |r| last(&r.name).to_owned()),
        shares,
        revisions_collected: false,
        mesh: MeshName::parse(&mesh_text),
        mesh_text,
        account,
        network,
        subnet,
        ranges,
        tags: interface.map(|i| i.tags.clone()).unwrap_or_default(),
        named_in_scope: false,
        project,
    }
}

/// The actual shares, or where there are none yet the wanted ones.
fn shares<'s>(
    service: &'s Service,
    revisions: &BTreeMap<&str, &'s Revision>,
) -> Vec<(String, i64, Option<&'s Revision>)> {
    let targets: &[TrafficTarget] = if service.traffic_statuses.is_empty() {
        &service.traffic
    } else {
        &service.traffic_statuses
    };
    targets
        .iter()
        .map(|target| {
            let latest = target.revision.is_empty();
            let name = if latest {
                last(&service.latest_ready_revision)
            } else {
                last(&target.revision)
            };
            (name.to_owned(), target.percent, revisions.get(name).copied())
        })
        .collect()
}
