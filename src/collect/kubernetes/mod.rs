//! Kubernetes: every kind's List, straight from an API server or through the fleet's Connect Gateway.
//!
//! `kinds` says what is listed, `connect` makes the client (`plugin` runs what a kubeconfig has for credentials), `request` asks,
//! `road` judges the way as a whole, `listing` joins pages to a file.
mod connect;
mod kinds;
mod listing;
mod plugin;
mod probe;
mod request;
mod road;

#[cfg(test)]
mod tests;

pub use kinds::{KINDS, Kind};
pub use probe::probe;

use super::google::CallError;
use super::refusal::{Refusal, Speaker, kind_of};
use super::token::Token;
use super::until::{Ended, Until};
use super::{Failure, FailureKind, Outcome, Store};
use connect::Connection;
use futures_util::{FutureExt, StreamExt, stream};
use listing::Listing;
use request::Trouble;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::time::Instant;

/// Kinds listed at once.
const AT_ONCE: usize = 12;
/// Istio's policies here hold for the whole mesh, whatever namespaces were asked for.
const ROOT_NAMESPACE: &str = "istio-system";
/// A listing of nothing, for a kind that is not served.
const EMPTY: &[u8] = br#"{"kind":"List","apiVersion":"v1","metadata":{},"items":[]}"#;
const NO_ANSWER: &str = "no answer within the deadline";

/// Which cluster, and how it is reached.
#[derive(Clone)]
pub struct Target {
    /// The folder below `kubernetes/`: the membership's name.
    pub membership: String,
    pub access: Access,
    /// Only these namespaces; empty: all.
    pub namespaces: Vec<String>,
    /// Items brought so far, for a line of progress.
    pub counter: Arc<AtomicU64>,
}

/// A way in.
#[derive(Clone)]
pub enum Access {
    /// A kubeconfig (absent: `$KUBECONFIG`, then `~/.kube/config`) and its context (absent: the current one).
    Kubeconfig {
        path: Option<PathBuf>,
        context: Option<String>,
    },
    /// The Connect Gateway: no kubeconfig, a Google token.
    Gateway {
        base_url: String,
        project_number: String,
        location: String,
        /// The membership's name in the fleet.
        membership: String,
        /// A GKE cluster; others have a collection of their own.
        on_gke: bool,
        token: Token,
    },
}

enum Listed {
    Items(u64),
    NotServed(String),
    Failed(Trouble, Option<String>),
}

/// Lists every kind into `kubernetes/MEMBERSHIP/`. A kind that failed leaves no file; one that the cluster does not
/// serve leaves an empty List and a note.
pub async fn collect(target: &Target, store: &Store, deadline: Instant) -> Outcome {
    let kinds: Vec<&'static Kind> = KINDS.iter().collect();
    collect_kinds(target, &kinds, store, &deadline.into()).await
}

/// The same for some kinds, and with an end that the user may bring about.
pub async fn collect_kinds(
    target: &Target,
    kinds: &[&'static Kind],
    store: &Store,
    until: &Until,
) -> Outcome {
    let begun = Instant::now();
    let mut outcome = Outcome {
        name: "kubernetes",
        ..Outcome::default()
    };
    let opened = until.wait(connect::open(&target.access)).await;
    let failure = match opened {
        Ok(Ok(connection)) => {
            all_kinds(target, kinds, &connection, store, until, &mut outcome).await;
            None
        }
        Ok(Err(error)) => Some(Failure::new(FailureKind::Other, error)),
        Err(ended) => {
            let (kind, text) = told(ended);
            Some(Failure::new(kind, text))
        }
    };
    let call = format!("connect to cluster {}", target.membership);
    outcome
        .failures
        .extend(failure.map(|failure| failure.of_call(call)));
    outcome.duration = begun.elapsed();
    outcome
}

fn told(ended: Ended) -> (FailureKind, String) {
    match ended {
        Ended::Late => (FailureKind::TimedOut, NO_ANSWER.into()),
        Ended::Stopped => (FailureKind::Stopped, CallError::interrupted().text),
    }
}

async fn all_kinds(
    target: &Target,
    kinds: &[&'static Kind],
    connection: &Connection,
    store: &Store,
    until: &Until,
    outcome: &mut Outcome,
) {
    let one = |kind: &&'static Kind| {
        let kind = *kind;
        let listing = one_kind(target, connection, kind, store, until.deadline);
        let given_up = |ended| {
            let (kind, text) = told(ended);
            Listed::Failed(Trouble::Final(kind, text), None)
        };
        async move { (kind, until.wait(listing).await.unwrap_or_else(given_up)) }.boxed()
    };
    // Boxed, so that a task may hold it: the compiler cannot tell that it may otherwise.
    let listings: Vec<_> = kinds.iter().map(one).collect();
    let mut listed: Vec<(&Kind, Listed)> = stream::iter(listings).buffer_unordered(AT_ONCE).collect().await;
    listed.sort_by_key(|(kind, _)| kind.name());

    // A 404 means "not served" only where an API server answers: a wrong address says 404 to everything.
    let server_answers = listed.iter().any(|(kind, listed)| match listed {
        Listed::Items(_) => true,
        Listed::Failed(Trouble::Denied(refusal), _) => {
            kind.built_in && refusal.speaker == Speaker::Kubernetes
        }
        _ => false,
    });
    for (kind, listed) in listed {
        match listed {
            Listed::Items(items) => {
                outcome.items += items;
                outcome.brought = true;
            }
            Listed::NotServed(_) if server_answers && !kind.built_in => absent(target, kind, store, outcome),
            Listed::NotServed(text) => {
                let trouble = Trouble::Final(FailureKind::Other, text);
                fail(target, kind, trouble, None, outcome);
            }
            Listed::Failed(trouble, namespace) => fail(target, kind, trouble, namespace, outcome),
        }
    }
    join_alike(target, &mut outcome.failures);
}

async fn one_kind(
    target: &Target,
    connection: &Connection,
    kind: &Kind,
    store: &Store,
    deadline: Instant,
) -> Listed {
    let mut namespaces: Vec<Option<&str>> = target.namespaces.iter().map(|n| Some(n.as_str())).collect();
    if namespaces.is_empty() || !kind.namespaced {
        namespaces = vec![None];
    } else if !kind.built_in && !target.namespaces.iter().any(|n| n == ROOT_NAMESPACE) {
        namespaces.push(Some(ROOT_NAMESPACE));
    }
    let path = layout_path(target, kind);
    let listing = Listing::new(connection, kind, store, path, &target.counter, deadline);
    match listing.run(&namespaces).await {
        Ok(items) => Listed::Items(items),
        Err((Trouble::NotServed(text), _)) => Listed::NotServed(text),
        Err((trouble, namespace)) => Listed::Failed(trouble, namespace),
    }
}

fn layout_path(target: &Target, kind: &Kind) -> String {
    format!("kubernetes/{}/{}.json", target.membership, kind.name())
}

fn absent(target: &Target, kind: &Kind, store: &Store, outcome: &mut Outcome) {
    match store.put(&layout_path(target, kind), EMPTY) {
        Ok(()) => {
            let note = format!("cluster {} does not serve {}", target.membership, kind.name());
            outcome.notes.push(note);
            outcome.brought = true;
        }
        Err(error) => {
            let text = format!("the listing could not be written: {error}");
            let trouble = Trouble::Final(FailureKind::Other, text);
            fail(target, kind, trouble, None, outcome);
        }
    }
}

fn fail(target: &Target, kind: &Kind, trouble: Trouble, namespace: Option<String>, outcome: &mut Outcome) {
    let cluster = format!("cluster {}", target.membership);
    let place = match namespace {
        Some(namespace) => format!("namespace {namespace} of {cluster}"),
        None => cluster,
    };
    let failure = match trouble {
        Trouble::Denied(refusal) => denied(kind, &place, refusal),
        Trouble::Passing { kind, text, .. } | Trouble::Final(kind, text) => Failure::new(kind, text),
        Trouble::Expired(text) | Trouble::NotServed(text) => Failure::new(FailureKind::Other, text),
    };
    let call = format!("list {} of {place}", kind.name());
    outcome.failures.push(failure.of_call(call));
}

/// RBAC's no names a verb and a kind; the gateway's a permission of IAM (role `roles/gkehub.gatewayReader`), or its API is off.
fn denied(kind: &Kind, place: &str, refusal: Refusal) -> Failure {
    let mut failure = Failure::new(kind_of(refusal.code, &refusal.reason), refusal.text);
    match refusal.speaker {
        Speaker::Kubernetes => {
            failure.permission = Some(format!("list {}", kind.name()));
            failure.resource = Some(place.to_owned());
        }
        Speaker::Google if failure.kind == FailureKind::ApiDisabled => {
            let (service, consumer) = refusal.disabled.map(|both| *both).unzip();
            failure.service = service.or_else(|| Some("connectgateway.googleapis.com".to_owned()));
            failure.resource = consumer;
        }
        Speaker::Google if failure.kind == FailureKind::PermissionMissing => {
            let iam = ["", "IAM_PERMISSION_DENIED"].contains(&refusal.reason.as_str());
            failure.permission = refusal
                .permission
                .or_else(|| iam.then(|| "gkehub.gateway.get".to_owned()));
            failure.resource = refusal.resource;
        }
        Speaker::Google | Speaker::Other => {}
    }
    if failure.kind == FailureKind::PermissionMissing && failure.permission.is_none() {
        failure.kind = FailureKind::Other;
    }
    failure
}

/// What failed for several kinds in the same words is told once: a dead server is one trouble, not twenty.
fn join_alike(target: &Target, failures: &mut Vec<Failure>) {
    let mut joined: Vec<(Failure, Vec<String>)> = Vec::new();
    let place = format!(" of cluster {}", target.membership);
    for failure in failures.drain(..) {
        let kind = failure
            .call
            .strip_prefix("list ")
            .and_then(|call| call.strip_suffix(&place));
        let kind = kind.unwrap_or_default().to_owned();
        let alike = joined.iter_mut().find(|(first, kinds)| {
            !kind.is_empty()
                && !kinds.is_empty()
                && (&first.error, &first.permission, &first.resource)
                    == (&failure.error, &failure.permission, &failure.resource)
        });
        match alike {
            Some((_, kinds)) => kinds.push(kind),
            None if kind.is_empty() => joined.push((failure, Vec::new())),
            None => joined.push((failure, vec![kind])),
        }
    }
    failures.extend(joined.into_iter().map(|(mut failure, kinds)| {
        if kinds.len() > 1 {
            failure.call = format!("list {}{place}", kinds.join(", "));
        }
        failure
    }));
}
