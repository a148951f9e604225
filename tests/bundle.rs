//! Support bundles: they give the diagnosis that their evidence gave, hold no secret, and show every change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/planted.rs"]
mod planted;

use common::{Sandbox, base, files, repository};
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::v1::Report;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read::{self, Fault, Options};
use meshdoctor::snapshot::write::{self, Key, Level, Redaction};
use planted::planted;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn redaction(level: Level) -> Redaction {
    Redaction {
        level,
        patterns: Vec::new(),
        key: Key::from_text("test"),
    }
}

/// Writes a bundle of a path.
fn bundle(from: &Path, to: &Path, level: Level) {
    let snapshot = read::read(&[from.to_owned()], &Options::default()).unwrap();
    write::bundle(&snapshot, &redaction(level), to).unwrap();
}

fn report(path: &Path, rules: &RuleSet) -> Report {
    let snapshot = read::read(&[path.to_owned()], &Options::default()).unwrap();
    diagnose(&snapshot, rules, &Selection::default()).unwrap()
}

/// What a diagnosis says, without the words that a redaction may change.
fn said(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|f| {
            json!([
                f.id,
                f.role,
                f.severity,
                f.confidence,
                f.explained_by,
                f.evidence.len(),
                f.fixes.len(),
                f.fixes
                    .iter()
                    .flat_map(|x| x.commands.clone())
                    .collect::<Vec<_>>()
            ])
        })
        .collect();
    let checks: Vec<Value> = report
        .checks
        .iter()
        .map(|c| json!([c.code, c.status, c.subjects, c.reason]))
        .collect();
    let path: Vec<Value> = report
        .path
        .iter()
        .map(|p| {
            json!([
                p.client,
                p.host,
                p.hops
                    .iter()
                    .map(|h| json!([h.layer, h.status, h.findings]))
                    .collect::<Vec<_>>()
            ])
        })
        .collect();
    json!([
        report.verdict,
        report.reasons,
        report.collected_at,
        path,
        findings,
        checks,
        report.warnings
    ])
}

fn incidents() -> Vec<PathBuf> {
    let folder = repository().join("fixtures/incidents");
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    paths.sort();
    assert!(paths.len() >= 22);
    paths
}

#[test]
fn a_bundle_of_every_incident_gives_the_same_diagnosis() {
    let sandbox = Sandbox::new();
    let rules = RuleSet::with(&[]).unwrap();
    for path in incidents() {
        let to = sandbox.path("bundle.tar.zst");
        let before = said(&report(&path, &rules));
        for level in [Level::Off, Level::Default] {
            bundle(&path, &to, level);
            let after = said(&report(&to, &rules));
            assert_eq!(before, after, "{} ({level:?})", path.display());
        }
    }
}

#[test]
fn strict_hides_names_and_addresses_and_keeps_what_is_found() {
    let sandbox = Sandbox::new();
    let rules = RuleSet::with(&[]).unwrap();
    for path in incidents() {
        let to = sandbox.path("bundle.tar.zst");
        bundle(&path, &to, Level::Strict);
        let (before, after) = (report(&path, &rules), report(&to, &rules));
        let codes = |report: &Report| {
            let mut codes: Vec<(String, i32)> =
                report.findings.iter().map(|f| (f.code.clone(), f.role)).collect();
            codes.sort();
            codes
        };
        assert_eq!(before.verdict, after.verdict, "{}", path.display());
        assert_eq!(codes(&before), codes(&after), "{}", path.display());
        let text = unpacked(&to);
        let snapshot = read::read(std::slice::from_ref(&path), &Options::default()).unwrap();
        for (project, iam) in &snapshot.projects {
            assert!(!text.contains(project.as_str()), "{}: {project}", path.display());
            let number = iam.project.as_ref().and_then(|p| p.number().map(str::to_owned));
            assert!(
                number.is_none_or(|number| !text.contains(&number)),
                "{}",
                path.display()
            );
        }
        for zone in snapshot.dns.values().flat_map(|dns| dns.zones.items()) {
            let name = zone.dns_name.trim_end_matches('.');
            let of_google = name.ends_with("googleapis.com") || name.ends_with("run.app");
            assert!(of_google || !text.contains(name), "{}: {name}", path.display());
        }
        for pod in snapshot.kubernetes.values().flat_map(|k| k.pods.items()) {
            let address = format!("\"{}\"", pod.status.pod_ip);
            assert!(
                pod.status.pod_ip.is_empty() || !text.contains(&address),
                "{address}"
            );
        }
    }
}

#[test]
fn equal_evidence_under_one_key_gives_equal_bytes_and_under_another_key_other_hashes() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/missing-client-role");
    let create = |name: &str, more: &[&str]| {
        let to = sandbox.path(name);
        let paths = [
            "bundle",
            "create",
            from.to_str().unwrap(),
            "-o",
            to.to_str().unwrap(),
        ];
        sandbox.run(paths.iter().chain(more)).ended(0);
        fs::read(to).unwrap()
    };
    let first = create("a.tar.zst", &["--redact-key", "k"]);
    assert!(first == create("b.tar.zst", &["--redact-key", "k"]));
    assert!(first != create("c.tar.zst", &["--redact-key", "other"]));
    assert!(
        create("d.tar.zst", &[]) != create("e.tar.zst", &[]),
        "each bundle has a key of its own"
    );
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
    // A bundle of a bundle: what was replaced is not replaced again.
    let again = sandbox.path("again.tar.zst");
    bundle(&sandbox.path("a.tar.zst"), &again, Level::Default);
    let checked = read::verify(&again).unwrap();
    let before = read::verify(&sandbox.path("a.tar.zst")).unwrap();
    assert_eq!(checked.manifest.files, before.manifest.files);
    assert_eq!(checked.manifest.redaction, before.manifest.redaction);
}

#[test]
fn a_directory_holds_what_the_archive_holds() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/wrong-mesh");
    let (folder, archive) = (sandbox.path("out/"), sandbox.path("b.tar.zst"));
    fs::create_dir(sandbox.path("out")).unwrap();
    for to in [&folder, &archive] {
        let to = to.to_str().unwrap();
        sandbox
            .run([
                "bundle",
                "create",
                from.to_str().unwrap(),
                "-o",
                to,
                "--redact-key",
                "k",
            ])
            .ended(0);
    }
    let listed = read::verify(&archive).unwrap().manifest.files;
    let found = files(&folder);
    assert!(
        found
            .keys()
            .filter(|path| *path != "bundle.json")
            .eq(listed.keys())
    );
    sandbox
        .run(["bundle", "verify", folder.to_str().unwrap()])
        .ended(0);
    let again = sandbox.run([
        "bundle",
        "create",
        from.to_str().unwrap(),
        "-o",
        folder.to_str().unwrap(),
    ]);
    assert!(
        again.ended(2).stderr.contains("there already"),
        "{}",
        again.said()
    );
}

#[test]
fn what_cannot_be_a_bundle_is_refused_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["bundle", "create", "x", "-o", "b", "--redact-pattern", "("]);
    run.ended(2);
    let bad = sandbox.write("kubernetes/prod/pods.json", "{\"items\": [");
    let run = sandbox.run([
        "bundle",
        "create",
        bad.parent()
            .unwrap()
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .to_str()
            .unwrap(),
        "-o",
        "b.tar.zst",
    ]);
    assert!(run.ended(2).stderr.contains("pods.json"), "{}", run.said());
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

/// All files of a bundle, one behind the other.
fn unpacked(bundle: &Path) -> String {
    let raw = zstd::stream::read::Decoder::new(fs::File::open(bundle).unwrap()).unwrap();
    let mut bytes = Vec::new();
    std::io::BufReader::new(raw).read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A small sealed bundle.
static SMALL: LazyLock<(Sandbox, Vec<u8>)> = LazyLock::new(|| {
    let sandbox = Sandbox::new();
    let policy = sandbox.take(
        "iam/projects/mesh-prod/policy.json",
        "w/iam/projects/mesh-prod/policy.json",
    );
    sandbox.take("kubernetes/prod/services.json", "w/kubernetes/prod/services.json");
    assert!(policy.exists());
    let to = sandbox.path("small.tar.zst");
    bundle(&sandbox.path("w"), &to, Level::Default);
    let bytes = fs::read(&to).unwrap();
    (sandbox, bytes)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn verify_finds_any_flipped_byte(at in 0_usize..1 << 20, mask in 1_u8..) {
        let (sandbox, bytes) = &*SMALL;
        let mut bytes = bytes.clone();
        let at = at % bytes.len();
        bytes[at] ^= mask;
        let path = sandbox.write("flipped.tar.zst", &bytes);
        let checked = read::verify(&path).expect("it is a bundle still");
        prop_assert!(!checked.faults.is_empty(), "byte {at} ^ {mask}");
    }

    #[test]
    fn verify_finds_any_loss_at_the_end(lost in 1_usize..1 << 20) {
        let (sandbox, bytes) = &*SMALL;
        // Without exactly its seal it is a whole archive, as another program would have packed it.
        let left = bytes.len() - 1 - lost % (bytes.len() - 1);
        let path = sandbox.write("cut.tar.zst", &bytes[..left]);
        let whole = left == bytes.len() - 60;
        let found = read::verify(&path);
        prop_assert!(whole || found.is_err() || !found.unwrap().faults.is_empty(), "{left} bytes left");
    }
}

/// Packs files as another program would.
fn repack(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_slice()).unwrap();
    }
    zstd::encode_all(tar.into_inner().unwrap().as_slice(), 3).unwrap()
}

#[test]
fn verify_names_what_is_altered_missing_or_extra_and_check_warns_of_it() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/healthy");
    let snapshot = read::read(&[from], &Options::default()).unwrap();
    let folder = sandbox.path("whole");
    write::directory(&snapshot, &redaction(Level::Default), &folder).unwrap();
    let whole = files(&folder);
    let path = sandbox.write("b.tar.zst", repack(&whole));
    sandbox.run(["bundle", "verify", path.to_str().unwrap()]).ended(0);
    let mut changed = whole.clone();
    let services = "kubernetes/harbor-eu/services.json";
    let nodes = "kubernetes/harbor-eu/nodes.json";
    changed.get_mut(services).unwrap().push(b' ');
    changed.remove(nodes).unwrap();
    changed.insert(
        "kubernetes/harbor-eu/late.json".into(),
        b"{\"items\": []}".to_vec(),
    );
    let path = sandbox.write("b.tar.zst", repack(&changed));
    let faults = read::verify(&path).unwrap().faults;
    let expected = [
        Fault::Missing(nodes.into()),
        Fault::Altered(services.into()),
        Fault::Extra("kubernetes/harbor-eu/late.json".into()),
    ];
    assert_eq!(faults, expected);
    let run = sandbox.run(["bundle", "verify", path.to_str().unwrap()]);
    for name in [services, nodes, "late.json"] {
        assert!(run.ended(1).stdout.contains(name), "{}", run.said());
    }
    let run = sandbox.run(["check", path.to_str().unwrap(), "-o", "json"]);
    let report = run.json();
    assert_eq!(
        report["warnings"].as_array().unwrap().len(),
        3,
        "{}",
        report["warnings"]
    );
    // Advice: what was read is diagnosed all the same.
    assert_eq!(
        (run.codes(), &report["verdict"]),
        (vec!["MD905".to_owned()], &json!("HEALTHY"))
    );
    let table = sandbox.run(["check", path.to_str().unwrap()]).stdout;
    assert_eq!(table.matches(nodes).count(), 1, "{table}");
    for other in ["fixtures/incidents/healthy", "README.md"] {
        let run = sandbox.run(["bundle", "verify", repository().join(other).to_str().unwrap()]);
        assert!(run.ended(2).stderr.contains("not a bundle"), "{}", run.said());
    }
}

#[test]
fn inspect_shows_the_manifest() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/missing-client-role-policy-unreadable");
    let to = sandbox.path("b.tar.zst");
    bundle(&from, &to, Level::Default);
    let info = sandbox
        .run(["bundle", "inspect", to.to_str().unwrap(), "-o", "json"])
        .json();
    assert_eq!(info["schemaVersion"], "meshdoctor.bundle.v1");
    assert_eq!(info["redaction"]["level"], "default");
    assert!(info["files"].as_array().unwrap().len() > 30);
    let failed = |c: &&Value| c["status"] != "OK";
    let failed = info["collectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(failed)
        .unwrap();
    assert!(failed["permissionNeeded"].as_str().is_some(), "{failed}");
    let page = sandbox.run(["bundle", "inspect", to.to_str().unwrap()]);
    assert!(
        page.ended(0).stdout.contains("redaction    default"),
        "{}",
        page.said()
    );
}

#[test]
fn no_planted_secret_is_in_the_bundle_or_in_what_is_said_of_it() {
    let sandbox = Sandbox::new();
    let planted = planted(&sandbox);
    assert!(planted.0.len() >= 40, "{}", planted.0.len());
    let before: String = files(&sandbox.path("w"))
        .values()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    let (world, to) = (sandbox.path("w"), sandbox.path("b.tar.zst"));
    let (world, to) = (world.to_str().unwrap(), to.to_str().unwrap());
    for level in ["default", "strict"] {
        let made = sandbox.run(["bundle", "create", world, "-o", to, "--redact", level]);
        let mut all = vec![
            ("the bundle", unpacked(Path::new(to))),
            ("create", made.ended(0).said()),
        ];
        for arguments in [
            vec!["check", to, "-v"],
            vec!["check", to, "-o", "json"],
            vec!["bundle", "inspect", to, "-o", "json"],
            vec!["bundle", "verify", to],
        ] {
            let run = sandbox.run(&arguments);
            assert!(run.status == 0 || arguments[0] == "check", "{}", run.said());
            all.push((arguments[0], run.said()));
        }
        let mut leaks = Vec::new();
        for (what, secret) in &planted.0 {
            let plain = secret.split('"').next().unwrap();
            assert!(
                before.contains(plain) || *what == "env value of a revision",
                "{what} is not in the world"
            );
            for (place, text) in &all {
                if text.contains(plain) || text.contains(&plain.replace("%40", "@")) {
                    leaks.push(format!("{level}: {what} ({secret}) in {place}"));
                }
            }
        }
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }
    // What is no secret stays, and so does the diagnosis.
    sandbox.run(["bundle", "create", world, "-o", to]).ended(0);
    let text = unpacked(Path::new(to));
    for kept in [
        "kept-secret-name",
        "fortio-run@mesh-prod.iam.gserviceaccount.com",
        "> ads.mesh.private\"",
    ] {
        assert!(text.contains(kept), "{kept}");
    }
    let rules = RuleSet::with(&[]).unwrap();
    let mut reports = [report(Path::new(world), &rules), report(Path::new(to), &rules)];
    reports.iter_mut().for_each(|report| report.warnings.clear());
    assert_eq!(said(&reports[0]), said(&reports[1]));
}

#[test]
fn what_a_collector_was_told_when_it_failed_is_redacted_too() {
    let sandbox = Sandbox::new();
    let world = common::fixture_world(&sandbox, "MD901", "fires-cluster");
    let manifest = fs::read_to_string(world.join("bundle.json")).unwrap();
    let jwt = planted::JWT;
    let told = format!("ada.planted@example.com\\\" (token {jwt}.planted)");
    let planted = manifest.replace("reader@ops.iam.gserviceaccount.com\\\"", &told);
    assert_ne!(planted, manifest);
    fs::write(world.join("bundle.json"), planted).unwrap();
    let named = sandbox.run(["check", world.to_str().unwrap(), "-v"]);
    assert!(
        named.stdout.contains("--user=ada.planted@example.com"),
        "{}",
        named.said()
    );
    let to = sandbox.path("b.tar.zst");
    let to = to.to_str().unwrap();
    sandbox
        .run(["bundle", "create", world.to_str().unwrap(), "-o", to])
        .ended(0);
    let after = sandbox.run(["check", to, "-v"]);
    assert!(
        after.stdout.contains("--user=YOU@EXAMPLE.COM"),
        "{}",
        after.said()
    );
    for text in [unpacked(Path::new(to)), after.said()] {
        assert!(text.contains("list pods") && !text.contains("planted"), "{text}");
    }
}

#[test]
fn a_pattern_of_ones_own_is_taken_out_at_every_level() {
    let sandbox = Sandbox::new();
    let from = base();
    let to = sandbox.path("b.tar.zst");
    let run = sandbox.run([
        "bundle",
        "create",
        from.to_str().unwrap(),
        "-o",
        to.to_str().unwrap(),
        "--redact",
        "off",
        "--redact-pattern",
        "simple-h[t]+p",
    ]);
    run.ended(0);
    let text = unpacked(&to);
    assert!(!text.contains("simple-http") && text.contains("<redacted:pattern:"));
    let rules = read::verify(&to).unwrap().manifest.redaction.unwrap();
    assert_eq!(rules.level, "off");
    assert!(rules.rules["pattern"] >= 1);
}
