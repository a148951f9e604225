//! A text as a row of items: JSON (one value or several) and YAML (one document or several), lists taken apart.
use super::locate::{self, Segment};
use super::typed::Fault;
use super::{json, yaml};
use crate::snapshot::ReadError;
use serde_json::Value;

/// The arrays that make an object a listing, in the APIs that are known here.
pub const LISTS: [&str; 11] = [
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
    pub(super) text: &'t str,
    /// Line of the file where `text` begins, from 1.
    pub(super) line: usize,
    pub(super) yaml: bool,
    /// The way to the item: within `text` for YAML, within the file for JSON.
    pub(super) way: Vec<Segment>,
}

/// Takes the pieces one by one.
pub type Take<'f> = dyn FnMut(Piece<'_>) -> Result<(), ReadError> + 'f;

impl<'t> Item<'t> {
    /// An item that stood in no listing.
    pub fn alone(value: Value, text: &'t str, line: usize, yaml: bool) -> Self {
        Self {
            value,
            list: None,
            text,
            line,
            yaml,
            way: Vec::new(),
        }
    }

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
        json::each(text, origin, take)
    } else {
        yaml::each(text, origin, take)
    }
}

/// The head of a listing, where the object is one.
pub fn list_head(text: &dyn Fn(&str) -> Option<String>, is_array: impl Fn(&str) -> bool) -> Option<ListHead> {
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

pub fn way(head: &ListHead, index: usize) -> Vec<Segment> {
    let mut way = Vec::new();
    if !head.key.is_empty() {
        way.push(Segment::Key(head.key.clone()));
    }
    way.push(Segment::Index(index));
    way
}
