//! What can only be seen across rules: codes that are explained but do not exist, and circles of explanation.
use super::{Rule, RuleError, template};
use std::collections::{BTreeMap, BTreeSet};

/// Problems of the set as a whole.
pub fn across(rules: &[Rule]) -> Vec<RuleError> {
    let codes: BTreeSet<&str> = rules.iter().map(Rule::code).collect();
    let mut problems = Vec::new();
    for rule in rules {
        for explained in &rule.file.explains {
            let code = explained.value.as_str();
            if !codes.contains(code) {
                problems.push(RuleError::new(
                    &rule.origin,
                    template::place(explained),
                    format!("explains {code}, which is no rule"),
                    "name a rule that exists, or drop it",
                ));
            }
        }
    }
    problems.extend(circle(rules));
    problems
}

/// A circle would leave a set of findings without a root.
fn circle(rules: &[Rule]) -> Option<RuleError> {
    let explains: BTreeMap<&str, Vec<&str>> = rules
        .iter()
        .map(|r| {
            (
                r.code(),
                r.file.explains.iter().map(|e| e.value.as_str()).collect(),
            )
        })
        .collect();
    for rule in rules {
        let mut seen = BTreeSet::new();
        let mut open: Vec<&str> = explains.get(rule.code()).cloned().unwrap_or_default();
        while let Some(code) = open.pop() {
            if code == rule.code() {
                return Some(RuleError::new(
                    &rule.origin,
                    template::place(&rule.file.code),
                    format!("{code} explains itself in a circle"),
                    "an explanation leads from a cause to its symptoms and never back",
                ));
            }
            if seen.insert(code) {
                open.extend(explains.get(code).into_iter().flatten());
            }
        }
    }
    None
}
