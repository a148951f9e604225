//! Promises of the scan on lines that a real Envoy printed.
#![allow(clippy::unwrap_used, clippy::type_complexity)]
use super::*;

#[test]
fn each_situation_is_found_in_text_and_json_with_equal_captures() {
    let cases: &[(&str, &str, &[(&str, &str)])] = &[
        (
            "ads-03-invalid-argument",
            r"closed: 3, Requested mesh '(?P<mesh>[^']+)' does not exist",
            &[("mesh", "test-mesh")],
        ),
        (
            "ads-05-not-found",
            r"closed: (?P<c>5), Requested entity was not found",
            &[("c", "5")],
        ),
        (
            "ads-07-api-disabled",
            r"closed: 7, Traffic Director API has not been used in project (?P<n>\d+)",
            &[("n", "525300120045")],
        ),
        (
            "ads-07-permission-denied",
            DENIED,
            &[
                ("permission", "trafficdirector.networks.getConfigs"),
                ("project_number", "525300120045"),
                ("mesh", "test-mesh"),
                ("node", "abc"),
            ],
        ),
        (
            "grpcio-ads-07-permission-denied",
            DENIED,
            &[("mesh", "test-mesh"), ("node", "abc")],
        ),
        (
            "ads-16-unauthenticated",
            r"closed: (?P<c>16), Request had invalid authentication credentials",
            &[("c", "16")],
        ),
        (
            "ads-dns-failure",
            r"^gRPC config: initial fetch timed out for type\.googleapis\.com/(?P<t>[\w.]+)",
            &[("t", "envoy.config.cluster.v3.Cluster")],
        ),
        (
            "init-fetch-timeout-rds",
            r"initial fetch timed out for type\.googleapis\.com/(?P<t>[\w.]+)",
            &[("t", "envoy.config.route.v3.RouteConfiguration")],
        ),
        (
            "long-ads-08-resource-exhausted",
            r"closed since \d+s ago: 8, Quota exceeded for quota metric '(?P<m>[^']+)'",
            &[("m", "Streams")],
        ),
        (
            "long-ads-14-connection-refused",
            r"closed since \d+s ago: 14, .*delayed_connect_error:_(?P<r>\w+)",
            &[("r", "Connection_refused")],
        ),
        (
            "long-ads-tls-san-mismatch",
            r"SAN_matcher,_certificate_SANs_are_\[(?P<s>[^\]]+)\]",
            &[("s", "trafficdirector.googleapis.com")],
        ),
        (
            "nack-cds-duplicate-cluster",
            NACK,
            &[
                ("kind", "cluster"),
                ("name", "dup"),
                ("reason", "duplicate cluster dup found"),
            ],
        ),
        (
            "nack-cds-name-missing",
            NACK,
            &[
                ("kind", "cluster"),
                (
                    "reason",
                    "Proto constraint validation failed (ClusterValidationError.Name: value length must be at least 1 characters)",
                ),
            ],
        ),
        ("nack-eds-priority-gap", NACK, &[("kind", "endpoint")]),
        (
            "nack-lds-router-not-last",
            NACK,
            &[("kind", "listener"), ("name", "bad")],
        ),
        (
            "nack-lds-no-filter-chain",
            NACK,
            &[("kind", "listener"), ("name", "bad")],
        ),
        (
            "nack-rds-duplicate-domain",
            NACK,
            &[
                ("kind", "route"),
                (
                    "reason",
                    "Only unique values for domains are permitted. Duplicate entry of domain svc.example.com in route r1",
                ),
            ],
        ),
        ("nack-rds-no-action", NACK, &[("kind", "route")]),
        (
            "start-admin-port-in-use",
            r"cannot bind '(?P<a>[^']+)': Address already in use",
            &[("a", "127.0.0.1:34061")],
        ),
        (
            "start-unknown-field",
            r"no such field:\s+'(?P<f>[^']+)'",
            &[("f", "no_such_field")],
        ),
        (
            "lds-address-in-use",
            r"listener '(?P<l>[^']+)' failed to bind",
            &[("l", "busy")],
        ),
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
            assert_eq!(
                found[0].captures.get(*name).map(String::as_str),
                Some(*value),
                "{case}"
            );
        }
        let record = found[0].captures.get("reason").cloned().unwrap_or_default();
        assert!(
            !record.contains('\n') && !record.contains("goo.gle"),
            "{case}: {record}"
        );
    }
}

#[test]
fn looking_at_every_line_of_genuine_logs_finds_no_more() {
    let rules = [
        message("A", DENIED, &["mesh"]),
        message("N", NACK, &["kind"]),
        message("B", "cannot bind '(?P<a>[^']+)'", &["a"]),
        access(
            "F",
            AccessMatch {
                flags: vec!["UF".into(), "NR".into(), "URX".into()],
                ..AccessMatch::default()
            },
            &["path"],
        ),
    ];
    let slow: Vec<Signature> = rules
        .iter()
        .cloned()
        .chain([message("S", "^[0-9]{40}$", &[])])
        .collect();
    for file in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/envoy-logs")).unwrap() {
        let text = String::from_utf8(fs::read(file.unwrap().path()).unwrap()).unwrap();
        let entries: Vec<String> = text.lines().map(|line| entry(1, line)).collect();
        for logs in [logs("x.log", &text), logs("e.ndjson", entries.join("\n"))] {
            let [fast, slow] =
                [&rules[..], &slow].map(|rules| scan(&logs, rules, &BTreeSet::new()).unwrap().groups);
            assert_eq!(fast, slow);
        }
    }
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
        access(
            "RBAC",
            has(&[], Some(r"rbac_access_denied_matched_policy\[(?P<policy>.*)\]")),
            &[],
        ),
        access(
            "504",
            AccessMatch {
                status: vec![504],
                ..AccessMatch::default()
            },
            &["path"],
        ),
        access(
            "TLS",
            AccessMatch {
                failure: Some(Regex::new("SAN_matcher.*\\[(?P<san>.*)\\]").unwrap()),
                ..AccessMatch::default()
            },
            &[],
        ),
    ];
    let said = |name: &str| {
        scan_text(fixture(name), &rules)
            .into_iter()
            .map(|g| (g.code, g.key, g.count, g.captures))
            .collect::<Vec<_>>()
    };
    let (istio, json, default) = (
        said("access.istio.log"),
        said("access.json.log"),
        said("access.default.log"),
    );
    assert_eq!(istio, json);
    let codes = |found: &[(String, BTreeMap<String, String>, u64, _)], code: &str| {
        found
            .iter()
            .filter(|(c, ..)| c == code)
            .map(|(_, key, count, _)| (key.clone(), *count))
            .collect::<Vec<_>>()
    };
    for code in ["NR", "UF", "URX", "504"] {
        assert_eq!(codes(&istio, code), codes(&default, code), "{code}");
        assert!(!codes(&istio, code).is_empty(), "{code}");
    }
    assert_eq!(codes(&default, "RBAC"), []);
    let captures = |code: &str| &istio.iter().find(|(c, ..)| c == code).unwrap().3;
    assert_eq!(captures("RBAC")["policy"], "none");
    assert_eq!(captures("TLS")["san"], "trafficdirector.googleapis.com");
    assert_eq!(
        captures("TLS")["upstream_cluster"],
        "outbound|8080||tls-san.default.svc.cluster.local"
    );
    assert_eq!(
        (
            captures("URX")["flags"].as_str(),
            captures("URX")["status"].as_str()
        ),
        ("UF,URX", "0")
    );
    assert_eq!(codes(&istio, "NR").len(), 2);
}

#[test]
fn an_access_log_in_entries_is_read_as_text_and_as_an_object() {
    let text = String::from_utf8(fixture("access.istio.log")).unwrap();
    let line = text
        .lines()
        .find(|line| line.contains("route_not_found"))
        .unwrap();
    let objects = String::from_utf8(fixture("access.json.log")).unwrap();
    let object = objects
        .lines()
        .find(|line| line.contains("route_not_found"))
        .unwrap();
    let mut in_object: serde_json::Value = serde_json::from_str(&entry(1, "")).unwrap();
    in_object.as_object_mut().unwrap().remove("textPayload");
    in_object["jsonPayload"] = serde_json::from_str(object).unwrap();
    let in_cluster = json!({
        "logName": "projects/p/logs/client-accesslog-stackdriver", "timestamp": "2026-11-20T09:00:01.5Z",
        "resource": {"type": "k8s_pod", "labels": {"project_id": "p", "location": "us-central1", "pod_name": "i1"}},
        "labels": {"response_details": "route_not_found", "response_flag": "NR"},
        "httpRequest": {"requestMethod": "GET", "requestUrl": "http://mesh.test/nothing-here", "status": 404}});
    let rule = [access(
        "NR",
        AccessMatch {
            flags: vec!["NR".into()],
            status: vec![404],
            ..AccessMatch::default()
        },
        &[],
    )];
    let mut all = Vec::new();
    for line in [
        entry(1, line),
        entry(1, object),
        in_object.to_string(),
        in_cluster.to_string(),
    ] {
        let groups = scan(&logs("e.ndjson", &line), &rule, &BTreeSet::new())
            .unwrap()
            .groups;
        assert_eq!(groups.len(), 1, "{line}");
        assert_eq!(groups[0].instances, BTreeSet::from(["i1".to_owned()]));
        all.push(groups[0].clone());
    }
    assert!(all.iter().all(|group| group.captures == all[0].captures));
    assert_eq!(
        (all[0].origin.service.as_str(), all[0].origin.resource.as_str()),
        ("web", "")
    );
    assert_eq!(
        (all[3].origin.service.as_str(), all[3].origin.resource.as_str()),
        ("", "k8s_pod")
    );
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
    let rule = [message(
        "N",
        r"(?s)ClusterLoadAssignment rejected: .*Priority: value must be less than or equal to (?P<max>\d+)",
        &["max"],
    )];
    let groups = scan(&logs("e.ndjson", lines.join("\n")), &rule, &BTreeSet::new())
        .unwrap()
        .groups;
    let told: Vec<_> = groups
        .iter()
        .map(|g| (g.key["max"].as_str(), g.count, g.locator.as_str()))
        .collect();
    assert_eq!(told, [("128", 1, "e.ndjson:1"), ("99", 1, "e.ndjson:2")]);
    assert_eq!(groups[0].instances, BTreeSet::from([a.to_owned()]));
    assert_eq!(groups[0].excerpt.lines().count(), 22);
    lines.reverse();
    let reversed = scan(&logs("e.ndjson", lines.join("\n")), &rule, &BTreeSet::new())
        .unwrap()
        .groups;
    assert_eq!(reversed.len(), 2, "newest first, as gcloud prints them");
    assert_eq!(
        (&reversed[0].key, &reversed[0].excerpt),
        (&groups[0].key, &groups[0].excerpt)
    );
}

#[test]
fn twins_count_once_and_retries_each() {
    let rules = [
        message(
            "N",
            r"cds: cluster '(?P<name>[^']+)' config rejected: (?P<why>.*)",
            &["name"],
        ),
        message(
            "N",
            r"Error adding/updating cluster\(s\) (?P<name>[^:]+): ",
            &["name"],
        ),
    ];
    for ending in ["log", "json.log"] {
        let groups = scan_text(fixture(&format!("nack-cds-duplicate-cluster.{ending}")), &rules);
        assert_eq!((groups.len(), groups[0].count), (1, 1), "{ending}");
        assert!(groups[0].captures.contains_key("why"));
    }
    let bind = [message("B", "cannot bind '(?P<a>[^']+)'", &["a"])];
    for ending in ["log", "json.log"] {
        assert_eq!(
            scan_text(fixture(&format!("start-admin-port-in-use.{ending}")), &bind)[0].count,
            1,
            "{ending}"
        );
    }
    let retries: Vec<String> = (1..=3).map(|second| entry(second, "cannot bind 'x'")).collect();
    let group = &scan(&logs("e.ndjson", retries.join("\n")), &bind, &BTreeSet::new())
        .unwrap()
        .groups[0];
    assert_eq!((group.count, group.locator.as_str()), (3, "e.ndjson:3"));
    assert_eq!(group.first.unwrap().to_string(), "2026-11-20T09:00:01.5Z");
    assert_eq!(group.last.unwrap().to_string(), "2026-11-20T09:00:03.5Z");
}
