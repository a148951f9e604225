//! Everything at once: each collector a task of its own, bounded together, until all are done, the deadline comes, or the user stops.
use super::asked::NOT_NEEDED;
use super::gather::{Event, Means};
use super::google::{CallError, Client, Limits};
use super::logging::{self, Wanted};
use super::reach::{self, Reach};
use super::until::one_try;
use super::{Asked, Endpoints, Failure, Outcome, Store, Token};
use super::{cloud_run, clusters, compute, dns, fleet, iam, service_usage};
use crate::logs::Signature;
use crate::scope::Scope;
use crate::snapshot::{Blob, Manifest, World};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What to collect and how.
#[derive(Clone)]
pub struct Request {
    pub scope: Scope,
    pub endpoints: Endpoints,
    pub token: Token,
    /// The project that quota is billed to.
    pub quota_project: Option<String>,
    pub limits: Limits,
    /// For everything together.
    pub timeout: Duration,
    /// The "now" of the run.
    pub now: Timestamp,
    /// How far back logs are read, in seconds.
    pub since: i64,
    pub most_log_entries: u64,
    /// What is looked for in the logs.
    pub signatures: Arc<[Signature]>,
    /// How clusters are reached.
    pub reach: Reach,
    /// Nothing else is collected.
    pub asked: Asked,
}

/// What was brought.
pub struct Brought {
    /// The files, and the manifest as `bundle.json` among them.
    pub world: World,
    pub manifest: Manifest,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// Holds the files.
    pub store: Arc<Store>,
}

/// Why nothing could be collected at all.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("{0}")]
    Client(String),
    #[error("the manifest: {0}")]
    Manifest(#[from] serde_json::Error),
}

/// Collects what is asked for. `stop` turning true ends what is under way; what was brought by then counts.
pub async fn collect(
    request: Request,
    store: Arc<Store>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Result<Brought, CollectError> {
    let deadline = Instant::now() + request.timeout;
    let limits = Limits {
        attempt: request.limits.attempt.min(one_try(deadline, TRIES)),
        ..request.limits
    };
    let client = Client::new(
        request.endpoints.clone(),
        Arc::clone(&request.token),
        request.quota_project.clone(),
        limits,
        deadline,
        stop.clone(),
    )
    .map_err(|error: CallError| CollectError::Client(error.text))?;
    let means = Means {
        client,
        store: Arc::clone(&store),
        scope: Arc::new(request.scope.clone()),
        asked: Arc::new(request.asked.clone()),
        events,
    };
    let (outcomes, memberships) = run(&means, &request).await;
    let mut scope = request.scope;
    if scope.memberships.is_empty() {
        scope.memberships = memberships;
    }
    scope.since = format!("{}s", request.since);
    let manifest = Manifest {
        schema_version: crate::snapshot::SCHEMA.to_owned(),
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        collected_at: Some(request.now),
        scope,
        counted_to: outcomes
            .iter()
            .flat_map(|outcome| outcome.counted_to.clone())
            .collect(),
        collectors: outcomes.iter().map(Outcome::for_manifest).collect(),
        ..Manifest::default()
    };
    let mut world = store.world();
    let json = serde_json::to_vec(&manifest)?;
    world
        .files
        .insert("bundle.json".to_owned(), Blob::memory("bundle.json", json));
    let stopped = *stop.borrow();
    Ok(Brought {
        world,
        manifest,
        stopped,
        store,
    })
}

/// A call that is not answered is given up and tried again, so often before the deadline.
const TRIES: u32 = 4;
/// What others wait for must end before the deadline does: in half of the time.
const OTHERS_WAIT: u32 = 2;

/// What a task ends with: its outcomes, and the memberships where it learnt of them.
#[derive(Default)]
struct Done {
    outcomes: Vec<Outcome>,
    memberships: Vec<String>,
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Self {
            outcomes: vec![outcome],
            ..Self::default()
        }
    }
}

/// The names of all collectors, in the order in which they are told.
pub const ORDER: [&str; 10] = [
    cloud_run::NAME,
    logging::NAME,
    iam::NAME,
    service_usage::NAME,
    dns::NAME,
    compute::NAME,
    fleet::NAME,
    clusters::NAME,
    reach::CSDS,
    reach::KUBERNETES,
];

async fn run(means: &Means, request: &Request) -> (Vec<Outcome>, Vec<String>) {
    let mut tasks: JoinSet<Done> = JoinSet::new();
    macro_rules! start {
        ($collector:ident) => {{
            let means = means.clone();
            tasks.spawn(async move {
                let collector = async { $collector::collect(&means).await };
                Done::from(if_asked(&means, $collector::NAME, collector).await)
            });
        }};
    }
    start!(iam);
    start!(service_usage);
    start!(dns);
    start!(compute);
    start!(clusters);
    tasks.spawn(logs(means.clone(), options(request)));
    tasks.spawn(fleet_and_clusters(means.clone(), request.clone()));
    tasks.spawn(services_and_clients(means.clone(), request.clone()));

    let (mut outcomes, mut memberships) = (Vec::new(), Vec::new());
    while let Some(done) = tasks.join_next().await {
        // A task that panicked is missing below, and told as failed there.
        if let Ok(done) = done {
            outcomes.extend(done.outcomes);
            memberships.extend(done.memberships);
        }
    }
    for name in ORDER {
        if !outcomes.iter().any(|outcome| outcome.name == name) {
            outcomes.push(broken(name));
        }
    }
    outcomes.sort_by_key(|outcome| {
        ORDER
            .iter()
            .position(|name| *name == outcome.name)
            .unwrap_or(ORDER.len())
    });
    (outcomes, memberships)
}

/// Lets a collector run, unless nobody needs it.
async fn if_asked(means: &Means, name: &'static str, collector: impl Future<Output = Outcome>) -> Outcome {
    let outcome = if means.asked.collector(name) {
        collector.await
    } else {
        Outcome {
            name,
            skipped: true,
            notes: vec![NOT_NEEDED.to_owned()],
            ..Outcome::default()
        }
    };
    means.tell(Event::Finished(Box::new(outcome.clone())));
    outcome
}

async fn logs(means: Means, options: logging::Options) -> Done {
    if_asked(&means, logging::NAME, logging::collect(&means, &options))
        .await
        .into()
}

/// The fleet, whose memberships say which clusters there are; then those, side by side.
async fn fleet_and_clusters(means: Means, request: Request) -> Done {
    let mut listed = None;
    let fleet = async {
        let (outcome, names) = fleet::collect(&means.with_share(OTHERS_WAIT)).await;
        listed = names;
        outcome
    };
    let mut done = Done::from(if_asked(&means, fleet::NAME, fleet).await);
    let mut memberships = Vec::new();
    let clusters = async {
        let targets = reach::clusters(&means, &request, listed.as_deref()).await;
        memberships = targets.names();
        reach::kubernetes(&means, targets).await
    };
    let outcome = if_asked(&means, reach::KUBERNETES, clusters).await;
    done.outcomes.push(outcome);
    done.memberships = memberships;
    done
}

/// Cloud Run, whose services name their meshes; then the clients that Traffic Director has of those.
async fn services_and_clients(means: Means, request: Request) -> Done {
    let waited_for = means.with_share(OTHERS_WAIT);
    let services = if_asked(&means, cloud_run::NAME, cloud_run::collect(&waited_for)).await;
    let mut done = Done::from(services);
    let clients = if_asked(&means, reach::CSDS, reach::csds(&means, &request)).await;
    done.outcomes.push(clients);
    done
}

fn options(request: &Request) -> logging::Options {
    let from = logging::from(request.now, request.since);
    logging::Options {
        wanted: Wanted::of(&request.signatures, request.scope.services.clone(), from),
        signatures: Arc::clone(&request.signatures),
        most: request.most_log_entries,
        clusters: true,
    }
}

/// A collector that ended without an outcome is a defect of ours, and no reason to call anything healthy.
fn broken(name: &'static str) -> Outcome {
    Outcome {
        name,
        failures: vec![Failure {
            call: format!("collect {name}"),
            error: "the collector broke down".to_owned(),
            permission: None,
            resource: None,
        }],
        ..Outcome::default()
    }
}
