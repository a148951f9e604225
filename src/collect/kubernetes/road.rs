//! What the calls of one cluster tell of the way to it: where several were tried to the end in vain and none was ever answered, the way
//! is broken, and the others need not find that out each for itself.
use crate::collect::FailureKind;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Calls that were all tried to the end, and failed alike, before the way is held for broken.
const ENOUGH: usize = 3;

/// The way to one cluster.
#[derive(Debug, Default)]
pub struct Road(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    answered: bool,
    lost: BTreeMap<FailureKind, usize>,
}

impl Road {
    fn with<T>(&self, see: impl FnOnce(&mut Seen) -> T) -> T {
        see(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The cluster, or what stands before it, had an answer.
    pub fn answered(&self) {
        self.with(|seen| seen.answered = true);
    }

    /// A call has failed at its last try.
    pub fn lost(&self, kind: FailureKind) {
        self.with(|seen| *seen.lost.entry(kind).or_default() += 1);
    }

    pub fn is_broken(&self) -> bool {
        self.with(|seen| !seen.answered && seen.lost.values().any(|times| *times >= ENOUGH))
    }
}
