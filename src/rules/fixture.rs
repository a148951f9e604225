//! Fixtures of rules: a healthy world and what is changed in it, so that a rule fires, or just does not.
use super::{RuleError, RuleSet, template};
use crate::snapshot::read::{self, Options};
use crate::snapshot::{Blob, ReadError, Snapshot, World};
use jiff::{SignedDuration, Timestamp};
use json_patch::PatchOperation;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

const MANIFEST: &str = "bundle.json";

/// One fixture file: `fixtures/rules/CODE/fires.yaml`, `near-miss.yaml`, or either with a suffix (`fires-group.yaml`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fixture {
    /// What the world is, in one line.
    pub about: String,
    /// The world that it starts from: a folder of `fixtures/worlds`.
    pub base: String,
    #[serde(default)]
    pub patch: Vec<FilePatch>,
    /// Files or folders of the layout to leave out.
    #[serde(default)]
    pub remove: Vec<String>,
    /// Whole files, by their path in the layout: JSON, or a text as it is.
    #[serde(default)]
    pub write: BTreeMap<String, Value>,
    /// Whether the manifest lists the files with their checksums, and since when.
    #[serde(default)]
    pub sealed: Option<Sealed>,
    /// Log entries to add.
    #[serde(default)]
    pub logs: Vec<LogLine>,
    /// Names of the subjects on which the rule must fire.
    #[serde(default)]
    pub fires: Vec<String>,
}

/// When the manifest was given its list of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sealed {
    /// Before the changes: what they touch is altered.
    Before,
    After,
}

/// JSON Patch (RFC 6902) on one file of the base.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilePatch {
    pub file: String,
    pub ops: Vec<PatchOperation>,
}

/// A log entry: a text that a service logged, or an entry as it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogLine {
    pub service: String,
    pub severity: String,
    pub text: String,
    /// RFC 3339; absent: within the last quarter of an hour.
    pub at: Option<Timestamp>,
    pub instance: String,
    /// The log's id; absent: `run.googleapis.com/varlog/system`.
    pub log: String,
    pub entry: Option<Value>,
}

/// What became of one fixture.
#[derive(Debug)]
pub struct Outcome {
    pub path: PathBuf,
    /// What is wrong; none where it holds.
    pub problem: Option<String>,
}

/// Fixtures of one rule: those that must fire, and the near misses.
pub fn files(fixtures: &Path, code: &str) -> io::Result<Vec<PathBuf>> {
    let folder = fixtures.join("rules").join(code);
    let mut files = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|e| e == "yaml") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a fixture is one on which the rule must fire; None where its name says neither.
pub fn must_fire(path: &Path) -> Option<bool> {
    let stem = path.file_stem()?.to_str()?;
    match stem {
        "fires" => Some(true),
        "near-miss" => Some(false),
        _ if stem.starts_with("fires-") => Some(true),
        _ if stem.starts_with("near-miss-") => Some(false),
        _ => None,
    }
}

/// Tells on which subjects a rule, named by its code, fires in a snapshot.
pub type Fired<'f> = dyn Fn(&Snapshot, &str) -> Result<Vec<String>, ReadError> + 'f;

/// Runs one fixture; `codes_fired` tells on which subjects a rule fires in a snapshot.
pub fn run(fixtures: &Path, path: &Path, code: &str, fired: &Fired<'_>) -> Outcome {
    let problem = check(fixtures, path, code, fired).err();
    Outcome {
        path: path.to_owned(),
        problem,
    }
}

fn check(fixtures: &Path, path: &Path, code: &str, fired: &Fired<'_>) -> Result<(), String> {
    let must = must_fire(path).ok_or("a fixture is called fires….yaml or near-miss….yaml")?;
    let yaml = fs::read_to_string(path).map_err(|e| e.to_string())?;
    let fixture: Fixture = serde_saphyr::from_str(&yaml).map_err(|e| e.to_string())?;
    let world = build(fixtures, &fixture)?;
    let snapshot = read::from_world(world).map_err(|e| e.to_string())?;
    let mut got = fired(&snapshot, code).map_err(|e| e.to_string())?;
    got.sort();
    let mut want = fixture.fires.clone();
    want.sort();
    match (must, want.is_empty()) {
        (true, true) => Err("`fires` names no subject".into()),
        (false, false) => Err("a near miss fires on nothing: drop `fires`".into()),
        _ if got == want => Ok(()),
        (true, _) => Err(format!(
            "must fire on [{}], fired on [{}]",
            want.join(", "),
            got.join(", ")
        )),
        (false, _) => Err(format!("must not fire, fired on [{}]", got.join(", "))),
    }
}

/// The world of a fixture.
pub fn build(fixtures: &Path, fixture: &Fixture) -> Result<World, String> {
    let base = fixtures.join("worlds").join(&fixture.base);
    let mut world = read::gather(&[base], &Options::default()).map_err(|e| e.to_string())?;
    if fixture.sealed == Some(Sealed::Before) {
        seal(&mut world)?;
    }
    for removed in &fixture.remove {
        let before = world.files.len();
        let below = format!("{}/", removed.trim_end_matches('/'));
        world
            .files
            .retain(|path, _| path != removed && !path.starts_with(&below));
        if world.files.len() == before {
            return Err(format!("remove: the base has no {removed}"));
        }
    }
    for change in &fixture.patch {
        let mut document = match world.files.get(&change.file) {
            Some(blob) => serde_json::from_slice(&blob.bytes().map_err(|e| e.to_string())?)
                .map_err(|e| e.to_string())?,
            None => json!({}),
        };
        json_patch::patch(&mut document, &change.ops)
            .map_err(|e| format!("patch of {}: {e}", change.file))?;
        put(&mut world, &change.file, &document);
    }
    for (path, content) in &fixture.write {
        put(&mut world, path, content);
    }
    add_logs(&mut world, &fixture.logs)?;
    if fixture.sealed == Some(Sealed::After) {
        seal(&mut world)?;
    }
    world.altered = read::altered(&world);
    Ok(world)
}

fn put(world: &mut World, path: &str, content: &Value) {
    let bytes = match content {
        Value::String(text) => text.clone().into_bytes(),
        json => json.to_string().into_bytes(),
    };
    world.files.insert(path.to_owned(), Blob::memory(path, bytes));
}

/// Lists the files in the manifest, with their checksums.
fn seal(world: &mut World) -> Result<(), String> {
    let manifest = world.files.get(MANIFEST).ok_or("the base has no bundle.json")?;
    let manifest = manifest.bytes().map_err(|e| e.to_string())?;
    let mut manifest: Value = serde_json::from_slice(&manifest).map_err(|e| e.to_string())?;
    let digests = read::digests(world).map_err(|e| e.to_string())?;
    manifest["files"] = serde_json::to_value(digests).map_err(|e| e.to_string())?;
    put(world, MANIFEST, &manifest);
    Ok(())
}

/// Appends to the log of the base's project.
fn add_logs(world: &mut World, lines: &[LogLine]) -> Result<(), String> {
    if lines.is_empty() {
        return Ok(());
    }
    let manifest = world
        .files
        .get("bundle.json")
        .ok_or("the base has no bundle.json")?;
    let manifest: Value =
        serde_json::from_slice(&manifest.bytes().map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    let text = |pointer: &str| {
        manifest
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let (project, region) = (text("/scope/project"), text("/scope/regions/0"));
    let now: Timestamp = text("/collectedAt")
        .parse()
        .map_err(|_| "the base's manifest has no collectedAt")?;
    let path = format!("logging/{project}/entries.ndjson");
    let mut log = match world.files.get(&path) {
        Some(blob) => blob.bytes().map_err(|e| e.to_string())?,
        None => Vec::new(),
    };
    for (number, line) in (0i64..).zip(lines) {
        let at = line
            .at
            .unwrap_or(now - SignedDuration::from_mins(15) + SignedDuration::from_secs(number * 20));
        let entry = match &line.entry {
            Some(entry) => entry.clone(),
            None => entry(line, &project, &region, at),
        };
        log.extend(entry.to_string().into_bytes());
        log.push(b'\n');
    }
    world.files.insert(path.clone(), Blob::memory(path, log));
    Ok(())
}

/// A LogEntry as Cloud Run's sidecar lines come.
fn entry(line: &LogLine, project: &str, region: &str, at: Timestamp) -> Value {
    let or = |text: &str, default: &str| {
        if text.is_empty() {
            default.to_owned()
        } else {
            text.to_owned()
        }
    };
    let log = or(&line.log, "run.googleapis.com/varlog/system").replace('/', "%2F");
    json!({
        "insertId": format!("{}-{at}", line.service),
        "logName": format!("projects/{project}/logs/{log}"),
        "resource": {"type": "cloud_run_revision", "labels": {
            "project_id": project, "location": region, "service_name": line.service,
            "configuration_name": line.service, "revision_name": format!("{}-00003-abc", line.service),
        }},
        "labels": {"instanceId": or(&line.instance, &format!("{}-0", line.service))},
        "severity": or(&line.severity, "WARNING"),
        "timestamp": at.to_string(),
        "receiveTimestamp": at.to_string(),
        "textPayload": line.text,
    })
}

/// Rules that lack a fixture that fires or one that nearly does.
///
/// With rules of one's own in the set only these are looked at: the built-in ones have theirs elsewhere.
pub fn missing(set: &RuleSet, fixtures: &Path) -> io::Result<Vec<RuleError>> {
    let mut problems = Vec::new();
    let own = set.rules.iter().any(|rule| !rule.is_built_in());
    for rule in set.rules.iter().filter(|rule| !own || !rule.is_built_in()) {
        let kinds: Vec<Option<bool>> = files(fixtures, rule.code())?
            .iter()
            .map(|p| must_fire(p))
            .collect();
        for (kind, name) in [(Some(true), "fires.yaml"), (Some(false), "near-miss.yaml")] {
            if !kinds.contains(&kind) {
                let folder = format!("{}/rules/{}", fixtures.display(), rule.code());
                problems.push(RuleError::new(
                    &rule.origin,
                    template::place(&rule.file.code),
                    format!("{} has no fixture {name}", rule.code()),
                    format!("write {folder}/{name}, or name the folder of fixtures with --fixtures"),
                ));
            }
        }
    }
    Ok(problems)
}
