//! Facts of Cloud Run services.
use super::access_facts;
use super::clients::Client;
use super::dns::AnswerState;
use super::facts::{Fact, MeshClient, TrafficShare};
use super::model::Model;
use super::names;
use super::network::{Lookup, is_cloud_run_private};

pub fn facts(model: &Model, index: usize, client: &Client) -> MeshClient {
    let mut facts = basics(model, client);
    mesh(model, client, &mut facts);
    access_facts::fill(model, client, &mut facts);
    egress(model, client, &mut facts);
    state(client, &mut facts);
    seen(model, index, client, &mut facts);
    facts
}

fn basics(model: &Model, client: &Client) -> MeshClient {
    let number = model.projects.number(client.project.as_str());
    let template = client.template;
    MeshClient {
        service: client.name.clone(),
        project: client.project.0.clone(),
        project_number: number.as_ref().map(|n| n.0.clone()).unwrap_or_default(),
        region: client.region.clone(),
        revision: client.revision.clone(),
        service_account: client.account.clone(),
        uses_default_account: client.account.ends_with("-compute@developer.gserviceaccount.com")
            || template.service_account.is_empty(),
        in_mesh: client.in_mesh(),
        named_in_scope: client.named_in_scope,
        calls_hosts: calls(model, client),
        execution_environment: template.execution_environment.clone(),
        min_instances: template.scaling.min_instance_count,
        run_agent: number
            .map(|n| format!("service-{n}@serverless-robot-prod.iam.gserviceaccount.com"))
            .unwrap_or_default(),
        ..MeshClient::default()
    }
}

/// Hosts under a mesh suffix that environment variables name, as URLs, `HOST:PORT` or bare, and those that its log says it could
/// not reach.
fn calls(model: &Model, client: &Client) -> Vec<String> {
    let logged = model
        .logs
        .groups
        .iter()
        .filter(|g| super::log_facts::is_of(g, client, model.projects))
        .filter_map(|g| g.captures.get("host"))
        .map(|host| names::host(host))
        .filter(|host| model.hosts.taking(host).is_some() || model.under_suffix(host) == Some(true));
    let mut hosts: Vec<String> = logged.collect();
    hosts.sort();
    hosts.dedup();
    for variable in client.template.containers.iter().flat_map(|c| &c.env) {
        for word in variable
            .value
            .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')))
        {
            let host = names::host(word);
            let known = model.hosts.taking(&host).is_some();
            if host.contains('.')
                && (known || model.under_suffix(&host) == Some(true))
                && !hosts.contains(&host)
            {
                hosts.push(host);
            }
        }
    }
    hosts
}

fn mesh(model: &Model, client: &Client, facts: &mut MeshClient) {
    facts.mesh = client.mesh_text.clone();
    facts.mesh_wellformed = client.mesh.is_some();
    let project = client
        .mesh
        .as_ref()
        .map_or_else(|| model.fleet_project(), |m| m.project.clone());
    facts.mesh_name = client.mesh.as_ref().map(|m| m.mesh.clone()).unwrap_or_default();
    facts.mesh_project = model.projects.id(&project).0;
    facts.mesh_project_number = model.projects.number(&project).map(|n| n.0).unwrap_or_default();

    let unread: Vec<&str> = model
        .clusters
        .iter()
        .filter(|c| c.offers.is_none())
        .map(|c| c.membership.as_str())
        .collect();
    let offered: Vec<String> = model
        .clusters
        .iter()
        .flat_map(|c| c.offers.iter().flatten().cloned())
        .collect();
    let not_read = || {
        if model.clusters.is_empty() {
            "no cluster of the mesh was collected".to_owned()
        } else {
            format!(
                "the ControlPlaneRevisions of {} were not collected",
                unread.join(", ")
            )
        }
    };
    let matches = client
        .mesh
        .as_ref()
        .is_some_and(|mesh| model.clusters.iter().any(|c| c.offers(mesh, model.projects)));
    let all_read = unread.is_empty() && !model.clusters.is_empty();
    facts.mesh_offered = match (matches, all_read) {
        (true, _) => Fact::Known(true),
        (false, true) => Fact::Known(false),
        (false, false) => Fact::Unknown(not_read()),
    };
    facts.nearest_mesh = match offered.as_slice() {
        [] if all_read => Fact::unknown("no cluster offers a mesh to external clients"),
        [] => Fact::Unknown(not_read()),
        [only] => Fact::Known(only.clone()),
        many => Fact::Known(
            many.iter()
                .max_by(|a, b| {
                    strsim::jaro_winkler(&facts.mesh, a).total_cmp(&strsim::jaro_winkler(&facts.mesh, b))
                })
                .cloned()
                .unwrap_or_default(),
        ),
    };
    facts.offered_meshes = if all_read {
        Fact::Known(offered)
    } else {
        Fact::Unknown(not_read())
    };
}

fn egress(model: &Model, client: &Client, facts: &mut MeshClient) {
    let access = client.template.vpc_access.as_ref();
    facts.uses_connector = client.uses_connector();
    facts.has_vpc_egress = facts.uses_connector || access.is_some_and(|a| !a.network_interfaces.is_empty());
    facts.egress = match access.map(|a| a.egress.as_str()) {
        Some("") | None => "PRIVATE_RANGES_ONLY".into(),
        Some(egress) => egress.to_owned(),
    };
    if let Some(network) = &client.network {
        facts.network = network.to_string();
        facts.network_name = network.name.clone();
        facts.network_project = network.project.0.clone();
        facts.network_shared = network.project != client.project;
        let here = model
            .networks
            .subnets_of(network)
            .into_iter()
            .find(|(key, _)| key.region == client.region);
        facts.subnet_suggestion = here.map(|(key, _)| key.name.clone()).unwrap_or_default();
    }
    facts.subnet_state = subnet(model, client, facts);
    facts.subnet_range = client.ranges.first().map(ToString::to_string).unwrap_or_default();

    let clusters: Vec<_> = model
        .clusters_of(client)
        .into_iter()
        .filter_map(|i| model.clusters.get(i))
        .collect();
    let unknown = |what: &str| match what {
        "" => "no cluster of the mesh was collected, so its network is not known".to_owned(),
        what => format!("the network of {what} is not known: its GKE cluster was not collected"),
    };
    let networks: Vec<_> = clusters.iter().filter_map(|c| c.network.as_ref()).collect();
    let first = networks
        .first()
        .map(|n| model.networks.subnets_of(n))
        .unwrap_or_default();
    let suitable = first.into_iter().find(|(key, _)| key.region == client.region);
    facts.cluster_subnet = match (suitable, networks.first()) {
        (Some((key, _)), _) => key.name.clone(),
        // In an auto-mode network every subnetwork has the network's name.
        (None, Some(network)) if !model.networks.knows_subnets(network, &client.region) => {
            network.name.clone()
        }
        _ => String::new(),
    };
    let unread: Vec<&str> = clusters
        .iter()
        .filter(|c| c.network.is_none())
        .map(|c| c.membership.as_str())
        .collect();
    facts.cluster_networks = if unread.is_empty() && !clusters.is_empty() {
        Fact::Known(networks.iter().map(ToString::to_string).collect())
    } else {
        Fact::Unknown(unknown(&unread.join(", ")))
    };
    let answers: Vec<Option<bool>> = match &client.network {
        Some(own) => networks
            .iter()
            .map(|n| model.networks.connected(own, n))
            .collect(),
        None => Vec::new(),
    };
    facts.network_reaches_cluster = if answers.contains(&Some(true)) {
        Fact::Known(true)
    } else if client.network.is_none() {
        Fact::unknown("the service names no network of its own")
    } else if answers.contains(&None) {
        Fact::unknown("the networks' peerings were not collected")
    } else if !unread.is_empty() || clusters.is_empty() {
        Fact::Unknown(unknown(&unread.join(", ")))
    } else {
        Fact::Known(false)
    };
    facts.hosts_bypassing_vpc = bypassing(model, client, facts);
}

fn subnet(model: &Model, client: &Client, facts: &mut MeshClient) -> Fact<String> {
    let Some(key) = &client.subnet else {
        return Fact::Known("found".into());
    };
    facts.subnet = key.to_string();
    let elsewhere = model.networks.subnets_by_name(&key.project, &key.name);
    facts.subnet_regions = elsewhere.iter().map(|(k, _)| k.region.clone()).collect();
    match model.networks.subnet(key) {
        Lookup::Unknown(why) => Fact::Unknown(why),
        Lookup::Found(_) if key.region != client.region => Fact::Known("other_region".into()),
        Lookup::Found(_) => Fact::Known("found".into()),
        Lookup::NotThere if elsewhere.is_empty() => Fact::Known("missing".into()),
        Lookup::NotThere => Fact::Known("other_region".into()),
    }
}

/// Exported hosts whose address private-ranges-only egress does not send through the VPC.
fn bypassing(model: &Model, client: &Client, facts: &MeshClient) -> Fact<Vec<String>> {
    let (Some(network), "PRIVATE_RANGES_ONLY") = (&client.network, facts.egress.as_str()) else {
        return Fact::Known(Vec::new());
    };
    let mut hosts = Vec::new();
    for host in super::offered_hosts(model, client) {
        let answer = model.dns.answer(&host, network);
        if answer.state == AnswerState::Unknown {
            return Fact::Unknown(format!(
                "{host} could not be resolved: {}",
                answer.unknown.join("; ")
            ));
        }
        if answer
            .addresses
            .iter()
            .any(|ip| is_cloud_run_private(*ip) == Some(false))
        {
            hosts.push(host);
        }
    }
    Fact::Known(hosts)
}

fn state(client: &Client, facts: &mut MeshClient) {
    facts.ready = match &client.service.terminal_condition {
        None => Fact::unknown("the service carries no terminal condition"),
        Some(condition) => {
            facts.condition_state = condition.state.clone();
            facts.condition_reason = if condition.revision_reason.is_empty() {
                condition.reason.clone()
            } else {
                condition.revision_reason.clone()
            };
            facts.condition_message = condition.message.clone();
            match condition.state.as_str() {
                "CONDITION_SUCCEEDED" => Fact::Known(true),
                "CONDITION_FAILED" => Fact::Known(false),
                other => Fact::Unknown(format!("the service is still changing ({other})")),
            }
        }
    };
    let mut outside = Vec::new();
    let mut unread = Vec::new();
    for (name, percent, revision) in client.shares.iter().filter(|(_, percent, _)| *percent > 0) {
        let Some(revision) = revision else {
            unread.push(name.clone());
            continue;
        };
        let mesh = revision
            .template
            .service_mesh
            .as_ref()
            .map(|m| m.mesh.clone())
            .unwrap_or_default();
        if mesh != client.mesh_text {
            outside.push(TrafficShare {
                revision: name.clone(),
                percent: *percent,
                mesh,
            });
        }
    }
    facts.traffic_outside_mesh = if !client.in_mesh() || !outside.is_empty() || unread.is_empty() {
        Fact::Known(outside)
    } else if client.revisions_collected {
        Fact::Unknown(format!("revision {} is not in the listing", unread.join(", ")))
    } else {
        Fact::unknown("its revisions were not collected")
    };
}

/// Running services of the client's mesh of which no proxy is known.
fn nameless(model: &Model, client: &Client) -> usize {
    let same = |other: &Client| match (&client.mesh, &other.mesh) {
        (Some(a), Some(b)) => a.mesh == b.mesh && model.projects.may_be_same(&a.project, &b.project),
        _ => false,
    };
    model
        .mesh_clients()
        .filter(|(i, c)| {
            same(c) && running(model, c) && model.proxies.of_service(*i as usize).next().is_none()
        })
        .count()
}

/// Whether it keeps instances or has logged.
fn running(model: &Model, client: &Client) -> bool {
    client.template.scaling.min_instance_count > 0 || model.logs.active_services.contains(&client.name)
}

fn seen(model: &Model, index: usize, client: &Client, facts: &mut MeshClient) {
    let proxies = model.proxies.of_service(index).count();
    let unassigned = client
        .mesh
        .as_ref()
        .map_or(0, |mesh| model.proxies.unassigned(mesh, model.projects));
    facts.xds_clients = if !model.proxies.collected() {
        Fact::unknown("the proxies' status (CSDS) was not collected")
    } else if proxies == 0 && unassigned > 0 && unassigned >= nameless(model, client) {
        // None says whose it is, and there are enough for everyone: the mesh's clients as a whole are connected.
        Fact::Known(i64::try_from(unassigned).unwrap_or(i64::MAX))
    } else if proxies == 0 && unassigned > 0 {
        Fact::Unknown(format!(
            "{unassigned} connected proxies of the mesh do not say which service is theirs"
        ))
    } else {
        Fact::Known(i64::try_from(proxies).unwrap_or(i64::MAX))
    };
    let groups = || {
        model
            .logs
            .groups
            .iter()
            .filter(|g| super::log_facts::is_of(g, client, model.projects))
    };
    facts.active = if running(model, client) {
        Fact::Known(true)
    } else if model.logging_collected {
        Fact::Known(false)
    } else {
        Fact::unknown("logs were not collected, so whether it runs is not known")
    };
    facts.logged = if model.logging_collected {
        let mut codes: Vec<String> = groups().map(|g| g.code.clone()).collect();
        codes.sort();
        codes.dedup();
        Fact::Known(codes)
    } else {
        Fact::unknown("logs were not collected")
    };
    let captured = |name: &str| {
        groups()
            .find_map(|g| g.captures.get(name).cloned())
            .unwrap_or_default()
    };
    facts.denied_permission = captured("permission");
    facts.denied_project_number = captured("project_number");
    if let Some(denial) = groups().find(|g| g.captures.contains_key("permission")) {
        facts.denied_excerpt = denial.excerpt.clone();
        facts.denied_locator = denial.locator.clone();
    }
}
