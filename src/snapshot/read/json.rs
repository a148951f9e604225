//! JSON taken apart: one value or several, listings item by item, so that no more than one is unfolded at a time.
use super::documents::{Item, LISTS, ListHead, Piece, Take, list_head, way};
use super::limits::weigh_item;
use super::locate;
use crate::snapshot::ReadError;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

/// Hands every item of the text to `take`.
pub fn each(text: &str, origin: &str, take: &mut Take<'_>) -> Result<(), ReadError> {
    let bad = |error: serde_json::Error, line: usize| ReadError::Malformed {
        origin: origin.to_owned(),
        line: line + error.line().saturating_sub(1),
        column: error.column(),
        problem: format!("not JSON to its end: {error}"),
        remedy: "the file is cut off or was edited by hand; get it again".into(),
    };
    for document in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let raw = document.map_err(|error| bad(error, 1))?.get();
        let start = locate::line_and_column(text, locate::offset(text, raw)).0;
        let (head, items) = if raw.starts_with('[') {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|error| bad(error, start))?;
            (Some(ListHead::default()), items)
        } else if raw.starts_with('{') {
            let fields: Fields<'_> = serde_json::from_str(raw).map_err(|e| bad(e, start))?;
            if let Some(value) = csds(&fields) {
                take(Piece::Item(Item::alone(value, raw, start, false)))?;
                continue;
            }
            json_list(&fields.0).map_or((None, Vec::new()), |(head, items)| (Some(head), items))
        } else {
            (None, Vec::new())
        };
        let Some(head) = head else {
            weigh_item(raw, origin)?;
            let value: Value = serde_json::from_str(raw).map_err(|error| bad(error, start))?;
            take(Piece::Item(Item::alone(value, raw, start, false)))?;
            continue;
        };
        if items.is_empty() {
            take(Piece::EmptyList(head.clone()))?;
        }
        let (mut seen, mut line) = (0, start);
        for (index, item) in items.into_iter().enumerate() {
            let at = locate::offset(raw, item.get());
            let between = raw.as_bytes().get(seen..at).unwrap_or_default();
            line += memchr::memchr_iter(b'\n', between).count();
            seen = at;
            weigh_item(item.get(), origin)?;
            let value: Value = serde_json::from_str(item.get()).map_err(|error| bad(error, line))?;
            take(Piece::Item(Item {
                value,
                list: Some(head.clone()),
                text: item.get(),
                line,
                yaml: false,
                way: way(&head, index),
            }))?;
        }
    }
    Ok(())
}

/// The top-level fields that tell what an object is; others are passed over, however many they are.
struct Fields<'t>(BTreeMap<String, &'t RawValue>);

impl<'de: 't, 't> Deserialize<'de> for Fields<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some(field) = map.next_key::<String>()? {
            let value: &RawValue = map.next_value()?;
            let telling = ["kind", "apiVersion", "selfLink", "config"];
            if telling.contains(&field.as_str()) || LISTS.contains(&field.as_str()) {
                fields.insert(field, value);
            }
        }
        Ok(Fields(fields))
    }
}

/// A CSDS answer can be large and is kept as it is: a stand-in with the first client's node alone.
fn csds(fields: &Fields<'_>) -> Option<Value> {
    #[derive(Deserialize)]
    struct Config {
        node: Option<Node>,
        #[serde(alias = "genericXdsConfigs")]
        generic_xds_configs: Option<IgnoredAny>,
        #[serde(alias = "xdsConfig")]
        xds_config: Option<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Node {
        #[serde(default)]
        id: String,
    }
    if fields.0.contains_key("apiVersion") {
        return None;
    }
    let configs: Vec<Config> = serde_json::from_str(fields.0.get("config")?.get()).ok()?;
    let sound = |config: &Config| {
        config.node.is_some() || config.generic_xds_configs.is_some() || config.xds_config.is_some()
    };
    let id = configs
        .iter()
        .find_map(|config| config.node.as_ref())
        .map_or("", |node| node.id.as_str());
    configs
        .iter()
        .all(sound)
        .then(|| serde_json::json!({ "config": [{ "node": { "id": id } }] }))
}

fn json_list<'t>(fields: &BTreeMap<String, &'t RawValue>) -> Option<(ListHead, Vec<&'t RawValue>)> {
    let text = |name: &str| {
        let raw = fields.get(name)?;
        serde_json::from_str::<String>(raw.get()).ok()
    };
    let head = list_head(&text, |key| {
        fields.get(key).is_some_and(|raw| raw.get().starts_with('['))
    })?;
    let raw = fields.get(&head.key)?;
    Some((head, serde_json::from_str(raw.get()).ok()?))
}
