//! `bundle.json`: what was asked for, when, and what became of every collector.
use super::Failure;
use crate::scope::Scope;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The schema this version writes and reads.
pub const SCHEMA: &str = "meshdoctor.bundle.v1";

/// The manifest. Optional in a directory made by hand: then every field has its default.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Manifest {
    pub schema_version: String,
    pub tool_version: String,
    pub collected_at: Option<Timestamp>,
    pub scope: Scope,
    /// Who collected, such as `user:ada@example.com`; empty where nothing tells.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operator: String,
    pub collectors: Vec<CollectorOutcome>,
    /// Size and SHA-256 of every file, by layout path; without the list nothing is verified.
    pub files: BTreeMap<String, FileDigest>,
    /// Projects of whose logs not all was read: what is counted as often as this, or more often, was said at least so often.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub counted_to: BTreeMap<String, u64>,
    /// What was taken out; absent where nobody says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redaction: Option<RedactionSummary>,
    /// How to run again whoever collected just now; of nobody else's run anything is known.
    #[serde(skip)]
    pub again: Again,
}

/// The command line of this run with one thing changed; empty where it is not known.
#[derive(Debug, Default, Clone)]
pub struct Again {
    /// With more time.
    pub more_time: String,
    /// With older logs.
    pub older_logs: String,
}

impl Manifest {
    /// Whether no collector failed, wholly or in part.
    pub fn is_whole(&self) -> bool {
        self.unfinished().next().is_none()
    }

    /// Tells that something of a source was not brought; `others` says whether anything of it is there.
    pub fn add_failure(&mut self, source: &str, failure: Failure, others: bool) {
        let at = self.collectors.iter().position(|own| own.name == source);
        let at = at.unwrap_or_else(|| {
            self.collectors.push(CollectorOutcome {
                name: source.to_owned(),
                ..CollectorOutcome::default()
            });
            self.collectors.len() - 1
        });
        let Some(outcome) = self.collectors.get_mut(at) else {
            return;
        };
        // What an older manifest tells in one text would be lost beside a list of failures.
        outcome.failures = outcome.each_failure();
        // A bundle has it in its manifest already, and the file that tells it.
        if outcome.failures.contains(&failure) {
            return;
        }
        outcome.status = if others { Status::Partial } else { Status::Failed };
        if !outcome.error.is_empty() {
            outcome.error.push_str("; ");
        }
        outcome.error.push_str(&failure.told());
        if outcome.permission_needed.is_empty() {
            outcome.permission_needed = failure.permission.clone().unwrap_or_default();
        }
        outcome.failures.push(failure);
    }

    /// Collectors that did not bring all they should.
    pub fn unfinished(&self) -> impl Iterator<Item = &CollectorOutcome> {
        let wrong = |outcome: &&CollectorOutcome| matches!(outcome.status, Status::Partial | Status::Failed);
        self.collectors.iter().filter(wrong)
    }
}

/// What was taken out of a bundle, and how often.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RedactionSummary {
    /// `off`, `default` or `strict`.
    pub level: String,
    /// Replacements by kind.
    pub rules: BTreeMap<String, u64>,
}

/// One file's size in bytes and SHA-256 in lower-case hexadecimal.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct FileDigest {
    pub size: u64,
    pub sha256: String,
}

/// What became of one collector.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CollectorOutcome {
    /// The first folder of the layout: `cloud-run`, `logging`, `iam`, `kubernetes`, …
    pub name: String,
    pub status: Status,
    pub items: u64,
    pub duration_ms: u64,
    pub error: String,
    /// The permission that was missing: `resourcemanager.projects.getIamPolicy`.
    pub permission_needed: String,
    /// Each failed call by itself. Earlier versions wrote only `error`, which joins their texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<Failure>,
    pub notes: Vec<String>,
}

/// The four outcomes.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Status {
    #[default]
    Ok,
    Partial,
    Failed,
    Skipped,
}
