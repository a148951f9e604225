//! Credentials: an access token from the environment, a file or the configuration, else Google's own chain.
mod impersonate;
mod metadata;

use super::{Endpoints, Token};
use gcp_auth::{
    ConfigDefaultCredentials, CustomServiceAccount, GCloudAuthorizedUser, MetadataServiceAccount,
    TokenProvider,
};
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;

const SCOPES: &[&str] = &["https://www.googleapis.com/auth/cloud-platform"];
/// The metadata server answers at once, or is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// A cold gcloud takes seconds to start.
const GCLOUD_PATIENCE: Duration = Duration::from_secs(20);
/// How long a token is kept that lives for an hour.
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
    /// `GCE_METADATA_HOST`: a metadata server elsewhere than Google's own.
    pub metadata_host: Option<String>,
    /// `--impersonate-service-account`.
    pub impersonate: Option<String>,
}

/// Who asks.
#[derive(Clone)]
pub struct Found {
    pub token: Token,
    /// The project that quota is billed to, as the credentials' own file says.
    pub quota_project: Option<String>,
}

impl From<Token> for Found {
    fn from(token: Token) -> Self {
        Self {
            token,
            quota_project: None,
        }
    }
}

/// A token source; the error lists what was tried.
pub async fn find(sources: &Sources, endpoints: &Endpoints) -> Result<Found, String> {
    let found = match &sources.token_file {
        Some(path) => from_file(path.clone()).into(),
        None => {
            let given = [&sources.environment, &sources.configured];
            match given.into_iter().flatten().find(|token| !token.trim().is_empty()) {
                Some(token) => fixed(token.trim().to_owned()).into(),
                None => chain(sources.metadata_host.as_deref()).await?,
            }
        }
    };
    // What cannot give a token now will not give one later.
    (found.token)().await?;
    match &sources.impersonate {
        None => Ok(found),
        Some(account) => {
            let token = impersonate::token(found.token, account.clone(), endpoints)?;
            token().await?;
            Ok(Found { token, ..found })
        }
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
async fn chain(metadata_host: Option<&str>) -> Result<Found, String> {
    let mut tried = vec!["the variable CLOUDSDK_AUTH_ACCESS_TOKEN, which is not set".to_owned()];
    match CustomServiceAccount::from_env() {
        Ok(Some(account)) => {
            return Ok(Found {
                quota_project: quota_project_of_key(),
                ..provided(Arc::new(account)).into()
            });
        }
        Ok(None) => tried.push("the variable GOOGLE_APPLICATION_CREDENTIALS, which is not set".to_owned()),
        Err(error) => tried.push(format!(
            "the variable GOOGLE_APPLICATION_CREDENTIALS, which names no service account's key: {}",
            told(&error)
        )),
    }
    match bounded(PATIENCE, ConfigDefaultCredentials::new()).await {
        Ok(provider) => {
            return Ok(Found {
                // Of a user's credentials the crate calls it so.
                quota_project: provider.project_id().await.ok().map(|id| id.to_string()),
                ..provided(Arc::new(provider)).into()
            });
        }
        Err(error) => tried.push(format!("application default ones: {error}")),
    }
    let metadata = match metadata_host {
        Some(host) => metadata::token(host).await,
        None => bounded(PATIENCE, MetadataServiceAccount::new())
            .await
            .map(|provider| provided(Arc::new(provider))),
    };
    match metadata {
        Ok(token) => return Ok(token.into()),
        Err(error) => tried.push(format!("metadata server: {error}")),
    }
    // It waits for the command without letting others run.
    let gcloud = tokio::task::spawn_blocking(|| Handle::current().block_on(GCloudAuthorizedUser::new()));
    let gcloud = async { gcloud.await.unwrap_or(Err(gcp_auth::Error::Str("it broke down"))) };
    match bounded(GCLOUD_PATIENCE, gcloud).await {
        Ok(provider) => return Ok(provided(Arc::new(provider)).into()),
        Err(error) => tried.push(format!("gcloud: {error}")),
    }
    Err(format!(
        "no usable credentials; tried\n  {}\n  remedy: gcloud auth application-default login; or, where gcloud itself is logged in: \
         gcloud auth print-access-token > FILE, and --access-token-file FILE",
        tried.join("\n  ")
    ))
}

/// `quota_project_id` of the key file, where somebody wrote it there: Google's own clients read it from credentials of any kind.
fn quota_project_of_key() -> Option<String> {
    let path = std::env::var_os("GOOGLE_APPLICATION_CREDENTIALS")?;
    let key: serde_json::Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let project = key.get("quota_project_id")?.as_str()?;
    (!project.is_empty()).then(|| project.to_owned())
}

async fn bounded<T>(
    patience: Duration,
    found: impl Future<Output = Result<T, gcp_auth::Error>>,
) -> Result<T, String> {
    match tokio::time::timeout(patience, found).await {
        Ok(result) => result.map_err(|error| told(&error)),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
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
