//! Bytes to proto3 JSON, by Envoy's own descriptors.
use super::Kind;
use super::json::{POOL, refused};
use super::open::STAND_IN;
use crate::input::ReadError;
use envoy_types::pb::google::protobuf::{Any, Struct, Value as ProtoValue, value};
use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, ReflectMessage, SerializeOptions, Value};

const ANY: &str = "google.protobuf.Any";

/// See [`super::to_json`].
pub fn to_json(bytes: &[u8], origin: &str) -> Result<String, ReadError> {
    let pool = POOL
        .as_ref()
        .map_err(|error| refused(origin, format!("Envoy's descriptors do not load: {error}")))?;
    let descriptor = pool
        .get_message_by_name("envoy.service.status.v3.ClientStatusResponse")
        .ok_or_else(|| refused(origin, "Envoy's descriptors lack ClientStatusResponse".into()))?;
    let bad = |problem: String| refused(origin, format!("cannot be written as JSON: {problem}"));
    let mut message = DynamicMessage::decode(descriptor, bytes).map_err(|error| bad(error.to_string()))?;
    open_all(&mut message, pool);
    // By way of a value: its maps are in order, those of a message in none.
    let options = SerializeOptions::new();
    let value = message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|error| bad(error.to_string()))?;
    serde_json::to_string(&value).map_err(|error| bad(error.to_string()))
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
                from_binary(&bytes, "x").unwrap()
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
            from_binary(&bytes, "x").unwrap(),
            from_json(text.as_bytes(), "x").unwrap(),
        );
        assert_eq!(before.clients[0].resources, after.clients[0].resources);
    }
}
