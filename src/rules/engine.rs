//! The engine: every selected rule against every subject of its kind.
//!
//! Three answers a rule: FAILED, PASSED, or SKIPPED with the reason. A fact that is not known makes the rule undecided for that
//! subject, never passed.
use super::concern::{Directory, Named};
use super::expression::{Verdict, facts, holds};
use super::rule::FixTemplate;
use super::{Layer, Rule, RuleSet, Severity, template};
use crate::fix::{self, Action};
use crate::logs::LogEvidence;
use crate::mesh::subject::{About, Identity, Subject};
use crate::mesh::{Mesh, reads};
use crate::snapshot::{Availability, Snapshot};
use cel::{Context, Value};
use indexmap::IndexMap;
use std::collections::{BTreeMap, BTreeSet};

/// Which rules to run; empty means all.
#[derive(Debug, Default, Clone)]
pub struct Selection {
    pub layers: BTreeSet<Layer>,
    pub codes: BTreeSet<String>,
}

impl Selection {
    /// A rule is selected by its layer or by its code; with neither given, always.
    pub fn takes(&self, rule: &Rule) -> bool {
        (self.layers.is_empty() && self.codes.is_empty())
            || self.layers.contains(&rule.file.layer)
            || self.codes.contains(rule.code())
    }

    pub fn is_everything(&self) -> bool {
        self.layers.is_empty() && self.codes.is_empty()
    }
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    Likely,
    Confirmed,
}

/// A rule that fired on a subject.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The code and the subject: the same from run to run.
    pub id: String,
    /// Index into the rule set.
    pub rule: usize,
    pub subject: Identity,
    pub about: About,
    /// Whom of these the rule names.
    pub named: Named,
    pub severity: Severity,
    pub confidence: Confidence,
    pub summary: String,
    pub explanation: String,
    pub evidence: Vec<Evidence>,
    pub fixes: Vec<Fix>,
}

/// What proves it.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub source: String,
    pub locator: String,
    pub excerpt: String,
    pub count: Option<u64>,
    pub first_seen: Option<String>,
    pub last_seen: Option<String>,
    /// More was logged than was counted.
    pub at_least: bool,
}

/// What mends it, with every text filled in.
#[derive(Debug, Clone)]
pub struct Fix {
    pub title: String,
    pub actions: Vec<Action>,
    /// By membership what to call its cluster, where the snapshot knows of several.
    pub clusters: BTreeMap<String, String>,
}

/// What became of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Failed,
    Passed,
    Skipped(String),
}

/// One rule's answer.
#[derive(Debug, Clone)]
pub struct Check {
    /// Index into the rule set.
    pub rule: usize,
    pub status: Status,
    /// How many subjects it looked at.
    pub subjects: usize,
    /// An expression of it failed: the rule itself is wrong.
    pub broken: bool,
}

/// What the engine found.
#[derive(Debug, Default)]
pub struct Outcome {
    pub findings: Vec<Finding>,
    pub checks: Vec<Check>,
}

/// Joins the evidence and runs the selected rules on each subject as it is made.
pub fn run(set: &RuleSet, snapshot: &Snapshot, logs: &LogEvidence, selection: &Selection) -> (Mesh, Outcome) {
    let mut bench = Bench::new(set, snapshot, selection);
    let mesh = Mesh::build(snapshot, logs, &mut |kind, subject| bench.judge(kind, &subject));
    let outcome = bench.close(&mesh);
    (mesh, outcome)
}

/// Where the selected rules sit, each with what is known of its answer so far.
struct Bench<'r> {
    set: &'r RuleSet,
    answers: BTreeMap<usize, Answer>,
    /// Rules that can run, by the kind of their subjects.
    by_kind: BTreeMap<&'r str, Vec<usize>>,
    /// By kind, in the order in which kinds come up.
    findings: IndexMap<&'static str, Vec<Finding>>,
    root: Context<'static, 'static>,
}

impl<'r> Bench<'r> {
    fn new(set: &'r RuleSet, snapshot: &Snapshot, selection: &Selection) -> Self {
        let mut bench = Self {
            set,
            answers: BTreeMap::new(),
            by_kind: BTreeMap::new(),
            findings: IndexMap::new(),
            root: Context::default(),
        };
        for (index, rule) in set.rules.iter().enumerate() {
            if !selection.takes(rule) {
                continue;
            }
            let answer = Answer::of_evidence(rule, snapshot);
            if answer.missing.is_none() {
                bench.by_kind.entry(rule.kind()).or_default().push(index);
            }
            bench.answers.insert(index, answer);
        }
        bench
    }

    fn judge(&mut self, kind: &'static str, subject: &Subject) {
        let findings = self.findings.entry(kind).or_default();
        if let Some(rules) = self.by_kind.get(kind) {
            judge(self.set, subject, rules, &self.root, &mut self.answers, findings);
        }
    }

    fn close(self, mesh: &Mesh) -> Outcome {
        let mut findings: Vec<Finding> = self.findings.into_values().flatten().collect();
        let directory = Directory::new(mesh);
        for finding in &mut findings {
            directory.narrow(&mut finding.about, &finding.named);
        }
        if mesh.clusters.len() > 1 {
            for fix in findings.iter_mut().flat_map(|finding| &mut finding.fixes) {
                let of_fix = fix
                    .actions
                    .iter()
                    .filter_map(|action| mesh.clusters.get_key_value(action.membership()));
                fix.clusters = of_fix
                    .map(|(membership, name)| (membership.clone(), name.clone()))
                    .collect();
            }
        }
        let checks = self.answers.into_iter().map(|(rule, answer)| Check {
            rule,
            subjects: answer.subjects,
            broken: answer.broken,
            status: answer.status(),
        });
        Outcome {
            findings,
            checks: checks.collect(),
        }
    }
}

/// What is known of a rule's answer so far.
#[derive(Debug, Default)]
struct Answer {
    /// Evidence without which it cannot run.
    missing: Option<String>,
    /// Evidence of which only a part was had: it can fail but not pass.
    partial: Option<String>,
    subjects: usize,
    undecided: Option<String>,
    broken: bool,
    fired: bool,
}

impl Answer {
    fn of_evidence(rule: &Rule, snapshot: &Snapshot) -> Self {
        let mut answer = Self::default();
        for need in &rule.file.needs {
            match snapshot.availability(&need.value) {
                Availability::Complete => {}
                Availability::Partial(reason) => _ = answer.partial.get_or_insert(reason),
                Availability::Missing(reason) => _ = answer.missing.get_or_insert(reason),
            }
        }
        // What was refused may hide subjects, or change what is known of them.
        let decides = [&rule.about, &rule.when].into_iter().flatten();
        let facts: BTreeSet<String> = decides.flat_map(facts).collect();
        let read = reads::cluster_listings(rule.kind(), &facts);
        let mut refused = read.into_iter().filter_map(|listing| snapshot.refused(listing));
        answer.partial = answer.partial.or_else(|| refused.next());
        answer
    }

    fn leave_open(&mut self, subject: &Subject, verdict: Verdict) {
        self.broken |= matches!(verdict, Verdict::Broken(_));
        self.undecided.get_or_insert_with(|| undecided(subject, verdict));
    }

    fn status(self) -> Status {
        if self.fired {
            Status::Failed
        } else if let Some(reason) = self.missing.or(self.undecided).or(self.partial) {
            Status::Skipped(reason)
        } else {
            Status::Passed
        }
    }
}

/// All rules of its kind on one subject, whose value is built once.
fn judge(
    set: &RuleSet,
    subject: &Subject,
    rules: &[usize],
    root: &Context,
    answers: &mut BTreeMap<usize, Answer>,
    findings: &mut Vec<Finding>,
) {
    let value = match subject.facts.cel() {
        Ok(value) => value,
        Err(error) => {
            for index in rules {
                if let Some(answer) = answers.get_mut(index) {
                    answer.undecided.get_or_insert_with(|| {
                        format!("{} could not be prepared: {error}", subject.identity.name)
                    });
                }
            }
            return;
        }
    };
    let mut context = root.new_inner_scope();
    context.add_variable_from_value("subject", value);
    for index in rules {
        let rule = &set.rules[*index];
        if subject.code.as_deref().is_some_and(|code| code != rule.code()) {
            continue;
        }
        let Some(answer) = answers.get_mut(index) else {
            continue;
        };
        match rule
            .about
            .as_ref()
            .map_or(Verdict::Yes, |about| holds(about, &context))
        {
            Verdict::Yes => answer.subjects += 1,
            Verdict::No => continue,
            other => {
                answer.subjects += 1;
                answer.leave_open(subject, other);
                continue;
            }
        }
        match rule
            .when
            .as_ref()
            .map_or(Verdict::Yes, |when| holds(when, &context))
        {
            Verdict::Yes => {
                answer.fired = true;
                findings.push(finding(set, *index, subject, &context));
            }
            Verdict::No => {}
            other => answer.leave_open(subject, other),
        }
    }
}

/// Why a subject is undecided, in words.
fn undecided(subject: &Subject, verdict: Verdict) -> String {
    let name = &subject.identity.name;
    match verdict {
        Verdict::Unknown(key) => match subject
            .facts
            .unknowns()
            .into_iter()
            .find(|(field, _)| *field == key)
        {
            Some((_, reason)) => format!("{name}: {reason}"),
            None => format!("{name}: the rule asks for `{key}`, which this kind of subject does not have"),
        },
        Verdict::Broken(problem) => format!("{name}: the rule is wrong: {problem}"),
        Verdict::Yes | Verdict::No => name.clone(),
    }
}

fn finding(set: &RuleSet, index: usize, subject: &Subject, context: &Context) -> Finding {
    let rule = &set.rules[index];
    let values = subject.facts.template();
    let render = |text: &str| template::render(&set.environment, text, &values, None);
    let severity = rule
        .severity_when
        .iter()
        .find(|(when, _)| holds(when, context) == Verdict::Yes)
        .map_or(rule.file.severity, |(_, severity)| *severity);
    let likely = rule
        .likely_when
        .as_ref()
        .is_some_and(|when| holds(when, context) == Verdict::Yes);
    let fixes = rule
        .file
        .fixes
        .iter()
        .zip(&rule.fixes_when)
        .filter(|(_, when)| {
            when.as_ref()
                .is_none_or(|when| holds(when, context) == Verdict::Yes)
        })
        .map(|(fix, _)| filled(fix, &render))
        .collect();
    Finding {
        id: id(rule.code(), &subject.identity),
        rule: index,
        subject: subject.identity.clone(),
        about: subject.about.clone(),
        named: Named::new(rule, context),
        severity,
        confidence: if likely {
            Confidence::Likely
        } else {
            Confidence::Confirmed
        },
        summary: prose(&render(&rule.file.summary.value)),
        explanation: prose(&render(&rule.file.explanation.value)),
        evidence: evidence(set, rule, &values, context),
        fixes,
    }
}

/// One line with single spaces, whatever branches of a template leave between words.
fn prose(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `MD101/CloudRunService/mesh-prod/us-central1/fortio`.
fn id(code: &str, subject: &Identity) -> String {
    let mut id = format!("{code}/{}", subject.kind);
    for part in [&subject.project, &subject.location, &subject.namespace]
        .into_iter()
        .flatten()
    {
        id.push('/');
        id.push_str(part);
    }
    id.push('/');
    id.push_str(&subject.name);
    id
}

fn filled(fix: &FixTemplate, render: &impl Fn(&str) -> String) -> Fix {
    let mut actions = fix.actions.clone();
    for action in &mut actions {
        for text in action.texts_mut() {
            *text = render(text);
        }
        if let Action::Manual(manual) = action {
            manual.text = prose(&manual.text);
        }
    }
    Fix {
        title: prose(&render(&fix.title.value)),
        actions: fix::completed(actions),
        clusters: BTreeMap::new(),
    }
}

fn evidence(set: &RuleSet, rule: &Rule, values: &minijinja::Value, context: &Context) -> Vec<Evidence> {
    let mut pieces = Vec::new();
    for (text, (when, each)) in rule.file.evidence.iter().zip(&rule.evidence) {
        if when
            .as_ref()
            .is_some_and(|when| holds(when, context) != Verdict::Yes)
        {
            continue;
        }
        let mut piece = |item: Option<&minijinja::Value>| {
            pieces.push(Evidence {
                source: template::render(&set.environment, &text.source.value, values, item),
                locator: template::render(&set.environment, &text.locator.value, values, item),
                excerpt: template::render(&set.environment, &text.excerpt.value, values, item),
                ..logged(rule, values)
            });
        };
        match each.as_ref().map(|each| each.execute(context)) {
            None => piece(None),
            Some(Ok(Value::List(items))) => {
                for item in items.iter() {
                    match item.json() {
                        Ok(item) => piece(Some(&minijinja::Value::from(minijinja::value::Serde(&item)))),
                        Err(_) => piece(None),
                    }
                }
            }
            Some(_) => {}
        }
    }
    pieces
}

/// Count and times, for a rule over log records.
fn logged(rule: &Rule, values: &minijinja::Value) -> Evidence {
    if rule.kind() != "log" {
        return Evidence::default();
    }
    let text = |name: &str| {
        let value = values.get_attr(name).ok()?;
        value.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
    };
    Evidence {
        count: values.get_attr("count").ok().and_then(|v| u64::try_from(v).ok()),
        first_seen: text("first_seen"),
        last_seen: text("last_seen"),
        at_least: values.get_attr("at_least").is_ok_and(|v| v.is_true()),
        ..Evidence::default()
    }
}
