//! What could not be checked and why, and (verbose) what became of every check.
use super::hops::dressed;
use super::page::Page;
use super::style;
use crate::report::outline::{Outline, is_about};
use crate::report::text::{counted, cut_middle, listed, one_line};
use crate::report::v1::{Collector, Finding, Report, check, collector};
use comfy_table::{Cell, Table};

const REASONS: usize = 6;
const CODES: usize = 4;
/// Lines of a reason: enough for an API's refusal with the permission that was missing.
const LINES: usize = 7;

pub(super) fn section(outline: &Outline, page: &mut Page) {
    let mut skipped = outline.skipped();
    let mut told: Vec<&Finding> = Vec::new();
    let mut items: Vec<Item> = Vec::new();
    for collector in outline.troubled() {
        // The checks that say no more than that this collector failed are told with it.
        let mut codes = taken(&mut skipped, |reason| is_of(reason, collector));
        let mut fresh: Vec<&Finding> = outline.gaps.clone();
        // What several collectors lack is told with the first.
        fresh.retain(|finding| {
            is_about(finding, collector) && !told.iter().any(|known| known.id == finding.id)
        });
        told.extend(&fresh);
        if !fresh.is_empty() {
            for (number, alike) in of_one_command(&fresh).into_iter().enumerate() {
                let names = alike.iter().filter_map(|finding| finding.subject.as_ref());
                let names: Vec<&str> = names.map(|subject| subject.name.as_str()).collect();
                codes.extend(taken(&mut skipped, |reason| {
                    names.iter().any(|name| asks_for(reason, name))
                }));
                codes.sort_unstable();
                let own = if number == 0 {
                    std::mem::take(&mut codes)
                } else {
                    Vec::new()
                };
                items.push(finding_item(collector, &alike, &own, page));
            }
            continue;
        }
        // A collector that only was not asked says no more than the reason of the checks that needed it.
        let bare = collector.error.is_none() && collector.permission_needed.is_none();
        // One that nobody needed says nothing at all.
        if bare && codes.is_empty() && collector.status() == collector::Status::Skipped {
            continue;
        }
        if bare && codes.is_empty() && skipped.iter().any(|(reason, _)| reason.contains(&collector.name)) {
            continue;
        }
        items.push(Item {
            text: format!("{}{}", failure(collector), checks_of(&codes, page)),
            commands: Vec::new(),
        });
    }
    let reasons = by_reason(&skipped);
    let warnings: Vec<&String> = outline
        .report
        .warnings
        .iter()
        .filter(|warning| !is_evidence(warning, &outline.report.findings))
        .collect();
    if items.is_empty() && reasons.is_empty() && warnings.is_empty() {
        return;
    }
    page.heading("not seen, so not checked");
    page.few(&items, REASONS, |page, item| {
        page.item(&item.text, LINES);
        item.commands.iter().for_each(|command| page.command(command));
    });
    page.few(&reasons, REASONS, |page, (subjects, reason, codes)| {
        let of = match subjects.len() {
            0 => String::new(),
            1..=3 => format!("{}: ", listed(subjects)),
            count => format!("{} and {} more: ", subjects[..2].join(", "), count - 2),
        };
        let text = format!("{of}{}{}", reason.trim_end_matches('.'), checks_of(codes, page));
        page.item(&text, LINES);
    });
    page.few(&warnings, REASONS, |page, warning| {
        page.item(&format!("input: {warning}"), 3);
    });
}

/// Something that was not seen, and what to run about it.
struct Item {
    text: String,
    commands: Vec<String>,
}

/// The codes of the checks whose reason is told elsewhere; they leave the list.
fn taken<'a>(skipped: &mut Vec<(&'a str, Vec<&'a str>)>, elsewhere: impl Fn(&str) -> bool) -> Vec<&'a str> {
    let (own, others): (Vec<_>, Vec<_>) = skipped.drain(..).partition(|(reason, _)| elsewhere(reason));
    *skipped = others;
    let mut codes: Vec<&str> = own.into_iter().flat_map(|(_, codes)| codes).collect();
    codes.sort_unstable();
    codes
}

/// Whether a reason ends in the wish for a permission: `… (needs iam.roles.list …)`.
fn asks_for(reason: &str, permission: &str) -> bool {
    let words = reason.split_once("(needs ").map(|(_, rest)| rest);
    let mut words = words
        .unwrap_or_default()
        .split(|c: char| c.is_whitespace() || "();,".contains(c));
    words.any(|word| word == permission)
}

/// Whether a finding shows the warning's own words.
fn is_evidence(warning: &str, findings: &[Finding]) -> bool {
    let mut pieces = findings.iter().flat_map(|finding| &finding.evidence);
    pieces.any(|piece| {
        warning
            .strip_suffix(piece.excerpt.as_str())
            .is_some_and(|rest| rest.ends_with(": "))
    })
}

fn commands(finding: &Finding) -> &[String] {
    finding.fixes.first().map_or(&[], |fix| &fix.commands)
}

/// Findings of one code that the same commands mend, together.
fn of_one_command<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let mut groups: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let same = |group: &&mut Vec<&Finding>| {
            let first = group.first();
            first.is_some_and(|first| first.code == finding.code && commands(first) == commands(finding))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(finding),
            None => groups.push(vec![finding]),
        }
    }
    groups
}

/// `csds was not collected: SUMMARY, and 2 more (NAMES): 8 checks (MD411, …) [MD901]`.
fn finding_item(collector: &Collector, alike: &[&Finding], codes: &[&str], page: &Page) -> Item {
    let Some(first) = alike.first() else {
        return Item {
            text: failure(collector),
            commands: Vec::new(),
        };
    };
    let others: Vec<&str> = alike
        .iter()
        .skip(1)
        .filter_map(|finding| finding.subject.as_ref())
        .map(|subject| subject.name.as_str())
        .collect();
    let more = match others.as_slice() {
        [] => String::new(),
        others if page.options.verbose || others.len() <= CODES + 1 => {
            format!("; the same for {}", listed(others))
        }
        others => format!(
            "; the same for {} and {} more",
            others[..CODES].join(", "),
            others.len() - CODES
        ),
    };
    let summary = one_line(&first.summary);
    let summary = summary
        .strip_prefix(&format!("{}: ", collector.name))
        .unwrap_or(&summary);
    let shown = cut_middle(summary, ERROR);
    Item {
        text: format!(
            "{} {}: {shown}{more}{} [{}]",
            collector.name,
            status(collector),
            checks_of(codes, page),
            first.code
        ),
        commands: if page.options.verbose {
            first.fixes.iter().flat_map(|fix| fix.commands.clone()).collect()
        } else {
            commands(first).to_vec()
        },
    }
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

fn status(collector: &Collector) -> &'static str {
    match collector.status() {
        collector::Status::Partial => "was collected in part",
        _ => "was not collected",
    }
}

/// `csds was not collected: ERROR; this needs PERMISSION`; the permission once.
fn failure(collector: &Collector) -> String {
    let error = collector
        .error
        .as_deref()
        .unwrap_or_default()
        .trim_end_matches('.');
    let permission = collector.permission_needed.as_deref().unwrap_or_default();
    let mut text = format!("{} {}", collector.name, status(collector));
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
