//! The one question: all clients of a mesh, as a message and as JSON.
use super::Target;
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::status::v3::ClientStatusRequest;
use envoy_types::pb::envoy::r#type::matcher::v3::{
    NodeMatcher, StringMatcher, StructMatcher, ValueMatcher, string_matcher, struct_matcher, value_matcher,
};
use serde_json::{Value, json};

// Keys of node metadata, as Traffic Director's clients send them.
const PROJECT: &str = "TRAFFICDIRECTOR_GCP_PROJECT_NUMBER";
const MESH: &str = "TRAFFICDIRECTOR_MESH_SCOPE_NAME";

/// Access is checked on the network, or mesh, that this names.
fn node_id(target: &Target, mesh: &str) -> String {
    format!(
        "projects/{}/networks/mesh:{mesh}/nodes/meshdoctor",
        target.project_number
    )
}

fn matchers<'a>(target: &'a Target, mesh: &'a str) -> [(&'static str, &'a str); 2] {
    [(PROJECT, &target.project_number), (MESH, mesh)]
}

/// For gRPC.
pub fn message(target: &Target, mesh: &str) -> ClientStatusRequest {
    let equals = |(key, value): (&str, &str)| StructMatcher {
        path: vec![struct_matcher::PathSegment {
            segment: Some(struct_matcher::path_segment::Segment::Key(key.to_owned())),
        }],
        value: Some(ValueMatcher {
            match_pattern: Some(value_matcher::MatchPattern::StringMatch(StringMatcher {
                match_pattern: Some(string_matcher::MatchPattern::Exact(value.to_owned())),
                ..StringMatcher::default()
            })),
        }),
    };
    ClientStatusRequest {
        node: Some(Node {
            id: node_id(target, mesh),
            ..Node::default()
        }),
        node_matchers: vec![NodeMatcher {
            node_id: None,
            node_metadatas: matchers(target, mesh).into_iter().map(equals).collect(),
        }],
        exclude_resource_contents: target.exclude_resource_contents,
    }
}

/// For REST: the same in proto3 JSON.
pub fn json(target: &Target, mesh: &str) -> Value {
    let equals = |(key, value): (&str, &str)| json!({"path": [{"key": key}], "value": {"stringMatch": {"exact": value}}});
    let metadatas: Vec<Value> = matchers(target, mesh).into_iter().map(equals).collect();
    json!({
        "node": {"id": node_id(target, mesh)},
        "nodeMatchers": [{"nodeMetadatas": metadatas}],
        "excludeResourceContents": target.exclude_resource_contents,
    })
}
