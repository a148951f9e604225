//! Hits gathered by rule, origin and key, and counted.
use super::confirm::Hit;
use super::entry::Record;
use super::{HitGroup, Origin};
use crate::redact;
use crate::snapshot::Warning;
use std::collections::{BTreeMap, HashMap};

/// Groups of one rule beyond which hits are only counted.
const MAX_GROUPS: usize = 1000;
/// Length of an excerpt, and of a capture, in bytes.
const MAX_TEXT: usize = 2000;
/// As much of a record as is searched for secrets: one that the excerpt's end would cut must be known by what follows.
const MAX_SEARCHED: usize = 8000;
/// A line without a time so soon after a hit tells the same once more: Envoy prints a fatal start-up error with its prefix,
/// `exiting`, and the bare error.
const TWIN_LINES: u64 = 4;

type Key = (String, Origin, BTreeMap<String, String>);

/// All groups so far.
#[derive(Default)]
pub struct Groups {
    groups: BTreeMap<Key, Group>,
    /// By rule: the number of its groups, and the hits that found no room.
    sizes: BTreeMap<String, (usize, u64)>,
}

#[derive(Default)]
struct Group {
    found: HitGroup,
    /// The second of each instance's last hit.
    seconds: HashMap<String, i64>,
    last_line: (String, u64),
}

impl Groups {
    /// Adds a hit on a record of the file.
    pub fn add(&mut self, hit: Hit, record: &Record, file: &str) {
        let key = (hit.code.to_owned(), record.origin.clone(), hit.key.clone());
        let size = self.sizes.entry(hit.code.to_owned()).or_default();
        if !self.groups.contains_key(&key) {
            if size.0 >= MAX_GROUPS {
                size.1 += 1;
                return;
            }
            size.0 += 1;
        }
        self.groups.entry(key).or_default().add(hit, record, file);
    }

    /// The groups in the order of rule, origin and key.
    pub fn finish(self, warnings: &mut Vec<Warning>) -> Vec<HitGroup> {
        for (code, (_, lost)) in self.sizes.iter().filter(|(_, (_, lost))| *lost > 0) {
            warnings.push(Warning {
                origin: code.clone(),
                text: format!(
                    "more than {MAX_GROUPS} groups of log lines: {lost} further hits are not shown"
                ),
            });
        }
        self.groups
            .into_values()
            .map(|group| shown(group.found))
            .collect()
    }
}

impl Group {
    fn add(&mut self, hit: Hit, record: &Record, file: &str) {
        let is_twin = hit.may_have_twin && self.is_twin(record, file);
        let found = &mut self.found;
        if is_twin {
            for (name, value) in hit.captures {
                found.captures.entry(name).or_insert(value);
            }
            return;
        }
        found.count += 1;
        found.first = earlier(found.first, record.time);
        let is_last = found
            .last
            .is_none_or(|last| record.time.is_none_or(|time| time >= last));
        found.last = found.last.max(record.time);
        if is_last {
            found.code = hit.code.to_owned();
            found.origin = record.origin.clone();
            found.key = hit.key;
            found.captures = hit.captures;
            found.excerpt = cut(record.message.trim_end(), MAX_SEARCHED);
            found.locator = format!("{file}:{}", record.line);
        }
        for (names, name) in [
            (&mut found.revisions, &record.revision),
            (&mut found.instances, &record.instance),
        ] {
            if !name.is_empty() && !names.contains(name) {
                names.insert(name.clone());
            }
        }
        if let Some(time) = record.time {
            self.seconds.insert(record.instance.clone(), time.as_second());
        }
        self.last_line = (file.to_owned(), record.line);
    }

    /// Whether the same was told a moment ago by the same instance: Envoy logs a rejected cluster twice.
    fn is_twin(&self, record: &Record, file: &str) -> bool {
        match record.time {
            Some(time) => self.seconds.get(&record.instance) == Some(&time.as_second()),
            None => {
                let (last_file, line) = &self.last_line;
                !self.seconds.is_empty() && last_file == file && record.line <= line + TWIN_LINES
            }
        }
    }
}

fn earlier<T: Ord>(a: Option<T>, b: Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// A group as it may be seen: whatever a program logs may hold secrets, and what is found goes into reports.
fn shown(mut group: HitGroup) -> HitGroup {
    let (raw, excerpt) = {
        let new = redact::in_log(&group.excerpt).into_owned();
        (std::mem::replace(&mut group.excerpt, clip(&new)), new)
    };
    for text in group.captures.values_mut().chain(group.key.values_mut()) {
        let mut new = redact::in_log(text).into_owned();
        // A capture may begin behind what tells a secret: then it is none of what is left of the record.
        if raw != excerpt && raw.contains(text.as_str()) && !excerpt.contains(&new) {
            new = "<redacted:capture>".to_owned();
        }
        *text = new;
    }
    group
}

/// As much of a text as is kept.
pub fn clip(text: &str) -> String {
    cut(text, MAX_TEXT)
}

fn cut(text: &str, most: usize) -> String {
    text.get(..text.floor_char_boundary(most))
        .unwrap_or(text)
        .to_owned()
}
