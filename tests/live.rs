//! Live collection against replayed worlds, as a user would run it: what `check` of a folder says, `check` over the wire says too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::replayed::{Replayed, collector, gist};
use common::{Sandbox, base, fixture_world, repository};
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

#[path = "live/access.rs"]
mod access;
#[path = "live/bundles.rs"]
mod bundles;
#[path = "live/deadlines.rs"]
mod deadlines;
#[path = "live/details.rs"]
mod details;
#[path = "live/law.rs"]
mod law;
#[path = "live/long_logs.rs"]
mod long_logs;
#[path = "live/narrow.rs"]
mod narrow;
#[path = "common/planted.rs"]
mod planted;
#[path = "live/stopping.rs"]
mod stopping;
#[path = "live/terminal.rs"]
mod terminal;

#[test]
fn every_incident_is_diagnosed_live_as_from_its_folder() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(repository().join("fixtures/incidents")).unwrap() {
        let world = entry.unwrap().path();
        if !world.is_dir() {
            continue;
        }
        seen += 1;
        let sandbox = Sandbox::new();
        let folder = sandbox.run(["check", world.to_str().unwrap(), "-o", "json"]);
        let live = Replayed::new(&sandbox, &world, None).check(&sandbox, &["-o", "json"]);
        if gist(&folder.json()) != gist(&live.json()) {
            wrong.push(format!(
                "{}: {:?} {:?}",
                world.display(),
                gist(&folder.json()),
                gist(&live.json())
            ));
        }
    }
    assert!(
        seen > 20 && wrong.is_empty(),
        "{seen} worlds; {}",
        wrong.join("\n")
    );
}

#[test]
fn a_source_that_fails_is_named_and_spoils_neither_the_verdict_nor_the_others() {
    let faults = [
        ("{ status: { code: 403 } }", "403"),
        ("{ status: { code: 503 } }", "503"),
        ("html", "HTML"),
        ("truncate", "breaks off"),
        ("reset", "connection broke"),
        ("token_loop", "circle"),
        ("hang", "deadline"),
    ];
    for (action, says) in faults {
        let sandbox = Sandbox::new();
        let yaml = format!("- match: {{ path: \"/dns/*\" }}\n  action: {action}\n");
        let replayed = Replayed::new(&sandbox, &base(), Some(&yaml));
        let began = Instant::now();
        let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "6s"]);
        assert!(began.elapsed() < Duration::from_secs(20), "{action}");
        let report = run.json();
        assert_eq!(report["verdict"], "INCONCLUSIVE", "{action}: {}", run.said());
        let dns = collector(&report, "dns");
        assert!(
            dns["status"] == "FAILED" && dns["error"].as_str().unwrap().contains(says),
            "{action}: {dns}"
        );
        for other in ["cloud-run", "iam", "compute", "kubernetes", "csds", "logging"] {
            assert_eq!(collector(&report, other)["status"], "OK", "{action}: {other}");
        }
    }
}

#[test]
fn a_token_that_is_refused_is_told_and_never_shown() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let fine = replayed.check(&sandbox, &["--verbose"]);
    assert!(fine.ended(0).stderr.contains("dns: OK"), "{}", fine.said());
    assert!(!fine.said().contains(&replayed.token()));

    let file = sandbox.write("token", "ya29.hush-hush");
    let run = replayed.check(
        &sandbox,
        &[
            "-o",
            "json",
            "--verbose",
            "--access-token-file",
            file.to_str().unwrap(),
        ],
    );
    let report = run.ended(3).json();
    assert!(
        collector(&report, "dns")["error"]
            .as_str()
            .unwrap()
            .contains("401"),
        "{}",
        run.said()
    );
    assert!(!run.said().contains("hush"), "{}", run.said());
}

/// What a bundle says failed, replay answers with, and the collectors meet again.
#[test]
fn what_a_bundle_says_failed_is_found_live_as_from_its_folder() {
    let worlds = [
        ("MD901", "fires"),
        ("MD901", "fires-old-bundle"),
        ("MD901", "fires-cluster"),
        ("MD901", "fires-above"),
        ("MD901", "near-miss"),
        ("MD902", "fires"),
        ("MD902", "near-miss"),
        ("MD903", "fires"),
        ("MD907", "fires"),
    ];
    for (code, name) in worlds {
        let sandbox = Sandbox::new();
        let world = fixture_world(&sandbox, code, name);
        let folder = sandbox.run(["check", world.to_str().unwrap(), "-o", "json"]);
        let live = Replayed::new(&sandbox, &world, None).check(&sandbox, &["-o", "json"]);
        assert_eq!(gist(&folder.json()), gist(&live.json()), "{code}/{name}");
        assert_ne!(folder.json()["verdict"], "HEALTHY", "{code}/{name}");
    }
}

/// The finding of a code about a collector.
#[track_caller]
fn finding<'r>(report: &'r Value, code: &str, source: &str) -> &'r Value {
    let mut all = report["findings"].as_array().unwrap().iter();
    let found = all.find(|f| f["code"] == code && f["evidence"][0]["source"] == source);
    found.unwrap_or_else(|| panic!("no {code} of {source} in {report:#}"))
}

#[test]
fn a_call_that_fails_is_advice_with_the_command_that_mends_it_and_breaks_nothing() {
    let disabled = r#"{ status: { code: 403, body: '{"error":{"code":403,"message":"off","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"service":"gkehub.googleapis.com","consumer":"projects/525300120045"}}]}}' } }"#;
    let faults = format!(
        "- match: {{ path: \"/dns/*\" }}\n  action: {{ status: {{ code: 403 }} }}\n\
         - match: {{ path: \"/v1/projects/*/locations/-/memberships\" }}\n  action: {disabled}\n\
         - match: {{ path: \"/v1/projects/*/locations/-/clusters\" }}\n  action: html\n\
         - match: {{ path: \"/compute/v1/projects/*/global/firewalls\" }}\n  action: hang\n\
         - match: {{ path: \"/v3/folders/*\" }}\n  action: {{ status: {{ code: 403 }} }}\n"
    );
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), Some(&faults));
    let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "8s"]);
    let report = run.ended(3).json();
    let program = env!("CARGO_BIN_EXE_meshdoctor");
    let again = format!(
        "{program} check --config {} -o json --timeout=5m",
        replayed.config().display()
    );
    for (code, source, severity, says, command) in [
        (
            "MD901",
            "dns",
            "WARNING",
            "list the DNS zones of mesh-prod needs dns.managedZones.list on project mesh-prod",
            "gcloud projects add-iam-policy-binding mesh-prod --member=user:YOU@EXAMPLE.COM --role=roles/dns.reader --condition=None",
        ),
        (
            "MD901",
            "iam",
            "INFO",
            "resourcemanager.folders.getIamPolicy on folder 4711",
            "gcloud resource-manager folders add-iam-policy-binding 4711 --member=user:YOU@EXAMPLE.COM --role=roles/iam.securityReviewer --condition=None",
        ),
        (
            "MD902",
            "fleet",
            "WARNING",
            "gkehub.googleapis.com, which is not enabled in project mesh-prod",
            "gcloud services enable gkehub.googleapis.com --project=mesh-prod",
        ),
        ("MD907", "clusters", "WARNING", "the answer is HTML", ""),
        (
            "MD903",
            "compute",
            "WARNING",
            "list the firewalls of mesh-prod",
            &again,
        ),
    ] {
        let found = finding(&report, code, source);
        assert!(found["summary"].as_str().unwrap().contains(says), "{found:#}");
        assert_eq!(
            (&found["severity"], &found["role"]),
            (&severity.into(), &"ADVICE".into()),
            "{found:#}"
        );
        let commands = &found["fixes"][0]["commands"];
        assert_eq!(commands[0].as_str().unwrap_or_default(), command, "{found:#}");
    }
    // A folder's policy is detail: it alone would not have made IAM incomplete.
    assert_eq!(collector(&report, "iam")["status"], "OK");
    assert_eq!(report["verdict"], "INCONCLUSIVE");

    let table = replayed.check(&sandbox, &["--timeout", "8s"]).stdout;
    assert_eq!(table.matches("dns.managedZones.list").count(), 1, "{table}");
    assert!(table.contains("--role=roles/dns.reader"), "{table}");
}

#[test]
fn wrong_settings_are_2_with_a_remedy() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("m.toml", "projetc = \"p\"\n");
    let file = file.to_str().unwrap();
    let wrong: [(&[&str], &str); 4] = [
        (&["check", "--config", file], "did you mean \"project\""),
        (
            &["check", "--project", "p", "--endpoint", "dnss=http://127.0.0.1:1"],
            "unknown endpoint dnss",
        ),
        (&["check", "--project", "p", "--timeout", "soon"], "--timeout"),
        (&["check", "--config", "/nowhere.toml"], "/nowhere.toml"),
    ];
    for (arguments, says) in wrong {
        let run = sandbox.run(arguments);
        assert!(run.ended(2).stderr.contains(says), "{}", run.said());
    }
}
