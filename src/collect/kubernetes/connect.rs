//! The two ways to an API server: a kubeconfig's context, or the fleet's Connect Gateway.
use super::road::Road;
use super::{Access, plugin};
use crate::collect::refusal::{one_line, with_causes};
use crate::collect::token::{self, Token};
use kube::client::AuthError;
use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A way to one API server.
#[derive(Clone)]
pub struct Connection {
    pub client: Client,
    /// Sent with every request; the credentials that stand in a kubeconfig are the client's.
    pub token: Option<Token>,
    /// What a kubeconfig sends and nobody may read, should a server echo it.
    pub hidden: Vec<String>,
    /// What became of all that was asked.
    pub road: Arc<Road>,
}

/// Makes the client. An exec plugin of the kubeconfig runs here.
///
/// # Errors
/// In words, with nothing of a kubeconfig's secrets in them.
pub async fn open(access: &Access) -> Result<Connection, String> {
    let (config, token) = match access {
        Access::Kubeconfig { path, context } => {
            let mut config = kubeconfig(path.as_deref(), context.as_deref()).await?;
            let token = plugin::take(&mut config.auth_info).await?;
            (config, token)
        }
        Access::Gateway { token, .. } => (Config::new(gateway(access)?), Some(token.clone())),
    };
    let config = adjusted(config);
    let hidden = credentials(&config.auth_info);
    // The command of an older kind of credentials is waited for, which must not hold up the other collectors.
    let client = tokio::task::spawn_blocking(move || Client::try_from(config)).await;
    let client = client
        .map_err(|error| format!("the client was not made: {error}"))?
        .map_err(|error| client_trouble(&error))?;
    Ok(Connection {
        client,
        token,
        hidden,
        road: Arc::default(),
    })
}

/// The credentials that stand in a kubeconfig itself and travel with a request.
fn credentials(auth: &AuthInfo) -> Vec<String> {
    let value = serde_json::to_value(auth).unwrap_or_default();
    let provider =
        ["access-token", "id-token", "refresh-token"].map(|key| format!("/auth-provider/config/{key}"));
    let own = ["/token", "/password"].map(str::to_owned);
    let told = own
        .iter()
        .chain(&provider)
        .filter_map(|place| Some(value.pointer(place)?.as_str()?.to_owned()));
    let in_file = auth
        .token_file
        .as_ref()
        .and_then(|path| std::fs::read_to_string(path).ok());
    told.chain(in_file.map(|token| token.trim().to_owned()))
        .filter(|secret| !secret.is_empty())
        .collect()
}

fn gateway(access: &Access) -> Result<http::Uri, String> {
    let Access::Gateway {
        base_url,
        project_number,
        location,
        membership,
        on_gke,
        ..
    } = access
    else {
        return Err("no Connect Gateway".into());
    };
    // Clusters outside GKE have a collection of their own: cloud.google.com/anthos/multicluster-management/gateway.
    let collection = if *on_gke { "gkeMemberships" } else { "memberships" };
    token::destination(&format!(
        "{}/v1/projects/{project_number}/locations/{location}/{collection}/{membership}",
        base_url.trim_end_matches('/')
    ))
}

fn adjusted(mut config: Config) -> Config {
    // Retries are ours: kube's would add to them.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    if config.cluster_url.scheme_str() == Some("http") {
        // Without TLS, a machine that has no root certificates must do as well.
        config.root_cert = Some(Vec::new());
    }
    config
}

async fn kubeconfig(path: Option<&Path>, context: Option<&str>) -> Result<Config, String> {
    let read = match path {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let options = KubeConfigOptions {
        context: context.map(str::to_owned),
        ..KubeConfigOptions::default()
    };
    let file = path.map_or("the kubeconfig".into(), |path| path.display().to_string());
    let told = |error: KubeconfigError| format!("{file}: {}", kubeconfig_trouble(&error));
    Config::from_custom_kubeconfig(read.map_err(told)?, &options)
        .await
        .map_err(told)
}

fn kubeconfig_trouble(error: &KubeconfigError) -> String {
    match error {
        // The parser's own words quote the lines around the place, which may hold a token.
        KubeconfigError::Parse(error) => error.location().map_or_else(
            || "is no kubeconfig in YAML".into(),
            |at| format!("is no kubeconfig: see line {}, column {}", at.line(), at.column()),
        ),
        other => with_causes(other),
    }
}

fn client_trouble(error: &kube::Error) -> String {
    match error {
        kube::Error::Auth(error) => auth_trouble(error),
        other => with_causes(other),
    }
}

/// An authentication error without what a command printed to its standard output: that may be a token.
pub fn auth_trouble(error: &AuthError) -> String {
    match error {
        AuthError::AuthExecRun { cmd, out } => {
            let words = one_line(&String::from_utf8_lossy(&out.stderr));
            let colon = if words.is_empty() { "" } else { ": " };
            format!(
                "the kubeconfig's command {cmd} failed, {}{colon}{words}",
                out.status
            )
        }
        other => with_causes(other),
    }
}
