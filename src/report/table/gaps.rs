//! What could not be checked and why, and (verbose) what became of every check.
use super::hops::dressed;
use super::page::Page;
use super::style;
use crate::report::outline::Outline;
use crate::report::text::{counted, cut_middle, listed, one_line};
use crate::report::v1::{Collector, Report, check, collector};
use comfy_table::{Cell, Table};

const REASONS: usize = 6;
const CODES: usize = 4;
/// Lines of a reason: enough for an API's refusal with the permission that was missing.
const LINES: usize = 7;

pub(super) fn section(outline: &Outline, page: &mut Page) {
    let mut skipped = outline.skipped();
    let mut items: Vec<String> = Vec::new();
    for collector in outline.troubled() {
        // The checks that say no more than that this collector failed are told with it.
        let own = |(reason, _): &(&str, Vec<&str>)| is_of(reason, collector);
        let codes: Vec<&str> = skipped
            .iter()
            .filter(|s| own(s))
            .flat_map(|(_, codes)| codes.clone())
            .collect();
        skipped.retain(|s| !own(s));
        // A collector that only was not asked says no more than the reason of the checks that needed it.
        let bare = collector.error.is_none() && collector.permission_needed.is_none();
        // One that nobody needed says nothing at all.
        if bare && codes.is_empty() && collector.status() == collector::Status::Skipped {
            continue;
        }
        if bare && codes.is_empty() && skipped.iter().any(|(reason, _)| reason.contains(&collector.name)) {
            continue;
        }
        items.push(format!("{}{}", failure(collector), checks_of(&codes, page)));
    }
    let reasons = by_reason(&skipped);
    let warnings = &outline.report.warnings;
    if items.is_empty() && reasons.is_empty() && warnings.is_empty() {
        return;
    }
    page.heading("not seen, so not checked");
    page.few(&items, REASONS, |page, item| page.item(item, LINES));
    page.few(&reasons, REASONS, |page, (subjects, reason, codes)| {
        let of = match subjects.len() {
            0 => String::new(),
            1..=3 => format!("{}: ", listed(subjects)),
            count => format!("{} and {} more: ", subjects[..2].join(", "), count - 2),
        };
        let text = format!("{of}{}{}", reason.trim_end_matches('.'), checks_of(codes, page));
        page.item(&text, LINES);
    });
    page.few(warnings, REASONS, |page, warning| {
        page.item(&format!("input: {warning}"), 3);
    });
}

/// Whether a check's reason is this collector's failure and nothing else.
pub(super) fn is_of(reason: &str, collector: &Collector) -> bool {
    let Some((need, rest)) = reason.split_once(": ") else {
        return false;
    };
    let source = need.split('/').next().unwrap_or(need);
    (need == collector.name || source == collector.name)
        && rest.starts_with("its collector says ")
        && collector
            .error
            .as_deref()
            .is_none_or(|error| rest.contains(error.trim_end_matches('.')))
}

/// `csds was not collected: ERROR; this needs PERMISSION`; the permission once.
fn failure(collector: &Collector) -> String {
    let status = match collector.status() {
        collector::Status::Partial => "was collected in part",
        _ => "was not collected",
    };
    let error = collector
        .error
        .as_deref()
        .unwrap_or_default()
        .trim_end_matches('.');
    let permission = collector.permission_needed.as_deref().unwrap_or_default();
    let mut text = format!("{} {status}", collector.name);
    if !permission.is_empty() && !error.contains(permission) {
        text.push_str(&format!(" (needs {permission})"));
    }
    if !error.is_empty() {
        text.push_str(&format!(": {}", cut_middle(&one_line(error), ERROR)));
    }
    text
}

/// Columns of an API's error: one that is longer says nothing more.
const ERROR: usize = 320;

/// `: 6 checks (MD101, MD102, …)`, or nothing.
fn checks_of(codes: &[&str], page: &Page) -> String {
    if codes.is_empty() {
        return String::new();
    }
    let all = page.options.verbose || codes.len() <= CODES + 1;
    let shown = if all { codes.len() } else { CODES };
    let mut list = codes[..shown].join(", ");
    if shown < codes.len() {
        list.push_str(&format!(" and {} more", codes.len() - shown));
    }
    format!(": {} ({list})", counted(codes.len(), "check"))
}

/// Subjects, what is not known of them, and the checks that it keeps from being made.
type Unknown<'a> = (Vec<&'a str>, &'a str, Vec<&'a str>);

/// Reasons that differ in their subject only (`fortio: the policy …`) become one.
fn by_reason<'a>(skipped: &[(&'a str, Vec<&'a str>)]) -> Vec<Unknown<'a>> {
    let mut reasons: Vec<Unknown> = Vec::new();
    for (whole, codes) in skipped {
        let (subject, reason) = match whole.split_once(": ") {
            Some((subject, reason)) if !subject.contains(' ') => (Some(subject), reason),
            _ => (None, *whole),
        };
        let known = match reasons.iter_mut().find(|(_, known, _)| *known == reason) {
            Some(known) => known,
            None => {
                reasons.push((Vec::new(), reason, Vec::new()));
                match reasons.last_mut() {
                    Some(last) => last,
                    None => continue,
                }
            }
        };
        known.0.extend(subject);
        known.2.extend(codes);
    }
    for (_, _, codes) in &mut reasons {
        codes.sort_unstable();
    }
    reasons
}

/// Every check with its status, subjects and reason.
pub(super) fn checks(report: &Report, page: &mut Page) {
    if report.checks.is_empty() {
        return;
    }
    let count = |status| {
        report
            .checks
            .iter()
            .filter(|check| check.status() == status)
            .count()
    };
    page.heading(&format!(
        "checks: {} failed, {} passed, {} skipped",
        count(check::Status::Failed),
        count(check::Status::Passed),
        count(check::Status::Skipped)
    ));
    let mut table = Table::new();
    let name_width = report
        .checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0)
        .min(page.width() / 2);
    for check in &report.checks {
        let (word, style) = match check.status() {
            check::Status::Failed => (
                "failed",
                style::severity(crate::report::v1::finding::Severity::Error),
            ),
            check::Status::Passed => ("passed", style::GOOD),
            check::Status::Skipped | check::Status::Unspecified => ("skipped", style::DOUBT),
        };
        let looked = match &check.reason {
            Some(reason) => reason.clone(),
            None => counted(check.subjects as usize, "subject"),
        };
        let room = page.width().saturating_sub(2 + 7 + 9 + name_width + 2).max(12);
        table.add_row([
            Cell::new(&check.code),
            dressed(Cell::new(word), style),
            Cell::new(cut_middle(&check.name, name_width)),
            Cell::new(cut_middle(&one_line(&looked), room)),
        ]);
    }
    page.table(table);
}
