//! YAML taken apart: documents, and the items of lists in them, within budgets.
use super::documents::{Item, ListHead, Piece, Take, list_head, way};
use super::limits::{MAX_DOCUMENTS, MAX_YAML, too_large};
use crate::snapshot::ReadError;
use serde_json::Value;

/// Hands every item of the text to `take`.
pub fn each(text: &str, origin: &str, take: &mut Take<'_>) -> Result<(), ReadError> {
    let documents = split(text);
    if documents.len() > MAX_DOCUMENTS {
        return Err(too_large(
            origin,
            format!("holds more than {MAX_DOCUMENTS} documents"),
        ));
    }
    for (line, document) in documents {
        if document.len() > MAX_YAML {
            return Err(too_large(
                origin,
                format!("a YAML document of more than {} MiB", MAX_YAML >> 20),
            ));
        }
        let mut value: Value = serde_saphyr::from_str_with_options(document, options())
            .map_err(|error| bad(&error, origin, line))?;
        let head = match &value {
            Value::Array(_) => Some(ListHead::default()),
            Value::Object(fields) => list_head(
                &|name: &str| fields.get(name)?.as_str().map(str::to_owned),
                |key| fields.get(key).is_some_and(Value::is_array),
            ),
            _ => None,
        };
        let Some(head) = head else {
            take(Piece::Item(Item::alone(value, document, line, true)))?;
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
pub fn options() -> serde_saphyr::Options {
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

fn bad(error: &serde_saphyr::Error, origin: &str, start: usize) -> ReadError {
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
