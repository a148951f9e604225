//! `check` as a whole process: one incident, and worlds of 1,000 and 10,000 exported VirtualServices.
//!
//! `cargo bench --bench check` prints times and the most memory held; `MESHDOCTOR_BENCH_WORLD=DIR:N cargo bench --bench check`
//! writes a world and stops.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod world;

use std::path::Path;
use std::process::{Command, Stdio};

fn main() {
    if let Some((folder, n)) = std::env::var("MESHDOCTOR_BENCH_WORLD")
        .ok()
        .as_deref()
        .and_then(|v| v.split_once(':'))
    {
        world::write(Path::new(folder), n.parse().expect("DIR:N"));
        return;
    }
    divan::main();
    memory();
}

fn command(path: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
    command
        .args(["check", "-o", "json"])
        .arg(path)
        .stdout(Stdio::null());
    command
}

/// The worlds are healthy, the incident is not: other findings would be other work.
fn check(path: &Path, healthy: bool) {
    let status = command(path).status().expect("the binary runs");
    assert_eq!(status.code(), Some(i32::from(!healthy)), "{status}");
}

fn memory() {
    let folder = tempfile::tempdir().expect("writable");
    world::write(folder.path(), 10_000);
    for (name, path) in [
        ("incident", Path::new(INCIDENT)),
        ("10000 exports", folder.path()),
    ] {
        let child = command(path).spawn().expect("the binary runs");
        let (status, peak) = world::peak::watched(child, |mut child| child.wait());
        assert!(status.is_ok_and(|status| status.code().is_some_and(|code| code <= 1)));
        println!("{name}: at most {peak} MiB");
    }
}

const INCIDENT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/fixtures/incidents/missing-client-role"
);

#[divan::bench(sample_count = 20, sample_size = 1)]
fn incident() {
    check(Path::new(INCIDENT), false);
}

#[divan::bench(args = [1_000, 10_000], sample_count = 5, sample_size = 1)]
fn exports(bencher: divan::Bencher, n: usize) {
    let folder = tempfile::tempdir().expect("writable");
    world::write(folder.path(), n);
    bencher.bench_local(|| check(folder.path(), true));
}
