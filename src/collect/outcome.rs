//! What became of a collector.
use crate::snapshot::{CollectorOutcome, Status};
use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::snapshot::{Failure, FailureKind};

/// A collector's result: the files are in the store.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// The first folder of the layout.
    pub name: &'static str,
    pub items: u64,
    pub failures: Vec<Failure>,
    /// What is worth knowing and no failure: a kind that the cluster does not serve.
    pub notes: Vec<String>,
    /// Whether anything was brought at all.
    pub brought: bool,
    /// Not asked for.
    pub skipped: bool,
    /// Projects of whose logs not all was read, and from which count on a count is a lower bound.
    pub counted_to: BTreeMap<String, u64>,
    pub duration: Duration,
}

impl Outcome {
    /// A permission that only adds detail makes nothing incomplete: it is told, and that is all.
    pub fn status(&self) -> Status {
        let whole = self.failures.iter().all(Failure::is_detail);
        match (self.skipped, whole, self.brought) {
            (true, ..) => Status::Skipped,
            (_, true, _) => Status::Ok,
            (_, false, true) => Status::Partial,
            (_, false, false) => Status::Failed,
        }
    }

    /// As the manifest carries it.
    pub fn for_manifest(&self) -> CollectorOutcome {
        let grave = || self.failures.iter().filter(|failure| !failure.is_detail());
        CollectorOutcome {
            name: self.name.to_owned(),
            status: self.status(),
            items: self.items,
            duration_ms: u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
            error: grave().map(Failure::told).collect::<Vec<_>>().join("; "),
            permission_needed: grave().find_map(|f| f.permission.clone()).unwrap_or_default(),
            failures: self.failures.clone(),
            notes: self.notes.clone(),
        }
    }
}
