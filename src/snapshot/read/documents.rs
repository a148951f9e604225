//! A text as a row of items: JSON (one value or several) and YAML (one document or several), lists taken apart.
use super::limits::{MAX_YAML, too_large};
use super::locate::{self, Segment};
use super::typed::Fault;
use crate::snapshot::ReadError;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The arrays that make an object a listing, in the APIs that are known here.
const LISTS: [&str; 11] = [
    "items",
    "services",
    "revisions",
    "managedZones",
    "rrsets",
    "resources",
    "clusters",
    "accounts",
    "policies",
    "roles",
    "entries",
];

/// The listing that an item stood in.
#[derive(Debug, Default, Clone)]
pub struct ListHead {
    pub api_version: String,
    pub kind: String,
    pub self_link: String,
    /// The array's name; empty for a bare array.
    pub key: String,
}

/// One item, or a listing that had none.
pub enum Piece<'t> {
    Item(Item<'t>),
    EmptyList(ListHead),
}

/// One resource and where it stood.
pub struct Item<'t> {
    pub value: Value,
    pub list: Option<ListHead>,
    text: &'t str,
    /// Line of the file where `text` begins, from 1.
    line: usize,
    yaml: bool,
    /// The way to the item: within `text` for YAML, within the file for JSON.
    way: Vec<Segment>,
}

type Take<'f> = dyn FnMut(Piece<'_>) -> Result<(), ReadError> + 'f;

impl Item<'_> {
    /// The item as JSON.
    pub fn json(&self) -> String {
        if self.yaml {
            self.value.to_string()
        } else {
            self.text.to_owned()
        }
    }

    /// A type error, at the line of its field.
    pub fn error(&self, origin: &str, fault: &Fault) -> ReadError {
        let mut way = self.way.clone();
        way.extend(fault.field.iter().cloned());
        let place = if self.yaml {
            locate::in_yaml(self.text, &way)
        } else {
            locate::in_json(self.text, &fault.field)
        };
        let (line, column) = place.unwrap_or((1, 0));
        let what = self.name();
        ReadError::Malformed {
            origin: origin.to_owned(),
            line: self.line + line.saturating_sub(1),
            column,
            problem: format!("{what}: {}: {}", locate::shown(&way), fault.problem),
            remedy: format!("correct the field `{}` in the file", locate::shown(&fault.field)),
        }
    }

    fn name(&self) -> String {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        let kind = text(self.value.get("kind"));
        let name = text(
            self.value
                .pointer("/metadata/name")
                .or_else(|| self.value.get("name")),
        );
        match (kind.is_empty(), name.is_empty()) {
            (false, false) => format!("{kind} {name}"),
            (false, true) => kind,
            (true, false) => name,
            (true, true) => "item".into(),
        }
    }
}

/// Hands every item of the text to `take`.
pub fn each(text: &str, origin: &str, take: &mut Take<'_>) -> Result<(), ReadError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with("{{") {
        return Err(ReadError::Malformed {
            origin: origin.to_owned(),
            line: 1,
            column: 0,
            problem: "a template, not a manifest".into(),
            remedy: "render it first, for example with `helm template`".into(),
        });
    }
    if text.trim_start().starts_with(['{', '[']) {
        json(text, origin, take)
    } else {
        yaml(text, origin, take)
    }
}

fn json(text: &str, origin: &str, take: &mut Take<'_>) -> Result<(), ReadError> {
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
            let fields: BTreeMap<String, &RawValue> = serde_json::from_str(raw).map_err(|e| bad(e, start))?;
            json_list(&fields).map_or((None, Vec::new()), |(head, items)| (Some(head), items))
        } else {
            (None, Vec::new())
        };
        let Some(head) = head else {
            let value: Value = serde_json::from_str(raw).map_err(|error| bad(error, start))?;
            take(Piece::Item(Item {
                value,
                list: None,
                text: raw,
                line: start,
                yaml: false,
                way: Vec::new(),
            }))?;
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

/// The head of a listing, where the object is one.
fn list_head(text: &dyn Fn(&str) -> Option<String>, is_array: impl Fn(&str) -> bool) -> Option<ListHead> {
    let kind = text("kind").unwrap_or_default();
    // A resource with a spec of its own may well have a field of such a name; a listing ends in List or has no kind.
    let listing = kind.is_empty() || kind.ends_with("List") || kind.ends_with("Response");
    let key = LISTS.iter().find(|key| listing && is_array(key));
    let key = match key {
        Some(key) => (*key).to_owned(),
        // An empty listing often leaves its array out.
        None if listing && kind.ends_with("List") && !kind.ends_with("AggregatedList") => "items".into(),
        None => return None,
    };
    Some(ListHead {
        api_version: text("apiVersion").unwrap_or_default(),
        kind,
        self_link: text("selfLink").unwrap_or_default(),
        key,
    })
}

fn way(head: &ListHead, index: usize) -> Vec<Segment> {
    let mut way = Vec::new();
    if !head.key.is_empty() {
        way.push(Segment::Key(head.key.clone()));
    }
    way.push(Segment::Index(index));
    way
}

fn yaml(text: &str, origin: &str, take: &mut Take<'_>) -> Result<(), ReadError> {
    for (line, document) in split(text) {
        if document.len() > MAX_YAML {
            return Err(too_large(
                origin,
                format!("a YAML document of more than {} MiB", MAX_YAML >> 20),
            ));
        }
        let mut value: Value = serde_saphyr::from_str_with_options(document, yaml_options())
            .map_err(|error| yaml_error(&error, origin, line))?;
        let head = match &value {
            Value::Array(_) => Some(ListHead::default()),
            Value::Object(fields) => list_head(
                &|name: &str| fields.get(name)?.as_str().map(str::to_owned),
                |key| fields.get(key).is_some_and(Value::is_array),
            ),
            _ => None,
        };
        let Some(head) = head else {
            take(Piece::Item(Item {
                value,
                list: None,
                text: document,
                line,
                yaml: true,
                way: Vec::new(),
            }))?;
            continue;
        };
        let array = if head.key.is_empty() {
            Some(value.take())
        } else {
            value.get_mut(&head.key).map(Value::take)
        };
        let Some(Value::Array(items)) = array else {
            take(Piece::EmptyList(head))?;
            continue;
        };
        if items.is_empty() {
            take(Piece::EmptyList(head.clone()))?;
        }
        for (index, value) in items.into_iter().enumerate() {
            take(Piece::Item(Item {
                value,
                list: Some(head.clone()),
                text: document,
                line,
                yaml: true,
                way: way(&head, index),
            }))?;
        }
    }
    Ok(())
}

/// The documents that say anything, with the line where each begins.
fn split(text: &str) -> Vec<(usize, &str)> {
    let mut documents = Vec::new();
    let (mut start, mut start_line, mut at) = (0, 1, 0);
    let mut close = |start: usize, end: usize, line: usize| {
        let document = text.get(start..end).unwrap_or_default();
        let says = |line: &str| {
            !line.trim().is_empty() && !line.trim_start().starts_with('#') && !line.starts_with('%')
        };
        if document.lines().any(says) {
            documents.push((line, document));
        }
    };
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let rest = line.strip_prefix("---");
        let marker = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']));
        if marker || line.trim_end() == "..." {
            close(start, at, start_line);
            (start, start_line) = (at + 3, number + 1);
        }
        at += line.len();
    }
    close(start, text.len(), start_line);
    documents
}

/// Budgets against alias bombs, deep nesting and documents of millions of nodes.
pub fn yaml_options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_nodes: 2_000_000,
            max_events: 6_000_000,
            max_depth: 100,
            max_aliases: 500,
            max_anchors: 500,
            max_recorded_anchor_bytes: 1 << 20,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 200_000,
        },
        with_snippet: false,
    }
}

fn yaml_error(error: &serde_saphyr::Error, origin: &str, start: usize) -> ReadError {
    let place = error.location();
    let at = |number: Option<u64>| number.and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let line = at(place.as_ref().map(serde_saphyr::Location::line));
    let shown = error.to_string();
    // The library's own line counts from the document's start.
    let problem = shown.split(" at line ").next().unwrap_or(&shown);
    ReadError::Malformed {
        origin: origin.to_owned(),
        line: start + line.saturating_sub(1),
        column: at(place.as_ref().map(serde_saphyr::Location::column)),
        problem: format!("not YAML that can be read: {problem}"),
        remedy: "correct the document; a template must be rendered first".into(),
    }
}
