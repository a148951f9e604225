//! A root cause, or several of one code, as a block: what, why, the proof, what it explains, the fix.
use super::page::Page;
use super::{evidence, style};
use crate::report::outline::{Group, Outline, advice, severity_word, subject_line};
use crate::report::text::{counted, cut_end, cut_middle, listed, one_line, width, wrap_at_most};
use crate::report::v1::finding::Confidence;
use crate::report::v1::fix::Verification;
use crate::report::v1::{Evidence, Finding, Fix, Report, Subject};

/// Up to so many findings of one code are told one by one.
const TOLD: usize = 3;
const SUBJECTS: usize = 5;

/// A line for each root cause.
pub(super) fn index(outline: &Outline, page: &mut Page) {
    for group in &outline.causes {
        let first = group.first;
        let more = match group.findings.len() {
            1 => String::new(),
            count => format!(" (and {} more)", count - 1),
        };
        let word = severity_word(group.severity());
        let badge = page.paint(style::severity(group.severity()), word);
        let room = page.width().saturating_sub(12 + width(&first.code) + more.len());
        let summary = cut_end(&one_line(&first.summary), room);
        page.line(&format!(
            "{badge}{:pad$}{} {summary}{more}",
            "",
            first.code,
            pad = 10 - word.len()
        ));
    }
}

pub(super) fn block(group: &Group, report: &Report, page: &mut Page) {
    let first = group.first;
    let many = group.findings.len();
    page.blank();
    let title = match (many, first.confidence()) {
        (1, Confidence::Likely) => format!("{} {} (likely)", first.code, first.name),
        (1, _) => format!("{} {}", first.code, first.name),
        _ => format!("{} {}: {}", first.code, first.name, counted(many, "finding")),
    };
    page.badge(
        severity_word(group.severity()),
        style::severity(group.severity()),
        &title,
    );
    if many > TOLD {
        crowd(group, report, page);
        return;
    }
    let clusters = of_one_fix(&group.findings);
    let alone = clusters.len() == 1;
    if !alone {
        why(first, page);
    }
    for cluster in &clusters {
        let Some(finding) = cluster.first() else { continue };
        if !alone {
            page.blank();
        }
        subjects(cluster, page);
        let mut told: Vec<&str> = Vec::new();
        for summary in cluster.iter().map(|finding| finding.summary.as_str()) {
            if !told.contains(&summary) {
                page.prose(summary, 2, style::PLAIN);
                told.push(summary);
            }
        }
        if alone {
            why(finding, page);
        }
        evidence::section(finding, group, report, if alone { 2 } else { 1 }, page);
        if alone {
            explains(group, report, page);
        }
        fixes(finding, page);
        match cluster.len() {
            1 => {}
            2 => page.prose("This mends both.", 2, style::STRONG),
            count => page.prose(&format!("This mends all {count}."), 2, style::STRONG),
        }
        if page.options.verbose && !finding.references.is_empty() {
            page.labelled("see", &finding.references);
        }
    }
    if !alone {
        page.blank();
        explains(group, report, page);
    }
}

/// Findings that one and the same fix mends, together: the record or the zone that several hosts share is told once.
fn of_one_fix<'a>(findings: &[&'a Finding]) -> Vec<Vec<&'a Finding>> {
    let told = |finding: &Finding| -> Vec<(String, Vec<String>)> {
        let fixes = finding.fixes.iter().filter(|fix| !fix.commands.is_empty());
        let texts = |fix: &Fix| {
            advice(&fix.actions)
                .map(str::to_owned)
                .chain(fix.commands.clone())
                .collect()
        };
        fixes.map(|fix| (fix.title.clone(), texts(fix))).collect()
    };
    let mut clusters: Vec<Vec<&Finding>> = Vec::new();
    for finding in findings {
        let alike = |cluster: &&mut Vec<&Finding>| {
            cluster
                .first()
                .is_some_and(|first| !told(first).is_empty() && told(first) == told(finding))
        };
        match clusters.iter_mut().find(alike) {
            Some(cluster) => cluster.push(finding),
            None => clusters.push(vec![finding]),
        }
    }
    clusters
}

/// Many of one code: the subjects in a list, the rest from the first.
fn crowd(group: &Group, report: &Report, page: &mut Page) {
    let first = group.first;
    subjects(&group.findings, page);
    page.prose(&format!("The first: {}", first.summary), 2, style::PLAIN);
    why(first, page);
    evidence::section(first, group, report, 1, page);
    explains(group, report, page);
    fixes(first, page);
    let commands = |finding: &Finding| {
        finding
            .fixes
            .iter()
            .flat_map(|fix| fix.commands.clone())
            .collect::<Vec<_>>()
    };
    let count = group.findings.len();
    let note = if commands(first).is_empty() {
        return;
    } else if group
        .findings
        .iter()
        .all(|finding| commands(finding) == commands(first))
    {
        format!("This mends all {count}.")
    } else {
        format!(
            "This mends the first only: each of the {count} needs its own command. `meshdoctor fix --code {}` prints them all.",
            first.code
        )
    };
    page.prose(&note, 2, style::STRONG);
    if page.options.verbose {
        for finding in group.findings.iter().skip(1) {
            page.blank();
            page.prose(&subject_line(finding.subject.as_ref()), 2, style::STRONG);
            page.prose(&finding.summary, 2, style::PLAIN);
            evidence::section(finding, group, report, 1, page);
            fixes(finding, page);
        }
    }
}

/// On one line where they differ in their names only.
fn subjects(findings: &[&Finding], page: &mut Page) {
    let subjects: Vec<&Subject> = findings
        .iter()
        .filter_map(|finding| finding.subject.as_ref())
        .collect();
    let nameless = |subject: &Subject| Subject {
        name: String::new(),
        ..subject.clone()
    };
    let alike = subjects
        .windows(2)
        .all(|pair| nameless(pair[0]) == nameless(pair[1]));
    match subjects.first() {
        Some(first) if alike && subjects.len() == findings.len() => {
            let all = page.options.verbose || subjects.len() <= SUBJECTS + 1;
            let shown = if all { subjects.len() } else { SUBJECTS };
            let mut names: Vec<String> = subjects
                .iter()
                .take(shown)
                .map(|subject| subject.name.clone())
                .collect();
            if shown < subjects.len() {
                names.push(format!("{} more", subjects.len() - shown));
            }
            let together = Subject {
                name: listed(&names),
                ..(*first).clone()
            };
            page.prose(&subject_line(Some(&together)), 2, style::STRONG);
        }
        _ => page.few(findings, SUBJECTS, |page, finding| {
            let room = page.width() - 4;
            page.line(&format!(
                "  - {}",
                cut_middle(&one_line(&subject_line(finding.subject.as_ref())), room)
            ));
        }),
    }
}

fn why(finding: &Finding, page: &mut Page) {
    let most = if page.options.verbose { usize::MAX } else { 4 };
    page.labelled_prose("why", &finding.explanation, most);
}

fn explains(group: &Group, report: &Report, page: &mut Page) {
    const SHOWN: usize = 4;
    let symptoms = &group.symptoms;
    let verbose = page.options.verbose;
    let mut lines = Vec::new();
    let shown = if verbose || symptoms.len() <= SHOWN + 1 {
        symptoms.len()
    } else {
        SHOWN
    };
    let most = if verbose { usize::MAX } else { 2 };
    let columns = page.labelled_width();
    // The sidecar's own words, once, where the cause's evidence does not hold them already.
    let told = |line: &Evidence| {
        group
            .findings
            .iter()
            .flat_map(|cause| &cause.evidence)
            .any(|piece| piece.excerpt == line.excerpt)
    };
    let line = evidence::log_lines(group).next().filter(|(_, line)| !told(line));
    for group in symptoms.iter().take(shown) {
        let told = if verbose {
            group.findings.as_slice()
        } else {
            &group.findings[..1]
        };
        for finding in told {
            let more = match group.findings.len() - told.len() {
                0 => String::new(),
                count => format!("(and {count} more like it) "),
            };
            let text = format!("{} {more}{}", finding.code, finding.summary);
            lines.extend(wrap_at_most(&text, columns.min(110), most));
            let own = |(code, _): &(&str, &Evidence)| *code == finding.code;
            let pieces: Vec<&Evidence> = match (verbose, line.filter(own)) {
                (true, _) => finding.evidence.iter().collect(),
                (false, Some((_, line))) => vec![line],
                (false, None) => Vec::new(),
            };
            for piece in pieces {
                lines.extend(evidence::piece_of(piece, report, columns, page));
            }
        }
    }
    if shown < symptoms.len() {
        let hidden: usize = symptoms
            .iter()
            .skip(shown)
            .map(|group| group.findings.len())
            .sum();
        lines.push(format!("… and {} more", counted(hidden, "symptom")));
    }
    page.labelled("explains", &lines);
}

fn fixes(finding: &Finding, page: &mut Page) {
    for (number, fix) in finding.fixes.iter().enumerate() {
        let label = if number == 0 { "fix" } else { "or" };
        page.labelled_prose(label, &fix.title, usize::MAX);
        one_fix(fix, page);
    }
}

fn one_fix(fix: &Fix, page: &mut Page) {
    for text in advice(&fix.actions).filter(|text| one_line(text) != one_line(&fix.title)) {
        page.labelled_prose("", text, usize::MAX);
    }
    if !fix.commands.is_empty() {
        page.blank();
        fix.commands.iter().for_each(|command| page.command(command));
        page.blank();
    }
    let shown = |manifest: &&String| {
        fix.commands
            .iter()
            .any(|command| command.contains(manifest.trim()))
    };
    if let Some(manifest) = fix.manifest.as_ref().filter(|manifest| !shown(manifest)) {
        page.prose("manifest, for `kubectl apply -f -`:", 2, style::DIM);
        page.command(&format!("{}\n", manifest.trim_end()));
    }
    let note = match (fix.verification(), page.options.verbose) {
        (Verification::Insufficient, _) => {
            "Tried on the collected evidence, this alone does not close the finding."
        }
        (Verification::NotSimulated, true) => "Not tried on the collected evidence.",
        (Verification::ClosesFinding, true) => "Tried on the collected evidence: it closes the finding.",
        _ => return,
    };
    page.prose(note, 2, style::DIM);
}
