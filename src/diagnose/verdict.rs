//! The verdict: never healthy without evidence.
use super::{Diagnosed, Role};
use crate::mesh::Mesh;
use crate::report::v1::report::Verdict;
use crate::rules::engine::{Check, Selection, Status};
use crate::rules::{RuleSet, Severity};
use crate::snapshot::Snapshot;
use std::collections::BTreeMap;

/// UNHEALTHY with a root cause of severity ERROR or above; else INCONCLUSIVE where a reason stands against HEALTHY.
pub fn verdict(findings: &[Diagnosed], reasons: &[String]) -> Verdict {
    let broken = findings
        .iter()
        .any(|f| f.role == Role::RootCause && f.finding.severity >= Severity::Error);
    match (broken, reasons.is_empty()) {
        (true, _) => Verdict::Unhealthy,
        (false, true) => Verdict::Healthy,
        (false, false) => Verdict::Inconclusive,
    }
}

/// What stands against calling the world healthy, one sentence each: checks of severity ERROR or above that could not be made, and
/// a world in which there is nothing to check, or of which a cluster showed a part only.
pub fn reasons(
    snapshot: &Snapshot,
    set: &RuleSet,
    mesh: &Mesh,
    checks: &[Check],
    selection: &Selection,
) -> Vec<String> {
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in checks {
        let rule = &set.rules[check.rule];
        if let Status::Skipped(reason) = &check.status
            && (rule.file.severity >= Severity::Error || check.broken)
        {
            skipped.entry(reason).or_default().push(rule.code());
        }
    }
    let mut reasons = Vec::new();
    if selection.is_everything() {
        if mesh.clients.iter().all(|c| !c.in_mesh) {
            reasons
                .push("no Cloud Run service that names a mesh was seen: there is no client to check".into());
        }
        if mesh.hosts.is_empty() {
            reasons.push(
                "no VirtualService exports a host through external-mesh: there is no path to check (`--url` names a host that \
                 should be there)"
                    .into(),
            );
        }
    } else if checks.iter().all(|c| c.subjects == 0) {
        reasons.push("none of the selected rules found anything to look at".into());
    }
    let told = |(reason, codes): (&str, Vec<&str>)| format!("{reason} ({} not checked)", codes.join(", "));
    reasons.extend(skipped.into_iter().map(told));
    // No rule reads every kind that is asked for; but a kind that was refused could hold what breaks the path.
    if selection.is_everything() && reasons.is_empty() {
        reasons.extend(snapshot.refused("kubernetes"));
    }
    reasons
}
