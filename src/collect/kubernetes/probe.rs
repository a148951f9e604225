//! Whether the kinds of a cluster may be listed: one item of each is asked for, and nothing kept.
use super::connect::{self, Connection};
use super::request::Trouble;
use super::{AT_ONCE, KINDS, Kind, NO_ANSWER, Target, denied};
use crate::collect::{Failure, FailureKind};
use futures_util::{FutureExt, StreamExt, stream};
use tokio::time::{Instant, timeout_at};

/// Each kind that could not be listed, with the failure; none for a kind that the cluster does not serve.
///
/// # Errors
/// Where the cluster cannot be asked at all.
pub async fn probe(target: &Target, deadline: Instant) -> Result<Vec<Failure>, Box<Failure>> {
    let call = format!("connect to cluster {}", target.membership);
    let failed = |kind, error: String| Box::new(Failure::new(kind, error).of_call(call.clone()));
    let opened = timeout_at(deadline, connect::open(&target.access)).await;
    let connection = opened
        .map_err(|_| failed(FailureKind::TimedOut, NO_ANSWER.to_owned()))?
        .map_err(|error| failed(FailureKind::Other, error))?;
    // Boxed, so that a task may hold it: the compiler cannot tell that it may otherwise.
    let asked: Vec<_> = KINDS
        .iter()
        .map(|kind| one(target, &connection, kind, deadline).boxed())
        .collect();
    let mut failures: Vec<Failure> = stream::iter(asked)
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await;
    failures.sort_by(|a, b| a.call.cmp(&b.call));
    Ok(failures)
}

async fn one(target: &Target, connection: &Connection, kind: &Kind, deadline: Instant) -> Option<Failure> {
    let place = match target.namespaces.first().filter(|_| kind.namespaced) {
        Some(namespace) => format!("namespace {namespace} of cluster {}", target.membership),
        None => format!("cluster {}", target.membership),
    };
    let namespace = target.namespaces.first().filter(|_| kind.namespaced);
    for version in kind.versions {
        let path = format!("{}?limit=1", kind.path(version, namespace.map(String::as_str)));
        let answer = timeout_at(deadline, connection.get(&path, deadline)).await;
        let trouble = match answer {
            Ok(Ok(_)) => return None,
            Ok(Err(Trouble::NotServed(_))) if !kind.built_in => continue,
            Ok(Err(trouble)) => trouble,
            Err(_) => Trouble::Final(FailureKind::TimedOut, NO_ANSWER.to_owned()),
        };
        let failure = match trouble {
            Trouble::Denied(refusal) => denied(kind, &place, refusal),
            Trouble::Passing { kind, text, .. } | Trouble::Final(kind, text) => Failure::new(kind, text),
            Trouble::Expired(text) | Trouble::NotServed(text) => Failure::new(FailureKind::Other, text),
        };
        return Some(failure.of_call(format!("list {} of {place}", kind.name())));
    }
    None
}
