//! What a rule looks for in a log.
use super::literals::{self, Need};
use regex::Regex;

/// One thing to look for. A rule may have several: each hit counts once for the rule.
#[derive(Debug, Clone)]
pub struct Signature {
    /// The rule.
    pub code: String,
    pub matcher: Matcher,
    /// Captures that tell groups of hits apart.
    pub by: Vec<String>,
}

/// How a record is recognised.
#[derive(Debug, Clone)]
pub enum Matcher {
    /// A regex over a record's message: percent-decoded, joined over continuation lines, from Envoy's text or JSON format,
    /// or an application's `textPayload` or `jsonPayload.message`. Tried on the whole message and, if that fails, on what
    /// follows Envoy's `[time][pid][level][component] [source]`. `log` narrows to a log id such as
    /// `run.googleapis.com/requests`; only then does the pattern also see request logs without text, as
    /// `METHOD URL STATUS`. Options such as case-insensitivity must stand in the pattern itself (`(?i)`).
    Message { pattern: Regex, log: Option<String> },
    /// Fields of an access log record, in Envoy's default text format, Istio's, or JSON.
    Access(AccessMatch),
}

/// All that is given must hold.
#[derive(Debug, Clone, Default)]
pub struct AccessMatch {
    /// At least one of these response flags (`NR`); empty means any.
    pub flags: Vec<String>,
    /// A regex over the response code details.
    pub details: Option<Regex>,
    /// A regex over the upstream transport failure reason, or, where the format has none, the details.
    pub failure: Option<Regex>,
    /// One of these response codes; empty means any.
    pub status: Vec<u16>,
}

/// What an entry shows by which it may be asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Telling {
    /// Text in the message. A record's later lines have texts of their own.
    Text(String),
    /// A response flag of an access log.
    Flag(String),
    /// A response code of an access log.
    Status(u16),
    /// A log whose entries have no text, such as that of requests: they are told by their severity.
    Log(String),
}

fn texts(pattern: &Regex) -> Vec<Telling> {
    let clauses = literals::of_pattern(pattern.as_str()).0;
    let texts = clauses.into_iter().flatten();
    texts
        .filter(|text| text.bytes.len() >= literals::MIN_PIECE)
        .filter_map(|text| Some(Telling::Text(String::from_utf8(text.bytes).ok()?)))
        .collect()
}

impl Signature {
    /// Whether lines that cannot match are told apart by a fast search for fixed text. A signature without makes the
    /// scan decode every line, some ten times slower: a rule should not have one.
    pub fn has_literal(&self) -> bool {
        self.need().is_searchable()
    }

    /// What a log can be asked for so that no entry of this signature is missed; `None` where it has no fixed text.
    pub fn telling(&self) -> Option<Vec<Telling>> {
        match &self.matcher {
            Matcher::Message { pattern, log } => {
                let texts = texts(pattern);
                match log {
                    Some(log) if texts.is_empty() => Some(vec![Telling::Log(log.clone())]),
                    _ => (!texts.is_empty()).then_some(texts),
                }
            }
            Matcher::Access(access) if !access.flags.is_empty() => {
                Some(access.flags.iter().cloned().map(Telling::Flag).collect())
            }
            Matcher::Access(access) => {
                let patterns = [&access.details, &access.failure];
                let found: Vec<Telling> = patterns.into_iter().flatten().flat_map(texts).collect();
                if found.is_empty() && access.status.is_empty() {
                    return None;
                }
                Some(if found.is_empty() {
                    access.status.iter().copied().map(Telling::Status).collect()
                } else {
                    found
                })
            }
        }
    }

    /// What a raw line must contain for this signature to match.
    pub(super) fn need(&self) -> Need {
        match &self.matcher {
            Matcher::Message { pattern, log } => {
                let need = literals::of_pattern(pattern.as_str());
                match log {
                    Some(id) => need.and_text(literals::encoded_log_id(id)),
                    None => need,
                }
            }
            Matcher::Access(access) => {
                let mut need = Need::default();
                for pattern in [&access.details, &access.failure].into_iter().flatten() {
                    need = need.and(literals::of_pattern(pattern.as_str()));
                }
                if !access.flags.is_empty() {
                    need = need.and_clause(access.flags.iter().flat_map(|f| literals::of_flag(f)).collect());
                }
                if !access.status.is_empty() {
                    need = need.and_clause(
                        access
                            .status
                            .iter()
                            .flat_map(|s| literals::of_status(*s))
                            .collect(),
                    );
                }
                need
            }
        }
    }
}
