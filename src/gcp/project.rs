//! Resource Manager: a project's id, number and parent.
//!
//! Source: the cloudresourcemanager.v3 discovery document, schema `Project`.
use serde::Deserialize;

/// One project.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Project {
    pub project_id: String,
    /// `projects/NUMBER`.
    pub name: String,
    pub parent: String,
}

impl Project {
    /// The project number, where `name` carries one.
    pub fn number(&self) -> Option<&str> {
        let number = self.name.strip_prefix("projects/")?;
        (!number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())).then_some(number)
    }
}
