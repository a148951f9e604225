//! What can be told of a block without knowing what came before it: the costly part of the scan, done by several threads.
use super::activity::{Activity, Sightings};
use super::confirm::{Confirm, Hit};
use super::entry::Record;
use super::join;
use super::literals::{Need, of_pattern};
use super::prefilter::{Prefilter, Rate};
use super::source::{Format, Source, count_lines};
use super::{Signature, envoy};
use memchr::memchr;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A line with it is looked at whatever it says: a piece of an entry stored in several.
const SPLIT_KEY: &[u8] = b"totalSplits";
/// Records kept of one block; what else is found in it is decoded when it is taken.
const MAX_KEPT: usize = 1024;

/// What all threads look with.
pub struct Lens<'a> {
    pub confirm: Confirm<'a>,
    prefilter: RwLock<Prefilter>,
    activity: RwLock<Activity>,
    /// Whether every line is decoded, since a record was open a moment ago. A guess: it may come late.
    is_open: AtomicBool,
}

/// What a block shows.
#[derive(Default)]
pub struct Look<'a> {
    pub lines: u64,
    /// In order.
    pub finds: Vec<Find<'a>>,
    pub sightings: Sightings,
    /// A place in the first line that makes the file unreadable, and why.
    pub bad: Option<(usize, String)>,
    /// Candidates that match nothing, and the cut of the pieces that let them through.
    refused: u64,
    cuts: u32,
}

/// A line that matters.
pub struct Find<'a> {
    /// In the block, without the newline.
    pub line: Range<usize>,
    /// Lines of the block before it.
    pub before: u64,
    /// Else it counts only while a record is open.
    pub is_candidate: bool,
    pub what: What<'a>,
}

/// What a line is.
pub enum What<'a> {
    /// A record that is whole if no other is open, and what it matches.
    Hits(Box<Record>, Vec<Hit<'a>>),
    /// A record that may be a part of another.
    Part(Box<Record>),
    /// It cannot be decoded: why.
    Bad(String),
    /// Not decoded yet.
    Unread,
}

impl<'a> Lens<'a> {
    pub fn new(signatures: &'a [Signature], services: &BTreeSet<String>) -> Self {
        let mut needs: Vec<Need> = signatures.iter().map(Signature::need).collect();
        if !needs.is_empty() {
            needs.push(Need::default().and_text(SPLIT_KEY.to_vec()));
            needs.extend([envoy::DUMP_MARKER, envoy::VERDICT].map(|text| of_pattern(&regex::escape(text))));
        }
        Self {
            prefilter: RwLock::new(Prefilter::new(needs)),
            confirm: Confirm::new(signatures),
            activity: RwLock::new(Activity::new(services)),
            is_open: AtomicBool::new(false),
        }
    }

    /// Looks at a block.
    pub fn look(&self, source: &Source, bytes: &[u8], is_cut: bool) -> Look<'a> {
        let mut look = Look::default();
        match source.format {
            // As JSON it cannot be read.
            Some(Format::Json) if is_cut => {
                look.lines = 1;
                return look;
            }
            Some(Format::Json) => look.sightings = self.sightings(bytes),
            Some(Format::Text) => {
                look.bad = memchr(0, bytes).map(|at| (at, "not a text file: it holds a NUL byte".into()));
            }
            None => {}
        }
        let mut candidates = Vec::new();
        let takes_all = is_cut || {
            let prefilter = read(&self.prefilter);
            look.cuts = prefilter.cuts();
            if !prefilter.takes_all() {
                look.refused = prefilter.candidates(bytes, &mut candidates);
            }
            prefilter.takes_all()
        };
        let mut candidates = candidates.into_iter().peekable();
        let mut finder = Finder {
            lens: self,
            source,
            bytes,
            counted: 0,
            kept: 0,
            look,
        };
        if takes_all || self.is_open.load(Relaxed) {
            let mut at = 0;
            while at < bytes.len() {
                let line = line_from(bytes, at);
                at = line.end + 1;
                let is_next = candidates.next_if(|next| next.start == line.start).is_some();
                finder.find(line, takes_all || is_next);
            }
        } else {
            candidates.for_each(|line| finder.find(line, true));
        }
        finder.finish()
    }

    /// The services that a block shows, of those that were not seen before.
    pub fn sightings(&self, bytes: &[u8]) -> Sightings {
        read(&self.activity).look(bytes)
    }

    /// Takes the sightings of the next block in order; made anew where a block before it changed what is looked for.
    pub fn see(&self, bytes: &[u8], sightings: Sightings) -> Sightings {
        let sightings = if read(&self.activity).agrees(&sightings) {
            sightings
        } else {
            self.sightings(bytes)
        };
        if !sightings.is_empty() {
            write(&self.activity).take(&sightings);
        }
        sightings
    }

    /// The names that were seen.
    pub fn seen(&self) -> BTreeSet<String> {
        read(&self.activity).seen()
    }

    /// Lets the prefilter choose other pieces if those it has let too much through.
    pub fn adapt(&self, rate: &mut Rate, bytes: &[u8], look: &Look) {
        let is_current = look.cuts == read(&self.prefilter).cuts();
        if is_current && rate.is_bad(look.lines, look.refused) {
            write(&self.prefilter).adapt(bytes);
        }
    }

    /// Told whether a record is open where the next block begins.
    pub fn prepare(&self, is_open: bool) {
        self.is_open.store(is_open, Relaxed);
    }
}

/// Goes through a block's lines.
struct Finder<'l, 'a> {
    lens: &'l Lens<'a>,
    source: &'l Source<'l>,
    bytes: &'l [u8],
    /// Up to here the lines are counted.
    counted: usize,
    kept: usize,
    look: Look<'a>,
}

impl<'a> Finder<'_, 'a> {
    fn find(&mut self, line: Range<usize>, is_candidate: bool) {
        self.look.lines += count_lines(self.bytes.get(self.counted..line.start));
        self.counted = line.start;
        let what = if self.kept < MAX_KEPT {
            self.what(self.bytes.get(line.clone()).unwrap_or_default(), is_candidate)
        } else {
            is_candidate.then_some(What::Unread)
        };
        match what {
            Some(what) => {
                self.kept += 1;
                self.look.finds.push(Find {
                    line,
                    before: self.look.lines,
                    is_candidate,
                    what,
                });
            }
            None => self.look.refused += u64::from(is_candidate),
        }
    }

    /// What the line is, if it matters.
    fn what(&self, line: &[u8], is_candidate: bool) -> Option<What<'a>> {
        if line.trim_ascii_end().is_empty() {
            return None;
        }
        let record = match self.source.record(line) {
            Ok(record) => Box::new(record),
            Err(problem) => return Some(What::Bad(problem)),
        };
        if !is_candidate || !join::is_whole(&record) {
            return Some(What::Part(record));
        }
        let hits = self.lens.confirm.hits(&record);
        let matters = !hits.is_empty() || record.foreign.is_some();
        matters.then_some(What::Hits(record, hits))
    }

    fn finish(mut self) -> Look<'a> {
        self.look.lines += count_lines(self.bytes.get(self.counted..));
        self.look.lines += u64::from(self.bytes.last().is_some_and(|last| *last != b'\n'));
        self.look
    }
}

/// The line that begins here, without its newline.
pub fn line_from(bytes: &[u8], at: usize) -> Range<usize> {
    let rest = bytes.get(at..).unwrap_or_default();
    at..memchr(b'\n', rest).map_or(bytes.len(), |end| at + end)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
