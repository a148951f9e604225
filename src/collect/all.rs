//! Everything at once: each collector a task of its own, bounded together, until all are done, the deadline comes, or the user stops.
use super::asked::NOT_NEEDED;
use super::fleet::Membership;
use super::gather::{Event, Means};
use super::google::{CallError, Client, Limits};
use super::logging::{self, Wanted};
use super::named::{self, Telling, Told};
use super::reach::{self, Reach};
use super::until::one_try;
use super::{Asked, Endpoints, Failure, FailureKind, Outcome, Store, Token, sound};
use super::{cloud_run, clusters, compute, dns, fleet, iam, service_usage};
use crate::logs::Signature;
use crate::scope::Scope;
use crate::snapshot::{Manifest, ReadError, Snapshot};
use jiff::Timestamp;
use std::io;
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
    /// Who collects, such as `user:ada@example.com`; empty where nothing tells.
    pub operator: String,
    /// Nothing else is collected.
    pub asked: Asked,
}

/// What was brought.
pub struct Brought {
    /// The files, read, with the manifest as `bundle.json` among them: what could not be read is left out, and the manifest says so.
    pub snapshot: Snapshot,
    /// Whether the user stopped it.
    pub stopped: bool,
    /// Holds the files.
    pub store: Arc<Store>,
}

/// Why nothing could be collected at all.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    #[error("no temporary folder: {0}; set TMPDIR to a folder that can be written")]
    Store(#[from] io::Error),
    #[error("{0}")]
    Client(String),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Collects what is asked for. `stop` turning true ends what is under way; what was brought by then counts.
pub async fn collect(
    request: Request,
    store: Arc<Store>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Result<Brought, CollectError> {
    let means = means(&request, Arc::clone(&store), events, stop.clone())?;
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
        operator: request.operator,
        counted_to: outcomes
            .iter()
            .flat_map(|outcome| outcome.counted_to.clone())
            .collect(),
        collectors: outcomes.iter().map(Outcome::for_manifest).collect(),
        ..Manifest::default()
    };
    let stopped = *stop.borrow();
    Ok(Brought {
        snapshot: sound::read(store.world(), manifest)?,
        stopped,
        store,
    })
}

/// The means of a run that begins now.
pub fn means(
    request: &Request,
    store: Arc<Store>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Result<Means, CollectError> {
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
        stop,
    )
    .map_err(|error: CallError| CollectError::Client(error.text))?;
    Ok(Means {
        client,
        store,
        scope: Arc::new(request.scope.clone()),
        asked: Arc::new(request.asked.clone()),
        events,
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
    let (telling, told) = named::channel();
    macro_rules! start {
        ($collector:ident $(, $told:ident)?) => {{
            let means = means.clone();
            $(let $told = $told.clone();)?
            tasks.spawn(async move {
                let collector = async { $collector::collect(&means $(, $told)?).await };
                Done::from(if_asked(&means, $collector::NAME, collector).await)
            });
        }};
    }
    start!(iam, told);
    start!(service_usage);
    start!(dns, told);
    start!(compute, told);
    start!(clusters);
    tasks.spawn(logs(means.clone(), options(request)));
    tasks.spawn(fleet_and_clusters(means.clone(), request.clone()));
    tasks.spawn(services(means.clone(), telling));
    tasks.spawn(clients(means.clone(), request.clone(), told));

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

/// The fleet, whose memberships say which clusters there are; and those, side by side. Where the clusters are known without it,
/// they do not wait for it.
async fn fleet_and_clusters(means: Means, request: Request) -> Done {
    let mut listed = None;
    let fleet = async {
        let (outcome, memberships) = fleet::collect(&means.with_share(OTHERS_WAIT)).await;
        listed = memberships;
        outcome
    };
    let fleet = if_asked(&means, fleet::NAME, fleet);
    let clusters = async |listed: Option<Vec<Membership>>| {
        let mut memberships = Vec::new();
        let kubernetes = async {
            let targets = reach::clusters(&means, &request, listed.as_deref()).await;
            memberships = targets.names();
            reach::kubernetes(&means, targets).await
        };
        let outcome = if_asked(&means, reach::KUBERNETES, kubernetes).await;
        (memberships, outcome)
    };
    let (fleet, (memberships, kubernetes)) = if reach::are_known(&means, &request) {
        tokio::join!(fleet, clusters(None))
    } else {
        let fleet = fleet.await;
        (fleet, clusters(listed).await)
    };
    Done {
        outcomes: vec![fleet, kubernetes],
        memberships,
    }
}

/// Cloud Run, whose services name what others ask for.
async fn services(means: Means, telling: Telling) -> Done {
    let waited_for = means.with_share(OTHERS_WAIT);
    let seen = |all| _ = telling.send_replace(Some(named::of_services(&means, all)));
    if_asked(&means, cloud_run::NAME, cloud_run::collect(&waited_for, seen))
        .await
        .into()
}

/// The clients that Traffic Director has of the meshes that the services name.
async fn clients(means: Means, request: Request, mut told: Told) -> Done {
    let clients = async {
        let named = told.named().await;
        reach::csds(&means, &request, named).await
    };
    if_asked(&means, reach::CSDS, clients).await.into()
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
        failures: vec![
            Failure::new(FailureKind::Other, "the collector broke down").of_call(format!("collect {name}")),
        ],
        ..Outcome::default()
    }
}
