//! What an API said no with: Google's error object, a Kubernetes Status, or the words of something in between.
use super::FailureKind;
use super::{denied, is_permission, is_resource};
use crate::redact;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::error::Error;

/// Characters of a message that are worth keeping.
const LONGEST: usize = 600;

/// Who answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// `{"error": {"code", "status", "message"}}`.
    Google,
    /// A `Status` object, or the plain `404 page not found` of an API server.
    Kubernetes,
    /// HTML, or whatever else no API of ours says.
    Other,
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub speaker: Speaker,
    /// `403 PERMISSION_DENIED: …`
    pub text: String,
    /// `google.rpc.ErrorInfo`'s reason: `SERVICE_DISABLED`, `IAM_PERMISSION_DENIED`, …
    pub reason: String,
    pub permission: Option<String>,
    pub resource: Option<String>,
    /// The API that is disabled, and the project that asked: `compute.googleapis.com`, `projects/525300120045`.
    pub disabled: Option<Box<(String, String)>>,
}

/// The kind of an answer that is no success, by its HTTP status and `google.rpc.ErrorInfo`'s reason (or the older APIs' own).
/// Source: <https://cloud.google.com/apis/design/errors>, and `google/api/error_reason.proto`.
pub fn kind_of(status: u16, reason: &str) -> FailureKind {
    match (status, reason) {
        (_, "SERVICE_DISABLED" | "accessNotConfigured") => FailureKind::ApiDisabled,
        // Of scopes, billing, perimeters and quota: no role helps.
        (
            403,
            "BILLING_DISABLED" | "CONSUMER_INVALID" | "VPC_SERVICE_CONTROLS" | "SECURITY_POLICY_VIOLATED",
        ) => FailureKind::Other,
        (403, "RATE_LIMIT_EXCEEDED" | "rateLimitExceeded") => FailureKind::Unreachable,
        (401, _) | (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT") => FailureKind::Unauthenticated,
        (403, _) => FailureKind::PermissionMissing,
        (408 | 504, _) => FailureKind::TimedOut,
        (429 | 500..=599, _) => FailureKind::Unreachable,
        // What `replay` answers for a call that the user had stopped.
        (499, _) => FailureKind::Stopped,
        _ => FailureKind::Other,
    }
}

#[derive(Deserialize)]
struct Google {
    error: GoogleError,
}

#[derive(Deserialize)]
struct GoogleError {
    #[serde(default)]
    status: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    details: Vec<Detail>,
    /// The older APIs' way: Compute Engine, Cloud DNS.
    #[serde(default)]
    errors: Vec<Detail>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Detail {
    reason: String,
    message: String,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Status {
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

impl Refusal {
    /// Reads an error's body.
    pub fn read(code: u16, body: &[u8]) -> Self {
        // The streaming methods of Google's REST APIs wrap even an error into a list.
        let google = serde_json::from_slice::<Google>(body)
            .ok()
            .or_else(|| serde_json::from_slice::<Vec<Google>>(body).ok()?.pop());
        if let Some(Google { mut error }) = google {
            if let (true, Some(first)) = (error.message.is_empty(), error.errors.first()) {
                error.message.clone_from(&first.message);
            }
            let mut told = error.details.into_iter().chain(error.errors);
            // The older APIs' `forbidden` is what 403 says.
            let info = told.find(|detail| !matches!(detail.reason.as_str(), "" | "forbidden"));
            let mut info = info.unwrap_or_default();
            let formed = |name: Option<String>, form: fn(&str) -> bool| name.filter(|name| form(name));
            let permission = formed(info.metadata.remove("permission"), is_permission);
            let resource = formed(info.metadata.remove("resource"), is_resource);
            let quoted = denied(&error.message);
            let disabled = (kind_of(code, &info.reason) == FailureKind::ApiDisabled).then(|| {
                let service = formed(info.metadata.remove("service"), is_resource)?;
                Some((service, formed(info.metadata.remove("consumer"), is_resource)?))
            });
            return Self {
                text: sentence(code, &error.status, &error.message),
                speaker: Speaker::Google,
                permission: permission.or(quoted.0),
                resource: resource.or(quoted.1),
                disabled: disabled.flatten().map(Box::new),
                reason: info.reason,
                code,
            };
        }
        let status = serde_json::from_slice::<Status>(body).ok();
        if let Some(status) = status.filter(|status| status.kind == "Status") {
            return Self::plain(code, Speaker::Kubernetes, &status.reason, &status.message);
        }
        let words = String::from_utf8_lossy(body.get(..LONGEST.min(body.len())).unwrap_or_default());
        let words = words.trim();
        if words == "404 page not found" {
            return Self::plain(code, Speaker::Kubernetes, "", "page not found");
        }
        if words.starts_with('<') {
            return Self::plain(
                code,
                Speaker::Other,
                "",
                "an HTML page, not the API's answer (a proxy's?)",
            );
        }
        Self::plain(code, Speaker::Other, "", words)
    }

    fn plain(code: u16, speaker: Speaker, status: &str, message: &str) -> Self {
        Self {
            code,
            speaker,
            text: sentence(code, status, message),
            reason: String::new(),
            permission: None,
            resource: None,
            disabled: None,
        }
    }
}

fn sentence(code: u16, status: &str, message: &str) -> String {
    let space = if status.is_empty() { "" } else { " " };
    let colon = if message.is_empty() { "" } else { ": " };
    one_line(&format!("{code}{space}{status}{colon}{message}"))
}

/// Words of others on one line: without secrets that they may echo, and cut where it gets too long to be read.
pub fn one_line(text: &str) -> String {
    let text = redact::told(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// A text without a secret that somebody echoed.
pub fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() {
        return text.to_owned();
    }
    text.replace(secret, "[token]")
}

/// A body without a secret that somebody echoed: before anything is cut, so that no half of it stays.
pub fn scrubbed<'b>(body: &'b [u8], secret: &str) -> Cow<'b, [u8]> {
    if secret.is_empty() || memchr::memmem::find(body, secret.as_bytes()).is_none() {
        return Cow::Borrowed(body);
    }
    Cow::Owned(without(&String::from_utf8_lossy(body), secret).into_bytes())
}

/// The code that an error object has itself, where it came under a status that says success; else 200.
pub fn code(error: &str) -> u16 {
    #[derive(Deserialize)]
    struct Code {
        code: u16,
    }
    serde_json::from_str::<Code>(error).map_or(200, |error| error.code)
}

/// Whether a body begins as an object or a list; else it is somebody else's words.
pub fn is_json(body: &[u8]) -> bool {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    matches!(first, Some(b'{' | b'['))
}

/// What a body is that is no JSON.
pub fn not_json(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..body.len().min(4096)).unwrap_or_default());
    let text = text.trim();
    if text.is_empty() {
        return "the answer is empty".into();
    }
    if text.starts_with('<') {
        let lower = text.to_ascii_lowercase();
        let title = lower.find("<title>").and_then(|at| {
            let from = at + "<title>".len();
            let to = lower.get(from..)?.find('<')? + from;
            text.get(from..to)
        });
        let title = title
            .map(|title| format!(" ({})", one_line(title.trim())))
            .unwrap_or_default();
        return format!("the answer is HTML{title}, not JSON: a proxy, or a wrong endpoint");
    }
    if text.starts_with(['{', '[']) {
        return "the answer is JSON that breaks off or is malformed".into();
    }
    format!(
        "the answer is not JSON: {}",
        one_line(text.lines().next().unwrap_or_default())
    )
}

/// An error with its causes, each told once.
pub fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        if !text.contains(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::{Refusal, Speaker};

    #[test]
    fn each_speaker_is_told_apart() {
        let google = Refusal::read(
            403,
            br#"{"error":{"code":403,"message":"Permission 'gkehub.gateway.get' denied on resource 'x'","status":"PERMISSION_DENIED",
                "details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED",
                "metadata":{"permission":"gkehub.gateway.get","resource":"projects/p"}}]}}"#,
        );
        assert_eq!(google.speaker, Speaker::Google);
        assert_eq!(google.permission.as_deref(), Some("gkehub.gateway.get"));
        assert_eq!(google.resource.as_deref(), Some("projects/p"));
        assert!(google.text.starts_with("403 PERMISSION_DENIED: Permission"));

        let status = br#"{"kind":"Status","apiVersion":"v1","message":"no","reason":"Forbidden","code":403}"#;
        let kubernetes = Refusal::read(403, status);
        assert_eq!(
            (kubernetes.speaker, kubernetes.text.as_str()),
            (Speaker::Kubernetes, "403 Forbidden: no")
        );
        assert_eq!(
            Refusal::read(404, b"404 page not found\n").speaker,
            Speaker::Kubernetes
        );
        assert_eq!(
            Refusal::read(404, b"<html>404 page not found</html>").speaker,
            Speaker::Other
        );
    }
}
