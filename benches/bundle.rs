//! How fast a bundle is made of logs, beside zstd alone on the same bytes: 256 MiB of Cloud Logging entries, of which every third has a
//! query and one in a hundred a secret.
//!
//! `MESHDOCTOR_BENCH_LOGS=FILE cargo bench --bench bundle` does so with a file of one's own.
#![allow(clippy::unwrap_used)]
mod entries;

use entries::write;
use meshdoctor::snapshot::read::{self, Options};
use meshdoctor::snapshot::write::{self as bundles, Key, Level, Redaction};
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const SIZE: usize = 256 << 20;
const ROUNDS: usize = 5;
/// What zstd takes by itself, and what a bundle's logs have.
const LEVELS: [i32; 2] = [3, 1];

const SECRET: &[&str] = &[
    r#""jsonPayload":{"message":"calling upstream","headers":{"authorization":"Bearer $H","accept":"*/*"},"elapsed_ms":$N}"#,
    r#""jsonPayload":{"message":"refreshed","access_token":"ya29.$H","expires_in":3599}"#,
    r#""textPayload":"login of u$H@example.com failed: password=$H""#,
];

/// The middle of some runs.
fn median(mut run: impl FnMut()) -> Duration {
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            run();
            began.elapsed()
        })
        .collect();
    took.sort();
    took[ROUNDS / 2]
}

fn main() {
    let folder = TempDir::new().unwrap();
    let world = folder.path().join("world/logging/shop-prod");
    fs::create_dir_all(&world).unwrap();
    let log = world.join("entries.ndjson");
    match std::env::var_os("MESHDOCTOR_BENCH_LOGS") {
        Some(file) => _ = fs::copy(file, &log).unwrap(),
        None => _ = fs::copy(write(SIZE, SECRET), &log).unwrap(),
    }
    let packed = folder.path().join("packed");
    let alone = LEVELS.map(|level| {
        let took = median(|| {
            let to = File::create(&packed).unwrap();
            let mut encoder = zstd::stream::write::Encoder::new(to, level).unwrap();
            let mut input = io::BufReader::with_capacity(1 << 18, File::open(&log).unwrap());
            io::copy(&mut input, &mut encoder).unwrap();
            encoder.finish().unwrap();
        });
        println!(
            "{:.2} GB of logs: zstd -{level} alone {took:.2?} ({} MB)",
            size(&log) as f64 / 1e9,
            size(&packed) / 1_000_000
        );
        took
    });
    let snapshot = read::read(&[folder.path().join("world")], &Options::default()).unwrap();
    let to = folder.path().join("bundle.tar.zst");
    for level in [Level::Off, Level::Default, Level::Strict] {
        let redaction = Redaction {
            level,
            patterns: Vec::new(),
            key: Key::from_text("bench"),
        };
        let made = median(|| _ = bundles::bundle(&snapshot, &redaction, &to).unwrap());
        println!(
            "bundle --redact {} {made:.2?} ({} MB), ratios {:.2?}",
            level.as_str(),
            size(&to) / 1_000_000,
            alone.map(|alone| made.as_secs_f64() / alone.as_secs_f64())
        );
    }
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).unwrap().len()
}
