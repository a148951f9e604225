//! Findings put in order: what causes what, the path hop by hop, the verdict.
//!
//! In come the engine's findings and the mesh; out goes the [`Report`](crate::report::v1::Report).
mod contract;
mod discreet;
mod explain;
mod path;
mod verdict;

pub use contract::{collector, scope, severity};
pub use explain::{Diagnosed, Role};

use crate::logs::LogEvidence;
use crate::mesh::Mesh;
use crate::redact::Teller;
use crate::report::v1::{self, report::Verdict};
use crate::rules::RuleSet;
use crate::rules::engine::{self, Selection};
use crate::snapshot::{self, ReadError, Snapshot, Warning};
use crate::{logs, mesh};

/// Names of the subjects on which one rule fires.
///
/// # Errors
/// As for [`diagnose`].
pub fn fired(snapshot: &Snapshot, set: &RuleSet, code: &str) -> Result<Vec<String>, ReadError> {
    let report = diagnose(snapshot, set, &Selection::default())?;
    let own = report.findings.into_iter().filter(|f| f.code == code);
    Ok(own.filter_map(|f| f.subject).map(|s| s.name).collect())
}

/// From evidence to report: scan the logs, join the mesh, run the rules, order the findings.
///
/// # Errors
/// Where a log file cannot be read or is not what it should be.
pub fn diagnose(snapshot: &Snapshot, set: &RuleSet, selection: &Selection) -> Result<v1::Report, ReadError> {
    let judged = judged(snapshot, set, selection)?;
    Ok(report(snapshot, set, judged, selection))
}

/// The same of a snapshot that nobody needs any more: its evidence makes room for the report.
///
/// # Errors
/// As for [`diagnose`].
pub fn diagnose_last(
    snapshot: Snapshot,
    set: &RuleSet,
    selection: &Selection,
) -> Result<v1::Report, ReadError> {
    let judged = judged(&snapshot, set, selection)?;
    let rest = Snapshot {
        world: snapshot.world,
        manifest: snapshot.manifest,
        collected_at: snapshot.collected_at,
        ..Snapshot::default()
    };
    Ok(report(&rest, set, judged, selection))
}

/// What the evidence says.
struct Judged {
    mesh: Mesh,
    outcome: engine::Outcome,
    warnings: Vec<Warning>,
    teller: Teller,
}

fn judged(snapshot: &Snapshot, set: &RuleSet, selection: &Selection) -> Result<Judged, ReadError> {
    let signatures: Vec<_> = set
        .rules
        .iter()
        .filter(|rule| selection.takes(rule) || !selection.is_everything())
        .flat_map(|rule| rule.signatures.iter().cloned())
        .collect();
    let evidence: LogEvidence = logs::scan(&snapshot.logs, &signatures, &mesh::service_names(snapshot))?;
    let (mesh, outcome) = engine::run(set, snapshot, &evidence, selection);
    Ok(Judged {
        mesh,
        outcome,
        warnings: evidence.warnings,
        teller: Teller::sparing(snapshot::telling_labels(snapshot)),
    })
}

/// Nobody may call healthy what was not looked at to the end.
pub fn unfinished(report: &mut v1::Report, reason: &str) {
    if report.verdict() != Verdict::Unhealthy {
        report.set_verdict(Verdict::Inconclusive);
        report.reasons.insert(0, reason.to_owned());
    }
}

fn report(snapshot: &Snapshot, set: &RuleSet, judged: Judged, selection: &Selection) -> v1::Report {
    let Judged {
        mesh,
        outcome,
        warnings,
        teller,
    } = judged;
    let findings = explain::explain(set, outcome.findings);
    let reasons = verdict::reasons(snapshot, set, &mesh, &outcome.checks, selection);
    let verdict = verdict::verdict(&findings, &reasons);
    let paths = path::paths(set, &mesh, &findings, &outcome.checks);
    drop(mesh);
    let mut report = contract::report(snapshot, set, findings, &outcome.checks, paths, verdict, reasons);
    report.warnings.extend(warnings.iter().map(contract::warning));
    discreet::discreet(&mut report, &teller);
    report
}

#[cfg(test)]
mod tests;
