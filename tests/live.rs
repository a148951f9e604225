//! Live collection against replayed worlds, as a user would run it: what `check` of a folder says, `check` over the wire says too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::replayed::{Replayed, collector, gist};
use common::{Sandbox, base, repository};
use std::fs;
use std::time::{Duration, Instant};

#[path = "live/bundles.rs"]
mod bundles;
#[path = "live/deadlines.rs"]
mod deadlines;
#[path = "live/long_logs.rs"]
mod long_logs;
#[path = "live/narrow.rs"]
mod narrow;
#[path = "live/stopping.rs"]
mod stopping;

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

#[test]
fn preflight_and_permissions_name_the_same_permissions() {
    let sandbox = Sandbox::new();
    let role = sandbox.run(["permissions", "--project", "p"]);
    for permission in [
        "run.services.list",
        "trafficdirector.networks.getConfigs",
        "dns.managedZones.list",
    ] {
        assert!(role.ended(0).stdout.contains(permission), "{}", role.said());
    }
    let cluster = sandbox.run(["permissions", "-o", "kubectl"]);
    assert!(cluster.stdout.contains("virtualservices") && cluster.stdout.contains("kind: ClusterRole"));
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
