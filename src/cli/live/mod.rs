//! Live collection as commands use it: flags, variables, `meshdoctor.toml` and gcloud's configuration become a request.
mod again;
mod interrupt;
mod plan;
mod preflight;

#[cfg(unix)]
pub use interrupt::hangup;
pub use interrupt::{leave_nothing, wait_if_ending};
pub use preflight::preflight;

use super::CliError;
use super::progress;
use super::scope::ScopeArgs;
use crate::collect::all::{self, Brought, Request};
use crate::collect::auth::{self, Found};
use crate::collect::google::Limits;
use crate::collect::{Asked, Store};
use crate::config::{self, Settings};
use crate::logs::Signature;
use crate::rules::engine::Selection;
use crate::rules::{RuleSet, sources};
use clap::Args;
use interrupt::Interrupt;
use plan::Plan;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

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
    #[arg(long, env = "MESHDOCTOR_SINCE", value_name = "SPAN", value_parser = span)]
    since: Option<String>,
    /// For everything together; services and memberships, which others wait for, have half of it; a call that is not answered in
    /// a quarter of it (at most 30s) is made again [default: 60s]
    #[arg(long, env = "MESHDOCTOR_TIMEOUT", value_name = "SPAN", value_parser = span)]
    timeout: Option<String>,
    /// The most log entries read of one project; what repeats is left out before that [default: 50000]
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

impl LiveArgs {
    /// The configuration file, where there is one. What it and the flags say is looked at even where nothing is collected.
    pub fn settings(&self) -> Result<Settings, CliError> {
        let file =
            Settings::load(self.config.as_deref()).map_err(|error| CliError::Usage(error.to_string()))?;
        self.endpoints(&file)?;
        Ok(file)
    }
}

/// A span of time, as it was written.
fn span(text: &str) -> Result<String, String> {
    match config::seconds(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(problem) => Err(format!("{problem}\n  remedy: {}", config::SPANS)),
    }
}

/// Who collects, and for what.
pub struct Order<'a> {
    pub args: &'a LiveArgs,
    pub scope: &'a ScopeArgs,
    pub file: &'a Settings,
    pub set: &'a RuleSet,
    /// What these rules need is collected, and nothing else.
    pub selection: &'a Selection,
    /// Plain lines of progress where there is no terminal.
    pub verbose: bool,
    /// The command line, to be said again where it helps to run once more.
    pub typed: &'a [OsString],
    /// What becomes of what is there once Ctrl-C ends the collecting.
    pub then: &'static str,
}

/// Collects what flags and files ask for. Ctrl-C once ends the collecting, twice the program; once all is
/// collected, once is enough.
pub fn collect(order: &Order) -> Result<Brought, CliError> {
    let plan = order.args.plan(order.scope, order.file)?;
    run(async {
        let found = auth::find(&plan.sources, &plan.endpoints)
            .await
            .map_err(CliError::Usage)?;
        let usage = |what: &str, error: std::io::Error| CliError::Usage(format!("{what}: {error}"));
        let store = Store::new().map_err(|error| {
            usage(
                "no temporary folder; set TMPDIR to a folder that can be written",
                error,
            )
        })?;
        let store = Arc::new(store);
        let (interrupt, stop) = Interrupt::listen(&store, order.then)
            .map_err(|error| usage("no signals can be received", error))?;
        let needed = sources::of(order.set, order.selection);
        let signatures = sources::signatures(order.set, order.selection, needed.as_ref());
        let signatures = signatures.cloned().collect();
        let asked = needed.map_or_else(Asked::everything, Asked::only);
        let again = again::again(order.typed, plan.timeout, plan.since);
        let request = plan.request(found, signatures, asked);
        let (events, told) = mpsc::unbounded_channel();
        let drawn = tokio::spawn(progress::draw(told, order.verbose));
        let brought = all::collect(request, store, events, stop).await;
        // It ends by itself once the last collector's end of the channel is gone.
        let _ = drawn.await;
        interrupt.collected();
        let mut brought = brought.map_err(|error| CliError::Usage(error.to_string()))?;
        brought.snapshot.manifest.again = again;
        Ok(brought)
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

impl Plan {
    /// What credentials say of their quota goes before gcloud's property, which is about gcloud's own.
    fn request(self, found: Found, signatures: Arc<[Signature]>, asked: Asked) -> Request {
        Request {
            scope: self.scope,
            endpoints: self.endpoints,
            token: found.token,
            quota_project: self
                .quota_project
                .variable
                .or(found.quota_project)
                .or(self.quota_project.property),
            limits: Limits::default(),
            timeout: self.timeout,
            now: self.now,
            since: self.since,
            most_log_entries: self.most_log_entries,
            signatures,
            reach: self.reach,
            operator: self.operator.unwrap_or_default(),
            asked,
        }
    }
}
