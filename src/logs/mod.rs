//! Log entries read fast, records joined, signatures matched.
//!
//! In come log files of any size and the signatures of the rules; out come groups of hits, counted.
//! Nothing here knows a rule's meaning.
//!
//! | file | what it does |
//! |---|---|
//! | `literals`, `rarity`, `prefilter` | text that a matching line must contain; lines that have it |
//! | `entry`, `envoy`, `access` | a line decoded: LogEntry, Envoy's text and JSON, access log formats |
//! | `field` | a field of an entry, whatever its type |
//! | `join` | records of several lines, entries stored in pieces |
//! | `confirm`, `group` | which signatures match; hits counted by rule, origin and key |
//! | `activity` | which services logged at all |
//! | `repeat`, `shape` | what was said often enough, and by what the rest can be asked for without it |
//! | `source` | the file at hand, its format, its errors |
//! | `look` | all that can be told of a block by itself |
//! | `scan` | what depends on order, and all of it together |
mod access;
mod activity;
mod confirm;
mod entry;
mod envoy;
mod field;
mod group;
mod join;
mod literals;
mod look;
mod prefilter;
mod rarity;
mod repeat;
mod scan;
mod shape;
mod signature;
mod source;
#[cfg(test)]
mod tests;

pub use repeat::{ENOUGH, Repeats};
pub use shape::{Is, Term};
pub use signature::{AccessMatch, Matcher, Signature, Telling};

use crate::blocks::Limits;
use crate::snapshot::{Blob, ProjectId, ReadError, Warning};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What the scan brought.
#[derive(Debug, Default, Clone)]
pub struct LogEvidence {
    /// In the order of rule, origin and key; at most 1,000 a rule.
    pub groups: Vec<HitGroup>,
    /// Names of those of the asked-for services of which the logs hold at least one entry.
    pub active_services: BTreeSet<String>,
    pub bytes: u64,
    pub lines: u64,
    /// What was not looked at: lines that were cut, groups over the limit.
    pub warnings: Vec<Warning>,
}

/// All hits of one rule's signatures at one service with equal key captures.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct HitGroup {
    /// The rule.
    pub code: String,
    pub origin: Origin,
    /// Values of the captures that tell groups apart (the signature's `by`); one that did not take part is absent.
    pub key: BTreeMap<String, String>,
    /// Every capture of the last hit; for access logs also `status`, `flags`, `details`, `host`, `method`, `path`,
    /// `upstream_cluster`, `upstream_host`, `failure` as far as the line has them.
    pub captures: BTreeMap<String, String>,
    /// Records. What one instance says of one key twice within a second counts once, but each access log line counts.
    pub count: u64,
    pub first: Option<Timestamp>,
    pub last: Option<Timestamp>,
    /// The last record, decoded and joined, at most 2,000 bytes.
    pub excerpt: String,
    /// `FILE:LINE` of the last hit.
    pub locator: String,
    pub revisions: BTreeSet<String>,
    /// Cloud Run instance ids, or names of pods.
    pub instances: BTreeSet<String>,
}

/// Who logged. Empty fields where a plain text line does not say.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    pub project: String,
    pub location: String,
    /// The Cloud Run service; empty for any other resource.
    pub service: String,
    /// The monitored resource's type where it is not `cloud_run_revision`, such as `k8s_container`.
    pub resource: String,
}

/// Scans all logs for the signatures. `services` are the names whose activity is asked for.
///
/// A line that is looked at and is not what the file's first line promised is an error; an entry with a field of another type is
/// read without it, and told of. Lines that no signature can match are not parsed.
pub fn scan(
    logs: &BTreeMap<ProjectId, Vec<Blob>>,
    signatures: &[Signature],
    services: &BTreeSet<String>,
) -> Result<LogEvidence, ReadError> {
    scan::scan(logs, signatures, services, Limits::default())
}
