//! What the collector promises, over the wire: a small Traffic Director on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::details::ErrorInfo;
use super::*;
use crate::snapshot::{Content, Status};
use crate::xds;
use axum::http::{HeaderMap, StatusCode};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;
use envoy_types::pb::envoy::service::status::v3::client_status_discovery_service_server::{
    ClientStatusDiscoveryService, ClientStatusDiscoveryServiceServer,
};
use envoy_types::pb::envoy::service::status::v3::{ClientConfig, ClientStatusRequest, ClientStatusResponse};
use envoy_types::pb::google::protobuf::Any;
use prost::Message;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;
use tokio_stream::{Stream, StreamExt};
use tonic::metadata::MetadataMap;
use tonic::{Code, Request, Response, Streaming};

type Seen = Arc<Mutex<Vec<(MetadataMap, ClientStatusRequest)>>>;
type Say = dyn Fn(&str, usize) -> Option<Result<ClientStatusResponse, tonic::Status>> + Send + Sync;

/// Answers by the request's node id and how many requests came before it; `None`: never.
struct Director {
    seen: Seen,
    say: Arc<Say>,
}

type Answers = Pin<Box<dyn Stream<Item = Result<ClientStatusResponse, tonic::Status>> + Send>>;

#[tonic::async_trait]
impl ClientStatusDiscoveryService for Director {
    type StreamClientStatusStream = Answers;

    async fn stream_client_status(
        &self,
        request: Request<Streaming<ClientStatusRequest>>,
    ) -> Result<Response<Answers>, tonic::Status> {
        let metadata = request.metadata().clone();
        let question = request.into_inner().message().await?.unwrap();
        let (node, before) = {
            let mut seen = self.seen.lock().unwrap();
            seen.push((metadata, question.clone()));
            (question.node.unwrap().id, seen.len() - 1)
        };
        match (self.say)(&node, before) {
            // As a server that goes on listening: the stream stays open.
            Some(Ok(answer)) => Ok(Response::new(Box::pin(
                tokio_stream::once(Ok(answer)).chain(tokio_stream::pending()),
            ))),
            Some(Err(status)) => Err(status),
            None => Ok(Response::new(Box::pin(tokio_stream::pending()))),
        }
    }

    async fn fetch_client_status(
        &self,
        _: Request<ClientStatusRequest>,
    ) -> Result<Response<ClientStatusResponse>, tonic::Status> {
        Err(tonic::Status::unimplemented("no"))
    }
}

async fn director(
    say: impl Fn(&str, usize) -> Option<Result<ClientStatusResponse, tonic::Status>> + Send + Sync + 'static,
) -> (String, Seen) {
    let seen = Seen::default();
    let service = Director {
        seen: Arc::clone(&seen),
        say: Arc::new(say),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let incoming = tonic::transport::server::TcpIncoming::from(listener);
    let service = ClientStatusDiscoveryServiceServer::new(service);
    let server = tonic::transport::Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(incoming));
    (url, seen)
}

fn target(url: &str, meshes: &[&str]) -> Target {
    Target {
        base_url: url.to_owned(),
        project: "mesh-prod".into(),
        project_number: "12".into(),
        meshes: meshes.iter().map(|mesh| (*mesh).to_owned()).collect(),
        exclude_resource_contents: false,
        token: Arc::new(|| Box::pin(async { Ok("ya29.secret".to_owned()) })),
        counter: Arc::default(),
    }
}

async fn run(target: &Target, time: Duration) -> (Outcome, Store) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let store = Store::new().unwrap();
    let outcome = collect(target, &store, Instant::now() + time).await;
    (outcome, store)
}

const AMPLE: Duration = Duration::from_secs(60);

fn only_file(store: &Store) -> (String, PathBuf) {
    let world = store.world();
    assert_eq!(world.files.len(), 1);
    let (name, blob) = world.files.iter().next().unwrap();
    let Content::File(path) = &blob.content else {
        panic!("in memory");
    };
    (name.clone(), path.clone())
}

fn client(id: &str) -> ClientConfig {
    ClientConfig {
        node: Some(Node {
            id: id.to_owned(),
            ..Node::default()
        }),
        ..ClientConfig::default()
    }
}

fn answer(config: Vec<ClientConfig>) -> Option<Result<ClientStatusResponse, tonic::Status>> {
    Some(Ok(ClientStatusResponse { config }))
}

#[tokio::test]
async fn the_clients_of_several_meshes_are_joined() {
    let (url, seen) = director(|node, _| match node {
        "projects/12/networks/mesh:one/nodes/meshdoctor" => answer(vec![client("a"), client("b")]),
        _ => answer(vec![client("c")]),
    })
    .await;
    let mut target = target(&url, &["projects/p/locations/global/meshes/one", "two"]);
    target.exclude_resource_contents = true;
    let (outcome, store) = run(&target, AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 3), "{outcome:?}");
    let (name, path) = only_file(&store);
    assert_eq!(name, "csds/mesh-prod/client-status.binpb");
    let status = xds::from_binary(std::fs::read(path).unwrap(), "x").unwrap();
    let ids: Vec<_> = status
        .clients
        .iter()
        .map(|client| client.node_id.as_str())
        .collect();
    assert_eq!(ids, ["a", "b", "c"]);

    let seen = seen.lock().unwrap();
    let (metadata, question) = &seen[1];
    assert_eq!(metadata.get("authorization").unwrap(), "Bearer ya29.secret");
    assert_eq!(metadata.get("x-goog-user-project").unwrap(), "12");
    assert!(question.exclude_resource_contents);
    let matchers = format!("{:?}", question.node_matchers);
    for part in [
        "TRAFFICDIRECTOR_GCP_PROJECT_NUMBER",
        "Exact(\"12\")",
        "TRAFFICDIRECTOR_MESH_SCOPE_NAME",
        "Exact(\"two\")",
    ] {
        assert!(matchers.contains(part), "{matchers}");
    }
}

#[tokio::test]
async fn no_client_is_an_answer() {
    let (url, _) = director(|_, _| answer(vec![])).await;
    let (outcome, store) = run(&target(&url, &["one"]), AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 0), "{outcome:?}");
    assert_eq!(std::fs::read(only_file(&store).1).unwrap(), b"");
}

#[tokio::test]
async fn a_denied_mesh_names_the_permission_and_leaves_the_other_alone() {
    let (url, _) = director(|node, _| {
        if node.contains("mesh:one") {
            return answer(vec![client("a")]);
        }
        Some(Err(tonic::Status::permission_denied("not for ya29.secret")))
    })
    .await;
    let (outcome, store) = run(&target(&url, &["one", "two"]), AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Partial, 1));
    assert_eq!(
        outcome.failures,
        [Failure {
            call: "ask Traffic Director for the clients of mesh two in mesh-prod".into(),
            error: "7 PERMISSION_DENIED: not for [token]".into(),
            kind: FailureKind::PermissionMissing,
            permission: Some(PERMISSION.into()),
            resource: Some("projects/mesh-prod".into()),
            service: None,
        }]
    );
    only_file(&store);
}

#[tokio::test]
async fn a_disabled_api_is_no_missing_permission_nor_is_a_bad_token() {
    let (url, _) = director(|_, before| {
        if before > 0 {
            return Some(Err(tonic::Status::unauthenticated("who?")));
        }
        let info = ErrorInfo {
            reason: "SERVICE_DISABLED".into(),
            ..ErrorInfo::default()
        };
        let mut any = vec![0x1a, 0];
        let detail = prost_types::Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
            value: info.encode_to_vec(),
        }
        .encode_to_vec();
        any[1] = u8::try_from(detail.len()).unwrap();
        any.extend(detail);
        let status = tonic::Status::with_details(Code::PermissionDenied, "it is disabled", any.into());
        Some(Err(status))
    })
    .await;
    let (outcome, store) = run(&target(&url, &["one", "two"]), AMPLE).await;
    assert_eq!(outcome.status(), Status::Failed);
    let told: Vec<_> = outcome
        .failures
        .iter()
        .map(|f| (f.error.as_str(), &f.permission, f.kind))
        .collect();
    assert_eq!(
        told,
        [
            (
                "7 PERMISSION_DENIED: it is disabled",
                &None,
                FailureKind::ApiDisabled
            ),
            ("16 UNAUTHENTICATED: who?", &None, FailureKind::Unauthenticated)
        ]
    );
    let service = outcome.failures[0].service.as_deref();
    assert_eq!(service, Some("trafficdirector.googleapis.com"));
    assert!(store.world().files.is_empty());
}

#[tokio::test]
async fn an_answer_of_a_hundred_megabytes_arrives_whole() {
    let big = || {
        let mut config = client("big");
        config.generic_xds_configs = (0..100)
            .map(|n| GenericXdsConfig {
                name: format!("cluster-{n}"),
                xds_config: Some(Any {
                    type_url: "type.googleapis.com/x".into(),
                    value: vec![b'x'; 1 << 20],
                }),
                ..GenericXdsConfig::default()
            })
            .collect();
        ClientStatusResponse { config: vec![config] }
    };
    let length = big().encoded_len();
    let (url, _) = director(move |_, _| Some(Ok(big()))).await;
    let (outcome, store) = run(&target(&url, &["one"]), AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 1), "{outcome:?}");
    assert!(length > 100 << 20);
    assert_eq!(
        std::fs::metadata(only_file(&store).1).unwrap().len(),
        length as u64
    );
}

#[tokio::test]
async fn silence_ends_in_time_and_what_rest_says_is_told_beside_it() {
    let (url, _) = director(|_, _| None).await;
    let (outcome, store) = run(&target(&url, &["one"]), Duration::from_millis(700)).await;
    assert!(outcome.duration < Duration::from_secs(2));
    assert_eq!(outcome.status(), Status::Failed);
    // The server speaks no REST.
    let error = &outcome.failures[0].error;
    assert!(error.contains("(by REST; gRPC: no answer within "), "{error}");
    assert!(store.world().files.is_empty());
}

#[tokio::test]
async fn what_passes_is_tried_again() {
    let (url, seen) = director(|_, before| match before {
        0 => Some(Err(tonic::Status::unavailable("moving"))),
        1 => Some(Err(tonic::Status::resource_exhausted("too many"))),
        _ => answer(vec![client("a")]),
    })
    .await;
    let (outcome, _) = run(&target(&url, &["one"]), AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 1), "{outcome:?}");
    assert_eq!(seen.lock().unwrap().len(), 3);
}

type Posted = Arc<Mutex<Vec<(HeaderMap, Value)>>>;

async fn rest(code: u16, answer: Value) -> (String, Posted) {
    let posted = Posted::default();
    let log = Arc::clone(&posted);
    let handler = move |headers: HeaderMap, axum::Json(body): axum::Json<Value>| {
        log.lock().unwrap().push((headers, body));
        let answer = (StatusCode::from_u16(code).unwrap(), axum::Json(answer.clone()));
        async move { answer }
    };
    let router = axum::Router::new().route("/v3/discovery:client_status", axum::routing::post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, posted)
}

#[tokio::test]
async fn where_grpc_does_not_get_through_rest_is_asked() {
    let (url, posted) = rest(200, json!([{"config": [{"node": {"id": "a"}}]}])).await;
    let (outcome, store) = run(&target(&url, &["one", "two"]), AMPLE).await;
    assert_eq!((outcome.status(), outcome.items), (Status::Ok, 2), "{outcome:?}");
    assert!(
        outcome.notes[0].starts_with("gRPC did not get through"),
        "{outcome:?}"
    );
    let (name, path) = only_file(&store);
    assert_eq!(name, "csds/mesh-prod/client-status.json");
    let status = xds::from_json(&std::fs::read(path).unwrap(), "x").unwrap();
    assert_eq!(status.clients.len(), 2);

    let posted = posted.lock().unwrap();
    let (headers, body) = &posted[1];
    assert_eq!(headers["authorization"], "Bearer ya29.secret");
    assert_eq!(headers["x-goog-user-project"], "12");
    assert_eq!(
        body["node"]["id"],
        "projects/12/networks/mesh:two/nodes/meshdoctor"
    );
    let matcher = &body["nodeMatchers"][0]["nodeMetadatas"][1];
    assert_eq!(matcher["path"][0]["key"], "TRAFFICDIRECTOR_MESH_SCOPE_NAME");
    assert_eq!(matcher["value"]["stringMatch"]["exact"], "two");
}

#[tokio::test]
async fn where_rest_is_denied_too_both_are_told() {
    let denial = json!({"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "no"}});
    let (url, _) = rest(403, denial).await;
    let (outcome, store) = run(&target(&url, &["one"]), AMPLE).await;
    assert_eq!(outcome.status(), Status::Failed);
    let failure = &outcome.failures[0];
    assert!(
        failure
            .error
            .starts_with("403 PERMISSION_DENIED: no (by REST; gRPC: "),
        "{failure:?}"
    );
    assert_eq!(failure.permission.as_deref(), Some(PERMISSION));
    assert!(store.world().files.is_empty());
}

#[tokio::test]
async fn no_mesh_is_skipped_and_a_token_never_goes_out_in_the_clear() {
    let (outcome, _) = run(&target("http://127.0.0.1:1", &[]), AMPLE).await;
    assert_eq!(outcome.status(), Status::Skipped);
    let (outcome, _) = run(&target("http://trafficdirector.example", &["one"]), AMPLE).await;
    assert!(outcome.failures[0].error.contains("in the clear"), "{outcome:?}");
}
