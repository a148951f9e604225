//! The token of a metadata server that stands elsewhere: `GCE_METADATA_HOST`, as Google's own clients read it.
//! Source: <https://cloud.google.com/compute/docs/metadata/querying-metadata>.
use super::PATIENCE;
use crate::collect::Token;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token is renewed before it runs out in the middle of a call.
const MARGIN: Duration = Duration::from_secs(60);

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    /// Seconds.
    expires_in: u64,
}

/// The token of the server's default account, asked for once.
///
/// # Errors
/// No server there, or no token from it.
pub async fn token(host: &str) -> Result<Token, String> {
    let url = format!("http://{host}/computeMetadata/v1/instance/service-accounts/default/token");
    let first = ask(&url).await?;
    let kept = Arc::new(Mutex::new(first));
    Ok(Arc::new(move || {
        let (url, kept) = (url.clone(), Arc::clone(&kept));
        Box::pin(async move {
            let mut kept = kept.lock().await;
            if kept.1 < Instant::now() {
                *kept = ask(&url).await?;
            }
            Ok(kept.0.clone())
        })
    }))
}

/// A token, and until when it is used.
async fn ask(url: &str) -> Result<(String, Instant), String> {
    let trouble = |error: reqwest::Error| super::told(&error.without_url());
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        .build()
        .map_err(trouble)?;
    let answer = client
        .get(url)
        .header("metadata-flavor", "Google")
        .send()
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(trouble)?;
    let answer: Answer = answer.json().await.map_err(trouble)?;
    let life = Duration::from_secs(answer.expires_in).saturating_sub(MARGIN);
    Ok((answer.access_token, Instant::now() + life))
}
