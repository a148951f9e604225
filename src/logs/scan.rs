//! The scan: what depends on the order of lines, and how all of it works together.

use super::entry::Record;
use super::group::Groups;
use super::join::Joiner;
use super::look::{Find, Lens, Look, What, line_from};
use super::prefilter::Rate;
use super::source::{Format, Source, count_lines};
use super::{LogEvidence, Signature};
use crate::blocks::{self, Block, Blocks, Limits};
use crate::snapshot::{Blob, ProjectId, ReadError};
use memchr::memrchr;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// [`super::scan`] with other limits, none of which changes what is found but the length of a line.
pub fn scan(
    logs: &BTreeMap<ProjectId, Vec<Blob>>,
    signatures: &[Signature],
    services: &BTreeSet<String>,
    limits: Limits,
) -> Result<LogEvidence, ReadError> {
    let lens = Lens::new(signatures, services);
    let mut scan = Scan::new(&lens);
    for (project, blobs) in logs {
        for blob in blobs {
            scan.file(project, blob, limits)?;
        }
    }
    let mut evidence = scan.evidence;
    evidence.groups = scan.groups.finish(&mut evidence.warnings);
    evidence.active_services = lens.seen();
    Ok(evidence)
}

struct Scan<'l, 'a> {
    lens: &'l Lens<'a>,
    joiner: Joiner,
    groups: Groups,
    rate: Rate,
    evidence: LogEvidence,
    /// Kept for its memory.
    whole: Vec<Record>,
}

/// How far a file was taken.
#[derive(Default)]
struct Place {
    /// Lines before the block at hand.
    lines: u64,
    cut: Counted<()>,
    foreign: Counted<&'static str>,
}

/// Lines of a kind: how many, the first of them and what is special about it.
#[derive(Default)]
struct Counted<T> {
    count: u64,
    first: Option<(u64, T)>,
}

impl<T> Counted<T> {
    fn add(&mut self, line: u64, what: T) {
        self.count += 1;
        self.first.get_or_insert((line, what));
    }
}

impl<'l, 'a> Scan<'l, 'a> {
    fn new(lens: &'l Lens<'a>) -> Self {
        Self {
            lens,
            joiner: Joiner::default(),
            groups: Groups::default(),
            rate: Rate::default(),
            evidence: LogEvidence::default(),
            whole: Vec::new(),
        }
    }

    fn file(&mut self, project: &ProjectId, blob: &Blob, limits: Limits) -> Result<(), ReadError> {
        let io = |source| ReadError::Io {
            path: PathBuf::from(&blob.origin),
            source,
        };
        let mut blocks = Blocks::new(blob.open().map_err(io)?, limits);
        let mut source = Source::new(project, blob);
        let mut place = Place::default();
        let mut block = Block::default();
        // Most files end here, in their first block.
        while source.format.is_none() && blocks.next(&mut block).map_err(io)? {
            let bytes = match place.lines {
                0 => block
                    .bytes()
                    .strip_prefix(b"\xef\xbb\xbf")
                    .unwrap_or(block.bytes()),
                _ => block.bytes(),
            };
            source.detect(place.lines, bytes, block.is_cut)?;
            let look = self.lens.look(&source, bytes, block.is_cut);
            self.block(&source, &mut place, bytes, block.is_cut, look)?;
        }
        drop(block);
        if !blocks.is_ended() {
            let lens = self.lens;
            blocks::run(
                limits.threads(),
                &mut blocks,
                |block| lens.look(&source, block.bytes(), block.is_cut),
                |block| {
                    let (block, look) = block.map_err(io)?;
                    self.block(&source, &mut place, block.bytes(), block.is_cut, look)
                },
            )?;
        }
        self.joiner.finish(&mut self.whole);
        self.confirm_whole(&source);
        self.evidence.bytes += blocks.read;
        self.evidence.lines += place.lines;
        let cut = place
            .cut
            .first
            .map(|(line, ())| source.cut_warning(limits, place.cut.count, line));
        let foreign = place
            .foreign
            .first
            .map(|(line, field)| source.foreign_warning(place.foreign.count, line, field));
        self.evidence.warnings.extend(cut.into_iter().chain(foreign));
        Ok(())
    }

    /// Takes the next block in order.
    fn block(
        &mut self,
        source: &Source,
        place: &mut Place,
        bytes: &[u8],
        is_cut: bool,
        mut look: Look<'a>,
    ) -> Result<(), ReadError> {
        if is_cut {
            place.cut.add(place.lines + 1, ());
        }
        let finds = std::mem::take(&mut look.finds);
        if source.format != Some(Format::Json) {
            self.until(source, place, bytes, finds, look.bad.take())?;
        } else if !is_cut {
            let sightings = self.lens.see(bytes, std::mem::take(&mut look.sightings));
            self.until(source, place, bytes, finds, sightings.bad)?;
        }
        place.lines += look.lines;
        self.lens.adapt(&mut self.rate, bytes, &look);
        self.lens.prepare(self.joiner.is_open());
        Ok(())
    }

    /// Takes the lines, or those before a bad one.
    fn until(
        &mut self,
        source: &Source,
        place: &mut Place,
        bytes: &[u8],
        finds: Vec<Find<'a>>,
        bad: Option<(usize, String)>,
    ) -> Result<(), ReadError> {
        let Some((at, problem)) = bad else {
            return self.lines(source, place, bytes, finds);
        };
        let before = bytes.get(..at).unwrap_or_default();
        let good = memrchr(b'\n', before).map_or(0, |end| end + 1);
        self.lines(source, place, before.get(..good).unwrap_or_default(), finds)?;
        Err(source.malformed(place.lines + count_lines(Some(before)) + 1, problem))
    }

    /// Takes what was found, or, while a record is open, every line.
    fn lines(
        &mut self,
        source: &Source,
        place: &mut Place,
        bytes: &[u8],
        finds: Vec<Find<'a>>,
    ) -> Result<(), ReadError> {
        let before = place.lines;
        let finds = finds.into_iter().take_while(|find| find.line.end <= bytes.len());
        let mut finds = finds.peekable();
        let (mut at, mut number) = (0, before);
        while at < bytes.len() {
            while finds.next_if(|find| find.line.start < at).is_some() {}
            let (line, what) = if self.joiner.is_open() {
                let line = line_from(bytes, at);
                let find = finds.next_if(|find| find.line.start == at);
                (line, find.map_or(What::Unread, |find| find.what))
            } else {
                let Some(find) = finds.find(|find| find.is_candidate) else {
                    break;
                };
                number = before + find.before;
                (find.line, find.what)
            };
            at = line.end + 1;
            number += 1;
            if let Some(field) = self.line(source, bytes.get(line).unwrap_or_default(), number, what)? {
                place.foreign.add(number, field);
            }
        }
        Ok(())
    }

    /// Takes a line; returns the field that it was read without.
    fn line(
        &mut self,
        source: &Source,
        bytes: &[u8],
        number: u64,
        what: What<'a>,
    ) -> Result<Option<&'static str>, ReadError> {
        let mut record = match what {
            What::Hits(mut record, hits) if !self.joiner.is_open() => {
                record.line = number;
                for hit in hits {
                    self.groups.add(hit, &record, source.origin);
                }
                return Ok(record.foreign);
            }
            What::Hits(record, _) | What::Part(record) => *record,
            What::Bad(problem) => return Err(source.malformed(number, problem)),
            What::Unread => {
                let is_blank = bytes.trim_ascii_end().is_empty();
                if is_blank && (source.format != Some(Format::Text) || !self.joiner.is_open()) {
                    return Ok(None);
                }
                let record = source.record(bytes);
                record.map_err(|problem| source.malformed(number, problem))?
            }
        };
        record.line = number;
        let foreign = record.foreign;
        self.joiner.feed(record, &mut self.whole);
        self.confirm_whole(source);
        Ok(foreign)
    }

    fn confirm_whole(&mut self, source: &Source) {
        for record in self.whole.drain(..) {
            for hit in self.lens.confirm.hits(&record) {
                self.groups.add(hit, &record, source.origin);
            }
        }
    }
}
