//! CSDS answers opened: which proxies Traffic Director knows, what it sent them, and whether they took it.
//!
//! Sources: Envoy's `envoy.service.status.v3`; `generic_xds_configs` (new) and `xds_config` (old) carry the same.
//! Bytes come in by `binary` or `json`, which meet in the protobuf message; `generic` and `old` flatten the two
//! forms to one list of raw resources; `open` and `routes` turn their payloads into the model, `shared` once for all clients. `transcode` is the way
//! back from bytes to JSON, for whoever has to change a text in an answer, and `texts` tells faster whether there is one to change.
mod binary;
mod generic;
mod json;
mod lookup;
mod model;
mod node;
mod old;
mod open;
mod resource;
mod routes;
mod shared;
mod state;
mod texts;
mod transcode;

#[cfg(test)]
mod tests;

pub use model::*;
pub use texts::{Look, Seen, Texts};
pub use transcode::Piece;

use crate::input::ReadError;
use prost::bytes::Bytes;

/// A binary `ClientStatusResponse`. No bytes at all are a valid answer: no client is connected.
///
/// # Errors
/// [`ReadError::Malformed`] where the bytes are something else, or a resource is not what its type says.
pub fn from_binary(bytes: impl Into<Bytes>, origin: &str) -> Result<ClientStatus, ReadError> {
    binary::read(bytes.into(), origin)
}

/// The same in proto3 JSON (lowerCamelCase or the original field names). Also taken: a single `ClientConfig`,
/// a list of answers (what the streaming method gives over REST), and answers one after another.
///
/// # Errors
/// [`ReadError::Malformed`] with line and column, or the field's path and the resource it belongs to.
pub fn from_json(bytes: &[u8], origin: &str) -> Result<ClientStatus, ReadError> {
    json::read(bytes, origin)
}

/// A binary `ClientStatusResponse` as proto3 JSON, its fields in a fixed order. [`from_json`] gives of it what
/// [`from_binary`] gives of the bytes; the content of payloads whose type Envoy does not have is left out.
///
/// # Errors
/// [`ReadError::Malformed`] where the bytes are something else, or hold what JSON cannot.
pub fn to_json(bytes: &[u8], origin: &str) -> Result<String, ReadError> {
    transcode::to_json(bytes, origin)
}

/// A `ClientStatusResponse` in proto3 JSON as protobuf serializes it.
///
/// # Errors
/// As [`from_json`].
pub fn json_to_binary(bytes: &[u8], origin: &str) -> Result<Vec<u8>, ReadError> {
    json::to_binary(bytes, origin)
}

/// A `ClientStatusRequest` in proto3 JSON as protobuf serializes it.
///
/// # Errors
/// The field that is wrong.
pub fn request_to_binary(request: &serde_json::Value) -> Result<Vec<u8>, String> {
    json::request_to_binary(request)
}
