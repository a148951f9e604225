//! Live collection as commands use it: flags, variables, `meshdoctor.toml` and gcloud's configuration become a request.
use super::CliError;
use super::progress;
use super::scope::ScopeArgs;
use crate::collect::all::{self, Brought, Request};
use crate::collect::google::Limits;
use crate::collect::logging::Sign;
use crate::collect::reach::Reach;
use crate::collect::{Api, Endpoints, Token, auth, preflight};
use crate::config::{self, Settings, gcloud};
use crate::logs::Telling;
use crate::rules::RuleSet;
use crate::scope::Scope;
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

const TIMEOUT: &str = "60s";
const SINCE: &str = "1h";
const MOST_LOG_ENTRIES: u64 = 50_000;

#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Live collection")]
pub struct LiveArgs {
    /// The configuration file (default: meshdoctor.toml here, then in the user's configuration folder)
    #[arg(long, env = "MESHDOCTOR_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the memberships are, where the fleet does not say
    #[arg(long, env = "MESHDOCTOR_LOCATION", value_name = "LOCATION")]
    location: Option<String>,
    /// The kubeconfig
    #[arg(long, env = "MESHDOCTOR_KUBECONFIG", value_name = "FILE")]
    kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig
    #[arg(long, env = "MESHDOCTOR_CONTEXT", value_name = "NAME")]
    context: Option<String>,
    /// Only this Kubernetes namespace (repeatable)
    #[arg(
        long,
        env = "MESHDOCTOR_NAMESPACE",
        value_name = "NAMESPACE",
        value_delimiter = ','
    )]
    namespace: Vec<String>,
    /// How far back logs are read [default: 1h]
    #[arg(long, env = "MESHDOCTOR_SINCE", value_name = "SPAN")]
    since: Option<String>,
    /// For everything together [default: 60s]
    #[arg(long, env = "MESHDOCTOR_TIMEOUT", value_name = "SPAN")]
    timeout: Option<String>,
    /// The most log entries read of one project [default: 50000]
    #[arg(long, env = "MESHDOCTOR_MAX_LOG_ENTRIES", value_name = "N")]
    max_log_entries: Option<u64>,
    /// Ask an API elsewhere, such as logging=http://127.0.0.1:9000 (repeatable)
    #[arg(
        long,
        env = "MESHDOCTOR_ENDPOINT",
        value_name = "NAME=URL",
        value_delimiter = ','
    )]
    endpoint: Vec<String>,
    /// A file with an access token, read anew for every call
    #[arg(long, env = "MESHDOCTOR_ACCESS_TOKEN_FILE", value_name = "FILE")]
    access_token_file: Option<PathBuf>,
    /// Collect as this service account
    #[arg(long, env = "MESHDOCTOR_IMPERSONATE_SERVICE_ACCOUNT", value_name = "EMAIL")]
    impersonate_service_account: Option<String>,
    /// The project that quota is billed to
    #[arg(long, env = "MESHDOCTOR_QUOTA_PROJECT", value_name = "PROJECT")]
    quota_project: Option<String>,
}

/// What is to be collected, before there are credentials.
struct Plan {
    scope: Scope,
    endpoints: Endpoints,
    sources: auth::Sources,
    quota_project: Option<String>,
    timeout: Duration,
    now: Timestamp,
    since: i64,
    most_log_entries: u64,
    reach: Reach,
}

impl Plan {
    fn request(self, token: Token, signs: BTreeSet<Sign>, every_entry: bool) -> Request {
        Request {
            scope: self.scope,
            endpoints: self.endpoints,
            token,
            quota_project: self.quota_project,
            limits: Limits::default(),
            timeout: self.timeout,
            now: self.now,
            since: self.since,
            most_log_entries: self.most_log_entries,
            signs,
            every_entry,
            reach: self.reach,
        }
    }
}

impl LiveArgs {
    /// The configuration file, where there is one.
    pub fn settings(&self) -> Result<Settings, CliError> {
        Settings::load(self.config.as_deref()).map_err(|error| CliError::Usage(error.to_string()))
    }

    fn plan(&self, given: &ScopeArgs, file: &Settings) -> Result<Plan, CliError> {
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
            url: text(&given.url, "url").unwrap_or_default(),
            since: String::new(),
        };
        let span = |flag: &Option<String>, key: &str, default: &str| {
            let text = text(flag, key).unwrap_or_else(|| default.to_owned());
            config::seconds(&text).map_err(|error| CliError::Usage(format!("--{key}: {error}")))
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
        Ok(Plan {
            scope,
            endpoints: self.endpoints(file)?,
            sources: auth::Sources {
                token_file: self
                    .access_token_file
                    .clone()
                    .or_else(|| file.path("access-token-file")),
                environment: std::env::var("CLOUDSDK_AUTH_ACCESS_TOKEN").ok(),
                configured: file.text("access-token").map(str::to_owned),
                impersonate: text(&self.impersonate_service_account, "impersonate-service-account")
                    .or(active.impersonate),
            },
            quota_project: text(&self.quota_project, "quota-project").or(active.quota_project),
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

    fn endpoints(&self, file: &Settings) -> Result<Endpoints, CliError> {
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

/// Collects what flags and files ask for. Ctrl-C once ends the collecting, twice the program.
pub fn collect(
    args: &LiveArgs,
    scope: &ScopeArgs,
    file: &Settings,
    set: &RuleSet,
    verbose: bool,
) -> Result<Brought, CliError> {
    let plan = args.plan(scope, file)?;
    run(async {
        let token = auth::find(&plan.sources).await.map_err(CliError::Usage)?;
        let (signs, every_entry) = signs(set);
        let request = plan.request(token, signs, every_entry);
        let (events, told) = mpsc::unbounded_channel();
        let drawn = tokio::spawn(progress::draw(told, verbose));
        let brought = all::collect(request, events, stop_on_ctrl_c()).await;
        // It ends by itself once the last collector's end of the channel is gone.
        let _ = drawn.await;
        brought.map_err(|error| CliError::Usage(error.to_string()))
    })
}

fn run<T>(work: impl Future<Output = Result<T, CliError>>) -> Result<T, CliError> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Usage(format!("no threads to collect with: {error}")))?;
    let result = runtime.block_on(work);
    // An exec plugin that still waits must not keep the program.
    runtime.shutdown_timeout(Duration::from_millis(100));
    result
}

fn stop_on_ctrl_c() -> watch::Receiver<bool> {
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without signals nobody can stop it: the sender must live all the same.
            std::future::pending::<()>().await;
        }
        eprintln!("stopping: diagnosing what is there; Ctrl-C again ends at once");
        let _ = sender.send(true);
        let _ = tokio::signal::ctrl_c().await;
        std::process::exit(130);
    });
    receiver
}

/// What the rules look for in logs, and whether one of them can only be found by reading everything.
fn signs(set: &RuleSet) -> (BTreeSet<Sign>, bool) {
    let (mut signs, mut every_entry) = (BTreeSet::new(), false);
    for signature in set.rules.iter().flat_map(|rule| &rule.signatures) {
        let Some(telling) = signature.telling() else {
            every_entry = true;
            continue;
        };
        signs.extend(telling.into_iter().map(|sign| match sign {
            Telling::Text(text) => Sign::Text(text),
            Telling::Flag(flag) => Sign::Flag(flag),
            Telling::Status(status) => Sign::Status(status),
        }));
    }
    (signs, every_entry)
}

/// `check --preflight`: what the caller may see, as a table. The exit status is 3 where something needed is not.
pub fn preflight(args: &LiveArgs, scope: &ScopeArgs, file: &Settings) -> Result<(String, u8), CliError> {
    let plan = args.plan(scope, file)?;
    let member = plan.sources.impersonate.clone();
    run(async {
        let token = auth::find(&plan.sources).await.map_err(CliError::Usage)?;
        let request = plan.request(token, BTreeSet::new(), false);
        let places = preflight::run(request).await;
        let places = places.map_err(|error| CliError::Usage(error.to_string()))?;
        Ok(super::preflight::table(&places, member.as_deref()))
    })
}
