//! The ways to credentials and to endpoints, as a user has them: key files, metadata server, gcloud, impersonation, the Connect
//! Gateway without a kubeconfig, TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use common::replayed::{Replayed, collector, gist};
use common::{Run, Sandbox, base, finish, repository};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

const ACCOUNT: &str = "meshdoctor@mesh-prod.iam.gserviceaccount.com";
const CALLER: &str = "ya29.the-callers-own";

type Heard = Arc<Mutex<Vec<String>>>;

/// Gives out one token, the ways Google does, to those who ask as they should.
struct Issuer {
    address: String,
    asked: Heard,
    /// The quota projects of those who asked.
    billed: Heard,
    _runtime: Runtime,
}

impl Issuer {
    fn of(token: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let (asked, billed) = (Heard::default(), Heard::default());
        let state = (token.to_owned(), Arc::clone(&asked), Arc::clone(&billed));
        let router = Router::new().fallback(issue).with_state(state);
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap().to_string();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            address,
            asked,
            billed,
            _runtime: runtime,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn issue(State((token, asked, billed)): State<(String, Heard, Heard)>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
    let body = String::from_utf8(body.to_vec()).unwrap();
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let path = parts.uri.path().to_owned();
    asked.lock().unwrap().push(format!("{} {path}", parts.method));
    let quota = header("x-goog-user-project").map(str::to_owned);
    billed.lock().unwrap().extend(quota);
    let fine = match path.as_str() {
        "/token" => body.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"),
        "/computeMetadata/v1/instance/service-accounts/default/token" => {
            header("metadata-flavor") == Some("Google")
        }
        path if path.ends_with(":generateAccessToken") => {
            header("authorization") == Some(&format!("Bearer {CALLER}")) && body.contains("cloud-platform")
        }
        _ => false,
    };
    if !fine {
        let error = json!({"error": {"code": 403, "message": "not so", "status": "PERMISSION_DENIED"}});
        return (axum::http::StatusCode::FORBIDDEN, Json(error)).into_response();
    }
    Json(json!({
        "access_token": token, "token_type": "Bearer", "expires_in": 3599,
        "accessToken": token, "expireTime": "2999-01-01T00:00:00Z",
    }))
    .into_response()
}

/// The replayed world's configuration without some of its keys.
fn without(sandbox: &Sandbox, replayed: &Replayed, keys: &[&str]) -> PathBuf {
    let text = fs::read_to_string(replayed.config()).unwrap();
    let kept = text
        .lines()
        .filter(|line| !keys.iter().any(|key| line.starts_with(&format!("{key} = "))));
    sandbox.write("live/less.toml", kept.collect::<Vec<_>>().join("\n"))
}

/// A check with nothing of the machine's own credentials: no home, no metadata server, no gcloud.
fn check(sandbox: &Sandbox, config: &PathBuf, variables: &[(&str, &str)], flags: &[&str]) -> Run {
    let mut program = sandbox.program();
    program
        .env("HOME", sandbox.path("home"))
        .env("PATH", sandbox.path("bin"))
        .env("GCE_METADATA_HOST", "127.0.0.1:9");
    for (name, value) in variables {
        program.env(name, value);
    }
    finish(
        program
            .args(["check", "-o", "json", "--config"])
            .arg(config)
            .args(flags),
    )
}

#[test]
fn every_way_to_credentials_leads_to_the_same_diagnosis() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let config = without(&sandbox, &replayed, &["access-token"]);
    let token = replayed.token();
    let issuer = Issuer::of(&token);

    let key = fs::read_to_string(repository().join("fixtures/credentials/service-account.json")).unwrap();
    let key = key.replace("TOKEN_URI", &format!("http://{}/token", issuer.address));
    let key = sandbox.write("key.json", key);
    let file = sandbox.write("token", format!("{token}\n"));
    let credentials = format!("iamcredentials=http://{}", issuer.address);
    let gcloud = format!("#!/bin/sh\ncase \"$1\" in auth) echo {token};; *) echo mesh-prod;; esac\n");

    type Way<'a> = (&'a str, Vec<(&'a str, &'a str)>, Vec<&'a str>, &'a str);
    let ways: [Way; 6] = [
        (
            "a variable",
            vec![("CLOUDSDK_AUTH_ACCESS_TOKEN", &token)],
            vec![],
            "",
        ),
        (
            "a file",
            vec![],
            vec!["--access-token-file", file.to_str().unwrap()],
            "",
        ),
        (
            "a key file",
            vec![("GOOGLE_APPLICATION_CREDENTIALS", key.to_str().unwrap())],
            vec![],
            "POST /token",
        ),
        (
            "the metadata server",
            vec![("GCE_METADATA_HOST", &issuer.address)],
            vec![],
            "GET /computeMetadata/v1/instance/service-accounts/default/token",
        ),
        (
            "impersonation",
            vec![("CLOUDSDK_AUTH_ACCESS_TOKEN", CALLER)],
            vec![
                "--impersonate-service-account",
                ACCOUNT,
                "--endpoint",
                &credentials,
            ],
            "POST /v1/projects/-/serviceAccounts/meshdoctor%40mesh-prod.iam.gserviceaccount.com:generateAccessToken",
        ),
        ("gcloud", vec![("PATH", "")], vec![], ""),
    ];
    for (way, mut variables, flags, asks) in ways {
        let before = issuer.asked().len();
        if way == "gcloud" {
            let command = sandbox.write("bin/gcloud", &gcloud);
            fs::set_permissions(&command, fs::Permissions::from_mode(0o755)).unwrap();
            variables.clear();
        }
        let run = check(&sandbox, &config, &variables, &flags);
        assert_eq!(run.ended(0).json()["verdict"], "HEALTHY", "{way}: {}", run.said());
        assert!(
            !run.said().contains(&token) && !run.said().contains(CALLER),
            "{way}"
        );
        let asked = issuer.asked().split_off(before);
        match asks {
            "" => assert!(asked.is_empty(), "{way}: {asked:?}"),
            // Once: a token is kept.
            asks => assert_eq!(asked, [asks], "{way}"),
        }
    }
}

#[test]
fn quota_is_billed_to_the_project_that_flags_then_the_credentials_then_gcloud_name() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let config = without(&sandbox, &replayed, &["access-token"]);
    let issuer = Issuer::of(&replayed.token());
    let text = fs::read_to_string(repository().join("fixtures/credentials/service-account.json")).unwrap();
    let mut key: Value =
        serde_json::from_str(&text.replace("TOKEN_URI", &format!("http://{}/token", issuer.address)))
            .unwrap();
    let plain = sandbox.write("plain.json", key.to_string());
    key["quota_project_id"] = json!("from-credentials");
    let own = sandbox.write("own.json", key.to_string());
    let dns = format!("dns=http://{}", issuer.address);
    for (key, variables, flags, billed) in [
        (&own, vec![], vec!["--quota-project", "from-flag"], "from-flag"),
        (
            &own,
            vec![("GOOGLE_CLOUD_QUOTA_PROJECT", "from-variable")],
            vec![],
            "from-variable",
        ),
        (
            &own,
            vec![("CLOUDSDK_BILLING_QUOTA_PROJECT", "from-gcloud")],
            vec![],
            "from-credentials",
        ),
        (
            &plain,
            vec![("CLOUDSDK_BILLING_QUOTA_PROJECT", "from-gcloud")],
            vec![],
            "from-gcloud",
        ),
        (&plain, vec![], vec![], ""),
    ] {
        issuer.billed.lock().unwrap().clear();
        let credentials = [("GOOGLE_APPLICATION_CREDENTIALS", key.to_str().unwrap())];
        let variables = [&credentials[..], &variables].concat();
        let flags = [&["--rule", "MD302", "--endpoint", &dns][..], &flags].concat();
        let run = check(&sandbox, &config, &variables, &flags);
        let sent = issuer.billed.lock().unwrap().clone();
        let expected: &[&str] = if billed.is_empty() { &[] } else { &[billed] };
        assert_eq!(sent, expected, "{}", run.said());
    }
}

#[test]
fn without_credentials_one_error_lists_what_was_tried_and_what_to_run() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let config = without(&sandbox, &replayed, &["access-token"]);
    let federated = sandbox.write(
        "federated.json",
        r#"{"type": "external_account", "audience": "//iam"}"#,
    );
    let variables = [("GOOGLE_APPLICATION_CREDENTIALS", federated.to_str().unwrap())];
    let run = check(&sandbox, &config, &variables, &[]);
    for says in [
        "no usable credentials",
        "CLOUDSDK_AUTH_ACCESS_TOKEN, which is not set",
        "GOOGLE_APPLICATION_CREDENTIALS, which names no",
        "application default ones: ",
        "metadata server: ",
        "gcloud: ",
        "remedy: gcloud auth application-default login",
        "gcloud auth print-access-token > FILE",
    ] {
        assert!(run.ended(2).stderr.contains(says), "{says}: {}", run.said());
    }
}

#[test]
fn an_account_that_may_not_be_impersonated_is_named_with_the_role_that_is_missing() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let config = without(&sandbox, &replayed, &["access-token"]);
    let issuer = Issuer::of("ya29.never");
    let credentials = format!("iamcredentials=http://{}", issuer.address);
    let flags = [
        "--impersonate-service-account",
        ACCOUNT,
        "--endpoint",
        &credentials,
    ];
    let run = check(
        &sandbox,
        &config,
        &[("CLOUDSDK_AUTH_ACCESS_TOKEN", "ya29.hush")],
        &flags,
    );
    for says in [ACCOUNT, "403", "not so", "roles/iam.serviceAccountTokenCreator"] {
        assert!(run.ended(2).stderr.contains(says), "{says}: {}", run.said());
    }
    assert!(!run.said().contains("hush"), "{}", run.said());
}

#[test]
fn without_a_kubeconfig_clusters_are_reached_through_the_connect_gateway() {
    let sandbox = Sandbox::new();
    let world = repository().join("fixtures/incidents/selector-typo");
    let replayed = Replayed::new(&sandbox, &world, None);
    let config = without(&sandbox, &replayed, &["kubeconfig", "membership"]);
    let folder = sandbox
        .run(["check", world.to_str().unwrap(), "-o", "json"])
        .json();
    let live = check(&sandbox, &config, &[], &[]).json();
    assert_eq!(collector(&live, "kubernetes")["status"], "OK", "{live}");
    assert_eq!(gist(&live), gist(&folder));
}

#[test]
fn clusters_outside_gke_are_reached_under_their_own_collection() {
    let sandbox = Sandbox::new();
    for (endpoint, closed) in [
        (json!({"onPremCluster": {}}), "gkeMemberships"),
        (json!({"kubernetesMetadata": {}}), "gkeMemberships"),
        (
            json!({"gkeCluster": {"resourceLink": "//container.googleapis.com/projects/mesh-prod/locations/us-central1/clusters/prod"}}),
            "memberships",
        ),
        (Value::Null, "memberships"),
    ] {
        for (path, mut content) in common::files(&base()) {
            if path == "fleet/mesh-prod/memberships.json" {
                let mut listing: Value = serde_json::from_slice(&content).unwrap();
                let membership = listing["resources"][0].as_object_mut().unwrap();
                membership.remove("endpoint");
                if !endpoint.is_null() {
                    membership.insert("endpoint".into(), endpoint.clone());
                }
                content = listing.to_string().into_bytes();
            }
            sandbox.write(&format!("w/{path}"), content);
        }
        // Who goes the other way finds nobody.
        let faults = format!(
            "- match: {{ path: \"/v1/projects/*/locations/*/{closed}/prod/*\" }}\n  action: {{ status: {{ code: 404 }} }}\n"
        );
        let replayed = Replayed::new(&sandbox, &sandbox.path("w"), Some(&faults));
        for drop in [&["kubeconfig", "membership"][..], &["kubeconfig"]] {
            let config = without(&sandbox, &replayed, drop);
            let live = check(&sandbox, &config, &[], &["--rule", "MD508"]).json();
            let kubernetes = collector(&live, "kubernetes");
            assert_eq!(kubernetes["status"], "OK", "{endpoint} {drop:?}: {kubernetes}");
        }
    }
}

/// Ends TLS before a server of plain HTTP, with a certificate of its own making for `localhost`.
struct Tls {
    port: u16,
    certificate: String,
    protocols: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Tls {
    fn before(server: String) -> Self {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let protocols: Arc<Mutex<Vec<String>>> = Arc::default();
        let seen = Arc::clone(&protocols);
        runtime.spawn(async move {
            while let Ok((outer, _)) = listener.accept().await {
                let (acceptor, server, seen) = (acceptor.clone(), server.clone(), Arc::clone(&seen));
                tokio::spawn(async move {
                    // A client that trusts nobody ends the handshake.
                    let Ok(mut outer) = acceptor.accept(outer).await else {
                        return;
                    };
                    let protocol = outer.get_ref().1.alpn_protocol().unwrap_or_default();
                    seen.lock()
                        .unwrap()
                        .push(String::from_utf8_lossy(protocol).into_owned());
                    let mut inner = TcpStream::connect(server).await.unwrap();
                    let _ = copy_bidirectional(&mut outer, &mut inner).await;
                });
            }
        });
        Self {
            port,
            certificate: cert.pem(),
            protocols,
            _runtime: runtime,
        }
    }
}

#[test]
fn over_tls_the_diagnosis_is_the_same_and_a_stranger_s_certificate_is_refused() {
    let sandbox = Sandbox::new();
    let world = repository().join("fixtures/incidents/missing-client-role");
    let replayed = Replayed::new(&sandbox, &world, None);
    let config = without(&sandbox, &replayed, &["kubeconfig"]);
    let text = fs::read_to_string(&config).unwrap();
    let server = text
        .split_once("logging = \"http://")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let tls = Tls::before(server.to_owned());
    let text = text.replace(
        &format!("http://{server}"),
        &format!("https://localhost:{}", tls.port),
    );
    let config = sandbox.write("live/tls.toml", text);
    let certificate = sandbox.write("ca.pem", &tls.certificate);

    let folder = sandbox
        .run(["check", world.to_str().unwrap(), "-o", "json"])
        .json();
    let trusted = check(
        &sandbox,
        &config,
        &[("SSL_CERT_FILE", certificate.to_str().unwrap())],
        &[],
    )
    .json();
    assert_eq!(gist(&trusted), gist(&folder), "{}", trusted["collectors"]);
    let protocols = tls.protocols.lock().unwrap().clone();
    assert!(
        protocols.contains(&"h2".to_owned()),
        "gRPC speaks HTTP/2: {protocols:?}"
    );

    // With nothing else broken, so that these two are asked at all.
    let plain = fs::read_to_string(without(&sandbox, &replayed, &["kubeconfig"])).unwrap();
    let there = format!("https://localhost:{}", tls.port);
    let lines = plain.lines().map(|line| match line.split_once(" = ") {
        Some((name @ ("dns" | "trafficdirector" | "kubernetes"), _)) => format!("{name} = \"{there}\""),
        _ => line.to_owned(),
    });
    let config = sandbox.write("live/strange.toml", lines.collect::<Vec<_>>().join("\n"));
    let refused = check(&sandbox, &config, &[], &["--timeout", "20s"]).json();
    for name in ["dns", "csds", "kubernetes"] {
        let told: &Value = collector(&refused, name);
        let error = told["error"].as_str().unwrap().to_lowercase();
        assert!(
            told["status"] == "FAILED" && error.contains("certificate"),
            "{name}: {error}"
        );
    }
}
