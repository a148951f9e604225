//! Tokens of a service account that the caller may impersonate.
//! Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>.
use super::{HALF_LIFE, SCOPES};
use crate::collect::google::segment;
use crate::collect::{Api, Endpoints, Token, token};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const LIFETIME: &str = "3600s";
const PATIENCE: Duration = Duration::from_secs(20);

/// The account's token, made with the caller's `own` and renewed at half its life.
///
/// # Errors
/// The endpoint is no URL that a token may be sent to.
pub fn token(own: Token, account: String, endpoints: &Endpoints) -> Result<Token, String> {
    let url = format!(
        "{}/v1/projects/-/serviceAccounts/{}:generateAccessToken",
        endpoints.url(Api::IamCredentials),
        segment(&account)
    );
    token::destination(&url)?;
    let kept: Arc<Mutex<Option<(String, Instant)>>> = Arc::default();
    Ok(Arc::new(move || {
        let (own, account, url, kept) = (Arc::clone(&own), account.clone(), url.clone(), Arc::clone(&kept));
        Box::pin(async move {
            let mut kept = kept.lock().await;
            if let Some((token, since)) = kept.as_ref()
                && since.elapsed() < HALF_LIFE
            {
                return Ok(token.clone());
            }
            let token = generate(&own().await?, &url, &account).await?;
            *kept = Some((token.clone(), Instant::now()));
            Ok(token)
        })
    }))
}

async fn generate(own: &str, url: &str, account: &str) -> Result<String, String> {
    let refused = |why: &str| {
        format!(
            "{account} cannot be impersonated: {why}\n  remedy: the caller needs roles/iam.serviceAccountTokenCreator on it: gcloud iam \
             service-accounts add-iam-policy-binding {account} --member=user:YOU --role=roles/iam.serviceAccountTokenCreator \
             --condition=None"
        )
    };
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| refused(&error.to_string()))?;
    let answer = client
        .post(url)
        .header(http::header::AUTHORIZATION, token::bearer(own)?)
        .json(&json!({ "scope": SCOPES, "lifetime": LIFETIME }))
        .send()
        .await
        .map_err(|error| refused(&super::told(&error.without_url())))?;
    let status = answer.status();
    let value: Value = answer.json().await.unwrap_or_default();
    let field = |path: &str| value.pointer(path).and_then(Value::as_str);
    match field("/accessToken") {
        Some(token) => Ok(token.to_owned()),
        None => Err(refused(
            format!("{status} {}", field("/error/message").unwrap_or_default()).trim(),
        )),
    }
}
