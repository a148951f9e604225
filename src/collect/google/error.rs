//! What an API says when it refuses, in each of the shapes that Google's APIs have.
use super::Call;
use crate::collect::refusal::{code, kind_of, not_json, one_line, without};
use crate::collect::until::silence;
use crate::collect::{Failure, FailureKind};
use crate::snapshot::{denied, is_beyond_roles, is_permission, is_resource};
use serde_json::Value;
use std::time::Duration;

/// Why a call brought nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallError {
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    pub kind: FailureKind,
    /// `403 PERMISSION_DENIED: …`.
    pub text: String,
    pub permission: Option<String>,
    pub resource: Option<String>,
    /// The API that is disabled.
    pub service: Option<String>,
    /// How long to wait before asking again, where the API said so.
    pub retry_after: Option<Duration>,
    /// The connection broke.
    pub broken: bool,
}

impl CallError {
    /// Of no kind in particular.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(FailureKind::Other, text)
    }

    pub fn of(kind: FailureKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            text: text.into(),
            ..Self::default()
        }
    }

    pub fn interrupted() -> Self {
        Self::of(FailureKind::Stopped, "stopped before it was answered, by request")
    }

    pub fn late() -> Self {
        Self::of(
            FailureKind::TimedOut,
            "not answered before the deadline; --timeout moves it",
        )
    }

    /// One try was given up; another may be heard, and there was waiting enough before it.
    pub fn silent(within: Duration) -> Self {
        Self {
            broken: true,
            retry_after: Some(Duration::ZERO),
            ..Self::of(FailureKind::TimedOut, silence(within))
        }
    }

    /// A successful answer that does not hold what it should, in words.
    pub fn odd(text: impl Into<String>) -> Self {
        Self::of(FailureKind::Unreadable, text)
    }

    /// The same of an answer that is no JSON.
    pub fn unreadable(body: &[u8]) -> Self {
        Self::odd(not_json(body))
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
            ..Self::of(FailureKind::Unreachable, one_line(&text))
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
            error.blame("", call);
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
        let title = field("status").unwrap_or(reason);
        error.text = match (title.is_empty(), message.is_empty()) {
            (true, true) => format!("{status}: no reason given"),
            (true, false) => format!("{status}: {message}"),
            (false, true) => format!("{status} {title}"),
            (false, false) => format!("{status} {title}: {message}"),
        };
        error.text = one_line(&error.text);
        let data = |name: &str| {
            let value = info?.get("metadata")?.get(name)?.as_str()?;
            is_resource(value).then(|| value.to_owned())
        };
        error.retry_after = error.retry_after.or_else(|| retry_info(told?));
        if kind_of(status, reason) == FailureKind::ApiDisabled {
            let service = data("service").unwrap_or_else(|| call.api.service().to_owned());
            let consumer = data("consumer").unwrap_or_else(|| call.resource.clone());
            let project = consumer.rsplit('/').next().unwrap_or(&consumer);
            error.text = format!(
                "{}; enable it: gcloud services enable {service} --project={project}",
                error.text
            );
            error.kind = FailureKind::ApiDisabled;
            error.resource = Some(format!("projects/{project}"));
            error.service = Some(service);
            return error;
        }
        error.permission = data("permission").filter(|text| is_permission(text));
        error.resource = data("resource");
        if reason == "USER_PROJECT_DENIED" {
            // About the project that quota is billed to, not about what was asked for.
            error.permission = Some("serviceusage.services.use".into());
            error.resource = data("consumer");
        }
        error.blame(reason, call);
        error
    }

    /// An error under a status that says success, as gateways write it: without it, an answer that names nothing would
    /// pass for an empty one.
    pub fn under_success(body: &[u8], call: &Call) -> Self {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        let error = value.get("error").map(Value::to_string).unwrap_or_default();
        Self::from_answer(code(&error), None, body, call)
    }

    /// The permission that was missing: what the message says, else what the call is known to need.
    fn blame(&mut self, reason: &str, call: &Call) {
        self.kind = kind_of(self.status.unwrap_or_default(), reason);
        if self.kind != FailureKind::PermissionMissing {
            return;
        }
        if is_beyond_roles(&self.text) {
            self.kind = FailureKind::Other;
            return;
        }
        let (permission, resource) = denied(&self.text);
        self.permission = self.permission.take().or(permission);
        self.resource = self.resource.take().or(resource);
        let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.permission = self.permission.take().or_else(|| known(call.permission));
        self.resource = self.resource.take().or_else(|| known(&call.resource));
        if self.permission.is_none() {
            self.kind = FailureKind::Other;
        }
    }

    /// Whether asking again may help.
    pub fn is_passing(&self) -> bool {
        self.broken || matches!(self.status, Some(429 | 500 | 502 | 503 | 504))
    }

    /// With a secret taken out, wherever somebody echoed it.
    pub fn without(mut self, secret: &str) -> Self {
        let named = [&mut self.permission, &mut self.resource, &mut self.service];
        for text in named.into_iter().flatten().chain([&mut self.text]) {
            *text = without(text, secret);
        }
        self
    }

    /// As an outcome's failure.
    pub fn into_failure(self, call: &Call) -> Failure {
        Failure {
            call: call.what.clone(),
            error: self.text,
            kind: self.kind,
            permission: self.permission,
            resource: self.resource,
            service: self.service,
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
