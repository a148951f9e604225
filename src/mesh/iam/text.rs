//! Strings of which only the beginning may be known, as the names of resources that IAM is asked about.
use regex::Regex;

/// A string, or the known beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    known: String,
    /// Something unknown, perhaps nothing, follows.
    open: bool,
}

impl Text {
    pub fn whole(text: impl Into<String>) -> Self {
        Self {
            known: text.into(),
            open: false,
        }
    }

    pub fn beginning(text: impl Into<String>) -> Self {
        Self {
            known: text.into(),
            open: true,
        }
    }

    /// The string, where all of it is known.
    pub fn as_whole(&self) -> Option<&str> {
        (!self.open).then_some(&self.known)
    }

    /// None where the unknown part decides; likewise below.
    pub fn equals(&self, other: &Self) -> Option<bool> {
        match (self.open, other.open) {
            (false, false) => Some(self.known == other.known),
            (true, false) => other
                .known
                .starts_with(&self.known)
                .then_some(())
                .map_or(Some(false), |()| None),
            (false, true) => other.equals(self),
            (true, true) => {
                let apart = !self.known.starts_with(&other.known) && !other.known.starts_with(&self.known);
                apart.then_some(false)
            }
        }
    }

    pub fn starts_with(&self, prefix: &str) -> Option<bool> {
        if self.known.starts_with(prefix) {
            Some(true)
        } else if self.open && prefix.starts_with(&self.known) {
            None
        } else {
            Some(false)
        }
    }

    pub fn ends_with(&self, suffix: &str) -> Option<bool> {
        if self.open {
            suffix.is_empty().then_some(true)
        } else {
            Some(self.known.ends_with(suffix))
        }
    }

    pub fn contains(&self, part: &str) -> Option<bool> {
        let found = self.known.contains(part);
        (found || !self.open).then_some(found)
    }

    /// CEL's `matches`: somewhere in the string.
    pub fn matches(&self, pattern: &Regex) -> Option<bool> {
        (!self.open).then(|| pattern.is_match(&self.known))
    }

    /// IAM's `extract`: what stands in the place of `{name}` in the template; empty where the template does not fit.
    ///
    /// Source: Google's "Attribute reference for IAM Conditions", `extract`.
    pub fn extract(&self, template: &str) -> Option<Self> {
        let (before, rest) = template.split_once('{')?;
        let (_, after) = rest.split_once('}')?;
        let Some(start) = self.known.find(before).map(|at| at + before.len()) else {
            return (!self.open).then(|| Self::whole(""));
        };
        let value = self.known.get(start..)?;
        if after.is_empty() {
            return Some(Self {
                known: value.to_owned(),
                open: self.open,
            });
        }
        match value.find(after) {
            Some(end) => Some(Self::whole(value.get(..end)?)),
            None => (!self.open).then(|| Self::whole("")),
        }
    }
}
