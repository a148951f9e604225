//! The fault matrix: whatever goes wrong on the wire is named, spoils nothing else, and is never taken for healthy.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/matrix.rs"]
mod matrix;

use common::replayed::collector;
use common::{Run, Sandbox, base, files, finish};
use matrix::Expected::{Denied, Survived, Told};
use matrix::{Expected, Target, cells, expected, yaml};
use meshdoctor::replay::{Bundle, Faults, Options, Replay, write_config};
use meshdoctor::snapshot::read;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use std::thread;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::task::AbortHandle;

/// Checks at once: most of them only wait.
const AT_ONCE: usize = 4;
/// How long a check collects: a cell whose fault never ends costs as much. A slow machine may need the second.
const TIMEOUTS: [u64; 2] = [2, 20];
/// How much longer than it collects a check may take, on the slowest machine.
const BOUND: Duration = Duration::from_secs(60);

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Runtime::new().unwrap()
});

/// A world replayed by this process, with small pages.
struct Server {
    task: AbortHandle,
    config: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn serve(sandbox: &Sandbox, world: &Path, faults: &str) -> Server {
    let world = read::gather(&[world.to_owned()], &read::Options::default()).unwrap();
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        page_size: Some(2),
        faults: Faults::parse(faults).unwrap_or_else(|error| panic!("{error}: {faults}")),
    };
    let config = sandbox.write("live/kept", "").with_file_name("meshdoctor.toml");
    let task = RUNTIME.block_on(async {
        let replay = Replay::bind(Bundle::new(world).unwrap(), options).await.unwrap();
        write_config(&replay, &config).unwrap();
        tokio::spawn(replay.serve(std::future::pending())).abort_handle()
    });
    Server { task, config }
}

fn check(world: &Path, faults: &str, timeout: u64) -> Run {
    let sandbox = Sandbox::new();
    let server = serve(&sandbox, world, faults);
    let seconds = format!("{timeout}s");
    let mut program = sandbox.program();
    program
        .args(["check", "-o", "json", "--timeout", &seconds, "--config"])
        .arg(&server.config)
        .timeout(Duration::from_secs(timeout) + BOUND);
    finish(&mut program)
}

/// Name, status and items of every collector.
fn outcomes(report: &Value) -> Vec<(String, String, u64)> {
    let all = report["collectors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|c| (text(&c["name"]), text(&c["status"]), c["items"].as_u64().unwrap()))
        .collect()
}

/// What a world brings where nothing goes wrong.
fn untroubled(world: &Path) -> Vec<(String, String, u64)> {
    let run = check(world, "[]", 60);
    let report = run.ended(0).json();
    assert_eq!(report["verdict"], "HEALTHY", "{}", run.said());
    let outcomes = outcomes(&report);
    assert!(
        outcomes.len() == 10
            && outcomes
                .iter()
                .all(|(_, status, items)| status == "OK" && *items > 0),
        "{outcomes:?}"
    );
    outcomes
}

/// What is wrong with a run under a fault; nothing where it is as it should be.
fn wrong(run: &Run, target: &Target, expected: Expected, whole: &[(String, String, u64)]) -> Vec<String> {
    let mut wrong = Vec::new();
    if run.status == -1 {
        return vec!["it did not end".into()];
    }
    if run.stderr.contains("panicked") {
        wrong.push(format!("a panic: {}", run.stderr));
    }
    let Ok(report) = serde_json::from_str::<Value>(&run.stdout) else {
        wrong.push(format!("no report: {}", run.said()));
        return wrong;
    };
    let own = collector(&report, target.collector);
    let (status, error) = (
        own["status"].as_str().unwrap(),
        own["error"].as_str().unwrap_or_default(),
    );
    let told = matches!(status, "FAILED" | "PARTIAL");
    let (verdict, words) = match expected {
        Survived => ("HEALTHY", [].as_slice()),
        Told(words) | Denied(words) => ("INCONCLUSIVE", words),
    };
    match expected {
        Survived if status != "OK" => wrong.push(format!("{status} instead of OK: {error}")),
        Survived => {}
        _ if !told => wrong.push(format!("{status} instead of FAILED or PARTIAL")),
        _ => {
            if !words.iter().any(|word| error.contains(word)) {
                wrong.push(format!("the error says nothing of {words:?}: {error}"));
            }
            if !["mesh-prod", "prod", "test-mesh"]
                .iter()
                .any(|place| error.contains(place))
            {
                wrong.push(format!("the error does not say where: {error}"));
            }
            if error.len() > 8000 {
                wrong.push(format!("the error has {} bytes", error.len()));
            }
        }
    }
    if matches!(expected, Denied(_))
        && !error.contains(target.permission)
        && own["permissionNeeded"] != target.permission
    {
        wrong.push(format!(
            "{} instead of the permission {}: {error}",
            own["permissionNeeded"], target.permission
        ));
    }
    if report["verdict"] != verdict {
        wrong.push(format!(
            "{} instead of {verdict}: {}",
            report["verdict"], report["reasons"]
        ));
    }
    for (got, (name, status, items)) in outcomes(&report).iter().zip(whole) {
        let of_fault = name == target.collector || target.dependents.contains(&name.as_str());
        let excused = of_fault && !matches!(expected, Survived);
        // A kind that is not served brings nothing, and is no failure.
        let same = got.1 == *status
            && (got.2 == *items || name == target.collector && target.name == "envoyfilters");
        if got.0 != *name || !(same || excused) {
            wrong.push(format!(
                "{name}: {} with {} items instead of {status} with {items}: {}",
                got.1,
                got.2,
                collector(&report, name)["error"]
            ));
        }
        if target.dependents.contains(&name.as_str()) && told && got.1 == "SKIPPED" {
            wrong.push(format!("{name} is SKIPPED as if nothing were there"));
        }
    }
    wrong
}

#[test]
fn every_fault_of_every_source_is_named_or_survived_and_harms_no_other() {
    let world = base();
    let whole = untroubled(&world);
    let cells = cells();
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((target, fault)) = cells.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (yaml, expected) = (yaml(target, fault), expected(target, fault));
                    let timeouts: &[u64] = if fault.endless { &TIMEOUTS } else { &TIMEOUTS[1..] };
                    let mut problems = Vec::new();
                    for timeout in timeouts {
                        problems = wrong(&check(&world, &yaml, *timeout), target, expected, &whole);
                        if problems.is_empty() {
                            break;
                        }
                    }
                    if !problems.is_empty() {
                        let cell = format!(
                            "{} x {}:\n    {}",
                            target.name,
                            fault.name,
                            problems.join("\n    ")
                        );
                        found.lock().unwrap().push(cell);
                    }
                }
            });
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    assert!(
        found.is_empty(),
        "{} of {} cells are wrong:\n{}",
        found.len(),
        cells.len(),
        found.join("\n")
    );
}

/// One API has many calls that never end; the others have theirs all the same.
#[test]
fn many_calls_that_hang_hold_up_no_other_source() {
    let sandbox = Sandbox::new();
    for (path, content) in files(&base()) {
        sandbox.write(&format!("w/{path}"), content);
    }
    let zones = sandbox.path("w/dns/mesh-prod/managed-zones.json");
    let mut listing: Value = serde_json::from_slice(&fs::read(&zones).unwrap()).unwrap();
    for number in 0..60 {
        let zone = json!({ "name": format!("zone-{number}"), "dnsName": format!("zone-{number}.example."), "visibility": "private" });
        listing["managedZones"].as_array_mut().unwrap().push(zone);
    }
    fs::write(zones, listing.to_string()).unwrap();
    // The others have pages to come when the records of all zones are asked for.
    let hang = "- match: { path: \"/dns/*/rrsets\" }\n  action: hang\n\
                - match: { path: /compute/ }\n  action: { delay: 200 }\n\
                - match: { path: /v1/projects/ }\n  action: { delay: 200 }\n";
    let mut harmed = Vec::new();
    for timeout in TIMEOUTS {
        let run = check(&sandbox.path("w"), hang, timeout);
        let all = outcomes(&run.json());
        harmed = all
            .into_iter()
            .filter(|(name, status, _)| (name == "dns") == (status == "OK"))
            .collect();
        if harmed.is_empty() {
            break;
        }
    }
    assert!(harmed.is_empty(), "{harmed:?}");
}
