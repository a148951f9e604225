//! Promises of the scan.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod genuine;
mod order;

use super::*;
use crate::blocks::Limits;
use proptest::prelude::*;
use regex::Regex;
use serde_json::json;
use std::fs;
use std::path::Path;

const DENIED: &str = r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 7, Permission '(?P<permission>[^']+)' denied on resource '\S+projects/(?P<project_number>\d+)/networks/mesh:(?P<mesh>[^/]+)/nodes/(?P<node>[^']+)'";
const NACK: &str = r"(?s)gRPC config for type.googleapis.com/envoy\.config\.(?P<kind>\w+)\.v3\.\w+ rejected: (?:goo\.gle/debug\w+\s.*\n: )?(?:Error adding/updating (?:cluster|listener)\(s\) (?P<name>[^:]+): )?(?P<reason>[^\n]+)";

fn message(code: &str, pattern: &str, by: &[&str]) -> Signature {
    Signature {
        code: code.into(),
        matcher: Matcher::Message {
            pattern: Regex::new(pattern).unwrap(),
            log: None,
        },
        by: by.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn access(code: &str, matcher: AccessMatch, by: &[&str]) -> Signature {
    Signature {
        matcher: Matcher::Access(matcher),
        ..message(code, "x", by)
    }
}

fn logs(name: &str, text: impl AsRef<[u8]>) -> BTreeMap<ProjectId, Vec<Blob>> {
    BTreeMap::from([("-".into(), vec![Blob::memory(name, text.as_ref().to_vec())])])
}

fn scan_text(text: impl AsRef<[u8]>, signatures: &[Signature]) -> Vec<HitGroup> {
    scan(&logs("x.log", text), signatures, &BTreeSet::new())
        .unwrap()
        .groups
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("fixtures/envoy-logs")
            .join(name),
    )
    .unwrap()
}

/// A LogEntry line of one instance.
fn entry(seconds: u32, text: &str) -> String {
    instance_entry("i1", seconds, text)
}

fn instance_entry(instance: &str, seconds: u32, text: &str) -> String {
    json!({
        "logName": "projects/p/logs/run.googleapis.com%2Fvarlog%2Fsystem",
        "resource": {"type": "cloud_run_revision", "labels":
            {"project_id": "p", "location": "us-central1", "service_name": "web", "revision_name": "web-1"}},
        "labels": {"instanceId": instance},
        "timestamp": format!("2026-11-20T09:00:{seconds:02}.5Z"),
        "textPayload": text,
    })
    .to_string()
}

#[test]
fn healthy_noise_is_quiet() {
    let noise = "[2026-11-24 03:42:28.143][1][warning][main] [a.cc:1] There is no configured limit to the number of allowed active downstream connections\n\
        [2026-11-24 03:42:28.143][1][warning][main] [a.cc:1] caught ENVOY_SIGTERM\n\
        order 7781 closed: 7, Permission granted by clerk\n";
    assert_eq!(scan_text(noise, &[message("A", DENIED, &[])]), []);
}

#[test]
fn pieces_of_a_split_entry_are_joined_though_the_words_are_cut() {
    let piece = |index: u32, text: &str| {
        let mut entry: serde_json::Value = serde_json::from_str(&entry(1, text)).unwrap();
        entry["split"] = json!({"uid": "u", "index": index, "totalSplits": 3});
        entry.to_string()
    };
    let rule = [message("A", DENIED, &["mesh"])];
    let parts = [
        piece(2, "d%20on%20resource%20'//t/projects/1/networks/mesh:m/nodes/n'"),
        piece(0, "gRPC config stream to t:443 clo"),
        piece(1, "sed: 7, Permission%2"),
        piece(1, "sed: 7, Permission%20'x'%20denie"),
    ];
    let whole = [&parts[0], &parts[1], &parts[3]].map(String::as_str).join("\n");
    let groups = scan(&logs("e.ndjson", whole), &rule, &BTreeSet::new())
        .unwrap()
        .groups;
    assert_eq!(groups[0].key["mesh"], "m");
    let first_two = [message("A", "stream to t:443 closed: 7, Permission", &[])];
    let partial = [&parts[1], &parts[3]].map(String::as_str).join("\n");
    assert_eq!(
        scan(&logs("e.ndjson", partial), &first_two, &BTreeSet::new())
            .unwrap()
            .groups
            .len(),
        1
    );
}

#[test]
fn a_request_log_is_seen_only_by_a_signature_that_names_it() {
    let line = json!({"logName": "projects/p/logs/run.googleapis.com%2Frequests",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "web"}},
        "httpRequest": {"requestMethod": "GET", "requestUrl": "https://w/?q=cannot%20bind", "status": 503}})
    .to_string();
    let mut rule = message("R", r"^GET \S+.* 503$", &[]);
    rule.matcher = Matcher::Message {
        pattern: Regex::new(r"^GET \S+.* 503$").unwrap(),
        log: Some("run.googleapis.com/requests".into()),
    };
    let rules = [rule, message("B", "cannot bind", &[])];
    let groups = scan(&logs("e.ndjson", line), &rules, &BTreeSet::new())
        .unwrap()
        .groups;
    assert_eq!(groups.iter().map(|g| g.code.as_str()).collect::<Vec<_>>(), ["R"]);
}

#[test]
fn a_signature_without_fixed_text_is_flagged_and_works_all_the_same() {
    let slow = message("S", r"^(?:\w+ )?\d{7}$", &[]);
    assert!(!slow.has_literal());
    assert!(message("F", DENIED, &[]).has_literal());
    assert!(
        access(
            "A",
            AccessMatch {
                flags: vec!["UH".into()],
                ..AccessMatch::default()
            },
            &[]
        )
        .has_literal()
    );
    assert_eq!(scan_text("abc\norder 1234567\n", &[slow])[0].locator, "x.log:2");
}

#[test]
fn a_service_is_active_by_its_resource_label_alone() {
    let asked = BTreeSet::from(["web".to_owned(), "shop".to_owned()]);
    let lines = [
        entry(1, r#"{"service_name": "shop"}"#),
        entry(2, r#""service_name": "shop""#),
    ]
    .join("\n");
    let evidence = scan(&logs("e.ndjson", lines), &[], &asked).unwrap();
    assert_eq!(evidence.active_services, BTreeSet::from(["web".to_owned()]));
    assert_eq!(evidence.lines, 2);
}

#[test]
fn what_is_not_a_log_is_an_error_with_its_line() {
    let rule = [message("B", "cannot bind", &[])];
    let fails = |name: &str, text: &str| {
        scan(&logs(name, text), &rule, &BTreeSet::new())
            .unwrap_err()
            .to_string()
    };
    let broken = format!("{}\n\n{{\"textPayload\": \"cannot bind\n", entry(1, "x"));
    assert!(
        fails("e.ndjson", &broken).starts_with("e.ndjson:3: not a log entry"),
        "{}",
        fails("e.ndjson", &broken)
    );
    assert!(fails("b.log", "a\nb\0c").starts_with("b.log:2: not a text file"));
    assert!(fails("a.ndjson", "[\n{}\n]").starts_with("a.ndjson:1: a JSON array"));
    assert!(fails("p.json", "{\n}\n").starts_with("p.json:1: "));
}

#[test]
fn invalid_utf8_and_overlong_lines_are_no_error() {
    let rule = [message("B", "cannot bind", &[])];
    assert_eq!(
        scan_text(b"\xff\xfe cannot bind\n", &rule)[0].excerpt,
        "\u{fffd}\u{fffd} cannot bind"
    );
    let long = format!("cannot bind {}\nb\ncannot bind\n", "x".repeat(300));
    let limits = Limits {
        block: 16,
        line: 64,
        ..Limits::default()
    };
    let evidence = super::scan::scan(&logs("x.log", long), &rule, &BTreeSet::new(), limits).unwrap();
    assert_eq!((evidence.groups[0].count, evidence.lines), (2, 3));
    assert!(
        evidence.warnings[0]
            .text
            .starts_with("lines longer than 64 bytes were cut: 1, the first at line 1")
    );
}

#[test]
fn a_record_and_its_captures_show_no_secret_even_where_a_capture_begins_behind_what_tells_it() {
    let rules = [message(
        "R",
        r"sent Authorization: Bearer (?P<token>\S+) to (?P<host>\S+) (?P<rest>.*)",
        &["token", "host"],
    )];
    let long = "x".repeat(3000);
    let line = format!(
        "sent Authorization: Bearer S3CR3T to ads.mesh.private password=S3CR3T {long} http://u:S3CR3T@x/\n"
    );
    let group = scan_text(line, &rules).remove(0);
    let shown = format!("{group:?}");
    assert!(
        !shown.contains("S3CR3T") && group.captures["host"] == "ads.mesh.private",
        "{shown}"
    );
    assert!(
        group.captures["rest"].starts_with("password=<redacted:secret> xxx"),
        "{shown}"
    );
    assert_eq!(
        (group.key["token"].as_str(), group.excerpt.len()),
        ("<redacted:capture>", 2000)
    );
}

#[test]
fn too_many_groups_are_told() {
    let rule = [message("G", "cannot bind '(?P<a>[^']+)'", &["a"])];
    let lines: String = (0..1005).map(|n| format!("cannot bind '{n:05}'\n")).collect();
    let evidence = scan(&logs("x.log", lines), &rule, &BTreeSet::new()).unwrap();
    assert_eq!(evidence.groups.len(), 1000);
    assert!(evidence.groups.is_sorted_by_key(|group| group.key.clone()));
    assert!(evidence.warnings[0].text.contains("5 further hits"));
}

fn line() -> impl Strategy<Value = String> {
    let dump = [
        "gRPC config for type.googleapis.com/envoy.config.route.v3.RouteConfiguration rejected: goo.gle/debugonly  ",
        "name: 1",
        ": Proto constraint validation failed (x)",
        "plain",
        "cannot bind 'x'",
    ];
    let lines: Vec<String> = dump
        .into_iter()
        .flat_map(|text| {
            [
                entry(1, text),
                instance_entry("i2", 2, text),
                entry(
                    3,
                    &format!("[2026-11-20 09:00:01.101][11][warning][config] [x.cc:1] {text}"),
                ),
            ]
        })
        .chain([String::new()])
        .collect();
    proptest::sample::select(lines)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_block_size_changes_nothing(lines in proptest::collection::vec(line(), 1..40), block in 1_usize..5000, end in "\n?") {
        let rules = [message("N", NACK, &["kind", "reason"]), message("B", "cannot bind '(?P<a>[^']+)'", &[])];
        let logs = logs("e.ndjson", lines.join("\n") + &end);
        let asked = BTreeSet::from(["web".to_owned()]);
        let whole = scan(&logs, &rules, &asked).unwrap();
        let cut = super::scan::scan(&logs, &rules, &asked, Limits { block, ..Limits::default() }).unwrap();
        prop_assert_eq!(&whole.groups, &cut.groups);
        let slow: Vec<Signature> = rules.into_iter().chain([message("S", "^[0-9]{40}$", &[])]).collect();
        prop_assert_eq!(&whole.groups, &scan(&logs, &slow, &asked).unwrap().groups, "looking at every line finds no more");
        prop_assert_eq!((whole.lines, whole.bytes, &whole.active_services), (cut.lines, cut.bytes, &cut.active_services));
    }

    #[test]
    fn any_text_gives_an_answer_or_an_error(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "[2026-11-24T03:42:28.143Z] ", "[2026-11-24 03:42:28.143]", "[", "]", "\"", " ", "\n", "{", "}", "%2", "%C3", "\u{e9}", "503 UF ",
            "\"response_flags\":", "GET / HTTP/1.1\" ", " 0 1 2 - ", "cannot bind", "goo.gle/debugonly", ": Proto constraint validation failed", "\"totalSplits\":",
        ]), 0..60),
    ) {
        let rules = [message("B", "cannot bind", &[]),
            access("F", AccessMatch { flags: vec!["UF".into()], ..AccessMatch::default() }, &[])];
        let text = parts.concat();
        let evidence = scan(&logs("x.log", &text), &rules, &BTreeSet::new());
        if let Ok(evidence) = evidence {
            prop_assert_eq!(evidence.bytes, text.len() as u64);
        }
    }
}
