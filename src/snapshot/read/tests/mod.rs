//! Whole inputs, read: what the tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::{Options, read};
mod archives;
mod google;
mod hostile;
mod loose;

use crate::snapshot::{Availability, ReadError, Snapshot};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const VIRTUAL_SERVICE: &str = "apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: shop, namespace: web}
spec:
  hosts: [shop.prod.mesh]
  gateways: [external-mesh]
";

const ENTRY: &str = r#"{"insertId": "a", "logName": "projects/web-1/logs/run.googleapis.com%2Fstderr",
  "timestamp": "2026-11-20T08:40:00Z", "textPayload": "one [ { \n two"}"#;

/// A folder of files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

/// What was read of one file, which stays as long as this does.
#[derive(Debug)]
struct Input {
    snapshot: Snapshot,
    _root: TempDir,
}

impl std::ops::Deref for Input {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

fn try_file(name: &str, content: impl AsRef<[u8]>) -> Result<Input, ReadError> {
    let root = folder(&[(name, content.as_ref())]);
    let snapshot = read(&[root.path().join(name)], &Options::default())?;
    Ok(Input {
        snapshot,
        _root: root,
    })
}

fn file(name: &str, content: impl AsRef<[u8]>) -> Input {
    try_file(name, content).unwrap()
}

fn failure(name: &str, content: impl AsRef<[u8]>) -> String {
    try_file(name, content).unwrap_err().to_string()
}

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.world.files.keys().map(String::as_str).collect()
}

fn warnings(snapshot: &Snapshot) -> String {
    let lines = snapshot
        .world
        .warnings
        .iter()
        .map(|w| format!("{}: {}\n", w.origin, w.text));
    lines.collect()
}

fn content(snapshot: &Snapshot, path: &str) -> String {
    String::from_utf8(snapshot.world.files[path].bytes().unwrap()).unwrap()
}

const BUNDLE: [(&str, &[u8]); 3] = [
    (
        "bundle-2026/bundle.json",
        br#"{"schemaVersion":"meshdoctor.bundle.v1","scope":{"project":"p"}}"#,
    ),
    ("bundle-2026/logging/p/entries.ndjson", b"{}\n"),
    (
        "bundle-2026/kubernetes/m/pods.json",
        br#"{"items":[{"metadata":{"name":"a"}}]}"#,
    ),
];
