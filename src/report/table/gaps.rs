//! What could not be checked and why, and (verbose) what became of every check.
use super::hops::dressed;
use super::page::Page;
use super::style;
use crate::report::outline::Outline;
use crate::report::text::{counted, cut_middle, one_line};
use crate::report::v1::{Collector, Report, check, collector};
use comfy_table::{Cell, Table};

const REASONS: usize = 6;
const CODES: usize = 4;

pub(super) fn section(outline: &Outline, page: &mut Page) {
    let skipped = outline.skipped();
    // A collector that only was not asked says no more than the reason of the checks that needed it.
    let told = |name: &str| skipped.iter().any(|(reason, _)| reason.contains(name));
    let bare = |collector: &Collector| collector.error.is_none() && collector.permission_needed.is_none();
    let troubled: Vec<_> = outline
        .troubled()
        .filter(|collector| !(bare(collector) && told(&collector.name)))
        .collect();
    let warnings = &outline.report.warnings;
    if skipped.is_empty() && troubled.is_empty() && warnings.is_empty() {
        return;
    }
    page.heading("not seen, so not checked");
    page.few(&troubled, REASONS, |page, collector| {
        let status = match collector.status() {
            collector::Status::Partial => "collected in part",
            collector::Status::Failed => "not collected, it failed",
            _ => "not collected",
        };
        let error = collector
            .error
            .as_deref()
            .map(|error| format!(": {error}"))
            .unwrap_or_default();
        let needs = collector
            .permission_needed
            .as_deref()
            .filter(|permission| !permission.is_empty());
        let needs = needs
            .map(|permission| format!("; needs {permission}"))
            .unwrap_or_default();
        page.item(
            &format!(
                "{} {status}{}{needs}",
                collector.name,
                error.trim_end_matches('.')
            ),
            3,
        );
    });
    page.few(&skipped, REASONS, |page, (reason, codes)| {
        let shown = if page.options.verbose || codes.len() <= CODES + 1 {
            codes.len()
        } else {
            CODES
        };
        let mut list = codes[..shown].join(", ");
        if shown < codes.len() {
            list.push_str(&format!(" and {} more", codes.len() - shown));
        }
        let text = format!(
            "{}: {} ({list})",
            reason.trim_end_matches('.'),
            counted(codes.len(), "check")
        );
        page.item(&text, 3);
    });
    page.few(warnings, REASONS, |page, warning| {
        page.item(&format!("input: {warning}"), 3);
    });
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
