//! Proto3 JSON to bytes, by Envoy's own descriptors.
use super::open::STAND_IN;
use super::{ClientStatus, Kind, binary};
use crate::input::ReadError;
use prost::Message;
use prost_reflect::{DescriptorPool, DeserializeOptions, DynamicMessage};
use serde_json::{Value, json};
use serde_path_to_error::{Path, Segment, Track};
use std::sync::LazyLock;

/// Every type that Envoy knows. Takes a moment: made when the first JSON comes.
pub(super) static POOL: LazyLock<Result<DescriptorPool, String>> = LazyLock::new(|| {
    let packed: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/envoy-types.bin.zst"));
    let raw = zstd::decode_all(packed).map_err(|error| error.to_string())?;
    DescriptorPool::decode(raw.as_slice()).map_err(|error| error.to_string())
});

const RESPONSE: &str = "envoy.service.status.v3.ClientStatusResponse";

/// The fields of `ClientConfig`, in both spellings.
const CLIENT_FIELDS: [&str; 7] = [
    "node",
    "genericXdsConfigs",
    "generic_xds_configs",
    "xdsConfig",
    "xds_config",
    "clientScope",
    "client_scope",
];

const REMEDY: &str =
    "the file must hold envoy.service.status.v3.ClientStatusResponse as proto3 JSON: {\"config\": […]}";

/// See [`super::from_json`].
pub fn read(bytes: &[u8], origin: &str) -> Result<ClientStatus, ReadError> {
    binary::read(to_binary(bytes, origin)?.into(), origin)
}

/// The same answer as protobuf serializes it.
pub fn to_binary(bytes: &[u8], origin: &str) -> Result<Vec<u8>, ReadError> {
    let mut clients = Vec::new();
    let mut documents = 0;
    for document in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
        let document = document.map_err(|error| malformed(origin, error.to_string(), &error))?;
        documents += 1;
        gather(document, &mut clients).map_err(|problem| refused(origin, problem))?;
    }
    if documents == 0 {
        return Err(refused(origin, "the file is empty".into()));
    }
    let pool = POOL
        .as_ref()
        .map_err(|error| refused(origin, format!("Envoy's descriptors do not load: {error}")))?;
    for client in &mut clients {
        hide_unknown(client, pool);
    }
    let response = json!({ "config": clients });
    encode(&response, RESPONSE, pool).map_err(|problem| refused(origin, problem))
}

/// A `ClientStatusRequest` in proto3 JSON, as bytes.
pub fn request_to_binary(request: &Value) -> Result<Vec<u8>, String> {
    let pool = POOL.as_ref().map_err(Clone::clone)?;
    encode(request, "envoy.service.status.v3.ClientStatusRequest", pool)
}

/// Collects the client configurations of an answer, a list of answers, or a single client.
fn gather(document: Value, clients: &mut Vec<Value>) -> Result<(), String> {
    match document {
        Value::Array(items) => items.into_iter().try_for_each(|item| gather(item, clients)),
        Value::Object(mut fields) => match fields.remove("config") {
            Some(Value::Array(configs)) => {
                for config in &configs {
                    let foreign = config.as_object().is_none_or(|c| !c.is_empty() && !is_client(c));
                    if foreign {
                        return Err("an entry of `config` is not a ClientConfig".into());
                    }
                }
                clients.extend(configs);
                Ok(())
            }
            Some(Value::Null) => Ok(()),
            Some(_) => Err("`config` is not a list".into()),
            None if fields.is_empty() => Ok(()),
            None if is_client(&fields) => {
                clients.push(Value::Object(fields));
                Ok(())
            }
            None => {
                let keys: Vec<&str> = fields.keys().take(5).map(String::as_str).collect();
                Err(format!("not a ClientStatusResponse: it has {}", keys.join(", ")))
            }
        },
        _ => Err("not a ClientStatusResponse: no object".into()),
    }
}

fn is_client(fields: &serde_json::Map<String, Value>) -> bool {
    CLIENT_FIELDS.iter().any(|key| fields.contains_key(*key))
}

/// Proto3 JSON cannot hold a payload of unknown type; what has one is replaced by a stand-in that keeps type and name.
fn hide_unknown(value: &mut Value, pool: &DescriptorPool) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| hide_unknown(item, pool)),
        Value::Object(fields) => {
            if let Some(type_url) = fields.get("@type").and_then(Value::as_str) {
                let name = Kind::type_name(type_url);
                let known = pool.get_message_by_name(name).is_some() && type_url.contains('/');
                // A well-known type stands in the field "value"; without it there is nothing to read.
                let complete = !name.starts_with("google.protobuf.") || fields.contains_key("value");
                if !known || !complete {
                    let own_name = ["name", "clusterName", "cluster_name"]
                        .iter()
                        .find_map(|key| fields.get(*key)?.as_str());
                    *value = json!({
                        "@type": STAND_IN,
                        "value": { "@type": type_url, "name": own_name.unwrap_or_default() },
                    });
                    return;
                }
                // A struct may hold any key, as a stand-in's holds "@type".
                if type_url == STAND_IN {
                    return;
                }
            }
            for (key, inner) in fields {
                // A node has no payloads, and its metadata may hold any key, even "@type".
                if key != "node" {
                    hide_unknown(inner, pool);
                }
            }
        }
        _ => {}
    }
}

fn encode(response: &Value, name: &str, pool: &DescriptorPool) -> Result<Vec<u8>, String> {
    let descriptor = pool
        .get_message_by_name(name)
        .ok_or_else(|| format!("Envoy's descriptors lack {name}"))?;
    let mut track = Track::new();
    let options = DeserializeOptions::new().deny_unknown_fields(false);
    let message = DynamicMessage::deserialize_with_options(
        descriptor,
        serde_path_to_error::Deserializer::new(response, &mut track),
        &options,
    );
    message.map(|message| message.encode_to_vec()).map_err(|error| {
        let path = track.path();
        format!("{}{path}: {error}", whose(response, &path))
    })
}

/// The client and the resource that a path leads through.
fn whose(response: &Value, path: &Path) -> String {
    let (mut client, mut resource) = (None, None);
    let mut place = Some(response);
    for segment in path {
        place = place.and_then(|value| match segment {
            Segment::Seq { index } => value.get(*index),
            Segment::Map { key } => value.get(key),
            _ => None,
        });
        let text = |pointer| place.and_then(|v| v.pointer(pointer)).and_then(Value::as_str);
        client = client.or_else(|| text("/node/id"));
        if client.is_some() {
            resource = resource.or_else(|| text("/name"));
        }
    }
    let mut words = String::new();
    if let Some(client) = client {
        words.push_str(&format!("client {client:?}, "));
    }
    if let Some(resource) = resource {
        words.push_str(&format!("resource {resource:?}, "));
    }
    words
}

fn malformed(origin: &str, problem: String, error: &serde_json::Error) -> ReadError {
    ReadError::Malformed {
        origin: origin.to_owned(),
        line: error.line(),
        column: error.column(),
        problem,
        remedy: REMEDY.into(),
    }
}

pub(super) fn refused(origin: &str, problem: String) -> ReadError {
    ReadError::Malformed {
        origin: origin.to_owned(),
        line: 0,
        column: 0,
        problem,
        remedy: REMEDY.into(),
    }
}
