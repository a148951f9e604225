//! Project id and project number: different types, since Google's APIs mix the two.
use serde::{Deserialize, Serialize};
use std::fmt;

/// A project's id, such as `mesh-prod`. Google's APIs also accept and return the number in its place,
/// so compare names from outside through the project list (`mesh::Projects`), not as strings.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectId(pub String);

/// A project's number, such as `525300120045`.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProjectNumber(pub String);

impl ProjectId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ProjectNumber {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, where the text is one.
    pub fn parse(text: &str) -> Option<Self> {
        (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| Self(text.to_owned()))
    }
}

impl From<&str> for ProjectId {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ProjectNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
