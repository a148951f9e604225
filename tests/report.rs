//! The report: its contract field by field, the same from run to run, and whole for every fixture.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, base_file, fixture_world, repository};
use meshdoctor::diagnose::diagnose;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::rules::fixture::{self, Fixture};
use meshdoctor::snapshot::read;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `check` on a folder, with flags.
fn check(path: &Path, flags: &[&str]) -> Run {
    let mut arguments = vec!["check", path.to_str().unwrap()];
    arguments.extend(flags);
    Sandbox::new().run(arguments)
}

/// The fields of an object of the report: those that are always there, and those that may be.
fn has_fields(object: &Value, always: &[&str], maybe: &[&str]) {
    let keys: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    for field in always {
        assert!(keys.contains(field), "no {field} in {object:#}");
    }
    for key in keys {
        assert!(
            always.contains(&key) || maybe.contains(&key),
            "{key} is not in the contract: {object:#}"
        );
    }
}

fn is_word(value: &Value, words: &[&str]) {
    assert!(
        value.as_str().is_some_and(|word| words.contains(&word)),
        "{value} is none of {words:?}"
    );
}

fn each<'v>(value: &'v Value, field: &str) -> impl Iterator<Item = &'v Value> {
    value[field]
        .as_array()
        .unwrap_or_else(|| panic!("{field} is no list in {value:#}"))
        .iter()
}

fn finding_keeps_the_contract(finding: &Value, ids: &[&str]) {
    let fields = [
        "id",
        "code",
        "name",
        "layer",
        "severity",
        "confidence",
        "role",
        "subject",
        "summary",
        "explanation",
        "evidence",
        "explainedBy",
        "fixes",
        "references",
    ];
    has_fields(finding, &fields, &[]);
    is_word(&finding["severity"], &["CRITICAL", "ERROR", "WARNING", "INFO"]);
    is_word(&finding["confidence"], &["CONFIRMED", "LIKELY"]);
    is_word(&finding["role"], &["ROOT_CAUSE", "SYMPTOM", "ADVICE"]);
    has_fields(
        &finding["subject"],
        &["kind", "name"],
        &["namespace", "project", "location"],
    );
    for cause in each(finding, "explainedBy") {
        is_word(cause, ids);
    }
    assert_eq!(
        finding["role"] == "SYMPTOM",
        each(finding, "explainedBy").next().is_some()
    );
    for evidence in each(finding, "evidence") {
        has_fields(
            evidence,
            &["source", "locator", "excerpt"],
            &["count", "firstSeen", "lastSeen", "atLeast"],
        );
    }
    for fix in each(finding, "fixes") {
        has_fields(
            fix,
            &["title", "actions", "commands", "verification"],
            &["manifest", "terraform"],
        );
        is_word(
            &fix["verification"],
            &["CLOSES_FINDING", "NOT_SIMULATED", "INSUFFICIENT"],
        );
        for action in each(fix, "actions") {
            has_fields(action, &["kind", "fields"], &[]);
        }
    }
}

fn report_keeps_the_contract(report: &Value) {
    let fields = [
        "schemaVersion",
        "toolVersion",
        "verdict",
        "reasons",
        "scope",
        "collectedAt",
        "path",
        "findings",
        "checks",
        "collectors",
        "warnings",
    ];
    has_fields(report, &fields, &[]);
    assert_eq!(report["schemaVersion"], "meshdoctor.report.v1");
    is_word(&report["verdict"], &["HEALTHY", "UNHEALTHY", "INCONCLUSIVE"]);
    let scope = [
        "project",
        "serviceProjects",
        "regions",
        "services",
        "memberships",
        "namespaces",
        "url",
        "since",
    ];
    has_fields(&report["scope"], &scope, &[]);
    let layers = [
        "iam",
        "cloud-run",
        "dns",
        "network",
        "control-plane",
        "routing",
        "workload",
        "policy",
        "dataplane",
    ];
    for path in each(report, "path") {
        has_fields(path, &["client", "host", "hops"], &[]);
        let order: Vec<&str> = each(path, "hops")
            .map(|hop| hop["layer"].as_str().unwrap())
            .collect();
        assert_eq!(order, layers);
        for hop in each(path, "hops") {
            has_fields(hop, &["layer", "title", "status", "detail", "findings"], &[]);
            is_word(&hop["status"], &["OK", "BROKEN", "DEGRADED", "UNKNOWN"]);
        }
    }
    let ids: Vec<&str> = each(report, "findings")
        .map(|f| f["id"].as_str().unwrap())
        .collect();
    for finding in each(report, "findings") {
        finding_keeps_the_contract(finding, &ids);
        // What could not be collected is no station of the path.
        is_word(&finding["layer"], &[&layers[..], &["collection"]].concat());
    }
    for check in each(report, "checks") {
        has_fields(check, &["code", "name", "status", "subjects"], &["reason"]);
        is_word(&check["status"], &["FAILED", "PASSED", "SKIPPED"]);
        assert_eq!(
            check["status"] == "SKIPPED",
            check.get("reason").is_some(),
            "{check}"
        );
    }
    for collector in each(report, "collectors") {
        has_fields(
            collector,
            &["name", "status", "items", "durationMs", "notes"],
            &["error", "permissionNeeded"],
        );
        is_word(&collector["status"], &["OK", "PARTIAL", "FAILED", "SKIPPED"]);
    }
}

#[test]
fn the_report_in_json_keeps_its_contract() {
    let s = Sandbox::new();
    // The denial and what it causes: a root cause with a fix, a symptom counted in the log; one source failed.
    let world = fixture_world(&s, "MD101", "fires-log");
    let manifest = base_file("bundle.json");
    let failed = r#""name": "dns", "status": "FAILED", "error": "HTTP 403", "permissionNeeded": "dns.managedZones.list""#;
    let spoiled = manifest.replace("\"name\": \"dns\",\n      \"status\": \"OK\"", failed);
    assert_ne!(spoiled, manifest);
    fs::write(world.join("bundle.json"), spoiled).unwrap();
    fs::remove_dir_all(world.join("dns")).unwrap();
    fs::remove_dir_all(world.join("csds")).unwrap();
    let report = check(&world, &["-o", "json"]).ended(1).json();
    report_keeps_the_contract(&report);
    assert_eq!(report["verdict"], "UNHEALTHY");
    let roles: Vec<&Value> = each(&report, "findings").map(|f| &f["role"]).collect();
    assert!(
        roles.contains(&&Value::from("ROOT_CAUSE")) && roles.contains(&&Value::from("SYMPTOM")),
        "{roles:?}"
    );
    let dns = each(&report, "collectors").find(|c| c["name"] == "dns").unwrap();
    assert_eq!(
        (&dns["status"], &dns["permissionNeeded"]),
        (&"FAILED".into(), &"dns.managedZones.list".into())
    );
    fs::create_dir(s.path("nothing")).unwrap();
    for other in [
        check(&base(), &["-o", "json"]).json(),
        check(&s.path("nothing"), &["-o", "json"]).json(),
    ] {
        report_keeps_the_contract(&other);
    }
}

#[test]
fn findings_keep_their_ids_and_the_report_its_bytes_from_run_to_run() {
    let ids = |run: &Run| -> Vec<String> {
        let report = run.ended(1).json();
        each(&report, "findings")
            .map(|f| f["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let s = Sandbox::new();
    let world = fixture_world(&s, "MD101", "fires-log");
    let [first, second] = [(); 2].map(|()| check(&world, &["-o", "json"]));
    assert_eq!(first.stdout, second.stdout);
    assert!(ids(&first).contains(&"MD101/CloudRunService/mesh-prod/us-central1/fortio".to_owned()));
    // Wherever the same world lies.
    let elsewhere = Sandbox::new();
    let world = fixture_world(&elsewhere, "MD101", "fires-log");
    assert_eq!(ids(&check(&world, &["-o", "json"])), ids(&first));
}

#[test]
fn the_order_of_an_archives_files_makes_no_difference() {
    let report = |reversed: bool| {
        let s = Sandbox::new();
        let mut world: Vec<(String, Vec<u8>)> =
            common::fixture_files("MD101", "fires-log").into_iter().collect();
        if reversed {
            world.reverse();
        }
        let mut builder = tar::Builder::new(Vec::new());
        for (path, content) in world {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            builder
                .append_data(&mut header, path, content.as_slice())
                .unwrap();
        }
        s.write("bundle.tar", builder.into_inner().unwrap());
        let run =
            common::finish(
                s.program()
                    .current_dir(s.path(""))
                    .args(["check", "-o", "json", "bundle.tar"]),
            );
        run.ended(1).stdout.clone()
    };
    assert_eq!(report(false), report(true));
}

#[test]
fn no_fixture_brings_out_a_rule_that_is_wrong() {
    let set = RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}"));
    let fixtures = repository().join("fixtures");
    let mut wrong = Vec::new();
    for rule in &set.rules {
        for path in fixture::files(&fixtures, rule.code()).unwrap() {
            let fixture: Fixture = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
            let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
            let mut say =
                |what: &str, whose: &str| wrong.push(format!("{}: {whose}: {what}", path.display()));
            let mut ids = BTreeSet::new();
            for finding in &report.findings {
                if !ids.insert(&finding.id) {
                    say("an id that another finding has", &finding.id);
                }
                if format!("{finding:?}").contains("(this text could not be made") {
                    say("a text that could not be made", &finding.id);
                }
                if finding.summary.is_empty() || finding.summary.contains('\n') || finding.evidence.is_empty()
                {
                    say("no summary of one line, or no evidence", &finding.id);
                }
            }
            for check in &report.checks {
                let reason = check.reason.as_deref().unwrap_or_default();
                if reason.contains("the rule is wrong") || reason.contains("does not have") {
                    say(reason, &check.code);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
