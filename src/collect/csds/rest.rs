//! CSDS by REST, where gRPC does not get through: `POST v3/discovery:client_status`.
use super::{Target, Trouble, access, query, refused};
use crate::collect::refusal::{
    self, Refusal, Speaker, is_json, kind_of, not_json, scrubbed, with_causes, without,
};
use crate::collect::until::{one_try, silence};
use crate::collect::{Failure, FailureKind, token};
use crate::redact;
use backon::{ExponentialBuilder, Retryable};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use serde::Deserialize;
use serde_json::error::Category;
use serde_json::value::RawValue;
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A mesh's answer in JSON, as it came.
pub async fn ask(target: &Target, mesh: &str, deadline: Instant) -> Result<Vec<u8>, Trouble> {
    let unusable = |error: String| Trouble::last(FailureKind::Other, error);
    token::destination(&target.base_url).map_err(unusable)?;
    let client = reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(10))
        .build()
        .map_err(|error| unusable(with_causes(&error)))?;
    let backoff = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(3);
    let asked = Mutex::new(None);
    let patience = one_try(deadline, 2);
    let heard = async || {
        let answer = timeout(patience, once(&client, target, mesh, &asked)).await;
        answer.unwrap_or_else(|_| {
            Err(Trouble::Passing(Box::new(Failure::new(
                FailureKind::TimedOut,
                silence(patience),
            ))))
        })
    };
    (|| heard())
        .retry(backoff)
        .when(|trouble| matches!(trouble, Trouble::Passing(_)))
        .adjust(|_, planned| {
            let asked: Option<Duration> = asked.lock().ok().and_then(|mut asked| asked.take());
            let wait = planned?.max(asked.unwrap_or_default());
            (Instant::now() + wait < deadline).then_some(wait)
        })
        .await
}

async fn once(
    client: &reqwest::Client,
    target: &Target,
    mesh: &str,
    asked: &Mutex<Option<Duration>>,
) -> Result<Vec<u8>, Trouble> {
    let (token, bearer) = access(target).await?;
    let url = format!(
        "{}/v3/discovery:client_status",
        target.base_url.trim_end_matches('/')
    );
    let broken = |error: reqwest::Error| {
        let text = without(&with_causes(&error.without_url()), &token);
        Trouble::passing(format!("no connection, or a broken one: {text}"))
    };
    let request = client
        .post(url)
        .header(AUTHORIZATION, bearer)
        .header("x-goog-user-project", &target.project_number)
        .header(CONTENT_TYPE, "application/json")
        .body(query::json(target, mesh).to_string());
    let response = request.send().await.map_err(broken)?;
    let status = response.status();
    let wait = response.headers().get(RETRY_AFTER);
    let wait: Option<u64> = wait.and_then(|value| value.to_str().ok()?.trim().parse().ok());
    let body = response.bytes().await.map_err(broken)?;
    if status.is_success() && is_json(&body) {
        return Ok(body.into());
    }
    let body = scrubbed(&body, &token);
    if status.is_success() {
        return Err(Trouble::last(FailureKind::Unreadable, not_json(&body)));
    }
    let mut refusal = Refusal::read(status.as_u16(), &body);
    let text = refusal.text.clone();
    match status.as_u16() {
        429 | 500 | 502 | 503 | 504 => {
            if let Ok(mut asked) = asked.lock() {
                *asked = wait.map(Duration::from_secs);
            }
            let kind = kind_of(status.as_u16(), &refusal.reason);
            Err(Trouble::Passing(Box::new(Failure::new(kind, text))))
        }
        code @ (401 | 403) if refusal.speaker == Speaker::Google => {
            let disabled = refusal.disabled.take();
            Err(refused(code, text, &refusal.reason, |key| match key {
                "permission" => refusal.permission.take(),
                "resource" => refusal.resource.take(),
                "service" => Some(disabled.as_ref()?.0.clone()),
                _ => Some(disabled.as_ref()?.1.clone()),
            }))
        }
        // A 403 of somebody else names no permission.
        403 => Err(Trouble::last(FailureKind::Other, text)),
        code => Err(Trouble::last(kind_of(code, ""), text)),
    }
}

/// Answers of several meshes, joined into one ClientStatusResponse.
#[derive(Default)]
pub struct Joined {
    text: Vec<u8>,
    clients: u64,
    /// How many answers were added.
    pub answers: usize,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    config: Vec<&'a RawValue>,
    /// What a gateway may say under status 200.
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl Joined {
    /// Adds an answer (a list of them, as the streaming form gives) and returns how many clients it held.
    ///
    /// # Errors
    /// In words, where it is no such answer; then nothing of it is kept.
    pub fn add(&mut self, body: &[u8]) -> Result<u64, String> {
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let answers: Vec<Answer> = match first {
            Some(b'[') => serde_json::from_slice(body),
            _ => serde_json::from_slice(body).map(|answer| vec![answer]),
        }
        .map_err(|error| {
            let problem = match error.classify() {
                Category::Data => format!("the answer is JSON, but no ClientStatusResponse: {error}"),
                _ => not_json(body),
            };
            redact::unquoted(&problem).into_owned()
        })?;
        if let Some(refused) = answers.iter().find_map(|answer| answer.error) {
            let body = format!("{{\"error\":{refused}}}");
            return Err(Refusal::read(refusal::code(refused.get()), body.as_bytes()).text);
        }
        let before = self.clients;
        for client in answers.iter().flat_map(|answer| &answer.config) {
            if self.clients > 0 {
                self.text.extend_from_slice(b",\n");
            }
            self.text.extend_from_slice(client.get().as_bytes());
            self.clients += 1;
        }
        self.answers += 1;
        Ok(self.clients - before)
    }

    /// The joined answer, and its number of clients.
    pub fn finish(self) -> (Vec<u8>, u64) {
        let mut text = br#"{"config":["#.to_vec();
        text.extend_from_slice(&self.text);
        text.extend_from_slice(b"]}\n");
        (text, self.clients)
    }
}
