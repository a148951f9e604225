//! What collectors noted and what is no failure: of clusters always (a kind that is not served has no objects), else with `-v`.
use super::page::Page;
use crate::report::text::{listed, one_line};
use crate::report::v1::{Report, collector};

const NOTES: usize = 6;
/// Lines of a note: twenty kinds.
const LINES: usize = 10;

pub(super) fn section(report: &Report, page: &mut Page) {
    let verbose = page.options.verbose;
    let told = report.collectors.iter().filter(|collector| {
        // Why one was not asked is told by the checks that needed it.
        collector.status() != collector::Status::Skipped && (verbose || collector.name == "kubernetes")
    });
    let notes = joined(told.flat_map(|collector| &collector.notes));
    if notes.is_empty() {
        return;
    }
    page.heading("noted while collecting");
    page.few(&notes, NOTES, |page, note| page.item(note, LINES));
}

/// Notes that differ in their last word only (`cluster prod does not serve …`) become one.
fn joined<'a>(notes: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut found: Vec<(&str, Vec<&str>)> = Vec::new();
    for note in notes {
        let (start, end) = note.rsplit_once(' ').unwrap_or((note, ""));
        match found.iter_mut().find(|(known, _)| *known == start) {
            Some((_, ends)) => ends.push(end),
            None => found.push((start, vec![end])),
        }
    }
    let whole = |(start, ends): (&str, Vec<&str>)| one_line(&format!("{start} {}", listed(&ends)));
    found.into_iter().map(whole).collect()
}
