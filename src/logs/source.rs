//! The file being read: how it is written, a line of it as a record, and what is wrong with it.
use super::entry::{self, Record};
use crate::blocks::Limits;
use crate::redact;
use crate::snapshot::{Blob, ProjectId, ReadError, Warning};
use memchr::{memchr, memchr_iter};
use serde::de::IgnoredAny;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How a file is written: told by its first line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Each line a JSON object.
    Json,
    Text,
}

/// A file of logs. Nothing in it changes once the format is known.
pub struct Source<'f> {
    /// As the user named it.
    pub origin: &'f str,
    /// The project that the layout gives it; empty for plain text.
    project: &'f str,
    pub format: Option<Format>,
}

impl<'f> Source<'f> {
    pub fn new(project: &'f ProjectId, blob: &'f Blob) -> Self {
        Self {
            origin: &blob.origin,
            project: Some(project.as_str())
                .filter(|project| *project != "-")
                .unwrap_or_default(),
            format: None,
        }
    }

    /// Tells the format from a block, after so many lines; it stays unknown while all is blank.
    pub fn detect(&mut self, lines: u64, bytes: &[u8], is_cut: bool) -> Result<(), ReadError> {
        let Some(start) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return Ok(());
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let first = rest
            .get(..memchr(b'\n', rest).unwrap_or(rest.len()))
            .unwrap_or_default()
            .trim_ascii_end();
        let number = lines + count_lines(bytes.get(..start)) + 1;
        if matches!(first, [b'['] | [b'[', b'{', ..] | b"[]") {
            return Err(self.malformed(number, "a JSON array, not one entry a line".into()));
        }
        if first.first() != Some(&b'{') {
            // What is no text at all is told of where its bytes are read.
            if self.is_of_project() && memchr(0, first).is_none() {
                return Err(self.malformed(number, "no log entry: its first line is no JSON object".into()));
            }
            self.format = Some(Format::Text);
            return Ok(());
        }
        self.format = Some(Format::Json);
        if is_cut {
            return Ok(());
        }
        // A file of another kind is told at once, not only if it happens to hold a candidate.
        match serde_json::from_slice::<BTreeMap<Cow<'_, str>, IgnoredAny>>(first) {
            Ok(fields) if self.is_of_project() && !fields.keys().any(|field| is_of_entry(field)) => {
                let has: Vec<&str> = fields.keys().take(3).map(AsRef::as_ref).collect();
                let problem = match has.as_slice() {
                    [] => "no log entry, but an empty object: an empty log is an empty file".into(),
                    ["entries", ..] => "an answer with its entries in it, not one entry a line".into(),
                    has => format!("no log entry: it has {}", has.join(", ")),
                };
                Err(self.malformed(number, redact::told(&problem).into_owned()))
            }
            Ok(_) => Ok(()),
            Err(_) if std::str::from_utf8(first).is_err() => Ok(()),
            Err(error) => Err(self.malformed(number, not_json(&error))),
        }
    }

    /// The record of a line, not yet numbered. The error says what is wrong with the line.
    pub fn record(&self, line: &[u8]) -> Result<Record, String> {
        let text = text(line.trim_ascii_end());
        let is_object = text.starts_with('{');
        let mut record = match self.format {
            Some(Format::Json) if is_object || self.is_export() => {
                entry::from_json(&text).map_err(|error| not_json(&error))?
            }
            _ if is_object => entry::from_json(&text).unwrap_or_else(|_| entry::from_text(&text)),
            _ => entry::from_text(&text),
        };
        if record.origin.project.is_empty() {
            record.origin.project = self.project.to_owned();
        }
        Ok(record)
    }

    /// Entries that were read of a project, where plain text has no place.
    fn is_of_project(&self) -> bool {
        self.is_export() && !self.project.is_empty()
    }

    /// A Cloud Logging export has no other lines; Envoy's JSON log may have bare ones.
    fn is_export(&self) -> bool {
        self.origin.contains(".ndjson")
    }

    /// The error of a line.
    pub fn malformed(&self, line: u64, problem: String) -> ReadError {
        ReadError::Malformed {
            origin: self.origin.to_owned(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: 0,
            problem,
            remedy: "give Cloud Logging entries as NDJSON (one JSON object a line) or Envoy's plain log text"
                .into(),
        }
    }

    /// What is told of entries with a field that cannot be read.
    pub fn foreign_warning(&self, count: u64, first: u64, field: &str) -> Warning {
        Warning {
            origin: self.origin.to_owned(),
            text: format!(
                "fields that are not as Cloud Logging writes them were left out: in {count} {}, the first at line {first}: {field}",
                if count == 1 { "entry" } else { "entries" }
            ),
        }
    }

    /// What is told of lines that were cut.
    pub fn cut_warning(&self, limits: Limits, cut: u64, first: u64) -> Warning {
        Warning {
            origin: self.origin.to_owned(),
            text: format!(
                "lines longer than {} bytes were cut: {cut}, the first at line {first}; {}",
                limits.line,
                match self.format {
                    Some(Format::Json) => "as JSON they could not be read",
                    _ => "what follows was not looked at",
                }
            ),
        }
    }
}

/// Whether an entry of Cloud Logging has such a field, of those that every one has one of.
fn is_of_entry(field: &str) -> bool {
    let frame = ["logName", "insertId", "timestamp", "receiveTimestamp", "resource"];
    frame.contains(&field) || field.ends_with("Payload")
}

/// The text of bytes. Most are valid, which is told faster than what is to be replaced.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

pub fn not_json(error: &serde_json::Error) -> String {
    redact::unquoted(&format!("not a log entry: {error}")).into_owned()
}

pub fn count_lines(bytes: Option<&[u8]>) -> u64 {
    memchr_iter(b'\n', bytes.unwrap_or_default()).count() as u64
}
