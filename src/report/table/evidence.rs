//! Pieces of evidence: where, how often and when, and the excerpt.
use super::page::Page;
use super::{excerpt, style};
use crate::report::outline::Group;
use crate::report::text::{cut_end, cut_middle, occurrences, one_line, width};
use crate::report::v1::{Evidence, Finding, Report};

/// The proof of a finding, the first `most` pieces.
pub(super) fn section(finding: &Finding, group: &Group, report: &Report, most: usize, page: &mut Page) {
    let most = if page.options.verbose { usize::MAX } else { most };
    let mut lines = Vec::new();
    for piece in finding.evidence.iter().take(most) {
        // A log line that a symptom shows too: the symptom's record has the count and the times.
        let counted = log_lines(group)
            .map(|(_, line)| line)
            .find(|line| line.excerpt == piece.excerpt);
        lines.extend(piece_of(
            counted.unwrap_or(piece),
            report,
            page.labelled_width(),
            page,
        ));
    }
    if finding.evidence.len() > most {
        lines.push(format!("… and {} more", finding.evidence.len() - most));
    }
    page.labelled("evidence", &lines);
}

/// One piece of evidence: where, how often and when; then the excerpt.
pub(super) fn piece_of(piece: &Evidence, report: &Report, columns: usize, page: &Page) -> Vec<String> {
    let when = occurrences(piece, &report.collected_at);
    let place = match when.is_empty() {
        true => fitted(&place(piece), columns),
        false => format!(
            "{}, {when}",
            fitted(&place(piece), columns.saturating_sub(when.len() + 2))
        ),
    };
    let mut lines = vec![page.paint(style::DIM, &place)];
    lines.extend(excerpt::lines(&piece.excerpt, columns, page));
    lines
}

/// The locator, from where it names the source; after the source where it does not.
fn place(piece: &Evidence) -> String {
    let (source, locator) = (one_line(&piece.source), one_line(&piece.locator));
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', " ");
    if let Some(rest) = plain(&locator).strip_prefix(&plain(&source))
        && !rest.starts_with(char::is_alphanumeric)
        && !source.is_empty()
    {
        return locator;
    }
    match locator.rsplit_once(&format!("/{source}/")) {
        Some((_, rest)) if !source.is_empty() => format!("{source}/{rest}"),
        _ => format!("{source} {locator}").trim().to_owned(),
    }
}

/// The file's name is cut before the place in it: that says what to look at.
fn fitted(place: &str, columns: usize) -> String {
    let least = 24;
    match place.split_once(' ') {
        Some((file, rest))
            if width(place) > columns && width(rest) + 1 + least <= columns && width(file) > least =>
        {
            format!("{} {rest}", cut_end(file, columns - 1 - width(rest)))
        }
        _ => cut_middle(place, columns),
    }
}

/// The log lines of a cause's symptoms, with the symptom's code.
pub(super) fn log_lines<'a>(group: &'a Group) -> impl Iterator<Item = (&'a str, &'a Evidence)> {
    let symptoms = group.symptoms.iter().flat_map(|symptoms| &symptoms.findings);
    symptoms.flat_map(|finding| {
        let logged = finding
            .evidence
            .iter()
            .filter(|piece| piece.source == "logging" && piece.count.is_some());
        logged.map(|piece| (finding.code.as_str(), piece))
    })
}
