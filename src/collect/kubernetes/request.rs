//! One GET, raw, tried again where that may help.
use super::connect::{self, Connection};
use crate::collect::refusal::{Refusal, Speaker, is_json, kind_of, not_json, scrubbed, with_causes, without};
use crate::collect::until::{one_try, retry_after, silence};
use crate::collect::{FailureKind, token};
use backon::{ExponentialBuilder, Retryable};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use kube::client::{AuthError, Body};
use std::error::Error;
use std::time::Duration;
use tokio::time::Instant;

/// Longest error body that is read: the rest tells no more.
const LONGEST_ERROR: usize = 64 * 1024;
/// A server that says nothing is asked so often before the deadline.
const TRIES: u32 = 4;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Another try may help: 429, 5xx, a broken connection.
    Passing {
        kind: FailureKind,
        text: String,
        wait: Option<Duration>,
    },
    /// 410: the list's token is too old.
    Expired(String),
    /// The API server's own 404.
    NotServed(String),
    /// 403, by whoever said it.
    Denied(Refusal),
    /// Anything else.
    Final(FailureKind, String),
}

impl Trouble {
    /// With a secret taken out, wherever somebody echoed it.
    fn without(mut self, secret: &str) -> Self {
        let text = match &mut self {
            Self::Passing { text, .. }
            | Self::Expired(text)
            | Self::NotServed(text)
            | Self::Final(_, text) => text,
            Self::Denied(refusal) => &mut refusal.text,
        };
        *text = without(text, secret);
        self
    }
}

impl Connection {
    /// The body of a path, as the server sent it.
    ///
    /// # Errors
    /// What remained after a few tries; a wait that would outlast the deadline ends them, and so does a way that others found broken.
    pub async fn get(&self, path: &str, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        let answer = self.tries(path, deadline).await;
        match &answer {
            Err(Trouble::Passing { kind, .. }) => self.road.lost(*kind),
            _ => self.road.answered(),
        }
        answer
    }

    async fn tries(&self, path: &str, deadline: Instant) -> Result<Vec<u8>, Trouble> {
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(8))
            .with_max_times(5);
        let patience = one_try(deadline, TRIES);
        (|| self.one_try(path, patience))
            .retry(backoff)
            .when(|trouble| matches!(trouble, Trouble::Passing { .. }) && !self.road.is_broken())
            .adjust(|trouble, planned| {
                let planned = planned?;
                let asked = match trouble {
                    Trouble::Passing { wait: Some(wait), .. } => *wait,
                    _ => planned,
                };
                // Who was not heard has been waited for already.
                let wait = if asked.is_zero() {
                    asked
                } else {
                    planned.max(asked)
                };
                (Instant::now() + wait < deadline).then_some(wait)
            })
            .await
    }

    async fn one_try(&self, path: &str, patience: Duration) -> Result<Vec<u8>, Trouble> {
        let silent = |_| {
            Err(Trouble::Passing {
                kind: FailureKind::TimedOut,
                text: silence(patience),
                wait: Some(Duration::ZERO),
            })
        };
        let answer = tokio::time::timeout(patience, self.get_once(path)).await;
        answer.unwrap_or_else(silent)
    }

    async fn get_once(&self, path: &str) -> Result<Vec<u8>, Trouble> {
        let request = Request::get(path).header(header::ACCEPT, "application/json");
        let Some(token) = &self.token else {
            return self.answer(request, path, &self.hidden).await;
        };
        let token = token().await;
        let none = |error| Trouble::Final(FailureKind::Unauthenticated, error);
        let token = token.map_err(|error| none(format!("no access token: {error}")))?;
        let bearer = token::bearer(&token).map_err(none)?;
        let request = request.header(header::AUTHORIZATION, bearer);
        self.answer(request, path, &[token]).await
    }

    /// The answer's body. `secrets` travel with the request: nothing that is said of it shows them.
    async fn answer(
        &self,
        request: http::request::Builder,
        path: &str,
        secrets: &[String],
    ) -> Result<Vec<u8>, Trouble> {
        let answer = self.exchange(request, path).await;
        let (head, mut bytes) = answer.map_err(|trouble| {
            secrets
                .iter()
                .fold(trouble, |trouble, secret| trouble.without(secret))
        })?;
        if head.status.is_success() && is_json(&bytes) {
            return Ok(bytes);
        }
        for secret in secrets {
            bytes = scrubbed(&bytes, secret).into_owned();
        }
        if head.status.is_success() {
            return Err(Trouble::Final(FailureKind::Unreadable, not_json(&bytes)));
        }
        let wait = retry_after(&head.headers).filter(|wait| !wait.is_zero());
        Err(refused(head.status, &bytes, wait))
    }

    async fn exchange(
        &self,
        request: http::request::Builder,
        path: &str,
    ) -> Result<(http::response::Parts, Vec<u8>), Trouble> {
        let request = request
            .body(Body::empty())
            .map_err(|error| Trouble::Final(FailureKind::Other, format!("{path}: {error}")))?;
        let response = self
            .client
            .send(request)
            .await
            .map_err(|error| not_sent(&error))?;
        let (head, mut body) = response.into_parts();
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| Trouble::Passing {
                kind: FailureKind::Unreachable,
                text: format!("the answer broke off: {}", with_causes(&error)),
                wait: None,
            })?;
            if let Some(data) = frame.data_ref() {
                bytes.extend_from_slice(data);
            }
            if !head.status.is_success() && bytes.len() > LONGEST_ERROR {
                break;
            }
        }
        Ok((head, bytes))
    }
}

fn refused(status: StatusCode, body: &[u8], wait: Option<Duration>) -> Trouble {
    let refusal = Refusal::read(status.as_u16(), body);
    let kind = kind_of(status.as_u16(), &refusal.reason);
    match (status.as_u16(), refusal.speaker) {
        (429 | 500 | 502 | 503 | 504, _) => Trouble::Passing {
            kind,
            text: refusal.text,
            wait,
        },
        (410, _) => Trouble::Expired(refusal.text),
        (404, Speaker::Kubernetes) => Trouble::NotServed(refusal.text),
        (403, _) => Trouble::Denied(refusal),
        _ => Trouble::Final(kind, refusal.text),
    }
}

fn not_sent(error: &kube::Error) -> Trouble {
    if let Some(error) = cause::<AuthError>(error) {
        return Trouble::Final(FailureKind::Unauthenticated, connect::auth_trouble(error));
    }
    if cause::<rustls::Error>(error).is_some() {
        return Trouble::Final(
            FailureKind::Unreachable,
            format!(
                "the server's certificate was not accepted: {}",
                with_causes(error)
            ),
        );
    }
    Trouble::Passing {
        kind: FailureKind::Unreachable,
        text: format!("no connection: {}", with_causes(error)),
        wait: None,
    }
}

/// The first error of a type among the causes; an I/O error hides its cause from `source`.
fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        let hidden = error
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        next = match hidden {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        };
    }
    None
}
