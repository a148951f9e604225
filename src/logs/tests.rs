//! Promises of the scan, on genuine lines of Envoy and on Cloud Logging entries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::blocks::Limits;
use super::*;
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
        matcher: Matcher::Message { pattern: Regex::new(pattern).unwrap(), log: None },
        by: by.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn access(code: &str, matcher: AccessMatch, by: &[&str]) -> Signature {
    Signature { matcher: Matcher::Access(matcher), ..message(code, "x", by) }
}

fn logs(name: &str, text: impl AsRef<[u8]>) -> BTreeMap<ProjectId, Vec<Blob>> {
    BTreeMap::from([("-".into(), vec![Blob::memory(name, text.as_ref().to_vec())])])
}

fn scan_text(text: impl AsRef<[u8]>, signatures: &[Signature]) -> Vec<HitGroup> {
    scan(&logs("x.log", text), signatures, &BTreeSet::new()).unwrap().groups
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/envoy-logs").join(name)).unwrap()
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
fn each_situation_is_found_in_text_and_json_with_equal_captures() {
    let cases: &[(&str, &str, &[(&str, &str)])] = &[
        ("ads-03-invalid-argument", r"closed: 3, Requested mesh '(?P<mesh>[^']+)' does not exist", &[("mesh", "test-mesh")]),
        ("ads-05-not-found", r"closed: (?P<c>5), Requested entity was not found", &[("c", "5")]),
        ("ads-07-api-disabled", r"closed: 7, Traffic Director API has not been used in project (?P<n>\d+)", &[("n", "525300120045")]),
        ("ads-07-permission-denied", DENIED, &[("permission", "trafficdirector.networks.getConfigs"), ("project_number", "525300120045"), ("mesh", "test-mesh"), ("node", "abc")]),
        ("grpcio-ads-07-permission-denied", DENIED, &[("mesh", "test-mesh"), ("node", "abc")]),
        ("ads-16-unauthenticated", r"closed: (?P<c>16), Request had invalid authentication credentials", &[("c", "16")]),
        ("ads-dns-failure", r"^gRPC config: initial fetch timed out for type\.googleapis\.com/(?P<t>[\w.]+)", &[("t", "envoy.config.cluster.v3.Cluster")]),
        ("init-fetch-timeout-rds", r"initial fetch timed out for type\.googleapis\.com/(?P<t>[\w.]+)", &[("t", "envoy.config.route.v3.RouteConfiguration")]),
        ("long-ads-08-resource-exhausted", r"closed since \d+s ago: 8, Quota exceeded for quota metric '(?P<m>[^']+)'", &[("m", "Streams")]),
        ("long-ads-14-connection-refused", r"closed since \d+s ago: 14, .*delayed_connect_error:_(?P<r>\w+)", &[("r", "Connection_refused")]),
        ("long-ads-tls-san-mismatch", r"SAN_matcher,_certificate_SANs_are_\[(?P<s>[^\]]+)\]", &[("s", "trafficdirector.googleapis.com")]),
        ("nack-cds-duplicate-cluster", NACK, &[("kind", "cluster"), ("name", "dup"), ("reason", "duplicate cluster dup found")]),
        ("nack-cds-name-missing", NACK, &[("kind", "cluster"), ("reason", "Proto constraint validation failed (ClusterValidationError.Name: value length must be at least 1 characters)")]),
        ("nack-eds-priority-gap", NACK, &[("kind", "endpoint")]),
        ("nack-lds-router-not-last", NACK, &[("kind", "listener"), ("name", "bad")]),
        ("nack-lds-no-filter-chain", NACK, &[("kind", "listener"), ("name", "bad")]),
        ("nack-rds-duplicate-domain", NACK, &[("kind", "route"), ("reason", "Only unique values for domains are permitted. Duplicate entry of domain svc.example.com in route r1")]),
        ("nack-rds-no-action", NACK, &[("kind", "route")]),
        ("start-admin-port-in-use", r"cannot bind '(?P<a>[^']+)': Address already in use", &[("a", "127.0.0.1:34061")]),
        ("start-unknown-field", r"no such field: '(?P<f>[^']+)'", &[("f", "no_such_field")]),
        ("lds-address-in-use", r"listener '(?P<l>[^']+)' failed to bind", &[("l", "busy")]),
    ];
    for (case, pattern, wanted) in cases {
        let signatures = [message("T", pattern, &[])];
        let found = ["log", "json.log"].map(|ending| {
            let groups = scan_text(fixture(&format!("{case}.{ending}")), &signatures);
            assert_eq!(groups.len(), 1, "{case}.{ending}");
            groups[0].clone()
        });
        let numberless = |group: &HitGroup| {
            let mut captures = group.captures.clone();
            captures.retain(|_, value| !value.contains("127.0.0.1:2"));
            captures
        };
        assert_eq!(numberless(&found[0]), numberless(&found[1]), "{case}");
        assert!(found.iter().all(|group| group.first.is_some()), "{case}");
        for (name, value) in *wanted {
            assert_eq!(found[0].captures.get(*name).map(String::as_str), Some(*value), "{case}");
        }
        let record = found[0].captures.get("reason").cloned().unwrap_or_default();
        assert!(!record.contains('\n') && !record.contains("goo.gle"), "{case}: {record}");
    }
}

#[test]
fn healthy_noise_is_quiet() {
    let noise = "[2026-11-24 03:42:28.143][1][warning][main] [a.cc:1] There is no configured limit to the number of allowed active downstream connections\n\
        [2026-11-24 03:42:28.143][1][warning][main] [a.cc:1] caught ENVOY_SIGTERM\n\
        order 7781 closed: 7, Permission granted by clerk\n";
    assert_eq!(scan_text(noise, &[message("A", DENIED, &[])]), []);
}

#[test]
fn the_three_access_log_formats_say_the_same() {
    let has = |flags: &[&str], details: Option<&str>| AccessMatch {
        flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
        details: details.map(|details| Regex::new(details).unwrap()),
        ..AccessMatch::default()
    };
    let rules = [
        access("NR", has(&["NR"], None), &["host"]),
        access("UF", has(&["UF"], None), &["path"]),
        access("URX", has(&["URX"], None), &[]),
        access("RBAC", has(&[], Some(r"rbac_access_denied_matched_policy\[(?P<policy>.*)\]")), &[]),
        access("504", AccessMatch { status: vec![504], ..AccessMatch::default() }, &["path"]),
        access("TLS", AccessMatch { failure: Some(Regex::new("SAN_matcher.*\\[(?P<san>.*)\\]").unwrap()), ..AccessMatch::default() }, &[]),
    ];
    let said = |name: &str| {
        scan_text(fixture(name), &rules).into_iter().map(|g| (g.code, g.key, g.count, g.captures)).collect::<Vec<_>>()
    };
    let (istio, json, default) = (said("access.istio.log"), said("access.json.log"), said("access.default.log"));
    assert_eq!(istio, json);
    let codes = |found: &[(String, BTreeMap<String, String>, u64, _)], code: &str| {
        found.iter().filter(|(c, ..)| c == code).map(|(_, key, count, _)| (key.clone(), *count)).collect::<Vec<_>>()
    };
    for code in ["NR", "UF", "URX", "504"] {
        assert_eq!(codes(&istio, code), codes(&default, code), "{code}");
        assert!(!codes(&istio, code).is_empty(), "{code}");
    }
    assert_eq!(codes(&default, "RBAC"), []);
    let captures = |code: &str| &istio.iter().find(|(c, ..)| c == code).unwrap().3;
    assert_eq!(captures("RBAC")["policy"], "none");
    assert_eq!(captures("TLS")["san"], "trafficdirector.googleapis.com");
    assert_eq!(captures("TLS")["upstream_cluster"], "outbound|8080||tls-san.default.svc.cluster.local");
    assert_eq!((captures("URX")["flags"].as_str(), captures("URX")["status"].as_str()), ("UF,URX", "0"));
    assert_eq!(codes(&istio, "NR").len(), 2);
}

#[test]
fn an_access_log_in_entries_is_read_as_text_and_as_an_object() {
    let text = String::from_utf8(fixture("access.istio.log")).unwrap();
    let line = text.lines().find(|line| line.contains("route_not_found")).unwrap();
    let objects = String::from_utf8(fixture("access.json.log")).unwrap();
    let object = objects.lines().find(|line| line.contains("route_not_found")).unwrap();
    let mut in_object: serde_json::Value = serde_json::from_str(&entry(1, "")).unwrap();
    in_object.as_object_mut().unwrap().remove("textPayload");
    in_object["jsonPayload"] = serde_json::from_str(object).unwrap();
    let in_cluster = json!({
        "logName": "projects/p/logs/client-accesslog-stackdriver", "timestamp": "2026-11-20T09:00:01.5Z",
        "resource": {"type": "k8s_pod", "labels": {"project_id": "p", "location": "us-central1", "pod_name": "i1"}},
        "labels": {"response_details": "route_not_found", "response_flag": "NR"},
        "httpRequest": {"requestMethod": "GET", "requestUrl": "http://mesh.test/nothing-here", "status": 404}});
    let rule = [access("NR", AccessMatch { flags: vec!["NR".into()], status: vec![404], ..AccessMatch::default() }, &[])];
    let mut all = Vec::new();
    for line in [entry(1, line), entry(1, object), in_object.to_string(), in_cluster.to_string()] {
        let groups = scan(&logs("e.ndjson", &line), &rule, &BTreeSet::new()).unwrap().groups;
        assert_eq!(groups.len(), 1, "{line}");
        assert_eq!(groups[0].instances, BTreeSet::from(["i1".to_owned()]));
        all.push(groups[0].clone());
    }
    assert!(all.iter().all(|group| group.captures == all[0].captures));
    assert_eq!((all[0].origin.service.as_str(), all[0].origin.resource.as_str()), ("web", ""));
    assert_eq!((all[3].origin.service.as_str(), all[3].origin.resource.as_str()), ("", "k8s_pod"));
}

#[test]
fn a_rejection_over_several_entries_is_one_record_of_its_instance() {
    let text = String::from_utf8(fixture("nack-eds-priority-gap.log")).unwrap();
    let (a, b) = ("a", "b");
    let mut lines = Vec::new();
    for line in text.lines().filter(|line| !line.contains("][info]")) {
        lines.push(instance_entry(a, 1, line));
        lines.push(instance_entry(b, 1, &line.replace("128", "99")));
    }
    let rule = [message("N", r"(?s)ClusterLoadAssignment rejected: .*Priority: value must be less than or equal to (?P<max>\d+)", &["max"])];
    let groups = scan(&logs("e.ndjson", lines.join("\n")), &rule, &BTreeSet::new()).unwrap().groups;
    let told: Vec<_> = groups.iter().map(|g| (g.key["max"].as_str(), g.count, g.locator.as_str())).collect();
    assert_eq!(told, [("128", 1, "e.ndjson:1"), ("99", 1, "e.ndjson:2")]);
    assert_eq!(groups[0].instances, BTreeSet::from([a.to_owned()]));
    assert_eq!(groups[0].excerpt.lines().count(), 22);
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
    let groups = scan(&logs("e.ndjson", whole), &rule, &BTreeSet::new()).unwrap().groups;
    assert_eq!(groups[0].key["mesh"], "m");
    let first_two = [message("A", "stream to t:443 closed: 7, Permission", &[])];
    let partial = [&parts[1], &parts[3]].map(String::as_str).join("\n");
    assert_eq!(scan(&logs("e.ndjson", partial), &first_two, &BTreeSet::new()).unwrap().groups.len(), 1);
}

#[test]
fn twins_count_once_and_retries_each() {
    let rules = [
        message("N", r"cds: cluster '(?P<name>[^']+)' config rejected: (?P<why>.*)", &["name"]),
        message("N", r"Error adding/updating cluster\(s\) (?P<name>[^:]+): ", &["name"]),
    ];
    for ending in ["log", "json.log"] {
        let groups = scan_text(fixture(&format!("nack-cds-duplicate-cluster.{ending}")), &rules);
        assert_eq!((groups.len(), groups[0].count), (1, 1), "{ending}");
        assert!(groups[0].captures.contains_key("why"));
    }
    let bind = [message("B", "cannot bind '(?P<a>[^']+)'", &["a"])];
    for ending in ["log", "json.log"] {
        assert_eq!(scan_text(fixture(&format!("start-admin-port-in-use.{ending}")), &bind)[0].count, 1, "{ending}");
    }
    let retries: Vec<String> = (1..=3).map(|second| entry(second, "cannot bind 'x'")).collect();
    let group = &scan(&logs("e.ndjson", retries.join("\n")), &bind, &BTreeSet::new()).unwrap().groups[0];
    assert_eq!((group.count, group.locator.as_str()), (3, "e.ndjson:3"));
    assert_eq!(group.first.unwrap().to_string(), "2026-11-20T09:00:01.5Z");
    assert_eq!(group.last.unwrap().to_string(), "2026-11-20T09:00:03.5Z");
}

#[test]
fn a_request_log_is_seen_only_by_a_signature_that_names_it() {
    let line = json!({"logName": "projects/p/logs/run.googleapis.com%2Frequests",
        "resource": {"type": "cloud_run_revision", "labels": {"service_name": "web"}},
        "httpRequest": {"requestMethod": "GET", "requestUrl": "https://w/?q=cannot%20bind", "status": 503}})
    .to_string();
    let mut rule = message("R", r"^GET \S+.* 503$", &[]);
    rule.matcher = Matcher::Message { pattern: Regex::new(r"^GET \S+.* 503$").unwrap(), log: Some("run.googleapis.com/requests".into()) };
    let rules = [rule, message("B", "cannot bind", &[])];
    let groups = scan(&logs("e.ndjson", line), &rules, &BTreeSet::new()).unwrap().groups;
    assert_eq!(groups.iter().map(|g| g.code.as_str()).collect::<Vec<_>>(), ["R"]);
}

#[test]
fn a_signature_without_fixed_text_is_flagged_and_works_all_the_same() {
    let slow = message("S", r"^(?:\w+ )?\d{7}$", &[]);
    assert!(!slow.has_literal());
    assert!(message("F", DENIED, &[]).has_literal());
    assert!(access("A", AccessMatch { flags: vec!["UH".into()], ..AccessMatch::default() }, &[]).has_literal());
    assert_eq!(scan_text("abc\norder 1234567\n", &[slow])[0].locator, "x.log:2");
}

#[test]
fn a_service_is_active_by_its_resource_label_alone() {
    let asked = BTreeSet::from(["web".to_owned(), "shop".to_owned()]);
    let lines = [entry(1, r#"{"service_name": "shop"}"#), entry(2, r#""service_name": "shop""#)].join("\n");
    let evidence = scan(&logs("e.ndjson", lines), &[], &asked).unwrap();
    assert_eq!(evidence.active_services, BTreeSet::from(["web".to_owned()]));
    assert_eq!(evidence.lines, 2);
}

#[test]
fn what_is_not_a_log_is_an_error_with_its_line() {
    let rule = [message("B", "cannot bind", &[])];
    let fails = |name: &str, text: &str| scan(&logs(name, text), &rule, &BTreeSet::new()).unwrap_err().to_string();
    let broken = format!("{}\n\n{{\"textPayload\": \"cannot bind\n", entry(1, "x"));
    assert!(fails("e.ndjson", &broken).starts_with("e.ndjson:3: not a log entry"), "{}", fails("e.ndjson", &broken));
    assert!(fails("b.log", "a\nb\0c").starts_with("b.log:2: not a text file"));
    assert!(fails("a.ndjson", "[\n{}\n]").starts_with("a.ndjson:1: a JSON array"));
    assert!(fails("p.json", "{\n}\n").starts_with("p.json:1: "));
}

#[test]
fn invalid_utf8_and_overlong_lines_are_no_error() {
    let rule = [message("B", "cannot bind", &[])];
    assert_eq!(scan_text(b"\xff\xfe cannot bind\n", &rule)[0].excerpt, "\u{fffd}\u{fffd} cannot bind");
    let long = format!("cannot bind {}\nb\ncannot bind\n", "x".repeat(300));
    let limits = Limits { block: 16, line: 64 };
    let evidence = super::scan::scan(&logs("x.log", long), &rule, &BTreeSet::new(), limits).unwrap();
    assert_eq!((evidence.groups[0].count, evidence.lines), (2, 3));
    assert!(evidence.warnings[0].text.starts_with("1 lines longer than 64 bytes were cut, the first at line 1"));
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
    let dump = ["gRPC config for type.googleapis.com/envoy.config.route.v3.RouteConfiguration rejected: goo.gle/debugonly  ", "name: 1", ": Proto constraint validation failed (x)", "plain", "cannot bind 'x'"];
    let lines: Vec<String> = dump.into_iter().flat_map(|text| {
        [entry(1, text), instance_entry("i2", 2, text), entry(3, &format!("[2026-11-20 09:00:01.101][11][warning][config] [x.cc:1] {text}"))]
    }).chain([String::new()]).collect();
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
}
