//! `--redact strict`: projects, host names and addresses too, each always by the same other name, of the same shape.
//!
//! What it costs: a misspelt name is no longer like the right one; names that Google knows (its APIs, its ranges) and
//! cluster-internal names stay, since a diagnosis turns on them; a project's id is replaced wherever it stands as a word,
//! so that what bears the same name is renamed with it.
//!
//! `scan` finds the words that may be such names, `place` where in a log to look for them at all, `memo` keeps what was made
//! of them.
mod address;
mod host;
mod memo;
mod place;
mod project;
mod scan;

use crate::redact::{Hit, Key, OTHERS, Tokens};
use crate::snapshot::Snapshot;
use address::Addresses;
use host::Hosts;
use memo::Memo;
use project::Projects;
use std::borrow::Cow;
use std::sync::Arc;

/// Texts up to this length, in bytes, are mostly labels and come again and again.
const SHORT: usize = 96;

/// All that is renamed.
pub struct Names {
    all: Arc<All>,
    /// What whole texts became lately, and what was renamed in them.
    texts: Memo<String, (Option<String>, Vec<&'static str>)>,
    lately: Lately,
}

#[derive(Default)]
struct Lately {
    hosts: host::Lately,
    addresses: address::Lately,
}

/// Each remembers by itself what it made lately.
impl Clone for Names {
    fn clone(&self) -> Self {
        Self::from(Arc::clone(&self.all))
    }
}

impl From<Arc<All>> for Names {
    fn from(all: Arc<All>) -> Self {
        Self {
            all,
            texts: Memo::default(),
            lately: Lately::default(),
        }
    }
}

struct All {
    projects: Projects,
    hosts: Hosts,
    addresses: Addresses,
}

impl Names {
    pub fn of(snapshot: &Snapshot, key: &Key) -> Result<Self, regex::Error> {
        let projects = Projects::of(snapshot, key);
        let all = All {
            projects: projects.map_err(|error| regex::Error::Syntax(error.to_string()))?,
            hosts: Hosts::of(snapshot, key),
            addresses: Addresses::new(key),
        };
        Ok(Self::from(Arc::new(all)))
    }

    /// The text with other names; `None` where it has none of these.
    pub fn rename(&mut self, text: &str, tokens: &mut Tokens) -> Option<String> {
        let Self { all, texts, lately } = self;
        if text.len() > SHORT {
            return all.rename(text, lately, &mut |kind| tokens.count(kind));
        }
        let (new, kinds) = texts.of(text, || {
            let mut kinds = Vec::new();
            let new = all.rename(text, lately, &mut |kind| kinds.push(kind));
            (new, kinds)
        });
        for kind in kinds {
            tokens.count(kind);
        }
        new
    }

    /// A layout path: its parts are names of projects, regions and clusters.
    pub fn path(&self, path: &str) -> String {
        let rename = |part: &str| self.all.projects.rename(part, &mut |_| {});
        let parts: Vec<String> = path
            .split('/')
            .map(|part| rename(part).unwrap_or_else(|| part.to_owned()))
            .collect();
        parts.join("/")
    }

    /// Adds to a log's marks those of the names.
    pub fn mark(&self, log: &[u8], hits: &mut Vec<Hit>) {
        let All { projects, hosts, .. } = &*self.all;
        let places = projects.places(log).chain(place::find(log, hosts));
        hits.extend(places.map(|at| Hit { at, wanted: OTHERS }));
    }
}

impl All {
    fn rename(&self, text: &str, lately: &mut Lately, count: &mut dyn FnMut(&'static str)) -> Option<String> {
        let Lately { hosts, addresses } = lately;
        let mut new = Cow::Borrowed(text);
        // Projects first: a host may have one as its label.
        if let Some(changed) = self.projects.rename(&new, count) {
            new = Cow::Owned(changed);
        }
        if let Some(changed) = self.hosts.rename(&new, hosts, count) {
            new = Cow::Owned(changed);
        }
        if let Some(changed) = self.addresses.rename(&new, addresses, count) {
            new = Cow::Owned(changed);
        }
        match new {
            Cow::Owned(new) if new != text => Some(new),
            _ => None,
        }
    }
}
