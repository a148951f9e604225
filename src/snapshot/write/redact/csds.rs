//! The proxies' status: JSON as JSON; binary stays as it is where nothing in it is secret, else it becomes JSON.
use super::{Place, Redactor};
use crate::snapshot::ReadError;
use crate::xds;

impl Redactor {
    /// A binary answer without its secrets, as JSON; `None` where it has none.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn csds(&mut self, bytes: &[u8], origin: &str) -> Result<Option<String>, ReadError> {
        if bytes.is_empty() || self.does_nothing() {
            return Ok(None);
        }
        let text = xds::to_json(bytes, origin)?;
        let new = self.json(&text, Place::Config, origin)?;
        Ok((new != text).then(|| new.into_owned()))
    }
}
