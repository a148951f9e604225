//! Every folder of fixtures/incidents is diagnosed as its expected.yaml says, however it is packed; and what was not collected is
//! never called healthy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// What `expected.yaml` says.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    about: String,
    verdict: String,
    exit: i32,
    /// The root causes of severity ERROR or above: these and no others.
    root_causes: BTreeSet<String>,
    /// Symptoms among those that the causes explain.
    symptoms: BTreeSet<String>,
    /// By code: the names of all subjects of its root causes.
    subjects: BTreeMap<String, BTreeSet<String>>,
}

const SOURCES: [&str; 10] = [
    "cloud-run",
    "logging",
    "iam",
    "service-usage",
    "dns",
    "compute",
    "fleet",
    "clusters",
    "csds",
    "kubernetes",
];

fn incidents() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/incidents")
}

/// The names of all incidents, sorted.
fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(incidents())
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn expected(name: &str) -> Expected {
    let text = fs::read_to_string(incidents().join(name).join("expected.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{name}/expected.yaml: {error}"))
}

/// Exit status, standard output and standard error of the program.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let mut command = assert_cmd::cargo::cargo_bin_cmd!("meshdoctor");
    command
        .env_clear()
        .env("COLUMNS", "80")
        .env("NO_COLOR", "1")
        .args(arguments);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Exit status and report of `check PATH -o json`, which must say nothing on standard error.
fn check(path: &Path) -> (i32, Value) {
    let (status, out, err) = run(&["check", path.to_str().unwrap(), "-o", "json"]);
    assert_eq!(err, "", "{}", path.display());
    (status, serde_json::from_str(&out).unwrap())
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn findings(report: &Value) -> &[Value] {
    report["findings"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
}

/// The subjects of the root causes of severity ERROR or above, by code.
fn root_causes(report: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let mut causes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for finding in findings(report) {
        if text(finding, "role") == "ROOT_CAUSE" && matches!(text(finding, "severity"), "CRITICAL" | "ERROR")
        {
            let names = causes.entry(text(finding, "code").into()).or_default();
            names.insert(text(&finding["subject"], "name").into());
        }
    }
    causes
}

/// What is wrong with a report; empty where it is as expected.
fn differences(expected: &Expected, status: i32, report: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if (text(report, "verdict"), status) != (expected.verdict.as_str(), expected.exit) {
        wrong.push(format!(
            "verdict {}, exit status {status}",
            text(report, "verdict")
        ));
    }
    let causes = root_causes(report);
    if causes.keys().ne(&expected.root_causes) {
        wrong.push(format!("root causes {causes:?}"));
    }
    for (code, subjects) in &expected.subjects {
        if causes.get(code) != Some(subjects) {
            wrong.push(format!("{code} is of {:?}", causes.get(code)));
        }
    }
    let symptoms: BTreeSet<String> = findings(report)
        .iter()
        .filter(|finding| text(finding, "role") == "SYMPTOM")
        .map(|finding| text(finding, "code").to_owned())
        .collect();
    if !symptoms.is_superset(&expected.symptoms) {
        wrong.push(format!("symptoms {symptoms:?}"));
    }
    if report["warnings"].as_array().is_some_and(|w| !w.is_empty()) {
        wrong.push(format!("warnings {}", report["warnings"]));
    }
    wrong
}

#[test]
fn every_incident_is_told_as_expected() {
    let names = names();
    assert!(names.len() >= 22, "{names:?}");
    let mut failures = Vec::new();
    for name in &names {
        let expected = expected(name);
        let (status, report) = check(&incidents().join(name));
        for wrong in differences(&expected, status, &report) {
            failures.push(format!("{name} ({}): {wrong}", expected.about));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn the_readme_has_a_line_for_every_incident_and_no_other() {
    let readme = fs::read_to_string(incidents().join("README.md")).unwrap();
    let mut listed: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("| [")?.split_once(']'))
        .map(|(name, _)| name)
        .collect();
    listed.sort_unstable();
    assert_eq!(listed, names());
}

#[test]
fn tables_read_well_at_80_columns() {
    for name in [
        "missing-client-role",
        "missing-role-and-missing-record",
        "healthy",
    ] {
        let folder = incidents().join(name);
        let (_, table, err) = run(&["check", folder.to_str().unwrap()]);
        assert_eq!(err, "");
        insta::assert_snapshot!(name, table);
    }
}

/// The files below a folder: path from there, and content.
fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), &format!("{path}/"), found);
            } else {
                found.push((path, fs::read(entry.path()).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    walk(root, "", &mut found);
    found.sort();
    found
}

/// A report without what depends on where the snapshot lay.
fn without_places(mut value: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.remove("locator");
                fields.remove("warnings");
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut value);
    value
}

fn tarball(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header, path, content.as_slice()).unwrap();
    }
    tar.into_inner().unwrap()
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn zipped(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        zip.start_file(path.as_str(), options).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn an_archive_is_diagnosed_like_its_folder() {
    let scratch = tempfile::tempdir().unwrap();
    for name in ["missing-role-and-missing-record", "healthy-custom-role"] {
        let folder = incidents().join(name);
        let (status, report) = check(&folder);
        let report = without_places(report);
        let content = files(&folder);
        let tar = tarball(&content);
        let archives = [
            (".tar.zst", zstd::encode_all(tar.as_slice(), 3).unwrap()),
            (".tar.gz", gzipped(&tar)),
            (".zip", zipped(&content)),
        ];
        for (suffix, bytes) in archives {
            let archive = scratch.path().join(format!("{name}{suffix}"));
            fs::write(&archive, bytes).unwrap();
            let (archive_status, archive_report) = check(&archive);
            assert_eq!(archive_status, status, "{name}{suffix}");
            assert_eq!(without_places(archive_report), report, "{name}{suffix}");
        }
    }
}

/// What is wrong where the healthy incident, of which only files that `keep` admits were collected, is not inconclusive.
fn not_inconclusive(what: &str, keep: impl Fn(&str) -> bool) -> Option<String> {
    let scratch = tempfile::tempdir().unwrap();
    let all = files(&incidents().join("healthy"));
    let mut kept = 0;
    for (path, content) in all.iter().filter(|(path, _)| keep(path)) {
        let target = scratch.path().join(path);
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::write(target, content).unwrap();
        kept += 1;
    }
    assert!(kept < all.len(), "{what} names no file of the incident");
    let (status, report) = check(scratch.path());
    let reasoned = report["reasons"].as_array().is_some_and(|r| !r.is_empty());
    let told = (text(&report, "verdict"), status, reasoned);
    (told != ("INCONCLUSIVE", 3, true))
        .then(|| format!("without {what}: {told:?}, {:?}", root_causes(&report)))
}

fn assert_none(failures: impl Iterator<Item = String>) {
    let failures: Vec<String> = failures.collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_world_without_one_source_is_never_healthy() {
    assert_none(SOURCES.iter().filter_map(|source| {
        let folder = format!("{source}/");
        not_inconclusive(source, |path| !path.starts_with(&folder))
    }));
}

#[test]
fn a_world_with_nothing_but_a_manifest_is_never_healthy() {
    assert_none(not_inconclusive("any source", |path| !path.contains('/')).into_iter());
}

#[test]
fn a_world_without_one_listing_that_a_rule_needs_is_never_healthy() {
    let (_, out, _) = run(&["rules", "list", "-o", "json"]);
    let list: Value = serde_json::from_str(&out).unwrap();
    let mut plurals = BTreeSet::new();
    for rule in list["rules"].as_array().unwrap() {
        if matches!(text(rule, "severity"), "CRITICAL" | "ERROR") {
            let needs = rule["needs"].as_array().unwrap().iter();
            plurals.extend(needs.filter_map(|need| need.as_str()?.strip_prefix("kubernetes/")));
        }
    }
    assert!(
        plurals.contains("virtualservices") && plurals.contains("pods"),
        "{plurals:?}"
    );
    assert_none(plurals.iter().filter_map(|plural| {
        let is_it = |path: &str| {
            let file = path.strip_prefix("kubernetes/").and_then(|p| p.split_once('/'));
            file.is_some_and(|(_, file)| file.split('.').next() == Some(plural))
        };
        not_inconclusive(plural, |path| !is_it(path))
    }));
}
