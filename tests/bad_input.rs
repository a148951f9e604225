//! Input that is broken, hostile or somebody else's: a message with the file and a remedy, bounded memory and time, no trace left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Sandbox, assert_refusal, base, base_file, check, files, refused};
use serde_json::Value;
use std::io::Write;

const POLICY: &str = "iam/projects/mesh-prod/policy.json";
const ROUTES: &str = "kubernetes/prod/virtualservices.networking.istio.io.json";

/// A megabyte of zeros, packed, as often as wanted.
fn zeros(megabytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    encoder.finish().unwrap().repeat(megabytes)
}

/// Bytes that look like nothing, always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn with_byte(content: &str, at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = content.as_bytes().to_vec();
    bytes[at] = byte;
    bytes
}

#[test]
fn text_that_is_not_utf8_is_refused_with_line_and_column() {
    let s = Sandbox::new();
    let latin = with_byte(&base_file(POLICY), 40, 0xe9);
    refused(
        &s,
        "latin.json",
        &latin,
        &["not text in UTF-8 (line 3, column 23)"],
    );
    refused(
        &s,
        "w/iam/projects/p/policy.json",
        &latin,
        &["policy.json:3:23: not text in UTF-8"],
    );
}

#[test]
fn nul_bytes_are_refused() {
    let s = Sandbox::new();
    let nul = with_byte(&base_file(POLICY), 40, 0);
    refused(&s, "nul.json", &nul, &["binary"]);
    refused(&s, "w/iam/projects/p/policy.json", &nul, &["policy.json:3:22: "]);
    refused(&s, "nothing-else.yaml", vec![0; 100_000], &["binary"]);
    refused(
        &s,
        "w/logging/p/envoy.log",
        b"[2026-11-20 09:00:01.101][11][info][main] a\n\0\n",
        &["envoy.log:2: ", "NUL"],
    );
}

#[test]
fn half_a_document_is_refused_where_it_ends() {
    let s = Sandbox::new();
    let whole = base_file(ROUTES);
    let half = &whole[..whole.len() / 2];
    refused(&s, "half.json", half, &["half.json:43:21: not JSON to its end"]);
    refused(
        &s,
        &format!("w/{ROUTES}"),
        half,
        &["networking.istio.io.json:43:21: "],
    );
}

#[test]
fn brackets_within_brackets_do_not_exhaust_the_stack() {
    let s = Sandbox::new();
    let open = "[".repeat(200_000);
    let close = "]".repeat(200_000);
    let objects = format!("{}1{}", "{\"a\":".repeat(200_000), "}".repeat(200_000));
    refused(&s, "open.json", &open, &["open.json:1:"]);
    refused(&s, "whole.json", format!("{open}{close}"), &["whole.json"]);
    refused(&s, "objects.json", objects, &["objects.json:1:"]);
    refused(
        &s,
        "w/kubernetes/prod/pods.json",
        format!("{{\"items\":{open}{close}}}"),
        &["pods.json:1:"],
    );
    refused(
        &s,
        "w/csds/p/client-status.json",
        format!("{{\"config\":{open}{close}}}"),
        &["client-status.json"],
    );
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ";
    refused(&s, "open.yaml", format!("{manifest}{open}"), &["open.yaml:4:"]);
    refused(
        &s,
        "whole.yaml",
        format!("{manifest}{open}{close}"),
        &["whole.yaml:4:"],
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let s = Sandbox::new();
    let mut bomb =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  a: &a [x, x, x, x, x, x, x, x, x]\n"
            .to_owned();
    for (last, next) in ('a'..'n').zip('b'..='n') {
        let items = vec![format!("*{last}"); 9].join(", ");
        bomb.push_str(&format!("  {next}: &{next} [{items}]\n"));
    }
    refused(&s, "bomb.yaml", bomb, &["bomb.yaml:", "alias"]);
}

#[test]
fn three_gigabytes_of_zeros_are_not_unfolded_in_memory() {
    let s = Sandbox::new();
    let packed = zeros(3000);
    refused(&s, "zeros.gz", &packed, &["binary"]);
    refused(
        &s,
        "w/kubernetes/prod/pods.json.gz",
        &packed,
        &["unpacks to more than 256 MiB"],
    );
    refused(
        &s,
        "w/kubernetes/prod/pods.json",
        &packed,
        &["pods.json:1:2: not text in UTF-8"],
    );
    refused(
        &s,
        "w/logging/p/entries.ndjson.gz",
        &packed,
        &["entries.ndjson.gz:1: ", "NUL"],
    );
}

#[test]
fn folders_within_folders_are_not_followed_for_ever() {
    let s = Sandbox::new();
    s.write(&format!("deep/{}a.yaml", "d/".repeat(60)), "a: 1\n");
    assert_refusal(
        &check(&s, &[&s.path("deep")]),
        &s.path("deep"),
        &["more than 32 folders deep"],
    );
    // A link back up is not followed at all.
    std::os::unix::fs::symlink(s.path("loop"), s.write("loop/a.yaml", "").with_file_name("again")).unwrap();
    let run = check(&s, &[&s.path("loop")]);
    assert!(
        run.ended(3).stdout.contains("again: a symbolic link"),
        "{}",
        run.said()
    );
}

#[test]
fn noise_under_the_name_of_an_xds_answer_is_refused() {
    let s = Sandbox::new();
    refused(
        &s,
        "noise.binpb",
        noise(5000),
        &["no CSDS answer (ClientStatusResponse)"],
    );
    refused(
        &s,
        "w/csds/p/client-status.binpb",
        noise(5000),
        &["not a ClientStatusResponse"],
    );
}

#[test]
fn a_field_of_the_wrong_type_is_shown_where_it_stands() {
    let s = Sandbox::new();
    let host = "\"hosts\": [\n          \"ads.mesh.private\"\n        ]";
    let routes = base_file(ROUTES);
    assert!(routes.contains(host));
    let wrong = routes.replace(host, "\"hosts\": \"ads.mesh.private\"");
    refused(
        &s,
        "routes.json",
        &wrong,
        &["routes.json:16:18: VirtualService ads-external: ", "`spec.hosts`"],
    );
    refused(
        &s,
        &format!("w/{ROUTES}"),
        &wrong,
        &["istio.io.json:16:35: items[0].spec.hosts: "],
    );
    let yaml = "# ads\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: b}\nspec:\n  hosts: a.mesh\n";
    refused(
        &s,
        "routes.yaml",
        yaml,
        &["routes.yaml:7:10: VirtualService a: ", "`spec.hosts`"],
    );
}

#[test]
fn an_empty_file_is_named_and_nothing_is_called_healthy() {
    let s = Sandbox::new();
    let run = check(&s, &[&s.write("empty.yaml", "")]);
    run.ended(3);
    assert!(
        run.stdout.starts_with("INCONCLUSIVE") && run.stdout.contains("empty.yaml: empty"),
        "{}",
        run.said()
    );
}

#[test]
fn paths_that_cannot_be_read_are_refused() {
    let s = Sandbox::new();
    let file = s.write("a.json", "{}");
    for path in [
        s.path("not-there.json"),
        file.join("below-a-file.json"),
        "/proc/self/mem".into(),
    ] {
        assert_refusal(&check(&s, &[&path]), &path, &["(os error "]);
    }
    let pipe = s.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_refusal(
        &check(&s, &[&pipe]),
        &pipe,
        &["neither a regular file nor a directory"],
    );
}

#[test]
fn a_folder_of_other_peoples_files_is_refused_with_what_was_expected() {
    let s = Sandbox::new();
    for (name, content) in [
        ("README.md", "# x\n"),
        ("main.py", "print(1)\n"),
        ("package.json", "{\"name\": \"x\"}"),
    ] {
        s.write(&format!("others/{name}"), content);
    }
    assert_refusal(
        &check(&s, &[&s.path("others")]),
        &s.path("others"),
        &["not recognised", "gcloud logging read"],
    );
}

#[test]
fn one_bad_file_beside_a_good_one_is_named() {
    let s = Sandbox::new();
    let good = s.take(ROUTES, "good.json");
    // Unknown: named in a warning, and the good one is read.
    let stranger = s.write("stranger.json", "{\"a\": 1}");
    let run = check(&s, &[&good, &stranger]);
    run.ended(3);
    assert!(
        run.stdout.contains("stranger.json: not recognised"),
        "{}",
        run.said()
    );
    // Broken: refused, rather than half the truth told.
    let broken = s.write("broken.json", "{\"apiVersion\": \"v1\",\n \"kind\": ");
    assert_refusal(&check(&s, &[&good, &broken]), &broken, &["broken.json:2:"]);
    // Of a snapshot: a good world with one bad file.
    for (path, content) in files(&base()) {
        s.write(&format!("world/{path}"), content);
    }
    check(&s, &[&s.path("world")]).ended(0);
    let pods = s.write("world/kubernetes/prod/pods.json", "{\"items\": [7]}");
    assert_refusal(
        &check(&s, &[&s.path("world")]),
        &pods,
        &["pods.json:1:12: items[0]"],
    );
}

#[test]
fn a_terminal_obeys_nothing_that_stands_in_the_input() {
    let s = Sandbox::new();
    let code = "\u{1b}[31mred\u{7}";
    for name in [
        format!("{code}.json"),
        format!("world/kubernetes/{code}/pods.json"),
    ] {
        s.write(&name, "{\"items\":");
    }
    let manifest = format!(
        "{{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{{\"name\":{}}},\"spec\":7}}",
        Value::from(code)
    );
    s.write("name.json", manifest);
    for (given, status) in [
        (format!("{code}.json"), 2),
        ("world".into(), 2),
        ("name.json".into(), 2),
    ] {
        let run = check(&s, &[&s.path(&given)]);
        run.ended(status);
        assert!(
            run.stderr.contains("[31mred") && !run.stderr.contains(['\u{1b}', '\u{7}']),
            "{:?}",
            run.stderr
        );
    }
    let world = files(&base()).into_iter();
    for (path, content) in world.filter(|(path, _)| !path.starts_with("csds/")) {
        s.write(&format!("logged/{path}"), content);
    }
    let log = "logging/mesh-prod/entries.ndjson";
    let denial = format!(
        "[2026-11-20 09:20:01.101][11][warning][config] [./a.h:1] StreamAggregatedResources gRPC config stream to x:443 closed: 7, \
         Permission 'p{code}' denied on resource '//trafficdirector.googleapis.com/projects/1/networks/mesh:m/nodes/n'"
    );
    let entries = base_file(log);
    let mut entry: Value = serde_json::from_str(entries.lines().next().unwrap()).unwrap();
    entry["textPayload"] = denial.into();
    s.write(&format!("logged/{log}"), format!("{entries}{entry}\n"));
    let run = check(&s, &[&s.path("logged")]);
    run.ended(1);
    assert!(
        run.stdout.contains("[31mred") && !run.stdout.contains(['\u{1b}', '\u{7}']),
        "{:?}",
        run.stdout
    );
}

#[test]
fn a_line_too_long_to_be_read_is_told_of() {
    let s = Sandbox::new();
    for (path, content) in files(&base()) {
        s.write(&format!("world/{path}"), content);
    }
    let line = format!("{{\"textPayload\": \"{}\"}}\n", "x".repeat(17 << 20));
    let log = "logging/mesh-prod/entries.ndjson";
    s.write(&format!("world/{log}"), format!("{}{line}", base_file(log)));
    let run = check(&s, &[&s.path("world")]);
    run.ended(0);
    assert!(
        run.stdout.contains("entries.ndjson: lines longer than"),
        "{}",
        run.said()
    );
}

#[test]
fn an_entry_with_a_field_of_another_type_is_read_without_it_and_told_of() {
    let s = Sandbox::new();
    for (path, content) in files(&base())
        .into_iter()
        .filter(|(path, _)| !path.starts_with("csds/"))
    {
        s.write(&format!("world/{path}"), content);
    }
    let log = "logging/mesh-prod/entries.ndjson";
    let entries = base_file(log);
    let before = entries.lines().count();
    let mut entry: Value = serde_json::from_str(entries.lines().next().unwrap()).unwrap();
    let denial = "[2026-11-20 09:20:01.101][11][warning][config] [./a.h:1] StreamAggregatedResources gRPC config stream to x:443 closed: \
                  7, Permission 'p' denied on resource '//trafficdirector.googleapis.com/projects/1/networks/mesh:m/nodes/n'";
    entry["textPayload"] = denial.into();
    let report = |lines: &[String]| {
        s.write(
            &format!("world/{log}"),
            format!("{entries}{}\n", lines.join("\n")),
        );
        s.run([
            "check".as_ref(),
            "-o".as_ref(),
            "json".as_ref(),
            s.path("world").as_os_str(),
        ])
    };
    // Whatever else is told of the file.
    let told = |run: &common::Run| -> Vec<String> {
        let warnings = run.json()["warnings"].clone();
        let all = warnings
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap().to_owned());
        all.filter(|text| text.contains("as Cloud Logging writes them"))
            .collect()
    };
    let whole = report(&[entry.to_string()]);
    whole.ended(1);
    assert!(told(&whole).is_empty(), "{}", whole.said());
    for (field, name, value) in [
        ("/resource", "resource", "5"),
        ("/resource/labels", "resource.labels", "[[]]"),
        (
            "/resource/labels/service_name",
            "resource.labels.service_name",
            "{\"a\": [1.5, null]}",
        ),
        ("/labels", "labels", "[]"),
        ("/labels/instanceId", "labels.instanceId", "true"),
        ("/timestamp", "timestamp", "-3"),
        ("/logName", "logName", "1e99"),
        ("/httpRequest", "httpRequest", "\"GET\""),
        ("/httpRequest", "httpRequest.status", "{\"status\": \"200\"}"),
        ("/split", "split.totalSplits", "{\"totalSplits\": \"2\"}"),
    ] {
        let mut odd = entry.clone();
        let (parent, key) = field.rsplit_once('/').unwrap();
        odd.pointer_mut(parent).unwrap()[key] = serde_json::from_str(value).unwrap();
        let run = report(&[entry.to_string(), odd.to_string(), odd.to_string()]);
        run.ended(1);
        let place = format!(
            "entries.ndjson: fields that are not as Cloud Logging writes them were left out: in 2 entries, the first at line {}: {name}",
            before + 2
        );
        let told = told(&run);
        assert!(told.len() == 1 && told[0].ends_with(&place), "{name}: {told:?}");
        // Without its service it is found too, as of somebody else.
        let mut codes = run.codes();
        codes.dedup();
        assert_eq!(codes, whole.codes(), "{name}");
    }
    // A payload of another type says nothing, and the other lines what they say.
    let mut odd = entry.clone();
    odd["textPayload"] = serde_json::json!({ "a": denial });
    let run = report(&[odd.to_string(), entry.to_string()]);
    assert!(told(&run)[0].ends_with(&format!(
        "in 1 entry, the first at line {}: textPayload",
        before + 1
    )));
    assert_eq!(run.codes(), whole.codes());
    let twice = entry
        .to_string()
        .replacen('{', "{\"labels\": {}, \"labels\": {}, ", 1);
    let run = report(&[entry.to_string(), twice]);
    assert!(told(&run)[0].ends_with(&format!("line {}: one that is there twice", before + 2)));
    // No object is no entry.
    for line in [format!("[{entry}]"), entry.to_string().replace('}', "")] {
        let run = report(&[line]);
        run.ended(2);
        assert!(
            run.stderr
                .contains(&format!("entries.ndjson:{}: not a log entry", before + 1)),
            "{}",
            run.said()
        );
    }
}
