//! A world with a secret of every kind in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use crate::common::{Sandbox, base, files};
use envoy_types::pb::envoy::config::core::v3::{HeaderValue, HeaderValueOption, Node};
use envoy_types::pb::envoy::config::route::v3::RouteConfiguration;
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;
use envoy_types::pb::envoy::service::status::v3::{ClientConfig, ClientStatusResponse};
use envoy_types::pb::google::protobuf::{Any, Struct, Value as ProtoValue, value};
use prost::Message;
use serde_json::{Value, json};
use std::fs;

/// Every secret that the world below has, by what it is.
pub struct Planted(pub Vec<(&'static str, String)>);

impl Planted {
    /// Adds a secret and gives it back.
    pub fn put(&mut self, what: &'static str, secret: &str) -> String {
        self.0.push((what, secret.to_owned()));
        secret.to_owned()
    }
}

/// Changes a file of the world `w`.
pub fn edit(sandbox: &Sandbox, path: &str, change: impl FnOnce(&mut Value)) {
    let file = sandbox.path(&format!("w/{path}"));
    let mut value: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    change(&mut value);
    fs::write(file, serde_json::to_string_pretty(&value).unwrap()).unwrap();
}

pub const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0";

/// The healthy world with more than 40 secrets in it.
pub fn planted(sandbox: &Sandbox) -> Planted {
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
