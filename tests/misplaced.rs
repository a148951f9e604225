//! Files that hold something else than the answer that their place promises: an API's error, another answer, no answer at all.
//! Whatever it is, nothing that was not collected is taken for empty.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, check, files, replayed::Replayed, repository};
use meshdoctor::diagnose::diagnose_last;
use meshdoctor::report::v1::{Report, report::Verdict};
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read::{self, Options};
use meshdoctor::snapshot::write::{self as bundles, Key, Level, Redaction};
use meshdoctor::snapshot::{Blob, Snapshot, World};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// As Google's APIs say no, bare and with all its details; as streamed answers do; as an API server and OAuth do.
const ERRORS: [&str; 6] = [
    r#"{"error":{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}}"#,
    r#"{
  "error": {
    "code": 403,
    "message": "Permission 'a.b.list' denied on resource '//x/projects/p' (or it may not exist).",
    "status": "PERMISSION_DENIED",
    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED"}]
  }
}
"#,
    r#"[{"error":{"code":403,"message":"no","status":"PERMISSION_DENIED"}}]"#,
    r#"{"error":{"errors":[{"domain":"global","reason":"backendError","message":"Backend Error"}],"code":503}}"#,
    r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"forbidden","reason":"Forbidden","code":403}"#,
    r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#,
];

/// Kinds of files of which the healthy world has none.
const MORE: [&str; 5] = [
    "iam/predefined-roles.json",
    "iam/organizations/99887766/roles.json",
    "compute/harbor-mesh-3310/health/orders.json",
    "compute/harbor-mesh-3310/effective-firewalls/harbor.json",
    "csds/harbor-mesh-3310/client-status.json",
];

fn healthy() -> PathBuf {
    repository().join("fixtures/incidents/healthy")
}

/// Every path of the layout, as the healthy world has it.
fn paths() -> Vec<String> {
    let own = files(&healthy())
        .into_keys()
        .filter(|path| path != "expected.yaml");
    own.chain(MORE.map(str::to_owned)).collect()
}

fn world() -> World {
    read::gather(&[healthy()], &Options::default()).unwrap()
}

/// What is said of the healthy world with this in the place of one file; an error's text where nothing is.
fn with(world: &World, path: &str, content: &str) -> Result<Report, String> {
    let mut world = world.clone();
    let blob = Blob::memory(path, content.as_bytes().to_vec());
    world.files.insert(path.to_owned(), blob);
    let snapshot = read::from_world(world).map_err(|error| error.to_string())?;
    static SET: LazyLock<RuleSet> = LazyLock::new(|| RuleSet::with(&[]).unwrap());
    diagnose_last(snapshot, &SET, &Selection::default()).map_err(|error| error.to_string())
}

/// Not healthy, for a reason that names the source, or refused with the file and a remedy.
fn assert_told(world: &World, path: &str, content: &str) {
    match with(world, path, content) {
        Ok(report) => {
            assert_eq!(report.verdict(), Verdict::Inconclusive, "{path}: {content}");
            let source = path.split('/').next().unwrap();
            let told = report.reasons.iter().chain(&report.warnings);
            assert!(told.clone().any(|text| text.contains(source)), "{path}: {told:?}");
        }
        Err(error) => assert!(error.starts_with(path) && error.contains("remedy:"), "{error}"),
    }
}

#[test]
fn an_error_in_the_place_of_any_file_is_never_healthy() {
    let world = world();
    let paths = paths();
    assert!(paths.len() > 45, "{paths:?}");
    for path in &paths {
        for error in ERRORS {
            assert_told(&world, path, error);
        }
    }
}

#[test]
fn what_is_no_answer_of_the_api_is_refused() {
    let world = world();
    for path in paths() {
        let names = ["health/", "csds/", "logging/"]
            .iter()
            .all(|name| !path.contains(name));
        for content in [
            "null",
            "\"x\"",
            "<!DOCTYPE html><title>502 Bad Gateway</title>\n",
            r#"{"name":"projects/p/things/x","state":"ACTIVE"}"#,
            r#"{"widgets":[{"name":"a"}]}"#,
        ] {
            let said = with(&world, &path, content).map(|report| report.verdict());
            let error = said.expect_err(&format!("{path}: {content}"));
            assert!(error.starts_with(&path) && error.contains("remedy:"), "{error}");
        }
        for content in ["[]", "[{}]", "", "  \n"].into_iter().filter(|_| names) {
            assert!(with(&world, &path, content).is_err(), "{path}: {content:?}");
        }
    }
}

#[test]
fn an_empty_object_is_an_empty_listing_of_google_and_nothing_else() {
    let world = world();
    for path in paths() {
        let said = with(&world, &path, "{}");
        let named = path.ends_with("/project.json") || path.ends_with("ancestry.json");
        let more = with(&world, &path, r#"{"addedLater":"x"}"#);
        assert_eq!(
            more.is_ok(),
            said.is_ok() && !path.ends_with(".binpb") && !path.contains("csds/"),
            "{path}: {more:?}"
        );
        if named || path.starts_with("kubernetes/") || path.starts_with("logging/") {
            assert!(said.is_err(), "{path}");
        } else if !path.ends_with(".binpb") {
            assert!(said.is_ok(), "{path}: {said:?}");
        }
    }
    let none = with(&world, "kubernetes/harbor-eu/pods.json", r#"{"items":[]}"#).unwrap();
    assert_eq!(none.verdict(), Verdict::Unhealthy, "no pod is a finding");
}

#[test]
fn a_resource_without_a_name_is_none_and_a_list_of_others_is_none_either() {
    let world = world();
    for (path, content, says) in [
        (
            "kubernetes/harbor-eu/services.json",
            r#"{"items":[{"spec":{"ports":[]}}]}"#,
            "items[0].metadata.name",
        ),
        (
            "kubernetes/harbor-eu/services.json",
            r#"{"kind":"PodList","items":[{"metadata":{"name":"a"}}]}"#,
            "a PodList, where one of Service is due",
        ),
        (
            "kubernetes/harbor-eu/services.json",
            r#"{"kind":"Service","metadata":{"name":"orders"}}"#,
            "a Service, not a List",
        ),
        (
            "compute/harbor-mesh-3310/subnetworks.json",
            r#"{"kind":"compute#addressAggregatedList","items":{}}"#,
            "compute#subnetwork is due",
        ),
        (
            "dns/harbor-mesh-3310/managed-zones.json",
            r#"{"rrsets":[{"name":"a."}]}"#,
            "it has `rrsets`, and no `managedZones`",
        ),
        (
            "cloud-run/harbor-mesh-3310/europe-west4/services.json",
            r#"{"services":[{"template":{}}]}"#,
            "services[0].name",
        ),
        (
            "logging/harbor-mesh-3310/entries.ndjson",
            r#"{"entries":[{"logName":"projects/p/logs/x"}]}"#,
            "not one entry a line",
        ),
    ] {
        let error = with(&world, path, content).expect_err(path);
        assert!(error.contains(says), "{says:?} is not in {error}");
    }
}

/// The healthy world in a folder, one file of it replaced.
fn folder(sandbox: &Sandbox, path: &str, content: &str) -> PathBuf {
    for (name, bytes) in files(&healthy()) {
        sandbox.write(&format!("w/{name}"), bytes);
    }
    sandbox.write(&format!("w/{path}"), content);
    sandbox.path("w")
}

fn report(s: &Sandbox, world: &Path) -> Run {
    s.run([Path::new("check"), world, Path::new("-o"), Path::new("json")])
}

fn has_finding(run: &Run, code: &str, words: &[&str]) {
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    let own = findings.iter().filter(|finding| finding["code"] == code);
    let texts: Vec<String> = own.map(ToString::to_string).collect();
    let found = texts
        .iter()
        .any(|text| words.iter().all(|word| text.contains(word)));
    assert!(found, "{code} with {words:?} is not in {texts:#?}");
}

#[test]
fn the_permission_to_ask_for_is_told_as_a_live_collector_would() {
    let s = Sandbox::new();
    let policy = "iam/projects/harbor-mesh-3310/policy.json";
    let world = folder(&s, policy, ERRORS[0]);
    s.write("w/kubernetes/harbor-eu/pods.json", ERRORS[4]);
    let run = report(&s, &world);
    run.ended(3);
    has_finding(
        &run,
        "MD901",
        &[
            "resourcemanager.projects.getIamPolicy",
            "roles/browser",
            "403 PERMISSION_DENIED",
        ],
    );
    has_finding(&run, "MD901", &["kubectl create clusterrole", "pods"]);

    // Served again it is the same no.
    let replayed = Replayed::new(&s, &world, None);
    let again = replayed.check(&s, &["-o", "json"]);
    again.ended(3);
    has_finding(&again, "MD901", &["resourcemanager.projects.getIamPolicy"]);
}

#[test]
fn a_disabled_api_and_an_overloaded_one_are_told_apart_from_a_permission() {
    let s = Sandbox::new();
    let disabled = r#"{"error":{"code":403,"message":"Cloud DNS API has not been used in project 1 before or it is disabled.",
        "status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED",
        "metadata":{"service":"dns.googleapis.com","consumer":"projects/harbor-mesh-3310"}}]}}"#;
    let world = folder(&s, "dns/harbor-mesh-3310/managed-zones.json", disabled);
    s.write("w/clusters/harbor-mesh-3310/clusters.json", ERRORS[3]);
    let run = report(&s, &world);
    run.ended(3);
    has_finding(
        &run,
        "MD902",
        &["gcloud services enable dns.googleapis.com --project=harbor-mesh-3310"],
    );
    has_finding(&run, "MD907", &["503", "Backend Error"]);
}

#[test]
fn among_loose_files_an_error_is_refused_with_its_line_wherever_it_stands() {
    let s = Sandbox::new();
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\n";
    let yaml = format!("{manifest}---\nerror:\n  code: 403\n  message: no\n  status: PERMISSION_DENIED\n");
    let lines = format!(
        "{}\n{}\n",
        r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"}}"#, ERRORS[0]
    );
    for (name, content) in [
        ("a.yaml", yaml.as_str()),
        ("b.json", &lines),
        ("c.json", ERRORS[2]),
        ("d.json", ERRORS[4]),
    ] {
        s.write(&format!("{name}.d/{name}"), content);
        s.write(&format!("{name}.d/sound.yaml"), manifest);
        for path in [s.path(&format!("{name}.d/{name}")), s.path(&format!("{name}.d"))] {
            let run = check(&s, &[&path]);
            run.ended(2);
            assert!(
                run.stderr.contains(name) && run.stderr.contains("403"),
                "{}",
                run.said()
            );
            assert!(
                run.stderr.contains("an API's error, not its answer"),
                "{}",
                run.said()
            );
        }
    }
}

#[test]
fn one_page_of_several_is_not_all() {
    let world = world();
    for (path, field) in [
        ("dns/harbor-mesh-3310/managed-zones.json", "/nextPageToken"),
        ("kubernetes/harbor-eu/pods.json", "/metadata/continue"),
    ] {
        let text = std::fs::read_to_string(healthy().join(path)).unwrap();
        let page = |token: &str| {
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
            let names: Vec<&str> = field.split('/').skip(1).collect();
            match names.as_slice() {
                [name] => value[*name] = token.into(),
                [outer, name] => value[*outer][*name] = token.into(),
                other => panic!("{other:?}"),
            }
            value.to_string()
        };
        assert_told(&world, path, &page("next"));
        let whole = with(&world, path, &page("")).unwrap();
        assert_eq!(whole.verdict(), Verdict::Healthy, "{path}");
        // Nor does a bundle of it tell more, however often it is packed.
        let mut paged = world.clone();
        let blob = Blob::memory(path, page("next").into_bytes());
        paged.files.insert(path.to_owned(), blob);
        let mut snapshot = read::from_world(paged).unwrap();
        let failures = |snapshot: &Snapshot| {
            let all = snapshot.manifest.collectors.iter();
            all.map(|outcome| outcome.failures.len()).sum::<usize>()
        };
        assert_eq!(failures(&snapshot), 1, "{path}");
        let s = Sandbox::new();
        for name in ["one.tar.zst", "two.tar.zst"] {
            let redaction = Redaction {
                level: Level::Default,
                patterns: Vec::new(),
                key: Key::from_text("test"),
            };
            let to = s.path(name);
            bundles::bundle(&snapshot, &redaction, &to).unwrap();
            snapshot = read::read(&[to], &Options::default()).unwrap();
            assert_eq!(failures(&snapshot), 1, "{path}");
        }
    }
}
