//! Bundles made of a live project: what `check` says of them, and what is said while they are made.
use crate::common::replayed::{Gist, Replayed, gist};
use crate::common::{Run, Sandbox, base, finish, repository};
use crate::planted::planted;
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::to_json;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

fn create(sandbox: &Sandbox, replayed: &Replayed, to: &Path, flags: &[&str]) -> Run {
    let mut program = sandbox.program();
    program
        .args(["bundle", "create", "--config"])
        .arg(replayed.config());
    finish(program.arg("-o").arg(to).args(flags))
}

fn report(path: &Path, rules: &RuleSet) -> Value {
    let snapshot = read::read(&[path.to_owned()], &read::Options::default()).unwrap();
    let report = diagnose(&snapshot, rules, &Selection::default()).unwrap();
    serde_json::from_str(&to_json(&report).unwrap()).unwrap()
}

/// Verdict, and code and role of each finding.
fn without_names((verdict, findings): Gist) -> (String, Vec<(String, String)>) {
    let mut findings: Vec<_> = findings.into_iter().map(|(code, role, _)| (code, role)).collect();
    findings.sort();
    (verdict, findings)
}

#[test]
fn a_bundle_of_every_incident_made_live_says_what_its_folder_says() {
    let rules = RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}"));
    let mut worlds: Vec<PathBuf> = fs::read_dir(repository().join("fixtures/incidents"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    worlds.sort();
    assert!(worlds.len() > 20);
    let mut wrong = Vec::new();
    for world in worlds {
        let sandbox = Sandbox::new();
        let replayed = Replayed::new(&sandbox, &world, None);
        let folder = gist(&report(&world, &rules));
        for level in ["default", "strict"] {
            let to = sandbox.path(&format!("{level}.tar.zst"));
            let run = create(&sandbox, &replayed, &to, &["--redact", level]);
            assert!(
                [0, 3].contains(&run.status),
                "{}: {}",
                world.display(),
                run.said()
            );
            assert_eq!(run.stdout.lines().count(), 1, "{}", run.said());
            // A collector of which something is missing is named, and so is the status.
            let named = run.stderr.lines().any(|line| line.contains("collected"));
            assert_eq!(run.status == 3, named, "{}: {}", world.display(), run.said());
            let made = gist(&report(&to, &rules));
            let same = match level {
                "default" => made == folder,
                // Names are others.
                _ => without_names(made.clone()) == without_names(folder.clone()),
            };
            if !same {
                wrong.push(format!("{} ({level})\n{folder:?}\n{made:?}", world.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_answer_that_cannot_be_read_is_left_out_of_the_bundle_and_told() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/dns/*\" }\n  action: { status: { code: 200, body: '{\"managedZones\": [{\"name\": 7}]}' } }\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let to = sandbox.path("b.tar.zst");
    let run = create(&sandbox, &replayed, &to, &[]);
    assert!(
        run.ended(3).stderr.contains("not collected: dns"),
        "{}",
        run.said()
    );
    let check = sandbox.run(["check", to.to_str().unwrap(), "-o", "json"]);
    assert_eq!(check.ended(3).json()["verdict"], "INCONCLUSIVE");
}

#[test]
fn what_could_not_be_collected_is_said_and_in_the_bundle() {
    let sandbox = Sandbox::new();
    let faults = "- match: { path: \"/dns/*\" }\n  action: { status: { code: 403 } }\n";
    let replayed = Replayed::new(&sandbox, &base(), Some(faults));
    let to = sandbox.path("b.tar.zst");
    let run = create(&sandbox, &replayed, &to, &["--verbose"]);
    run.ended(3);
    for says in [
        "iam: OK",
        "not collected: dns",
        "403",
        "needs dns.managedZones.list",
    ] {
        assert!(run.stderr.contains(says), "no {says:?} in {}", run.said());
    }
    assert!(
        run.stdout.starts_with(&to.display().to_string()),
        "{}",
        run.said()
    );
    assert!(!run.said().contains(&replayed.token()));
    let run = sandbox.run(["bundle", "inspect", to.to_str().unwrap()]);
    let dns = run
        .stdout
        .lines()
        .find(|line| line.trim_start().starts_with("dns "));
    assert!(
        dns.is_some_and(|line| line.contains("FAILED") && line.contains("403")),
        "{}",
        run.said()
    );
    let run = sandbox.run(["check", to.to_str().unwrap(), "-o", "json"]);
    assert_eq!(run.ended(3).json()["verdict"], "INCONCLUSIVE");
    sandbox.run(["bundle", "verify", to.to_str().unwrap()]).ended(0);
}

#[test]
fn a_place_that_cannot_be_written_is_told_before_anything_is_collected() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let run = create(
        &sandbox,
        &replayed,
        &sandbox.path("nowhere/b.tar.zst"),
        &["--verbose"],
    );
    assert!(run.ended(2).stderr.contains("nowhere"), "{}", run.said());
    assert!(!run.stderr.contains("iam: OK"), "{}", run.said());
    let run = sandbox.run(["bundle", "create", "-o", "b.tar.zst"]);
    assert!(run.ended(2).stderr.contains("no project"), "{}", run.said());
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

/// All files of a bundle, one behind the other.
fn unpacked(bundle: &Path) -> String {
    let bytes = zstd::decode_all(fs::File::open(bundle).unwrap()).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[test]
fn no_planted_secret_is_in_a_bundle_made_live_or_in_what_is_said_meanwhile() {
    let sandbox = Sandbox::new();
    let planted = planted(&sandbox);
    let world = sandbox.path("w");
    let replayed = Replayed::new(&sandbox, &world, None);
    let token = replayed.token();
    // A secret as it may stand in a text: in one line, decoded.
    let spellings = |secret: &str| {
        let plain = secret.split('"').next().unwrap().to_owned();
        [plain.replace("%40", "@"), plain]
    };
    let to = sandbox.path("b.tar.zst");
    // They do come over the wire: all but those of kinds that nobody collects.
    create(&sandbox, &replayed, &to, &["--redact", "off"]);
    let raw = unpacked(&to);
    let there = |text: &str, secret: &str| spellings(secret).iter().any(|spelling| text.contains(spelling));
    let served = planted.0.iter().filter(|(_, secret)| there(&raw, secret)).count();
    assert!(served >= 30, "{served} of {}", planted.0.len());

    let rules = RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}"));
    let folder = gist(&report(&world, &rules));
    let mut leaks = Vec::new();
    for flags in [
        &[][..],
        &["--verbose"],
        &["--redact", "strict"],
        &["--redact", "strict", "--verbose"],
    ] {
        let mut program = sandbox.program();
        for name in ["RUST_LOG", "MESHDOCTOR_LOG"] {
            program.env(name, "trace");
        }
        program
            .args(["bundle", "create", "--config"])
            .arg(replayed.config());
        let run = finish(program.arg("-o").arg(&to).args(flags));
        assert!([0, 3].contains(&run.status), "{}", run.said());
        let looked =
            ["inspect", "verify"].map(|look| sandbox.run(["bundle", look, to.to_str().unwrap()]).said());
        let said = [unpacked(&to), run.said()].into_iter().chain(looked);
        for (place, text) in ["bundle", "create", "inspect", "verify"].into_iter().zip(said) {
            let secrets = planted.0.iter().map(|(what, secret)| (*what, secret.as_str()));
            for (what, secret) in secrets.chain([("the access token", token.as_str())]) {
                if there(&text, secret) {
                    leaks.push(format!("{flags:?}: {what} ({secret}) in {place}"));
                }
            }
        }
        let made = gist(&report(&to, &rules));
        if flags.contains(&"strict") {
            assert_eq!(without_names(made), without_names(folder.clone()), "{flags:?}");
        } else {
            assert_eq!(made, folder, "{flags:?}");
        }
    }
    assert!(leaks.is_empty(), "{}", leaks.join("\n"));
}
