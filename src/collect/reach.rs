//! What is only known once something else was collected: which clusters and which meshes there are, and the way to each.
use super::all::Request;
use super::fleet::Membership;
use super::gather::{Event, Means};
use super::google::{Call, CallError, segment};
use super::kubernetes::{self, Access, KINDS, Kind, Target};
use super::named::Named;
use super::{Api, Failure, FailureKind, Outcome, csds};
use futures_util::FutureExt;
use futures_util::future::{Either, join_all, select};
use kube::config::Kubeconfig;
use serde_json::Value;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use tokio::time::Instant;

pub const CSDS: &str = "csds";
pub const KUBERNETES: &str = "kubernetes";

/// How clusters are reached.
#[derive(Debug, Clone, Default)]
pub struct Reach {
    pub kubeconfig: Option<PathBuf>,
    pub context: Option<String>,
    /// Where memberships are that the scope names without a place.
    pub location: Option<String>,
}

/// The clusters to ask, and those that cannot be reached.
#[derive(Default)]
pub struct Clusters {
    targets: Vec<Target>,
    failures: Vec<Failure>,
}

impl Clusters {
    pub fn names(&self) -> Vec<String> {
        let names = self.targets.iter().map(|target| target.membership.clone());
        names.collect()
    }
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether the scope names all clusters and there is a way to each that the fleet need not tell.
pub fn are_known(means: &Means, request: &Request) -> bool {
    let named = &means.scope.memberships;
    let reach = &request.reach;
    let contexts = contexts(reach);
    let is_known = |name: &String| {
        reach.kubeconfig.is_some()
            || reach.context.is_some()
            || context_of(&contexts, last(name)).is_some()
            || place_of(None, name).is_some()
    };
    !named.is_empty() && named.iter().all(is_known)
}

/// The clusters of the scope, else of the fleet (`listed`), else of the kubeconfig alone.
pub async fn clusters(means: &Means, request: &Request, listed: Option<&[Membership]>) -> Clusters {
    let mut clusters = Clusters::default();
    let wanted: Vec<String> = match (means.scope.memberships.as_slice(), listed) {
        ([], Some(listed)) => listed.iter().map(|membership| membership.name.clone()).collect(),
        (named, _) => named.to_vec(),
    };
    let contexts = contexts(&request.reach);
    let mut number = None;
    for name in &wanted {
        let short = last(name).to_owned();
        let given = request.reach.context.clone();
        let context = given.or_else(|| context_of(&contexts, &short));
        if request.reach.kubeconfig.is_some() || context.is_some() {
            let path = request.reach.kubeconfig.clone();
            clusters.add(means, short, Access::Kubeconfig { path, context });
            continue;
        }
        let place = place_of(listed, name);
        let Some(location) = place.or_else(|| request.reach.location.clone()) else {
            let error = "where the membership is could not be learnt; --location says it, or --context names a context of the kubeconfig";
            let failure = Failure::new(FailureKind::Other, error);
            clusters
                .failures
                .push(failure.of_call(format!("connect to cluster {short}")));
            continue;
        };
        if number.is_none() {
            number = Some(project_number(means).await);
        }
        match &number {
            Some(Ok(number)) => {
                let access = Access::Gateway {
                    base_url: means.client.endpoints().url(Api::Kubernetes).to_owned(),
                    project_number: number.clone(),
                    location,
                    membership: short.clone(),
                    // Most are; where the fleet was not listed nothing says otherwise.
                    on_gke: listed_as(listed, name).is_none_or(|membership| membership.on_gke),
                    token: request.token.clone(),
                };
                clusters.add(means, short, access);
            }
            Some(Err(why)) => clusters.failures.push(Failure::clone(why)),
            None => {}
        }
    }
    if wanted.is_empty() && (request.reach.kubeconfig.is_some() || request.reach.context.is_some()) {
        let context = request.reach.context.clone();
        let name = context.clone().unwrap_or_else(|| "cluster".to_owned());
        let path = request.reach.kubeconfig.clone();
        clusters.add(
            means,
            name.replace('/', "_"),
            Access::Kubeconfig { path, context },
        );
    } else if wanted.is_empty() && listed.is_none() {
        let error = "which clusters there are is not known: the fleet's memberships could not be listed; --membership or --context names one";
        let failure = Failure::new(FailureKind::Other, error);
        clusters.failures.push(failure.of_call("find the clusters"));
    }
    clusters
}

impl Clusters {
    /// The clusters to ask, and why others cannot be.
    pub fn into_parts(self) -> (Vec<Target>, Vec<Failure>) {
        (self.targets, self.failures)
    }

    fn add(&mut self, means: &Means, membership: String, access: Access) {
        self.targets.push(Target {
            membership,
            access,
            namespaces: means.scope.namespaces.clone(),
            counter: Arc::default(),
        });
    }
}

/// A membership as the fleet lists it, by its full name or its last part.
fn listed_as<'l>(listed: Option<&'l [Membership]>, name: &str) -> Option<&'l Membership> {
    let mut all = listed.unwrap_or_default().iter();
    all.find(|membership| membership.name == name || last(&membership.name) == name)
}

/// The location in a membership's full name, as it was given or as the fleet lists it.
fn place_of(listed: Option<&[Membership]>, name: &str) -> Option<String> {
    let full = listed_as(listed, name).map_or(name, |membership| &membership.name);
    let (_, rest) = full.split_once("/locations/")?;
    rest.split('/').next().map(str::to_owned)
}

/// The names of the kubeconfig's contexts; none where there is no kubeconfig.
fn contexts(reach: &Reach) -> Vec<String> {
    let config = match &reach.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let contexts = config.map(|config| config.contexts).unwrap_or_default();
    contexts.into_iter().map(|context| context.name).collect()
}

/// The context of a membership: of its own name, or as gcloud names them (`gke_PROJECT_LOCATION_CLUSTER`,
/// `connectgateway_PROJECT_LOCATION_MEMBERSHIP`), where just one fits.
fn context_of(contexts: &[String], membership: &str) -> Option<String> {
    if let Some(same) = contexts.iter().find(|context| *context == membership) {
        return Some(same.clone());
    }
    let gcloud = |context: &&String| {
        let made = context.starts_with("gke_") || context.starts_with("connectgateway_");
        made && context.rsplit('_').next() == Some(membership)
    };
    let mut fitting = contexts.iter().filter(gcloud);
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

/// The number of the fleet's project: from the project itself, or from how Service Usage names its services, whichever is
/// told first. An API that does not answer must not keep collectors waiting that do not need it.
async fn project_number(means: &Means) -> Result<String, Box<Failure>> {
    let project = &means.scope.project;
    if project.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(project.clone());
    }
    let itself = Call::get(
        Api::ResourceManager,
        format!("v3/projects/{}", segment(project)),
        format!("get the number of project {project}"),
    )
    .needs("resourcemanager.projects.get", format!("projects/{project}"));
    let services = Call::get(
        Api::ServiceUsage,
        format!("v1/projects/{}/services", segment(project)),
        format!("get the number of project {project}"),
    )
    .query("filter", "state:ENABLED")
    .query("pageSize", "1");
    // Time must be left for what the number is wanted for.
    let means = &means.with_share(3);
    let by_project = pin!(number(means, &itself, "/name"));
    let by_services = pin!(number(means, &services, "/services/0/name"));
    let told = match select(by_project, by_services).await {
        Either::Left((Err(refused), by_services)) => by_services.await.map_err(|_| refused),
        Either::Right((Err(_), by_project)) => by_project.await,
        Either::Left((told, _)) | Either::Right((told, _)) => told,
    };
    told.map_err(|refused| Box::new(refused.into_failure(&itself)))
}

/// The number in a name such as `projects/525300120045/services/…`.
async fn number(means: &Means, call: &Call, pointer: &str) -> Result<String, CallError> {
    let (_, value) = means.client.object(call).await?;
    let name = value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = name
        .strip_prefix("projects/")
        .and_then(|rest| rest.split('/').next());
    number
        .filter(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
        .map(str::to_owned)
        .ok_or_else(|| CallError::odd("the answer has no number"))
}

async fn of_cluster(means: Means, target: Target) -> Outcome {
    let asked = |kind: &&Kind| means.asked.listing(KUBERNETES, kind.plural);
    let mut kinds: Vec<&'static Kind> = KINDS.iter().filter(asked).collect();
    if !kinds.iter().any(|kind| kind.built_in) {
        // Only beside what every API server has does a 404 mean that a kind is not served.
        kinds.extend(KINDS.iter().filter(|kind| kind.plural == "namespaces"));
    }
    kubernetes::collect_kinds(&target, &kinds, &means.store, &means.client.until()).await
}

/// Asks all clusters at once; one outcome of all.
pub async fn kubernetes(means: &Means, clusters: Clusters) -> Outcome {
    means.tell(Event::Started(KUBERNETES));
    let began = Instant::now();
    let nothing = clusters.targets.is_empty() && clusters.failures.is_empty();
    let mut asked = Vec::new();
    for target in clusters.targets {
        asked.push(of_cluster(means.clone(), target).boxed());
    }
    let outcomes = join_all(asked).await;
    let mut all = Outcome {
        name: KUBERNETES,
        failures: clusters.failures,
        skipped: nothing,
        ..Outcome::default()
    };
    if nothing {
        all.notes.push("the fleet has no cluster".to_owned());
    }
    for outcome in outcomes {
        all.items += outcome.items;
        all.brought |= outcome.brought;
        all.failures.extend(outcome.failures);
        all.notes.extend(outcome.notes);
    }
    all.duration = began.elapsed();
    all
}

/// The clients of the meshes that the services name.
pub async fn csds(means: &Means, request: &Request, named: Named) -> Outcome {
    means.tell(Event::Started(CSDS));
    let began = Instant::now();
    let failed = |failure| Outcome {
        name: CSDS,
        failures: vec![failure],
        ..Outcome::default()
    };
    let mut outcome = match project_number(means).await {
        _ if named.meshes.is_empty() && !named.all_services => failed(
            Failure::new(
                FailureKind::Other,
                "which meshes there are is not known: the Cloud Run services, which name them, could not all be listed",
            )
            .of_call("find the meshes"),
        ),
        Err(failure) => failed(*failure),
        Ok(number) => {
            let target = csds::Target {
                base_url: means.client.endpoints().url(Api::TrafficDirector).to_owned(),
                project: means.scope.project.clone(),
                project_number: number,
                meshes: named.meshes.into_iter().collect(),
                exclude_resource_contents: false,
                token: request.token.clone(),
                counter: Arc::default(),
            };
            csds::collect(&target, &means.store, means.client.until()).await
        }
    };
    outcome.duration = began.elapsed();
    outcome
}
