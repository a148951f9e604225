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
use super::{Api, Endpoints, Token, token};
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
pub struct Client(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    /// For endpoints on this machine: no proxy stands before them.
    loopback: reqwest::Client,
    endpoints: Endpoints,
    token: Token,
    quota_project: Option<String>,
    limits: Limits,
    permits: BTreeMap<Api, Semaphore>,
    deadline: Instant,
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
        Ok(Self(Arc::new(Inner {
            http: builder().build().map_err(unusable)?,
            loopback: builder().no_proxy().build().map_err(unusable)?,
            endpoints,
            token,
            quota_project,
            limits,
            permits: Api::ALL
                .map(|api| (api, Semaphore::new(limits.concurrency)))
                .into(),
            deadline,
            stop,
        })))
    }

    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// Waits until the user has had enough; for ever where that cannot be.
    pub async fn stopped(&self) {
        let mut stop = self.0.stop.clone();
        if stop.wait_for(|stop| *stop).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The body of the answer to one call.
    pub async fn send(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        tokio::select! {
            biased;
            () = self.stopped() => Err(CallError::interrupted()),
            () = tokio::time::sleep_until(self.0.deadline) => Err(CallError::late()),
            answer = self.tries(call) => answer,
        }
    }

    async fn tries(&self, call: &Call) -> Result<Vec<u8>, CallError> {
        let limits = &self.0.limits;
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(limits.first_wait)
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(limits.retries);
        let remaining = || self.0.deadline.saturating_duration_since(Instant::now());
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
        let inner = &self.0;
        let _permit = match inner.permits.get(&call.api) {
            Some(permits) => permits.acquire().await.ok(),
            None => None,
        };
        let token = (inner.token)().await.map_err(CallError::plain)?;
        let result = match tokio::time::timeout(inner.limits.attempt, self.exchange(call, &token)).await {
            Ok(result) => result,
            Err(_) => Err(CallError::plain(format!(
                "no answer within {} s",
                inner.limits.attempt.as_secs_f32()
            ))),
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
        let retry_after = error::retry_after(response.headers());
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
        let base = self.0.endpoints.url(call.api);
        let bad = |error: &dyn std::fmt::Display| {
            CallError::plain(format!("the endpoint of {} is no URL: {error}", call.api.name()))
        };
        let mut url = Url::parse(&format!("{base}/{}", call.path)).map_err(|error| bad(&error))?;
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(&call.query);
        }
        token::destination(base).map_err(CallError::plain)?;
        let local = matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]"));
        let client = if local { &self.0.loopback } else { &self.0.http };
        let mut request = match &call.body {
            None => client.get(url),
            Some(body) => client.post(url).json(body),
        };
        request = request.bearer_auth(token);
        if let Some(project) = &self.0.quota_project {
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
            if body.len() + chunk.len() > self.0.limits.answer {
                return Err(CallError::plain(format!(
                    "the answer is larger than {} MiB",
                    self.0.limits.answer >> 20
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
