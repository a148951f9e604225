//! A rule's page, and the page of a kind of subject: made from the files and the code themselves.
use super::{Rule, RuleSet};
use crate::mesh::facts::{FieldDoc, kinds};
use std::fmt::Write;

/// What `rules show CODE` prints, as Markdown.
pub fn rule(rule: &Rule, set: &RuleSet) -> String {
    let file = &rule.file;
    let mut page = format!("# {} {}\n\n", rule.code(), file.name);
    let severity = format!("{:?}", file.severity).to_ascii_lowercase();
    let _ = writeln!(
        page,
        "{severity}, layer {}, looks at each `{}`\n",
        file.layer.as_str(),
        rule.kind()
    );
    let _ = writeln!(
        page,
        "    {}\n\n{}\n",
        file.summary.value,
        file.explanation.value.trim()
    );
    let needs: Vec<&str> = file.needs.iter().map(|n| n.value.as_str()).collect();
    let _ = writeln!(page, "**Needs** {}\n", needs.join(", "));
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
    if !file.explains.is_empty() {
        page.push_str("**Explains**\n\n");
        for code in &file.explains {
            let name = set
                .get(&code.value)
                .map(|r| r.file.name.as_str())
                .unwrap_or_default();
            let _ = writeln!(page, "- {} {name}", code.value);
        }
        page.push('\n');
    }
    for fix in &file.fixes {
        let kinds: Vec<&str> = fix.actions.iter().map(crate::fix::Action::kind).collect();
        let _ = writeln!(page, "**Fix** {} ({})\n", fix.title.value, kinds.join(", "));
    }
    if !file.false_positives.trim().is_empty() {
        let _ = writeln!(page, "**May be wrong** {}\n", file.false_positives.trim());
    }
    for reference in &file.references {
        let _ = writeln!(page, "- {reference}");
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
