//! Actions on Google Cloud as gcloud commands. Flags: <https://cloud.google.com/sdk/gcloud/reference>
use super::Items;
use super::action::{
    ApiEnable, DnsRecordSet, DnsZoneAttachNetwork, DnsZoneCreate, FirewallAllow, IamBindingAdd, IamResource,
    RunUpdate,
};
use super::shell::Command;

pub(super) fn iam_binding_add(binding: &IamBindingAdd) -> String {
    let IamBindingAdd {
        project,
        member,
        role,
        resource,
        region,
        condition,
        resource_kind,
    } = binding;
    let target = match resource_kind {
        IamResource::Project => Command::new(&["gcloud", "projects", "add-iam-policy-binding"]).arg(project),
        IamResource::Folder => {
            Command::new(&["gcloud", "resource-manager", "folders", "add-iam-policy-binding"]).arg(resource)
        }
        IamResource::Organization => {
            Command::new(&["gcloud", "organizations", "add-iam-policy-binding"]).arg(resource)
        }
        IamResource::Subnetwork => Command::new(&[
            "gcloud",
            "compute",
            "networks",
            "subnets",
            "add-iam-policy-binding",
        ])
        .arg(last(resource))
        .flag("project", project)
        .flag("region", last(region)),
        IamResource::ServiceAccount => {
            Command::new(&["gcloud", "iam", "service-accounts", "add-iam-policy-binding"])
                .arg(resource)
                .flag("project", project)
        }
    };
    let command = target.flag("member", member).flag("role", role);
    match resource_kind {
        // The subnetworks' command has no --condition.
        IamResource::Subnetwork => command.finish(),
        // Without it gcloud asks, where the policy holds conditional bindings already.
        _ if condition.is_empty() => command.flag("condition", "None").finish(),
        _ => {
            let parts: Vec<String> = condition
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            command.list("condition", &parts).finish()
        }
    }
}

pub(super) fn api_enable(api: &ApiEnable) -> String {
    let ApiEnable { project, api } = api;
    Command::new(&["gcloud", "services", "enable"])
        .arg(api)
        .flag("project", project)
        .finish()
}

/// One command for the template, one for the traffic.
pub(super) fn run_update(update: &RunUpdate) -> Vec<String> {
    let RunUpdate {
        service,
        project,
        region,
        mesh,
        network,
        subnet,
        egress,
        service_account,
        execution_environment,
        min_instances,
        traffic,
    } = update;
    // --mesh is a flag of the beta command only.
    let program: &[&str] = match mesh.is_empty() {
        true => &["gcloud", "run", "services"],
        false => &["gcloud", "beta", "run", "services"],
    };
    let mut commands = Vec::new();
    let template = [
        mesh,
        network,
        subnet,
        egress,
        service_account,
        execution_environment,
        min_instances,
    ];
    if template.iter().any(|field| !field.is_empty()) {
        commands.push(
            Command::new(program)
                .word("update")
                .arg(service)
                .flag("project", project)
                .flag("region", region)
                .optional("mesh", mesh)
                .optional("network", network)
                .optional("subnet", subnet)
                .optional("vpc-egress", &egress.to_ascii_lowercase().replace('_', "-"))
                .optional("service-account", service_account)
                .optional("execution-environment", &generation(execution_environment))
                .optional("min-instances", min_instances)
                .finish(),
        );
    }
    let shares = traffic.values();
    if !shares.is_empty() {
        let command = Command::new(&["gcloud", "run", "services", "update-traffic"])
            .arg(service)
            .flag("project", project)
            .flag("region", region);
        let latest = matches!(shares.as_slice(), [share] if share.eq_ignore_ascii_case("latest"));
        commands.push(match latest {
            true => command.word("--to-latest").finish(),
            false => command.list("to-revisions", &shares).finish(),
        });
    }
    commands
}

pub(super) fn dns_zone_create(zone: &DnsZoneCreate) -> String {
    let DnsZoneCreate {
        project,
        zone,
        dns_name,
        description,
        networks,
    } = zone;
    let description = match description.as_str() {
        "" => "Host names of the service mesh",
        given => given,
    };
    Command::new(&["gcloud", "dns", "managed-zones", "create"])
        .arg(zone)
        .flag("project", project)
        .flag("description", description)
        .flag("dns-name", &absolute(dns_name))
        .flag("visibility", "private")
        .list("networks", &network_urls(networks))
        .finish()
}

pub(super) fn dns_zone_attach_network(zone: &DnsZoneAttachNetwork) -> String {
    let DnsZoneAttachNetwork {
        project,
        zone,
        networks,
    } = zone;
    Command::new(&["gcloud", "dns", "managed-zones", "update"])
        .arg(zone)
        .flag("project", project)
        .list("networks", &network_urls(networks))
        .finish()
}

/// A record set of another type has to go first: a CNAME stands alone.
pub(super) fn dns_record_set(record: &DnsRecordSet) -> Vec<String> {
    let DnsRecordSet {
        project,
        zone,
        name,
        r#type,
        ttl,
        replaces,
        rrdatas,
    } = record;
    let kind = or(r#type, "A");
    let verb = |verb: &str, kind: &str| {
        Command::new(&["gcloud", "dns", "record-sets", verb])
            .arg(&absolute(name))
            .flag("project", project)
            .flag("zone", zone)
            .flag("type", kind)
    };
    let put = |command: Command| {
        command
            .flag("ttl", or(ttl, "300"))
            .list("rrdatas", &rrdatas.values())
            .finish()
    };
    match replaces.as_str() {
        "" => vec![put(verb("create", kind))],
        same if same == kind => vec![put(verb("update", kind))],
        other => vec![verb("delete", other).finish(), put(verb("create", kind))],
    }
}

pub(super) fn firewall_allow(rule: &FirewallAllow) -> String {
    let FirewallAllow {
        project,
        network,
        name,
        priority,
        source_ranges,
        ports,
        target_tags,
    } = rule;
    let allowed: Vec<String> = ports
        .values()
        .into_iter()
        .map(|port| match port.starts_with(|c: char| c.is_ascii_digit()) {
            true => format!("tcp:{port}"),
            false => port.to_owned(),
        })
        .collect();
    Command::new(&["gcloud", "compute", "firewall-rules", "create"])
        .arg(name)
        .flag("project", project)
        .flag("network", network)
        .flag("direction", "INGRESS")
        .list("allow", &allowed)
        .list("source-ranges", &source_ranges.values())
        .list("target-tags", &target_tags.values())
        .optional("priority", priority)
        .finish()
}

/// Cloud DNS takes a bare name as the zone's own project's; another project's network needs its URL.
fn network_urls(networks: &Items) -> Vec<String> {
    networks
        .values()
        .into_iter()
        .map(|network| match network.starts_with("projects/") {
            true => format!("https://www.googleapis.com/compute/v1/{network}"),
            false => network.to_owned(),
        })
        .collect()
}

/// The command's form of the API's `EXECUTION_ENVIRONMENT_GEN2`.
fn generation(environment: &str) -> String {
    let lower = environment.to_ascii_lowercase();
    lower
        .strip_prefix("execution_environment_")
        .unwrap_or(&lower)
        .to_owned()
}

fn absolute(name: &str) -> String {
    if name.is_empty() || name.ends_with('.') {
        name.to_owned()
    } else {
        format!("{name}.")
    }
}

fn or<'a>(value: &'a str, default: &'a str) -> &'a str {
    if value.is_empty() { default } else { value }
}

/// The last part of a resource path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
