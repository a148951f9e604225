//! A replay server on a free port, and a client of it.
use crate::common;
use envoy_types::pb::envoy::service::status::v3::client_status_discovery_service_client::ClientStatusDiscoveryServiceClient;
use meshdoctor::replay::{Bundle, Faults, Options, Replay};
use meshdoctor::snapshot::{World, read};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};
use tonic::transport::Channel;

pub const NUMBER: &str = "525300120045";

/// A server on a free port, and a client of it.
pub struct Server {
    pub url: String,
    pub token: String,
    pub http: Client,
}

pub fn base_world() -> World {
    read::gather(&[common::base()], &read::Options::default()).unwrap()
}

pub async fn bind(world: World, page_size: Option<usize>, faults: &str) -> Replay {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        page_size,
        faults: Faults::parse(faults).unwrap(),
    };
    Replay::bind(Bundle::new(world).unwrap(), options).await.unwrap()
}

pub async fn start(world: World, page_size: Option<usize>, faults: &str) -> Server {
    let replay = bind(world, page_size, faults).await;
    let server = Server {
        url: replay.url(),
        token: replay.token().to_owned(),
        http: Client::builder().no_proxy().build().unwrap(),
    };
    tokio::spawn(replay.serve(std::future::pending()));
    server
}

pub async fn base() -> Server {
    start(base_world(), None, "[]").await
}

impl Server {
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Response {
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
    pub fn get(&self, path: &str) -> impl Future<Output = Value> {
        let path = path.to_owned();
        async move {
            let response = self.send(Method::GET, &path, None).await;
            let status = response.status();
            let body = response.text().await.unwrap();
            assert!(status.is_success(), "{path}: {status}: {body}");
            serde_json::from_str(&body).unwrap()
        }
    }

    pub async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.send(Method::POST, path, Some(&body)).await;
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status}: {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// All pages, one after another.
    pub async fn pages(&self, path: &str) -> Vec<Value> {
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

    pub async fn entries(&self, filter: &str, order: &str) -> Vec<Value> {
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

    pub async fn csds(&self) -> ClientStatusDiscoveryServiceClient<Channel> {
        let channel = Channel::from_shared(self.url.clone())
            .unwrap()
            .connect()
            .await
            .unwrap();
        ClientStatusDiscoveryServiceClient::new(channel)
    }

    pub fn signed<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        let bearer = format!("Bearer {}", self.token).parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
        request
    }
}

pub fn file(path: &str) -> Value {
    serde_json::from_str(&common::base_file(path)).unwrap()
}

/// Joins one array over pages.
pub fn joined(pages: &[Value], array: &str) -> Vec<Value> {
    let of = |page: &Value| page[array].as_array().cloned().unwrap_or_default();
    pages.iter().flat_map(of).collect()
}
