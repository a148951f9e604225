//! Facts of projects, APIs, memberships and the conditions that the mesh reports.
use super::facts::{ApiUse, Fact, Membership, MeshCondition, Project};
use super::model::Model;
use super::names::last;
use super::routes::Routing;
use crate::gcp::fleet::{Feature, MeshCondition as Condition};
use std::collections::{BTreeMap, BTreeSet};

/// What a project is needed for.
#[derive(Debug, Default, Clone)]
pub struct Part {
    pub fleet: bool,
    pub clients: bool,
    pub clusters: bool,
    pub network: bool,
    pub zones: bool,
}

/// The projects that take part, by id.
pub fn parts(model: &Model) -> BTreeMap<String, Part> {
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    let fleet = model.fleet_project();
    if !fleet.is_empty() {
        parts.entry(fleet).or_default().fleet = true;
    }
    for (_, client) in model.mesh_clients() {
        parts.entry(client.project.0.clone()).or_default().clients = true;
        if let Some(network) = &client.network {
            parts.entry(network.project.0.clone()).or_default().network = true;
        }
    }
    for cluster in model.clusters.iter().filter(|c| c.gke.is_some()) {
        parts.entry(cluster.gke_project.0.clone()).or_default().clusters = true;
    }
    for zone in model.dns.zones() {
        parts.entry(zone.project.0.clone()).or_default().zones = true;
    }
    parts
}

pub fn project(model: &Model, id: &str, part: &Part) -> Project {
    let number = model.projects.number(id).map(|n| n.0).unwrap_or_default();
    let no_number = || Fact::Unknown(format!("the number of project {id} is not known"));
    let fleet_number = model
        .projects
        .number(&model.fleet_project())
        .map(|n| n.0)
        .unwrap_or_default();
    let held = |agent: &str, role: &str| {
        if agent.is_empty() {
            no_number()
        } else {
            super::access_facts::role(&model.iam.has_role(agent, role, id))
        }
    };
    let agent = |number: &str, host: &str| match number {
        "" => String::new(),
        number => format!("service-{number}@{host}.iam.gserviceaccount.com"),
    };
    let run_agent = agent(&number, "serverless-robot-prod");
    let mesh_agent = agent(&fleet_number, "gcp-sa-servicemesh");
    Project {
        project: id.to_owned(),
        is_fleet: part.fleet,
        has_clients: part.clients,
        has_clusters: part.clusters,
        mesh_feature: feature_enabled(model, id),
        run_agent_role: held(&run_agent, "roles/run.serviceAgent"),
        mesh_agent_role: held(&mesh_agent, "roles/anthosservicemesh.serviceAgent"),
        run_agent,
        mesh_agent,
        number,
    }
}

fn feature<'s>(model: &Model<'_, 's>, project: &str) -> Fact<Option<&'s Feature>> {
    let fleet = model
        .snapshot
        .fleet
        .iter()
        .find(|(id, _)| model.projects.same(id.as_str(), project));
    match fleet.and_then(|(_, fleet)| fleet.features.as_ref()) {
        Some(features) => Fact::Known(features.iter().find(|f| last(&f.name) == "servicemesh")),
        None => Fact::Unknown(format!(
            "the fleet's features of project {project} were not collected"
        )),
    }
}

fn feature_enabled(model: &Model, project: &str) -> Fact<bool> {
    feature(model, project).map(|found| {
        found.is_some_and(|f| !matches!(f.resource_state.state.as_str(), "DISABLING" | "STATE_DISABLED"))
    })
}

/// APIs that the project needs for its part.
pub fn apis(model: &Model, id: &str, part: &Part) -> Vec<ApiUse> {
    let mut needed: Vec<(&str, &str)> = Vec::new();
    if part.fleet {
        needed.extend([
            ("trafficdirector", "sidecars fetch their configuration from it"),
            ("networkservices", "it holds the mesh and its routes"),
            ("mesh", "it runs the managed mesh"),
            ("meshconfig", "it configures the managed mesh"),
            ("gkehub", "it holds the fleet"),
        ]);
    }
    if part.clusters {
        needed.push(("container", "it runs the cluster"));
    }
    if part.clients {
        needed.push(("run", "it runs the client"));
    }
    if part.network {
        needed.push(("compute", "it holds the network"));
    }
    if part.zones {
        needed.push(("dns", "it answers for the mesh's host names"));
    }
    let listing = model
        .snapshot
        .service_usage
        .iter()
        .find(|(p, _)| model.projects.same(p.as_str(), id))
        .map(|(_, l)| l);
    needed
        .into_iter()
        .map(|(api, purpose)| {
            let api = format!("{api}.googleapis.com");
            let enabled = match listing {
                Some(services) => Fact::Known(
                    services
                        .iter()
                        .any(|s| last(&s.name) == api && s.state == "ENABLED"),
                ),
                None => Fact::Unknown(format!("the enabled APIs of project {id} were not collected")),
            };
            ApiUse {
                project: id.to_owned(),
                api,
                purpose: purpose.to_owned(),
                enabled,
            }
        })
        .collect()
}

pub fn membership(model: &Model, index: usize, exported_hosts: usize) -> Membership {
    let Some(cluster) = model.clusters.get(index) else {
        return Membership::default();
    };
    let project = cluster.fleet_project.0.clone();
    // A name that the fleet does not list is no membership: manifests alone, say.
    let known = if cluster.listed {
        feature(model, &project)
    } else {
        Fact::Unknown(format!(
            "{} is not in the fleet's listing of memberships",
            cluster.membership
        ))
    };
    let state = cluster.state.and_then(|s| s.servicemesh.as_ref());
    let spec = cluster.spec.and_then(|s| s.mesh.as_ref());
    let revisions = cluster.k8s.and_then(|k| k.control_plane_revisions.as_ref());
    let unread = || {
        Fact::Unknown(format!(
            "the ControlPlaneRevisions of {} were not collected",
            cluster.membership
        ))
    };
    let in_trouble = |of: &crate::k8s::istio::ControlPlaneRevision| {
        let wrong = of.status.conditions.iter().find(|c| {
            matches!(
                (c.kind.as_str(), c.status.as_str()),
                ("Reconciled", "False") | ("Stalled", "True")
            )
        })?;
        let words = if wrong.message.is_empty() {
            &wrong.reason
        } else {
            &wrong.message
        };
        Some(format!(
            "{}: {} is {} ({words})",
            of.metadata.name, wrong.kind, wrong.status
        ))
    };
    Membership {
        membership: cluster.membership.clone(),
        location: cluster.location.clone(),
        has_spec: known.clone().map(|_| spec.is_some()),
        has_state: known.clone().map(|_| state.is_some()),
        management: known
            .clone()
            .map(|_| spec.map(|s| s.management.clone()).unwrap_or_default()),
        implementation: known.clone().map(|_| {
            state
                .map(|s| s.control_plane_management.implementation.clone())
                .unwrap_or_default()
        }),
        control_plane_state: known.map(|_| {
            state
                .map(|s| s.control_plane_management.state.clone())
                .unwrap_or_default()
        }),
        control_plane_details: state
            .iter()
            .flat_map(|s| &s.control_plane_management.details)
            .map(|d| format!("{}: {}", d.code, d.details))
            .collect(),
        external_meshes: cluster.offers.clone().map_or_else(unread, Fact::Known),
        revisions: revisions.map_or_else(unread, |r| {
            Fact::Known(r.iter().map(|r| r.metadata.name.clone()).collect())
        }),
        revisions_in_trouble: match revisions {
            Some(revisions) => Fact::Known(revisions.iter().filter_map(in_trouble).collect()),
            None => Fact::Unknown(format!(
                "the ControlPlaneRevisions of {} were not collected",
                cluster.membership
            )),
        },
        exported_hosts: match cluster.k8s.map(|k| k.virtual_services.is_had()) {
            Some(true) => Fact::Known(i64::try_from(exported_hosts).unwrap_or(i64::MAX)),
            _ => Fact::Unknown(format!(
                "the VirtualServices of {} were not collected",
                cluster.membership
            )),
        },
        offered_elsewhere: model
            .clusters
            .iter()
            .enumerate()
            .any(|(other, c)| other != index && c.offers.as_ref().is_some_and(|o| !o.is_empty())),
        project,
    }
}

/// Conditions of memberships in scope and of the fleet, with the index of the cluster they concern.
pub fn conditions(model: &Model) -> Vec<(MeshCondition, Option<usize>)> {
    let mut found = Vec::new();
    for (index, cluster) in model.clusters.iter().enumerate() {
        let project = &cluster.fleet_project.0;
        for condition in cluster
            .state
            .and_then(|s| s.servicemesh.as_ref())
            .iter()
            .flat_map(|s| &s.conditions)
        {
            let facts = self::condition(model, project, condition);
            let membership = cluster.membership.clone();
            found.push((
                MeshCondition {
                    membership,
                    location: cluster.location.clone(),
                    ..facts
                },
                Some(index),
            ));
        }
    }
    for (project, fleet) in &model.snapshot.fleet {
        for feature in fleet
            .features
            .items()
            .iter()
            .filter(|f| last(&f.name) == "servicemesh")
        {
            for condition in feature.state.servicemesh.iter().flat_map(|s| &s.conditions) {
                found.push((
                    self::condition(model, &model.projects.id(project.as_str()).0, condition),
                    None,
                ));
            }
        }
    }
    found
}

fn condition(model: &Model, project: &str, condition: &Condition) -> MeshCondition {
    MeshCondition {
        code: condition.code.clone(),
        severity: condition.severity.clone(),
        details: condition.details.clone(),
        link: condition.documentation_link.clone(),
        project: project.to_owned(),
        project_number: model.projects.number(project).map(|n| n.0).unwrap_or_default(),
        known: true,
        ..MeshCondition::default()
    }
}

/// Hosts that each cluster exports.
pub fn exported_by_cluster(routings: &[Routing]) -> BTreeMap<usize, BTreeSet<String>> {
    let mut hosts: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
    for routing in routings.iter().filter(|r| r.exports()) {
        hosts.entry(routing.cluster).or_default().extend(routing.hosts());
    }
    hosts
}
