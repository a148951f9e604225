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
use super::token::{self, Token};
use super::until::{Ended, Until};
use super::{Failure, Outcome, Store};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// The permission that Traffic Director checks on the request's node (named in its denials).
pub const PERMISSION: &str = "trafficdirector.networks.getConfigs";

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

/// Why a mesh's clients could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Trouble {
    /// Another try may help.
    Passing(String),
    /// gRPC does not get through here: worth asking by REST.
    Blocked(String),
    /// The API's no.
    Refused {
        text: String,
        permission: Option<String>,
        resource: Option<String>,
    },
    /// Anything else.
    Final(String),
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
                Err(problem) => failures.push(failure(target, mesh, Trouble::Final(problem))),
            },
            Err(Trouble::Blocked(why)) => {
                target.counter.fetch_sub(items, Ordering::Relaxed);
                return Err(why);
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
            Ok(answer) => joined.add(&answer).map_err(Trouble::Final),
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
            outcome.failures.push(Failure {
                call: format!("keep the xDS clients of {}", target.project),
                error: format!("cannot be kept on disk: {error}"),
                permission: None,
                resource: None,
            });
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
    Trouble::Final("not answered before the deadline".into())
}

fn given_up(ended: Ended) -> Trouble {
    match ended {
        Ended::Late => late(),
        Ended::Stopped => Trouble::Final(CallError::interrupted().text),
    }
}

fn failure(target: &Target, mesh: &str, trouble: Trouble) -> Failure {
    let (error, permission, resource) = match trouble {
        Trouble::Passing(text) | Trouble::Blocked(text) | Trouble::Final(text) => (text, None, None),
        Trouble::Refused {
            text,
            permission,
            resource,
        } => {
            let ours = || format!("projects/{}", target.project);
            let resource = resource.or_else(|| permission.is_some().then(ours));
            (text, permission, resource)
        }
    };
    Failure {
        call: format!(
            "ask Traffic Director for the clients of mesh {mesh} in {}",
            target.project
        ),
        error,
        permission,
        resource,
    }
}

/// The permission that a denial is about. Not every 403 is about one: the API may be off, or the quota project refused.
fn missing_permission(reason: &str, named: Option<String>) -> Option<String> {
    match reason {
        "" | "IAM_PERMISSION_DENIED" => Some(named.unwrap_or_else(|| PERMISSION.to_owned())),
        "USER_PROJECT_DENIED" => Some("serviceusage.services.use".to_owned()),
        _ => named,
    }
}

/// An access token and its header; an error is final.
async fn access(target: &Target) -> Result<(String, http::HeaderValue), Trouble> {
    let token = (target.token)().await;
    let token = token.map_err(|error| Trouble::Final(format!("no access token: {error}")))?;
    let header = token::bearer(&token).map_err(Trouble::Final)?;
    Ok((token, header))
}
