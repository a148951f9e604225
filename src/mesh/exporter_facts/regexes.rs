//! Regular expressions of http rules that the control plane or the proxy refuses.
use crate::k8s::istio::{HttpMatch, HttpRoute, StringMatch};
use crate::mesh::facts::Remark;
use crate::mesh::re2;

/// Source: Istio's validation of VirtualServices; it stands for the size of the compiled program, which Envoy limits.
const LONGEST: usize = 1024;

pub fn refused(rules: &[HttpRoute]) -> Vec<Remark> {
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        for (j, conditions) in rule.matches.iter().enumerate() {
            in_match(&format!("spec.http[{i}].match[{j}]"), conditions, &mut found);
        }
        let rewrite = rule.rewrite.as_ref().and_then(|r| r.uri_regex_rewrite.as_ref());
        if let Some(rewrite) = rewrite {
            note(
                format!("spec.http[{i}].rewrite.uriRegexRewrite.match"),
                &rewrite.pattern,
                &mut found,
            );
        }
    }
    found
}

fn in_match(place: &str, conditions: &HttpMatch, found: &mut Vec<Remark>) {
    let single = [
        ("uri", &conditions.uri),
        ("scheme", &conditions.scheme),
        ("method", &conditions.method),
        ("authority", &conditions.authority),
    ];
    for (field, condition) in single {
        if let Some(regex) = regex(condition.as_ref()) {
            note(format!("{place}.{field}.regex"), regex, found);
        }
    }
    let named = [
        ("headers", &conditions.headers),
        ("withoutHeaders", &conditions.without_headers),
        ("queryParams", &conditions.query_params),
    ];
    for (field, conditions) in named {
        for (name, condition) in conditions {
            // A lone star is no regular expression here: Istio takes it for "is there at all".
            if let Some(regex) = regex(condition.as_ref()).filter(|r| *r != "*") {
                note(format!("{place}.{field}.{name}.regex"), regex, found);
            }
        }
    }
}

fn regex(condition: Option<&StringMatch>) -> Option<&str> {
    condition?.regex.as_deref()
}

fn note(field: String, regex: &str, found: &mut Vec<Remark>) {
    let why = match regex.len() {
        0 => Some("it is empty".to_owned()),
        length if length > LONGEST => Some(format!("it has {length} characters, and {LONGEST} are allowed")),
        _ => re2::refusal(regex),
    };
    if let Some(why) = why {
        let mut value: String = regex.chars().take(120).collect();
        if value.len() < regex.len() {
            value.push('…');
        }
        found.push(Remark { field, value, why });
    }
}
