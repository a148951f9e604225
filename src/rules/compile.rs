//! A rule made ready to run: expressions, signatures, texts.
use super::rule::{AccessPattern, LogPattern, RuleFile, Text};
use super::{Layer, RuleError, Severity, expression, template};
use crate::fix::Action;
use crate::logs::{AccessMatch, Matcher, Signature};
use crate::mesh::facts::{FieldDoc, kinds};
use crate::snapshot;
use cel::Program;
use minijinja::Environment;
use regex::Regex;
use std::collections::BTreeSet;

/// A checked rule.
#[derive(Debug)]
pub struct Rule {
    /// The file as the user named it, or its path among the built-in ones.
    pub origin: String,
    pub file: RuleFile,
    pub(super) built_in: bool,
    pub about: Option<Program>,
    pub when: Option<Program>,
    pub severity_when: Vec<(Program, Severity)>,
    pub likely_when: Option<Program>,
    /// What names the clients and the hosts that it concerns.
    pub concerns: (Option<Program>, Option<Program>),
    /// `when` and `each` of every piece of evidence.
    pub evidence: Vec<(Option<Program>, Option<Program>)>,
    pub fixes_when: Vec<Option<Program>>,
    pub signatures: Vec<Signature>,
    /// Facts of the subject that its expressions and texts ask for, by name.
    pub facts: BTreeSet<String>,
}

impl Rule {
    pub fn code(&self) -> &str {
        &self.file.code.value
    }

    /// Whether it came with the program.
    pub fn is_built_in(&self) -> bool {
        self.built_in
    }

    pub fn kind(&self) -> &str {
        &self.file.for_each.value
    }
}

/// Parses and checks one file. Returns every problem found, not just the first.
pub fn compile(origin: &str, yaml: &str, environment: &Environment<'static>) -> Result<Rule, Vec<RuleError>> {
    let file: RuleFile = serde_saphyr::from_str(yaml).map_err(|error| {
        let at = error.location().map_or((0, 0), |l| (l.line(), l.column()));
        let text = error.to_string();
        let first = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        let problem = first
            .strip_prefix(&format!("line {} column {}: ", at.0, at.1))
            .unwrap_or(first);
        vec![RuleError::new(origin, at, problem, remedy(problem))]
    })?;
    let mut checker = Checker {
        origin,
        environment,
        problems: Vec::new(),
        fields: Vec::new(),
        asked: BTreeSet::new(),
        kind: file.for_each.value.clone(),
    };
    match kinds()
        .into_iter()
        .find(|(name, ..)| *name == file.for_each.value)
    {
        Some((_, _, fields)) => checker.fields = fields,
        None => {
            let names: Vec<&str> = kinds().iter().map(|k| k.0).collect();
            checker.problem(
                &file.for_each,
                format!("unknown kind of subject `{}`", file.for_each.value),
                format!("one of {}", names.join(", ")),
            );
            return Err(checker.problems);
        }
    }
    checker.header(&file);
    let rule = checker.body(origin, file);
    if checker.problems.is_empty() {
        Ok(rule)
    } else {
        Err(checker.problems)
    }
}

/// What to do about YAML that does not fit: the nearest of the names that the problem says are expected.
fn remedy(problem: &str) -> String {
    const SEE: &str = "see CONTRIBUTING.md for the fields of a rule";
    let wrong = problem.split('`').nth(1);
    let near = problem
        .split_once("expected one of ")
        .and_then(|(_, known)| expression::nearest(wrong?, known.split(", ")));
    near.map_or_else(|| SEE.into(), |near| format!("did you mean `{near}`? {SEE}"))
}

struct Checker<'a> {
    origin: &'a str,
    environment: &'a Environment<'static>,
    problems: Vec<RuleError>,
    fields: Vec<FieldDoc>,
    /// Facts that were asked for so far.
    asked: BTreeSet<String>,
    kind: String,
}

impl Checker<'_> {
    fn problem(&mut self, text: &Text, problem: impl Into<String>, remedy: impl Into<String>) {
        self.problems.push(RuleError::new(
            self.origin,
            template::place(text),
            problem,
            remedy,
        ));
    }

    fn header(&mut self, file: &RuleFile) {
        let code = &file.code.value;
        if !(code.len() >= 3 && code.is_char_boundary(2) && code[2..].bytes().all(|b| b.is_ascii_digit())) {
            self.problem(
                &file.code,
                format!("`{code}` is not a code"),
                "two letters and digits, such as MD101",
            );
        }
        let stem = self
            .origin
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".yaml");
        let wanted = format!("{code}-{}", file.name);
        if stem != wanted {
            self.problem(
                &file.code,
                format!("the file is called {stem}"),
                format!("call it {wanted}.yaml"),
            );
        }
        for need in &file.needs {
            if !snapshot::all_needs().contains(&need.value.as_str()) {
                self.problem(
                    need,
                    format!("unknown evidence `{}`", need.value),
                    format!("one of {}", snapshot::all_needs().join(", ")),
                );
            }
        }
        if file.layer == Layer::Collection {
            self.about_collection(file);
        } else if file.needs.is_empty() {
            self.problem(
                &file.code,
                "`needs` is empty: the rule would pass on no evidence at all",
                "name the sources it looks at",
            );
        }
        if !file.logs.is_empty() && file.for_each.value != "log" {
            self.problem(
                &file.for_each,
                "signatures need `for_each: log`",
                "make it a log rule, or drop `logs`",
            );
        }
        if file.logs.is_empty() && file.for_each.value == "log" {
            self.problem(&file.for_each, "a log rule without signatures", "add `logs`");
        }
    }

    /// What could not be seen is no fault of the mesh: it neither makes a world unhealthy nor explains anything.
    fn about_collection(&mut self, file: &RuleFile) {
        let severities = file.severity_when.iter().map(|when| when.severity);
        if severities
            .chain([file.severity])
            .any(|severity| severity > Severity::Warning)
        {
            self.problem(
                &file.code,
                "a rule of the layer collection is no more than a warning",
                "severity: warning or info",
            );
        }
        if let Some(code) = file.explains.first() {
            self.problem(
                code,
                "a rule of the layer collection explains nothing",
                "drop `explains`",
            );
        }
    }

    fn body(&mut self, origin: &str, file: RuleFile) -> Rule {
        self.text(&file.summary, false);
        self.text(&file.explanation, false);
        let severity_when = file
            .severity_when
            .iter()
            .filter_map(|s| Some((self.program(&s.when)?, s.severity)))
            .collect();
        let mut evidence = Vec::new();
        for piece in &file.evidence {
            self.text(&piece.source, piece.each.is_some());
            self.text(&piece.locator, piece.each.is_some());
            self.text(&piece.excerpt, piece.each.is_some());
            evidence.push((
                self.optional(piece.when.as_ref()),
                self.optional(piece.each.as_ref()),
            ));
        }
        let mut fixes_when = Vec::new();
        for fix in &file.fixes {
            self.text(&fix.title, false);
            fixes_when.push(self.optional(fix.when.as_ref()));
            for action in &fix.actions {
                self.action(&fix.title, action);
            }
        }
        let signatures = file
            .logs
            .iter()
            .filter_map(|pattern| self.signature(&file, pattern))
            .collect();
        Rule {
            built_in: false,
            origin: origin.to_owned(),
            about: self.optional(file.about.as_ref()),
            when: self.optional(file.when.as_ref()),
            likely_when: self.optional(file.likely_when.as_ref()),
            concerns: (
                self.optional(file.concerns.clients.as_ref()),
                self.optional(file.concerns.hosts.as_ref()),
            ),
            severity_when,
            evidence,
            fixes_when,
            signatures,
            file,
            facts: std::mem::take(&mut self.asked),
        }
    }

    fn program(&mut self, text: &Text) -> Option<Program> {
        match expression::compile(self.origin, text) {
            Ok(program) => {
                self.problems.extend(expression::check(
                    self.origin,
                    text,
                    &program,
                    &self.kind,
                    &self.fields,
                ));
                self.asked.extend(expression::facts(&program));
                Some(program)
            }
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    fn optional(&mut self, text: Option<&Text>) -> Option<Program> {
        text.and_then(|text| self.program(text))
    }

    fn text(&mut self, text: &Text, with_item: bool) {
        self.asked.extend(template::facts(self.environment, &text.value));
        self.problems.extend(template::check(
            self.environment,
            self.origin,
            &text.value,
            template::place(text),
            &self.kind,
            &self.fields,
            with_item,
        ));
    }

    fn action(&mut self, near: &Text, action: &Action) {
        let mut action = action.clone();
        for text in action.texts_mut() {
            self.asked.extend(template::facts(self.environment, text));
            self.problems.extend(template::check(
                self.environment,
                self.origin,
                text,
                template::place(near),
                &self.kind,
                &self.fields,
                false,
            ));
        }
    }

    fn signature(&mut self, file: &RuleFile, pattern: &LogPattern) -> Option<Signature> {
        let matcher = match (&pattern.pattern, &pattern.access) {
            (Some(text), None) => Matcher::Message {
                pattern: self.regex(text)?,
                log: pattern.log.clone(),
            },
            (None, Some(access)) => Matcher::Access(self.access(access)?),
            _ => {
                self.problem(
                    &file.code,
                    "a signature has either `pattern` or `access`",
                    "keep one of the two",
                );
                return None;
            }
        };
        let signature = Signature {
            code: file.code.value.clone(),
            matcher,
            by: pattern.by.iter().map(|b| b.value.clone()).collect(),
        };
        if !signature.has_literal() {
            self.problem(
                pattern.pattern.as_ref().unwrap_or(&file.code),
                "the signature has no literal text of four bytes or more to search for first",
                "add words that the line always has: without them every line must be parsed",
            );
        }
        Some(signature)
    }

    fn access(&mut self, access: &AccessPattern) -> Option<AccessMatch> {
        Some(AccessMatch {
            flags: access.flags.clone(),
            details: match &access.details {
                Some(text) => Some(self.regex(text)?),
                None => None,
            },
            failure: match &access.failure {
                Some(text) => Some(self.regex(text)?),
                None => None,
            },
            status: access.status.clone(),
        })
    }

    fn regex(&mut self, text: &Text) -> Option<Regex> {
        match Regex::new(&text.value) {
            Ok(regex) => Some(regex),
            Err(error) => {
                let problem = error.to_string();
                let last = problem
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim_start_matches("error: ")
                    .to_owned();
                self.problem(
                    text,
                    format!("not a regex: {last}"),
                    "linear-time regexes only: no look-around, no back-references",
                );
                None
            }
        }
    }
}
