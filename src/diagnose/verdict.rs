//! The verdict: never healthy without evidence.
use super::{Diagnosed, Role};
use crate::mesh::Mesh;
use crate::report::v1::report::Verdict;
use crate::rules::engine::{Check, Selection, Status};
use crate::rules::{RuleSet, Severity};
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
/// a world in which there is nothing to check.
pub fn reasons(set: &RuleSet, mesh: &Mesh, checks: &[Check], selection: &Selection) -> Vec<String> {
    let mut skipped: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for check in checks {
        let rule = &set.rules[check.rule];
        if let Status::Skipped(reason) = &check.status
            && rule.file.severity >= Severity::Error
        {
            skipped.entry(reason).or_default().push(rule.code());
        }
    }
    let mut reasons: Vec<String> = skipped
        .into_iter()
        .map(|(reason, codes)| format!("{reason} ({} not checked)", codes.join(", ")))
        .collect();
    if selection.is_everything() {
        if mesh.clients.iter().all(|c| !c.in_mesh) {
            reasons
                .push("no Cloud Run service that names a mesh was seen: there is no client to check".into());
        }
        if mesh.hosts.is_empty() {
            reasons.push(
                "no VirtualService exports a host through external-mesh: there is no path to check".into(),
            );
        }
    } else if checks.iter().all(|c| c.subjects == 0) {
        reasons.push("none of the selected rules found anything to look at".into());
    }
    reasons
}
