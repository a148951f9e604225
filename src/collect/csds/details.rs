//! What a gRPC status carries beside its message: google.rpc.ErrorInfo.
use prost::Message;
use std::collections::BTreeMap;

/// google.rpc.Status, as `grpc-status-details-bin` holds it.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(message, repeated, tag = "3")]
    details: Vec<prost_types::Any>,
}

/// google.rpc.ErrorInfo.
#[derive(Clone, PartialEq, Message)]
pub struct ErrorInfo {
    #[prost(string, tag = "1")]
    pub reason: String,
    #[prost(string, tag = "2")]
    pub domain: String,
    #[prost(btree_map = "string, string", tag = "3")]
    pub metadata: BTreeMap<String, String>,
}

/// The ErrorInfo among a status' details; empty where there is none.
pub fn error_info(details: &[u8]) -> ErrorInfo {
    let status = RpcStatus::decode(details).unwrap_or_default();
    let info = |any: &prost_types::Any| {
        any.type_url
            .ends_with("/google.rpc.ErrorInfo")
            .then(|| ErrorInfo::decode(any.value.as_slice()).ok())?
    };
    status.details.iter().find_map(info).unwrap_or_default()
}
