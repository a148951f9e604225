//! What clients of one mesh have in common is kept once: they are sent the same routes, clusters and endpoints.
use super::open::{self, Opened};
use envoy_types::pb::google::protobuf::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// What was opened so far of one answer.
#[derive(Default)]
pub struct Shared {
    /// By the payload and the type that counts where it names none.
    opened: HashMap<(Any, String), Opened>,
    texts: HashSet<Arc<str>>,
}

impl Shared {
    /// Opens a payload, unless one like it was opened before.
    pub fn open(&mut self, config: Option<Any>, outer_type: &str) -> Result<Opened, String> {
        let key = (config.unwrap_or_default(), outer_type.to_owned());
        if let Some(known) = self.opened.get(&key) {
            return Ok(known.clone());
        }
        let opened = open::any(Some(key.0.clone()), outer_type)?;
        self.opened.insert(key, opened.clone());
        Ok(opened)
    }

    /// The text, kept once.
    pub fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}
