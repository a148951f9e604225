//! A bundle asked over the real wire: REST by reqwest, CSDS by tonic, Kubernetes by kube, the program by its signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::status::v3::client_status_discovery_service_client::ClientStatusDiscoveryServiceClient;
use envoy_types::pb::envoy::service::status::v3::{ClientStatusRequest, ClientStatusResponse};
use envoy_types::pb::envoy::r#type::matcher::v3::{
    NodeMatcher, StringMatcher, StructMatcher, ValueMatcher, string_matcher::MatchPattern, struct_matcher,
    value_matcher,
};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use meshdoctor::replay::{Bundle, Faults, Options, Replay, write_config};
use meshdoctor::snapshot::read;
use meshdoctor::snapshot::{Blob, World};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};
use tonic::transport::Channel;

const NUMBER: &str = "525300120045";

/// A server on a free port, and a client of it.
struct Server {
    url: String,
    token: String,
    http: Client,
}

fn base_world() -> World {
    read::gather(&[common::base()], &read::Options::default()).unwrap()
}

async fn bind(world: World, page_size: Option<usize>, faults: &str) -> Replay {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        page_size,
        faults: Faults::parse(faults).unwrap(),
    };
    Replay::bind(Bundle::new(world).unwrap(), options).await.unwrap()
}

async fn start(world: World, page_size: Option<usize>, faults: &str) -> Server {
    let replay = bind(world, page_size, faults).await;
    let server = Server {
        url: replay.url(),
        token: replay.token().to_owned(),
        http: Client::builder().no_proxy().build().unwrap(),
    };
    tokio::spawn(replay.serve(std::future::pending()));
    server
}

async fn base() -> Server {
    start(base_world(), None, "[]").await
}

impl Server {
    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
        let mut request = self
            .http
            .request(method, format!("{}/{path}", self.url))
            .bearer_auth(&self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await.unwrap()
    }

    #[track_caller]
    fn get(&self, path: &str) -> impl Future<Output = Value> {
        let path = path.to_owned();
        async move {
            let response = self.send(Method::GET, &path, None).await;
            let status = response.status();
            let body = response.text().await.unwrap();
            assert!(status.is_success(), "{path}: {status}: {body}");
            serde_json::from_str(&body).unwrap()
        }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.send(Method::POST, path, Some(&body)).await;
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// All pages, one after another.
    async fn pages(&self, path: &str) -> Vec<Value> {
        let (mut pages, mut token) = (Vec::<Value>::new(), String::new());
        loop {
            let sign = if path.contains('?') { '&' } else { '?' };
            let next = match token.as_str() {
                "" => path.to_owned(),
                token => format!("{path}{sign}pageToken={token}"),
            };
            let page = self.get(&next).await;
            token = page["nextPageToken"].as_str().unwrap_or_default().to_owned();
            pages.push(page);
            assert!(pages.len() < 1000, "{path} has no end");
            if token.is_empty() {
                return pages;
            }
        }
    }

    async fn entries(&self, filter: &str, order: &str) -> Vec<Value> {
        let (mut all, mut token) = (Vec::new(), json!(null));
        loop {
            let mut body = json!({
                "resourceNames": ["projects/mesh-prod"], "filter": filter, "orderBy": order, "pageSize": 2,
            });
            if !token.is_null() {
                body["pageToken"] = token;
            }
            let page = self.post("v2/entries:list", body).await;
            all.extend(page["entries"].as_array().cloned().unwrap_or_default());
            token = page["nextPageToken"].clone();
            if token.is_null() {
                return all;
            }
        }
    }

    async fn csds(&self) -> ClientStatusDiscoveryServiceClient<Channel> {
        let channel = Channel::from_shared(self.url.clone())
            .unwrap()
            .connect()
            .await
            .unwrap();
        ClientStatusDiscoveryServiceClient::new(channel)
    }

    fn signed<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }
}

fn file(path: &str) -> Value {
    serde_json::from_str(&common::base_file(path)).unwrap()
}

/// Joins one array over pages.
fn joined(pages: &[Value], array: &str) -> Vec<Value> {
    let of = |page: &Value| page[array].as_array().cloned().unwrap_or_default();
    pages.iter().flat_map(of).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_listing_pages_through_to_the_whole_file() {
    let server = start(base_world(), Some(1), "[]").await;
    for (url, array, path) in [
        (
            "v2/projects/mesh-prod/locations/us-central1/services",
            "services",
            "cloud-run/mesh-prod/us-central1/services.json",
        ),
        (
            "v2/projects/mesh-prod/locations/us-central1/services/-/revisions",
            "revisions",
            "cloud-run/mesh-prod/us-central1/revisions.json",
        ),
        (
            "v1/projects/mesh-prod/services?filter=state:ENABLED",
            "services",
            "service-usage/mesh-prod/services.json",
        ),
        (
            "v1/projects/mesh-prod/locations/-/memberships",
            "resources",
            "fleet/mesh-prod/memberships.json",
        ),
        (
            "v1/projects/mesh-prod/locations/global/features",
            "resources",
            "fleet/mesh-prod/features.json",
        ),
        (
            "v1/projects/mesh-prod/locations/-/clusters",
            "clusters",
            "clusters/mesh-prod/clusters.json",
        ),
        (
            "v1/projects/mesh-prod/serviceAccounts",
            "accounts",
            "iam/projects/mesh-prod/service-accounts.json",
        ),
        (
            "v1/projects/mesh-prod/roles?view=FULL",
            "roles",
            "iam/projects/mesh-prod/roles.json",
        ),
        (
            "v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F525300120045/denypolicies",
            "policies",
            "iam/projects/mesh-prod/deny-policies.json",
        ),
        (
            "dns/v1/projects/mesh-prod/managedZones",
            "managedZones",
            "dns/mesh-prod/managed-zones.json",
        ),
        (
            "dns/v1/projects/mesh-prod/managedZones/mesh-private/rrsets",
            "rrsets",
            "dns/mesh-prod/zones/mesh-private/rrsets.json",
        ),
        (
            "compute/v1/projects/mesh-prod/global/networks",
            "items",
            "compute/mesh-prod/networks.json",
        ),
        (
            "compute/v1/projects/mesh-prod/global/firewalls",
            "items",
            "compute/mesh-prod/firewalls.json",
        ),
    ] {
        let wanted = joined(&[file(path)], array);
        for url in [url.to_owned(), url.replace("/mesh-prod/", &format!("/{NUMBER}/"))] {
            let pages = server.pages(&url).await;
            assert_eq!(joined(&pages, array), wanted, "{url}");
            assert!(
                pages
                    .iter()
                    .all(|page| joined(std::slice::from_ref(page), array).len() <= 1)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregated_listings_keep_their_places() {
    let server = start(base_world(), Some(1), "[]").await;
    for (collection, name) in [
        ("subnetworks", "subnetworks"),
        ("addresses", "addresses"),
        ("backendServices", "backend-services"),
        ("networkEndpointGroups", "network-endpoint-groups"),
    ] {
        let wanted = file(&format!("compute/mesh-prod/{name}.json"));
        let pages = server
            .pages(&format!(
                "compute/v1/projects/mesh-prod/aggregated/{collection}?returnPartialSuccess=true"
            ))
            .await;
        let mut places: BTreeMap<String, Value> = BTreeMap::new();
        for page in &pages {
            for (place, scoped) in page["items"].as_object().unwrap() {
                let own = places.entry(place.clone()).or_insert_with(|| json!({}));
                for (key, value) in scoped.as_object().unwrap() {
                    match (own[key].as_array_mut(), value.as_array()) {
                        (Some(own), Some(more)) => own.extend(more.clone()),
                        _ => own[key] = value.clone(),
                    }
                }
            }
        }
        assert_eq!(json!(places), wanted["items"], "{collection}");
        assert_eq!(pages[0]["kind"], wanted["kind"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_by_place_serves_each_place_and_a_plain_one_all_places() {
    let region = "https://www.googleapis.com/compute/v1/projects/mesh-prod/regions/us-central1";
    let plain = json!({ "kind": "compute#addressList", "items": [{ "name": "a", "region": region }] });
    let mut world = base_world();
    let path = "compute/mesh-prod/addresses.json";
    let blob = Blob::memory(path, plain.to_string().into_bytes());
    world.files.insert(path.to_owned(), blob);
    let server = start(world, None, "[]").await;
    let all = server
        .get("compute/v1/projects/mesh-prod/aggregated/addresses")
        .await;
    assert_eq!(all["kind"], "compute#addressAggregatedList");
    assert_eq!(all["items"]["regions/us-central1"]["addresses"], plain["items"]);
    let here = "compute/v1/projects/mesh-prod/regions/us-central1";
    assert_eq!(server.get(&format!("{here}/addresses")).await, plain);

    let subnetworks = server.get(&format!("{here}/subnetworks")).await;
    let kept = &file("compute/mesh-prod/subnetworks.json")["items"]["regions/us-central1"];
    assert_eq!(
        subnetworks,
        json!({ "kind": "compute#subnetworkList", "items": kept["subnetworks"] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_listing_come_as_they_are() {
    let server = base().await;
    assert_eq!(
        server.get(&format!("v3/projects/{NUMBER}")).await,
        file("iam/projects/mesh-prod/project.json")
    );
    for (url, path) in [
        (
            "v3/projects/mesh-prod:getIamPolicy",
            "iam/projects/mesh-prod/policy.json",
        ),
        ("v3/folders/4711:getIamPolicy", "iam/folders/4711/policy.json"),
        (
            "v3/organizations/99887766:getIamPolicy",
            "iam/organizations/99887766/policy.json",
        ),
        (
            "v1/projects/mesh-prod:getAncestry",
            "iam/projects/mesh-prod/ancestry.json",
        ),
    ] {
        assert_eq!(server.post(url, json!({})).await, file(path), "{url}");
    }
    let old = server.get("v1/projects/mesh-prod").await;
    assert_eq!(
        (&old["projectNumber"], &old["parent"]["type"]),
        (&json!(NUMBER), &json!("folder"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_a_cluster_pages_through_under_every_root() {
    let server = base().await;
    let folder = common::base().join("kubernetes/prod");
    let gateway = format!("v1/projects/{NUMBER}/locations/us-central1/gkeMemberships/prod");
    let attached = format!("v1/projects/{NUMBER}/locations/us-central1/memberships/prod");
    for (name, bytes) in common::files(&folder) {
        let whole: Value = serde_json::from_slice(&bytes).unwrap();
        let version = whole["apiVersion"].as_str().unwrap();
        let plural = name.split('.').next().unwrap();
        let path = match version {
            "v1" => format!("api/v1/{plural}"),
            other => format!("apis/{other}/{plural}"),
        };
        for root in ["kubernetes/prod", &gateway, &attached] {
            let (mut items, mut next) = (Vec::new(), String::new());
            loop {
                let page = server
                    .get(&format!("{root}/{path}?limit=1&continue={next}"))
                    .await;
                assert_eq!(page["kind"], whole["kind"]);
                items.extend(page["items"].as_array().unwrap().clone());
                next = page["metadata"]["continue"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if next.is_empty() {
                    break;
                }
            }
            assert_eq!(json!(items), whole["items"], "{root}/{path}");
        }
    }
    let own = server.get("kubernetes/prod/api/v1/namespaces/ads/pods").await;
    let pods = own["items"].as_array().unwrap();
    assert!(!pods.is_empty() && pods.iter().all(|pod| pod["metadata"]["namespace"] == "ads"));
    let expired = server
        .send(
            Method::GET,
            "kubernetes/prod/api/v1/pods?limit=1&continue=old",
            None,
        )
        .await;
    assert_eq!(expired.status(), 410);
    assert_eq!(expired.json::<Value>().await.unwrap()["reason"], "Expired");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_every_api_says_401_in_its_own_shape() {
    let server = base().await;
    for path in [
        "v3/projects/mesh-prod",
        "v2/entries:list",
        "compute/v1/projects/mesh-prod/global/networks",
        "dns/v1/projects/mesh-prod/managedZones",
        "kubernetes/prod/api/v1/pods",
        "v1/projects/1/locations/l/gkeMemberships/prod/api/v1/pods",
        "kubernetes/prod/with-token/wrong/api",
        "no/such/path",
    ] {
        for token in [None, Some("ya29.wrong")] {
            let mut request = server.http.get(format!("{}/{path}", server.url));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            let body: Value = response.json().await.unwrap();
            if path.contains("/api") {
                assert_eq!(
                    (&body["kind"], &body["reason"]),
                    (&json!("Status"), &json!("Unauthorized"))
                );
            } else if path.starts_with("compute") || path.starts_with("dns") {
                assert_eq!(body["error"]["errors"][0]["reason"], "authError");
            } else {
                assert_eq!(body["error"]["status"], "UNAUTHENTICATED");
            }
        }
    }
    let mut csds = server.csds().await;
    let refused = csds.fetch_client_status(ask("test-mesh")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_bundle_is_404_in_the_apis_shape_and_nothing_found_is_an_empty_list() {
    let mut world = base_world();
    for path in [
        "dns/mesh-prod/managed-zones.json",
        "service-usage/mesh-prod/services.json",
        "kubernetes/prod/pods.json",
    ] {
        world.files.remove(path).unwrap();
    }
    let server = start(world, None, "[]").await;
    let not_found = async |path: &str| {
        let response = server.send(Method::GET, path, None).await;
        assert_eq!(response.status(), 404, "{path}");
        response.json::<Value>().await.unwrap()
    };
    let google = not_found("v1/projects/mesh-prod/services").await;
    assert_eq!(google["error"]["status"], "NOT_FOUND");
    let old = not_found("dns/v1/projects/mesh-prod/managedZones").await;
    assert_eq!(old["error"]["errors"][0]["reason"], "notFound");
    let kind = not_found("kubernetes/prod/apis/example.com/v1/widgets").await;
    assert_eq!(
        (&kind["kind"], &kind["reason"]),
        (&json!("Status"), &json!("NotFound"))
    );
    // From the gateway, not from a cluster: else it would read as "the kind is not served".
    let cluster = not_found("v1/projects/1/locations/l/gkeMemberships/other/api/v1/pods").await;
    assert_eq!(cluster["error"]["status"], "NOT_FOUND");
    // Pods are in every cluster: without a file they were not collected.
    let pods = server
        .send(Method::GET, "kubernetes/prod/api/v1/pods", None)
        .await;
    assert_eq!(pods.status(), 403);
    let elsewhere = server
        .get("v2/projects/mesh-prod/locations/europe-west1/services")
        .await;
    assert_eq!(elsewhere, json!({}));
}

/// The base with another manifest, and without some files.
fn failed(collector: Value, without: &str) -> World {
    let mut world = base_world();
    let mut manifest = file("bundle.json");
    let collectors = manifest["collectors"].as_array_mut().unwrap();
    collectors.retain(|own| own["name"] != collector["name"]);
    collectors.push(collector);
    world.files.insert(
        "bundle.json".into(),
        Blob::memory("bundle.json", manifest.to_string().into_bytes()),
    );
    world.files.retain(|path, _| !path.starts_with(without));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manifest_says_failed_fails_again_with_its_permission() {
    let iam = json!({
        "name": "iam", "status": "FAILED", "permissionNeeded": "resourcemanager.projects.getIamPolicy",
        "error": "403 PERMISSION_DENIED: Permission 'resourcemanager.projects.getIamPolicy' denied",
    });
    let server = start(failed(iam, "iam/projects/mesh-prod/policy.json"), None, "[]").await;
    let refused = server
        .send(
            Method::POST,
            "v3/projects/mesh-prod:getIamPolicy",
            Some(&json!({})),
        )
        .await;
    assert_eq!(refused.status(), 403);
    let error = refused.json::<Value>().await.unwrap()["error"].clone();
    assert_eq!(
        error["message"],
        "Permission 'resourcemanager.projects.getIamPolicy' denied"
    );
    assert_eq!(error["details"][0]["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(
        error["details"][0]["metadata"]["permission"],
        "resourcemanager.projects.getIamPolicy"
    );
    // What was collected all the same is there.
    server.get("v3/projects/mesh-prod").await;

    let kubernetes = json!({
        "name": "kubernetes", "status": "PARTIAL",
        "error": "list pods: 403 Forbidden: pods is forbidden: User \"u\" cannot list resource \"pods\"",
    });
    let server = start(failed(kubernetes, "kubernetes/prod/pods.json"), None, "[]").await;
    let refused = server
        .send(Method::GET, "kubernetes/prod/api/v1/pods", None)
        .await;
    assert_eq!(refused.status(), 403);
    let status: Value = refused.json().await.unwrap();
    assert_eq!(status["reason"], "Forbidden");
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("cannot list resource")
    );
    server.get("kubernetes/prod/api/v1/services").await;

    let csds = json!({
        "name": "csds", "status": "FAILED", "permissionNeeded": "trafficdirector.networks.getConfigs",
        "error": "PERMISSION_DENIED: Permission 'trafficdirector.networks.getConfigs' denied on resource 'x'",
    });
    let server = start(failed(csds, "csds/"), None, "[]").await;
    let mut client = server.csds().await;
    let refused = client
        .fetch_client_status(server.signed(ask("test-mesh")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    assert!(refused.message().contains("trafficdirector.networks.getConfigs"));
    assert!(!refused.details().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn log_entries_are_what_the_filter_asks_for_in_the_order_asked_for() {
    let server = base().await;
    let text = common::base_file("logging/mesh-prod/entries.ndjson");
    let all: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let times = |entries: &[Value]| -> Vec<String> {
        let time = |entry: &Value| entry["timestamp"].as_str().unwrap().to_owned();
        entries.iter().map(time).collect()
    };
    let mut ascending = all.clone();
    ascending.sort_by_key(|entry| {
        entry["timestamp"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    });
    assert_eq!(server.entries("", "").await, ascending);
    let mut descending = times(&ascending);
    descending.reverse();
    assert_eq!(times(&server.entries("", "timestamp desc").await), descending);

    let warnings: Vec<Value> = ascending
        .iter()
        .filter(|entry| entry["resource"]["labels"]["service_name"] == "fortio")
        .filter(|entry| ["WARNING", "ERROR"].contains(&entry["severity"].as_str().unwrap()))
        .cloned()
        .collect();
    assert!(!warnings.is_empty() && warnings.len() < all.len());
    let found = server
        .entries(
            "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=\"fortio\"\n\
             timestamp>=\"2026-11-20T08:35:00Z\"\n(severity>=WARNING OR \"no entry says this\")",
            "timestamp asc",
        )
        .await;
    assert_eq!(found, warnings);
    for none in [
        "resource.type=\"k8s_container\"",
        "resource.labels.service_name=\"other\"",
        "timestamp>=\"2026-11-21T00:00:00Z\"",
    ] {
        assert!(server.entries(none, "").await.is_empty(), "{none}");
    }
    let bad = json!({ "resourceNames": ["projects/mesh-prod"], "filter": "(severity=" });
    let refused = server.send(Method::POST, "v2/entries:list", Some(&bad)).await;
    assert_eq!(refused.status(), 400);
}

fn ask(mesh: &str) -> ClientStatusRequest {
    let equals = |key: &str, value: &str| StructMatcher {
        path: vec![struct_matcher::PathSegment {
            segment: Some(struct_matcher::path_segment::Segment::Key(key.into())),
        }],
        value: Some(ValueMatcher {
            match_pattern: Some(value_matcher::MatchPattern::StringMatch(StringMatcher {
                match_pattern: Some(MatchPattern::Exact(value.into())),
                ignore_case: false,
            })),
        }),
    };
    ClientStatusRequest {
        node: Some(Node {
            id: format!("projects/{NUMBER}/networks/mesh:{mesh}/nodes/test"),
            ..Node::default()
        }),
        node_matchers: vec![NodeMatcher {
            node_id: None,
            node_metadatas: vec![
                equals("TRAFFICDIRECTOR_GCP_PROJECT_NUMBER", NUMBER),
                equals("TRAFFICDIRECTOR_MESH_SCOPE_NAME", mesh),
            ],
        }],
        exclude_resource_contents: false,
    }
}

async fn stream(server: &Server, request: ClientStatusRequest) -> ClientStatusResponse {
    let mut client = server.csds().await;
    let requests = server.signed(tokio_stream::once(request));
    let mut answers = client.stream_client_status(requests).await.unwrap().into_inner();
    answers.message().await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn csds_answers_for_the_mesh_that_the_matchers_name() {
    let server = base().await;
    let whole = file("csds/mesh-prod/client-status.json");
    let answer = stream(&server, ask("test-mesh")).await;
    assert_eq!(answer.config.len(), whole["config"].as_array().unwrap().len());
    let contents = |answer: &ClientStatusResponse| {
        let all = answer
            .config
            .iter()
            .flat_map(|config| &config.generic_xds_configs);
        all.filter(|resource| resource.xds_config.is_some()).count()
    };
    assert!(contents(&answer) > 0);
    assert!(stream(&server, ask("other-mesh")).await.config.is_empty());

    let mut bare = ask("test-mesh");
    bare.exclude_resource_contents = true;
    let mut client = server.csds().await;
    let status = client
        .fetch_client_status(server.signed(bare))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(status.config.len(), answer.config.len());
    assert_eq!(contents(&status), 0);

    let no_mesh = ClientStatusRequest::default();
    let refused = client
        .fetch_client_status(server.signed(no_mesh))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::InvalidArgument);
}

#[tokio::test(flavor = "multi_thread")]
async fn csds_over_rest_says_what_it_says_over_grpc() {
    let server = base().await;
    let equals = |key: &str, value: &str| json!({ "path": [{ "key": key }], "value": { "stringMatch": { "exact": value } } });
    let body = json!({
        "node": { "id": format!("projects/{NUMBER}/networks/mesh:test-mesh/nodes/test") },
        "nodeMatchers": [{ "nodeMetadatas": [
            equals("TRAFFICDIRECTOR_GCP_PROJECT_NUMBER", NUMBER),
            equals("TRAFFICDIRECTOR_MESH_SCOPE_NAME", "test-mesh"),
        ]}],
    });
    let rest = server.post("v3/discovery:client_status", body).await;
    let whole = file("csds/mesh-prod/client-status.json");
    assert_eq!(rest["config"][0]["node"]["id"], whole["config"][0]["node"]["id"]);
    let names = |answer: &Value| -> Vec<Value> {
        let resources = answer["config"][0]["genericXdsConfigs"].as_array().unwrap();
        resources.iter().map(|own| own["name"].clone()).collect()
    };
    assert_eq!(names(&rest), names(&whole));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_break_what_they_name_and_nothing_else() {
    let server = start(
        base_world(),
        None,
        r#"
- match: { path: "/v3/projects/mesh-prod", method: GET }
  times: 1
  action: { status: { code: 429, headers: { retry-after: "7" } } }
- match: { path: "/v1/projects/mesh-prod/services" }
  action: { delay: 200 }
- match: { path: "/v1/projects/mesh-prod/serviceAccounts" }
  action: reset
- match: { path: "/v1/projects/mesh-prod/roles" }
  action: html
- match: { path: "*/memberships" }
  action: token_loop
- match: { path: "*/features" }
  action: empty_page
- match: { path: "*/clusters" }
  action: truncate
- match: { path: "/dns/" }
  action: { oversize: 100000 }
- match: { path: "/compute/" }
  action: hang
- match: { path: "/envoy.service.status.v3.*" }
  action: { status: { code: 503 } }
"#,
    )
    .await;
    let busy = server.send(Method::GET, "v3/projects/mesh-prod", None).await;
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    server.get("v3/projects/mesh-prod").await;

    let started = Instant::now();
    server.get("v1/projects/mesh-prod/services").await;
    assert!(started.elapsed() >= Duration::from_millis(200));

    let reset = server
        .send(Method::GET, "v1/projects/mesh-prod/serviceAccounts", None)
        .await;
    assert!(reset.status().is_success());
    assert!(reset.bytes().await.is_err(), "the body should break off");

    let html = server
        .send(Method::GET, "v1/projects/mesh-prod/roles", None)
        .await;
    assert!(html.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    let members = "v1/projects/mesh-prod/locations/-/memberships";
    let first = server.get(members).await;
    let token = first["nextPageToken"].as_str().unwrap();
    assert_eq!(server.get(&format!("{members}?pageToken={token}")).await, first);

    let features = "v1/projects/mesh-prod/locations/global/features";
    assert!(server.get(features).await.get("resources").is_none());
    let pages = server.pages(features).await;
    assert_eq!(
        joined(&pages, "resources"),
        joined(&[file("fleet/mesh-prod/features.json")], "resources")
    );

    let cut = server
        .send(Method::GET, "v1/projects/mesh-prod/locations/-/clusters", None)
        .await;
    assert!(cut.json::<Value>().await.is_err());

    let long = server
        .send(Method::GET, "dns/v1/projects/mesh-prod/managedZones", None)
        .await;
    let text = long.text().await.unwrap();
    assert!(text.len() > 100_000 && serde_json::from_str::<Value>(&text).is_ok());

    let hung = server.send(Method::GET, "compute/v1/projects/mesh-prod/global/networks", None);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), hung)
            .await
            .is_err()
    );

    let mut csds = server.csds().await;
    let refused = csds
        .fetch_client_status(server.signed(ask("test-mesh")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubernetes_client_lists_through_the_written_kubeconfig() {
    let folder = tempfile::tempdir().unwrap();
    let replay = bind(base_world(), Some(1), "[]").await;
    let config = folder.path().join("meshdoctor.toml");
    write_config(&replay, &config).unwrap();
    tokio::spawn(replay.serve(std::future::pending()));

    let kubeconfig =
        kube::config::Kubeconfig::read_from(folder.path().join("meshdoctor.kubeconfig")).unwrap();
    let options = kube::config::KubeConfigOptions {
        context: Some("prod".into()),
        ..Default::default()
    };
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    let client = kube::Client::try_from(config).unwrap();
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk(
        "networking.istio.io",
        "v1",
        "VirtualService",
    ));
    let api: Api<DynamicObject> = Api::all_with(client.clone(), &kind);
    let (mut names, mut parameters) = (Vec::new(), ListParams::default().limit(50));
    loop {
        let page = api.list(&parameters).await.unwrap();
        names.extend(page.items.into_iter().filter_map(|own| own.metadata.name));
        match page.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => parameters = parameters.continue_token(&token),
            None => break,
        }
    }
    let whole = file("kubernetes/prod/virtualservices.networking.istio.io.json");
    let wanted: Vec<&str> = whole["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|own| own["metadata"]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, wanted);

    let groups = client.list_api_groups().await.unwrap();
    assert!(
        groups
            .groups
            .iter()
            .any(|group| group.name == "networking.istio.io")
    );
    let resources = client.list_core_api_resources("v1").await.unwrap();
    assert!(resources.resources.iter().any(|own| own.name == "pods"));
}

/// The program itself: ready when the file is there, and it ends by a signal, even with a request that hangs.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_its_configuration_and_ends_cleanly() {
    for signal in ["INT", "TERM"] {
        let sandbox = common::Sandbox::new();
        let out = sandbox.path("replay.toml");
        let faults = sandbox.write("faults.yaml", "- match: { path: /compute/ }\n  action: hang\n");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
            .arg("replay")
            .arg(common::base())
            .arg("--config-out")
            .arg(&out)
            .arg("--faults")
            .arg(&faults)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&out);
        let settings: toml::Table = std::fs::read_to_string(&out).unwrap().parse().unwrap();
        assert_eq!(settings["project"].as_str(), Some("mesh-prod"));
        assert_eq!(settings["now"].as_str(), Some("2026-11-20T09:35:00Z"));
        assert!(Path::new(settings["kubeconfig"].as_str().unwrap()).is_file());
        let url = settings["endpoints"]["run"].as_str().unwrap().to_owned();
        assert_eq!(settings["endpoints"].as_table().unwrap().len(), 12);
        let token = settings["access-token"].as_str().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server {
            url,
            token,
            http: Client::builder().no_proxy().build().unwrap(),
        };
        server.get("v3/projects/mesh-prod").await;
        let hung = server.send(Method::GET, "compute/v1/projects/mesh-prod/global/networks", None);
        assert!(
            tokio::time::timeout(Duration::from_millis(200), hung)
                .await
                .is_err()
        );
        let killed = std::process::Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let ended = child.wait_with_output_within(Duration::from_secs(10));
        assert_eq!(ended.0, Some(0), "{signal}");
        assert_eq!(ended.1.lines().count(), 1, "{}", ended.1);
    }
}

fn wait_for(file: &Path) {
    let started = Instant::now();
    while !file.exists() {
        assert!(started.elapsed() < Duration::from_secs(30), "never ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

trait Within {
    fn wait_with_output_within(&mut self, limit: Duration) -> (Option<i32>, String);
}

impl Within for std::process::Child {
    fn wait_with_output_within(&mut self, limit: Duration) -> (Option<i32>, String) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.try_wait().unwrap() {
                let mut out = String::new();
                std::io::Read::read_to_string(&mut self.stdout.take().unwrap(), &mut out).unwrap();
                return (status.code(), out);
            }
            if started.elapsed() > limit {
                self.kill().unwrap();
                self.wait().unwrap();
                panic!("did not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let sandbox = common::Sandbox::new();
    let base = common::base();
    let run = sandbox.run(["replay", base.to_str().unwrap(), "--listen", "0.0.0.0:0"]);
    run.ended(2);
    assert!(run.stderr.contains("loopback"), "{}", run.said());
}
