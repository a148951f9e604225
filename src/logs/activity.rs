//! Which of the asked-for services logged anything at all.
use super::entry;
use super::source::{not_json, text};
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

/// What a block showed.
#[derive(Default)]
pub struct Sightings {
    /// How many names were looked for.
    unseen: usize,
    seen: BTreeSet<Vec<u8>>,
    /// A line that has an unseen name and is not JSON: a place in it, and why. Nothing after it was looked at.
    pub bad: Option<(usize, String)>,
}

impl Sightings {
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }
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
    pub fn seen(&self) -> BTreeSet<String> {
        let seen = |name: &&String| !self.unseen.contains(name.as_bytes());
        self.asked.iter().filter(seen).cloned().collect()
    }

    /// Looks at the `service_name` of each entry in a block of JSON lines; the search costs the same for any number of names.
    pub fn look(&self, block: &[u8]) -> Sightings {
        let mut sightings = Sightings {
            unseen: self.unseen.len(),
            seen: BTreeSet::new(),
            bad: None,
        };
        let mut at = 0;
        let mut last: &[u8] = b"";
        while sightings.seen.len() < self.unseen.len() {
            let Some(found) = self.key.find(block.get(at..).unwrap_or_default()) else {
                break;
            };
            at += found + KEY.len();
            let Some(name) = quoted(block.get(at..).unwrap_or_default()) else {
                continue;
            };
            if name == last || !self.unseen.contains(name) || sightings.seen.contains(name) {
                last = name;
                continue;
            }
            // The key may stand in a payload: only the resource counts.
            match entry::service_of(&line_at(block, at)) {
                Ok(service) => {
                    sightings
                        .seen
                        .extend(self.unseen.get(service.as_bytes()).cloned());
                }
                Err(error) => {
                    sightings.bad = Some((at, not_json(&error)));
                    break;
                }
            }
        }
        sightings
    }

    /// Whether they are what a look would show now: names only ever leave the unseen.
    pub fn agrees(&self, sightings: &Sightings) -> bool {
        sightings.unseen == self.unseen.len()
    }

    /// The names need no longer be looked for.
    pub fn take(&mut self, sightings: &Sightings) {
        self.unseen.retain(|name| !sightings.seen.contains(name));
    }
}

/// The string after a key, in the same line: `: "NAME"`.
fn quoted(after: &[u8]) -> Option<&[u8]> {
    let text = blanks(blanks(after).strip_prefix(b":")?).strip_prefix(b"\"")?;
    text.get(..memchr(b'"', text.get(..256.min(text.len()))?)?)
}

fn blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t'));
    text.get(start.unwrap_or(text.len())..).unwrap_or_default()
}

fn line_at(block: &[u8], at: usize) -> std::borrow::Cow<'_, str> {
    let (before, after) = block.split_at(at.min(block.len()));
    let start = memrchr(b'\n', before).map_or(0, |i| i + 1);
    let end = memchr(b'\n', after).map_or(block.len(), |i| at + i);
    text(block.get(start..end).unwrap_or_default())
}
