//! Entries that say what was said often enough, and by what the rest can be asked for without them.
//!
//! A log of one trouble says it a million times, and may say something else once. What is left out must therefore be told
//! apart so closely that nothing new goes with it: entries of one origin and one log, equal to one that was read but for
//! numbers that change nothing about what any signature makes of it.
use super::Signature;
use super::confirm::Confirm;
use super::entry::{self, Record};
use super::envoy::Dump;
use super::shape::{Shaper, Term, Told, coarse, told};
use std::collections::HashMap;

/// Records of one kind that are enough: more of it only raise the count.
pub const ENOUGH: u64 = 200;
/// Entries of one text on a page that are worth a term of a filter.
const WORTH: usize = 20;
/// Kinds that are told apart; a log of more has no kind that is said often.
const MOST_KINDS: usize = 10_000;
/// How often a text is tried to be left out: numbers that tell something make several shapes of one text.
const MOST_TRIES: usize = 3;

/// What one entry tells: where, and of which rules' signatures with which keys.
type Kind = (String, Told);

/// Counts what pages of entries tell.
pub struct Repeats<'s> {
    confirm: Confirm<'s>,
    shaper: Shaper,
    kinds: HashMap<Kind, Seen>,
    known: Vec<Vec<Term>>,
}

#[derive(Default)]
struct Seen {
    count: u64,
    /// The second of each instance's last record: Envoy says a thing twice at once, which counts once.
    seconds: HashMap<String, i64>,
    /// How often a text was tried to be left out.
    tried: HashMap<String, usize>,
}

impl<'s> Repeats<'s> {
    pub fn new(signatures: &'s [Signature]) -> Self {
        Self {
            confirm: Confirm::new(signatures),
            shaper: Shaper::new(signatures),
            kinds: HashMap::new(),
            known: Vec::new(),
        }
    }

    /// Takes note of a page. Whoever asked for it had left out what [`known`](Self::known) said by then.
    pub fn read<'e>(&mut self, entries: impl IntoIterator<Item = &'e str>) {
        let mut texts: HashMap<(Kind, String), (usize, &str)> = HashMap::new();
        for entry in entries {
            if let Some(said) = self.count(entry) {
                texts.entry(said).or_insert((0, entry)).0 += 1;
            }
        }
        let mut texts: Vec<_> = texts
            .into_iter()
            .filter(|(_, (count, _))| *count >= WORTH)
            .collect();
        texts.sort_by_key(|((_, text), (count, _))| (usize::MAX - count, text.clone()));
        for ((kind, text), (_, entry)) in texts {
            self.leave_out(&kind, text, entry);
        }
    }

    /// Each a conjunction of terms: whatever entry they all hold for tells nothing new.
    pub fn known(&self) -> &[Vec<Term>] {
        &self.known
    }

    /// What the entry tells and by which text, where it tells anything.
    fn count(&mut self, entry: &str) -> Option<(Kind, String)> {
        let record = entry::from_json(entry).ok()?;
        if !stands_alone(&record) {
            return None;
        }
        let hits = told(&self.confirm, &record);
        if hits.is_empty() {
            return None;
        }
        let origin = &record.origin;
        let place = [
            &origin.project,
            &origin.location,
            &origin.service,
            &origin.resource,
            &record.log,
        ];
        let kind = (place.map(String::as_str).join("\n"), hits);
        if self.kinds.len() >= MOST_KINDS && !self.kinds.contains_key(&kind) {
            return None;
        }
        let seen = self.kinds.entry(kind.clone()).or_default();
        let second = record.time.map(jiff::Timestamp::as_second);
        let last = second.and_then(|second| seen.seconds.insert(record.instance.clone(), second));
        if last.is_none() || last != second {
            seen.count += 1;
        }
        Some((kind, coarse(&record.message)))
    }

    fn leave_out(&mut self, kind: &Kind, text: String, entry: &str) {
        let Some(seen) = self.kinds.get_mut(kind).filter(|seen| seen.count >= ENOUGH) else {
            return;
        };
        let tries = seen.tried.entry(text).or_default();
        *tries += 1;
        if *tries > MOST_TRIES {
            return;
        }
        let Some(shape) = self.shaper.shape(entry, &self.confirm) else {
            *tries = MOST_TRIES;
            return;
        };
        if !self.known.contains(&shape) {
            self.known.push(shape);
        }
    }
}

/// Whether the record is whole in one entry. What opens a dump or ends it says something only with its other lines.
fn stands_alone(record: &Record) -> bool {
    record.split.is_none() && Dump::opened_by(&record.message).is_none() && !Dump::is_verdict(&record.message)
}
