//! What collectors share: the run's means, and a book in which each keeps what it brought and what failed.
use super::google::{Call, CallError, Client, Listing, Paging};
use super::{Asked, Failure, Outcome, Store};
use crate::scope::Scope;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

/// Failures of one kind that are told one by one; more are counted.
const TOLD_ALIKE: usize = 2;

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
                self.fail(error.into_failure(call));
                None
            }
        }
    }

    /// Brings one object into the file at `path`.
    pub async fn object(&self, call: &Call, path: &str) -> Option<Value> {
        match self.means.client.object(call).await {
            Ok((body, value)) => self.put(call, path, &body, 1).then_some(value),
            Err(error) => {
                self.fail(error.into_failure(call));
                None
            }
        }
    }

    /// Closes the book.
    pub fn close(self) -> Outcome {
        let mut outcome = self.outcome.into_inner().unwrap_or_else(PoisonError::into_inner);
        outcome.duration = self.began.elapsed();
        outcome.failures = few(std::mem::take(&mut outcome.failures));
        outcome
    }
}

/// Many failures for one and the same reason are told by the first ones and a number.
fn few(failures: Vec<Failure>) -> Vec<Failure> {
    let mut kept: Vec<(Failure, usize)> = Vec::new();
    for failure in failures {
        let alike = |kept: &&mut (Failure, usize)| {
            kept.0.error == failure.error && kept.0.permission == failure.permission
        };
        let count = kept.iter().filter(|(k, _)| k.error == failure.error).count();
        match kept.iter_mut().rfind(alike) {
            Some((_, more)) if count >= TOLD_ALIKE => *more += 1,
            _ => kept.push((failure, 0)),
        }
    }
    kept.into_iter()
        .map(|(mut failure, more)| {
            if more > 0 {
                failure.call = format!("{} (and {more} more such calls)", failure.call);
            }
            failure
        })
        .collect()
}
