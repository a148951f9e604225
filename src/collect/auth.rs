//! Credentials: an access token from the environment, a file or the configuration, else Google's own chain; impersonation.
use super::Token;
use gcp_auth::{
    ConfigDefaultCredentials, CustomServiceAccount, GCloudAuthorizedUser, MetadataServiceAccount,
    TokenProvider,
};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];
/// The metadata server answers at once, or is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long an impersonated token is used: it lives for an hour.
const HALF_LIFE: Duration = Duration::from_secs(1800);

/// Where credentials may come from, in the order in which they are tried.
#[derive(Default, Clone)]
pub struct Sources {
    /// `--access-token-file`; it is read anew for every call, since somebody may renew it.
    pub token_file: Option<PathBuf>,
    /// `CLOUDSDK_AUTH_ACCESS_TOKEN`.
    pub environment: Option<String>,
    /// `access-token` of the configuration file.
    pub configured: Option<String>,
    /// `--impersonate-service-account`.
    pub impersonate: Option<String>,
}

/// A token source; the error lists what was tried.
pub async fn find(sources: &Sources) -> Result<Token, String> {
    let token = match &sources.token_file {
        Some(path) => from_file(path.clone()),
        None => {
            let given = [&sources.environment, &sources.configured];
            match given.into_iter().flatten().find(|token| !token.trim().is_empty()) {
                Some(token) => fixed(token.trim().to_owned()),
                None => chain().await?,
            }
        }
    };
    // What cannot give a token now will not give one later.
    token().await?;
    match &sources.impersonate {
        None => Ok(token),
        Some(account) => Ok(impersonated(token, account.clone())),
    }
}

/// A token that never changes.
pub fn fixed(token: String) -> Token {
    Arc::new(move || {
        let token = token.clone();
        Box::pin(async move { Ok(token) })
    })
}

fn from_file(path: PathBuf) -> Token {
    Arc::new(move || {
        let path = path.clone();
        Box::pin(async move {
            let text = tokio::fs::read_to_string(&path).await.map_err(|error| {
                format!(
                    "{}: {error}\n  remedy: --access-token-file names a file with an access token, such as `gcloud auth print-access-token` prints",
                    path.display()
                )
            })?;
            match text.trim() {
                "" => Err(format!("{}: holds no access token", path.display())),
                token => Ok(token.to_owned()),
            }
        })
    })
}

/// Google's chain: a key file, application default credentials, the metadata server, the gcloud command.
async fn chain() -> Result<Token, String> {
    let mut tried = Vec::new();
    match CustomServiceAccount::from_env() {
        Ok(Some(account)) => return Ok(provided(Arc::new(account))),
        Ok(None) => tried.push("GOOGLE_APPLICATION_CREDENTIALS: not set".to_owned()),
        Err(error) => tried.push(format!("GOOGLE_APPLICATION_CREDENTIALS: {}", told(&error))),
    }
    match bounded(ConfigDefaultCredentials::new()).await {
        Ok(provider) => return Ok(provided(Arc::new(provider))),
        Err(error) => tried.push(format!("application default credentials: {error}")),
    }
    match bounded(MetadataServiceAccount::new()).await {
        Ok(provider) => return Ok(provided(Arc::new(provider))),
        Err(error) => tried.push(format!("metadata server: {error}")),
    }
    match bounded(GCloudAuthorizedUser::new()).await {
        Ok(provider) => return Ok(provided(Arc::new(provider))),
        Err(error) => tried.push(format!("gcloud: {error}")),
    }
    Err(format!(
        "no usable credentials; tried\n  CLOUDSDK_AUTH_ACCESS_TOKEN: not set\n  {}\n  remedy: gcloud auth application-default login",
        tried.join("\n  ")
    ))
}

async fn bounded<T>(found: impl Future<Output = Result<T, gcp_auth::Error>>) -> Result<T, String> {
    match tokio::time::timeout(PATIENCE, found).await {
        Ok(result) => result.map_err(|error| told(&error)),
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
    }
}

fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

fn provided(provider: Arc<dyn TokenProvider>) -> Token {
    Arc::new(move || {
        let provider = Arc::clone(&provider);
        Box::pin(async move {
            match provider.token(SCOPES).await {
                Ok(token) => Ok(token.as_str().to_owned()),
                Err(error) => Err(format!("no access token: {}", told(&error))),
            }
        })
    })
}

/// A token of a service account that the caller may impersonate.
/// Source: <https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken>.
fn impersonated(own: Token, account: String) -> Token {
    let kept: Arc<Mutex<Option<(String, Instant)>>> = Arc::default();
    Arc::new(move || {
        let (own, account, kept) = (Arc::clone(&own), account.clone(), Arc::clone(&kept));
        Box::pin(async move {
            let mut kept = kept.lock().await;
            if let Some((token, since)) = kept.as_ref()
                && since.elapsed() < HALF_LIFE
            {
                return Ok(token.clone());
            }
            let token = impersonate(&own().await?, &account).await?;
            *kept = Some((token.clone(), Instant::now()));
            Ok(token)
        })
    })
}

async fn impersonate(own: &str, account: &str) -> Result<String, String> {
    let refused = |why: &str| {
        format!(
            "{account} cannot be impersonated: {why}\n  remedy: the caller needs roles/iam.serviceAccountTokenCreator on it"
        )
    };
    let account_segment = super::google::segment(account);
    let url = format!(
        "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account_segment}:generateAccessToken"
    );
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|error| refused(&error.to_string()))?;
    let body = serde_json::json!({ "scope": SCOPES, "lifetime": "3600s" });
    let answer = client.post(url).bearer_auth(own).json(&body).send().await;
    let answer = answer.map_err(|error| refused(&error.without_url().to_string()))?;
    let status = answer.status();
    let value: serde_json::Value = answer.json().await.unwrap_or_default();
    let field = |path: &str| value.pointer(path).and_then(serde_json::Value::as_str);
    match field("/accessToken") {
        Some(token) => Ok(token.to_owned()),
        None => Err(refused(&format!(
            "{status} {}",
            field("/error/message").unwrap_or_default()
        ))),
    }
}
