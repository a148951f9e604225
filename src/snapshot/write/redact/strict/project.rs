//! Projects by other names: an id becomes an id, a number a number of as many digits.
use super::Key;
use super::{ESCAPE, replace_all};
use crate::snapshot::Snapshot;
use regex::Regex;
use std::collections::BTreeSet;

pub struct Projects {
    key: Key,
    known: BTreeSet<String>,
    /// A word that may be a project: an id (6 to 30 characters) or a number.
    word: Regex,
    /// Where a project's name must follow, whether it is known or not.
    place: Regex,
}

/// In the place of a project, and none.
const NONE: [&str; 3] = ["-", "_", "PROJECT"];

impl Projects {
    pub fn of(snapshot: &Snapshot, key: &Key) -> Result<Self, regex::Error> {
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
        Ok(Self {
            key: key.clone(),
            known,
            word: Regex::new(&format!("{ESCAPE}[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"))?,
            place: Regex::new(r"\bprojects/[a-z0-9][a-z0-9.:-]*[a-z0-9]")?,
        })
    }

    pub fn rename(&self, text: &str, count: &mut dyn FnMut(&str)) -> Option<String> {
        let placed = replace_all(&self.place, text, &mut |found| {
            let name = found.strip_prefix("projects/")?;
            let of_google = name.ends_with("-cloud") || name.ends_with("-release") || self.is_new(name);
            (!of_google && !self.known.contains(name)).then(|| {
                count("project");
                format!("projects/{}", self.other(name))
            })
        });
        let words = replace_all(&self.word, placed.as_deref().unwrap_or(text), &mut |word| {
            self.within(word, count)
        });
        words.or(placed)
    }

    /// A word that is a known name, or has one between dashes, as in `service-NUMBER` and `web-NUMBER`.
    fn within(&self, word: &str, count: &mut dyn FnMut(&str)) -> Option<String> {
        let mut new = None;
        for name in &self.known {
            let text: &str = new.as_deref().unwrap_or(word);
            let Some(at) = text.find(name.as_str()) else {
                continue;
            };
            let (before, after) = (text.get(..at)?, text.get(at + name.len()..)?);
            if (before.is_empty() || before.ends_with('-')) && (after.is_empty() || after.starts_with('-')) {
                count("project");
                new = Some(format!("{before}{}{after}", self.other(name)));
            }
        }
        new
    }

    fn other(&self, name: &str) -> String {
        let hash = self.key.hash("project", name.as_bytes());
        if name.bytes().all(|b| b.is_ascii_digit()) {
            let digits = u32::try_from(name.len().clamp(6, 18)).unwrap_or(12);
            let least = 10_u64.pow(digits - 1);
            return (least + hash % (9 * least)).to_string();
        }
        format!("p-{hash:016x}")
    }

    /// A name of our own making.
    fn is_new(&self, name: &str) -> bool {
        name.strip_prefix("p-")
            .is_some_and(|rest| rest.len() == 16 && rest.bytes().all(|b| b.is_ascii_hexdigit()))
    }
}
