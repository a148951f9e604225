//! Records that lie in several lines or entries are put together before anything is matched.
use super::entry::{self, Record, Shape};
use super::envoy::{self, Dump};
use std::collections::BTreeMap;

/// A dump that is longer is taken as far as it was read.
const MAX_LINES: u32 = 64;
const MAX_BYTES: usize = 64 << 10;
/// A dump of which no line came for so many lines of the file has ended.
const MAX_GAP: u64 = 4096;
/// Long entries of which pieces are missing, at once.
const MAX_SPLITS: usize = 256;
const MAX_SPLIT_BYTES: usize = 64 << 20;

/// Holds what is not complete.
#[derive(Default)]
pub struct Joiner {
    open: Vec<Open>,
    splits: BTreeMap<String, Pieces>,
    split_bytes: usize,
}

struct Open {
    record: Record,
    dump: Dump,
    /// The log is sorted with the newest first (as `gcloud logging read` does): the verdict came, the first line will.
    is_backward: bool,
    lines: u32,
    last: u64,
}

struct Pieces {
    total: u64,
    first_line: u64,
    parts: BTreeMap<u64, Record>,
}

impl Joiner {
    /// Whether every line must be looked at, since a record goes on in one of the next.
    pub fn is_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// Takes the records in file order; adds to `whole` those that are complete.
    pub fn feed(&mut self, record: Record, whole: &mut Vec<Record>) {
        self.expire(record.line, whole);
        match &record.split {
            Some(split) => {
                let uid = split.uid.clone();
                self.split(&uid, record, whole);
            }
            None => self.line(record, whole),
        }
    }

    /// Gives out what is left at the end of a file.
    pub fn finish(&mut self, whole: &mut Vec<Record>) {
        let mut left: Vec<Record> = self.open.drain(..).map(|open| open.record).collect();
        left.extend(
            std::mem::take(&mut self.splits)
                .into_values()
                .filter_map(Pieces::join),
        );
        left.sort_by_key(|record| record.line);
        self.split_bytes = 0;
        whole.extend(left);
    }

    fn expire(&mut self, line: u64, whole: &mut Vec<Record>) {
        let ended = self.open.extract_if(.., |open| open.last + MAX_GAP < line);
        whole.extend(ended.map(|open| open.record));
    }

    fn line(&mut self, record: Record, whole: &mut Vec<Record>) {
        if !may_go_on(&record) {
            return whole.push(record);
        }
        if let Some(at) = self
            .open
            .iter()
            .position(|open| open.record.stream == record.stream)
        {
            match self.open.get(at) {
                Some(open) if open.takes(&record.message) => return self.append(at, record, whole),
                _ => whole.push(self.open.remove(at).record),
            }
        }
        match opens(&record) {
            Some((dump, is_backward)) => self.open.push(Open {
                dump,
                is_backward,
                lines: 1,
                last: record.line,
                record,
            }),
            None => whole.push(record),
        }
    }

    fn append(&mut self, at: usize, mut record: Record, whole: &mut Vec<Record>) {
        let Some(open) = self.open.get_mut(at) else { return };
        open.lines += 1;
        open.last = record.line;
        let mut is_last =
            open.lines >= MAX_LINES || open.record.message.len() + record.message.len() >= MAX_BYTES;
        if open.is_backward {
            is_last |= Dump::opened_by(&record.message).is_some();
            record.message.push('\n');
            record.message.push_str(&open.record.message);
            open.record = record;
        } else {
            is_last |= open.dump.closed_by(&record.message);
            open.record.message.push('\n');
            open.record.message.push_str(&record.message);
        }
        if is_last {
            whole.push(self.open.remove(at).record);
        }
    }

    fn split(&mut self, uid: &str, record: Record, whole: &mut Vec<Record>) {
        let Some(split) = &record.split else { return };
        let (index, total) = (split.index, split.total_splits);
        let pieces = self.splits.entry(uid.to_owned()).or_insert_with(|| Pieces {
            total,
            first_line: record.line,
            parts: BTreeMap::new(),
        });
        let size = record.message.len();
        if let Some(twin) = pieces.parts.insert(index, record) {
            self.split_bytes -= twin.message.len();
        }
        self.split_bytes += size;
        if pieces.parts.len() as u64 >= pieces.total {
            self.close(uid, whole);
        }
        while self.splits.len() > MAX_SPLITS || self.split_bytes > MAX_SPLIT_BYTES {
            let oldest = self.splits.iter().min_by_key(|(_, pieces)| pieces.first_line);
            let Some(uid) = oldest.map(|(uid, _)| uid.clone()) else {
                return;
            };
            self.close(&uid, whole);
        }
    }

    fn close(&mut self, uid: &str, whole: &mut Vec<Record>) {
        let Some(pieces) = self.splits.remove(uid) else {
            return;
        };
        self.split_bytes -= pieces
            .parts
            .values()
            .map(|part| part.message.len())
            .sum::<usize>();
        whole.extend(pieces.join());
    }
}

/// Whether the record is given out as it is, while no other is open.
pub fn is_whole(record: &Record) -> bool {
    record.split.is_none() && !(may_go_on(record) && opens(record).is_some())
}

fn may_go_on(record: &Record) -> bool {
    record.shape == Shape::Text && record.access.is_none()
}

/// What other lines belong to the record, and whether they are expected backward.
fn opens(record: &Record) -> Option<(Dump, bool)> {
    let is_backward = !record.stream.is_empty() && Dump::is_verdict(&record.message);
    Dump::opened_by(&record.message)
        .or(is_backward.then_some(Dump::Rejection))
        .map(|dump| (dump, is_backward))
}

impl Open {
    /// Whether the line is one of the record's.
    fn takes(&self, line: &str) -> bool {
        !envoy::begins_record(line) || self.is_backward && Dump::opened_by(line) == Some(Dump::Rejection)
    }
}

impl Pieces {
    /// What is there of the entry, in order.
    fn join(mut self) -> Option<Record> {
        let text: String = self.parts.values().map(|part| part.message.as_str()).collect();
        self.parts
            .pop_first()
            .map(|(_, first)| entry::complete(first, &text))
    }
}
