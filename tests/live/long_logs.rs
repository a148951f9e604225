//! Logs that say one thing ten thousand times and another once: what is said once is found, and no count passes for whole.
use crate::common::replayed::{Replayed, collector, gist};
use crate::common::{Run, Sandbox, base, files, repository};
use meshdoctor::logs::{self, Is, Repeats};
use meshdoctor::rules::RuleSet;
use meshdoctor::snapshot::Blob;
use regex::Regex;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::PathBuf;

/// More than this of one kind is in the world; less is read.
const MOST: usize = 7_000;

/// Entries of the last hour, from the oldest on.
struct Log {
    text: String,
    count: u32,
}

impl Log {
    /// Entries four at a time, from 08:36 on.
    fn add(&mut self, resource: &str, log: &str, mut entry: Value) {
        let (n, ms) = (self.count, self.count / 4 * 640);
        let time = format!(
            "2026-11-20T{:02}:{:02}:{:02}.{:03}Z",
            8 + (36 * 60_000 + ms) / 3_600_000,
            (36 + ms / 60_000) % 60,
            ms / 1000 % 60,
            ms % 1000
        );
        let labels = match resource {
            "cloud_run_revision" => {
                json!({"project_id": "mesh-prod", "location": "us-central1", "service_name": "fortio", "revision_name": "fortio-00003-abc"})
            }
            _ => {
                json!({"project_id": "mesh-prod", "location": "us-central1", "pod_name": "ads-1", "namespace_name": "default"})
            }
        };
        entry["insertId"] = format!("entry-{n}").into();
        entry["logName"] = format!("projects/mesh-prod/logs/{log}").into();
        entry["resource"] = json!({"type": resource, "labels": labels});
        entry["timestamp"] = time.into();
        writeln!(self.text, "{entry}").unwrap();
        self.count += 1;
    }

    fn service(&mut self, entry: Value) {
        self.add("cloud_run_revision", "run.googleapis.com%2Fstdout", entry);
    }

    /// The sidecar's access log.
    fn call(&mut self, host: &str, result: &str) {
        let n = self.count;
        let line = format!(
            "[2026-11-20T09:00:{:02}.{:03}Z] \"GET /items/{n} HTTP/1.1\" {result} 0 {n} {} - \"-\" \"Go-http-client/1.1\" \
             \"{n:08x}-1a2b-4c3d-8e4f-{n:012x}\" \"{host}\" \"-\" outbound|80||ads.default.svc.cluster.local - \
             10.0.{}.{}:80 10.8.0.2:{n} - default",
            n % 60,
            n % 1000,
            n % 97,
            n % 7,
            n % 250
        );
        self.service(json!({"textPayload": line}));
    }

    /// The access log of a proxy in the cluster.
    fn served(&mut self, host: &str, status: u16, flag: &str, details: &str) {
        let n = self.count;
        self.add(
            "k8s_container",
            "server-accesslog-stackdriver",
            json!({
                "severity": "WARNING",
                "httpRequest": {"requestMethod": "GET", "requestUrl": format!("http://{host}/items/{n}"), "status": status, "latency": "0.01s"},
                "labels": {"response_flag": flag, "response_details": details, "request_id": format!("{n:012x}")},
            }),
        );
    }
}

/// The healthy world, whose log holds each rare thing at its oldest end and one among what is common.
fn world(sandbox: &Sandbox) -> PathBuf {
    for (path, content) in files(&base()) {
        sandbox.write(&format!("w/{path}"), content);
    }
    let mut log = Log {
        text: String::new(),
        count: 0,
    };
    log.call("shop.mesh.private", "404 NR route_not_found - \"-\"");
    log.service(
        json!({"textPayload": "dial tcp: lookup cart.mesh.private on 169.254.169.254:53: no such host"}),
    );
    log.served(
        "pay.mesh.private",
        403,
        "-",
        "rbac_access_denied_matched_policy[ns[default]-policy[p]-rule[0]]",
    );
    for n in 0..9_000 {
        match n % 6 {
            0..=2 => log.call("ads.mesh.private", "503 UH no_healthy_upstream - \"-\""),
            3 => log.service(json!({"severity": "WARNING", "textPayload": format!(
                "[2026-11-20 09:00:00.{:03}][{n}][warning][config] [./source/x.h:226] StreamAggregatedResources gRPC config stream to \
                 trafficdirector closed since {n}s ago: 16, Request had invalid credentials", n % 1000)})),
            4 => log.service(json!({"severity": "WARNING", "textPayload": format!("order {n} of customer {} is late", n * 7)})),
            _ => log.service(json!({"jsonPayload": {
                "response_code": 503, "response_flags": "UF", "response_code_details": "upstream_reset_before_response_started{connection_timeout}",
                "authority": "ads.mesh.private", "path": format!("/items/{n}"), "upstream_transport_failure_reason": null, "duration": n % 90,
                "request_id": format!("{n:08x}-1a2b-4c3d-8e4f-{n:012x}"), "user_agent": "curl/8.5.0",
            }})),
        }
        // One more host of the same trouble, long ago.
        if n == 700 {
            log.call("old.mesh.private", "503 UH no_healthy_upstream - \"-\"");
        }
        log.served("ads.mesh.private", 503, "UH", "no_healthy_upstream");
    }
    sandbox.write("w/logging/mesh-prod/entries.ndjson", &log.text);
    sandbox.path("w")
}

fn finding<'a>(report: &'a Value, code: &str, subject: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings
        .iter()
        .find(|f| f["code"] == code && f["subject"]["name"].as_str().unwrap().contains(subject));
    found.unwrap_or_else(|| panic!("no {code} of {subject}"))
}

#[test]
fn what_a_long_log_says_once_is_found_and_what_it_says_often_is_a_lower_bound() {
    let sandbox = Sandbox::new();
    let world = world(&sandbox);
    let folder = sandbox
        .run(["check", world.to_str().unwrap(), "-o", "json"])
        .json();
    let replayed = Replayed::new(&sandbox, &world, None);
    let most = MOST.to_string();
    let flags = ["-o", "json", "--timeout", "550s", "--max-log-entries", &most];
    let live: Run = replayed.check(&sandbox, &flags);
    let report = live.json();
    assert_eq!(gist(&report), gist(&folder), "{}", live.stderr);

    let logging = collector(&report, "logging");
    assert_eq!(logging["status"], "OK", "{logging}");
    assert!(logging["items"].as_u64().unwrap() < 15_000, "{logging}");
    assert!(
        logging["notes"][0].as_str().unwrap().contains("lower bounds"),
        "{logging}"
    );
    let warnings = report["warnings"].to_string();
    assert!(
        warnings.contains("mesh-prod") && warnings.contains("lower bounds"),
        "{warnings}"
    );

    let often = finding(&report, "MD823", "ads.mesh.private");
    assert_eq!(often["evidence"][0]["atLeast"], true, "{often}");
    assert!(often["summary"].as_str().unwrap().contains("at least"), "{often}");
    for (code, subject) in [
        ("MD821", "shop.mesh.private"),
        ("MD831", "cart.mesh.private"),
        ("MD823", "old.mesh.private"),
        ("MD826", "pay.mesh.private"),
    ] {
        let once = finding(&report, code, subject);
        assert_eq!(once["evidence"][0]["count"], 1, "{once}");
        assert!(once["evidence"][0]["atLeast"].is_null(), "{once}");
        assert_eq!(
            once["evidence"][0]["firstSeen"],
            finding(&folder, code, subject)["evidence"][0]["firstSeen"]
        );
    }
    let table = replayed.check(&sandbox, &flags[2..]);
    assert!(table.stdout.contains("at least "), "{}", table.said());
}

/// An entry of one service, one of many instances.
fn log_entry(text: &str, n: usize) -> String {
    json!({
        "insertId": format!("{n}"),
        "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
        "resource": {"type": "cloud_run_revision", "labels": {"project_id": "p", "location": "l", "service_name": "web"}},
        "labels": {"instanceId": format!("{n}")},
        "timestamp": "2026-11-20T09:00:00Z",
        "textPayload": text,
    })
    .to_string()
}

/// The line with each of its numbers made another, one at a time.
fn with_other_numbers(line: &str) -> Vec<String> {
    let mut others = vec![line.to_owned()];
    let mut at = 0;
    while let Some(start) = line[at..]
        .find(|c: char| c.is_ascii_digit())
        .map(|found| at + found)
    {
        let end = line[start..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(line.len(), |length| start + length);
        for number in ["3", "5", "7", "8", "14", "16", "404", "503"] {
            others.push(format!("{}{number}{}", &line[..start], &line[end..]));
        }
        at = end;
    }
    others
}

#[test]
fn what_is_left_out_of_a_long_log_tells_nothing_that_was_not_told() {
    let rules = RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}"));
    let signatures: Vec<_> = rules
        .rules
        .iter()
        .flat_map(|rule| rule.signatures.clone())
        .collect();
    let told = |lines: &[&String]| {
        let entries: Vec<String> = lines
            .iter()
            .enumerate()
            .map(|(n, line)| log_entry(line, n))
            .collect();
        let blob = Blob::memory("entries.ndjson", entries.join("\n").into_bytes());
        let logs = BTreeMap::from([("p".into(), vec![blob])]);
        let groups = logs::scan(&logs, &signatures, &BTreeSet::new()).unwrap().groups;
        groups
            .into_iter()
            .map(|group| (group.code, group.key))
            .collect::<BTreeSet<_>>()
    };
    let genuine = files(&repository().join("fixtures/envoy-logs"));
    let genuine: BTreeSet<String> = genuine
        .iter()
        .filter(|(name, _)| !name.ends_with(".json.log"))
        .flat_map(|(_, text)| {
            String::from_utf8_lossy(text)
                .lines()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    let corpus: Vec<String> = genuine.iter().flat_map(|line| with_other_numbers(line)).collect();
    let mut shapes = 0;
    for line in &genuine {
        let page: Vec<String> = (0..300).map(|n| log_entry(line, n)).collect();
        let mut repeats = Repeats::new(&signatures);
        repeats.read(page.iter().map(String::as_str));
        for shape in repeats.known() {
            shapes += 1;
            let pattern = shape.iter().find_map(|term| match &term.is {
                Is::Like(pattern) => Some(Regex::new(pattern).unwrap()),
                _ => None,
            });
            let pattern = pattern.unwrap();
            let left_out: Vec<&String> = corpus.iter().filter(|other| pattern.is_match(other)).collect();
            assert!(left_out.contains(&line), "{line}");
            assert_eq!(told(&left_out), told(&[line]), "{line}\n{pattern}");
        }
    }
    assert!(
        shapes > 20,
        "{shapes} lines of {} could be left out",
        genuine.len()
    );
}

#[test]
fn a_log_that_was_cut_short_is_no_whole_one_over_the_wire() {
    let sandbox = Sandbox::new();
    let world = sandbox.path("cut");
    for (path, mut content) in files(&base()) {
        if path == "bundle.json" {
            let mut manifest: Value = serde_json::from_slice(&content).unwrap();
            manifest["collectors"][1] = json!({
                "name": "logging", "status": "PARTIAL", "error": "read the logs of mesh-prod: 401 UNAUTHENTICATED: too late",
            });
            content = manifest.to_string().into_bytes();
        }
        sandbox.write(&format!("cut/{path}"), content);
    }
    let from_folder = sandbox
        .run(["check", world.to_str().unwrap(), "-o", "json"])
        .ended(3)
        .json();
    // Pages that end with the log, before it, and behind it.
    for page in ["1", "8", "1000"] {
        let replayed = Replayed::with(&sandbox, &world, None, &["--page-size", page]);
        let live = replayed.check(&sandbox, &["-o", "json"]).ended(3).json();
        assert_eq!(gist(&live), gist(&from_folder), "{page} a page");
        let logging = collector(&live, "logging");
        assert_eq!(
            (&logging["status"], &logging["items"]),
            (&"PARTIAL".into(), &8.into()),
            "{logging}"
        );
        assert!(
            logging["error"].as_str().unwrap().contains("too late"),
            "{logging}"
        );
    }
}
