//! Live collection against the replay server: the time of a check, with answers at once and 200 ms late, beside the slowest chain
//! of calls, and the most memory it held. `MESHDOCTOR_BENCH_LIVE=N cargo bench --bench live` does so for a world of N exports, `2N`
//! pods and the CSDS of three clients. The line to hold is 400 MiB for 10,000 exports and a million log entries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#[path = "world/mod.rs"]
mod world;

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const BINARY: &str = env!("CARGO_BIN_EXE_meshdoctor");
const ROUNDS: usize = 7;

/// Chains of collectors of which each waits for the one before.
const CHAINS: [&[&str]; 8] = [
    &["cloud-run", "csds"],
    &["fleet", "kubernetes"],
    &["logging"],
    &["iam"],
    &["service-usage"],
    &["dns"],
    &["compute"],
    &["clusters"],
];

struct Replay {
    child: Child,
    config: PathBuf,
}

impl Replay {
    fn start(world: &Path, folder: &TempDir, delay: u64) -> Self {
        let config = folder.path().join(format!("after-{delay}.toml"));
        let faults = folder.path().join(format!("after-{delay}.yaml"));
        fs::write(
            &faults,
            format!("- match: {{ path: / }}\n  action: {{ delay: {delay} }}\n"),
        )
        .unwrap();
        let child = Command::new(BINARY)
            .arg("replay")
            .arg(world)
            .arg("--faults")
            .arg(&faults)
            .arg("--config-out")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let began = Instant::now();
        while !config.exists() {
            assert!(began.elapsed() < Duration::from_secs(120), "replay did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { child, config }
    }

    /// The time of a whole check, its peak of memory in MiB, and its report.
    fn check(&self) -> (Duration, u64, Value) {
        let began = Instant::now();
        let child = Command::new(BINARY)
            .args(["check", "-o", "json", "--config"])
            .arg(&self.config)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (output, peak) = world::peak::watched(child, |child| child.wait_with_output().unwrap());
        let took = began.elapsed();
        let said = String::from_utf8_lossy(&output.stderr);
        (took, peak, serde_json::from_slice(&output.stdout).expect(&said))
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The chain that took longest.
fn slowest(report: &Value) -> (Duration, String) {
    let took = |name: &str| -> u64 {
        let collectors = report["collectors"].as_array().unwrap();
        let collector = collectors.iter().find(|c| c["name"] == name);
        // 64 bits are text in proto3 JSON.
        collector.map_or(0, |c| match &c["durationMs"] {
            Value::String(text) => text.parse().unwrap(),
            number => number.as_u64().unwrap_or(0),
        })
    };
    let chains = CHAINS.map(|names| {
        (
            names.iter().map(|name| took(name)).sum::<u64>(),
            names.join(" + "),
        )
    });
    let (milliseconds, names) = chains.into_iter().max().unwrap();
    (Duration::from_millis(milliseconds), names)
}

fn main() {
    let folder = TempDir::new().unwrap();
    let world = match std::env::var("MESHDOCTOR_BENCH_LIVE") {
        Ok(n) => {
            let world = folder.path().join("world");
            world::write(&world, n.parse().expect("a number of exports"));
            world
        }
        Err(_) => Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/incidents/missing-client-role"),
    };
    for delay in [0, 200] {
        let replay = Replay::start(&world, &folder, delay);
        let mut most = 0;
        let mut runs: Vec<(Duration, Duration, String)> = (0..ROUNDS)
            .map(|_| {
                let (took, peak, report) = replay.check();
                most = most.max(peak);
                let (chain, names) = slowest(&report);
                (took, chain, names)
            })
            .collect();
        runs.sort();
        let (took, chain, names) = &runs[ROUNDS / 2];
        println!(
            "answers {delay} ms late: check {took:.2?}, slowest chain {chain:.2?} ({names}), ratio {:.2}, \
             at most {most} MiB",
            took.as_secs_f64() / chain.as_secs_f64()
        );
    }
}
