//! What a person sees: the verdict, each root cause with its fix, the path, and what could not be checked.
mod cause;
mod evidence;
mod excerpt;
mod gaps;
mod hops;
mod marks;
mod notes;
mod page;
mod rest;
mod style;

use super::outline::Outline;
use super::v1::{Fix, Report, report::Verdict};
use page::Page;

/// How to draw it.
#[derive(Debug, Clone, Copy)]
pub struct TableOptions {
    /// Columns of the terminal. Only commands, manifests and URLs may go over it.
    pub width: usize,
    /// With ANSI escapes, or with none at all.
    pub color: bool,
    /// The verdict and a line for each root cause, no more.
    pub quiet: bool,
    /// Nothing shortened, and every check.
    pub verbose: bool,
}

/// The report as text for a terminal, with a final line end.
pub fn render(report: &Report, options: &TableOptions) -> String {
    let outline = Outline::new(report);
    let mut page = Page::new(options);
    verdict(&outline, &mut page);
    if options.quiet {
        cause::index(&outline, &mut page);
        return page.finish();
    }
    if outline.causes.len() > 2 {
        cause::index(&outline, &mut page);
    }
    for group in &outline.causes {
        cause::block(group, report, &mut page);
    }
    hops::section(report, &mut page);
    rest::section(&outline, &mut page);
    gaps::section(&outline, &mut page);
    notes::section(report, &mut page);
    if options.verbose {
        gaps::checks(report, &mut page);
    }
    next(&outline, &mut page);
    page.finish()
}

fn verdict(outline: &Outline, page: &mut Page) {
    let (word, sentence) = outline.verdict();
    let style = match word {
        "HEALTHY" => style::GOOD,
        "UNHEALTHY" => style::BAD,
        _ => style::DOUBT,
    };
    page.badge(word, style, &sentence);
    if page.options.quiet || outline.report.verdict() != Verdict::Inconclusive {
        return;
    }
    // A single reason may already be the sentence; that a collector failed is in the sentence, and its words are below.
    let said = |reason: &str| {
        sentence.ends_with(reason.trim_end_matches('.').split_at(first_char(reason)).1)
            || outline.troubled().any(|collector| gaps::is_of(reason, collector))
    };
    let reasons: Vec<&String> = outline
        .report
        .reasons
        .iter()
        .filter(|reason| !said(reason))
        .collect();
    page.few(&reasons, 4, |page, reason| page.item(reason, 2));
}

/// Bytes of the first character, which may be of another case in the sentence.
fn first_char(text: &str) -> usize {
    text.trim_end_matches('.')
        .chars()
        .next()
        .map_or(0, char::len_utf8)
}

fn next(outline: &Outline, page: &mut Page) {
    let code = outline
        .causes
        .first()
        .or(outline.rest.first())
        .map(|group| group.first.code.as_str());
    let mut hints = Vec::new();
    let mut fixes = outline
        .causes
        .iter()
        .flat_map(|group| &group.first.fixes)
        .peekable();
    if fixes.peek().is_some() {
        // A command of a manual fix only helps to look: running it mends nothing.
        let runs =
            |fix: &Fix| !fix.commands.is_empty() && fix.actions.iter().any(|action| action.kind != "manual");
        let what = if fixes.any(runs) {
            "run the fix"
        } else {
            "do what the fix says"
        };
        hints.push(format!("{what} and check again"));
    }
    if let Some(code) = code {
        hints.push(format!("`meshdoctor rules show {code}` for the whole story"));
    }
    if !page.options.verbose {
        hints.push("`-v` for every check and the full evidence".to_owned());
    }
    if outline.report.verdict() == Verdict::Inconclusive {
        hints.insert(0, "collect what is missing and check again".to_owned());
    }
    if !hints.is_empty() {
        page.blank();
        page.dim_line(&format!("next: {}", hints.join("; ")));
    }
}

#[cfg(test)]
mod tests;
