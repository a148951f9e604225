//! What is about a host: a URL that is asked for, a route that is left over, and which paths a finding is on. Whole worlds, each the
//! healthy one with one change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, fixture_world, repository, world};
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::table::{self, TableOptions};
use meshdoctor::report::v1::{Report, hop, report};
use meshdoctor::rules::engine::Selection;
use meshdoctor::rules::fixture::{self, Fixture};
use meshdoctor::rules::{Layer, RuleSet};
use meshdoctor::snapshot::read;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

const ROUTES: &str = "kubernetes/prod/virtualservices.networking.istio.io.json";

fn check(path: &Path, flags: &[&str]) -> Run {
    let mut arguments = vec!["check", path.to_str().unwrap()];
    arguments.extend(flags);
    Sandbox::new().run(arguments)
}

/// The report of such a world.
fn diagnosed(changes: &str) -> Report {
    let s = Sandbox::new();
    let snapshot = read::read(&[world(&s, changes)], &read::Options::default()).unwrap();
    diagnose(&snapshot, &RuleSet::built_in().unwrap(), &Selection::default()).unwrap()
}

/// `CLIENT -> HOST: LAYER STATUS CODES` of every hop that is neither ok nor unknown.
fn marks(report: &Report) -> Vec<String> {
    let mut marks = Vec::new();
    for path in &report.path {
        let host = path.host.trim_end_matches(".mesh.private");
        for hop in &path.hops {
            let word = match hop.status() {
                hop::Status::Broken => "BROKEN",
                hop::Status::Degraded => "DEGRADED",
                _ => continue,
            };
            let codes = hop.findings.join(" ");
            marks.push(format!("{} -> {host}: {} {word} {codes}", path.client, hop.layer));
        }
    }
    marks.sort();
    marks
}

/// Codes of root causes.
fn causes(report: &Report) -> Vec<&str> {
    let root = meshdoctor::report::v1::finding::Role::RootCause;
    let causes = report.findings.iter().filter(|f| f.role() == root);
    causes.map(|f| f.code.as_str()).collect()
}

fn hops(report: &Value, host: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let paths = report["path"].as_array().unwrap();
    let path = paths.iter().find(|p| p["host"] == host).unwrap();
    let hops = path["hops"].as_array().unwrap().iter();
    hops.map(|h| (text(&h["layer"]), text(&h["status"]))).collect()
}

#[test]
fn a_url_whose_host_nobody_names_is_an_error_and_a_path_of_its_own() {
    let run = check(&base(), &["--url", "http://adz.mesh.private/x", "-o", "json"]);
    let report = run.ended(1).json();
    assert_eq!(report["verdict"], "UNHEALTHY");
    assert_eq!(run.codes(), ["MD501"]);
    let found = &report["findings"][0];
    assert_eq!(found["subject"]["kind"], "Host");
    assert_eq!(found["subject"]["name"], "adz.mesh.private");
    // What was meant, and where it was looked for.
    let why = found["explanation"].as_str().unwrap();
    assert!(
        why.contains("No VirtualService of prod names the host at all; there is ads.mesh.private"),
        "{why}"
    );
    assert!(found["evidence"].to_string().contains(ROUTES));
    // The wildcard record answers for it; where it leads nobody can tell.
    let expected = [
        ("iam", "OK"),
        ("cloud-run", "OK"),
        ("dns", "OK"),
        ("network", "UNKNOWN"),
        ("control-plane", "OK"),
        ("routing", "BROKEN"),
        ("workload", "UNKNOWN"),
        ("policy", "UNKNOWN"),
        ("dataplane", "OK"),
    ];
    let expected: Vec<_> = expected.map(|(l, s)| (l.to_owned(), s.to_owned())).into();
    assert_eq!(hops(&report, "adz.mesh.private"), expected);
    for host in ["ads.mesh.private", "cart.mesh.private"] {
        assert!(hops(&report, host).iter().all(|(_, status)| status == "OK"));
    }
    let screen = check(&base(), &["--url", "http://adz.mesh.private/x"]);
    assert!(screen.stdout.contains("breaks 2 of 6 paths"), "{}", screen.said());
}

#[test]
fn a_url_whose_host_has_no_address_either_says_so_in_the_same_finding() {
    let run = check(&base(), &["--url", "http://billing.example.net", "-o", "json"]);
    assert_eq!(run.ended(1).codes(), ["MD501"]);
    let report = run.json();
    let why = report["findings"][0]["explanation"].as_str().unwrap();
    assert!(
        why.contains("Nor has the host an address on projects/mesh-prod/global/networks/default."),
        "{why}"
    );
    let dns = hops(&report, "billing.example.net").remove(2);
    assert_eq!(dns, ("dns".to_owned(), "UNKNOWN".to_owned()));
}

#[test]
fn a_url_whose_host_is_exported_changes_nothing() {
    let plain = check(&base(), &[]).ended(0).stdout.clone();
    for url in [
        "http://ads.mesh.private",
        "https://ADS.mesh.private.:8443/x?y#z",
        "http://ada:secret@cart.mesh.private/",
    ] {
        let run = check(&base(), &["--url", url]);
        assert_eq!(run.ended(0).stdout, plain, "{url}");
    }
}

#[test]
fn a_url_is_no_verdict_where_routes_were_not_listed() {
    let missing = "remove: [kubernetes/prod/virtualservices.networking.istio.io.json]";
    let none = "remove: [kubernetes]";
    let url = ["--url", "http://adz.mesh.private/", "-o", "json"];
    for changes in [missing, none] {
        let s = Sandbox::new();
        let run = check(&world(&s, changes), &url);
        assert_eq!(run.ended(3).json()["verdict"], "INCONCLUSIVE", "{changes}");
        assert!(!run.codes().contains(&"MD501".to_owned()), "{}", run.said());
    }
    // One of two clusters is enough to doubt.
    let s = Sandbox::new();
    let run = check(
        &fixture_world(&s, "MD501", "near-miss-url-unread"),
        &["-o", "json"],
    );
    let report = run.ended(3).json();
    assert_eq!(report["verdict"], "INCONCLUSIVE");
    let checks = report["checks"].as_array().unwrap();
    let own = checks.iter().find(|c| c["code"] == "MD501").unwrap();
    assert_eq!(own["status"], "SKIPPED");
    assert!(own["reason"].as_str().unwrap().contains("west"), "{own}");
}

#[test]
fn manifests_alone_are_enough_to_tell_that_nobody_names_the_host() {
    let s = Sandbox::new();
    let manifests = s.take(ROUTES, "routes.json");
    let flags = ["--rule", "MD501", "-o", "json", "--url"];
    let told = |url| check(&manifests, &[&flags[..], &[url]].concat());
    assert_eq!(told("http://adz.mesh.private/").ended(1).codes(), ["MD501"]);
    assert!(told("http://ads.mesh.private/").ended(0).codes().is_empty());
}

#[test]
fn what_is_no_url_is_refused_by_every_way_in() {
    let refused = |run: &Run, place: &str, problem: &str| {
        run.ended(2);
        assert!(run.stdout.is_empty(), "{}", run.said());
        for text in [place, problem, "\n  remedy: ", "http://ads.mesh.private/"] {
            assert!(run.stderr.contains(text), "no {text:?} in {}", run.said());
        }
    };
    for (url, problem) in [
        ("ads.mesh.private", "no scheme"),
        ("ftp://ads.mesh.private/", "its scheme is \"ftp\""),
        ("http://", "names no host"),
        ("http://:80/x", "names no host"),
        ("http://ads mesh/", "space"),
        ("http://ads.mesh.private:http/", "\"http\" is no port"),
        ("", "no scheme"),
    ] {
        refused(&check(&base(), &["--url", url]), "--url", problem);
    }
    let s = Sandbox::new();
    let variable = common::finish(
        s.program()
            .env("MESHDOCTOR_URL", "ads.mesh.private")
            .arg("check")
            .arg(base()),
    );
    refused(&variable, "--url \"ads.mesh.private\"", "no scheme");
    let output = s.path("b.tar.zst");
    let bundle = s.run([
        "bundle",
        "create",
        "--url",
        "http://",
        "-o",
        output.to_str().unwrap(),
        base().to_str().unwrap(),
    ]);
    refused(&bundle, "--url", "names no host");
    assert!(!output.exists());
    // Live, the configuration file may say it.
    let file = s.write("m.toml", "project = \"mesh-prod\"\nurl = \"ads.mesh.private\"\n");
    let live = s.run(["check", "--config", file.to_str().unwrap()]);
    refused(&live, file.to_str().unwrap(), "no scheme");
}

#[test]
fn the_password_of_a_url_that_is_refused_is_not_shown() {
    let run = check(
        &base(),
        &["--url", "http://ada:hunter2secret@ads.mesh.private:x/"],
    );
    run.ended(2);
    assert!(!run.said().contains("hunter2secret"), "{}", run.said());
}

#[test]
fn a_bundle_with_a_url_that_is_none_is_read_with_a_warning() {
    let s = Sandbox::new();
    let changes = "patch: [{file: bundle.json, ops: [{op: add, path: /scope/url, value: ads}]}]";
    let run = check(&world(&s, changes), &["-o", "json"]);
    let warnings = run.ended(0).json()["warnings"].to_string();
    assert!(
        warnings.contains("is not looked at: it has no scheme"),
        "{warnings}"
    );
    let fresh = check(
        &s.path("world"),
        &["--url", "http://ads.mesh.private/", "-o", "json"],
    );
    assert_eq!(fresh.ended(0).json()["warnings"], Value::Array(Vec::new()));
}

/// A line of the access log: no route for a host.
fn no_route(host: &str) -> String {
    format!(
        "logs: [{{service: fortio, severity: INFO, text: '[2026-11-20T09:20:01.101Z] \"GET /x HTTP/1.1\" 404 NR route_not_found - \"-\" \
         0 0 0 - \"-\" \"curl/7.88.1\" \"e4ad6716-4a88-4a6d-a416-71369dcdedb9\" \"{host}\" \"-\" - - 127.0.0.1:23005 127.0.0.1:55368 - -'}}]"
    )
}

/// A change to one file.
fn patch(file: &str, ops: &str) -> String {
    format!("patch: [{{file: {file}, ops: [{ops}]}}]")
}

#[test]
fn a_finding_is_on_the_paths_that_it_is_about_and_on_no_other() {
    let csds = "csds/mesh-prod/client-status.json";
    let run = "cloud-run/mesh-prod/us-central1";
    let services = "kubernetes/prod/services.json";
    let records = "dns/mesh-prod/zones/mesh-private/rrsets.json";
    let own_record = |address: &str| {
        format!(
            "{{op: add, path: /rrsets/-, value: {{name: cart.mesh.private., type: A, ttl: 300, rrdatas: [{address}]}}}}"
        )
    };
    let refused = |place: usize| {
        format!(
            "{{op: replace, path: /config/0/genericXdsConfigs/{place}/configStatus, value: ERROR}}, \
             {{op: add, path: /config/0/genericXdsConfigs/{place}/errorState, value: {{details: 'a value must be greater than 0s'}}}}"
        )
    };
    let worlds: [(&str, String, &[&str], &[&str]); 12] = [
        (
            "calls to a host that nobody exports",
            no_route("nosuch.mesh.private"),
            &["MD821"],
            &[],
        ),
        (
            "calls to a host that is exported, by one client",
            no_route("cart.mesh.private"),
            &["MD821"],
            &["fortio -> cart: dataplane BROKEN MD821"],
        ),
        (
            "one host has an address that one client's egress does not send into the VPC",
            patch(records, &own_record("203.0.113.10")),
            // MD211 is a symptom of the record.
            &["MD305"],
            &[
                "fortio -> cart: cloud-run BROKEN MD211",
                "fortio -> cart: dns BROKEN MD305",
                "shop -> cart: dns BROKEN MD305",
            ],
        ),
        (
            "a client has no VPC egress",
            format!(
                "patch: [{{file: {run}/services.json, ops: [{{op: remove, path: /services/0/template/vpcAccess}}]}}, \
                 {{file: {run}/revisions.json, ops: [{{op: remove, path: /revisions/0/vpcAccess}}]}}]"
            ),
            &["MD204"],
            &[
                "fortio -> ads: cloud-run BROKEN MD204",
                "fortio -> cart: cloud-run BROKEN MD204",
            ],
        ),
        (
            "one client's route table lacks one host",
            patch(
                csds,
                "{op: remove, path: /config/0/genericXdsConfigs/1/xdsConfig/virtualHosts/1}",
            ),
            &["MD415"],
            &["fortio -> cart: control-plane BROKEN MD415"],
        ),
        (
            "one cluster is missing at one client and without endpoints at another",
            patch(
                csds,
                "{op: remove, path: /config/0/genericXdsConfigs/4}, {op: remove, path: /config/1/genericXdsConfigs/5/xdsConfig/endpoints}",
            ),
            &["MD416", "MD417"],
            &[
                "fortio -> cart: control-plane BROKEN MD416",
                "shop -> cart: control-plane BROKEN MD417",
            ],
        ),
        (
            "one client refuses the cluster of one host",
            patch(csds, &refused(2)),
            &["MD413"],
            &["fortio -> ads: control-plane BROKEN MD413"],
        ),
        (
            "one client refuses a cluster that no exported host uses",
            patch(
                csds,
                &format!(
                    "{{op: copy, from: /config/0/genericXdsConfigs/2, path: /config/0/genericXdsConfigs/6}}, {}, \
                     {{op: replace, path: /config/0/genericXdsConfigs/6/name, value: another}}",
                    refused(6)
                ),
            ),
            &["MD413"],
            &[],
        ),
        (
            "the Service behind one host selects nothing",
            patch(
                services,
                "{op: replace, path: /items/0/spec/selector, value: {app: nothing-like-it}}",
            ),
            &["MD601"],
            &[
                "fortio -> ads: workload BROKEN MD601",
                "shop -> ads: workload BROKEN MD601",
            ],
        ),
        (
            "an export uses a field that is ignored",
            patch(ROUTES, "{op: add, path: /items/0/spec/exportTo, value: [.]}"),
            &["MD507"],
            &[
                "fortio -> ads: routing DEGRADED MD507",
                "shop -> ads: routing DEGRADED MD507",
            ],
        ),
        (
            "an export is gone, and its route is not",
            patch(ROUTES, "{op: remove, path: /items/0}"),
            &["MD419"],
            &[],
        ),
        (
            "a control plane that is not Traffic Director",
            patch(
                "fleet/mesh-prod/features.json",
                "{op: replace, path: /resources/0/membershipStates/projects~1525300120045~1locations~1us-central1~1memberships~1prod/servicemesh/controlPlaneManagement/implementation, value: ISTIOD}",
            ),
            &["MD403"],
            &[
                "fortio -> ads: control-plane BROKEN MD403",
                "fortio -> cart: control-plane BROKEN MD403",
                "shop -> ads: control-plane BROKEN MD403",
                "shop -> cart: control-plane BROKEN MD403",
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (about, changes, codes, expected) in worlds {
        let report = diagnosed(&changes);
        if causes(&report) != codes || marks(&report) != expected {
            wrong.push(format!("{about}: {:?} {:#?}", causes(&report), marks(&report)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_cause_that_is_on_no_path_says_so() {
    let s = Sandbox::new();
    let screen = check(&world(&s, &no_route("nosuch.mesh.private")), &[]);
    let first = screen
        .ended(1)
        .stdout
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(
        first,
        "UNHEALTHY  1 root cause (critical), on none of the 4 paths"
    );
}

#[test]
fn a_route_left_over_is_a_warning_and_where_the_export_was_changed_its_symptom() {
    let s = Sandbox::new();
    let gone = check(&fixture_world(&s, "MD419", "fires"), &[]);
    let first = gone.ended(0).stdout.lines().next().unwrap_or_default().to_owned();
    assert!(
        first.starts_with("HEALTHY, with warnings  2 paths without a fault"),
        "{first}"
    );
    assert!(gone.stdout.contains("MD419"), "{}", gone.said());
    let changed = check(&fixture_world(&s, "MD419", "fires-not-exported"), &["-o", "json"]);
    let report = changed.ended(1).json();
    let left = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == "MD419");
    let left = left.unwrap();
    assert_eq!(left["role"], "SYMPTOM");
    assert!(
        left["explainedBy"][0].as_str().unwrap().starts_with("MD501/"),
        "{left}"
    );
}

/// The first line of the screen.
fn headline(report: &Report) -> String {
    let options = TableOptions {
        width: 200,
        color: false,
        quiet: false,
        verbose: false,
    };
    table::render(report, &options)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn no_screen_is_better_than_its_paths() {
    let fixtures = repository().join("fixtures");
    let set = RuleSet::built_in().unwrap();
    let (mut warned, mut wrong) = (BTreeSet::new(), Vec::new());
    for rule in set
        .rules
        .iter()
        .filter(|rule| rule.file.layer != Layer::Collection)
    {
        for path in fixture::files(&fixtures, rule.code()).unwrap() {
            let fixture: Fixture = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
            let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
            let marks = marks(&report);
            let line = headline(&report);
            let broken = marks.iter().any(|mark| mark.contains(" BROKEN "));
            let coherent = match report.verdict() {
                report::Verdict::Healthy if marks.is_empty() => !line.contains("degraded"),
                report::Verdict::Healthy => {
                    warned.insert(rule.code().to_owned());
                    !broken
                        && line.starts_with("HEALTHY, with warnings")
                        && line.contains(" degraded, none broken")
                }
                report::Verdict::Unhealthy => broken == line.contains(" break") || report.path.is_empty(),
                _ => !broken && line.starts_with("INCONCLUSIVE"),
            };
            if !coherent {
                wrong.push(format!("{}: {line}\n  {marks:?}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(warned.len() > 5, "{warned:?}");
}
