//! Everything at once: each collector a task of its own, bounded together, until all are done, the deadline comes, or the user stops.
use super::gather::{Event, Means};
use super::google::{CallError, Client, Limits};
use super::logging::{self, Sign, Wanted};
use super::named::{self, Telling, Told};
use super::reach::{self, Reach};
use super::{Endpoints, Failure, Outcome, Store, Token, sound};
use super::{cloud_run, clusters, compute, dns, fleet, iam, service_usage};
use crate::scope::Scope;
use crate::snapshot::{Manifest, ReadError, Snapshot, World};
use jiff::Timestamp;
use std::collections::BTreeSet;
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
    /// A telling log entry shows one of these.
    pub signs: BTreeSet<Sign>,
    /// Something is looked for in the logs that no sign tells.
    pub every_entry: bool,
    /// How clusters are reached.
    pub reach: Reach,
}

/// What was brought.
pub struct Brought {
    /// The files, read: what could not be is not among them.
    pub snapshot: Snapshot,
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
    #[error("no temporary folder: {0}\n  remedy: set TMPDIR to a folder that can be written")]
    Store(#[from] io::Error),
    #[error("{0}")]
    Client(String),
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Collects everything. `stop` turning true ends what is under way; what was brought by then counts.
pub async fn collect(
    request: Request,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Result<Brought, CollectError> {
    let deadline = Instant::now() + request.timeout;
    let client = Client::new(
        request.endpoints.clone(),
        Arc::clone(&request.token),
        request.quota_project.clone(),
        request.limits,
        deadline,
        stop.clone(),
    )
    .map_err(|error: CallError| CollectError::Client(error.text))?;
    let store = Arc::new(Store::new()?);
    let means = Means {
        client,
        store: Arc::clone(&store),
        scope: Arc::new(request.scope.clone()),
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
        collectors: outcomes.iter().map(Outcome::for_manifest).collect(),
        ..Manifest::default()
    };
    let stopped = *stop.borrow();
    let sound = sound::read(store.world(), manifest)?;
    Ok(Brought {
        snapshot: sound.snapshot,
        world: sound.world,
        manifest: sound.manifest,
        stopped,
        store,
    })
}

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
        ($collector:path $(, $told:ident)?) => {{
            let means = means.clone();
            $(let $told = $told.clone();)?
            tasks.spawn(async move {
                let outcome = $collector(&means $(, $told)?).await;
                means.tell(Event::Finished(Box::new(outcome.clone())));
                Done::from(outcome)
            });
        }};
    }
    start!(iam::collect, told);
    start!(service_usage::collect);
    start!(dns::collect, told);
    start!(compute::collect, told);
    start!(clusters::collect);
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

async fn logs(means: Means, options: logging::Options) -> Done {
    let outcome = logging::collect(&means, &options).await;
    means.tell(Event::Finished(Box::new(outcome.clone())));
    outcome.into()
}

/// The fleet, whose memberships say which clusters there are; and those, side by side. Where the clusters are known without it,
/// they do not wait for it.
async fn fleet_and_clusters(means: Means, request: Request) -> Done {
    let fleet = async {
        let (outcome, names) = fleet::collect(&means).await;
        means.tell(Event::Finished(Box::new(outcome.clone())));
        (outcome, names)
    };
    let clusters = async |names: Option<Vec<String>>| {
        let targets = reach::clusters(&means, &request, names.as_deref()).await;
        (targets.names(), reach::kubernetes(&means, targets).await)
    };
    let (fleet, (memberships, kubernetes)) = if reach::are_known(&means, &request) {
        let ((fleet, _), clusters) = tokio::join!(fleet, clusters(None));
        (fleet, clusters)
    } else {
        let (fleet, names) = fleet.await;
        (fleet, clusters(names).await)
    };
    Done {
        outcomes: vec![fleet, kubernetes],
        memberships,
    }
}

/// Cloud Run, whose services name what others ask for.
async fn services(means: Means, telling: Telling) -> Done {
    let seen = |all| _ = telling.send_replace(Some(named::of_services(&means, all)));
    let outcome = cloud_run::collect(&means, seen).await;
    means.tell(Event::Finished(Box::new(outcome.clone())));
    outcome.into()
}

/// The clients that Traffic Director has of the meshes that the services name.
async fn clients(means: Means, request: Request, mut told: Told) -> Done {
    let named = told.named().await;
    reach::csds(&means, &request, named).await.into()
}

fn options(request: &Request) -> logging::Options {
    logging::Options {
        wanted: Wanted {
            services: request.scope.services.clone(),
            from: Some(logging::from(request.now, request.since)),
            signs: request.signs.clone(),
            everything: request.every_entry,
        },
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
