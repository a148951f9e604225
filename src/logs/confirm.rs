//! The second stage: which signatures a decoded record matches, and with what captures.
use super::entry::{Record, Shape};
use super::envoy;
use super::group::clip;
use super::signature::{AccessMatch, Matcher, Signature};
use regex::{Regex, RegexSet, RegexSetBuilder};
use regex_syntax::hir::Look;
use std::collections::BTreeMap;

/// Memory for the compiled set: over it, the patterns are tried one by one.
const MAX_SET: usize = 64 << 20;

/// A record that matched signatures of one rule with one key.
#[derive(Debug)]
pub struct Hit<'a> {
    pub code: &'a str,
    pub key: BTreeMap<String, String>,
    pub captures: BTreeMap<String, String>,
    /// By what it says, not by the fields of an access log: it may be told a second time.
    pub may_have_twin: bool,
}

/// All signatures, compiled.
pub struct Confirm<'a> {
    messages: Vec<Message<'a>>,
    sets: Option<Sets>,
    accesses: Vec<(&'a Signature, &'a AccessMatch)>,
}

struct Message<'a> {
    signature: &'a Signature,
    pattern: &'a Regex,
    log: Option<&'a str>,
    /// It is bound to the start: it may match the text after Envoy's prefix and not the whole.
    is_bound: bool,
}

/// All patterns in one, and those that are bound to the start, with their place among all.
struct Sets {
    all: RegexSet,
    bound: RegexSet,
    places: Vec<usize>,
}

impl<'a> Confirm<'a> {
    pub fn new(signatures: &'a [Signature]) -> Self {
        let mut messages = Vec::new();
        let mut accesses = Vec::new();
        for signature in signatures {
            match &signature.matcher {
                Matcher::Message { pattern, log } => messages.push(Message {
                    signature,
                    pattern,
                    log: log.as_deref(),
                    is_bound: is_bound(pattern),
                }),
                Matcher::Access(access) => accesses.push((signature, access)),
            }
        }
        Self {
            sets: Sets::new(&messages),
            messages,
            accesses,
        }
    }

    /// What the record matches: at most one hit for each rule and key.
    pub fn hits(&self, record: &Record) -> Vec<Hit<'a>> {
        let mut hits = Vec::new();
        for index in self.matching(&record.message) {
            if let Some(message) = self.messages.get(index)
                && message
                    .log
                    .map_or(record.shape != Shape::Request, |log| log == record.log)
                && let Some(captures) = message.captures(&record.message)
            {
                add(&mut hits, message.signature, captures, true);
            }
        }
        if let Some(access) = &record.access {
            for (signature, wanted) in &self.accesses {
                if let Some(named) = wanted.captures(access) {
                    let mut captures = access.captures();
                    captures.extend(named);
                    add(&mut hits, signature, captures, false);
                }
            }
        }
        hits
    }

    fn matching(&self, message: &str) -> Vec<usize> {
        match &self.sets {
            Some(sets) => sets.matching(message),
            None => (0..self.messages.len()).collect(),
        }
    }
}

impl Sets {
    fn new(messages: &[Message]) -> Option<Self> {
        let set = |is_wanted: fn(&&Message) -> bool| {
            let wanted = messages.iter().filter(is_wanted);
            RegexSetBuilder::new(wanted.map(|message| message.pattern.as_str()))
                .size_limit(MAX_SET)
                .dfa_size_limit(MAX_SET)
                .build()
                .ok()
        };
        let bound = messages
            .iter()
            .enumerate()
            .filter(|(_, message)| message.is_bound);
        Some(Self {
            all: set(|_| true)?,
            bound: set(|message| message.is_bound)?,
            places: bound.map(|(place, _)| place).collect(),
        })
    }

    fn matching(&self, message: &str) -> Vec<usize> {
        let mut found: Vec<usize> = self.all.matches(message).into_iter().collect();
        if !self.places.is_empty() {
            let bound = self.bound.matches(envoy::body(message));
            found.extend(bound.into_iter().filter_map(|index| self.places.get(index)));
            found.sort_unstable();
            found.dedup();
        }
        found
    }
}

impl Message<'_> {
    fn captures(&self, message: &str) -> Option<BTreeMap<String, String>> {
        named(self.pattern, message).or_else(|| {
            self.is_bound
                .then(|| named(self.pattern, envoy::body(message)))
                .flatten()
        })
    }
}

fn is_bound(pattern: &Regex) -> bool {
    let starts = [Look::Start, Look::StartLF, Look::StartCRLF];
    regex_syntax::parse(pattern.as_str()).map_or(true, |hir| {
        let looks = hir.properties().look_set();
        starts.into_iter().any(|start| looks.contains(start))
    })
}

fn add<'a>(
    hits: &mut Vec<Hit<'a>>,
    signature: &'a Signature,
    captures: BTreeMap<String, String>,
    message: bool,
) {
    let key: BTreeMap<String, String> = signature
        .by
        .iter()
        .filter_map(|name| captures.get_key_value(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    match hits
        .iter_mut()
        .find(|hit| hit.code == signature.code && hit.key == key)
    {
        Some(hit) => {
            hit.may_have_twin &= message;
            for (name, value) in captures {
                hit.captures.entry(name).or_insert(value);
            }
        }
        None => hits.push(Hit {
            code: &signature.code,
            key,
            captures,
            may_have_twin: message,
        }),
    }
}

/// The named groups that took part in the match.
fn named(pattern: &Regex, text: &str) -> Option<BTreeMap<String, String>> {
    let found = pattern.captures(text)?;
    let names = pattern.capture_names().flatten();
    Some(
        names
            .filter_map(|name| Some((name.to_owned(), clip(found.name(name)?.as_str()))))
            .collect(),
    )
}

impl AccessMatch {
    /// The captures of its regexes, where all that is given holds.
    fn captures(&self, access: &super::access::Access) -> Option<BTreeMap<String, String>> {
        let flag = self.flags.is_empty() || self.flags.iter().any(|flag| access.flags.contains(flag));
        let status = self.status.is_empty() || access.status.is_some_and(|code| self.status.contains(&code));
        if !flag || !status {
            return None;
        }
        let mut captures = BTreeMap::new();
        if let Some(pattern) = &self.details {
            captures.extend(named(pattern, access.details.as_deref()?)?);
        }
        if let Some(pattern) = &self.failure {
            let told = if access.has_failure {
                &access.failure
            } else {
                &access.details
            };
            captures.extend(named(pattern, told.as_deref()?)?);
        }
        Some(captures)
    }
}
