//! Files that hold an API's error in the place of its answer, or one page of several: not all was collected there, and their
//! collector failed.
use super::{calls, pages, sniff};
use crate::snapshot::refusal::{Refusal, Speaker, kind_of};
use crate::snapshot::{Blob, Failure, FailureKind, Manifest, ReadError, Warning, World, is_beyond_roles};
use serde_json::Value;

/// Takes errors out of a world; the manifest then says of each such file what was asked for, and what was answered.
///
/// # Errors
/// Where a file cannot be read, or the manifest itself is such an error.
pub fn take_out(world: &mut World) -> Result<Refused, ReadError> {
    let (mut refused, mut out) = (Refused::default(), Vec::new());
    for (path, blob) in &world.files {
        if !super::layout_knows(path) {
            continue;
        }
        let Some(refusal) = of_file(blob)? else {
            if let Some(field) = pages::more(path, blob)? {
                let text = format!("one page of several, as its {field} tells: the rest was not collected");
                let failure = Failure::new(FailureKind::Other, text.clone()).of_call(calls::of(path).what);
                refused.0.push((path.clone(), failure));
                world.warnings.push(Warning {
                    origin: blob.origin.clone(),
                    text,
                });
            }
            continue;
        };
        if path == "bundle.json" {
            return Err(error(&blob.origin, 0, &refusal));
        }
        world.warnings.push(Warning {
            origin: blob.origin.clone(),
            text: format!("an API's error, not its answer: not collected ({})", refusal.text),
        });
        refused.0.push((path.clone(), failure(path, refusal)));
        out.push(path.clone());
    }
    for path in &out {
        world.files.remove(path);
    }
    Ok(refused)
}

/// What was not collected: layout path, and what was said in its place.
#[derive(Debug, Default)]
pub struct Refused(Vec<(String, Failure)>);

impl Refused {
    /// As the collectors would have told it. A file is there for the sake of what is in it, so that even where only detail is
    /// missing its collector has not brought all.
    pub fn tell(self, manifest: &mut Manifest, world: &World) {
        for (path, failure) in self.0 {
            let source = path.split('/').next().unwrap_or_default();
            let below = format!("{source}/");
            let others = world.files.keys().any(|path| path.starts_with(&below));
            manifest.add_failure(source, failure, others);
        }
    }
}

/// The error that is refused where nobody can tell what it would have been the answer to.
pub fn error(origin: &str, line: usize, refusal: &Refusal) -> ReadError {
    let grant = refusal.permission.as_deref().map(|permission| {
        let on = refusal.resource.as_deref();
        let on = on.map(|resource| format!(" on {resource}")).unwrap_or_default();
        format!(" with {permission}{on}")
    });
    ReadError::Malformed {
        origin: origin.to_owned(),
        line,
        column: 0,
        problem: format!("an API's error, not its answer: {}", refusal.text),
        remedy: format!(
            "get the answer again{}, or leave the file out: then it counts as not collected",
            grant.unwrap_or_default()
        ),
    }
}

/// The error that a text is, alone: errors are small.
pub fn of_bytes(bytes: &[u8]) -> Option<Refusal> {
    let small = (bytes.len() as u64) < super::limits::SNIFF;
    of_value(&small.then(|| serde_json::from_slice(bytes).ok())??)
}

/// The error that a value is.
pub fn of_value(value: &Value) -> Option<Refusal> {
    if !is_error(value) {
        return None;
    }
    let told = match value {
        Value::Array(items) => items.iter().find(|item| is_error(item))?,
        other => other,
    };
    let code = code_of(told);
    // The old way of OAuth: no object, but two texts.
    if let Some(title) = told.get("error").and_then(Value::as_str) {
        let words = told.get("error_description").and_then(Value::as_str);
        let body = format!("{title}: {}", words.unwrap_or_default());
        return Some(Refusal::read(code, body.as_bytes()));
    }
    Some(Refusal::read(code, told.to_string().as_bytes()))
}

/// Google's error object, a list of which one is such (as streamed answers have it), or the Status of an API server.
fn is_error(value: &Value) -> bool {
    let fields = match value {
        Value::Array(items) => return items.iter().any(|item| item.is_object() && is_error(item)),
        Value::Object(fields) => fields,
        _ => return false,
    };
    // A record of a log may well tell of an error.
    if fields.contains_key("logName") || fields.contains_key("insertId") {
        return false;
    }
    let status = fields.get("kind").and_then(Value::as_str) == Some("Status");
    match fields.get("error") {
        Some(Value::Object(error)) => {
            let marks = ["code", "status", "message", "errors"];
            marks.iter().any(|mark| error.contains_key(*mark))
        }
        Some(Value::String(_)) => fields.contains_key("error_description"),
        _ => {
            status
                && ["code", "reason", "message"]
                    .iter()
                    .any(|mark| fields.contains_key(*mark))
        }
    }
}

/// HTTP's code: as the error has it, or what stands for gRPC's code or for its name.
/// Source: <https://cloud.google.com/apis/design/errors>, HTTP mapping.
fn code_of(value: &Value) -> u16 {
    let error = value
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(value);
    let number = error.get("code").and_then(|code| {
        let text = || code.as_str()?.parse().ok();
        code.as_u64().or_else(text)
    });
    let name = error.get("status").and_then(Value::as_str).unwrap_or_default();
    match (number, name) {
        (Some(code @ 100..=599), _) => u16::try_from(code).unwrap_or(500),
        (Some(3 | 9 | 11), _) | (_, "INVALID_ARGUMENT" | "FAILED_PRECONDITION") => 400,
        (Some(16), _) | (_, "UNAUTHENTICATED") => 401,
        (Some(7), _) | (_, "PERMISSION_DENIED") => 403,
        (Some(5), _) | (_, "NOT_FOUND") => 404,
        (Some(8), _) | (_, "RESOURCE_EXHAUSTED") => 429,
        (Some(14), _) | (_, "UNAVAILABLE") => 503,
        (Some(4), _) | (_, "DEADLINE_EXCEEDED") => 504,
        _ if value.get("error_description").is_some() => 401,
        _ => 500,
    }
}

/// The error in a file. Errors are small: of a large file its beginning tells.
fn of_file(blob: &Blob) -> Result<Option<Refusal>, ReadError> {
    let head = sniff::head(blob)?;
    let text = head.trim_ascii_start();
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return Ok(None);
    }
    let whole = (head.len() as u64) < super::limits::SNIFF;
    let begins = |text: &[u8]| {
        let text = text.get(1..).unwrap_or_default().trim_ascii_start();
        text.starts_with(b"\"error\"")
    };
    let bytes = if whole {
        head
    } else if begins(text) {
        blob.bytes()?
    } else {
        return Ok(None);
    };
    // Of a log the first record: an error stands alone.
    let mut values = serde_json::Deserializer::from_slice(&bytes).into_iter::<Value>();
    Ok(values
        .next()
        .and_then(Result::ok)
        .and_then(|value| of_value(&value)))
}

/// What the collector would have told.
fn failure(path: &str, refusal: Refusal) -> Failure {
    let asked = calls::of(path);
    let mut failure = Failure::new(kind_of(refusal.code, &refusal.reason), refusal.text).of_call(asked.what);
    match failure.kind {
        FailureKind::ApiDisabled => {
            let (service, consumer) = refusal.disabled.map(|both| *both).unzip();
            failure.service = service;
            failure.resource = consumer;
        }
        FailureKind::PermissionMissing if is_beyond_roles(&failure.error) => {
            failure.kind = FailureKind::Other;
        }
        FailureKind::PermissionMissing => {
            let iam = ["", "IAM_PERMISSION_DENIED"].contains(&refusal.reason.as_str());
            // Before a cluster may stand the gateway of its fleet, which asks for a permission of its own.
            let gateway = refusal.speaker == Speaker::Google && path.starts_with("kubernetes/");
            let known = if gateway {
                ("gkehub.gateway.get".to_owned(), String::new())
            } else {
                (asked.permission, asked.resource)
            };
            let named = refusal.permission.is_some();
            let known_resource = Some(known.1).filter(|text| !named && !text.is_empty());
            failure.permission = refusal.permission.or_else(|| iam.then_some(known.0));
            failure.resource = refusal.resource.or(known_resource);
            if failure.permission.is_none() {
                failure.kind = FailureKind::Other;
            }
        }
        _ => {}
    }
    failure
}
