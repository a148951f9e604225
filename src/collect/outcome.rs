//! What became of a collector.
use crate::snapshot::{CollectorOutcome, Status};
use std::collections::BTreeMap;
use std::time::Duration;

/// One call that did not bring what it should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The call in words: `list the services of region us-central1 in mesh-prod`.
    pub call: String,
    /// What the API said: `403 PERMISSION_DENIED: Permission 'run.services.list' denied`.
    pub error: String,
    /// `run.services.list`, where one was missing.
    pub permission: Option<String>,
    /// On which resource: `projects/mesh-prod`.
    pub resource: Option<String>,
}

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
    pub fn status(&self) -> Status {
        match (self.skipped, self.failures.is_empty(), self.brought) {
            (true, ..) => Status::Skipped,
            (_, true, _) => Status::Ok,
            (_, false, true) => Status::Partial,
            (_, false, false) => Status::Failed,
        }
    }

    /// As the manifest carries it.
    pub fn for_manifest(&self) -> CollectorOutcome {
        CollectorOutcome {
            name: self.name.to_owned(),
            status: self.status(),
            items: self.items,
            duration_ms: u64::try_from(self.duration.as_millis()).unwrap_or(u64::MAX),
            error: self
                .failures
                .iter()
                .map(|f| format!("{}: {}", f.call, f.error))
                .collect::<Vec<_>>()
                .join("; "),
            permission_needed: self
                .failures
                .iter()
                .find_map(|f| f.permission.clone())
                .unwrap_or_default(),
            notes: self.notes.clone(),
        }
    }
}
