//! The diagnosis as the public contract.
use super::{Diagnosed, Role};
use crate::fix;
use crate::redact;
use crate::report::v1::{self, check, finding, report};
use crate::rules::engine::{Check, Confidence, Evidence, Fix, Status};
use crate::rules::{RuleSet, Severity};
use crate::scope::Scope;
use crate::snapshot::{self, Snapshot, Warning};

/// Schema of the report that this version writes.
const SCHEMA: &str = "meshdoctor.report.v1";

pub fn report(
    snapshot: &Snapshot,
    set: &RuleSet,
    findings: Vec<Diagnosed>,
    checks: &[Check],
    path: Vec<v1::Path>,
    verdict: report::Verdict,
    reasons: Vec<String>,
) -> v1::Report {
    v1::Report {
        schema_version: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        verdict: verdict.into(),
        reasons: if verdict == report::Verdict::Inconclusive {
            reasons
        } else {
            Vec::new()
        },
        scope: Some(scope(&snapshot.manifest.scope)),
        collected_at: snapshot.collected_at.to_string(),
        path,
        findings: findings.into_iter().map(|f| finding_of(set, f)).collect(),
        checks: checks.iter().map(|c| check_of(set, c)).collect(),
        collectors: snapshot.manifest.collectors.iter().map(collector).collect(),
        warnings: snapshot
            .world
            .warnings
            .iter()
            .map(warning)
            .chain(uncounted(snapshot))
            .collect(),
    }
}

/// What was looked at.
pub fn scope(scope: &Scope) -> v1::Scope {
    let scope = scope.clone();
    v1::Scope {
        project: scope.project,
        service_projects: scope.service_projects,
        regions: scope.regions,
        services: scope.services,
        memberships: scope.memberships,
        namespaces: scope.namespaces,
        url: scope.url,
        since: scope.since,
    }
}

/// Logs that were not read to the end for more of the same.
fn uncounted(snapshot: &Snapshot) -> impl Iterator<Item = String> {
    snapshot.manifest.counted_to.iter().map(|(project, count)| {
        format!(
            "logging/{project}: what was logged {count} times and more was counted no further: such counts are lower bounds, and the \
             first may have come earlier"
        )
    })
}

/// A warning in one line.
pub fn warning(warning: &Warning) -> String {
    format!("{}: {}", warning.origin, warning.text)
}

fn finding_of(set: &RuleSet, diagnosed: Diagnosed) -> v1::Finding {
    let Diagnosed {
        finding,
        role,
        explained_by,
        code,
        layer,
        ..
    } = diagnosed;
    let rule = &set.rules[finding.rule].file;
    v1::Finding {
        id: finding.id,
        code,
        name: rule.name.clone(),
        layer: layer.as_str().into(),
        severity: severity(finding.severity).into(),
        confidence: match finding.confidence {
            Confidence::Likely => finding::Confidence::Likely,
            Confidence::Confirmed => finding::Confidence::Confirmed,
        }
        .into(),
        role: match role {
            Role::RootCause => finding::Role::RootCause,
            Role::Symptom => finding::Role::Symptom,
            Role::Advice => finding::Role::Advice,
        }
        .into(),
        subject: Some(v1::Subject {
            kind: finding.subject.kind.into(),
            name: finding.subject.name,
            namespace: finding.subject.namespace,
            project: finding.subject.project,
            location: finding.subject.location,
        }),
        summary: finding.summary,
        explanation: finding.explanation,
        evidence: finding.evidence.into_iter().map(evidence).collect(),
        explained_by,
        fixes: finding.fixes.into_iter().map(fix_of).collect(),
        references: rule.references.clone(),
    }
}

/// The contract's word for a severity.
pub fn severity(severity: Severity) -> finding::Severity {
    match severity {
        Severity::Info => finding::Severity::Info,
        Severity::Warning => finding::Severity::Warning,
        Severity::Error => finding::Severity::Error,
        Severity::Critical => finding::Severity::Critical,
    }
}

fn evidence(evidence: Evidence) -> v1::Evidence {
    v1::Evidence {
        source: evidence.source,
        locator: evidence.locator,
        excerpt: evidence.excerpt,
        count: evidence.count.map(|c| u32::try_from(c).unwrap_or(u32::MAX)),
        first_seen: evidence.first_seen,
        last_seen: evidence.last_seen,
        at_least: evidence.at_least.then_some(true),
    }
}

fn fix_of(fix: Fix) -> v1::Fix {
    v1::Fix {
        title: fix.title,
        commands: fix::commands(&fix.actions, &fix.clusters),
        manifest: fix::manifest(&fix.actions),
        terraform: None,
        verification: v1::fix::Verification::NotSimulated.into(),
        actions: fix
            .actions
            .iter()
            .map(|action| v1::Action {
                kind: action.kind().into(),
                fields: action.fields(),
            })
            .collect(),
    }
}

fn check_of(set: &RuleSet, check: &Check) -> v1::Check {
    let rule = &set.rules[check.rule].file;
    let (status, reason) = match &check.status {
        Status::Failed => (check::Status::Failed, None),
        Status::Passed => (check::Status::Passed, None),
        Status::Skipped(reason) => (check::Status::Skipped, Some(reason.clone())),
    };
    v1::Check {
        code: rule.code.value.clone(),
        name: rule.name.clone(),
        status: status.into(),
        subjects: u32::try_from(check.subjects).unwrap_or(u32::MAX),
        reason,
    }
}

/// What became of a collector.
pub fn collector(outcome: &snapshot::CollectorOutcome) -> v1::Collector {
    let optional = |text: &String| (!text.is_empty()).then(|| redact::told(text).into_owned());
    v1::Collector {
        name: outcome.name.clone(),
        status: match outcome.status {
            snapshot::Status::Ok => v1::collector::Status::Ok,
            snapshot::Status::Partial => v1::collector::Status::Partial,
            snapshot::Status::Failed => v1::collector::Status::Failed,
            snapshot::Status::Skipped => v1::collector::Status::Skipped,
        }
        .into(),
        items: u32::try_from(outcome.items).unwrap_or(u32::MAX),
        duration_ms: u32::try_from(outcome.duration_ms).unwrap_or(u32::MAX),
        error: optional(&outcome.error),
        permission_needed: optional(&outcome.permission_needed),
        notes: outcome
            .notes
            .iter()
            .map(|note| redact::told(note).into_owned())
            .collect(),
    }
}
