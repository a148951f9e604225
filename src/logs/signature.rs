//! What a rule looks for in a log.
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
    /// or an application's `textPayload` or `jsonPayload.message`. `log` narrows to a log id such as `run.googleapis.com/requests`.
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

impl Signature {
    pub fn has_literal(&self) -> bool {
        true
    }
}
