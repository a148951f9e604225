//! Whether a file of the layout holds the answer that its place promises, where what was read of it is nothing.
//!
//! Typed, another API's answer, a list and a lone resource all look like a listing with nothing in it.
use super::paths;
use crate::snapshot::ReadError;
use crate::snapshot::refusal::not_json;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What Google's answers have around their items. Source: the APIs' discovery documents.
const AROUND: [&str; 12] = [
    "kind",
    "id",
    "etag",
    "selfLink",
    "header",
    "warning",
    "nextPageToken",
    "unreachable",
    "unreachables",
    "missingZones",
    "version",
    "auditConfigs",
];

/// What names a resource.
const NAMES: [&str; 4] = ["name", "projectId", "email", "error"];

/// Refuses what is no object at all: a page of HTML, a list, an empty file.
pub fn must_be_object(bytes: &[u8], origin: &str) -> Result<(), ReadError> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => Ok(()),
        Some(b'[') => Err(refused(
            origin,
            "a list, where the API's answer is an object".into(),
        )),
        _ if serde_json::from_slice::<IgnoredAny>(bytes).is_ok() => {
            Err(refused(origin, "no object, which the API's answer is".into()))
        }
        _ => Err(refused(
            origin,
            not_json(bytes).replace("the answer", "what it holds"),
        )),
    }
}

/// Refuses an object that is no answer of the API that the path names. It is asked where nothing was found in it.
pub fn must_be_answer(path: &str, bytes: &[u8], origin: &str) -> Result<(), ReadError> {
    // What is no JSON to its end is told of where it is typed.
    let Ok(fields) = serde_json::from_slice::<BTreeMap<String, &RawValue>>(bytes) else {
        return Ok(());
    };
    if path.starts_with("kubernetes/") {
        return must_be_list(bytes, &fields, origin);
    }
    let keys = keys(path);
    if keys.iter().any(|key| fields.contains_key(*key)) {
        return Ok(());
    }
    // An API may say more about its answer any day; what names or holds something is another answer.
    let says = |field: &str, raw: &RawValue| NAMES.contains(&field) || raw.get().starts_with(['{', '[']);
    let mut others = fields
        .iter()
        .filter(|(field, _)| !AROUND.contains(&field.as_str()));
    let foreign = others
        .find(|(field, raw)| says(field, raw))
        .map(|(field, _)| field);
    let wanted = keys.first().copied().unwrap_or_default();
    match foreign {
        Some(field) => {
            let field: String = field.chars().take(40).collect();
            let problem =
                format!("another answer than its place promises: it has `{field}`, and no `{wanted}`");
            Err(refused(origin, problem))
        }
        None => Ok(()),
    }
}

/// Refuses a listing that says itself that it is of another kind. `List` alone is of any.
pub fn must_be_of(wanted: Option<&str>, kind: &str, origin: &str) -> Result<(), ReadError> {
    let Some(wanted) = wanted else { return Ok(()) };
    match kind.strip_suffix("List") {
        Some(of) if !of.is_empty() && of != wanted => {
            let kind: String = kind.chars().take(60).collect();
            Err(refused(origin, format!("a {kind}, where one of {wanted} is due")))
        }
        _ => Ok(()),
    }
}

/// Refuses what names nothing, where the API always names it.
pub fn must_name(named: bool, field: &str, origin: &str) -> Result<(), ReadError> {
    if named {
        return Ok(());
    }
    Err(refused(
        origin,
        format!("has no `{field}`, which the API's answer always has"),
    ))
}

fn must_be_list(bytes: &[u8], fields: &BTreeMap<String, &RawValue>, origin: &str) -> Result<(), ReadError> {
    #[derive(Deserialize)]
    struct Head {
        #[serde(default)]
        kind: String,
    }
    let kind = serde_json::from_slice::<Head>(bytes)
        .map(|head| head.kind)
        .unwrap_or_default();
    // Go writes an empty list as null, and some leave it out.
    if kind.ends_with("List") || (kind.is_empty() && fields.contains_key("items")) {
        return Ok(());
    }
    let kind: String = kind.chars().take(40).collect();
    let problem = match kind.as_str() {
        "" => "no Kubernetes List: it has neither `kind` nor `items`".to_owned(),
        kind => format!("a {kind}, not a List of them"),
    };
    Err(refused(origin, problem))
}

/// The fields of which one is in an answer that says anything.
fn keys(path: &str) -> Vec<&'static str> {
    let file = path.rsplit('/').next().unwrap_or(path);
    let singular: &[&'static str] = match file {
        "policy.json" => &["bindings"],
        "bundle.json" => &[
            "schemaVersion",
            "collectedAt",
            "scope",
            "collectors",
            "files",
            "toolVersion",
            "operator",
            "redaction",
            "countedTo",
        ],
        _ if path.contains("/effective-firewalls/") => &["firewallPolicys", "firewalls"],
        _ if path.contains("/health/") => &["healthStatus", "annotations", "status", "backend"],
        _ => &[],
    };
    paths::list_key(path)
        .into_iter()
        .chain(singular.iter().copied())
        .collect()
}

fn refused(origin: &str, problem: String) -> ReadError {
    ReadError::Malformed {
        origin: origin.to_owned(),
        line: 0,
        column: 0,
        problem,
        remedy: "the file must hold the API's answer as it came: collect it again, or leave it out, and it counts as not collected"
            .into(),
    }
}
