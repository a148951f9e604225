//! The filter: narrow enough to be cheap, wide enough to miss no signature.
//! Source of the language: <https://cloud.google.com/logging/docs/view/logging-query-language>.
use crate::logs::{Is, Signature, Telling, Term};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A filter may have 20,000 characters; what stands beside the signs takes its part.
const MOST_SIGNS: usize = 12_000;
/// A whole filter, with what is left out and a time.
const LONGEST: usize = 19_500;
/// Names of services that are known to be active: more are not told, and cost a few entries more.
const MOST_SEEN: usize = 2_000;
/// The platform tells of every instance that it starts: so a service that says nothing itself is still seen.
const ACTIVITY: &str = "severity>=WARNING OR log_id(\"run.googleapis.com/varlog/system\")";

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Names or globs of Cloud Run services; none means all.
    pub services: Vec<String>,
    /// None older than this.
    pub from: Option<Timestamp>,
    /// A telling entry shows one of these, whatever its severity.
    pub signs: BTreeSet<Telling>,
    /// Something is looked for that no sign tells: everything is read.
    pub everything: bool,
}

/// What is known once much was read: the rest is asked for without it.
#[derive(Debug)]
pub struct Known<'k> {
    /// Services that logged.
    pub services: &'k BTreeSet<String>,
    /// Entries for which all terms of one list hold tell nothing new.
    pub repeats: &'k [Vec<Term>],
}

impl Wanted {
    /// What is wanted for the sake of these signatures.
    pub fn of(signatures: &[Signature], services: Vec<String>, from: Timestamp) -> Self {
        let mut wanted = Self {
            services,
            from: Some(from),
            ..Self::default()
        };
        for signature in signatures {
            match signature.telling() {
                Some(telling) => wanted.signs.extend(telling),
                None => wanted.everything = true,
            }
        }
        wanted
    }

    /// Entries of Cloud Run services: warnings and worse, the platform's own words, and what a signature may match.
    pub fn services(&self) -> String {
        self.of_services(ACTIVITY.to_owned()).join("\n")
    }

    /// The same without what is known, and without what only tells that a service is active.
    pub fn rest_of_services(&self, known: &Known) -> String {
        let names: Vec<String> = known.services.iter().map(|name| quote(name)).collect();
        let names = names.join(" OR ");
        let activity = if names.is_empty() || names.len() > MOST_SEEN {
            ACTIVITY.to_owned()
        } else {
            format!("(({ACTIVITY}) AND NOT resource.labels.service_name=({names}))")
        };
        without(self.of_services(activity), known)
    }

    fn of_services(&self, activity: String) -> Vec<String> {
        let mut lines = vec!["resource.type=\"cloud_run_revision\"".to_owned()];
        if !self.services.is_empty() {
            let named = self.services.iter().map(|name| service(name));
            lines.push(any(&named.collect::<Vec<String>>()));
        }
        lines.extend(self.since());
        let mut telling = vec![activity];
        let mut room = MOST_SIGNS;
        for sign in &self.signs {
            let terms = terms(sign);
            let left = room.checked_sub(terms.len() + 4).filter(|_| !self.everything);
            let Some(left) = left else {
                // Too many signs to ask for: everything is read instead, and nothing missed.
                return lines;
            };
            room = left;
            telling.push(terms);
        }
        lines.push(any(&telling));
        lines
    }

    /// Failed requests in the access logs that the clusters' own proxies write.
    pub fn clusters(&self) -> String {
        self.of_clusters().join("\n")
    }

    /// The same without what is known.
    pub fn rest_of_clusters(&self, known: &Known) -> String {
        without(self.of_clusters(), known)
    }

    fn of_clusters(&self) -> Vec<String> {
        let mut lines = vec![
            "((resource.type=\"k8s_container\" AND log_id(\"server-accesslog-stackdriver\")) OR \
             (resource.type=\"k8s_pod\" AND log_id(\"client-accesslog-stackdriver\")))"
                .to_owned(),
        ];
        lines.extend(self.since());
        lines.push("(severity>=WARNING OR httpRequest.status>=400)".to_owned());
        lines
    }

    fn since(&self) -> Option<String> {
        self.from.map(|from| format!("timestamp>=\"{from}\""))
    }
}

/// A filter of lines with as many of the repeats left out as it holds, those found first before others.
fn without(mut lines: Vec<String>, known: &Known) -> String {
    let mut room = LONGEST.saturating_sub(lines.iter().map(|line| line.len() + 1).sum());
    for repeat in known.repeats {
        let terms: Vec<String> = repeat.iter().map(term).collect();
        let line = format!("NOT ({})", terms.join(" AND "));
        let Some(left) = room.checked_sub(line.len() + 1) else {
            continue;
        };
        room = left;
        lines.push(line);
    }
    lines.join("\n")
}

fn term(term: &Term) -> String {
    let field = &term.field;
    match &term.is {
        Is::Equal(value) => format!("{field}={}", quote(value)),
        Is::Like(pattern) => format!("{field}=~{}", quote(pattern)),
        // Source: the language's page on troubleshooting, "JSON null values".
        Is::Null => format!("{field}=NULL_VALUE"),
        Is::Absent => format!("NOT {field}:*"),
    }
}

/// By what an entry with a sign is asked for.
fn terms(sign: &Telling) -> String {
    match sign {
        Telling::Text(text) => quote(text),
        // Alone or in a list, in a text format; or a field.
        Telling::Flag(flag) => format!(
            "textPayload:(\" {flag} \" OR \" {flag},\" OR \",{flag} \" OR \",{flag},\") OR jsonPayload.response_flags:{}",
            quote(flag)
        ),
        Telling::Status(status) => {
            format!("textPayload:\" {status} \" OR jsonPayload.response_code={status}")
        }
        Telling::Log(id) => format!("(log_id({}) AND severity>=WARNING)", quote(id)),
    }
}

fn any(alternatives: &[String]) -> String {
    format!("({})", alternatives.join(" OR "))
}

fn service(glob: &str) -> String {
    let label = "resource.labels.service_name";
    if !glob.contains(['*', '?']) {
        return format!("{label}={}", quote(glob));
    }
    let pattern: String = glob
        .chars()
        .map(|c| match c {
            '*' => ".*".to_owned(),
            '?' => ".".to_owned(),
            other => regex::escape(&other.to_string()),
        })
        .collect();
    format!("{label}=~{}", quote(&format!("^{pattern}$")))
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_filter_says_whose_entries_since_when_and_which_words() {
        let wanted = Wanted {
            services: vec!["web".into(), "shop-*".into()],
            from: Some("2026-11-20T08:35:00Z".parse().unwrap()),
            signs: [
                Telling::Text("say \"no\"".to_owned()),
                Telling::Flag("UH".to_owned()),
            ]
            .into(),
            everything: false,
        };
        assert_eq!(
            wanted.services(),
            "resource.type=\"cloud_run_revision\"\n\
             (resource.labels.service_name=\"web\" OR resource.labels.service_name=~\"^shop\\\\-.*$\")\n\
             timestamp>=\"2026-11-20T08:35:00Z\"\n\
             (severity>=WARNING OR log_id(\"run.googleapis.com/varlog/system\") OR \"say \\\"no\\\"\" OR \
             textPayload:(\" UH \" OR \" UH,\" OR \",UH \" OR \",UH,\") OR jsonPayload.response_flags:\"UH\")"
        );
    }

    #[test]
    fn more_words_than_a_filter_holds_ask_for_everything() {
        let signs = (0..2000)
            .map(|n| Telling::Text(format!("word number {n}")))
            .collect();
        let filter = Wanted {
            signs,
            ..Wanted::default()
        }
        .services();
        assert_eq!(filter, "resource.type=\"cloud_run_revision\"");
    }
}
