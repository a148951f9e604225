//! CSDS at Traffic Director: which proxies it knows, what it sent them, whether they took it.
//!
//! gRPC first (`grpc`), its REST form where gRPC does not get through (`rest`). Several meshes of a project are asked one
//! by one and their answers joined, byte for byte as they came.
mod details;
mod grpc;
mod query;
mod rest;
mod wire;

#[cfg(test)]
mod tests;

use super::google::CallError;
use super::permissions::Need;
use super::refusal::kind_of;
use super::token::{self, Token};
use super::until::{Ended, Until};
use super::{Failure, FailureKind, Outcome, Store};
use crate::snapshot::{denied, is_beyond_roles, is_permission, is_resource};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// The permission that Traffic Director checks on the request's node (named in its denials).
pub const PERMISSION: &str = "trafficdirector.networks.getConfigs";
/// The API's name where it is enabled.
const SERVICE: &str = "trafficdirector.googleapis.com";

pub const NEEDS: &[Need] = &[
    // Source: the denial's own words; no public document names it for CSDS.
    Need::of("csds", PERMISSION, "the configuration that each client holds"),
    Need::of(
        "csds",
        "serviceusage.services.use",
        "to have the call billed to the project, as CSDS demands",
    ),
];

/// Whom to ask, about what.
#[derive(Clone)]
pub struct Target {
    /// `https://trafficdirector.googleapis.com`, or another.
    pub base_url: String,
    /// The project's id: the folder below `csds/`.
    pub project: String,
    /// Its number: matchers, node ids and the quota header take nothing else.
    pub project_number: String,
    /// Names of meshes; of a full resource name the last part counts.
    pub meshes: Vec<String>,
    /// Status alone, without the resources themselves.
    pub exclude_resource_contents: bool,
    pub token: Token,
    /// Clients brought so far, for a line of progress.
    pub counter: Arc<AtomicU64>,
}

/// Why a mesh's clients could not be had; the failure names no call yet.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// Another try may help.
    Passing(Box<Failure>),
    /// gRPC does not get through here: worth asking by REST.
    Blocked(Box<Failure>),
    /// Anything else: the API's no among them.
    Final(Box<Failure>),
}

impl Trouble {
    /// On the way to the server or back; another try may help.
    fn passing(text: impl Into<String>) -> Self {
        Self::Passing(Box::new(Failure::new(FailureKind::Unreachable, text)))
    }

    fn blocked(text: impl Into<String>) -> Self {
        Self::Blocked(Box::new(Failure::new(FailureKind::Unreachable, text)))
    }

    fn last(kind: FailureKind, text: impl Into<String>) -> Self {
        Self::Final(Box::new(Failure::new(kind, text)))
    }

    fn into_failure(self) -> Failure {
        match self {
            Self::Passing(failure) | Self::Blocked(failure) | Self::Final(failure) => *failure,
        }
    }
}

/// Asks for every mesh and writes `csds/PROJECT/client-status.binpb`, or `.json` where only REST got through.
/// Nothing but the meshes that failed is missing from it.
pub async fn collect(target: &Target, store: &Store, until: impl Into<Until>) -> Outcome {
    let until = until.into();
    let begun = Instant::now();
    let mut outcome = Outcome {
        name: "csds",
        skipped: target.meshes.is_empty(),
        ..Outcome::default()
    };
    if outcome.skipped {
        let note = format!("no mesh of {} is known: nothing to ask for", target.project);
        outcome.notes.push(note);
    } else if let Err(blocked) = by_grpc(target, store, &until, &mut outcome).await {
        let note = format!("gRPC did not get through ({blocked}): asked by REST");
        outcome.notes.push(note);
        by_rest(target, store, &until, &blocked, &mut outcome).await;
    }
    outcome.duration = begun.elapsed();
    outcome
}

/// An error says why gRPC is blocked; then nothing was written.
async fn by_grpc(target: &Target, store: &Store, until: &Until, outcome: &mut Outcome) -> Result<(), String> {
    let mut answers = Vec::new();
    let mut failures = Vec::new();
    let mut items = 0;
    for mesh in meshes(target) {
        let asked = until.wait(grpc::ask(target, mesh, until.deadline)).await;
        match asked.unwrap_or_else(|ended| Err(given_up(ended))) {
            Ok(answer) => match wire::clients(&answer) {
                Ok(clients) => {
                    items += clients;
                    target.counter.fetch_add(clients, Ordering::Relaxed);
                    answers.push(answer);
                }
                Err(problem) => {
                    let trouble = Trouble::last(FailureKind::Unreadable, problem);
                    failures.push(failure(target, mesh, trouble));
                }
            },
            Err(Trouble::Blocked(why)) => {
                target.counter.fetch_sub(items, Ordering::Relaxed);
                return Err(why.error);
            }
            Err(trouble) => failures.push(failure(target, mesh, trouble)),
        }
    }
    outcome.failures = failures;
    if !answers.is_empty() {
        let path = format!("csds/{}/client-status.binpb", target.project);
        // Messages of one type written one after another are their merge: the lists of clients add up.
        let parts = answers.iter().map(AsRef::as_ref);
        written(target, store, &path, parts, items, outcome);
    }
    Ok(())
}

async fn by_rest(target: &Target, store: &Store, until: &Until, blocked: &str, outcome: &mut Outcome) {
    let mut joined = rest::Joined::default();
    for mesh in meshes(target) {
        let asked = until.wait(rest::ask(target, mesh, until.deadline)).await;
        let added = match asked.unwrap_or_else(|ended| Err(given_up(ended))) {
            Ok(answer) => joined
                .add(&answer)
                .map_err(|problem| Trouble::last(FailureKind::Unreadable, problem)),
            Err(trouble) => Err(trouble),
        };
        match added {
            Ok(clients) => {
                target.counter.fetch_add(clients, Ordering::Relaxed);
            }
            Err(trouble) => {
                let mut failure = failure(target, mesh, trouble);
                failure.error = format!("{} (by REST; gRPC: {blocked})", failure.error);
                outcome.failures.push(failure);
            }
        }
    }
    if joined.answers > 0 {
        let path = format!("csds/{}/client-status.json", target.project);
        let text = joined.finish();
        written(
            target,
            store,
            &path,
            std::iter::once(text.0.as_slice()),
            text.1,
            outcome,
        );
    }
}

fn written<'a>(
    target: &Target,
    store: &Store,
    path: &str,
    mut parts: impl Iterator<Item = &'a [u8]>,
    items: u64,
    outcome: &mut Outcome,
) {
    let written = store.writer(path).and_then(|mut file| {
        parts.try_for_each(|part| file.write_all(part))?;
        file.flush()
    });
    match written {
        Ok(()) => {
            outcome.items += items;
            outcome.brought = true;
        }
        Err(error) => {
            store.discard(path);
            let failure = Failure::new(FailureKind::Other, format!("cannot be kept on disk: {error}"));
            let call = format!("keep the xDS clients of {}", target.project);
            outcome.failures.push(failure.of_call(call));
        }
    }
}

fn meshes(target: &Target) -> impl Iterator<Item = &str> {
    target
        .meshes
        .iter()
        .map(|mesh| mesh.rsplit('/').next().unwrap_or(mesh))
}

fn late() -> Trouble {
    Trouble::last(FailureKind::TimedOut, "not answered before the deadline")
}

fn given_up(ended: Ended) -> Trouble {
    match ended {
        Ended::Late => late(),
        Ended::Stopped => Trouble::last(FailureKind::Stopped, CallError::interrupted().text),
    }
}

fn failure(target: &Target, mesh: &str, trouble: Trouble) -> Failure {
    let mut failure = trouble.into_failure();
    let about = matches!(
        failure.kind,
        FailureKind::PermissionMissing | FailureKind::ApiDisabled
    );
    if about && failure.resource.is_none() {
        failure.resource = Some(format!("projects/{}", target.project));
    }
    failure.of_call(format!(
        "ask Traffic Director for the clients of mesh {mesh} in {}",
        target.project
    ))
}

/// The API's no. Not every denial is about a permission: the API may be off, or the quota project refused.
fn refused(
    status: u16,
    text: String,
    reason: &str,
    mut named: impl FnMut(&str) -> Option<String>,
) -> Trouble {
    let mut said = |key: &str| named(key).filter(|name| is_resource(name));
    let mut failure = Failure::new(kind_of(status, reason), text);
    match failure.kind {
        FailureKind::ApiDisabled => {
            failure.service = said("service").or_else(|| Some(SERVICE.to_owned()));
            failure.resource = said("consumer");
        }
        FailureKind::PermissionMissing if is_beyond_roles(&failure.error) => {
            failure.kind = FailureKind::Other;
        }
        FailureKind::PermissionMissing => {
            let (quoted, on) = denied(&failure.error);
            failure.permission = said("permission")
                .filter(|text| is_permission(text))
                .or(quoted)
                .or_else(|| match reason {
                    "" | "IAM_PERMISSION_DENIED" => Some(PERMISSION.to_owned()),
                    "USER_PROJECT_DENIED" => Some("serviceusage.services.use".to_owned()),
                    _ => None,
                });
            failure.resource = said("resource").or(on);
            if failure.permission.is_none() {
                failure.kind = FailureKind::Other;
            }
        }
        _ => {}
    }
    Trouble::Final(Box::new(failure))
}

/// An access token and its header; an error is final.
async fn access(target: &Target) -> Result<(String, http::HeaderValue), Trouble> {
    let token = (target.token)().await;
    let none = |error| Trouble::last(FailureKind::Unauthenticated, error);
    let token = token.map_err(|error| none(format!("no access token: {error}")))?;
    let header = token::bearer(&token).map_err(none)?;
    Ok((token, header))
}
