//! What is to be collected: flags, variables, `meshdoctor.toml` and gcloud's configuration put in order.
use super::LiveArgs;
use crate::cli::CliError;
use crate::cli::scope::ScopeArgs;
use crate::collect::reach::Reach;
use crate::collect::{Api, Endpoints, auth};
use crate::config::gcloud::{self, QuotaProject};
use crate::config::{self, Settings};
use crate::scope::Scope;
use jiff::Timestamp;
use std::time::Duration;

const TIMEOUT: &str = "60s";
const SINCE: &str = "1h";
const MOST_LOG_ENTRIES: u64 = 50_000;

/// What is to be collected, before there are credentials.
pub struct Plan {
    pub scope: Scope,
    pub endpoints: Endpoints,
    pub sources: auth::Sources,
    /// As flags, variables and the configuration file say, else gcloud's property.
    pub quota_project: QuotaProject,
    pub timeout: Duration,
    pub now: Timestamp,
    pub since: i64,
    pub most_log_entries: u64,
    pub reach: Reach,
    /// Who collects, where that is known: `user:ada@example.com`.
    pub operator: Option<String>,
}

/// Whose credentials those are: gcloud's account, unless they come from elsewhere.
fn operator(sources: &auth::Sources, has_key_file: bool, account: Option<String>) -> Option<String> {
    let elsewhere = sources.token_file.is_some()
        || (sources.environment.is_none() && (sources.configured.is_some() || has_key_file));
    let account = sources.impersonate.clone().or(account.filter(|_| !elsewhere))?;
    let kind = if account.ends_with(".gserviceaccount.com") {
        "serviceAccount"
    } else {
        "user"
    };
    Some(format!("{kind}:{account}"))
}

impl LiveArgs {
    /// A flag goes before its variable, the configuration file and gcloud's own configuration.
    pub fn plan(&self, given: &ScopeArgs, file: &Settings) -> Result<Plan, CliError> {
        let usage = |error: String| CliError::Usage(error);
        let active = gcloud::active();
        let text =
            |flag: &Option<String>, key: &str| flag.clone().or_else(|| file.text(key).map(str::to_owned));
        let list = |flag: &[String], key: &str| match flag {
            [] => file.list(key).to_vec(),
            given => given.to_vec(),
        };
        let Some(project) = text(&given.project, "project").or(active.project) else {
            return Err(usage(
                "no path given, and no project to look at\n  remedy: name a snapshot directory, an archive or files; or a project to \
                 collect from: `meshdoctor check --project mesh-prod`, or `gcloud config set project mesh-prod`"
                    .into(),
            ));
        };
        let scope = Scope {
            project,
            service_projects: list(&given.service_project, "service-project"),
            regions: list(&given.region, "region"),
            services: list(&given.service, "service"),
            memberships: list(&given.membership, "membership"),
            namespaces: list(&self.namespace, "namespace"),
            url: given.url(file)?.unwrap_or_default(),
            since: String::new(),
        };
        let span = |flag: &Option<String>, key: &str, default: &str| {
            let text = text(flag, key).unwrap_or_else(|| default.to_owned());
            config::seconds(&text)
                .map_err(|error| CliError::Usage(format!("--{key}: {error}\n  remedy: {}", config::SPANS)))
        };
        let most = match (self.max_log_entries, file.text("max-log-entries")) {
            (Some(most), _) => most,
            (None, Some(text)) => text
                .parse()
                .map_err(|_| usage(format!("max-log-entries: {text:?} is no number")))?,
            (None, None) => MOST_LOG_ENTRIES,
        };
        // The time of a replayed bundle; nobody else sets it.
        let now = match file.text("now") {
            None => Timestamp::now(),
            Some(text) => text
                .parse()
                .map_err(|error| usage(format!("now: {text:?} is no time: {error}")))?,
        };
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let sources = auth::Sources {
            token_file: self
                .access_token_file
                .clone()
                .or_else(|| file.path("access-token-file")),
            environment: variable("CLOUDSDK_AUTH_ACCESS_TOKEN"),
            configured: file.text("access-token").map(str::to_owned),
            metadata_host: variable("GCE_METADATA_HOST"),
            impersonate: text(&self.impersonate_service_account, "impersonate-service-account")
                .or(active.impersonate),
        };
        let has_key_file = variable("GOOGLE_APPLICATION_CREDENTIALS").is_some();
        Ok(Plan {
            scope,
            endpoints: self.endpoints(file)?,
            operator: operator(&sources, has_key_file, active.account),
            sources,
            quota_project: QuotaProject {
                variable: text(&self.quota_project, "quota-project").or(active.quota_project.variable),
                property: active.quota_project.property,
            },
            timeout: Duration::from_secs(
                span(&self.timeout, "timeout", TIMEOUT)?
                    .unsigned_abs()
                    .min(86_400),
            ),
            now,
            since: span(&self.since, "since", SINCE)?,
            most_log_entries: most,
            reach: Reach {
                kubeconfig: self.kubeconfig.clone().or_else(|| file.path("kubeconfig")),
                context: text(&self.context, "context"),
                location: text(&self.location, "location"),
            },
        })
    }

    pub(super) fn endpoints(&self, file: &Settings) -> Result<Endpoints, CliError> {
        let mut endpoints = Endpoints::default();
        let from_file = file
            .endpoints
            .iter()
            .map(|(name, url)| (name.as_str(), url.as_str()));
        let mut all: Vec<(&str, &str)> = from_file.collect();
        for flag in &self.endpoint {
            let pair = flag.split_once('=').filter(|(_, url)| url.contains("://"));
            all.push(pair.ok_or_else(|| {
                CliError::Usage(format!(
                    "--endpoint {flag}: expected NAME=URL\n  remedy: --endpoint logging=http://127.0.0.1:9000"
                ))
            })?);
        }
        for (name, url) in all {
            let Some(api) = Api::ALL.into_iter().find(|api| api.name() == name) else {
                let names: Vec<&str> = Api::ALL.iter().map(|api| api.name()).collect();
                return Err(CliError::Usage(format!(
                    "unknown endpoint {name}\n  remedy: one of {}",
                    names.join(", ")
                )));
            };
            endpoints.set(api, url);
        }
        Ok(endpoints)
    }
}
