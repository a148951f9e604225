//! CSDS by gRPC and by REST.
use crate::server::{NUMBER, Server, base, file};
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::status::v3::{ClientStatusRequest, ClientStatusResponse};
use envoy_types::pb::envoy::r#type::matcher::v3::{
    NodeMatcher, StringMatcher, StructMatcher, ValueMatcher, string_matcher::MatchPattern, struct_matcher,
    value_matcher,
};
use serde_json::{Value, json};

pub fn ask(mesh: &str) -> ClientStatusRequest {
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
