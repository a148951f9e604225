//! Bytes to proto3 JSON, by Envoy's own descriptors: an answer as a whole, or piece by piece.
use super::Kind;
use super::binary::{Config, Response};
use super::json::{POOL, refused};
use super::open::STAND_IN;
use crate::input::ReadError;
use envoy_types::pb::google::protobuf::{Any, Struct, Value as ProtoValue, value};
use prost::bytes::Bytes;
use prost::{DecodeError, Message};
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, SerializeOptions, Value};
use serde_json::Value as Json;

const ANY: &str = "google.protobuf.Any";

const CLIENT: &str = "envoy.service.status.v3.ClientConfig";
const RESOURCE: &str = "envoy.service.status.v3.ClientConfig.GenericXdsConfig";
const RESOURCES: &str = "genericXdsConfigs";

/// A part of an answer that stands by itself: a client without its resources, or one of these.
pub struct Piece {
    pub bytes: Bytes,
    /// The message's type.
    pub name: &'static str,
}

impl Piece {
    /// All of an answer's. Those of one client follow one another.
    pub fn all(bytes: &[u8], origin: &str) -> Result<Vec<Self>, ReadError> {
        let undecoded = |error: DecodeError| refused(origin, format!("cannot be written as JSON: {error}"));
        let response = Response::decode(Bytes::copy_from_slice(bytes)).map_err(undecoded)?;
        let mut pieces = Vec::new();
        for bytes in response.config {
            let mut config = Config::decode(bytes).map_err(undecoded)?;
            let resources = std::mem::take(&mut config.generic_xds_configs);
            pieces.push(Self {
                bytes: config.encode_to_vec().into(),
                name: CLIENT,
            });
            pieces.extend(resources.into_iter().map(|bytes| Self {
                bytes,
                name: RESOURCE,
            }));
        }
        Ok(pieces)
    }

    /// What stands in the answer's JSON for it.
    pub fn to_json(&self, origin: &str) -> Result<String, ReadError> {
        let written = pool(origin).and_then(|pool| {
            value(&self.bytes, self.name, pool)
                .map_err(|problem| refused(origin, format!("cannot be written as JSON: {problem}")))
        });
        written.map(|json| json.to_string())
    }
}

fn pool(origin: &str) -> Result<&'static DescriptorPool, ReadError> {
    POOL.as_ref()
        .map_err(|error| refused(origin, format!("Envoy's descriptors do not load: {error}")))
}

/// See [`super::to_json`]. One resource is opened at a time: as a whole an answer takes twenty times its size.
pub fn to_json(bytes: &[u8], origin: &str) -> Result<String, ReadError> {
    let mut text = String::new();
    let written = answer(bytes, pool(origin)?, &mut text);
    written.map_err(|problem| refused(origin, format!("cannot be written as JSON: {problem}")))?;
    Ok(text)
}

fn answer(bytes: &[u8], pool: &DescriptorPool, out: &mut String) -> Result<(), String> {
    let undecoded = |error: DecodeError| error.to_string();
    let response = Response::decode(Bytes::copy_from_slice(bytes)).map_err(undecoded)?;
    if response.config.is_empty() {
        out.push_str("{}");
        return Ok(());
    }
    out.push_str("{\"config\":");
    list(response.config, out, |bytes, out| {
        let mut config = Config::decode(bytes).map_err(undecoded)?;
        let resources = std::mem::take(&mut config.generic_xds_configs);
        let mut client = value(&config.encode_to_vec(), CLIENT, pool)?;
        let fields = client.as_object_mut().ok_or("a client that is no object")?;
        if !resources.is_empty() {
            // For its place among the others.
            fields.insert(RESOURCES.into(), Json::Null);
        }
        let mut resources = Some(resources);
        let mut before = '{';
        for (field, value) in &*fields {
            out.push(before);
            before = ',';
            out.push_str(&Json::from(field.as_str()).to_string());
            out.push(':');
            match resources.take_if(|_| field == RESOURCES) {
                Some(resources) => list(resources, out, |bytes, out| {
                    out.push_str(&self::value(&bytes, RESOURCE, pool)?.to_string());
                    Ok(())
                })?,
                None => out.push_str(&value.to_string()),
            }
        }
        out.push_str(if fields.is_empty() { "{}" } else { "}" });
        Ok(())
    })?;
    out.push('}');
    Ok(())
}

fn list(
    items: Vec<Bytes>,
    out: &mut String,
    mut write: impl FnMut(Bytes, &mut String) -> Result<(), String>,
) -> Result<(), String> {
    let mut before = '[';
    for item in items {
        out.push(before);
        before = ',';
        write(item, out)?;
    }
    out.push(']');
    Ok(())
}

/// A message as JSON. A value's maps are in order, those of a message in none.
fn value(bytes: &[u8], name: &str, pool: &DescriptorPool) -> Result<Json, String> {
    let descriptor = pool
        .get_message_by_name(name)
        .ok_or_else(|| format!("Envoy's descriptors lack {name}"))?;
    let mut message = DynamicMessage::decode(descriptor, bytes).map_err(|error| error.to_string())?;
    open_all(&mut message, pool);
    let options = SerializeOptions::new();
    let value = message.serialize_with_options(serde_json::value::Serializer, &options);
    value.map_err(|error| error.to_string())
}

/// Puts stand-ins in place of the payloads that JSON cannot hold, however deep.
fn open_all(message: &mut DynamicMessage, pool: &DescriptorPool) {
    if message.descriptor().full_name() == ANY {
        open_any(message, pool);
        return;
    }
    for (_, value) in message.fields_mut() {
        match value {
            Value::Message(inner) => open_all(inner, pool),
            Value::List(items) => items.iter_mut().for_each(|item| open_value(item, pool)),
            Value::Map(entries) => entries.values_mut().for_each(|entry| open_value(entry, pool)),
            _ => {}
        }
    }
}

fn open_value(value: &mut Value, pool: &DescriptorPool) {
    if let Value::Message(inner) = value {
        open_all(inner, pool);
    }
}

fn open_any(message: &mut DynamicMessage, pool: &DescriptorPool) {
    let Ok(mut any) = message.transcode_to::<Any>() else {
        return;
    };
    let known = any
        .type_url
        .contains('/')
        .then(|| pool.get_message_by_name(Kind::type_name(&any.type_url)));
    let inner = known
        .flatten()
        .and_then(|d| DynamicMessage::decode(d, any.value.as_slice()).ok());
    match inner {
        Some(mut inner) => {
            open_all(&mut inner, pool);
            any.value = inner.encode_to_vec();
        }
        None if any.type_url.is_empty() && any.value.is_empty() => return,
        None => any = stand_in(&any.type_url),
    }
    // The fields are the message's own: they always fit.
    _ = message.transcode_from(&any);
}

/// A struct that keeps the type; the name cannot be told from bytes of an unknown form.
fn stand_in(type_url: &str) -> Any {
    let text = |text: &str| ProtoValue {
        kind: Some(value::Kind::StringValue(text.to_owned())),
    };
    let fields = [("@type", text(type_url)), ("name", text(""))];
    let content = Struct {
        fields: fields
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    };
    Any {
        type_url: STAND_IN.to_owned(),
        value: content.encode_to_vec(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use crate::xds::{from_binary, from_json, to_json};
    use std::fs;
    use std::path::Path;

    #[test]
    fn json_says_what_the_bytes_say_and_is_the_same_twice() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/csds");
        let mut seen = 0;
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path().join("client-status.binpb");
            let bytes = fs::read(path).unwrap();
            let text = to_json(&bytes, "x").unwrap();
            assert_eq!(
                from_json(text.as_bytes(), "x").unwrap(),
                from_binary(bytes.clone(), "x").unwrap()
            );
            assert_eq!(text, to_json(&bytes, "x").unwrap());
            seen += 1;
        }
        assert!(seen >= 8);
    }

    #[test]
    fn a_payload_of_unknown_type_keeps_its_type_and_loses_its_content() {
        use envoy_types::pb::envoy::service::status::v3 as status;
        use prost::Message;
        let payload = super::Any {
            type_url: "type.googleapis.com/com.example.Odd".into(),
            value: b"\x0a\x06hidden".to_vec(),
        };
        let answer = status::ClientStatusResponse {
            config: vec![status::ClientConfig {
                generic_xds_configs: vec![status::client_config::GenericXdsConfig {
                    name: "odd".into(),
                    xds_config: Some(payload),
                    ..Default::default()
                }],
                ..Default::default()
            }],
        };
        let bytes = answer.encode_to_vec();
        let text = to_json(&bytes, "x").unwrap();
        assert!(!text.contains("hidden"));
        let (before, after) = (
            from_binary(bytes.clone(), "x").unwrap(),
            from_json(text.as_bytes(), "x").unwrap(),
        );
        assert_eq!(before.clients[0].resources, after.clients[0].resources);
    }
}
