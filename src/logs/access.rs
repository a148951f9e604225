//! An access log record, whichever format it came in.
use super::envoy;
use super::group::clip;
use jiff::Timestamp;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What an access log line says. Absent: the format lacks it, or the line has `-` or null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    pub time: Option<Timestamp>,
    pub status: Option<u16>,
    pub flags: Vec<String>,
    pub details: Option<String>,
    /// Why the connection to the upstream failed.
    pub failure: Option<String>,
    /// Whether the format has the failure reason at all.
    pub has_failure: bool,
    pub method: Option<String>,
    pub path: Option<String>,
    pub host: Option<String>,
    pub upstream_cluster: Option<String>,
    pub upstream_host: Option<String>,
    pub bytes_received: Option<u64>,
    pub bytes_sent: Option<u64>,
}

/// Envoy's default text format, with Istio's additions as optional parts. The details and the failure reason may hold quotes,
/// brackets and bars, so each is bounded by the numbers that follow; the host by the end of the line, since the user agent
/// before it is free text.
const TEXT: &str = r#"(?x)
    ^\[(?P<time>[^\]\ ]+)\]\ "(?P<method>\S+)\ (?P<path>\S+)(?:\ (?P<protocol>\S+))?"
    \ (?P<status>[0-9]{1,3})\ (?P<flags>-|[A-Za-z0-9]+(?:,[A-Za-z0-9]+)*)
    (?P<istio>\ (?P<details>.*?)\ (?P<closed>\S+)\ "(?P<failure>.*?)")?
    \ (?P<received>[0-9]+)\ (?P<sent>[0-9]+)\ (?P<duration>[0-9]+)\ (?:-|[0-9]+)
    \ "(?:.*)"\ "(?:[^"]*)"\ "(?P<host>[^"]*)"\ "(?P<upstream_host>[^"]*)"
    (?:\ (?P<upstream_cluster>\S+)(?:\ \S+)*)?\s*$"#;

static FORMAT: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(TEXT).ok());

impl Access {
    /// From a line of the default or Istio's text format.
    pub fn from_text(line: &str) -> Option<Self> {
        if !line.starts_with('[') || !line.contains("] \"") {
            return None;
        }
        let fields = FORMAT.as_ref()?.captures(line)?;
        let text = |name: &str| present(fields.name(name).map(|field| field.as_str()));
        Some(Self {
            time: text("time").and_then(|t| envoy::parse_time(&t)),
            status: text("status").and_then(|s| s.parse().ok()),
            flags: flags(text("flags").as_deref()),
            details: text("details"),
            failure: text("failure"),
            has_failure: fields.name("istio").is_some(),
            method: text("method"),
            path: text("path"),
            host: text("host"),
            upstream_cluster: text("upstream_cluster"),
            upstream_host: text("upstream_host"),
            bytes_received: text("received").and_then(|n| n.parse().ok()),
            bytes_sent: text("sent").and_then(|n| n.parse().ok()),
        })
    }

    /// From an object with the field names of Envoy's documentation and of Istio's JSON format.
    pub fn from_object(object: &Map<String, Value>) -> Option<Self> {
        let keys = ["response_code", "response_flags", "response_code_details"];
        if !keys.iter().any(|key| object.contains_key(*key)) {
            return None;
        }
        let text = |name: &str| match object.get(name) {
            Some(Value::String(text)) => present(Some(text)),
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => None,
        };
        Some(Self {
            time: ["start_time", "time", "timestamp"]
                .iter()
                .find_map(|name| envoy::parse_time(&text(name)?)),
            status: text("response_code").and_then(|s| s.parse().ok()),
            flags: flags(text("response_flags").as_deref()),
            details: text("response_code_details"),
            failure: text("upstream_transport_failure_reason"),
            has_failure: object.contains_key("upstream_transport_failure_reason"),
            method: text("method"),
            path: text("path"),
            host: text("authority"),
            upstream_cluster: text("upstream_cluster"),
            upstream_host: text("upstream_host"),
            bytes_received: text("bytes_received").and_then(|n| n.parse().ok()),
            bytes_sent: text("bytes_sent").and_then(|n| n.parse().ok()),
        })
    }

    /// The fields as captures.
    pub fn captures(&self) -> BTreeMap<String, String> {
        let status = self.status.map(|status| status.to_string());
        let flags = (!self.flags.is_empty()).then(|| self.flags.join(","));
        [
            ("status", &status),
            ("flags", &flags),
            ("details", &self.details),
            ("failure", &self.failure),
            ("method", &self.method),
            ("path", &self.path),
            ("host", &self.host),
            ("upstream_cluster", &self.upstream_cluster),
            ("upstream_host", &self.upstream_host),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), clip(value.as_deref()?))))
        .collect()
    }
}

/// The flags of a list; `-` is none.
pub fn flags(list: Option<&str>) -> Vec<String> {
    let flags = list.unwrap_or_default().split(',').map(str::trim);
    flags
        .filter(|flag| !flag.is_empty() && *flag != "-")
        .map(str::to_owned)
        .collect()
}

/// A value that is there: not empty, not `-`.
pub fn present(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.is_empty() && *text != "-")
        .map(str::to_owned)
}
