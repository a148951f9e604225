//! What a hop of a path is marked with: the fault itself, or what it does to the hops after it.
use super::style;
use crate::report::v1::{Finding, Hop, Path, Report, finding::Role, hop::Status};
use anstyle::Style;
use std::collections::{BTreeMap, BTreeSet};

/// What a hop's cell says: the report's status, where BROKEN is split by whether the fault lies there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Ok,
    /// Broken, and everything found there is a symptom of something elsewhere.
    Affected,
    Broken,
    Degraded,
    Unknown,
}

impl Mark {
    pub fn of(path: &Path, hop: &Hop, roles: &Roles) -> Self {
        match hop.status() {
            Status::Ok => Self::Ok,
            Status::Degraded => Self::Degraded,
            Status::Broken if roles.only_symptoms(path, hop) => Self::Affected,
            Status::Broken => Self::Broken,
            Status::Unknown | Status::Unspecified => Self::Unknown,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Affected => "affected",
            Self::Broken => "BROKEN",
            Self::Degraded => "DEGRADED",
            Self::Unknown => "?",
        }
    }

    pub fn style(self) -> Style {
        match self {
            Self::Ok => style::hop(Status::Ok),
            Self::Affected | Self::Degraded => style::hop(Status::Degraded),
            Self::Broken => style::hop(Status::Broken),
            Self::Unknown => style::hop(Status::Unknown),
        }
    }
}

/// Findings and root causes among them, by code; where one code has both roles, also by the names that a finding bears, since a hop
/// names codes only.
pub(super) struct Roles<'a> {
    by_code: BTreeMap<&'a str, Tally>,
    by_name: BTreeMap<(&'a str, &'a str), Tally>,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    all: usize,
    causes: usize,
}

impl Tally {
    fn add(&mut self, finding: &Finding) {
        self.all += 1;
        self.causes += usize::from(finding.role() == Role::RootCause);
    }
}

impl<'a> Roles<'a> {
    pub fn new(report: &'a Report) -> Self {
        let mut roles = Self {
            by_code: BTreeMap::new(),
            by_name: BTreeMap::new(),
        };
        for finding in &report.findings {
            roles.by_code.entry(&finding.code).or_default().add(finding);
        }
        for finding in &report.findings {
            if !roles.mixed(&finding.code) {
                continue;
            }
            let words = finding.summary.split([' ', ',', ':']);
            let subject = finding.subject.iter().map(|subject| subject.name.as_str());
            let names: BTreeSet<&str> = words.chain(subject).collect();
            for name in names {
                roles
                    .by_name
                    .entry((&finding.code, name))
                    .or_default()
                    .add(finding);
            }
        }
        roles
    }

    fn mixed(&self, code: &str) -> bool {
        self.by_code
            .get(code)
            .is_some_and(|tally| tally.causes > 0 && tally.causes < tally.all)
    }

    /// Whether no root cause lies at this hop.
    fn only_symptoms(&self, path: &Path, hop: &Hop) -> bool {
        let is_symptom = |code: &String| {
            let named: Vec<&Tally> = [&path.client, &path.host]
                .into_iter()
                .filter_map(|name| self.by_name.get(&(code.as_str(), name.as_str())))
                .collect();
            match (self.by_code.get(code.as_str()), named.as_slice()) {
                (None, _) => false,
                (Some(tally), []) => tally.causes == 0,
                (Some(_), named) => named.iter().all(|tally| tally.causes == 0),
            }
        };
        !hop.findings.is_empty() && hop.findings.iter().all(is_symptom)
    }
}
