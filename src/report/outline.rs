//! A report put in the order in which a person wants to read it: causes with what they explain, then the rest.
use super::v1::finding::{Role, Severity};
use super::v1::{Action, Collector, Finding, Path, Report, Subject, collector, hop, report};
use std::collections::{BTreeMap, BTreeSet};

/// Findings of one code that are told as one.
pub(super) struct Group<'a> {
    /// The one whose code, name and explanation stand for all.
    pub first: &'a Finding,
    /// All of them, `first` among them.
    pub findings: Vec<&'a Finding>,
    /// What they explain, by code, in the order of the report.
    pub symptoms: Vec<Symptoms<'a>>,
}

/// Symptoms of one code under one cause.
pub(super) struct Symptoms<'a> {
    pub first: &'a Finding,
    pub findings: Vec<&'a Finding>,
}

/// The whole report, sorted. Nothing is left out: a symptom without a cause is with the rest.
pub(super) struct Outline<'a> {
    pub report: &'a Report,
    /// Root causes of severity ERROR and above, the worst first.
    pub causes: Vec<Group<'a>>,
    /// Warnings and advice.
    pub rest: Vec<Group<'a>>,
    /// Why collectors did not bring all they should: told where it is told what was not seen.
    pub gaps: Vec<&'a Finding>,
}

impl<'a> Outline<'a> {
    pub fn new(report: &'a Report) -> Self {
        let roots: BTreeMap<&str, &Finding> = report
            .findings
            .iter()
            .filter(|finding| finding.role() != Role::Symptom)
            .map(|finding| (finding.id.as_str(), finding))
            .collect();
        let by_id: BTreeMap<&str, &Finding> = report
            .findings
            .iter()
            .map(|finding| (finding.id.as_str(), finding))
            .collect();
        let mut explained: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        let (mut causes, mut rest, mut gaps) = (Vec::new(), Vec::new(), Vec::new());
        for finding in &report.findings {
            let accounts = match finding.role() {
                Role::Symptom => causes_of(finding, &by_id, &roots),
                _ => BTreeSet::new(),
            };
            let is_cause = matches!(finding.role(), Role::RootCause | Role::Unspecified);
            if !accounts.is_empty() {
                for id in accounts {
                    explained.entry(id).or_default().push(finding);
                }
            } else if is_cause && finding.severity() >= Severity::Error {
                causes.push(finding);
            } else if is_gap(finding, report) {
                gaps.push(finding);
            } else {
                rest.push(finding);
            }
        }
        let grouped = |findings: Vec<&'a Finding>| {
            let mut groups: Vec<Group> = by_code(findings)
                .into_iter()
                .map(|Symptoms { first, findings }| {
                    let symptoms = findings
                        .iter()
                        .filter_map(|cause| explained.get(cause.id.as_str()));
                    Group {
                        first,
                        symptoms: by_code(symptoms.flatten().copied().collect()),
                        findings,
                    }
                })
                .collect();
            groups.sort_by_key(|group| std::cmp::Reverse(group.severity()));
            groups
        };
        Self {
            report,
            causes: grouped(causes),
            rest: grouped(rest),
            gaps,
        }
    }

    /// The verdict's word and what it rests on, in one sentence without an end.
    pub fn verdict(&self) -> (&'static str, String) {
        match self.report.verdict() {
            report::Verdict::Unhealthy => ("UNHEALTHY", self.unhealthy()),
            report::Verdict::Healthy if self.is_warned() => ("HEALTHY, with warnings", self.healthy()),
            report::Verdict::Healthy => ("HEALTHY", self.healthy()),
            report::Verdict::Inconclusive | report::Verdict::Unspecified => {
                ("INCONCLUSIVE", self.inconclusive())
            }
        }
    }

    fn unhealthy(&self) -> String {
        let causes: Vec<&Finding> = self
            .causes
            .iter()
            .flat_map(|group| group.findings.iter().copied())
            .collect();
        let count = |severity| causes.iter().filter(|cause| cause.severity() == severity).count();
        let severities = match (count(Severity::Critical), count(Severity::Error)) {
            (critical, 0) if critical > 0 => "critical".to_owned(),
            (0, _) => "error".to_owned(),
            (critical, error) => format!("{critical} critical, {error} error"),
        };
        let mut text = format!(
            "{} ({severities})",
            super::text::counted(causes.len(), "root cause")
        );
        let alike = match (self.causes.as_slice(), causes.len() > 1) {
            ([group], true) => format!(", all {}", group.first.code),
            _ => String::new(),
        };
        let paths = &self.report.path;
        let hit = match (self.with(hop::Status::Broken), paths.len()) {
            (_, 0) => String::new(),
            // Of a host that no path leads to, or of a service that is no client.
            (0, all) => format!(", on none of the {}", super::text::counted(all, "path")),
            (broken, all) => {
                let verb = if causes.len() == 1 { "breaks" } else { "break" };
                let comma = if alike.is_empty() { "" } else { "," };
                format!("{comma} {verb} {broken} of {}", super::text::counted(all, "path"))
            }
        };
        text.push_str(&alike);
        text.push_str(&hit);
        text
    }

    /// How many paths are in this state at worst.
    fn with(&self, status: hop::Status) -> usize {
        self.report
            .path
            .iter()
            .filter(|path| worst(path) == status)
            .count()
    }

    /// Whether something troubles the mesh without breaking it. The verdict is HEALTHY all the same: the contract says so.
    fn is_warned(&self) -> bool {
        let warns =
            |finding: &Finding| finding.role() == Role::RootCause && finding.severity() == Severity::Warning;
        self.report.findings.iter().any(warns)
    }

    fn healthy(&self) -> String {
        let passed = super::text::counted(self.passed(), "check");
        let text = match (self.report.path.len(), self.with(hop::Status::Degraded)) {
            (0, _) => format!("no root cause found; {passed} passed"),
            (all, 0) => format!(
                "{} without a fault; {passed} passed",
                super::text::counted(all, "path")
            ),
            (all, degraded) => {
                let paths = super::text::counted(all, "path");
                format!("{degraded} of {paths} degraded, none broken; {passed} passed")
            }
        };
        let notes = |warning: bool| -> usize {
            let alike = self.rest.iter().flat_map(|group| &group.findings);
            alike
                .filter(|finding| (finding.severity() >= Severity::Warning) == warning)
                .count()
        };
        let told = |count, what| match count {
            0 => String::new(),
            count => format!("; {}", super::text::counted(count, what)),
        };
        format!(
            "{text}{}{}",
            told(notes(true), "warning"),
            told(notes(false), "note")
        )
    }

    fn inconclusive(&self) -> String {
        let missing = |wanted: &[collector::Status]| -> Vec<&str> {
            let found = self
                .report
                .collectors
                .iter()
                .filter(|collector| wanted.contains(&collector.status()));
            let names: BTreeSet<&str> = found.map(|collector| collector.name.as_str()).collect();
            names.into_iter().collect()
        };
        let absent = missing(&[collector::Status::Failed, collector::Status::Skipped]);
        let partial = missing(&[collector::Status::Partial]);
        let said = |names: &[&str], how: &str| match names.len() {
            0 => None,
            1 => Some(format!("{} was {how}", names.join(""))),
            2..=4 => Some(format!("{} were {how}", super::text::listed(names))),
            count => Some(format!(
                "{} and {} more sources were {how}",
                names[..3].join(", "),
                count - 3
            )),
        };
        let gaps: Vec<String> = [
            said(&absent, "not collected"),
            said(&partial, "collected in part"),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (gaps.as_slice(), self.report.reasons.as_slice()) {
            ([], [only]) => format!("nothing broken was found, but {}", lower_first(only)),
            ([], _) => "nothing broken was found, but something needed was not seen".to_owned(),
            _ => format!("nothing broken was found, but {}", gaps.join("; ")),
        }
    }

    /// How many checks passed.
    pub fn passed(&self) -> usize {
        let passed = super::v1::check::Status::Passed;
        self.report
            .checks
            .iter()
            .filter(|check| check.status() == passed)
            .count()
    }

    /// Checks that could not be made, by reason, the most first.
    pub fn skipped(&self) -> Vec<(&'a str, Vec<&'a str>)> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        let skipped = super::v1::check::Status::Skipped;
        for check in self
            .report
            .checks
            .iter()
            .filter(|check| check.status() == skipped)
        {
            let reason = check.reason.as_deref().unwrap_or("no reason was given");
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, codes)) => codes.push(&check.code),
                None => reasons.push((reason, vec![&check.code])),
            }
        }
        reasons.sort_by_key(|(_, codes)| std::cmp::Reverse(codes.len()));
        reasons
    }

    /// Collectors that did not bring all they should.
    pub fn troubled(&self) -> impl Iterator<Item = &'a Collector> {
        troubled(self.report)
    }
}

fn troubled(report: &Report) -> impl Iterator<Item = &Collector> {
    let fine = [collector::Status::Ok, collector::Status::Unspecified];
    report
        .collectors
        .iter()
        .filter(move |collector| !fine.contains(&collector.status()))
}

/// Whether a finding says why a collector did not bring all it should.
fn is_gap(finding: &Finding, report: &Report) -> bool {
    let of_collection = finding.layer == "collection" && finding.severity() >= Severity::Warning;
    of_collection && troubled(report).any(|collector| is_about(finding, collector))
}

/// Whether a finding's evidence is what became of this collector.
pub(super) fn is_about(finding: &Finding, collector: &Collector) -> bool {
    finding
        .evidence
        .iter()
        .any(|piece| piece.source == collector.name)
}

impl Group<'_> {
    /// The worst among them.
    pub fn severity(&self) -> Severity {
        self.findings
            .iter()
            .map(|finding| finding.severity())
            .max()
            .unwrap_or(Severity::Info)
    }
}

/// The word for a severity, as the report writes it.
pub(super) fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::Error => "ERROR",
        Severity::Warning => "WARNING",
        Severity::Info | Severity::Unspecified => "INFO",
    }
}

/// `CloudRunService fortio, project mesh-prod, us-central1`.
pub(super) fn subject_line(subject: Option<&Subject>) -> String {
    let Some(subject) = subject else {
        return String::new();
    };
    let name = match subject
        .namespace
        .as_deref()
        .filter(|namespace| !namespace.is_empty())
    {
        Some(namespace) => format!("{namespace}/{}", subject.name),
        None => subject.name.clone(),
    };
    let project = subject
        .project
        .as_deref()
        .filter(|project| !project.is_empty() && *project != subject.name);
    let location = subject.location.clone().filter(|location| !location.is_empty());
    let place = [project.map(|project| format!("project {project}")), location];
    let parts = [Some(format!("{} {name}", subject.kind).trim().to_owned())]
        .into_iter()
        .chain(place);
    parts.flatten().collect::<Vec<_>>().join(", ")
}

/// The worst of a path's hops, where BROKEN is worse than DEGRADED, and that than UNKNOWN.
pub(super) fn worst(path: &Path) -> hop::Status {
    let badness = |status: &hop::Status| match status {
        hop::Status::Broken => 3,
        hop::Status::Degraded => 2,
        hop::Status::Unknown | hop::Status::Unspecified => 1,
        hop::Status::Ok => 0,
    };
    path.hops
        .iter()
        .map(super::v1::Hop::status)
        .max_by_key(badness)
        .unwrap_or(hop::Status::Unknown)
}

/// What a person has to do by hand in a fix, in words.
pub(super) fn advice(actions: &[Action]) -> impl Iterator<Item = &str> {
    actions
        .iter()
        .filter(|action| action.kind == "manual")
        .filter_map(|action| action.fields.get("text"))
        .map(String::as_str)
}

fn by_code(findings: Vec<&Finding>) -> Vec<Symptoms<'_>> {
    let mut groups: Vec<Symptoms> = Vec::new();
    for finding in findings {
        match groups.iter_mut().find(|group| group.first.code == finding.code) {
            // One symptom may be explained by several causes of the group.
            Some(group) if group.findings.iter().any(|known| std::ptr::eq(*known, finding)) => {}
            Some(group) => group.findings.push(finding),
            None => groups.push(Symptoms {
                first: finding,
                findings: vec![finding],
            }),
        }
    }
    groups
}

/// The ids of the findings at the end of the chain of explanations.
fn causes_of<'a>(
    symptom: &'a Finding,
    by_id: &BTreeMap<&'a str, &'a Finding>,
    roots: &BTreeMap<&'a str, &'a Finding>,
) -> BTreeSet<&'a str> {
    let (mut open, mut seen, mut found) = (vec![symptom], BTreeSet::new(), BTreeSet::new());
    while let Some(finding) = open.pop() {
        for id in finding
            .explained_by
            .iter()
            .map(String::as_str)
            .filter(|id| seen.insert(*id))
        {
            if roots.contains_key(id) {
                found.insert(id);
            } else {
                open.extend(by_id.get(id));
            }
        }
    }
    found
}

/// A sentence in the middle of another; a code or a name keeps its capitals.
fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.trim_end_matches('.').chars();
    match (chars.next(), chars.as_str()) {
        (Some(first), rest) if rest.starts_with(|c: char| c.is_lowercase()) => {
            format!("{}{rest}", first.to_lowercase())
        }
        _ => sentence.trim_end_matches('.').to_owned(),
    }
}
