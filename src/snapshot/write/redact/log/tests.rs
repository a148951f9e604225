//! A log is redacted as if line by line, each looked at in full: whatever its blocks, its threads and its marks.
#![allow(clippy::unwrap_used)]
use super::super::{Level, Redaction};
use super::*;
use crate::redact::Key;
use crate::snapshot::Snapshot;
use proptest::prelude::*;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// One of each level that has marks; their patterns are built once.
static REDACTORS: LazyLock<[Redactor; 2]> = LazyLock::new(|| [Level::Default, Level::Strict].map(redactor));

fn redactor(level: Level) -> Redactor {
    let redaction = Redaction {
        level,
        patterns: Vec::new(),
        key: Key::from_text("test"),
    };
    let mut snapshot = Snapshot::default();
    let scope = &mut snapshot.manifest.scope;
    scope.project = "shop-prod".into();
    scope.service_projects = vec!["123456789012".into(), "fab".into()];
    Redactor::new(&redaction, &snapshot).unwrap()
}

type Outcome = (Vec<u8>, BTreeMap<String, u64>, u64);

fn redacted(text: &[u8], limits: Limits) -> Outcome {
    redacted_by(&REDACTORS[0], text, limits)
}

fn redacted_by(redactor: &Redactor, text: &[u8], limits: Limits) -> Outcome {
    let (mut redactor, mut out) = (redactor.worker(), Vec::new());
    let cut = log(text, &mut out, &mut redactor, limits).unwrap();
    (out, redactor.take_counts(), cut)
}

/// What it must come to: no block, no thread, no mark.
fn plainly(redactor: &Redactor, text: &[u8], longest: usize) -> Outcome {
    let (mut redactor, mut out, mut cut) = (redactor.worker(), Vec::new(), 0);
    let mut log = Log { key_lines: 0 };
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let is_cut = line.len() > longest;
        let line = line.get(..longest).unwrap_or(line);
        match log.line(line, None, &mut redactor) {
            Some(new) => new.put(&mut out),
            None => out.extend_from_slice(line),
        }
        if is_cut {
            cut += 1;
            out.push(b'\n');
        }
    }
    (out, redactor.take_counts(), cut)
}

fn limits(block: usize, line: usize, threads: usize) -> Limits {
    Limits {
        block,
        line,
        threads: Some(threads),
    }
}

#[track_caller]
fn same(text: &[u8], limits: Limits) {
    for redactor in &*REDACTORS {
        let (new, counts, cut) = redacted_by(redactor, text, limits);
        let wanted = plainly(redactor, text, limits.line);
        assert_eq!(
            String::from_utf8_lossy(&new),
            String::from_utf8_lossy(&wanted.0),
            "of {}",
            String::from_utf8_lossy(text)
        );
        assert!((new, counts, cut) == wanted);
    }
}

#[test]
fn lines_without_secrets_stay_byte_for_byte() {
    let log = b"plain\r\n{\"a\" : 1}\n\xff\xfe token=\n{\"cut\": \"off\n\nlast";
    assert_eq!(redacted(log, Limits::default()).0, log);
}

#[test]
fn a_key_that_comes_line_by_line_goes_line_by_line_in_either_order() {
    let mut log = vec![
        "-----BEGIN PRIVATE KEY-----",
        "MIIEvQIBADANBg",
        "c2hvcnQ=",
        "-----END PRIVATE KEY-----",
    ];
    log.push("QUJDREVGRw==");
    for _ in 0..2 {
        for block in [1, 30, 1 << 18] {
            let (out, ..) = redacted(log.join("\n").as_bytes(), limits(block, 1 << 20, 2));
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains("MIIE") && !out.contains("c2hv") && out.contains("QUJDREVGRw=="),
                "{out}"
            );
        }
        log.reverse();
    }
}

#[test]
fn what_goes_on_for_ever_is_cut_and_counted() {
    let longest = Limits::default().line;
    let mut log = vec![b'x'; longest + 10];
    log.extend(b" password=hunter2\nnext\n");
    let (out, _, cut) = redacted(&log, Limits::default());
    assert_eq!(cut, 1);
    assert!(out.ends_with(b"x\nnext\n") && out.len() == longest + 6);
    // No longer than may be, at the end: nothing is lost.
    log.truncate(longest);
    assert_eq!(redacted(&log, Limits::default()).2, 0);
}

#[test]
fn genuine_logs_come_out_as_if_every_line_were_looked_at() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files: Vec<_> = fs::read_dir(fixtures.join("envoy-logs"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    for incident in fs::read_dir(fixtures.join("incidents")).unwrap() {
        let projects = fs::read_dir(incident.unwrap().path().join("logging"));
        files.extend(
            projects
                .into_iter()
                .flatten()
                .map(|entry| entry.unwrap().path().join("entries.ndjson")),
        );
    }
    assert!(files.len() > 60);
    for file in files.iter().filter(|file| file.exists()) {
        same(&fs::read(file).unwrap(), limits(10_000, 1 << 20, 2));
    }
}

/// Pieces that lines are made of: what is secret, what only looks so, what hides it, and what makes JSON of it.
const PIECES: [&str; 122] = [
    "{\"",
    "\":\"",
    "\",\"",
    "\":{\"",
    "\"}",
    "}}",
    "\":[\"",
    "\"]",
    "\":17,\"",
    "\":-4",
    "{\\\"",
    "\\\":\\\"",
    "\\\"}",
    "\\\\\\\"",
    "\\n",
    "\\u0026",
    "\\u003d",
    "\\u0040",
    "\\u0022",
    "\\u0070ass",
    "\\u00e9",
    "\\/",
    "\n",
    "\r\n",
    " ",
    ": ",
    "=",
    "%3D",
    "%20",
    "'",
    ", ",
    "textPayload",
    "jsonPayload",
    "message",
    "name",
    "key",
    "value",
    "env",
    "data",
    "headers",
    "request",
    "set",
    "httpHeaders",
    "request_headers_to_add",
    "responseTrailersToAdd",
    "header",
    "kubectl.kubernetes.io/last-applied-configuration",
    "authority",
    "auth",
    "Authorization",
    "proxy-authorization",
    "Bearer ",
    "basic%20",
    "bearer",
    "Cookie",
    "cookie2",
    "password",
    "pass",
    "passed",
    "PassPhrase",
    "pwd",
    "secret",
    "secretKeyRef",
    "token",
    "access_token",
    "tokens",
    "credentials",
    "api_key",
    "X-Api-Key",
    "client.key",
    "monkey",
    "private key",
    "session",
    "sess_id",
    "session-id",
    "sessionTicketKeys",
    "sid",
    "inside",
    "query",
    "raw_query",
    "queryParams",
    "eyJhbGciOiJI.eyJzdWIi.x",
    "ya29.abc",
    "1//0abcdefghijklmnopq",
    "AIzaSyA000000000000000000000000",
    "asia-east1",
    "AKIAABCDEFGHIJKLMNOP",
    "ghp_abcdefghijklmnopqrstu",
    "SG.abcdefghijklmnopq.abcdefghijklmnopq",
    "-----BEGIN PRIVATE KEY-----",
    "-----END PRIVATE KEY-----",
    "http://u:p@h/x?y=z",
    "ada@example.com",
    "run@p.iam.gserviceaccount.com",
    "hunter2",
    "/a?b",
    "projects/",
    "projects\\/",
    "p-1",
    "shop-prod",
    "123456789012",
    "fab",
    "-",
    ".",
    ":",
    "://",
    ":\\/\\/",
    "orders.example.com",
    "Web.Internal",
    "svc",
    ".googleapis.com",
    "pods",
    ".test",
    "10.8.0.5",
    "10.8",
    ".0.1",
    "/24",
    "fd00::5",
    "::",
    "1:2:3:4:5:6:7:",
    "\\u002e",
    "\\u003a",
];

fn line() -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..24).prop_map(|pieces| pieces.concat())
}

/// Whole entries, as programs log.
fn entry() -> impl Strategy<Value = String> {
    let name = proptest::sample::select(&PIECES[31..80]);
    let value = proptest::collection::vec(proptest::sample::select(&PIECES[..]), 1..4);
    let field = (name, value, 0..6_u8).prop_map(|(name, value, shape)| {
        let value = serde_json::Value::from(value.concat());
        let nested = || serde_json::Value::from(format!("{{\"{name}\":{value}}}"));
        match shape {
            0 => format!("\"x\":{{\"name\":\"{name}\",\"value\":{value}}}"),
            1 => format!("\"env\":[{{\"name\":\"a\",\"value\":{value}}}],\"{name}\":{value}"),
            2 => format!("\"{name}\":[{{\"value\":{value}}},{value},\"--{name}\",{value}]"),
            3 => format!("\"text\":{}", nested()),
            4 => format!(
                "\"a\":{}",
                serde_json::Value::from(format!("{{\"b\":{}}}", nested()))
            ),
            _ => format!("\"{name}\":{value}"),
        }
    });
    proptest::collection::vec(field, 1..5).prop_map(|fields| format!("{{{}}}", fields.join(",")))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]
    #[test]
    fn a_line_in_which_nothing_is_found_is_one_in_which_nothing_is_replaced(line in prop_oneof![line(), entry()]) {
        same(line.as_bytes(), limits(1 << 18, 1 << 20, 1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn blocks_and_threads_change_nothing(
        lines in proptest::collection::vec(prop_oneof![line(), entry(), Just("MIIEvQIBADANBg".to_owned()), Just("-----BEGIN PRIVATE KEY-----".to_owned())], 0..40),
        broken in proptest::collection::vec((0_usize..4000, any::<u8>()), 0..4),
        block in 1_usize..3000,
        longest in 200_usize..5000,
        threads in 1_usize..5,
    ) {
        let mut text = lines.join("\n").into_bytes();
        for (at, byte) in broken {
            if let Some(there) = text.get_mut(at) {
                *there = byte;
            }
        }
        same(&text, limits(block, longest, threads));
    }
}
