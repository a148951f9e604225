//! Warnings and advice: what breaks nothing, or not yet.
use super::page::Page;
use super::style;
use crate::report::outline::{Group, Outline, severity_word, subject_line};
use crate::report::text::{one_line, wrap_at_most};

const SHOWN: usize = 8;

pub(super) fn section(outline: &Outline, page: &mut Page) {
    if outline.rest.is_empty() {
        return;
    }
    page.heading("warnings and advice");
    page.few(&outline.rest, SHOWN, note);
}

fn note(page: &mut Page, group: &Group) {
    let first = group.first;
    let word = severity_word(group.severity());
    let badge = page.paint(style::severity(group.severity()), word);
    let more = match group.findings.len() {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let codes: Vec<&str> = group
        .symptoms
        .iter()
        .map(|symptom| symptom.first.code.as_str())
        .collect();
    let explains = if codes.is_empty() {
        String::new()
    } else {
        format!(" Explains {}.", codes.join(", "))
    };
    let subject = match first.subject.as_ref() {
        Some(subject) if !first.summary.contains(&subject.name) => {
            format!("{}: ", subject_line(Some(subject)))
        }
        _ => String::new(),
    };
    let text = format!(
        "{}{more} {subject}{}{explains}",
        first.code,
        one_line(&first.summary)
    );
    let most = if page.options.verbose { usize::MAX } else { 2 };
    for (number, line) in wrap_at_most(&text, page.width().min(120) - 11, most)
        .iter()
        .enumerate()
    {
        let (badge, pad) = if number == 0 {
            (badge.as_str(), 9 - word.len())
        } else {
            ("", 9)
        };
        page.line(&format!("  {badge}{:pad$}{line}", ""));
    }
    if page.options.verbose {
        for fix in group.findings.iter().flat_map(|finding| &finding.fixes) {
            page.labelled_prose("fix", &fix.title, usize::MAX);
            for command in &fix.commands {
                page.command(command);
            }
        }
    }
}
