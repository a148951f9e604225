//! The snapshot layout: which path holds what, typed.
use super::limits::{Scales, Weighed};
use super::locate;
use super::paths::{is_log, knows};
use crate::gcp::{compute, container, dns, fleet, iam, project, run, service_usage};
use crate::k8s::meta::List;
use crate::snapshot::manifest::SCHEMA;
use crate::snapshot::{Blob, Collected, Compute, Manifest, ReadError, Snapshot, Warning, World};
use crate::xds;
use jiff::Timestamp;
use serde::de::DeserializeOwned;

/// Types every file of the world whose path the layout knows; the others become warnings.
pub fn parse(mut world: World) -> Result<Snapshot, ReadError> {
    let mut snapshot = Snapshot::default();
    let mut scales = Scales::default();
    for (path, blob) in &world.files {
        if knows(path) {
            place(&mut snapshot, path, blob, &mut scales)?;
        } else {
            world.warnings.push(Warning {
                origin: blob.origin.clone(),
                text: "not part of the snapshot layout: ignored".into(),
            });
        }
    }
    snapshot.collected_at = snapshot.manifest.collected_at.unwrap_or_else(Timestamp::now);
    snapshot.world = world;
    Ok(snapshot)
}

/// Puts one file where it belongs.
fn place(s: &mut Snapshot, path: &str, blob: &Blob, scales: &mut Scales) -> Result<(), ReadError> {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["bundle.json"] => s.manifest = manifest(blob, scales)?,
        ["cloud-run", project, region, "services.json"] => {
            let list: run::ServiceList = json(blob, scales)?;
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
            let list: run::RevisionList = json(blob, scales)?;
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
            s.predefined_roles = Collected::Had(json::<iam::RoleList>(blob, scales)?.roles);
        }
        ["iam", "projects", project, file] => project_iam(s, project, file, blob, scales)?,
        ["iam", "folders", id, "policy.json"] => {
            s.folders.insert((*id).into(), json(blob, scales)?);
        }
        ["iam", "organizations", id, "policy.json"] => {
            s.organizations.entry((*id).into()).or_default().policy = Collected::Had(json(blob, scales)?);
        }
        ["iam", "organizations", id, "roles.json"] => {
            s.organizations.entry((*id).into()).or_default().roles =
                Collected::Had(json::<iam::RoleList>(blob, scales)?.roles);
        }
        ["service-usage", project, "services.json"] => {
            let list: service_usage::ServiceList = json(blob, scales)?;
            s.service_usage
                .entry((*project).into())
                .or_default()
                .extend(list.services);
        }
        ["dns", project, "managed-zones.json"] => {
            s.dns.entry((*project).into()).or_default().zones =
                Collected::Had(json::<dns::ZoneList>(blob, scales)?.managed_zones);
        }
        ["dns", project, "zones", zone, "rrsets.json"] => {
            let list: dns::RecordSetList = json(blob, scales)?;
            s.dns
                .entry((*project).into())
                .or_default()
                .records
                .insert((*zone).into(), list.rrsets);
        }
        ["compute", project, file] => compute(s, project, file, blob, scales)?,
        ["compute", project, folder, file] => {
            let compute = s.compute.entry((*project).into()).or_default();
            of_one(compute, folder, file.trim_end_matches(".json"), blob, scales)?;
        }
        ["fleet", project, "memberships.json"] => {
            let list: fleet::MembershipList = json(blob, scales)?;
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
                Collected::Had(json::<fleet::FeatureList>(blob, scales)?.resources);
        }
        ["clusters", project, "clusters.json"] => {
            s.clusters
                .insert((*project).into(), json::<container::ClusterList>(blob, scales)?);
        }
        ["csds", project, file] => {
            let bytes = blob.bytes()?;
            let status = if file.ends_with(".binpb") {
                xds::from_binary(bytes, &blob.origin)?
            } else {
                scales.weigh(&bytes, &blob.origin)?;
                xds::from_json(&bytes, &blob.origin)?
            };
            let csds = s.csds.entry((*project).into()).or_default();
            csds.clients.extend(status.clients);
        }
        ["kubernetes", membership, file] => kubernetes(s, membership, file, blob, scales)?,
        _ => {}
    }
    Ok(())
}

/// The manifest, of a schema that this version knows. Files made by hand may leave the schema out.
fn manifest(blob: &Blob, scales: &mut Scales) -> Result<Manifest, ReadError> {
    let manifest: Manifest = json(blob, scales)?;
    let schema = &manifest.schema_version;
    if schema.is_empty() || schema == SCHEMA {
        return Ok(manifest);
    }
    Err(ReadError::Malformed {
        origin: blob.origin.clone(),
        line: 0,
        column: 0,
        problem: format!("schemaVersion {schema:?} is not known; this version reads {SCHEMA:?}"),
        remedy: "use the meshdoctor version that wrote the bundle, or a newer one".into(),
    })
}

fn project_iam(
    s: &mut Snapshot,
    project: &str,
    file: &str,
    blob: &Blob,
    scales: &mut Scales,
) -> Result<(), ReadError> {
    let iam = s.projects.entry(project.into()).or_default();
    match file {
        "project.json" => iam.project = Collected::Had(json::<project::Project>(blob, scales)?),
        "policy.json" => iam.policy = Collected::Had(json(blob, scales)?),
        "ancestry.json" => iam.ancestry = Collected::Had(json(blob, scales)?),
        "roles.json" => iam.roles = Collected::Had(json::<iam::RoleList>(blob, scales)?.roles),
        "deny-policies.json" => {
            iam.deny_policies = Collected::Had(json::<iam::DenyPolicyList>(blob, scales)?.policies);
        }
        "service-accounts.json" => {
            iam.service_accounts = Collected::Had(json::<iam::ServiceAccountList>(blob, scales)?.accounts);
        }
        _ => {}
    }
    Ok(())
}

fn compute(
    s: &mut Snapshot,
    project: &str,
    file: &str,
    blob: &Blob,
    scales: &mut Scales,
) -> Result<(), ReadError> {
    let c = s.compute.entry(project.into()).or_default();
    match file {
        "networks.json" => c.networks = Collected::Had(json::<compute::List<_>>(blob, scales)?.items),
        "firewalls.json" => c.firewalls = Collected::Had(json::<compute::List<_>>(blob, scales)?.items),
        "subnetworks.json" => {
            c.subnetworks = Collected::Had(aggregated(blob, file, &mut c.unreachable, scales)?);
        }
        "addresses.json" => c.addresses = Collected::Had(aggregated(blob, file, &mut c.unreachable, scales)?),
        "backend-services.json" => {
            c.backend_services = Collected::Had(aggregated(blob, file, &mut c.unreachable, scales)?);
        }
        "network-endpoint-groups.json" => {
            c.network_endpoint_groups = Collected::Had(aggregated(blob, file, &mut c.unreachable, scales)?);
        }
        _ => {}
    }
    Ok(())
}

/// What was asked of one network or of one backend service.
fn of_one(
    compute: &mut Compute,
    folder: &str,
    name: &str,
    blob: &Blob,
    scales: &mut Scales,
) -> Result<(), ReadError> {
    match folder {
        "effective-firewalls" => {
            compute
                .effective_firewalls
                .insert(name.into(), json(blob, scales)?);
        }
        "health" => {
            let list = blob.bytes()?.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
            let groups = if list {
                json(blob, scales)?
            } else {
                vec![json(blob, scales)?]
            };
            compute.health.insert(name.into(), groups);
        }
        _ => {}
    }
    Ok(())
}

fn aggregated<T: DeserializeOwned>(
    blob: &Blob,
    file: &str,
    unreachable: &mut Vec<String>,
    scales: &mut Scales,
) -> Result<Vec<T>, ReadError> {
    let list: compute::AggregatedList<T> = json(blob, scales)?;
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

fn kubernetes(
    s: &mut Snapshot,
    membership: &str,
    file: &str,
    blob: &Blob,
    scales: &mut Scales,
) -> Result<(), ReadError> {
    let Some(kind) = file.strip_suffix(".json") else {
        return Ok(());
    };
    let k = s.kubernetes.entry(membership.into()).or_default();
    match kind {
        "services" => k.services.extend(items(blob, scales)?),
        "pods" => k.pods.extend(items(blob, scales)?),
        "namespaces" => k.namespaces.extend(items(blob, scales)?),
        "deployments.apps" => k.deployments.extend(items(blob, scales)?),
        "statefulsets.apps" => k.stateful_sets.extend(items(blob, scales)?),
        "endpointslices.discovery.k8s.io" => k.endpoint_slices.extend(items(blob, scales)?),
        "networkpolicies.networking.k8s.io" => k.network_policies.extend(items(blob, scales)?),
        "controlplanerevisions.mesh.cloud.google.com" => {
            k.control_plane_revisions.extend(items(blob, scales)?);
        }
        "virtualservices.networking.istio.io" => k.virtual_services.extend(items(blob, scales)?),
        "destinationrules.networking.istio.io" => k.destination_rules.extend(items(blob, scales)?),
        "peerauthentications.security.istio.io" => k.peer_authentications.extend(items(blob, scales)?),
        "authorizationpolicies.security.istio.io" => k.authorization_policies.extend(items(blob, scales)?),
        "requestauthentications.security.istio.io" => k.request_authentications.extend(items(blob, scales)?),
        other => k.other.push(other.to_owned()),
    }
    Ok(())
}

fn items<T: DeserializeOwned>(blob: &Blob, scales: &mut Scales) -> Result<Vec<T>, ReadError> {
    // Items take no room when they are only weighed: a list of millions is refused before it is unfolded.
    let bytes = blob.bytes()?;
    scales.weigh(&bytes, &blob.origin)?;
    let counted: List<Weighed> = parse_json(&bytes, &blob.origin)?;
    scales.count(counted.items.len(), &blob.origin)?;
    parse_json::<List<T>>(&bytes, &blob.origin).map(|list| list.items)
}

/// Parses a JSON file; an error names the file, line, column and field.
fn json<T: DeserializeOwned>(blob: &Blob, scales: &mut Scales) -> Result<T, ReadError> {
    let bytes = blob.bytes()?;
    scales.weigh(&bytes, &blob.origin)?;
    parse_json(&bytes, &blob.origin)
}

fn parse_json<T: DeserializeOwned>(bytes: &[u8], origin: &str) -> Result<T, ReadError> {
    // A field that nobody uses is passed over unread, and with it a character in another encoding.
    if let Some((line, column)) = locate::not_utf8(bytes) {
        return Err(ReadError::Malformed {
            origin: origin.to_owned(),
            line,
            column,
            problem: "not text in UTF-8".into(),
            remedy: "the file must hold the API's answer as it came; collect it again or save it as UTF-8"
                .into(),
        });
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let bad = |field: String, inner: &serde_json::Error| ReadError::Malformed {
        origin: origin.to_owned(),
        line: inner.line(),
        column: inner.column(),
        problem: if field.is_empty() || field == "." {
            inner.to_string()
        } else {
            format!("{field}: {inner}")
        },
        remedy: "the file must hold the API's answer as it came; collect it again or correct the field"
            .into(),
    };
    let value = parsed.map_err(|error| bad(error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| bad(String::new(), &error))?;
    Ok(value)
}
