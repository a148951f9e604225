//! What must not leave the house, replaced by keyed hashes; what a diagnosis reads stays.
//!
//! Texts come in, file by file; out they go with secrets replaced, and a count of each kind. What is secret the room
//! `redact` knows; `log` goes through logs of any size and `lines` through their lines, `csds` through the proxies' status, `keep` knows the hosts that
//! stay readable, and `strict` hides names and addresses as well.
mod csds;
mod keep;
mod lines;
mod log;
mod strict;

pub use crate::redact::{Key, Place};
pub use log::{Broken, log};

use crate::redact::{
    Fields, Forms, Hit, NotJson, OTHERS, QUERIES, Replace, Tokens, Wanted, find_marks, rewrite,
};
use crate::snapshot::{ReadError, Snapshot};
use regex::Regex;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How much is taken out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing but the user's own patterns.
    Off,
    /// Secrets, addresses of people, queries.
    #[default]
    Default,
    /// Host names, IP addresses and projects too.
    Strict,
}

impl Level {
    /// By its name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Off, Self::Default, Self::Strict]
            .into_iter()
            .find(|level| level.as_str() == name)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Default => "default",
            Self::Strict => "strict",
        }
    }
}

/// What to take out.
#[derive(Debug, Clone)]
pub struct Redaction {
    pub level: Level,
    /// The user's own: `--redact-pattern`.
    pub patterns: Vec<Regex>,
    pub key: Key,
}

/// Takes it out, file by file.
#[derive(Clone)]
pub struct Redactor {
    level: Level,
    forms: Forms,
    kept: keep::Kept,
    tokens: Tokens,
    names: Option<strict::Names>,
}

impl Redactor {
    /// # Errors
    /// Where a pattern cannot be searched for.
    pub fn new(redaction: &Redaction, snapshot: &Snapshot) -> Result<Self, regex::Error> {
        let names = (redaction.level == Level::Strict)
            .then(|| strict::Names::of(snapshot, &redaction.key))
            .transpose()?;
        Ok(Self {
            level: redaction.level,
            forms: Forms::new(redaction.patterns.clone()),
            kept: keep::Kept::of(snapshot),
            tokens: Tokens::new(redaction.key.clone()),
            names,
        })
    }

    /// How often each kind was replaced.
    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.tokens.counts
    }

    /// The same, without counts: one for each thread.
    fn worker(&self) -> Self {
        let mut own = self.clone();
        own.tokens.counts.clear();
        own
    }

    fn take_counts(&mut self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.tokens.counts)
    }

    /// Adds what another replaced.
    fn count(&mut self, counts: BTreeMap<String, u64>) {
        for (kind, count) in counts {
            *self.tokens.counts.entry(kind).or_default() += count;
        }
    }

    /// Whether texts may change that have no mark of a secret.
    fn needs_every_line(&self) -> bool {
        self.names.is_some() || !self.knows_marks()
    }

    /// Whether `marks` finds all that may change: the user's own patterns have none.
    fn knows_marks(&self) -> bool {
        self.is_on() && !self.forms.has_own()
    }

    /// Finds all marks of a log; `lower` is room to work in.
    fn marks(&self, log: &[u8], lower: &mut Vec<u8>, hits: &mut Vec<Hit>) {
        find_marks(log, lower, hits);
        if let Some(names) = &self.names {
            names.mark(log, hits);
            hits.sort_by_key(|hit| hit.at);
        }
    }

    /// Whether files change at all.
    pub fn does_nothing(&self) -> bool {
        self.level == Level::Off && !self.forms.has_own()
    }

    /// A whole JSON file.
    ///
    /// # Errors
    /// Where it is no JSON.
    pub fn json<'t>(&mut self, text: &'t str, place: Place, origin: &str) -> Result<Cow<'t, str>, ReadError> {
        let mut fields = Fields::new(self, place);
        rewrite(text, &mut fields).map_err(|NotJson(at)| {
            let before = text.get(..at).unwrap_or(text);
            ReadError::Malformed {
                origin: origin.to_owned(),
                line: before.matches('\n').count() + 1,
                column: before.len() - before.rfind('\n').map_or(0, |end| end + 1) + 1,
                problem: "not JSON to its end".into(),
                remedy: "the file is cut off or was edited by hand; collect it again".into(),
            }
        })
    }

    /// A text that stands for itself.
    pub fn plain(&mut self, text: &str) -> Option<String> {
        if self.is_on() {
            self.text(text, true)
        } else {
            self.own(text)
        }
    }

    /// A path of the layout: projects stand in it.
    pub fn path(&mut self, path: &str) -> String {
        self.names
            .as_ref()
            .map_or_else(|| path.to_owned(), |names| names.path(path))
    }

    fn renamed(&mut self, new: Option<String>, text: &str) -> Option<String> {
        let Some(names) = &mut self.names else { return new };
        names
            .rename(new.as_deref().unwrap_or(text), &mut self.tokens)
            .or(new)
    }
}

impl Replace for Redactor {
    fn is_on(&self) -> bool {
        self.level != Level::Off
    }

    fn own(&mut self, text: &str) -> Option<String> {
        self.forms.own(text, &mut self.tokens)
    }

    fn text(&mut self, text: &str, with_query: bool) -> Option<String> {
        let leave: &[&str] = if with_query { &[] } else { &[QUERIES] };
        let new = self.forms.redact(text, leave, &mut self.tokens);
        self.renamed(new, text)
    }

    fn marked(&mut self, text: &str, with_query: bool, wanted: Wanted) -> Option<String> {
        let leave: &[&str] = if with_query { &[] } else { &[QUERIES] };
        let new = self.forms.redact_wanted(text, leave, wanted, &mut self.tokens);
        if new.is_none() && wanted & OTHERS == 0 {
            return None;
        }
        self.renamed(new, text)
    }

    fn whole(&mut self, kind: &str, text: &str) -> String {
        self.tokens.replace(kind, text)
    }

    /// But for the hosts of the mesh that it names.
    fn env(&mut self, text: &str) -> String {
        let hosts = self.kept.within(text);
        let mut new = self.whole("env", text);
        for host in hosts {
            new.push(' ');
            new.push_str(&host);
        }
        self.renamed(None, &new).unwrap_or(new)
    }

    /// With strict's names too.
    fn name(&mut self, name: &str) -> Option<String> {
        if self.is_on() {
            self.text(name, false)
        } else {
            self.own(name)
        }
    }
}
