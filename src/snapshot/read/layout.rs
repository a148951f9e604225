//! The snapshot layout: which path holds what, typed.
use super::file::File;
use super::limits::Scales;
use super::paths::{is_log, knows};
use super::refused;
use crate::gcp::{container, dns, fleet, iam, run, service_usage};
use crate::k8s::core;
use crate::snapshot::manifest::SCHEMA;
use crate::snapshot::{Collected, Compute, Manifest, ReadError, Snapshot, Warning, World};
use crate::xds;
use jiff::Timestamp;

/// Types every file of the world whose path the layout knows; the others become warnings.
pub fn parse(mut world: World) -> Result<Snapshot, ReadError> {
    let mut snapshot = Snapshot::default();
    let mut scales = Scales::default();
    let refused = refused::take_out(&mut world)?;
    for (path, blob) in &world.files {
        if knows(path) {
            let scales = &mut scales;
            place(&mut snapshot, &mut File { path, blob, scales })?;
        } else {
            world.warnings.push(Warning {
                origin: blob.origin.clone(),
                text: "not part of the snapshot layout: ignored".into(),
            });
        }
    }
    refused.tell(&mut snapshot.manifest, &world);
    snapshot.collected_at = snapshot.manifest.collected_at.unwrap_or_else(Timestamp::now);
    snapshot.world = world;
    Ok(snapshot)
}

/// Puts one file where it belongs.
fn place(s: &mut Snapshot, file: &mut File<'_>) -> Result<(), ReadError> {
    let parts: Vec<&str> = file.path.split('/').collect();
    match parts.as_slice() {
        ["bundle.json"] => s.manifest = manifest(file)?,
        ["cloud-run", project, region, "services.json"] => {
            let list: run::ServiceList = file.list()?;
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
            let list: run::RevisionList = file.list()?;
            let location = s
                .cloud_run
                .entry((*project).into())
                .or_default()
                .entry((*region).into())
                .or_default();
            location.revisions.extend(list.revisions);
        }
        ["logging", project, name] if is_log(name) => {
            s.logs
                .entry((*project).into())
                .or_default()
                .push(file.blob.clone());
        }
        ["iam", "predefined-roles.json"] => {
            s.predefined_roles = Collected::Had(file.list::<iam::RoleList>()?.roles);
        }
        ["iam", "projects", project, name] => project_iam(s, project, name, file)?,
        ["iam", "folders", id, "policy.json"] => {
            s.folders.insert((*id).into(), file.policy()?);
        }
        ["iam", "organizations", id, "policy.json"] => {
            s.organizations.entry((*id).into()).or_default().policy = Collected::Had(file.policy()?);
        }
        ["iam", "organizations", id, "roles.json"] => {
            s.organizations.entry((*id).into()).or_default().roles =
                Collected::Had(file.list::<iam::RoleList>()?.roles);
        }
        ["service-usage", project, "services.json"] => {
            let list: service_usage::ServiceList = file.list()?;
            s.service_usage
                .entry((*project).into())
                .or_default()
                .extend(list.services);
        }
        ["dns", project, "managed-zones.json"] => {
            s.dns.entry((*project).into()).or_default().zones =
                Collected::Had(file.list::<dns::ZoneList>()?.managed_zones);
        }
        ["dns", project, "zones", zone, "rrsets.json"] => {
            let list: dns::RecordSetList = file.list()?;
            s.dns
                .entry((*project).into())
                .or_default()
                .records
                .insert((*zone).into(), list.rrsets);
        }
        ["compute", project, name] => compute(s, project, name, file)?,
        ["compute", project, folder, name] => {
            let compute = s.compute.entry((*project).into()).or_default();
            of_one(compute, folder, name.trim_end_matches(".json"), file)?;
        }
        ["fleet", project, "memberships.json"] => {
            let list: fleet::MembershipList = file.list()?;
            let fleet = s.fleet.entry((*project).into()).or_default();
            let places = list
                .unreachable
                .iter()
                .map(|place| format!("memberships: {place}"));
            fleet.unreachable.extend(places);
            fleet.memberships = Collected::Had(list.resources);
        }
        ["fleet", project, "features.json"] => {
            s.fleet.entry((*project).into()).or_default().features =
                Collected::Had(file.list::<fleet::FeatureList>()?.resources);
        }
        ["clusters", project, "clusters.json"] => {
            s.clusters
                .insert((*project).into(), file.list::<container::ClusterList>()?);
        }
        ["csds", project, name] => {
            let origin = &file.blob.origin;
            let status = if name.ends_with(".binpb") {
                xds::from_binary(file.blob.bytes()?, origin)?
            } else {
                xds::from_json(&file.bytes()?, origin)?
            };
            let csds = s.csds.entry((*project).into()).or_default();
            csds.clients.extend(status.clients);
        }
        ["kubernetes", membership, name] => kubernetes(s, membership, name, file)?,
        _ => {}
    }
    Ok(())
}

/// The manifest, of a schema that this version knows. Files made by hand may leave the schema out.
fn manifest(file: &mut File<'_>) -> Result<Manifest, ReadError> {
    let manifest = file.manifest()?;
    let schema = &manifest.schema_version;
    if schema.is_empty() || schema == SCHEMA {
        return Ok(manifest);
    }
    Err(ReadError::Malformed {
        origin: file.blob.origin.clone(),
        line: 0,
        column: 0,
        problem: format!("schemaVersion {schema:?} is not known; this version reads {SCHEMA:?}"),
        remedy: "use the meshdoctor version that wrote the bundle, or a newer one".into(),
    })
}

fn project_iam(s: &mut Snapshot, project: &str, name: &str, file: &mut File<'_>) -> Result<(), ReadError> {
    let iam = s.projects.entry(project.into()).or_default();
    match name {
        "project.json" => iam.project = Collected::Had(file.project()?),
        "policy.json" => iam.policy = Collected::Had(file.policy()?),
        "ancestry.json" => iam.ancestry = Collected::Had(file.ancestry()?),
        "roles.json" => iam.roles = Collected::Had(file.list::<iam::RoleList>()?.roles),
        "deny-policies.json" => {
            iam.deny_policies = Collected::Had(file.list::<iam::DenyPolicyList>()?.policies);
        }
        "service-accounts.json" => {
            iam.service_accounts = Collected::Had(file.list::<iam::ServiceAccountList>()?.accounts);
        }
        _ => {}
    }
    Ok(())
}

fn compute(s: &mut Snapshot, project: &str, name: &str, file: &mut File<'_>) -> Result<(), ReadError> {
    let c = s.compute.entry(project.into()).or_default();
    match name {
        "networks.json" => c.networks = Collected::Had(file.plain()?),
        "firewalls.json" => c.firewalls = Collected::Had(file.plain()?),
        "subnetworks.json" => {
            c.subnetworks = Collected::Had(file.aggregated(&mut c.unreachable)?);
        }
        "addresses.json" => c.addresses = Collected::Had(file.aggregated(&mut c.unreachable)?),
        "backend-services.json" => {
            c.backend_services = Collected::Had(file.aggregated(&mut c.unreachable)?);
        }
        "network-endpoint-groups.json" => {
            c.network_endpoint_groups = Collected::Had(file.aggregated(&mut c.unreachable)?);
        }
        _ => {}
    }
    Ok(())
}

/// What was asked of one network or of one backend service.
fn of_one(compute: &mut Compute, folder: &str, name: &str, file: &mut File<'_>) -> Result<(), ReadError> {
    match folder {
        "effective-firewalls" => {
            compute
                .effective_firewalls
                .insert(name.into(), file.effective_firewalls()?);
        }
        "health" => _ = compute.health.insert(name.into(), file.health()?),
        _ => {}
    }
    Ok(())
}

fn kubernetes(s: &mut Snapshot, membership: &str, name: &str, file: &mut File<'_>) -> Result<(), ReadError> {
    let Some(kind) = name.strip_suffix(".json") else {
        return Ok(());
    };
    let k = s.kubernetes.entry(membership.into()).or_default();
    match kind {
        "services" => k.services.extend(file.items()?),
        "pods" => k.pods.extend(file.items()?),
        "namespaces" => k.namespaces.extend(file.items()?),
        "deployments.apps" => k.deployments.extend(file.items()?),
        "statefulsets.apps" => k.stateful_sets.extend(file.items()?),
        "endpointslices.discovery.k8s.io" => k.endpoint_slices.extend(file.items()?),
        "networkpolicies.networking.k8s.io" => k.network_policies.extend(file.items()?),
        "controlplanerevisions.mesh.cloud.google.com" => {
            k.control_plane_revisions.extend(file.items()?);
        }
        "virtualservices.networking.istio.io" => k.virtual_services.extend(file.items()?),
        "destinationrules.networking.istio.io" => k.destination_rules.extend(file.items()?),
        "peerauthentications.security.istio.io" => k.peer_authentications.extend(file.items()?),
        "authorizationpolicies.security.istio.io" => k.authorization_policies.extend(file.items()?),
        "requestauthentications.security.istio.io" => k.request_authentications.extend(file.items()?),
        other => {
            // Nothing is asked of them but that they are there.
            file.items::<core::Namespace>()?;
            k.other.push(other.to_owned());
        }
    }
    Ok(())
}
