//! What collectors share: the run's means, and a book in which each keeps what it brought and what failed.
use super::google::{Call, CallError, Client, Listing, Paging};
use super::{Asked, Failure, Outcome, Store, permissions};
use crate::scope::Scope;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// Failures for one reason that are told one by one; of the next ones the calls are named; more are counted.
const TOLD_ALIKE: usize = 2;
const NAMED_ALIKE: usize = 6;

/// What happens while a run goes on.
#[derive(Debug, Clone)]
pub enum Event {
    Started(&'static str),
    /// Items brought so far.
    Items(&'static str, u64),
    Finished(Box<Outcome>),
}

/// The means of a run. Clones share them.
#[derive(Clone)]
pub struct Means {
    pub client: Client,
    pub store: Arc<Store>,
    pub scope: Arc<Scope>,
    pub asked: Arc<Asked>,
    pub events: UnboundedSender<Event>,
}

impl Means {
    pub fn tell(&self, event: Event) {
        // Nobody may be listening.
        let _ = self.events.send(event);
    }

    /// The same with less time: somebody waits for what these bring.
    pub fn with_share(&self, parts: u32) -> Self {
        Self {
            client: self.client.with_share(parts),
            ..self.clone()
        }
    }

    /// The fleet's project, and those of the services, each once.
    pub fn projects(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        std::iter::once(&self.scope.project)
            .chain(&self.scope.service_projects)
            .filter(|project| !project.is_empty() && seen.insert((*project).clone()))
            .cloned()
            .collect()
    }
}

/// One collector's book. Calls may run side by side.
pub struct Book<'a> {
    pub means: &'a Means,
    name: &'static str,
    began: Instant,
    outcome: Mutex<Outcome>,
}

impl<'a> Book<'a> {
    pub fn open(means: &'a Means, name: &'static str) -> Self {
        means.tell(Event::Started(name));
        Self {
            means,
            name,
            began: Instant::now(),
            outcome: Mutex::new(Outcome {
                name,
                ..Outcome::default()
            }),
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Outcome) -> T) -> T {
        change(&mut self.outcome.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn note(&self, text: impl Into<String>) {
        self.with(|outcome| outcome.notes.push(text.into()));
    }

    pub fn fail(&self, failure: Failure) {
        tracing::debug!(collector = self.name, call = failure.call, "{}", failure.error);
        self.with(|outcome| outcome.failures.push(failure));
    }

    /// What the log of a project says more often than that was not read to the end.
    pub fn counted_to(&self, project: &str, count: u64) {
        self.with(|outcome| outcome.counted_to.insert(project.to_owned(), count));
    }

    /// Counts what was brought.
    pub fn count(&self, items: u64) {
        let all = self.with(|outcome| {
            outcome.brought = true;
            outcome.items += items;
            outcome.items
        });
        self.means.tell(Event::Items(self.name, all));
    }

    /// Writes a file that is complete.
    pub fn put(&self, call: &Call, path: &str, bytes: &[u8], items: u64) -> bool {
        match self.means.store.put(path, bytes) {
            Ok(()) => {
                self.count(items);
                true
            }
            Err(error) => {
                self.means.store.discard(path);
                self.fail(CallError::plain(format!("cannot be kept on disk: {error}")).into_failure(call));
                false
            }
        }
    }

    /// Brings a whole listing into the file at `path`; `None` after a failure, which is in the book.
    pub async fn list(&self, call: &Call, paging: Paging, path: &str) -> Option<Listing> {
        match self.means.client.list(call, paging).await {
            Ok(listing) => {
                for place in &listing.unreachable {
                    self.note(format!("{}: {place} did not answer", call.what));
                }
                self.put(call, path, &listing.body, listing.items)
                    .then_some(listing)
            }
            Err(error) => {
                self.refused(call, error);
                None
            }
        }
    }

    /// A call that brought nothing: a failure, or a note where it was extra, the API said no, and not for want of a
    /// permission that whoever collects may be told to ask for.
    pub fn refused(&self, call: &Call, error: CallError) {
        let is_no = matches!(error.status, Some(403 | 404));
        let failure = error.into_failure(call);
        if !call.extra || !is_no || failure.is_detail() {
            return self.fail(failure);
        }
        let needed = failure
            .permission
            .map(|permission| format!(" (needs {permission})"))
            .unwrap_or_default();
        self.note(format!("{}: {}{needed}", failure.call, failure.error));
    }

    /// Brings one object into the file at `path`.
    pub async fn object(&self, call: &Call, path: &str) -> Option<Value> {
        match self.means.client.object(call).await {
            Ok((body, value)) => self.put(call, path, &body, 1).then_some(value),
            Err(error) => {
                self.refused(call, error);
                None
            }
        }
    }

    /// Closes the book.
    pub fn close(self) -> Outcome {
        let mut outcome = self.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.duration = self.began.elapsed();
        outcome.notes.sort();
        outcome.failures = few(in_order(std::mem::take(&mut outcome.failures)));
        outcome
    }
}

/// Calls run side by side: what is told of them must not turn on which of them ended first. What is needed most comes first.
fn in_order(mut failures: Vec<Failure>) -> Vec<Failure> {
    let needs = permissions::all();
    failures.sort_by_cached_key(|failure| {
        let of = |need: &permissions::Need| failure.permission.as_deref() == Some(need.permission);
        let place = needs.iter().position(of).unwrap_or(needs.len());
        (place, failure.call.clone(), failure.error.clone())
    });
    failures
}

/// Many failures for one and the same reason are told by the first ones; of the others their calls, or how many there are.
fn few(failures: Vec<Failure>) -> Vec<Failure> {
    let mut kept: Vec<(Failure, Vec<String>)> = Vec::new();
    for failure in failures {
        let alike = |kept: &&mut (Failure, Vec<String>)| {
            let kept = &kept.0;
            kept.error == failure.error
                && (kept.kind, &kept.permission, &kept.resource)
                    == (failure.kind, &failure.permission, &failure.resource)
        };
        let count = kept.iter_mut().filter(alike).count();
        match kept.iter_mut().rfind(alike) {
            Some((_, more)) if count >= TOLD_ALIKE => more.push(failure.call),
            _ => kept.push((failure, Vec::new())),
        }
    }
    kept.into_iter()
        .map(|(mut failure, more)| {
            if !more.is_empty() {
                failure.call = format!("{} ({})", failure.call, likewise(&more));
            }
            failure
        })
        .collect()
}

fn likewise(calls: &[String]) -> String {
    match calls.get(..NAMED_ALIKE) {
        Some(first) if calls.len() > NAMED_ALIKE => {
            format!(
                "likewise: {} and {} more",
                first.join(", "),
                calls.len() - NAMED_ALIKE
            )
        }
        _ => format!("likewise: {}", calls.join(", ")),
    }
}
