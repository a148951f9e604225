//! `--redact strict`: projects, host names and addresses too, each always by the same other name, of the same shape.
//!
//! What it costs: a misspelt name is no longer like the right one; names that Google knows (its APIs, its ranges) and
//! cluster-internal names stay, since a diagnosis turns on them; a project's id is replaced wherever it stands as a word,
//! so that what bears the same name is renamed with it.
mod address;
mod host;
mod project;

use crate::redact::{Key, Tokens};
use crate::snapshot::Snapshot;
use address::Addresses;
use host::Hosts;
use project::Projects;
use std::borrow::Cow;

/// All that is renamed.
pub struct Names {
    projects: Projects,
    hosts: Hosts,
    addresses: Addresses,
}

impl Names {
    pub fn of(snapshot: &Snapshot, key: &Key) -> Result<Self, regex::Error> {
        Ok(Self {
            projects: Projects::of(snapshot, key)?,
            hosts: Hosts::of(snapshot, key)?,
            addresses: Addresses::new(key)?,
        })
    }

    /// The text with other names; `None` where it has none of these.
    pub fn rename(&self, text: &str, tokens: &mut Tokens) -> Option<String> {
        let mut new = Cow::Borrowed(text);
        // Projects first: a host may have one as its label.
        if let Some(changed) = self.projects.rename(&new, &mut |kind| tokens.count(kind)) {
            new = Cow::Owned(changed);
        }
        if let Some(changed) = self.hosts.rename(&new, &mut |kind| tokens.count(kind)) {
            new = Cow::Owned(changed);
        }
        if let Some(changed) = self.addresses.rename(&new, &mut |kind| tokens.count(kind)) {
            new = Cow::Owned(changed);
        }
        match new {
            Cow::Owned(new) if new != text => Some(new),
            _ => None,
        }
    }

    /// A layout path: its parts are names of projects, regions and clusters.
    pub fn path(&self, path: &str) -> String {
        let rename = |part: &str| self.projects.rename(part, &mut |_| {});
        let parts: Vec<String> = path
            .split('/')
            .map(|part| rename(part).unwrap_or_else(|| part.to_owned()))
            .collect();
        parts.join("/")
    }
}

/// What a pattern of words begins with, so that an escape's digits are not taken for a word's beginning: servers encode the
/// messages that Envoy logs. `new` has no name for an escape.
const ESCAPE: &str = "%[0-9A-Fa-f]{2}|";

/// Replaces every match that `new` has a name for.
fn replace_all(
    pattern: &regex::Regex,
    text: &str,
    new: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for found in pattern.find_iter(text) {
        let Some(name) = new(found.as_str()) else { continue };
        out.push_str(text.get(copied..found.start()).unwrap_or_default());
        out.push_str(&name);
        copied = found.end();
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}
