//! Traffic Director's client status: CSDS over gRPC, and the same over REST.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::bundle::Bundle;
use super::nodes;
use crate::xds;
use envoy_types::pb::envoy::service::status::v3::client_status_discovery_service_server::ClientStatusDiscoveryService;
use envoy_types::pb::envoy::service::status::v3::{ClientStatusRequest, ClientStatusResponse};
use envoy_types::pb::google::protobuf::Any;
use envoy_types::pb::google::rpc;
use futures_util::{Stream, StreamExt};
use prost::Message;
use std::collections::{BTreeMap, HashMap};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use tonic::{Code, Request, Response, Status, Streaming};

/// The gRPC service's path.
pub const SERVICE: &str = "/envoy.service.status.v3.ClientStatusDiscoveryService/";

/// The answers of a bundle, decoded once.
#[derive(Debug, Clone)]
pub struct ClientStatus {
    bundle: Arc<Bundle>,
    open: Arc<Mutex<HashMap<String, Arc<ClientStatusResponse>>>>,
}

impl ClientStatus {
    pub fn new(bundle: Arc<Bundle>) -> Self {
        Self {
            bundle,
            open: Arc::default(),
        }
    }

    /// The clients that a request means.
    pub fn select(&self, request: &ClientStatusRequest) -> Result<ClientStatusResponse, Refusal> {
        let number = asked_project(request)?;
        let all = self.project(&number)?;
        let meant = |config: &&envoy_types::pb::envoy::service::status::v3::ClientConfig| {
            let node = config.node.clone().unwrap_or_default();
            let mut any = request.node_matchers.iter();
            any.any(|matcher| nodes::matches(matcher, &node))
        };
        let mut answer = ClientStatusResponse {
            config: all.config.iter().filter(meant).cloned().collect(),
        };
        if request.exclude_resource_contents {
            for config in &mut answer.config {
                for resource in &mut config.generic_xds_configs {
                    resource.xds_config = None;
                }
            }
        }
        Ok(answer)
    }

    /// Every client of a project.
    fn project(&self, number: &str) -> Result<Arc<ClientStatusResponse>, Refusal> {
        if let Some(open) = self.open.lock().ok().and_then(|open| open.get(number).cloned()) {
            return Ok(open);
        }
        let paths = self.bundle.below("csds", number);
        if paths.is_empty() {
            let permission = "trafficdirector.networks.getConfigs";
            return Err(self
                .bundle
                .absent("csds", permission, &format!("projects/{number}")));
        }
        let broken = |error: String| Refusal::new(500, error);
        let mut all = ClientStatusResponse::default();
        for path in paths {
            let mut bytes = self.bundle.bytes(path)?;
            if path.ends_with(".json") {
                bytes = xds::json_to_binary(&bytes, path).map_err(|error| broken(error.to_string()))?;
            }
            let one = ClientStatusResponse::decode(bytes.as_slice());
            all.config
                .extend(one.map_err(|error| broken(error.to_string()))?.config);
        }
        let all = Arc::new(all);
        if let Ok(mut open) = self.open.lock() {
            open.insert(number.to_owned(), Arc::clone(&all));
        }
        Ok(all)
    }

    /// `POST /v3/discovery:client_status`.
    pub fn rest(&self, ask: &Ask) -> Result<Answer, Refusal> {
        let bytes = xds::request_to_binary(&ask.json()?).map_err(Refusal::invalid)?;
        let request = ClientStatusRequest::decode(bytes.as_slice())
            .map_err(|error| Refusal::invalid(error.to_string()))?;
        let answer = self.select(&request)?.encode_to_vec();
        let text = xds::to_json(&answer, "the answer");
        text.map(Answer::json)
            .map_err(|error| Refusal::new(500, error.to_string()))
    }
}

/// The project that all matchers name, as Traffic Director demands it: the number, and a network or a mesh; the
/// request's own node must be of the project, since the permission is looked up by it.
fn asked_project(request: &ClientStatusRequest) -> Result<String, Refusal> {
    let mut number: Option<&str> = None;
    for matcher in &request.node_matchers {
        let own = nodes::wanted(matcher, nodes::PROJECT)
            .ok_or_else(|| Refusal::invalid(format!("node matcher lacks {}", nodes::PROJECT)))?;
        let places = [nodes::NETWORK, nodes::MESH];
        if places
            .iter()
            .filter(|key| nodes::wanted(matcher, key).is_some())
            .count()
            != 1
        {
            return Err(Refusal::invalid(format!(
                "node matcher must have exactly one of {} and {}",
                nodes::NETWORK,
                nodes::MESH
            )));
        }
        if number.is_some_and(|other| other != own) {
            return Err(Refusal::invalid("node matchers name different projects"));
        }
        number = Some(own);
    }
    let number = number.ok_or_else(|| Refusal::invalid("a node matcher is required"))?;
    let id = request.node.as_ref().map_or("", |node| node.id.as_str());
    if !id.starts_with(&format!("projects/{number}/networks/")) || !id.contains("/nodes/") {
        return Err(Refusal::invalid(format!(
            "node.id must be projects/{number}/networks/NETWORK/nodes/ID: {id:?}"
        )));
    }
    Ok(number.to_owned())
}

/// google.rpc.ErrorInfo.
#[derive(Clone, PartialEq, Message)]
struct ErrorInfo {
    #[prost(string, tag = "1")]
    reason: String,
    #[prost(string, tag = "2")]
    domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    metadata: BTreeMap<String, String>,
}

/// A refusal as gRPC says it, with the details that REST has too.
pub fn status(refusal: &Refusal) -> Status {
    let code = refusal.grpc_code();
    if refusal.reason.is_empty() {
        return Status::new(Code::from(code), &refusal.message);
    }
    let info = ErrorInfo {
        reason: refusal.reason.clone(),
        domain: "googleapis.com".into(),
        metadata: refusal.metadata.clone(),
    };
    let details = rpc::Status {
        code,
        message: refusal.message.clone(),
        details: vec![Any {
            type_url: "type.googleapis.com/google.rpc.ErrorInfo".into(),
            value: info.encode_to_vec(),
        }],
    };
    Status::with_details(Code::from(code), &refusal.message, details.encode_to_vec().into())
}

#[tonic::async_trait]
impl ClientStatusDiscoveryService for ClientStatus {
    type StreamClientStatusStream = Pin<Box<dyn Stream<Item = Result<ClientStatusResponse, Status>> + Send>>;

    async fn stream_client_status(
        &self,
        request: Request<Streaming<ClientStatusRequest>>,
    ) -> Result<Response<Self::StreamClientStatusStream>, Status> {
        let own = self.clone();
        let answers = request
            .into_inner()
            .map(move |request| own.select(&request?).map_err(|refusal| status(&refusal)));
        Ok(Response::new(Box::pin(answers)))
    }

    async fn fetch_client_status(
        &self,
        request: Request<ClientStatusRequest>,
    ) -> Result<Response<ClientStatusResponse>, Status> {
        self.select(request.get_ref())
            .map(Response::new)
            .map_err(|refusal| status(&refusal))
    }
}
