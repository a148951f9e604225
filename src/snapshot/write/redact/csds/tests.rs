//! An answer is judged without JSON as its JSON would be, and what JSON cannot tell is never kept.
#![allow(clippy::unwrap_used)]
use super::super::{Level, Redaction};
use super::*;
use crate::redact::Key;
use crate::snapshot::Snapshot;
use envoy_types::pb::envoy::service::status::v3 as status;
use envoy_types::pb::google::protobuf::Any;
use proptest::prelude::*;
use prost::Message;
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    let redaction = Redaction {
        level: Level::Default,
        patterns: Vec::new(),
        key: Key::from_text("test"),
    };
    Redactor::new(&redaction, &Snapshot::default()).unwrap()
});

/// The answers of `fixtures/csds`, with the places of their texts.
static ANSWERS: LazyLock<Vec<(Value, Vec<String>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/csds");
    let mut folders: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    folders.sort();
    let read = |folder: &std::path::PathBuf| {
        let bytes = fs::read(folder.join("client-status.binpb")).unwrap();
        let answer: Value = serde_json::from_str(&xds::to_json(&bytes, "x").unwrap()).unwrap();
        let mut places = Vec::new();
        texts(&answer, String::new(), &mut places);
        (answer, places)
    };
    folders
        .iter()
        .map(read)
        .filter(|(_, places)| !places.is_empty())
        .collect()
});

fn texts(value: &Value, at: String, places: &mut Vec<String>) {
    let escaped = |key: &str| key.replace('~', "~0").replace('/', "~1");
    match value {
        Value::String(_) => places.push(at),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                texts(item, format!("{at}/{index}"), places);
            }
        }
        Value::Object(fields) => {
            for (key, inner) in fields.iter().filter(|(key, _)| *key != "@type") {
                texts(inner, format!("{at}/{}", escaped(key)), places);
            }
        }
        _ => {}
    }
}

/// What a text becomes: secrets of every kind of form, names that make their neighbours secret, and what is neither.
const NEW: [&str; 24] = [
    "ya29.a0AfB_byC",
    "Bearer abcdef0123456789",
    "person@example.com",
    "http://user:hunter2@ads.mesh.private/",
    "https://ads.mesh.private/?q=hunter2",
    "password=hunter2",
    "{\"token\": \"hunter2\"}",
    "AIzaSyA0123456789012345678901234567890",
    "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----",
    "a\"b\\c\u{1}d\u{e9}",
    "session_id",
    "authorization",
    "cookie",
    "x-api-key",
    "api",
    "key",
    "token",
    "env",
    "headers",
    "",
    "ads.mesh.private",
    "outbound|80||ads.shop.svc.cluster.local",
    "/cart?x=1",
    "5s",
];

/// The text that must come out, by way of the whole JSON; `None` where nothing is secret.
fn by_json(bytes: &[u8]) -> Option<String> {
    let text = xds::to_json(bytes, "x").unwrap();
    let new = REDACTOR
        .worker()
        .json(&text, Place::Config, "x")
        .unwrap()
        .into_owned();
    (new != text).then_some(new)
}

/// An answer whose routes, where it has any, add a header and whose node tells one more thing; `None` where it is none.
fn changed(answer: &Value, changes: &[(&String, &str)], name: &str, value: &str, add: u8) -> Option<Vec<u8>> {
    let mut answer = answer.clone();
    for (place, text) in changes {
        if let Some(old) = answer.pointer_mut(place) {
            *old = json!(text);
        }
    }
    if add & 1 != 0
        && let Some(node) = answer
            .pointer_mut("/config/0/node")
            .and_then(Value::as_object_mut)
    {
        let metadata = node.entry("metadata").or_insert_with(|| json!({}));
        *metadata.as_object_mut()?.entry(name).or_insert(Value::Null) = json!({"value": value});
    }
    if add & 2 != 0 {
        let resources = answer
            .pointer_mut("/config/0/genericXdsConfigs")?
            .as_array_mut()?;
        for resource in resources {
            if let Some(routes) = resource.get_mut("xdsConfig").and_then(Value::as_object_mut)
                && routes.contains_key("virtualHosts")
            {
                let header = json!([{"header": {"key": name, "value": value}}]);
                routes.insert("requestHeadersToAdd".into(), header);
            }
        }
    }
    xds::json_to_binary(answer.to_string().as_bytes(), "x").ok()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn what_has_no_mark_has_nothing_to_replace(
        which in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), prop::sample::select(&NEW[..])), 0..4),
        name in prop::sample::select(&NEW[..]),
        value in prop::sample::select(&NEW[..]),
        add in 0..4_u8,
    ) {
        let (answer, texts) = which.get(&ANSWERS);
        let changes: Vec<(&String, &str)> = places.iter().map(|(at, new)| (at.get(texts), *new)).collect();
        if let Some(bytes) = changed(answer, &changes, name, value, add) {
            prop_assert_eq!(REDACTOR.worker().csds(&bytes, "x").unwrap(), by_json(&bytes));
        }
    }
}

#[test]
fn an_answer_of_envoys_own_is_told_to_be_plain_without_json() {
    for (answer, _) in &*ANSWERS {
        let bytes = xds::json_to_binary(answer.to_string().as_bytes(), "x").unwrap();
        let (mut texts, mut marks) = (Texts::new().unwrap(), Marks::default());
        for piece in Piece::all(&bytes, "x").unwrap() {
            assert_eq!(
                marks.judge(&piece, &mut texts),
                Seen::Plain,
                "{}",
                piece.to_json("x").unwrap()
            );
        }
    }
}

#[test]
fn a_field_or_payload_that_nobody_knows_is_not_kept() {
    let resource = |payload: Any| status::client_config::GenericXdsConfig {
        name: "odd".into(),
        xds_config: Some(payload),
        ..Default::default()
    };
    let answer = |payload: Any| status::ClientStatusResponse {
        config: vec![status::ClientConfig {
            generic_xds_configs: vec![resource(payload)],
            ..Default::default()
        }],
    };
    let unknown_type = answer(Any {
        type_url: "type.googleapis.com/com.example.Odd".into(),
        value: b"\x0a\x07hunter2".to_vec(),
    });
    let unknown_field = answer(Any {
        type_url: "type.googleapis.com/envoy.config.cluster.v3.Cluster".into(),
        // Field 1 is its name; there is no field 3000.
        value: b"\x0a\x03odd\xc2\xbb\x01\x07hunter2".to_vec(),
    });
    for answer in [unknown_type, unknown_field] {
        let bytes = answer.encode_to_vec();
        let new = REDACTOR.worker().csds(&bytes, "x").unwrap().unwrap();
        assert!(!new.contains("hunter2") && new.contains("odd"), "{new}");
        let (before, after) = (
            xds::from_binary(bytes, "x").unwrap(),
            xds::from_json(new.as_bytes(), "x").unwrap(),
        );
        assert_eq!(before.clients[0].resources, after.clients[0].resources);
    }
}
