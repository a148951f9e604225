//! What the collector promises, over the wire: a small API server on loopback that answers as told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#[cfg(unix)]
mod plugin;
mod road;

use super::*;
use crate::snapshot::{Content, Status};
use axum::body::Body;
use axum::http::{HeaderMap, Response, Uri};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::time::Duration;

const TOKEN: &str = "ya29.secret";
const ROOT: &str = "/v1/projects/12/locations/global/gkeMemberships/prod";

struct Server {
    url: String,
    /// Paths with queries, as they were asked for.
    asked: Arc<Mutex<Vec<String>>>,
    headers: Arc<Mutex<Vec<HeaderMap>>>,
}

impl Server {
    fn asked(&self, part: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|path| path.contains(part)).cloned().collect()
    }
}

type Reply = Response<Body>;

/// Serves what `answer` makes of the path below the cluster's root, the `continue` token, and how often this was asked.
async fn serve(answer: impl Fn(&str, Option<&str>, usize) -> Reply + Send + Sync + 'static) -> Server {
    let asked = Arc::new(Mutex::new(Vec::<String>::new()));
    let all_headers = Arc::new(Mutex::new(Vec::new()));
    let answer = Arc::new(answer);
    let (log, seen) = (Arc::clone(&asked), Arc::clone(&all_headers));
    let handler = move |uri: Uri, headers: HeaderMap| {
        let (answer, log, seen) = (Arc::clone(&answer), Arc::clone(&log), Arc::clone(&seen));
        async move {
            seen.lock().unwrap().push(headers);
            let whole = uri.to_string();
            let times = {
                let mut log = log.lock().unwrap();
                log.push(whole.clone());
                log.iter().filter(|path| **path == whole).count()
            };
            let path = uri.path().strip_prefix(ROOT).unwrap_or(uri.path());
            let next = uri.query().and_then(|query| query.split_once("continue="));
            answer(path, next.map(|(_, token)| token), times)
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = axum::Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Server {
        url,
        asked,
        headers: all_headers,
    }
}

fn reply(code: u16, body: impl Into<Body>) -> Reply {
    Response::builder().status(code).body(body.into()).unwrap()
}

fn status(code: u16, reason: &str, message: &str) -> Reply {
    let body = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message, "code": code});
    reply(code, body.to_string())
}

fn list(items: &[String], next: Option<&str>) -> Reply {
    let metadata = json!({"resourceVersion": "7", "continue": next, "remainingItemCount": next.map(|_| 1)});
    let body = format!(
        r#"{{"kind":"ThingList","apiVersion":"v1","metadata":{metadata},"items":[{}]}}"#,
        items.join(",")
    );
    reply(200, body)
}

fn thing(name: &str) -> String {
    format!(r#"{{"metadata": {{"name":"{name}"}}}}"#)
}

fn nothing() -> Reply {
    list(&[], None)
}

fn gateway(server: &Server) -> Target {
    Target {
        membership: "prod".into(),
        access: Access::Gateway {
            base_url: server.url.clone(),
            project_number: "12".into(),
            location: "global".into(),
            membership: "prod".into(),
            on_gke: true,
            token: Arc::new(|| Box::pin(async { Ok(TOKEN.to_owned()) })),
        },
        namespaces: Vec::new(),
        counter: Arc::default(),
    }
}

async fn run(target: &Target) -> (Outcome, Store) {
    run_for(target, Duration::from_secs(20)).await
}

async fn run_for(target: &Target, time: Duration) -> (Outcome, Store) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = Store::new().unwrap();
    let outcome = collect(target, &store, Instant::now() + time).await;
    (outcome, store)
}

fn file(store: &Store, name: &str) -> Option<String> {
    let world = store.world();
    let blob = world.files.get(&format!("kubernetes/prod/{name}.json"))?;
    match &blob.content {
        Content::File(path) => Some(std::fs::read_to_string(path).unwrap()),
        _ => None,
    }
}

fn names(store: &Store, kind: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(&file(store, kind).unwrap()).unwrap();
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| item["metadata"]["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn pages_are_joined_and_items_stay_as_they_came() {
    let server = serve(|path, next, _| match (path, next) {
        ("/api/v1/pods", None) => list(&[thing("a"), thing("b")], Some("t/1=")),
        ("/api/v1/pods", Some("t%2F1%3D")) => list(&[], Some("t2")),
        ("/api/v1/pods", Some("t2")) => list(&[r#"{"metadata":{"name":"c"},  "x":1.50}"#.into()], None),
        _ => nothing(),
    })
    .await;
    let target = gateway(&server);
    let (outcome, store) = run(&target).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 3), "{outcome:?}");
    assert_eq!(target.counter.load(std::sync::atomic::Ordering::Relaxed), 3);
    assert_eq!(names(&store, "pods"), ["a", "b", "c"]);
    let pods = file(&store, "pods").unwrap();
    assert!(pods.starts_with(
        r#"{"kind":"ThingList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":["#
    ));
    assert!(pods.contains(r#"{"metadata":{"name":"c"},  "x":1.50}"#), "{pods}");
    assert_eq!(store.world().files.len(), KINDS.len());
    assert!(server.asked("").iter().all(|path| path.contains("limit=500")));
    let headers = server.headers.lock().unwrap();
    let bearer = format!("Bearer {TOKEN}");
    assert!(headers.iter().all(|headers| headers["authorization"] == bearer));
}

#[tokio::test]
async fn an_expired_list_starts_again_three_times_at_most() {
    let server = serve(|path, next, times| match (path, next) {
        ("/api/v1/pods" | "/api/v1/services", None) => list(&[thing("a")], Some("t")),
        ("/api/v1/pods", _) if times > 2 => list(&[thing("b")], None),
        ("/api/v1/pods" | "/api/v1/services", _) => status(410, "Expired", "too old"),
        _ => nothing(),
    })
    .await;
    let (outcome, store) = run(&gateway(&server)).await;
    assert_eq!(names(&store, "pods"), ["a", "b"]);
    assert_eq!(server.asked("/services?limit=500&continue").len(), 4);
    assert_eq!(file(&store, "services"), None);
    assert_eq!((outcome.status(), outcome.items), (Status::Partial, 2));
    assert_eq!(outcome.failures[0].call, "list services of cluster prod");
    assert!(
        outcome.failures[0].error.contains("410 Expired"),
        "{:?}",
        outcome.failures
    );
}

#[tokio::test]
async fn a_kind_that_is_not_served_is_empty_and_noted_and_an_older_version_will_do() {
    let server = serve(|path, _, _| match path {
        "/apis/networking.istio.io/v1beta1/virtualservices" => list(&[thing("vs")], None),
        path if path.contains("istio.io") => reply(404, "404 page not found\n"),
        _ => nothing(),
    })
    .await;
    let (outcome, store) = run(&gateway(&server)).await;
    assert_eq!(outcome.status(), Status::Ok, "{outcome:?}");
    assert_eq!(names(&store, "virtualservices.networking.istio.io"), ["vs"]);
    assert_eq!(names(&store, "sidecars.networking.istio.io"), [""; 0]);
    assert!(
        outcome
            .notes
            .contains(&"cluster prod does not serve sidecars.networking.istio.io".to_owned())
    );
    assert_eq!(outcome.notes.len(), 9);
}

#[tokio::test]
async fn a_wrong_address_is_no_empty_cluster() {
    let google =
        json!({"error": {"code": 404, "status": "NOT_FOUND", "message": "no membership"}}).to_string();
    for body in ["404 page not found".to_owned(), google, "<html>".to_owned()] {
        let told = body.clone();
        let server = serve(move |_, _, _| reply(404, told.clone())).await;
        let (outcome, store) = run(&gateway(&server)).await;
        assert_eq!(
            (outcome.status(), outcome.failures.len()),
            (Status::Failed, 1),
            "{body}"
        );
        assert!(
            outcome.notes.is_empty() && store.world().files.is_empty(),
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_forbidden_kind_names_its_rbac_rule_and_leaves_the_others_alone() {
    let server = serve(|path, _, _| match path {
        path if path.ends_with("/virtualservices") => {
            let message = format!(
                "virtualservices.networking.istio.io is forbidden: User \"u\" cannot list, token {TOKEN}"
            );
            status(403, "Forbidden", &message)
        }
        _ => nothing(),
    })
    .await;
    let (outcome, store) = run(&gateway(&server)).await;
    assert_eq!(outcome.status(), Status::Partial);
    let [failure] = outcome.failures.as_slice() else {
        panic!("{outcome:?}");
    };
    assert_eq!(
        failure.call,
        "list virtualservices.networking.istio.io of cluster prod"
    );
    assert_eq!(
        failure.permission.as_deref(),
        Some("list virtualservices.networking.istio.io")
    );
    assert_eq!(failure.resource.as_deref(), Some("cluster prod"));
    assert!(
        failure.error.contains("cannot list, token [token]"),
        "{failure:?}"
    );
    assert_eq!(file(&store, "virtualservices.networking.istio.io"), None);
    assert_eq!(store.world().files.len(), KINDS.len() - 1);
}

#[tokio::test]
async fn the_gateways_own_denial_is_a_permission_of_iam() {
    let body = json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED",
            "metadata": {"permission": "gkehub.gateway.get", "resource": "projects/12"}}]}});
    let server = serve(move |_, _, _| reply(403, body.to_string())).await;
    let (outcome, _) = run(&gateway(&server)).await;
    assert_eq!((outcome.status(), outcome.failures.len()), (Status::Failed, 1));
    assert_eq!(
        outcome.failures[0].permission.as_deref(),
        Some("gkehub.gateway.get")
    );
    assert!(
        outcome.failures[0]
            .call
            .contains("list authorizationpolicies.security.istio.io, controlplane")
    );
}

#[tokio::test]
async fn what_passes_is_tried_again_and_nothing_else() {
    let server = serve(|path, _, times| match path {
        "/api/v1/pods" if times < 3 => status(503, "ServiceUnavailable", "later"),
        "/api/v1/services" if times < 2 => {
            let cut = futures_util::stream::iter([Ok("{\"kind\":\"T"), Err(std::io::Error::other("cut"))]);
            reply(200, Body::from_stream(cut))
        }
        "/api/v1/nodes" => reply(400, "bad"),
        "/api/v1/namespaces" => reply(200, r#"{"kind":"NamespaceList","items":[{"#),
        "/api/v1/serviceaccounts" => reply(200, "<html>Sign in</html>"),
        "/apis/apps/v1/deployments" => list(&[thing("a")], Some("same")),
        _ => nothing(),
    })
    .await;
    let (outcome, store) = run(&gateway(&server)).await;
    assert!(
        file(&store, "pods").is_some() && file(&store, "services").is_some(),
        "{outcome:?}"
    );
    for once in ["/nodes", "/api/v1/namespaces", "/serviceaccounts"] {
        assert_eq!(server.asked(once).len(), 1, "{once}");
    }
    let failed: Vec<&str> = outcome.failures.iter().map(|f| f.call.as_str()).collect();
    assert_eq!(
        failed,
        [
            "list deployments.apps of cluster prod",
            "list namespaces of cluster prod",
            "list nodes of cluster prod",
            "list serviceaccounts of cluster prod"
        ]
    );
    assert!(outcome.failures[0].error.contains("same continue token"));
    assert_eq!(store.world().files.len(), KINDS.len() - 4);
    assert_eq!(outcome.items, 0);
}

#[tokio::test]
async fn the_deadline_ends_waiting_and_keeps_what_is_there() {
    let server = serve(|path, _, _| match path {
        "/api/v1/nodes" => {
            let mut late = status(429, "TooManyRequests", "slow down");
            late.headers_mut().insert("retry-after", "60".parse().unwrap());
            late
        }
        "/api/v1/pods" => {
            let first =
                futures_util::stream::iter([Ok::<_, std::io::Error>("{\"kind\":\"PodList\",\"items\":[")]);
            reply(200, Body::from_stream(first.chain(stream::pending())))
        }
        _ => nothing(),
    })
    .await;
    let target = gateway(&server);
    let (outcome, store) = run_for(&target, Duration::from_millis(1500)).await;
    assert!(outcome.duration < Duration::from_secs(3));
    let told: Vec<_> = outcome
        .failures
        .iter()
        .map(|f| (f.call.as_str(), f.error.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("list nodes of cluster prod", "429 TooManyRequests: slow down"),
            ("list pods of cluster prod", NO_ANSWER)
        ]
    );
    assert_eq!(server.asked("/nodes").len(), 1);
    assert_eq!(store.world().files.len(), KINDS.len() - 2);
}

#[tokio::test]
async fn a_dead_server_is_told_once() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server {
        url,
        asked: Arc::default(),
        headers: Arc::default(),
    };
    let (outcome, _) = run_for(&gateway(&server), Duration::from_millis(600)).await;
    assert_eq!(
        (outcome.status(), outcome.failures.len()),
        (Status::Failed, 1),
        "{outcome:?}"
    );
    assert!(outcome.failures[0].error.contains("refused"), "{outcome:?}");
}

#[tokio::test]
async fn namespaces_narrow_what_is_listed_and_the_meshs_root_stays() {
    let server = serve(|path, _, _| match path {
        "/api/v1/namespaces/shop/pods" => list(&[thing("a")], None),
        "/api/v1/namespaces/web/pods" => list(&[thing("b")], None),
        _ => nothing(),
    })
    .await;
    let mut target = gateway(&server);
    target.namespaces = vec!["shop".into(), "web".into()];
    let (outcome, store) = run(&target).await;
    assert_eq!(outcome.status(), Status::Ok);
    assert_eq!(names(&store, "pods"), ["a", "b"]);
    assert_eq!(server.asked("/pods").len(), 2);
    assert_eq!(server.asked("/peerauthentications").len(), 3);
    assert_eq!(server.asked("/istio-system/peerauthentications").len(), 1);
    assert_eq!(server.asked("/api/v1/nodes").len(), 1);
}

#[tokio::test]
async fn a_broken_kubeconfig_is_named_by_line_and_never_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, "users:\n- name: u\n  user: {token: s3cret\nclusters: [").unwrap();
    let server = serve(|_, _, _| nothing()).await;
    let target = Target {
        access: Access::Kubeconfig {
            path: Some(path),
            context: None,
        },
        ..gateway(&server)
    };
    let (outcome, _) = run(&target).await;
    let error = &outcome.failures[0].error;
    assert!(
        error.contains("is no kubeconfig: see line") && !error.contains("s3cret"),
        "{error}"
    );
}

#[tokio::test]
async fn compressed_answers_are_asked_for_and_opened() {
    let server = serve(|path, _, _| {
        if path != "/api/v1/pods" {
            return nothing();
        }
        let list = br#"{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}"#;
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut packed, list).unwrap();
        let mut answer = reply(200, packed.finish().unwrap());
        answer
            .headers_mut()
            .insert("content-encoding", "gzip".parse().unwrap());
        answer
    })
    .await;
    let (_, store) = run(&gateway(&server)).await;
    assert_eq!(names(&store, "pods"), ["a"]);
    assert_eq!(server.headers.lock().unwrap()[0]["accept-encoding"], "gzip");
}

#[tokio::test]
async fn a_collection_that_is_stopped_leaves_no_half_list() {
    let server = serve(|path, next, _| match (path, next) {
        ("/api/v1/pods", None) => list(&[thing("a")], Some("t")),
        ("/api/v1/pods", _) => reply(
            200,
            Body::from_stream(stream::pending::<Result<&str, std::io::Error>>()),
        ),
        _ => nothing(),
    })
    .await;
    let target = gateway(&server);
    let store = Store::new().unwrap();
    let _ = rustls::crypto::ring::default_provider().install_default();
    let collecting = collect(&target, &store, Instant::now() + Duration::from_secs(60));
    let stopped = tokio::time::timeout(Duration::from_secs(1), collecting).await;
    assert!(stopped.is_err());
    assert_eq!(server.asked("/pods").len(), 2);
    assert_eq!(file(&store, "pods"), None);
    assert_eq!(store.world().files.len(), KINDS.len() - 1);
}
