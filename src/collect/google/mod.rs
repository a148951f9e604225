//! A client of Google's REST APIs: base URLs, token, quota project, retries, and bounds on time and size.
mod call;
mod error;
mod join;
mod listing;
#[cfg(test)]
mod tests;

pub use call::{Call, segment};
pub use error::CallError;
pub use listing::{Listing, Paging};

use super::refusal::{is_json, scrubbed};
use super::until::{Ended, Until, retry_after};
use super::{Api, Endpoints, FailureKind, Token, token};
use backon::{ExponentialBuilder, Retryable};
use reqwest::redirect::Policy;
use reqwest::{RequestBuilder, Response, Url};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

/// Bounds of every call.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// One attempt, from the connection to the last byte.
    pub attempt: Duration,
    /// Bytes of one answer, unpacked.
    pub answer: usize,
    /// Attempts after the first.
    pub retries: usize,
    /// The wait before the first of them; each next one waits about twice as long.
    pub first_wait: Duration,
    /// Calls of one API in flight at once. Each has its own: one that does not answer must not hold up the others.
    pub concurrency: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(30),
            answer: 128 << 20,
            retries: 4,
            first_wait: Duration::from_millis(250),
            concurrency: 8,
        }
    }
}

/// Asks Google's APIs. Clones share their connections and bounds.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
    deadline: Instant,
}

struct Inner {
    http: reqwest::Client,
    /// For endpoints on this machine: no proxy stands before them.
    loopback: reqwest::Client,
    endpoints: Endpoints,
    token: Token,
    quota_project: Option<String>,
    limits: Limits,
    permits: BTreeMap<Api, Semaphore>,
    /// Turns true when the user has had enough.
    stop: watch::Receiver<bool>,
}

impl Client {
    /// Every call ends at the deadline, or when `stop` turns true.
    pub fn new(
        endpoints: Endpoints,
        token: Token,
        quota_project: Option<String>,
        limits: Limits,
        deadline: Instant,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, CallError> {
        // An error means that a provider is installed already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = || {
            reqwest::Client::builder()
                .redirect(Policy::none())
                .user_agent(concat!("meshdoctor/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(Duration::from_secs(10))
        };
        let unusable = |error: reqwest::Error| CallError::plain(format!("no HTTP client: {error}"));
        let permits = Api::ALL.map(|api| (api, Semaphore::new(limits.concurrency)));
        let inner = Inner {
            http: builder().build().map_err(unusable)?,
            loopback: builder().no_proxy().build().map_err(unusable)?,
            endpoints,
            token,
            quota_project,
            limits,
            permits: permits.into(),
            stop,
        };
        Ok(Self {
            inner: Arc::new(inner),
            deadline,
        })
    }

    /// The same with a part of the time that is left.
    pub fn with_share(&self, parts: u32) -> Self {
        let left = self.deadline.saturating_duration_since(Instant::now());
        Self {
            inner: Arc::clone(&self.inner),
            deadline: Instant::now() + left / parts.max(1),
        }
    }

    pub fn endpoints(&self) -> &Endpoints {
        &self.inner.endpoints
    }

    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The end of all waiting.
    pub fn until(&self) -> Until {
        Until::new(self.deadline, self.inner.stop.clone())
    }

    /// The body of the answer to one call.
    pub async fn send(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        match self.until().wait(self.tries(call)).await {
            Ok(answer) => answer,
            Err(Ended::Stopped) => Err(CallError::interrupted()),
            Err(Ended::Late) => Err(CallError::late()),
        }
    }

    async fn tries(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let limits = &self.inner.limits;
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(limits.first_wait)
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(limits.retries);
        let remaining = || self.deadline.saturating_duration_since(Instant::now());
        (|| self.attempt(call))
            .retry(backoff)
            .when(|error: &CallError| error.is_passing())
            .adjust(|error, wait| {
                let wait = wait.map(|wait| error.retry_after.unwrap_or(wait));
                // No use in waiting past the end: what the API said is worth more than "too late".
                wait.filter(|wait| *wait < remaining())
            })
            .notify(|error, wait| tracing::debug!(call = call.what, ?wait, "again after: {}", error.text))
            .await
    }

    async fn attempt(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let inner = &self.inner;
        let _permit = match inner.permits.get(&call.api) {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let no_token = |error: String| CallError::of(FailureKind::Unauthenticated, error);
        let token = (inner.token)().await.map_err(no_token)?;
        let result = match tokio::time::timeout(inner.limits.attempt, self.exchange(call, &token)).await {
            Ok(result) => result,
            Err(_) => Err(CallError::silent(inner.limits.attempt)),
        };
        result.map_err(|error| error.without(&token))
    }

    async fn exchange(&self, call: &Call, token: &str) -> Result<Vec<u8>, CallError> {
        let response = self
            .request(call, token)?
            .send()
            .await
            .map_err(|error| CallError::broken(&error))?;
        let status = response.status().as_u16();
        let retry_after = retry_after(response.headers());
        let body = self.body(response).await?;
        if !(200..300).contains(&status) {
            let body = scrubbed(&body, token);
            return Err(CallError::from_answer(status, retry_after, &body, call));
        }
        if !is_json(&body) {
            return Err(CallError::unreadable(&scrubbed(&body, token)));
        }
        Ok(body)
    }

    fn request(&self, call: &Call, token: &str) -> Result<RequestBuilder, CallError> {
        let base = self.inner.endpoints.url(call.api);
        let bad = |error: &dyn std::fmt::Display| {
            CallError::plain(format!("the endpoint of {} is no URL: {error}", call.api.name()))
        };
        let mut url = Url::parse(&format!("{base}/{}", call.path)).map_err(|error| bad(&error))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        token::destination(base).map_err(CallError::plain)?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let client = if local {
            &self.inner.loopback
        } else {
            &self.inner.http
        };
        let mut request = match &call.body {
            None => client.get(url),
            Some(body) => client.post(url).json(body),
        };
        request = request.bearer_auth(token);
        if let Some(project) = &self.inner.quota_project {
            request = request.header("x-goog-user-project", project);
        }
        Ok(request)
    }

    async fn body(&self, mut response: Response) -> Result<Vec<u8>, CallError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| CallError::broken(&error))?
        {
            if body.len() + chunk.len() > self.inner.limits.answer {
                return Err(CallError::plain(format!(
                    "the answer is larger than {} MiB",
                    self.inner.limits.answer >> 20
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
