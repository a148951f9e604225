//! Whether the parts of a snapshot belong together: times, projects, meshes, checksums.
use crate::mesh::facts::{Fact, Whole};
use crate::mesh::model::Model;
use crate::mesh::names::MeshName;
use crate::snapshot::{Blob, SOURCES, Snapshot, Status};
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read};

/// The longest first line of a log that is looked at.
const FIRST_LINE: u64 = 1 << 20;

pub fn whole(model: &Model) -> Whole {
    let snapshot = model.snapshot;
    let manifest = &snapshot.manifest;
    let seen = projects(model);
    let (later_evidence, hours_later) = later(model);
    let project = model.projects.id(&manifest.scope.project).0;
    Whole {
        collected_at: snapshot.collected_at.to_string(),
        altered: snapshot
            .world
            .altered
            .iter()
            .cloned()
            .chain(lost(snapshot))
            .collect(),
        has_mesh_clients: model.mesh_clients().next().is_some(),
        log_lines: i64::try_from(model.logs.lines).unwrap_or(i64::MAX),
        since: manifest.scope.since.clone(),
        again: manifest.again.older_logs.clone(),
        later_evidence,
        hours_later,
        hours_before_window: hours_before_window(model),
        project_seen: project.is_empty()
            || seen.is_empty()
            || seen
                .iter()
                .any(|other| model.projects.may_be_same(other, &project)),
        projects: seen.into_iter().collect(),
        project,
        foreign_meshes: foreign_meshes(model),
    }
}

/// Sources that the manifest calls collected, and of which not one file is left.
fn lost(snapshot: &Snapshot) -> impl Iterator<Item = String> {
    let has_files = |source: &str| snapshot.world.files.keys().any(|path| is_below(path, source));
    let collected = snapshot
        .manifest
        .collectors
        .iter()
        .filter(|collector| collector.status == Status::Ok && SOURCES.contains(&collector.name.as_str()));
    collected
        .filter(move |collector| !has_files(&collector.name))
        .map(|collector| {
            format!(
                "{}: collected, the manifest says, and not one file of it is there",
                collector.name
            )
        })
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// The projects that something was collected of.
fn projects(model: &Model) -> BTreeSet<String> {
    let s = model.snapshot;
    let folders = s
        .cloud_run
        .keys()
        .chain(s.projects.keys())
        .chain(s.service_usage.keys());
    let folders = folders
        .chain(s.dns.keys())
        .chain(s.compute.keys())
        .chain(s.fleet.keys())
        .chain(s.clusters.keys())
        .chain(s.csds.keys())
        .chain(s.logs.keys());
    folders
        .map(|project| model.projects.id(project.as_str()).0)
        // Files without a project of their own stand under `-`.
        .filter(|project| project != "-")
        .collect()
}

/// What is younger than the time of collection: it cannot have been collected then.
fn later(model: &Model) -> (Vec<String>, i64) {
    let Some(collected) = model.snapshot.manifest.collected_at else {
        return (Vec::new(), 0);
    };
    let mut found: Vec<(Timestamp, String)> = Vec::new();
    for (project, status) in &model.snapshot.csds {
        let updated = status.clients.iter().flat_map(|client| &client.resources);
        let youngest = updated.filter_map(|resource| resource.last_updated).max();
        found.extend(youngest.map(|at| (at, format!("a proxy's configuration in csds/{project}: {at}"))));
    }
    for (at, place) in log_times(model) {
        found.push((at, format!("a log entry in {place}: {at}")));
    }
    found.retain(|(at, _)| *at > collected);
    found.sort();
    let hours = found
        .last()
        .map_or(0, |(at, _)| at.duration_since(collected).as_hours());
    (found.into_iter().rev().map(|(_, text)| text).collect(), hours)
}

/// Times of log entries, with their file: of the first line of each file, and of what signatures matched.
fn log_times(model: &Model) -> Vec<(Timestamp, String)> {
    let mut times = Vec::new();
    for (project, blobs) in &model.snapshot.logs {
        let place = format!("logging/{project}");
        times.extend(blobs.iter().filter_map(first_time).map(|at| (at, place.clone())));
    }
    let hits = model.logs.groups.iter();
    times.extend(hits.filter_map(|hit| Some((hit.last?, hit.locator.clone()))));
    times
}

/// The time of a log's first entry; none of a text log.
fn first_time(blob: &Blob) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Entry {
        timestamp: Timestamp,
    }
    let mut line = Vec::new();
    let stream = blob.open().ok()?;
    BufReader::new(stream.take(FIRST_LINE))
        .read_until(b'\n', &mut line)
        .ok()?;
    Some(serde_json::from_slice::<Entry>(&line).ok()?.timestamp)
}

fn hours_before_window(model: &Model) -> Fact<i64> {
    let manifest = &model.snapshot.manifest;
    let seconds = manifest
        .scope
        .since
        .strip_suffix('s')
        .and_then(|text| text.parse::<i64>().ok());
    let (Some(collected), Some(seconds)) = (manifest.collected_at, seconds) else {
        return Fact::unknown("the manifest does not say how far back the logs were read");
    };
    match log_times(model).into_iter().map(|(at, _)| at).max() {
        Some(youngest) => {
            let age = collected.duration_since(youngest).as_secs();
            Fact::Known((age - seconds).max(0) / 3600)
        }
        None => Fact::unknown("no time of a log entry is known"),
    }
}

/// Meshes of connected proxies that neither a client names nor a cluster offers. Where nothing is known of either, none is foreign.
fn foreign_meshes(model: &Model) -> Vec<String> {
    let named = model.clients.iter().filter_map(|client| client.mesh.clone());
    let offered = (0..model.clusters.len()).flat_map(|index| model.meshes_of(index));
    let known: Vec<MeshName> = named.chain(offered).collect();
    let mut foreign = BTreeSet::new();
    let mut ours = known.is_empty();
    for client in model.snapshot.csds.values().flat_map(|status| &status.clients) {
        let Some(mesh) = client.mesh() else {
            ours = true;
            continue;
        };
        let number = client.project_number();
        let is_ours = known.iter().any(|known| {
            let same = |number: &str| model.projects.may_be_same(number, &known.project);
            known.mesh == mesh && number.as_ref().is_none_or(|number| same(number.as_str()))
        });
        ours |= is_ours;
        if !is_ours {
            let of = number.map(|number| format!(" of project {}", number.as_str()));
            foreign.insert(format!("{mesh}{}", of.unwrap_or_default()));
        }
    }
    // Beside proxies of our meshes, others of the same project may well be.
    if ours {
        Vec::new()
    } else {
        foreign.into_iter().collect()
    }
}
