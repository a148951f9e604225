//! What every text of a report promises, on the fixtures of all rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::report::v1::Finding;
use crate::rules::fixture::{self, Fixture};
use crate::snapshot::read;
use std::fs;
use std::path::Path;

/// Every finding of every fixture that fires, with the fixture's name.
fn findings() -> Vec<(String, Finding)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let set = RuleSet::with(&[]).unwrap();
    let mut all = Vec::new();
    for rule in &set.rules {
        for path in fixture::files(&fixtures, rule.code()).unwrap() {
            if fixture::must_fire(&path) != Some(true) {
                continue;
            }
            let fixture: Fixture = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
            let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
            let name = format!("{}/{}", rule.code(), path.file_stem().unwrap().to_string_lossy());
            all.extend(report.findings.into_iter().map(|finding| (name.clone(), finding)));
        }
    }
    all
}

/// What is wrong with a text that a rule wrote, if anything.
fn fault(text: &str) -> Option<&'static str> {
    const STRAY: [&str; 16] = [
        "  ",
        " ,",
        " .",
        " ;",
        " :",
        ",,",
        "..",
        ";;",
        ",.",
        ".,",
        "( ",
        " )",
        "()",
        ": .",
        "; .",
        "could not be made",
    ];
    // Words of other programs are quoted as they are.
    let own = text.replace("missing ): (", "").replace("...", "");
    let last = text.chars().last().unwrap_or('.');
    let found = STRAY.into_iter().find(|stray| own.contains(stray));
    found.or((last == ',' || last == ':' || last == ';').then_some("an end that is none"))
}

#[test]
fn no_text_of_a_rule_has_stray_punctuation_or_a_template_that_failed() {
    let mut faults = Vec::new();
    for (fixture, finding) in findings() {
        let manual = |action: &v1::Action| action.fields.get("text").cloned();
        let fixes = finding
            .fixes
            .iter()
            .flat_map(|f| f.actions.iter().filter_map(manual).chain([f.title.clone()]));
        for text in [finding.summary.clone(), finding.explanation.clone()]
            .into_iter()
            .chain(fixes)
        {
            if let Some(fault) = fault(&text) {
                faults.push(format!("{fixture}: {} {fault:?} in: {text}", finding.code));
            }
        }
        let evidence = finding.evidence.iter().flat_map(|e| [&e.locator, &e.excerpt]);
        let commands = finding.fixes.iter().flat_map(|f| &f.commands);
        for text in evidence
            .chain(commands)
            .filter(|text| text.contains("could not be made") || text.is_empty())
        {
            faults.push(format!("{fixture}: {} {text:?}", finding.code));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_explanation_begins_with_one_sentence_that_can_be_taken_in() {
    let mut long: Vec<String> = findings()
        .into_iter()
        .filter(|(fixture, finding)| fixture.starts_with(&finding.code))
        .filter_map(|(fixture, finding)| {
            let first = finding
                .explanation
                .split(". ")
                .next()
                .unwrap_or_default()
                .chars()
                .count();
            (first > 272).then(|| format!("{fixture}: {first} characters: {}", finding.explanation))
        })
        .collect();
    long.sort();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_command_of_a_fix_has_an_empty_value() {
    for (fixture, finding) in findings() {
        for command in finding.fixes.iter().flat_map(|f| &f.commands) {
            let empty = command
                .split_whitespace()
                .any(|word| word.ends_with("=''") || (word.starts_with("--") && word.ends_with('=')));
            assert!(!empty, "{fixture}: {command}");
        }
    }
}
