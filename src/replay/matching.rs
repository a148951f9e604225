//! Whether a log entry is what a filter asks for.
use super::filter::{Filter, Operator};
use aho_corasick::AhoCorasick;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use regex::Regex;
use serde_json::Value;
use std::cell::OnceCell;
use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};

/// logging.v2 LogSeverity, by rank.
const SEVERITIES: [&str; 9] = [
    "DEFAULT",
    "DEBUG",
    "INFO",
    "NOTICE",
    "WARNING",
    "ERROR",
    "CRITICAL",
    "ALERT",
    "EMERGENCY",
];

/// A filter, ready to be used on many entries.
#[derive(Debug)]
pub struct Matcher {
    filter: Filter,
    patterns: HashMap<String, Regex>,
    /// Texts that are looked for anywhere, in lower case: hundreds of them, so all in one pass.
    texts: Vec<String>,
    search: AhoCorasick,
}

/// An entry, and which of the texts are anywhere in it: looked up when the first is asked for.
struct Entry<'v> {
    value: &'v Value,
    found: OnceCell<HashSet<usize>>,
}

impl Matcher {
    pub fn new(filter: Filter) -> Result<Self, String> {
        let mut patterns = HashMap::new();
        let mut texts = BTreeSet::new();
        compile(&filter, &mut patterns, &mut texts)?;
        let texts: Vec<String> = texts.into_iter().collect();
        let search = AhoCorasick::new(&texts).map_err(|error| error.to_string())?;
        Ok(Self {
            filter,
            patterns,
            texts,
            search,
        })
    }

    pub fn matches(&self, entry: &Value) -> bool {
        let entry = Entry {
            value: entry,
            found: OnceCell::new(),
        };
        self.holds(&self.filter, &entry)
    }

    /// The span of time that every chosen entry lies in: from, to.
    pub fn span(&self) -> (Option<Timestamp>, Option<Timestamp>) {
        let (mut from, mut to) = (None, None);
        let terms = match &self.filter {
            Filter::All(terms) => terms.as_slice(),
            one => std::slice::from_ref(one),
        };
        for term in terms {
            let Filter::Compare {
                path,
                operator,
                value,
            } = term
            else {
                continue;
            };
            let (["timestamp"], Some(own)) = (
                path.iter().map(String::as_str).collect::<Vec<_>>().as_slice(),
                time(value),
            ) else {
                continue;
            };
            match operator {
                Operator::Greater | Operator::GreaterEqual => from = from.max(Some(own)),
                Operator::Less | Operator::LessEqual => {
                    to = Some(to.map_or(own, |to: Timestamp| to.min(own)));
                }
                _ => {}
            }
        }
        (from, to)
    }

    /// Whether a text, in lower case, is anywhere in the entry.
    fn anywhere(&self, entry: &Entry, wanted: &str) -> bool {
        let found = entry.found.get_or_init(|| {
            let mut text = String::new();
            gather(entry.value, &mut text);
            let text = text.to_lowercase();
            let all = self.search.find_overlapping_iter(&text);
            all.map(|found| found.pattern().as_usize()).collect()
        });
        let own = self.texts.binary_search_by(|text| text.as_str().cmp(wanted));
        own.is_ok_and(|own| found.contains(&own))
    }

    fn holds(&self, filter: &Filter, entry: &Entry) -> bool {
        match filter {
            Filter::All(terms) => terms.iter().all(|term| self.holds(term, entry)),
            Filter::Any(terms) => terms.iter().any(|term| self.holds(term, entry)),
            Filter::Not(term) => !self.holds(term, entry),
            Filter::Text(text) => self.anywhere(entry, &text.to_lowercase()),
            Filter::LogId(id) => {
                let name = entry
                    .value
                    .get("logName")
                    .and_then(Value::as_str)
                    .unwrap_or_default();
                let own = name.split_once("/logs/").map_or("", |(_, own)| own);
                percent_decode_str(own).decode_utf8_lossy() == *id || own == id
            }
            Filter::Compare {
                path,
                operator,
                value,
            } => self.compare(entry.value, path, *operator, value),
        }
    }

    fn compare(&self, entry: &Value, path: &[String], operator: Operator, wanted: &str) -> bool {
        let negated = match operator {
            Operator::NotEqual => Some(Operator::Equal),
            Operator::NotMatch => Some(Operator::Match),
            _ => None,
        };
        if let Some(positive) = negated {
            return !self.compare(entry, path, positive, wanted);
        }
        let mut found = Vec::new();
        collect(entry, path, &mut found);
        if let ["severity"] = path.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            let own = found
                .first()
                .and_then(|value| value.as_str())
                .unwrap_or("DEFAULT");
            return match (rank(own), rank(wanted)) {
                (Some(own), Some(wanted)) => ordered(own.cmp(&wanted), operator),
                _ => own.eq_ignore_ascii_case(wanted),
            };
        }
        found
            .into_iter()
            .any(|own| self.compare_value(own, operator, wanted))
    }

    fn compare_value(&self, own: &Value, operator: Operator, wanted: &str) -> bool {
        match (own, operator) {
            (Value::Array(items), _) => items
                .iter()
                .any(|item| self.compare_value(item, operator, wanted)),
            (_, Operator::Has) => wanted == "*" || has(own, &wanted.to_lowercase()),
            (_, Operator::Match) => {
                let pattern = self.patterns.get(wanted);
                pattern.is_some_and(|pattern| pattern.is_match(&text(own)))
            }
            // Source: the language's page on troubleshooting, "JSON null values".
            (Value::Null, Operator::Equal) => wanted == "NULL_VALUE",
            (Value::Object(_) | Value::Null, _) => false,
            _ => ordered(order(&text(own), wanted), operator),
        }
    }
}

fn compile(
    filter: &Filter,
    patterns: &mut HashMap<String, Regex>,
    texts: &mut BTreeSet<String>,
) -> Result<(), String> {
    match filter {
        Filter::All(terms) | Filter::Any(terms) => {
            terms.iter().try_for_each(|term| compile(term, patterns, texts))
        }
        Filter::Not(term) => compile(term, patterns, texts),
        Filter::Text(text) => {
            texts.insert(text.to_lowercase());
            Ok(())
        }
        Filter::Compare {
            operator: Operator::Match | Operator::NotMatch,
            value,
            ..
        } => {
            let pattern = Regex::new(value).map_err(|error| error.to_string())?;
            patterns.insert(value.clone(), pattern);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The values at a path; a key may hold dots of its own.
fn collect<'v>(value: &'v Value, path: &[String], into: &mut Vec<&'v Value>) {
    let Some((first, rest)) = path.split_first() else {
        into.push(value);
        return;
    };
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, path, into)),
        Value::Object(fields) => {
            if let Some(inner) = fields.get(first) {
                collect(inner, rest, into);
            } else if let Some(inner) = fields.get(&path.join(".")) {
                into.push(inner);
            }
        }
        _ => {}
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Every value below, one a line.
fn gather(value: &Value, into: &mut String) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| gather(item, into)),
        Value::Object(fields) => fields.values().for_each(|inner| gather(inner, into)),
        Value::Null => {}
        Value::String(text) => {
            into.push_str(text);
            into.push('\0');
        }
        other => {
            into.push_str(&other.to_string());
            into.push('\0');
        }
    }
}

/// Whether a text, in lower case, is anywhere in a value.
fn has(value: &Value, wanted: &str) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| has(item, wanted)),
        Value::Object(fields) => fields.values().any(|inner| has(inner, wanted)),
        Value::Null => false,
        other => text(other).to_lowercase().contains(wanted),
    }
}

/// By time, by number, or as text in any case.
fn order(own: &str, wanted: &str) -> Ordering {
    if let (Some(own), Some(wanted)) = (time(own), time(wanted)) {
        return own.cmp(&wanted);
    }
    if let (Ok(own), Ok(wanted)) = (own.parse::<f64>(), wanted.parse::<f64>()) {
        return own.total_cmp(&wanted);
    }
    own.to_lowercase().cmp(&wanted.to_lowercase())
}

/// A point in time; a bare date is its first moment.
pub fn time(text: &str) -> Option<Timestamp> {
    let dashes = text.bytes().filter(|byte| *byte == b'-').count();
    match text.len() {
        10 if dashes == 2 => format!("{text}T00:00:00Z").parse().ok(),
        _ => text.parse().ok(),
    }
}

fn rank(severity: &str) -> Option<usize> {
    let by_name = SEVERITIES
        .iter()
        .position(|name| name.eq_ignore_ascii_case(severity));
    by_name.or_else(|| severity.parse::<usize>().ok().map(|number| number / 100))
}

fn ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Less => order.is_lt(),
        Operator::LessEqual => order.is_le(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterEqual => order.is_ge(),
        _ => order.is_eq(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::filter::parse;
    use super::*;
    use serde_json::json;

    fn entry() -> Value {
        json!({
            "logName": "projects/p/logs/run.googleapis.com%2Fstderr",
            "resource": { "type": "cloud_run_revision", "labels": { "service_name": "shop" } },
            "labels": { "k8s-pod/app": "shop" },
            "severity": "WARNING",
            "timestamp": "2026-11-20T09:00:01.101Z",
            "textPayload": "gRPC config stream to Traffic Director closed: 7",
            "httpRequest": { "status": 503 },
        })
    }

    #[test]
    fn a_filter_holds_for_what_it_asks_for_and_for_nothing_else() {
        let holds = |text: &str| Matcher::new(parse(text).unwrap()).unwrap().matches(&entry());
        for yes in [
            "",
            r#"resource.type="cloud_run_revision" AND resource.labels.service_name="shop""#,
            r#"resource.labels.service_name=("cart" OR "shop")"#,
            r#"timestamp>="2026-11-20T09:00:00Z" timestamp<"2026-11-20T10:00:00+00:00""#,
            "severity>=WARNING",
            "timestamp>=2026-11-20T09:00:00Z",
            "severity>INFO AND severity<400 OR severity=WARNING",
            r#"textPayload:"config STREAM""#,
            r#"labels."k8s-pod/app"="shop""#,
            r#"log_id("run.googleapis.com/stderr")"#,
            r#"logName="projects/p/logs/run.googleapis.com%2Fstderr""#,
            r#"textPayload=~"closed: \d+$""#,
            "httpRequest.status>=500",
            "httpRequest:*",
            r#"NOT textPayload:"no such""#,
            r#"-severity=ERROR "traffic director""#,
            r#"jsonPayload.message!="x""#,
            "-- a comment\nseverity=WARNING",
        ] {
            assert!(holds(yes), "{yes}");
        }
        for no in [
            r#"resource.type="k8s_container""#,
            r#"timestamp>"2026-11-20T09:00:02Z""#,
            "severity>=ERROR",
            r#"textPayload:"no such" OR jsonPayload.message:"closed""#,
            "labels.missing:*",
            r#"textPayload=~"^closed""#,
        ] {
            assert!(!holds(no), "{no}");
        }
    }

    #[test]
    fn or_binds_stronger_than_and() {
        let holds = |text: &str| Matcher::new(parse(text).unwrap()).unwrap().matches(&entry());
        assert!(!holds("severity=WARNING OR severity=ERROR AND severity=INFO"));
        assert!(holds("severity=WARNING OR (severity=ERROR AND severity=INFO)"));
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for bad in [
            "(severity=ERROR",
            "severity>=",
            "severity=ERROR)",
            r#"textPayload:"open"#,
            "sample(x, 1)",
            "a..b=1",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let pattern = parse(r#"textPayload=~"(""#).unwrap();
        assert!(Matcher::new(pattern).is_err());
        assert!(parse(&"(".repeat(100_000)).is_err());
        assert!(parse(&format!("a={}", "(".repeat(100_000))).is_err());
    }
}
