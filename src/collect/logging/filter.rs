//! The filter: narrow enough to be cheap, wide enough to miss no signature.
//! Source of the language: <https://cloud.google.com/logging/docs/view/logging-query-language>.
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A filter may have 20,000 characters; what stands beside the signs takes its part.
const MOST_SIGNS: usize = 15_000;

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Names or globs of Cloud Run services; none means all.
    pub services: Vec<String>,
    /// None older than this.
    pub from: Option<Timestamp>,
    /// A telling entry shows one of these, whatever its severity.
    pub signs: BTreeSet<Sign>,
    /// Something is looked for that no sign tells: everything is read.
    pub everything: bool,
}

/// By what an entry is asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    Text(String),
    /// A response flag of a sidecar's access log, as text or JSON.
    Flag(String),
    /// A response code likewise.
    Status(u16),
}

impl Sign {
    fn terms(&self) -> String {
        match self {
            Self::Text(text) => quote(text),
            Self::Flag(flag) => format!(
                "textPayload:\" {flag} \" OR jsonPayload.response_flags:{}",
                quote(flag)
            ),
            Self::Status(status) => {
                format!("textPayload:\" {status} \" OR jsonPayload.response_code={status}")
            }
        }
    }
}

impl Wanted {
    /// Entries of Cloud Run services: warnings and worse, the platform's own words, and what a signature may match.
    pub fn services(&self) -> String {
        let mut lines = vec!["resource.type=\"cloud_run_revision\"".to_owned()];
        if !self.services.is_empty() {
            let named = self.services.iter().map(|name| service(name));
            lines.push(any(&named.collect::<Vec<String>>()));
        }
        lines.extend(self.since());
        // The platform tells of every instance that it starts: so a service that says nothing itself is still seen.
        let mut telling = vec![
            "severity>=WARNING".to_owned(),
            "log_id(\"run.googleapis.com/varlog/system\")".to_owned(),
        ];
        let mut room = MOST_SIGNS;
        for sign in &self.signs {
            let terms = sign.terms();
            let left = room.checked_sub(terms.len() + 4).filter(|_| !self.everything);
            let Some(left) = left else {
                // Too many signs to ask for: everything is read instead, and nothing missed.
                return lines.join("\n");
            };
            room = left;
            telling.push(terms);
        }
        lines.push(any(&telling));
        lines.join("\n")
    }

    /// Failed requests in the access logs that the clusters' own proxies write.
    pub fn clusters(&self) -> String {
        let mut lines = vec![
            "((resource.type=\"k8s_container\" AND log_id(\"server-accesslog-stackdriver\")) OR \
             (resource.type=\"k8s_pod\" AND log_id(\"client-accesslog-stackdriver\")))"
                .to_owned(),
        ];
        lines.extend(self.since());
        lines.push("(severity>=WARNING OR httpRequest.status>=400)".to_owned());
        lines.join("\n")
    }

    fn since(&self) -> Option<String> {
        self.from.map(|from| format!("timestamp>=\"{from}\""))
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
            signs: [Sign::Text("say \"no\"".to_owned()), Sign::Flag("UH".to_owned())].into(),
            everything: false,
        };
        assert_eq!(
            wanted.services(),
            "resource.type=\"cloud_run_revision\"\n\
             (resource.labels.service_name=\"web\" OR resource.labels.service_name=~\"^shop\\\\-.*$\")\n\
             timestamp>=\"2026-11-20T08:35:00Z\"\n\
             (severity>=WARNING OR log_id(\"run.googleapis.com/varlog/system\") OR \"say \\\"no\\\"\" OR \
             textPayload:\" UH \" OR jsonPayload.response_flags:\"UH\")"
        );
    }

    #[test]
    fn more_words_than_a_filter_holds_ask_for_everything() {
        let signs = (0..2000)
            .map(|n| Sign::Text(format!("word number {n}")))
            .collect();
        let filter = Wanted {
            signs,
            ..Wanted::default()
        }
        .services();
        assert_eq!(filter, "resource.type=\"cloud_run_revision\"");
    }
}
