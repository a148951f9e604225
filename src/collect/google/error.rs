//! What an API says when it refuses, in each of the shapes that Google's APIs have.
use super::Call;
use crate::collect::Failure;
use crate::collect::until::silence;
use regex::Regex;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;

/// The longest message that is passed on, in characters.
const LONGEST: usize = 600;

/// The permission and the resource as messages name them: IAM's way, then Compute Engine's.
static DENIED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:Permission '([^']+)' denied|Required '([^']+)' permission)(?: (?:on|for)(?: resource)? '([^']+)')?")
        .ok()
});

/// Why a call brought nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallError {
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// `SERVICE_DISABLED`, `IAM_PERMISSION_DENIED`, `notFound`, …; empty where nothing was said.
    pub reason: String,
    /// `403 PERMISSION_DENIED: …`.
    pub text: String,
    pub permission: Option<String>,
    pub resource: Option<String>,
    /// How long to wait before asking again, where the API said so.
    pub retry_after: Option<Duration>,
    /// The connection broke.
    pub broken: bool,
}

impl CallError {
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn interrupted() -> Self {
        Self::plain("stopped before it was answered, by request")
    }

    pub fn late() -> Self {
        Self::plain("not answered before the deadline; --timeout moves it")
    }

    /// One try was given up; another may be heard, and there was waiting enough before it.
    pub fn silent(within: Duration) -> Self {
        Self {
            broken: true,
            retry_after: Some(Duration::ZERO),
            ..Self::plain(silence(within))
        }
    }

    /// A successful answer that does not hold what it should.
    pub fn unreadable(body: &[u8]) -> Self {
        Self::plain(not_json(body))
    }

    /// The transport failed.
    pub fn broken(error: &reqwest::Error) -> Self {
        let mut text = String::from(if error.is_connect() {
            "no connection"
        } else {
            "the connection broke"
        });
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        Self {
            broken: !error.is_builder(),
            ..Self::plain(clip(&text))
        }
    }

    /// From an answer that is no success.
    pub fn from_answer(status: u16, retry_after: Option<Duration>, body: &[u8], call: &Call) -> Self {
        let mut error = Self {
            status: Some(status),
            retry_after,
            ..Self::default()
        };
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            error.text = format!("{status}: {}", not_json(body));
            error.blame(call);
            return error;
        };
        // Streaming methods wrap their error in an array.
        let told = value.pointer("/error").or_else(|| value.pointer("/0/error"));
        let field = |name: &str| told.and_then(|e| e.get(name)).and_then(Value::as_str);
        let message = field("message")
            .or_else(|| value.get("error_description").and_then(Value::as_str))
            .or_else(|| told.and_then(Value::as_str))
            .unwrap_or_default();
        let info = told.and_then(error_info);
        let old = told
            .and_then(|e| e.pointer("/errors/0/reason"))
            .and_then(Value::as_str);
        let reason = info
            .and_then(|info| info.get("reason"))
            .and_then(Value::as_str)
            .or(old)
            .unwrap_or_default();
        reason.clone_into(&mut error.reason);
        let title = field("status").unwrap_or(reason);
        error.text = match (title.is_empty(), message.is_empty()) {
            (true, true) => format!("{status}: no reason given"),
            (true, false) => format!("{status}: {message}"),
            (false, true) => format!("{status} {title}"),
            (false, false) => format!("{status} {title}: {message}"),
        };
        error.text = clip(&error.text);
        let data = |name: &str| {
            let value = info?.get("metadata")?.get(name)?.as_str()?;
            Some(value.to_owned())
        };
        error.retry_after = error.retry_after.or_else(|| retry_info(told?));
        if matches!(error.reason.as_str(), "SERVICE_DISABLED" | "accessNotConfigured") {
            let service = data("service").unwrap_or_else(|| format!("{}.googleapis.com", call.api.name()));
            let consumer = data("consumer").unwrap_or_else(|| call.resource.clone());
            let project = consumer.rsplit('/').next().unwrap_or(&consumer);
            error.text = format!(
                "{}; enable it: gcloud services enable {service} --project={project}",
                error.text
            );
            return error;
        }
        error.permission = data("permission");
        error.resource = data("resource");
        error.blame(call);
        error
    }

    /// The permission that was missing: what the message says, else what the call is known to need.
    fn blame(&mut self, call: &Call) {
        if self.status != Some(403) || !self.is_about_permission() {
            return;
        }
        if let Some(found) = DENIED.as_ref().and_then(|denied| denied.captures(&self.text)) {
            let told = |group: usize| found.get(group).map(|m| m.as_str().to_owned());
            self.permission = self.permission.take().or_else(|| told(1)).or_else(|| told(2));
            self.resource = self.resource.take().or_else(|| told(3));
        }
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.permission = self.permission.take().or_else(|| known(call.permission));
        self.resource = self.resource.take().or_else(|| known(&call.resource));
    }

    fn is_about_permission(&self) -> bool {
        !matches!(
            self.reason.as_str(),
            "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
                | "BILLING_DISABLED"
                | "CONSUMER_INVALID"
                | "VPC_SERVICE_CONTROLS"
                | "SECURITY_POLICY_VIOLATED"
                | "RATE_LIMIT_EXCEEDED"
                | "rateLimitExceeded"
        )
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        self.broken || matches!(self.status, Some(429 | 500 | 502 | 503 | 504))
    }

    /// With a secret taken out, wherever somebody echoed it.
    pub fn without(mut self, secret: &str) -> Self {
        if !secret.is_empty() {
            for text in [
                Some(&mut self.text),
                self.permission.as_mut(),
                self.resource.as_mut(),
            ]
            .into_iter()
            .flatten()
            {
                *text = text.replace(secret, "[token]");
            }
        }
        self
    }

    /// As an outcome's failure.
    pub fn into_failure(self, call: &Call) -> Failure {
        Failure {
            call: call.what.clone(),
            error: self.text,
            permission: self.permission,
            resource: self.resource,
        }
    }
}

fn details(error: &Value) -> impl Iterator<Item = &Value> {
    error
        .get("details")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn typed<'a>(error: &'a Value, name: &str) -> Option<&'a Value> {
    details(error).find(|detail| {
        let kind = detail.get("@type").and_then(Value::as_str);
        kind.is_some_and(|kind| kind.ends_with(name))
    })
}

/// google.rpc.ErrorInfo.
fn error_info(error: &Value) -> Option<&Value> {
    typed(error, "google.rpc.ErrorInfo")
}

/// google.rpc.RetryInfo: `"retryDelay": "3.5s"`.
fn retry_info(error: &Value) -> Option<Duration> {
    let delay = typed(error, "google.rpc.RetryInfo")?
        .get("retryDelay")?
        .as_str()?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

/// `Retry-After` in seconds. A date is left to the backoff.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
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
            .map(|title| format!(" ({})", title.trim()))
            .unwrap_or_default();
        return format!("the answer is HTML{title}, not JSON: a proxy, or a wrong endpoint");
    }
    if text.starts_with(['{', '[']) {
        return "the answer is JSON that breaks off or is malformed".into();
    }
    format!(
        "the answer is not JSON: {}",
        clip(text.lines().next().unwrap_or_default())
    )
}

fn clip(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}
