//! Which of the asked-for services logged anything at all.
use super::entry;
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use std::collections::BTreeSet;

const KEY: &[u8] = b"\"service_name\"";

/// The names still looked for. Once all were seen the search costs nothing.
pub struct Activity {
    unseen: BTreeSet<Vec<u8>>,
    asked: BTreeSet<String>,
    key: Finder<'static>,
}

impl Activity {
    pub fn new(services: &BTreeSet<String>) -> Self {
        Self {
            unseen: services.iter().map(|name| name.clone().into_bytes()).collect(),
            asked: services.clone(),
            key: Finder::new(KEY),
        }
    }

    /// The names that were seen.
    pub fn seen(self) -> BTreeSet<String> {
        self.asked
            .into_iter()
            .filter(|name| !self.unseen.contains(name.as_bytes()))
            .collect()
    }

    /// Looks at the `service_name` of each entry in a block of JSON lines; the search costs the same for any number of names.
    /// The error is that of a line that has an unseen name and is not JSON, with its place.
    pub fn look(&mut self, block: &[u8]) -> Result<(), (usize, serde_json::Error)> {
        let mut at = 0;
        let mut last: &[u8] = b"";
        while !self.unseen.is_empty() {
            let Some(found) = self.key.find(block.get(at..).unwrap_or_default()) else {
                break;
            };
            at += found + KEY.len();
            let Some(name) = quoted(block.get(at..).unwrap_or_default()) else {
                continue;
            };
            if name == last || !self.unseen.contains(name) {
                last = name;
                continue;
            }
            // The key may stand in a payload: only the resource counts.
            let service = entry::service_of(&line_at(block, at)).map_err(|error| (at, error))?;
            self.unseen.remove(service.as_bytes());
        }
        Ok(())
    }
}

/// The string after a key: `: "NAME"`.
fn quoted(after: &[u8]) -> Option<&[u8]> {
    let text = after
        .trim_ascii_start()
        .strip_prefix(b":")?
        .trim_ascii_start()
        .strip_prefix(b"\"")?;
    text.get(..memchr(b'"', text.get(..256.min(text.len()))?)?)
}

fn line_at(block: &[u8], at: usize) -> std::borrow::Cow<'_, str> {
    let (before, after) = block.split_at(at.min(block.len()));
    let start = memrchr(b'\n', before).map_or(0, |i| i + 1);
    let end = memchr(b'\n', after).map_or(block.len(), |i| at + i);
    String::from_utf8_lossy(block.get(start..end).unwrap_or_default())
}
