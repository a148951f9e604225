//! What must be collected so that the selected rules can answer as if everything had been.
use super::RuleSet;
use super::engine::Selection;
use crate::logs::Signature;
use crate::mesh::reads;
use std::collections::BTreeSet;

/// In place of a rule's own signatures those of all rules are wanted.
const EVERY_SIGN: &str = "logging/signs";

/// Sources and listings by name, as a rule's `needs` has them; `None`: everything.
pub fn of(set: &RuleSet, selection: &Selection) -> Option<BTreeSet<String>> {
    if selection.is_everything() {
        return None;
    }
    let mut sources = BTreeSet::new();
    for rule in set.rules.iter().filter(|rule| selection.takes(rule)) {
        sources.extend(rule.file.needs.iter().map(|need| need.value.clone()));
        let read = reads::sources(rule.kind(), &rule.facts)?;
        sources.extend(read.into_iter().map(str::to_owned));
    }
    Some(sources)
}

/// What is looked for in logs by those who need these sources.
pub fn signatures<'s>(
    set: &'s RuleSet,
    selection: &Selection,
    sources: Option<&BTreeSet<String>>,
) -> impl Iterator<Item = &'s Signature> {
    let every = sources.is_none_or(|sources| sources.contains(EVERY_SIGN));
    let wanted = set
        .rules
        .iter()
        .filter(move |rule| every || selection.takes(rule));
    wanted.flat_map(|rule| &rule.signatures)
}
