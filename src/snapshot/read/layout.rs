//! The snapshot layout: which path holds what, typed.
use crate::gcp::{compute, container, dns, fleet, iam, project, run, service_usage};
use crate::k8s::meta::List;
use crate::snapshot::{Blob, Collected, Manifest, ReadError, Snapshot, Warning, World};
use crate::xds;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// Types every file of the world whose path the layout knows; the others become warnings.
pub fn parse(world: World) -> Result<Snapshot, ReadError> {
    let mut snapshot = Snapshot::default();
    let mut unknown = Vec::new();
    for (path, blob) in &world.files {
        if !place(&mut snapshot, path, blob)? {
            unknown.push(Warning {
                origin: blob.origin.clone(),
                text: "not part of the snapshot layout: ignored".into(),
            });
        }
    }
    snapshot.collected_at = snapshot.manifest.collected_at.unwrap_or_else(Timestamp::now);
    snapshot.world = world;
    snapshot.world.warnings.extend(unknown);
    Ok(snapshot)
}

/// Puts one file where it belongs; false where the layout has no such path.
fn place(s: &mut Snapshot, path: &str, blob: &Blob) -> Result<bool, ReadError> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["bundle.json"] => s.manifest = json::<Manifest>(blob)?,
        ["cloud-run", project, region, "services.json"] => {
            let list: run::ServiceList = json(blob)?;
            let location = s
                .cloud_run
                .entry((*project).into())
                .or_default()
                .entry((*region).into())
                .or_default();
            location.services.extend(list.services);
            location.unreachable.extend(list.unreachable);
        }
        ["cloud-run", project, region, "revisions.json"] => {
            let list: run::RevisionList = json(blob)?;
            let location = s
                .cloud_run
                .entry((*project).into())
                .or_default()
                .entry((*region).into())
                .or_default();
            location.revisions.extend(list.revisions);
        }
        ["logging", project, name] if is_log(name) => {
            s.logs.entry((*project).into()).or_default().push(blob.clone());
        }
        ["iam", "predefined-roles.json"] => {
            s.predefined_roles = Collected::Had(json::<iam::RoleList>(blob)?.roles);
        }
        ["iam", "projects", project, file] => return project_iam(s, project, file, blob),
        ["iam", "folders", id, "policy.json"] => {
            s.folders.insert((*id).into(), json(blob)?);
        }
        ["iam", "organizations", id, "policy.json"] => {
            s.organizations.entry((*id).into()).or_default().policy = Collected::Had(json(blob)?);
        }
        ["iam", "organizations", id, "roles.json"] => {
            s.organizations.entry((*id).into()).or_default().roles =
                Collected::Had(json::<iam::RoleList>(blob)?.roles);
        }
        ["service-usage", project, "services.json"] => {
            let list: service_usage::ServiceList = json(blob)?;
            s.service_usage
                .entry((*project).into())
                .or_default()
                .extend(list.services);
        }
        ["dns", project, "managed-zones.json"] => {
            s.dns.entry((*project).into()).or_default().zones =
                Collected::Had(json::<dns::ZoneList>(blob)?.managed_zones);
        }
        ["dns", project, "zones", zone, "rrsets.json"] => {
            let list: dns::RecordSetList = json(blob)?;
            s.dns
                .entry((*project).into())
                .or_default()
                .records
                .insert((*zone).into(), list.rrsets);
        }
        ["compute", project, file] => return compute(s, project, file, blob),
        ["compute", _, "health", _] => {}
        ["fleet", project, "memberships.json"] => {
            s.fleet.entry((*project).into()).or_default().memberships =
                Collected::Had(json::<fleet::MembershipList>(blob)?.resources);
        }
        ["fleet", project, "features.json"] => {
            s.fleet.entry((*project).into()).or_default().features =
                Collected::Had(json::<fleet::FeatureList>(blob)?.resources);
        }
        ["clusters", project, "clusters.json"] => {
            s.clusters
                .insert((*project).into(), json::<container::ClusterList>(blob)?);
        }
        ["csds", project, "client-status.binpb"] => {
            s.csds
                .insert((*project).into(), xds::from_binary(&blob.bytes()?, &blob.origin)?);
        }
        ["csds", project, "client-status.json"] => {
            s.csds
                .insert((*project).into(), xds::from_json(&blob.bytes()?, &blob.origin)?);
        }
        ["kubernetes", membership, file] => return kubernetes(s, membership, file, blob),
        _ => return Ok(false),
    }
    Ok(true)
}

fn is_log(name: &str) -> bool {
    name.ends_with(".ndjson") || name.ends_with(".log")
}

fn project_iam(s: &mut Snapshot, project: &str, file: &str, blob: &Blob) -> Result<bool, ReadError> {
    let iam = s.projects.entry(project.into()).or_default();
    match file {
        "project.json" => iam.project = Collected::Had(json::<project::Project>(blob)?),
        "policy.json" => iam.policy = Collected::Had(json(blob)?),
        "ancestry.json" => iam.ancestry = Collected::Had(json(blob)?),
        "roles.json" => iam.roles = Collected::Had(json::<iam::RoleList>(blob)?.roles),
        "deny-policies.json" => {
            iam.deny_policies = Collected::Had(json::<iam::DenyPolicyList>(blob)?.policies);
        }
        "service-accounts.json" => {
            iam.service_accounts = Collected::Had(json::<iam::ServiceAccountList>(blob)?.accounts);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn compute(s: &mut Snapshot, project: &str, file: &str, blob: &Blob) -> Result<bool, ReadError> {
    let c = s.compute.entry(project.into()).or_default();
    match file {
        "networks.json" => c.networks = Collected::Had(json::<compute::List<_>>(blob)?.items),
        "firewalls.json" => c.firewalls = Collected::Had(json::<compute::List<_>>(blob)?.items),
        "subnetworks.json" => c.subnetworks = Collected::Had(aggregated(blob, file, &mut c.unreachable)?),
        "addresses.json" => c.addresses = Collected::Had(aggregated(blob, file, &mut c.unreachable)?),
        "backend-services.json" => {
            c.backend_services = Collected::Had(aggregated(blob, file, &mut c.unreachable)?);
        }
        "network-endpoint-groups.json" => {
            c.network_endpoint_groups = Collected::Had(aggregated(blob, file, &mut c.unreachable)?);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

fn aggregated<T: DeserializeOwned>(
    blob: &Blob,
    file: &str,
    unreachable: &mut Vec<String>,
) -> Result<Vec<T>, ReadError> {
    let list: compute::AggregatedList<T> = json(blob)?;
    let listing = file.trim_end_matches(".json");
    unreachable.extend(
        list.unreachables
            .iter()
            .map(|place| format!("{listing}: {place}")),
    );
    let mut items = Vec::new();
    for (place, scoped) in list.items {
        if scoped.warning.as_ref().is_some_and(|w| w.code == "UNREACHABLE") {
            unreachable.push(format!("{listing}: {place}"));
        }
        items.extend(scoped.items);
    }
    Ok(items)
}

fn kubernetes(s: &mut Snapshot, membership: &str, file: &str, blob: &Blob) -> Result<bool, ReadError> {
    let Some(kind) = file.strip_suffix(".json") else {
        return Ok(false);
    };
    let k = s.kubernetes.entry(membership.into()).or_default();
    match kind {
        "services" => k.services.extend(items(blob)?),
        "pods" => k.pods.extend(items(blob)?),
        "namespaces" => k.namespaces.extend(items(blob)?),
        "deployments.apps" => k.deployments.extend(items(blob)?),
        "statefulsets.apps" => k.stateful_sets.extend(items(blob)?),
        "endpointslices.discovery.k8s.io" => k.endpoint_slices.extend(items(blob)?),
        "networkpolicies.networking.k8s.io" => k.network_policies.extend(items(blob)?),
        "controlplanerevisions.mesh.cloud.google.com" => k.control_plane_revisions.extend(items(blob)?),
        "virtualservices.networking.istio.io" => k.virtual_services.extend(items(blob)?),
        "destinationrules.networking.istio.io" => k.destination_rules.extend(items(blob)?),
        "peerauthentications.security.istio.io" => k.peer_authentications.extend(items(blob)?),
        "authorizationpolicies.security.istio.io" => k.authorization_policies.extend(items(blob)?),
        other => k.other.push(other.to_owned()),
    }
    Ok(true)
}

fn items<T: DeserializeOwned>(blob: &Blob) -> Result<Vec<T>, ReadError> {
    Ok(json::<List<T>>(blob)?.items)
}

/// Parses a JSON file; an error names the file, line, column and field.
fn json<T: DeserializeOwned>(blob: &Blob) -> Result<T, ReadError> {
    let bytes = blob.bytes()?;
    let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let inner = error.into_inner();
        ReadError::Malformed {
            origin: blob.origin.clone(),
            line: inner.line(),
            column: inner.column(),
            problem: if field == "." {
                inner.to_string()
            } else {
                format!("{field}: {inner}")
            },
            remedy: "the file must hold the API's answer as it came; collect it again or correct the field"
                .into(),
        }
    })
}
