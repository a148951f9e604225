//! Support bundles: they give the diagnosis that their evidence gave, hold no secret, and show every change.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Sandbox, base, files, repository};
use envoy_types::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption, Node};
use envoy_types::pb::envoy::config::route::v3::RouteConfiguration;
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;
use envoy_types::pb::envoy::service::status::v3::{ClientConfig, ClientStatusResponse};
use envoy_types::pb::google::protobuf::{Any, Struct, Value as ProtoValue, value};
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::v1::Report;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read::{self, Fault, Options};
use meshdoctor::snapshot::write::{self, Key, Level, Redaction};
use proptest::prelude::*;
use prost::Message;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

fn redaction(level: Level) -> Redaction {
    Redaction {
        level,
        patterns: Vec::new(),
        key: Key::from_text("test"),
    }
}

/// Writes a bundle of a path.
fn bundle(from: &Path, to: &Path, level: Level) {
    let snapshot = read::read(&[from.to_owned()], &Options::default()).unwrap();
    write::bundle(&snapshot, &redaction(level), to).unwrap();
}

fn report(path: &Path, rules: &RuleSet) -> Report {
    let snapshot = read::read(&[path.to_owned()], &Options::default()).unwrap();
    diagnose(&snapshot, rules, &Selection::default()).unwrap()
}

/// What a diagnosis says, without the words that a redaction may change.
fn said(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .findings
        .iter()
        .map(|f| {
            json!([
                f.id,
                f.role,
                f.severity,
                f.confidence,
                f.explained_by,
                f.evidence.len(),
                f.fixes.len(),
                f.fixes
                    .iter()
                    .flat_map(|x| x.commands.clone())
                    .collect::<Vec<_>>()
            ])
        })
        .collect();
    let checks: Vec<Value> = report
        .checks
        .iter()
        .map(|c| json!([c.code, c.status, c.subjects, c.reason]))
        .collect();
    let path: Vec<Value> = report
        .path
        .iter()
        .map(|p| {
            json!([
                p.client,
                p.host,
                p.hops
                    .iter()
                    .map(|h| json!([h.layer, h.status, h.findings]))
                    .collect::<Vec<_>>()
            ])
        })
        .collect();
    json!([
        report.verdict,
        report.reasons,
        report.collected_at,
        path,
        findings,
        checks,
        report.warnings
    ])
}

fn incidents() -> Vec<PathBuf> {
    let folder = repository().join("fixtures/incidents");
    let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.filter(|path| path.is_dir()).collect();
    paths.sort();
    assert!(paths.len() >= 22);
    paths
}

#[test]
fn a_bundle_of_every_incident_gives_the_same_diagnosis() {
    let sandbox = Sandbox::new();
    let rules = RuleSet::with(&[]).unwrap();
    for path in incidents() {
        let to = sandbox.path("bundle.tar.zst");
        let before = said(&report(&path, &rules));
        for level in [Level::Off, Level::Default] {
            bundle(&path, &to, level);
            let after = said(&report(&to, &rules));
            assert_eq!(before, after, "{} ({level:?})", path.display());
        }
    }
}

#[test]
fn strict_hides_names_and_addresses_and_keeps_what_is_found() {
    let sandbox = Sandbox::new();
    let rules = RuleSet::with(&[]).unwrap();
    for path in incidents() {
        let to = sandbox.path("bundle.tar.zst");
        bundle(&path, &to, Level::Strict);
        let (before, after) = (report(&path, &rules), report(&to, &rules));
        let codes = |report: &Report| {
            let mut codes: Vec<(String, i32)> =
                report.findings.iter().map(|f| (f.code.clone(), f.role)).collect();
            codes.sort();
            codes
        };
        assert_eq!(before.verdict, after.verdict, "{}", path.display());
        assert_eq!(codes(&before), codes(&after), "{}", path.display());
        let text = unpacked(&to);
        let snapshot = read::read(std::slice::from_ref(&path), &Options::default()).unwrap();
        for (project, iam) in &snapshot.projects {
            assert!(!text.contains(project.as_str()), "{}: {project}", path.display());
            let number = iam.project.as_ref().and_then(|p| p.number().map(str::to_owned));
            assert!(
                number.is_none_or(|number| !text.contains(&number)),
                "{}",
                path.display()
            );
        }
        for zone in snapshot.dns.values().flat_map(|dns| dns.zones.items()) {
            let name = zone.dns_name.trim_end_matches('.');
            let of_google = name.ends_with("googleapis.com") || name.ends_with("run.app");
            assert!(of_google || !text.contains(name), "{}: {name}", path.display());
        }
        for pod in snapshot.kubernetes.values().flat_map(|k| k.pods.items()) {
            let address = format!("\"{}\"", pod.status.pod_ip);
            assert!(
                pod.status.pod_ip.is_empty() || !text.contains(&address),
                "{address}"
            );
        }
    }
}

#[test]
fn equal_evidence_under_one_key_gives_equal_bytes_and_under_another_key_other_hashes() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/missing-client-role");
    let create = |name: &str, more: &[&str]| {
        let to = sandbox.path(name);
        let paths = [
            "bundle",
            "create",
            from.to_str().unwrap(),
            "-o",
            to.to_str().unwrap(),
        ];
        sandbox.run(paths.iter().chain(more)).ended(0);
        fs::read(to).unwrap()
    };
    let first = create("a.tar.zst", &["--redact-key", "k"]);
    assert!(first == create("b.tar.zst", &["--redact-key", "k"]));
    assert!(first != create("c.tar.zst", &["--redact-key", "other"]));
    assert!(
        create("d.tar.zst", &[]) != create("e.tar.zst", &[]),
        "each bundle has a key of its own"
    );
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
    // A bundle of a bundle: what was replaced is not replaced again.
    let again = sandbox.path("again.tar.zst");
    bundle(&sandbox.path("a.tar.zst"), &again, Level::Default);
    let checked = read::verify(&again).unwrap();
    let before = read::verify(&sandbox.path("a.tar.zst")).unwrap();
    assert_eq!(checked.manifest.files, before.manifest.files);
    assert_eq!(checked.manifest.redaction, before.manifest.redaction);
}

#[test]
fn a_directory_holds_what_the_archive_holds() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/wrong-mesh");
    let (folder, archive) = (sandbox.path("out/"), sandbox.path("b.tar.zst"));
    fs::create_dir(sandbox.path("out")).unwrap();
    for to in [&folder, &archive] {
        let to = to.to_str().unwrap();
        sandbox
            .run([
                "bundle",
                "create",
                from.to_str().unwrap(),
                "-o",
                to,
                "--redact-key",
                "k",
            ])
            .ended(0);
    }
    let listed = read::verify(&archive).unwrap().manifest.files;
    let found = files(&folder);
    assert!(
        found
            .keys()
            .filter(|path| *path != "bundle.json")
            .eq(listed.keys())
    );
    sandbox
        .run(["bundle", "verify", folder.to_str().unwrap()])
        .ended(0);
    let again = sandbox.run([
        "bundle",
        "create",
        from.to_str().unwrap(),
        "-o",
        folder.to_str().unwrap(),
    ]);
    assert!(
        again.ended(2).stderr.contains("there already"),
        "{}",
        again.said()
    );
}

#[test]
fn what_cannot_be_a_bundle_is_refused_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let run = sandbox.run(["bundle", "create", "x", "-o", "b", "--redact-pattern", "("]);
    run.ended(2);
    let bad = sandbox.write("kubernetes/prod/pods.json", "{\"items\": [");
    let run = sandbox.run([
        "bundle",
        "create",
        bad.parent()
            .unwrap()
            .parent()
            .unwrap()
            .parent()
            .unwrap()
            .to_str()
            .unwrap(),
        "-o",
        "b.tar.zst",
    ]);
    assert!(run.ended(2).stderr.contains("pods.json"), "{}", run.said());
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

/// All files of a bundle, one behind the other.
fn unpacked(bundle: &Path) -> String {
    let raw = zstd::stream::read::Decoder::new(fs::File::open(bundle).unwrap()).unwrap();
    let mut bytes = Vec::new();
    std::io::BufReader::new(raw).read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A small sealed bundle.
static SMALL: LazyLock<(Sandbox, Vec<u8>)> = LazyLock::new(|| {
    let sandbox = Sandbox::new();
    let policy = sandbox.take(
        "iam/projects/mesh-prod/policy.json",
        "w/iam/projects/mesh-prod/policy.json",
    );
    sandbox.take("kubernetes/prod/services.json", "w/kubernetes/prod/services.json");
    assert!(policy.exists());
    let to = sandbox.path("small.tar.zst");
    bundle(&sandbox.path("w"), &to, Level::Default);
    let bytes = fs::read(&to).unwrap();
    (sandbox, bytes)
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn verify_finds_any_flipped_byte(at in 0_usize..1 << 20, mask in 1_u8..) {
        let (sandbox, bytes) = &*SMALL;
        let mut bytes = bytes.clone();
        let at = at % bytes.len();
        bytes[at] ^= mask;
        let path = sandbox.write("flipped.tar.zst", &bytes);
        let checked = read::verify(&path).expect("it is a bundle still");
        prop_assert!(!checked.faults.is_empty(), "byte {at} ^ {mask}");
    }

    #[test]
    fn verify_finds_any_loss_at_the_end(lost in 1_usize..1 << 20) {
        let (sandbox, bytes) = &*SMALL;
        // Without exactly its seal it is a whole archive, as another program would have packed it.
        let left = bytes.len() - 1 - lost % (bytes.len() - 1);
        let path = sandbox.write("cut.tar.zst", &bytes[..left]);
        let whole = left == bytes.len() - 60;
        let found = read::verify(&path);
        prop_assert!(whole || found.is_err() || !found.unwrap().faults.is_empty(), "{left} bytes left");
    }
}

/// Packs files as another program would.
fn repack(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content.as_slice()).unwrap();
    }
    zstd::encode_all(tar.into_inner().unwrap().as_slice(), 3).unwrap()
}

#[test]
fn verify_names_what_is_altered_missing_or_extra_and_check_warns_of_it() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/healthy");
    let snapshot = read::read(&[from], &Options::default()).unwrap();
    let folder = sandbox.path("whole");
    write::directory(&snapshot, &redaction(Level::Default), &folder).unwrap();
    let whole = files(&folder);
    let path = sandbox.write("b.tar.zst", repack(&whole));
    sandbox.run(["bundle", "verify", path.to_str().unwrap()]).ended(0);
    let mut changed = whole.clone();
    let services = "kubernetes/harbor-eu/services.json";
    let nodes = "kubernetes/harbor-eu/nodes.json";
    changed.get_mut(services).unwrap().push(b' ');
    changed.remove(nodes).unwrap();
    changed.insert(
        "kubernetes/harbor-eu/late.json".into(),
        b"{\"items\": []}".to_vec(),
    );
    let path = sandbox.write("b.tar.zst", repack(&changed));
    let faults = read::verify(&path).unwrap().faults;
    let expected = [
        Fault::Missing(nodes.into()),
        Fault::Altered(services.into()),
        Fault::Extra("kubernetes/harbor-eu/late.json".into()),
    ];
    assert_eq!(faults, expected);
    let run = sandbox.run(["bundle", "verify", path.to_str().unwrap()]);
    for name in [services, nodes, "late.json"] {
        assert!(run.ended(1).stdout.contains(name), "{}", run.said());
    }
    let report = sandbox
        .run(["check", path.to_str().unwrap(), "-o", "json"])
        .json();
    assert_eq!(
        report["warnings"].as_array().unwrap().len(),
        3,
        "{}",
        report["warnings"]
    );
    for other in ["fixtures/incidents/healthy", "README.md"] {
        let run = sandbox.run(["bundle", "verify", repository().join(other).to_str().unwrap()]);
        assert!(run.ended(2).stderr.contains("not a bundle"), "{}", run.said());
    }
}

#[test]
fn inspect_shows_the_manifest() {
    let sandbox = Sandbox::new();
    let from = repository().join("fixtures/incidents/missing-client-role-policy-unreadable");
    let to = sandbox.path("b.tar.zst");
    bundle(&from, &to, Level::Default);
    let info = sandbox
        .run(["bundle", "inspect", to.to_str().unwrap(), "-o", "json"])
        .json();
    assert_eq!(info["schemaVersion"], "meshdoctor.bundle.v1");
    assert_eq!(info["redaction"]["level"], "default");
    assert!(info["files"].as_array().unwrap().len() > 30);
    let failed = |c: &&Value| c["status"] != "OK";
    let failed = info["collectors"]
        .as_array()
        .unwrap()
        .iter()
        .find(failed)
        .unwrap();
    assert!(failed["permissionNeeded"].as_str().is_some(), "{failed}");
    let page = sandbox.run(["bundle", "inspect", to.to_str().unwrap()]);
    assert!(
        page.ended(0).stdout.contains("redaction    default"),
        "{}",
        page.said()
    );
}

/// Every secret that the world below has, by what it is.
struct Planted(Vec<(&'static str, String)>);

impl Planted {
    /// Adds a secret and gives it back.
    fn put(&mut self, what: &'static str, secret: &str) -> String {
        self.0.push((what, secret.to_owned()));
        secret.to_owned()
    }
}

fn edit(sandbox: &Sandbox, path: &str, change: impl FnOnce(&mut Value)) {
    let file = sandbox.path(&format!("w/{path}"));
    let mut value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut value);
    fs::write(file, serde_json::to_string_pretty(&value).unwrap()).unwrap();
}

const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0";

/// The healthy world with more than 40 secrets in it.
fn planted(sandbox: &Sandbox) -> Planted {
    let mut p = Planted(Vec::new());
    for (path, content) in files(&base()) {
        sandbox.write(&format!("w/{path}"), content);
    }
    edit(sandbox, "cloud-run/mesh-prod/us-central1/services.json", |list| {
        let service = &mut list["services"][0];
        service["creator"] = json!(p.put("creator", "ada.planted@example.com"));
        service["annotations"] = json!({"note": format!("rotated, was {}", p.put("api key in an annotation", "AIzaSyPlanted00000000000000000000000001"))});
        service["template"]["containers"][0]["env"] = json!([
            {"name": "DB_PASSWORD", "value": p.put("env value", "planted-env-01")},
            {"name": "UPSTREAM", "value": format!("http://user:{}@ads.mesh.private:8080/?k={}", p.put("password in an env URL", "planted-url-02"), p.put("query in an env URL", "planted-query-03"))},
            {"name": "FROM_SECRET", "valueSource": {"secretKeyRef": {"secret": "projects/1/secrets/kept-secret-name", "version": "latest"}}}
        ]);
        service["template"]["containers"][0]["args"] = json!([
            "--api-token",
            p.put("flag's value", "planted-flag-04"),
            format!("--password={}", p.put("flag", "planted-flag-05"))
        ]);
    });
    edit(
        sandbox,
        "cloud-run/mesh-prod/us-central1/revisions.json",
        |list| {
            let revision = &mut list["revisions"][0];
            revision["containers"][0]["env"] = json!([{"value": p.put("env value of a revision", "planted env 06 \u{e9}\"quoted\""), "name": "TOKEN"}]);
            revision["containers"][0]["command"] = json!([
                "sh",
                "-c",
                format!(
                    "curl -H 'Authorization: Bearer {}' x",
                    p.put("bearer in a command", "planted.bearer-07")
                )
            ]);
        },
    );
    edit(sandbox, "kubernetes/prod/pods.json", |list| {
        let pod = &mut list["items"][0];
        pod["metadata"]["annotations"] = json!({
            "kubectl.kubernetes.io/last-applied-configuration": format!("{{\"spec\":{{\"x\":\"{}\"}}}}\n", p.put("last applied", "planted-applied-08")),
            "owner": p.put("owner", "grace.planted@example.org"),
        });
        pod["spec"]["containers"][0]["env"] =
            json!([{"name": "X", "value": p.put("env value of a pod", "planted-env-09")}]);
        pod["spec"]["containers"][0]["livenessProbe"] = json!({"httpGet": {"path": "/healthz", "httpHeaders": [{"name": "X-Partner", "value": p.put("probe header", "planted-header-10")}]}});
    });
    edit(
        sandbox,
        "kubernetes/prod/virtualservices.networking.istio.io.json",
        |list| {
            let spec = &mut list["items"][0]["spec"];
            spec["http"][0]["headers"] = json!({"request": {"set": {"x-internal": p.put("header set by a VirtualService", "planted-header-11")}}});
            spec["http"][0]["match"] = json!([{"headers": {"authorization": {"exact": p.put("header match", "planted-header-12")}}}, {"uri": {"prefix": "/"}}]);
        },
    );
    let secret = json!({"apiVersion": "v1", "kind": "SecretList", "items": [{"metadata": {"name": "s"}, "data": {"a": p.put("Secret's data", "cGxhbnRlZC0xMw==")}, "stringData": {"b": p.put("Secret's text", "planted-14")}}]});
    sandbox.write("w/kubernetes/prod/secrets.json", secret.to_string());
    let config = json!({"apiVersion": "v1", "kind": "ConfigMapList", "items": [{"metadata": {"name": "c"}, "data": {"a": p.put("ConfigMap's data", "planted-15")}}]});
    sandbox.write("w/kubernetes/prod/configmaps.json", config.to_string());
    edit(sandbox, "iam/projects/mesh-prod/policy.json", |policy| {
        let members = policy["bindings"][0]["members"].as_array_mut().unwrap();
        members.push(json!(format!(
            "user:{}",
            p.put("IAM member", "linus.planted@example.net")
        )));
    });
    edit(sandbox, "clusters/mesh-prod/clusters.json", |list| {
        list["clusters"][0]["masterAuth"] = json!({"username": "admin", "password": p.put("cluster password", "planted-16"), "clientKey": p.put("client key", "cGxhbnRlZC1rZXktMTc=")});
    });
    edit(sandbox, "csds/mesh-prod/client-status.json", |answer| {
        answer["config"][0]["node"]["metadata"]["GITHUB_TOKEN"] = json!(p.put("node metadata", "planted-18"));
        answer["config"][0]["node"]["metadata"]["note"] = json!(format!(
            "by {}",
            p.put("person in node metadata", "alan.planted@example.com")
        ));
    });
    sandbox.write("w/csds/mesh-prod/client-status-b.binpb", csds(&mut p));
    logs(sandbox, &mut p);
    p
}

/// A binary answer with secrets in its node and in a route.
fn csds(p: &mut Planted) -> Vec<u8> {
    let text = |text: String| ProtoValue {
        kind: Some(value::Kind::StringValue(text)),
    };
    let header = |key: &str, value: String| HeaderValueOption {
        header: Some(HeaderValue {
            key: key.into(),
            value,
            ..HeaderValue::default()
        }),
        ..HeaderValueOption::default()
    };
    let routes = RouteConfiguration {
        name: "routes-b".into(),
        request_headers_to_add: vec![
            header(
                "authorization",
                p.put("header in a route", "Basic cGxhbnRlZDoxOQ=="),
            ),
            header("x-partner", p.put("plain header in a route", "planted-20")),
        ],
        ..RouteConfiguration::default()
    };
    let any = |type_url: &str, value: Vec<u8>| Any {
        type_url: type_url.into(),
        value,
    };
    let config = |name: &str, any: Any| GenericXdsConfig {
        type_url: any.type_url.clone(),
        name: name.into(),
        xds_config: Some(any),
        ..GenericXdsConfig::default()
    };
    let route_type = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
    let unknown = format!(
        "\x0a\x18{}",
        p.put("text of a type that nobody knows", "sk_live_planted21planted")
    );
    let fields = [("SERVICE_TOKEN", text(p.put("binary node metadata", "planted-22")))];
    ClientStatusResponse {
        config: vec![ClientConfig {
            node: Some(Node {
                id: "projects/525300120045/networks/mesh:test-mesh/nodes/b".into(),
                metadata: Some(Struct {
                    fields: fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
                }),
                ..Node::default()
            }),
            generic_xds_configs: vec![
                config("routes-b", any(route_type, routes.encode_to_vec())),
                config(
                    "odd",
                    any("type.googleapis.com/com.example.Odd", unknown.into_bytes()),
                ),
            ],
            ..ClientConfig::default()
        }],
    }
    .encode_to_vec()
}

fn logs(sandbox: &Sandbox, p: &mut Planted) {
    let key = p.put("key in one line", "MIIEplanted23planted23planted23");
    let line_of_key = p.put(
        "line of a key",
        "MIIEplanted24planted24planted24planted24planted24planted24planted",
    );
    let texts = [
        format!(
            "sent Authorization: Bearer {}",
            p.put("bearer", "planted-bearer-25")
        ),
        format!(
            "authorization=Basic%20{}",
            p.put("basic, encoded", "cGxhbnRlZDoyNg==")
        ),
        format!("Cookie: theme=dark; SID={}", p.put("cookie", "planted-cookie-27")),
        format!(
            "Set-Cookie: JSESSIONID={}; HttpOnly",
            p.put("set-cookie", "planted-cookie-28")
        ),
        format!("token is {}", p.put("JWT", &format!("{JWT}.planted29"))),
        format!("using {}", p.put("Google's token", "ya29.planted30_planted")),
        format!(
            "key={}",
            p.put("API key", "AIzaSyPlanted00000000000000000000000031")
        ),
        format!("-----BEGIN RSA PRIVATE KEY-----\n{key}\n-----END RSA PRIVATE KEY-----"),
        "-----BEGIN PRIVATE KEY-----".into(),
        line_of_key,
        "-----END PRIVATE KEY-----".into(),
        format!(
            "dial postgres://app:{}@10.0.0.9/db failed",
            p.put("password in a URL", "planted32!x")
        ),
        format!(
            "password={} secret: {}",
            p.put("password", "planted-33"),
            p.put("secret", "planted-34")
        ),
        format!(
            "{{\"level\":\"info\",\"headers\":{{\"x-api-key\":\"{}\",\"cookie\":[\"{}\"]}}}}",
            p.put("header in JSON text", "planted-35"),
            p.put("cookie in JSON text", "planted-36")
        ),
        format!(
            "mail from {} refused",
            p.put("person in a log", "barbara.planted@example.com")
        ),
        format!("for {}", p.put("person, encoded", "edsger.planted%40example.com")),
        format!(
            "[2026-11-20T09:00:00.000Z] \"GET /slots?user={} HTTP/1.1\" 404 NR route_not_found - \"-\" 0 0 0 - \"-\" \"curl\" \"1\" \"ads.mesh.private\" \"-\" - - 10.0.0.1:80 10.0.0.2:1 - -",
            p.put("query in an access log", "planted-37")
        ),
        format!(
            "calling https://api.example.com/v1?sig={}&x=1",
            p.put("query in a text", "planted-38")
        ),
    ];
    let entry = |index: usize, payload: Value| {
        let mut entry = json!({
            "insertId": format!("planted{index}"), "logName": "projects/mesh-prod/logs/run.googleapis.com%2Fstdout",
            "resource": {"type": "cloud_run_revision", "labels": {"project_id": "mesh-prod", "service_name": "fortio", "location": "us-central1", "revision_name": "fortio-00003-abc"}},
            "timestamp": "2026-11-20T09:00:00Z"
        });
        entry
            .as_object_mut()
            .unwrap()
            .extend(payload.as_object().unwrap().clone());
        entry.to_string()
    };
    let mut lines: Vec<String> = texts
        .iter()
        .enumerate()
        .map(|(index, text)| entry(index, json!({"textPayload": text})))
        .collect();
    let objects = [
        json!({"jsonPayload": {"message": "login", "password": p.put("JSON password", "planted-39"), "pin": 1, "auth": {"access_token": p.put("JSON token", "planted-40")}}}),
        json!({"jsonPayload": {"request": {"headers": {"Authorization": p.put("JSON header", "planted-41 with blanks"), "Cookie": {"sid": p.put("JSON cookie", "planted-42")}}}}}),
        json!({"jsonPayload": {"session_id": 9_987_654_321_043_u64}}),
        json!({"httpRequest": {"requestUrl": format!("https://fortio.run.app/cb?code={}", p.put("request URL", "planted-44")), "status": 200}}),
        json!({"protoPayload": {"authenticationInfo": {"principalEmail": p.put("principal", "margaret.planted@example.com")}, "request": {"spec": {"containers": [{"env": [{"name": "A", "value": p.put("env in an audit log", "planted-45")}]}]}}}}),
        json!({"jsonPayload": {"response_code": 404, "response_flags": "NR", "path": format!("/a?b={}", p.put("path field", "planted-46")), "authority": "ads.mesh.private"}}),
    ];
    p.put("number", "9987654321043");
    lines.extend(
        objects
            .into_iter()
            .enumerate()
            .map(|(index, object)| entry(100 + index, object)),
    );
    // An escape may hide what a look at the bytes would find.
    lines.push(entry(200, json!({"textPayload": "x"})).replace(
        "\"x\"",
        &format!("\"p\\u0061ssword\\u003d{}\"", p.put("escaped", "planted-47")),
    ));
    sandbox.write("w/logging/mesh-prod/entries-2.ndjson", lines.join("\n") + "\n");
    sandbox.write(
        "w/logging/-/envoy.log",
        format!(
            "[2026-11-20 09:00:00.000][1][info][main] [x.cc:1] x-auth-token: {}\n",
            p.put("plain log", "planted-48")
        ),
    );
}

#[test]
fn no_planted_secret_is_in_the_bundle_or_in_what_is_said_of_it() {
    let sandbox = Sandbox::new();
    let planted = planted(&sandbox);
    assert!(planted.0.len() >= 40, "{}", planted.0.len());
    let before: String = files(&sandbox.path("w"))
        .values()
        .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        .collect();
    let (world, to) = (sandbox.path("w"), sandbox.path("b.tar.zst"));
    let (world, to) = (world.to_str().unwrap(), to.to_str().unwrap());
    for level in ["default", "strict"] {
        let made = sandbox.run(["bundle", "create", world, "-o", to, "--redact", level]);
        let mut all = vec![
            ("the bundle", unpacked(Path::new(to))),
            ("create", made.ended(0).said()),
        ];
        for arguments in [
            vec!["check", to, "-v"],
            vec!["check", to, "-o", "json"],
            vec!["bundle", "inspect", to, "-o", "json"],
            vec!["bundle", "verify", to],
        ] {
            let run = sandbox.run(&arguments);
            assert!(run.status == 0 || arguments[0] == "check", "{}", run.said());
            all.push((arguments[0], run.said()));
        }
        let mut leaks = Vec::new();
        for (what, secret) in &planted.0 {
            let plain = secret.split('"').next().unwrap();
            assert!(
                before.contains(plain) || *what == "env value of a revision",
                "{what} is not in the world"
            );
            for (place, text) in &all {
                if text.contains(plain) || text.contains(&plain.replace("%40", "@")) {
                    leaks.push(format!("{level}: {what} ({secret}) in {place}"));
                }
            }
        }
        assert!(leaks.is_empty(), "{}", leaks.join("\n"));
    }
    // What is no secret stays, and so does the diagnosis.
    sandbox.run(["bundle", "create", world, "-o", to]).ended(0);
    let text = unpacked(Path::new(to));
    for kept in [
        "kept-secret-name",
        "fortio-run@mesh-prod.iam.gserviceaccount.com",
        "> ads.mesh.private\"",
    ] {
        assert!(text.contains(kept), "{kept}");
    }
    let rules = RuleSet::with(&[]).unwrap();
    let mut reports = [report(Path::new(world), &rules), report(Path::new(to), &rules)];
    reports.iter_mut().for_each(|report| report.warnings.clear());
    assert_eq!(said(&reports[0]), said(&reports[1]));
}

#[test]
fn a_pattern_of_ones_own_is_taken_out_at_every_level() {
    let sandbox = Sandbox::new();
    let from = base();
    let to = sandbox.path("b.tar.zst");
    let run = sandbox.run([
        "bundle",
        "create",
        from.to_str().unwrap(),
        "-o",
        to.to_str().unwrap(),
        "--redact",
        "off",
        "--redact-pattern",
        "simple-h[t]+p",
    ]);
    run.ended(0);
    let text = unpacked(&to);
    assert!(!text.contains("simple-http") && text.contains("<redacted:pattern:"));
    let rules = read::verify(&to).unwrap().manifest.redaction.unwrap();
    assert_eq!(rules.level, "off");
    assert!(rules.rules["pattern"] >= 1);
}
