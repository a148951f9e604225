//! Projects by other names: an id becomes an id, a number a number of as many digits.
use super::Key;
use super::scan;
use crate::snapshot::Snapshot;
use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use memchr::memmem;
use std::collections::{BTreeMap, BTreeSet};

pub struct Projects {
    key: Key,
    /// What is known, by its other name.
    known: BTreeMap<String, String>,
    /// Finds all that is known.
    search: AhoCorasick,
}

/// In the place of a project, and none.
const NONE: [&str; 3] = ["-", "_", "PROJECT"];

impl Projects {
    pub fn of(snapshot: &Snapshot, key: &Key) -> Result<Self, BuildError> {
        let mut known = BTreeSet::new();
        let scope = &snapshot.manifest.scope;
        known.insert(scope.project.clone());
        known.extend(scope.service_projects.iter().cloned());
        for path in snapshot.world.files.keys() {
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                ["iam", "projects", project, ..] => _ = known.insert((*project).to_owned()),
                ["iam" | "kubernetes", ..] => {}
                [_, project, _, ..] => _ = known.insert((*project).to_owned()),
                _ => {}
            }
        }
        for iam in snapshot.projects.values() {
            if let Some(project) = iam.project.as_ref() {
                known.insert(project.project_id.clone());
                known.insert(project.name.trim_start_matches("projects/").to_owned());
            }
        }
        known.retain(|name| !name.is_empty() && !NONE.contains(&name.as_str()));
        let search = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostFirst)
            .build(&known)?;
        let named = |name: String| (name.clone(), other(key, &name));
        Ok(Self {
            key: key.clone(),
            known: known.into_iter().map(named).collect(),
            search,
        })
    }

    /// Where something known may stand in a log.
    pub fn places<'t>(&'t self, log: &'t [u8]) -> impl Iterator<Item = usize> + 't {
        self.search.find_iter(log).map(|found| found.start())
    }

    pub fn rename(&self, text: &str, count: &mut dyn FnMut(&'static str)) -> Option<String> {
        let placed = scan::replace(scan::placed(text), text, &mut |name| {
            let of_google = name.ends_with("-cloud") || name.ends_with("-release") || is_new(name);
            (!of_google && !self.known.contains_key(name)).then(|| {
                count("project");
                other(&self.key, name)
            })
        });
        let text = placed.as_deref().unwrap_or(text);
        if !self.search.is_match(text) {
            return placed;
        }
        let words = scan::replace(scan::ids(text), text, &mut |word| self.within(word, count));
        words.or(placed)
    }

    /// A word that is a known name, or has one between dashes, as in `service-NUMBER` and `web-NUMBER`.
    fn within(&self, word: &str, count: &mut dyn FnMut(&'static str)) -> Option<String> {
        if !self.search.is_match(word) {
            return None;
        }
        let mut new = None;
        for (name, other) in &self.known {
            let text: &str = new.as_deref().unwrap_or(word);
            let Some(at) = memmem::find(text.as_bytes(), name.as_bytes()) else {
                continue;
            };
            let (before, after) = (text.get(..at)?, text.get(at + name.len()..)?);
            if (before.is_empty() || before.ends_with('-')) && (after.is_empty() || after.starts_with('-')) {
                count("project");
                new = Some(format!("{before}{other}{after}"));
            }
        }
        new
    }
}

fn other(key: &Key, name: &str) -> String {
    let hash = key.hash("project", name.as_bytes());
    if name.bytes().all(|b| b.is_ascii_digit()) {
        let digits = u32::try_from(name.len().clamp(6, 18)).unwrap_or(12);
        let least = 10_u64.pow(digits - 1);
        return (least + hash % (9 * least)).to_string();
    }
    format!("p-{hash:016x}")
}

/// A name of our own making.
fn is_new(name: &str) -> bool {
    name.strip_prefix("p-")
        .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
}
