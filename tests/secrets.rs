//! No secret of a world, and none of the credentials it is asked with, is in anything that is said: reports, progress, errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;
#[path = "common/planted.rs"]
mod planted;

use common::replayed::Replayed;
use common::{Run, Sandbox, finish};
use planted::{Planted, edit, planted};
use serde_json::json;
use std::fs;
use std::path::Path;

/// An access token and a kubeconfig's token of no form that anybody knows.
const ACCESS: &str = "opaque-access-4711";
const CLUSTER: &str = "opaque-cluster-4712";

/// Lines that rules match, and conditions that they show, with secrets in them.
fn telling(sandbox: &Sandbox, p: &mut Planted) {
    let access = |path: String, flags: &str, agent: String| {
        format!(
            "[2026-11-20T09:20:01.101Z] \"GET {path} HTTP/1.1\" 503 {flags} - \"-\" 0 0 0 - \"-\" \"{agent}\" \"1\" \
             \"ads.mesh.private\" \"-\" - - 10.0.0.1:80 10.0.0.2:1 - -"
        )
    };
    let stream = "StreamAggregatedResources gRPC config stream to trafficdirector.googleapis.com:443 closed:";
    let texts = [
        access(
            format!("/slots?token={}", p.put("query of a matched line", "told-01")),
            "UH no_healthy_upstream",
            "curl".into(),
        ),
        access(
            "/slots".into(),
            "NC cluster_not_found",
            format!(
                "x authorization: Bearer {}",
                p.put("user agent", "told-bearer-02")
            ),
        ),
        format!(
            "{stream} 16, refused%20Authorization:%20Bearer%20{}",
            p.put("bearer of a matched line", "told.bearer-03")
        ),
        format!(
            "{stream} 5, mesh 'other' not found, asked by {} for fortio-run@mesh-prod.iam.gserviceaccount.com",
            p.put("person in a matched line", "edith.told@example.com")
        ),
        format!(
            "cds: cluster 'bad' config rejected: password={} in http://u:{}@x.example/",
            p.put("password in a reason", "told-04"),
            p.put("URL in a reason", "told-05")
        ),
        format!(
            "lds: listener 'l' config rejected: -----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----",
            p.put("key in a reason", "MIIEtold06told06told06")
        ),
        format!(
            "Get \"http://ads.mesh.private/?sig={}\": dial tcp: lookup ads.mesh.private on 169.254.169.254:53: no such host",
            p.put("query of a program's error", "told-07")
        ),
        format!(
            "[2026-11-20T09:20:01.101Z] \"GET /x?y={} HTTP/1.1\" 503 UF upstream_reset_before_response_started{{connection_timeout}} - \"-\" \
             0 91 497 - \"-\" \"curl Cookie: SID={}\" \"1\" \"ads.mesh.private\" \"127.0.0.1:1\" outbound|80||a - 127.0.0.1:2 127.0.0.1:3 - a",
            p.put("query of a call that timed out", "told-08"),
            p.put("cookie of a call that timed out", "told-09")
        ),
        format!(
            "rds: x gRPC config for type.googleapis.com/envoy.config.route.v3.RouteConfiguration rejected: bad header {}",
            p.put("JWT in a reason", "eyJhbGciOiJSUzI1NiJ9.eyJ0b2xkIjoxMH0.told10")
        ),
    ];
    let entry = |number: usize, payload: serde_json::Value| {
        let mut entry = json!({
            "insertId": format!("told{number}"), "logName": "projects/mesh-prod/logs/run.googleapis.com%2Fvarlog%2Fsystem", "severity": "WARNING",
            "resource": {"type": "cloud_run_revision", "labels": {"project_id": "mesh-prod", "service_name": "fortio", "location": "us-central1", "revision_name": "fortio-00003-abc"}},
            "timestamp": format!("2026-11-20T09:20:{number:02}Z")
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
        .map(|(number, text)| entry(number, json!({ "textPayload": text })))
        .collect();
    lines.push(entry(20, json!({"jsonPayload": {
        "response_code": 404, "response_flags": "NR", "response_code_details": "route_not_found", "method": "GET",
        "authority": "ads.mesh.private", "path": format!("/a?b={}", p.put("path of a JSON access log", "told-11")),
        "headers": {"authorization": p.put("header of a JSON access log", "told-12 with blanks")},
    }})));
    let message = json!({"host": "ads.mesh.private", "error": "lookup ads.mesh.private: no such host", "password": p.put("JSON in a message", "told-13 with blanks")});
    lines.push(entry(
        21,
        json!({"jsonPayload": {"message": message.to_string()}}),
    ));
    sandbox.write("w/logging/mesh-prod/entries-3.ndjson", lines.join("\n") + "\n");
    edit(sandbox, "cloud-run/mesh-prod/us-central1/services.json", |list| {
        let why = format!(
            "container failed, API_KEY={}",
            p.put("condition of a service", "told-14")
        );
        list["services"][0]["terminalCondition"] = json!({"type": "Ready", "state": "CONDITION_FAILED", "reason": "REVISION_FAILED", "message": why});
    });
    edit(sandbox, "csds/mesh-prod/client-status.json", |answer| {
        let config = &mut answer["config"][0]["genericXdsConfigs"][2];
        config["configStatus"] = json!("ERROR");
        let details = format!(
            "Error adding/updating cluster(s) ads: Authorization: Basic {}",
            p.put("details of a NACK", "dG9sZC0xNTp0b2xk")
        );
        config["errorState"] = json!({"details": details, "lastUpdateAttempt": "2026-11-20T09:20:00Z"});
    });
    edit(sandbox, "fleet/mesh-prod/features.json", |list| {
        let details = format!(
            "see https://x.example/?id={}",
            p.put("details of a condition", "told-16")
        );
        list["resources"][0]["state"] = json!({"servicemesh": {"conditions": [{"code": "QUOTA_EXCEEDED_BACKEND_SERVICES", "severity": "ERROR", "details": details}]}});
    });
}

/// Every way to look at a live world, each with all that may be logged.
fn looks(sandbox: &Sandbox, config: &Path, flags: &[&str]) -> Vec<Run> {
    let ways: [&[&str]; 4] = [&["-o", "json"], &["-o", "json", "--verbose"], &["-v"], &[]];
    ways.iter()
        .map(|way| {
            let mut program = sandbox.program();
            program
                .env("RUST_LOG", "trace")
                .env("RUST_BACKTRACE", "1")
                .env("MESHDOCTOR_LOG", "trace");
            finish(
                program
                    .args(["check", "--config"])
                    .arg(config)
                    .args(*way)
                    .args(flags),
            )
        })
        .collect()
}

/// A secret as it may stand in a text: in one line, decoded.
fn spellings(secret: &str) -> Vec<String> {
    let plain = secret.split('"').next().unwrap().to_owned();
    vec![plain.replace("%40", "@"), plain]
}

fn leaks<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>, said: &[String]) -> Vec<String> {
    let mut leaks = Vec::new();
    for (what, secret) in secrets {
        for text in said {
            if let Some(at) = spellings(secret)
                .iter()
                .find_map(|spelling| text.find(spelling.as_str()))
            {
                let start = text.floor_char_boundary(at.saturating_sub(120));
                let end = text.floor_char_boundary((at + 60).min(text.len()));
                leaks.push(format!("{what} ({secret}): …{}…", &text[start..end]));
            }
        }
    }
    leaks.dedup();
    leaks
}

#[test]
fn no_secret_of_a_world_reaches_what_is_said_of_it_live_or_from_files() {
    let sandbox = Sandbox::new();
    let mut planted = planted(&sandbox);
    telling(&sandbox, &mut planted);
    let world = sandbox.path("w");
    let replayed = Replayed::new(&sandbox, &world, None);
    let runs = looks(&sandbox, replayed.config(), &[]);
    // The rules that show what others wrote have found it.
    let codes = runs[0].codes();
    for code in [
        "MD208", "MD406", "MD413", "MD802", "MD804", "MD813", "MD814", "MD815", "MD821", "MD822", "MD823",
        "MD824", "MD831",
    ] {
        assert!(
            codes.iter().any(|own| own == code),
            "{code} did not fire: {codes:?}"
        );
    }
    let mut said: Vec<String> = runs.iter().map(Run::said).collect();
    for way in [&["-o", "json"][..], &["-v"]] {
        said.push(finish(sandbox.program().arg("check").arg(&world).args(way)).said());
    }
    let token = replayed.token();
    let secrets = planted.0.iter().map(|(what, secret)| (*what, secret.as_str()));
    let leaks = leaks(secrets.chain([("the access token", token.as_str())]), &said);
    assert!(planted.0.len() >= 60 && leaks.is_empty(), "{}", leaks.join("\n"));
    // What a diagnosis turns on is still there.
    for kept in [
        "ads.mesh.private",
        "trafficdirector.googleapis.com:443 closed: 16",
        "fortio-run@mesh-prod.iam.gserviceaccount.com",
    ] {
        assert!(said.iter().any(|text| text.contains(kept)), "{kept} is gone");
    }
}

#[test]
fn broken_answers_with_secrets_in_them_tell_none() {
    let sandbox = Sandbox::new();
    let planted = planted(&sandbox);
    // A server echoes what it was sent: the API servers one token, the others the other.
    let echo = "ECHO";
    let denied = json!({"error": {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": format!("no: Authorization: Bearer told.error-01; got {echo}; password=told-error-02 from http://u:told-error-03@x.example/?y=told-error-04"),
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED",
                     "metadata": {"permission": format!("a.b.{echo}"), "resource": format!("projects/{echo}")}}]
    }});
    let status = json!({"kind": "Status", "reason": "Forbidden", "code": 403,
        "message": format!("no: Authorization: Bearer told.error-05; got {echo}; cookie: SID=told-error-06")});
    let wrong_types: serde_json::Map<String, serde_json::Value> = [
        "services",
        "revisions",
        "entries",
        "items",
        "managedZones",
        "rrsets",
        "resources",
        "clusters",
        "roles",
        "accounts",
        "policies",
        "config",
        "kind",
    ]
    .into_iter()
    .map(|field| (field.to_owned(), json!(format!("told-error-07 {echo}"))))
    .collect();
    let answers = [
        ("403", denied.to_string()),
        ("403", status.to_string()),
        (
            "500",
            format!(
                "upstream said {echo}, Cookie: a=told-error-08, token=told-error-09, eyJhbGciOiJSUzI1NiJ9.eyJ0b2xkIjoxMH0.told-error-10"
            ),
        ),
        (
            "200",
            format!("<html><head><title>{echo} token=told-error-11</title></head><body>{echo}</body></html>"),
        ),
        (
            "200",
            format!("{{\"services\": [{{\"name\": \"x\", \"password\": \"told-error-12 {echo}"),
        ),
        ("200", serde_json::Value::Object(wrong_types).to_string()),
        ("200", format!("{echo} secret: told-error-13")),
    ];
    let mut faults: Vec<String> = answers
        .iter()
        .map(|(code, body)| {
            let fault = |path: &str, token: &str| {
                let body = serde_json::Value::from(body.replace(echo, token));
                format!(
                    "- match: {{ path: {path} }}\n  action: {{ status: {{ code: {code}, body: {body} }} }}\n"
                )
            };
            fault("/kubernetes/", CLUSTER) + &fault("/", ACCESS)
        })
        .collect();
    faults.push("- match: { path: / }\n  action: truncate\n".into());
    let token = sandbox.write("token", ACCESS);
    let mut all_leaks = Vec::new();
    for fault in &faults {
        let replayed = Replayed::new(&sandbox, &sandbox.path("w"), Some(fault));
        let settings: toml::Table = fs::read_to_string(replayed.config()).unwrap().parse().unwrap();
        let url = settings["endpoints"]["run"].as_str().unwrap();
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "prod",
            "clusters": [{"name": "prod", "cluster": {"server": format!("{url}/kubernetes/prod")}}],
            "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "me"}}],
            "users": [{"name": "me", "user": {"token": CLUSTER}}],
        });
        let kubeconfig = sandbox.write("kubeconfig", kubeconfig.to_string());
        let own = [
            "--access-token-file",
            token.to_str().unwrap(),
            "--kubeconfig",
            kubeconfig.to_str().unwrap(),
            "--timeout",
            "2s",
        ];
        // What breaks answers needs the right token to be asked.
        let flags: &[&str] = if fault.contains("truncate") {
            &["--timeout", "2s"]
        } else {
            &own
        };
        let runs = looks(&sandbox, replayed.config(), flags);
        for run in &runs {
            assert!(run.status == 3 || run.status == 1, "{fault}: {}", run.said());
        }
        let said: Vec<String> = runs.iter().map(Run::said).collect();
        let secrets = planted.0.iter().map(|(what, secret)| (*what, secret.as_str()));
        let own = [
            ("access token", ACCESS),
            ("kubeconfig's token", CLUSTER),
            ("secret of an error", "told-error"),
            ("secret of an error", "told.error"),
        ];
        all_leaks.extend(
            leaks(secrets.chain(own), &said)
                .into_iter()
                .map(|leak| format!("{fault}\n   {leak}")),
        );
    }
    assert!(all_leaks.is_empty(), "{}", all_leaks.join("\n"));
}
