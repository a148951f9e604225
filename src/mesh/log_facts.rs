//! Facts of log records that signatures matched, joined with the client that logged them and the host that was called.
use super::clients::Client;
use super::facts::LogHit;
use super::model::Model;
use super::names;
use super::projects::Projects;
use crate::logs::HitGroup;
use crate::xds::SyncState;

/// Whether a group of hits is of this service: by name, and by project and region where the record says them.
pub fn is_of(group: &HitGroup, client: &Client, projects: &Projects) -> bool {
    group.origin.service == client.name
        && (group.origin.project.is_empty()
            || projects.may_be_same(&group.origin.project, client.project.as_str()))
        && (group.origin.location.is_empty() || group.origin.location == client.region)
}

/// The clients that a group may be of: the one that it names; all mesh clients where it names none.
pub fn clients_of(model: &Model, group: &HitGroup) -> Vec<u32> {
    if group.origin.service.is_empty() {
        return model.mesh_clients().map(|(i, _)| i).collect();
    }
    (0u32..)
        .zip(model.clients)
        .filter(|(_, c)| is_of(group, c, model.projects))
        .map(|(i, _)| i)
        .collect()
}

/// Whether the log was not read to the end for more of what the group holds.
fn is_open(model: &Model, group: &HitGroup) -> bool {
    let counted = &model.snapshot.manifest.counted_to;
    let mut own = counted
        .iter()
        .filter(|(project, _)| model.projects.may_be_same(project, &group.origin.project));
    own.any(|(_, count)| group.count >= *count)
}

pub fn facts(model: &Model, group: &HitGroup) -> LogHit {
    let host = group
        .captures
        .get("host")
        .map(|h| names::host(h))
        .unwrap_or_default();
    let clients: Vec<(usize, &Client)> = clients_of(model, group)
        .into_iter()
        .filter_map(|i| model.clients.get(i as usize).map(|c| (i as usize, c)))
        .collect();
    // A log without any service listing beside it is taken for a client's: somebody handed it over for that.
    let mesh_client = clients.iter().any(|(_, c)| c.in_mesh()) || model.clients.is_empty();
    let recovered = !clients.is_empty()
        && clients.iter().all(|(i, _)| {
            let mut resources = model
                .proxies
                .of_service(*i)
                .flat_map(|p| &p.client.resources)
                .peekable();
            resources.peek().is_some() && resources.all(|r| matches!(r.state, SyncState::Synced))
        });
    let at_least = is_open(model, group);
    LogHit {
        service: group.origin.service.clone(),
        project: group.origin.project.clone(),
        region: group.origin.location.clone(),
        mesh_client,
        host_in_mesh: host.is_empty()
            || model.hosts.taking(&host).is_some()
            || model.under_suffix(&host).unwrap_or(model.hosts.names.is_empty()),
        host,
        captures: group.captures.clone(),
        count: i64::try_from(group.count).unwrap_or(i64::MAX),
        at_least,
        counted: if at_least {
            format!("at least {}", group.count)
        } else {
            group.count.to_string()
        },
        first_seen: group.first.map(|t| t.to_string()).unwrap_or_default(),
        last_seen: group.last.map(|t| t.to_string()).unwrap_or_default(),
        instances: i64::try_from(group.instances.len()).unwrap_or(i64::MAX),
        excerpt: group.excerpt.clone(),
        locator: group.locator.clone(),
        recovered,
    }
}
