//! What does not answer: how long it is waited for, and who goes on meanwhile.
use crate::common::replayed::{Replayed, collector};
use crate::common::{Sandbox, base};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

#[test]
fn grpc_that_is_swallowed_leaves_time_to_ask_by_rest() {
    // No head of an answer, and a head with half a message behind it.
    for fault in ["hang", "stall"] {
        let sandbox = Sandbox::new();
        let faults = format!("- match: {{ path: \"/envoy.service.status.v3*\" }}\n  action: {fault}\n");
        let replayed = Replayed::new(&sandbox, &base(), Some(&faults));
        let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "15s"]);
        let report = run.ended(0).json();
        let csds = collector(&report, "csds");
        assert_eq!(csds["status"], "OK", "{fault}: {csds}");
        assert!(
            csds["notes"][0].as_str().unwrap().contains("asked by REST"),
            "{fault}: {csds}"
        );
    }
}

#[test]
fn an_api_that_hangs_holds_up_no_other() {
    let sandbox = Sandbox::new();
    // More calls than any API may have under way at once.
    let regions: Vec<String> = (0..30).map(|n| format!("r{n}")).collect();
    let faults = "- match: { path: \"/v2/projects/*\" }\n  action: hang\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let run = replayed.check(
        &sandbox,
        &["-o", "json", "--timeout", "12s", "--region", &regions.join(",")],
    );
    let report = run.ended(3).json();
    let cloud_run = collector(&report, "cloud-run");
    assert_eq!(cloud_run["status"], "FAILED");
    assert!(
        cloud_run["error"].as_str().unwrap().contains("deadline"),
        "{cloud_run}"
    );
    for other in ["iam", "compute", "dns", "kubernetes", "fleet", "service-usage"] {
        assert_eq!(collector(&report, other)["status"], "OK", "{other}");
    }
}

#[test]
fn what_timed_out_is_run_again_as_it_was_typed_with_more_time() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/dns/*\" }\n  action: hang\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let url = "http://u:S3CR3T@ads.mesh.private/";
    let flags = ["-o", "json", "--timeout=4s", "--service", "fort*", "--url", url];
    let run = replayed.check(&sandbox, &flags);
    let report = run.json();
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|f| f["code"] == "MD903").unwrap();
    let command = found["fixes"][0]["commands"][0].as_str().unwrap();
    let words = shell_words::split(command).unwrap();
    assert!(
        words[0].ends_with("meshdoctor") && words[1] == "check",
        "{command}"
    );
    let config = words.iter().position(|word| word == "--config").unwrap();
    assert!(words[config + 1].ends_with("meshdoctor.toml"), "{command}");
    for text in ["--timeout=5m", "json", "fort*"] {
        assert!(words.iter().any(|word| word == text), "no {text} in {command}");
    }
    assert!(
        !command.contains("4s") && !run.stdout.contains("S3CR3T"),
        "{command}"
    );
}

#[test]
fn who_waits_for_another_has_time_left_when_that_one_hangs() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/v1/projects/*/memberships\" }\n  action: hang\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let report = replayed
        .check(&sandbox, &["-o", "json", "--timeout", "12s"])
        .json();
    let fleet = collector(&report, "fleet");
    assert!(
        fleet["status"] == "PARTIAL" && fleet["error"].as_str().unwrap().contains("deadline"),
        "{fleet}"
    );
    assert_eq!(
        collector(&report, "kubernetes")["status"],
        "OK",
        "{}",
        report["collectors"]
    );
}

#[test]
fn a_call_that_is_not_answered_once_is_made_again() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/dns/*\" }\n  times: 1\n  action: hang\n\
                  - match: { path: \"/kubernetes/*/pods*\" }\n  times: 1\n  action: hang\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "20s"]);
    let report = run.ended(0).json();
    for name in ["dns", "kubernetes"] {
        assert_eq!(
            collector(&report, name)["status"],
            "OK",
            "{}",
            report["collectors"]
        );
    }
}

#[test]
fn an_exec_plugin_that_hangs_does_not_hold_the_program_and_is_ended_with_its_children() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let pid = sandbox.path("plugin.pid");
    let plugin = sandbox.write(
        "plugin",
        format!("#!/bin/sh\nsleep 600 &\necho $$ $! > '{}'\nwait\n", pid.display()),
    );
    fs::set_permissions(&plugin, fs::Permissions::from_mode(0o755)).unwrap();
    let kubeconfig = sandbox.write(
        "kube.json",
        serde_json::json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "prod", "cluster": { "server": "https://127.0.0.1:1" } }],
            "contexts": [{ "name": "prod", "context": { "cluster": "prod", "user": "me" } }],
            "current-context": "prod",
            "users": [{ "name": "me", "user": { "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": plugin.display().to_string(),
                "interactiveMode": "Never",
            } } }],
        })
        .to_string(),
    );
    let mut program = sandbox.program();
    program
        .args(["check", "-o", "json", "--timeout", "6s", "--config"])
        .arg(replayed.config())
        .arg("--kubeconfig")
        .arg(&kubeconfig)
        .timeout(Duration::from_secs(120));
    let run = crate::common::finish(&mut program);
    let report = run.ended(3).json();
    let began = Instant::now();
    for process in fs::read_to_string(&pid).unwrap().split_whitespace() {
        while runs(process) {
            assert!(began.elapsed() < Duration::from_secs(30), "{process} still runs");
            std::thread::yield_now();
        }
    }
    let kubernetes = collector(&report, "kubernetes");
    assert!(
        kubernetes["status"] == "FAILED" && kubernetes["error"].as_str().unwrap().contains("deadline"),
        "{kubernetes}"
    );
    assert_eq!(collector(&report, "iam")["status"], "OK");
}

/// Whether a process is there, and not one that only waits to be buried.
fn runs(process: &str) -> bool {
    let state = Command::new("ps")
        .args(["-o", "stat=", "-p", process])
        .output()
        .unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !state.trim().is_empty() && !state.trim().starts_with('Z')
}
