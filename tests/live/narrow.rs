//! `--layer` and `--rule` select what is collected, and a rule finds in that what it finds in everything.
use crate::common::replayed::{Replayed, collector};
use crate::common::{Sandbox, base, files, fixture_world, repository};
use meshdoctor::collect::Asked;
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::to_json;
use meshdoctor::rules::engine::Selection;
use meshdoctor::rules::fixture::{self, Fixture};
use meshdoctor::rules::{RuleSet, sources};
use meshdoctor::snapshot::{Snapshot, read};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A code is looked for in so many incidents.
const WORLDS: usize = 2;

fn rules() -> RuleSet {
    RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn report(snapshot: &Snapshot, rules: &RuleSet, selection: &Selection) -> Value {
    let report = diagnose(snapshot, rules, selection).unwrap();
    serde_json::from_str(&to_json(&report).unwrap()).unwrap()
}

fn snapshot(world: &Path) -> Snapshot {
    read::read(&[world.to_owned()], &read::Options::default()).unwrap()
}

/// All that a report says of what is right and wrong, but for where in a log a line stands.
fn said(report: &Value) -> Value {
    let findings = report["findings"].as_array().into_iter().flatten();
    let findings: Vec<Value> = findings
        .map(|f| {
            json!([
                f["id"],
                f["role"],
                f["severity"],
                f["confidence"],
                f["summary"],
                f["explanation"],
                f["fixes"]
            ])
        })
        .collect();
    json!([report["verdict"], report["reasons"], report["checks"], findings])
}

/// Codes to look for in each world: every code where it fires, in incidents as far as one has it, else in its own fixture.
fn plan(rules: &RuleSet, sandbox: &Sandbox) -> BTreeMap<PathBuf, BTreeSet<String>> {
    let mut worlds: Vec<PathBuf> = fs::read_dir(repository().join("fixtures/incidents"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    worlds.sort();
    let mut plan: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for world in worlds {
        let report = report(&snapshot(&world), rules, &Selection::default());
        let findings = report["findings"].as_array().unwrap();
        let codes: BTreeSet<&str> = findings.iter().map(|f| f["code"].as_str().unwrap()).collect();
        for code in codes {
            let seen = seen.entry(code.to_owned()).or_default();
            *seen += 1;
            if *seen <= WORLDS {
                plan.entry(world.clone()).or_default().insert(code.to_owned());
            }
        }
    }
    for rule in &rules.rules {
        if !seen.contains_key(rule.code()) {
            let world = fixture_world(sandbox, rule.code(), "fires");
            plan.entry(world).or_default().insert(rule.code().to_owned());
        }
    }
    plan
}

/// The world with a log that says nothing of severity, as that of a container's output: entries are found by their words.
fn without_severity(sandbox: &Sandbox, world: &Path) -> PathBuf {
    let name = world.file_name().unwrap().to_str().unwrap();
    for (path, mut content) in files(world) {
        if path.ends_with("entries.ndjson") {
            let lines = String::from_utf8(content).unwrap();
            let entries = lines.lines().map(|line| {
                let mut entry: Value = serde_json::from_str(line).unwrap();
                entry.as_object_mut().unwrap().remove("severity");
                format!("{entry}\n")
            });
            content = entries.collect::<String>().into_bytes();
        }
        sandbox.write(&format!("quiet/{name}/{path}"), content);
    }
    sandbox.path(&format!("quiet/{name}"))
}

#[test]
fn every_rule_alone_finds_live_what_it_finds_in_the_folder() {
    let rules = rules();
    let worlds = Sandbox::new();
    let mut wrong = Vec::new();
    let mut fired = BTreeSet::new();
    for (world, codes) in plan(&rules, &worlds) {
        let sandbox = Sandbox::new();
        let world = without_severity(&sandbox, &world);
        let snapshot = snapshot(&world);
        let replayed = Replayed::new(&sandbox, &world, None);
        for code in codes.into_iter().filter(|code| is_of_the_mesh(code)) {
            let selection = Selection {
                codes: [code.clone()].into(),
                ..Selection::default()
            };
            let folder = report(&snapshot, &rules, &selection);
            let live = replayed.check(&sandbox, &["-o", "json", "--rule", &code]).json();
            if said(&folder) != said(&live) {
                wrong.push(format!(
                    "{code} {}\n{}\n{}",
                    world.display(),
                    said(&folder),
                    said(&live)
                ));
            }
            let findings = live["findings"].as_array().unwrap();
            fired.extend(findings.iter().map(|f| f["code"].as_str().unwrap().to_owned()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let all = rules.rules.iter().map(|rule| rule.code().to_owned());
    assert_eq!(
        fired,
        all.filter(|code| is_of_the_mesh(code)).collect::<BTreeSet<_>>()
    );
}

/// What is said of a collector tells the calls that it made, which a folder does not know.
fn is_of_the_mesh(code: &str) -> bool {
    !code.starts_with("MD90")
}

/// Whether a file is one of those that the sources bring.
fn is_asked(asked: &Asked, path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let file = parts[parts.len() - 1].trim_end_matches(".json");
    match parts[0] {
        "bundle.json" => true,
        "iam" if file != "project" => asked.listing("iam", "policy") || asked.listing("iam", "deny-policies"),
        source @ ("iam" | "compute") => asked.listing(source, parts[2].trim_end_matches(".json")),
        "kubernetes" => asked.listing("kubernetes", file.split('.').next().unwrap()),
        source => asked.collector(source),
    }
}

#[test]
fn every_rule_says_of_what_it_needs_all_that_it_says_of_everything() {
    let rules = rules();
    let fixtures = repository().join("fixtures");
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (name, yaml) in files(&fixtures.join("rules")) {
        let code = name.split('/').next().unwrap();
        let fixture: Fixture = serde_saphyr::from_str(&String::from_utf8(yaml).unwrap()).unwrap();
        let selection = Selection {
            codes: [code.to_owned()].into(),
            ..Selection::default()
        };
        let asked = Asked::only(sources::of(&rules, &selection).unwrap());
        let [whole, narrow] = [false, true].map(|narrow| {
            let mut world = fixture::build(&fixtures, &fixture).unwrap();
            world.files.retain(|path, _| !narrow || is_asked(&asked, path));
            let report = report(&read::from_world(world).unwrap(), &rules, &selection);
            (said(&report), report["findings"].clone())
        });
        seen += 1;
        if whole != narrow {
            wrong.push(format!("{name}\n{whole:?}\n{narrow:?}"));
        }
    }
    assert!(seen > 150, "{seen} fixtures");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_layer_alone_says_live_what_it_says_of_the_folder() {
    let rules = rules();
    for name in [
        "healthy",
        "healthy-shared-vpc",
        "two-clusters-two-meshes",
        "crash-and-authorization-policy",
        "missing-client-role",
        "missing-role-and-missing-record",
    ] {
        let world = repository().join("fixtures/incidents").join(name);
        let sandbox = Sandbox::new();
        let (snapshot, replayed) = (snapshot(&world), Replayed::new(&sandbox, &world, None));
        let layers: BTreeSet<&str> = rules.rules.iter().map(|rule| rule.file.layer.as_str()).collect();
        for layer in layers {
            let layers = rules.rules.iter().map(|rule| rule.file.layer);
            let selection = Selection {
                layers: layers.filter(|own| own.as_str() == layer).collect(),
                ..Selection::default()
            };
            let folder = report(&snapshot, &rules, &selection);
            let live = replayed.check(&sandbox, &["-o", "json", "--layer", layer]).json();
            assert_eq!(said(&folder), said(&live), "{name} {layer}");
        }
    }
}

#[test]
fn nobody_is_asked_whom_no_selected_rule_needs() {
    let sandbox = Sandbox::new();
    // Whoever is asked in vain is late: then the collector has failed.
    let others = [
        "/v2/*",
        "/dns/*",
        "/compute/*",
        "/v3/*",
        "/v1/projects/*/services*",
        "/v1/roles*",
        "/envoy*",
        "/kubernetes/*/pods*",
    ];
    let faults: String = others
        .map(|path| format!("- match: {{ path: \"{path}\" }}\n  action: hang\n"))
        .concat();
    let replayed = Replayed::new(&sandbox, &base(), Some(&faults));
    let run = replayed.check(&sandbox, &["-o", "json", "--rule", "MD508", "--timeout", "20s"]);
    let report = run.ended(0).json();
    assert_eq!(report["verdict"], "HEALTHY");
    for name in [
        "cloud-run",
        "logging",
        "iam",
        "service-usage",
        "dns",
        "compute",
        "clusters",
        "csds",
    ] {
        let collector = collector(&report, name);
        assert_eq!(collector["status"], "SKIPPED", "{collector}");
        assert!(
            collector["notes"][0].as_str().unwrap().contains("not needed"),
            "{collector}"
        );
    }
    for name in ["fleet", "kubernetes"] {
        assert_eq!(
            collector(&report, name)["status"],
            "OK",
            "{}",
            report["collectors"]
        );
    }
    let table = replayed.check(&sandbox, &["--rule", "MD508", "--timeout", "20s"]);
    assert!(
        !table.ended(0).stdout.contains("not collected"),
        "{}",
        table.said()
    );
}

#[test]
fn a_cluster_without_istio_is_told_from_one_that_is_not_there() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/kubernetes/*virtualservices*\" }\n  \
                  action: { status: { code: 404, body: \"404 page not found\" } }\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let run = replayed.check(&sandbox, &["-o", "json", "--rule", "MD508"]);
    let report = run.json();
    let kubernetes = collector(&report, "kubernetes");
    assert_eq!(kubernetes["status"], "OK", "{kubernetes}");
    let note = kubernetes["notes"][0].as_str().unwrap();
    assert!(note.contains("does not serve virtualservices"), "{note}");
    let table = replayed.check(&sandbox, &["--rule", "MD508"]);
    assert!(table.stdout.contains(note), "{}", table.said());
}

#[test]
fn only_the_words_of_the_selected_rules_are_asked_of_a_log() {
    let sandbox = Sandbox::new();
    for (path, mut content) in files(&base()) {
        if path.ends_with("entries.ndjson") {
            let entry = json!({
                "insertId": "one-more", "logName": "projects/mesh-prod/logs/run.googleapis.com%2Fstdout", "severity": "INFO",
                "timestamp": "2026-11-20T09:10:00Z", "textPayload": "getaddrinfo ENOTFOUND cart.mesh.private",
                "resource": {"type": "cloud_run_revision", "labels": {"project_id": "mesh-prod", "location": "us-central1", "service_name": "fortio"}},
            });
            content.extend(format!("{entry}\n").bytes());
        }
        sandbox.write(&format!("w/{path}"), content);
    }
    let replayed = Replayed::new(&sandbox, &sandbox.path("w"), None);
    let asked = |rule: &str| {
        let report = replayed.check(&sandbox, &["-o", "json", "--rule", rule]).json();
        let items = collector(&report, "logging")["items"].as_u64().unwrap();
        (items, report["findings"].as_array().unwrap().len())
    };
    let ((others, none), (own, found)) = (asked("MD821"), asked("MD831"));
    assert_eq!((own, none, found), (others + 1, 0, 1));
}
