//! A rule's page, and the page of a kind of subject: made from the files and the code themselves.
use super::rule::FixTemplate;
use super::sample::Sample;
use super::{Rule, RuleSet};
use crate::fix::Action;
use crate::mesh::facts::{FieldDoc, kinds};
use std::fmt::Write;

/// What `rules show CODE` prints, as Markdown: what a reader who knows no rule file wants to know.
pub fn rule(rule: &Rule, set: &RuleSet) -> String {
    let file = &rule.file;
    let sample = Sample::new(&set.environment, rule.kind());
    let mut page = format!("# {}: {}\n\n", rule.code(), file.name.replace('-', " "));
    let severity = format!("{:?}", file.severity).to_ascii_lowercase();
    let about = kinds().into_iter().find(|(name, ..)| *name == rule.kind());
    let about = about.map(|(_, about, _)| about).unwrap_or_default();
    let _ = writeln!(
        page,
        "{severity}{}, layer {}; about {about}\n",
        if file.severity_when.is_empty() {
            ""
        } else {
            " as a rule"
        },
        file.layer.as_str(),
    );
    let summary = sample.prose(&file.summary.value);
    let explanation = sample.prose(&file.explanation.value);
    let _ = writeln!(page, "> {summary}\n\n## What it means\n\n{explanation}\n");
    page.push_str("## What it is told from\n\n");
    let needs: Vec<&str> = file.needs.iter().map(|n| n.value.as_str()).collect();
    if !needs.is_empty() {
        let _ = writeln!(page, "Needs {}; without, it is skipped.\n", needs.join(", "));
    }
    for evidence in &file.evidence {
        let each = evidence.each.as_ref().map(|each| each.value.as_str());
        let said = |text: &str| sample.prose_of(text, each);
        let _ = writeln!(
            page,
            "- {}: {}",
            said(&evidence.locator.value),
            said(&evidence.excerpt.value)
        );
    }
    if !file.fixes.is_empty() {
        page.push_str("\n## How it is mended\n\n");
    }
    if file.fixes.len() > 1 {
        page.push_str("By what was found, one or more of these.\n\n");
    }
    for fix in &file.fixes {
        remedy(&mut page, &sample, fix);
    }
    if !file.explains.is_empty() {
        page.push_str("## Symptoms that it accounts for\n\n");
        for code in &file.explains {
            let name = set.get(&code.value).map(|r| r.file.name.replace('-', " "));
            let _ = writeln!(page, "- {} {}", code.value, name.unwrap_or_default());
        }
        page.push('\n');
    }
    if !file.false_positives.trim().is_empty() {
        let _ = writeln!(
            page,
            "## When it may be wrong\n\n{}\n",
            file.false_positives.trim()
        );
    }
    let legend = sample.legend(&page);
    if !legend.is_empty() {
        page.push_str("## Words in capitals\n\nA finding has names in their place, and says only what is so in its case.\n\n");
        for (name, about) in legend {
            let about = about.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(page, "- {name}: {about}");
        }
        page.push('\n');
    }
    if !file.references.is_empty() {
        page.push_str("## Further reading\n\n");
    }
    for reference in &file.references {
        let _ = writeln!(page, "- {reference}");
    }
    page
}

/// One fix: in words, and as commands to paste once the names are put in.
fn remedy(page: &mut String, sample: &Sample, fix: &FixTemplate) {
    let _ = writeln!(page, "### {}\n", sample.prose(&fix.title.value));
    let mut commands = Vec::new();
    for action in fix.actions.iter().map(|action| sample.action(action)) {
        if let Action::Manual(manual) = &action {
            let words = manual.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(page, "{words}\n");
        }
        commands.extend(action.commands());
    }
    for command in &commands {
        for line in command.lines() {
            let _ = writeln!(page, "    {line}");
        }
    }
    if !commands.is_empty() {
        page.push('\n');
    }
}

/// What `rules show CODE --source` prints behind that: texts and expressions as the rule's file has them.
pub fn source(rule: &Rule) -> String {
    let file = &rule.file;
    let mut page = format!(
        "\n## Source\n\n{}: one for each `{}`\n\n",
        rule.origin,
        rule.kind()
    );
    let _ = writeln!(
        page,
        "    {}\n\n{}\n",
        file.summary.value,
        file.explanation.value.trim()
    );
    if let Some(about) = &file.about {
        let _ = writeln!(page, "**About** `{}`\n", about.value.trim());
    }
    if let Some(when) = &file.when {
        let _ = writeln!(page, "**Fires when** `{}`\n", when.value.trim());
    }
    if let Some(likely) = &file.likely_when {
        let _ = writeln!(page, "**Only likely when** `{}`\n", likely.value.trim());
    }
    for (what, names) in [
        ("clients", &file.concerns.clients),
        ("hosts", &file.concerns.hosts),
    ] {
        if let Some(names) = names {
            let _ = writeln!(page, "**Only of the {what}** `{}`\n", names.value.trim());
        }
    }
    for log in &file.logs {
        if let Some(pattern) = &log.pattern {
            let _ = writeln!(page, "**Signature** `{}`\n", pattern.value);
        }
        if let Some(access) = &log.access {
            let details = access
                .details
                .as_ref()
                .map(|d| d.value.as_str())
                .unwrap_or_default();
            let _ = writeln!(
                page,
                "**Access log** flags {:?}, details `{details}`\n",
                access.flags
            );
        }
    }
    for fix in &file.fixes {
        let kinds: Vec<&str> = fix.actions.iter().map(Action::kind).collect();
        let _ = writeln!(page, "**Fix** {} ({})", fix.title.value, kinds.join(", "));
        if let Some(when) = &fix.when {
            let _ = writeln!(page, "when `{}`", when.value.trim());
        }
        page.push('\n');
    }
    page
}

/// What `rules show --facts KIND` prints; none for an unknown kind.
pub fn facts(kind: &str) -> Option<String> {
    let (name, about, fields) = kinds().into_iter().find(|(name, ..)| *name == kind)?;
    let mut page = format!("# {name}: {about}\n\n");
    list(&mut page, &fields, 0);
    Some(page)
}

fn list(page: &mut String, fields: &[FieldDoc], depth: usize) {
    for field in fields {
        let doc = field.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = writeln!(
            page,
            "{}- `{}` ({}): {doc}",
            "  ".repeat(depth),
            field.name,
            field.kind
        );
        list(page, &field.fields, depth + 1);
    }
}
