//! The scan: files in blocks, candidates by the prefilter, records joined, confirmed and grouped.
use super::activity::Activity;
use super::blocks::{Blocks, Limits};
use super::confirm::Confirm;
use super::entry::{self, Record};
use super::group::Groups;
use super::join::Joiner;
use super::literals::{Need, of_pattern};
use super::prefilter::Prefilter;
use super::{LogEvidence, Signature, envoy};
use crate::redact;
use crate::snapshot::{Blob, ProjectId, ReadError, Warning};
use memchr::{memchr, memchr_iter};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::PathBuf;

/// A line with it is looked at whatever it says: a piece of an entry stored in several.
const SPLIT_KEY: &[u8] = b"totalSplits";

/// [`super::scan`] with other limits.
pub fn scan(
    logs: &BTreeMap<ProjectId, Vec<Blob>>,
    signatures: &[Signature],
    services: &BTreeSet<String>,
    limits: Limits,
) -> Result<LogEvidence, ReadError> {
    let mut scan = Scan::new(signatures, services);
    for (project, blobs) in logs {
        for blob in blobs {
            scan.file(project, blob, limits)?;
        }
    }
    let mut evidence = scan.evidence;
    evidence.groups = scan.groups.finish(&mut evidence.warnings);
    evidence.active_services = scan.activity.seen();
    Ok(evidence)
}

struct Scan<'a> {
    prefilter: Prefilter,
    confirm: Confirm<'a>,
    joiner: Joiner,
    groups: Groups,
    activity: Activity,
    evidence: LogEvidence,
    /// Kept for their memory.
    candidates: Vec<Range<usize>>,
    whole: Vec<Record>,
}

/// How a file is written: told by its first line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Each line a JSON object.
    Json,
    Text,
}

/// The file being read.
struct Source<'f> {
    /// As the user named it.
    origin: &'f str,
    /// The project that the layout gives it; empty for plain text.
    project: &'f str,
    format: Option<Format>,
    /// Lines before the block at hand.
    lines: u64,
    cut: u64,
    first_cut: u64,
}

impl<'a> Scan<'a> {
    fn new(signatures: &'a [Signature], services: &BTreeSet<String>) -> Self {
        let mut needs: Vec<Need> = signatures.iter().map(Signature::need).collect();
        if !needs.is_empty() {
            needs.push(Need::default().and_text(SPLIT_KEY.to_vec()));
            needs.extend([envoy::DUMP_MARKER, envoy::VERDICT].map(|text| of_pattern(&regex::escape(text))));
        }
        Self {
            prefilter: Prefilter::new(needs),
            confirm: Confirm::new(signatures),
            joiner: Joiner::default(),
            groups: Groups::default(),
            activity: Activity::new(services),
            evidence: LogEvidence::default(),
            candidates: Vec::new(),
            whole: Vec::new(),
        }
    }

    fn file(&mut self, project: &ProjectId, blob: &Blob, limits: Limits) -> Result<(), ReadError> {
        let io = |source| ReadError::Io {
            path: PathBuf::from(&blob.origin),
            source,
        };
        let mut blocks = Blocks::new(blob.open().map_err(io)?, limits);
        let mut source = Source {
            origin: &blob.origin,
            project: Some(project.as_str())
                .filter(|project| *project != "-")
                .unwrap_or_default(),
            format: None,
            lines: 0,
            cut: 0,
            first_cut: 0,
        };
        while let Some(block) = blocks.next().map_err(io)? {
            let bytes = blocks.bytes(&block);
            let before = source.lines;
            self.block(&mut source, bytes, block.is_cut)?;
            self.prefilter.adapt(bytes, source.lines - before);
        }
        self.joiner.finish(&mut self.whole);
        self.confirm_whole(&source);
        self.evidence.bytes += blocks.read;
        self.evidence.lines += source.lines;
        self.evidence.warnings.extend(source.warning(limits));
        Ok(())
    }

    fn block(&mut self, source: &mut Source, bytes: &[u8], is_cut: bool) -> Result<(), ReadError> {
        let bytes = match source.lines {
            0 => bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes),
            _ => bytes,
        };
        if source.format.is_none() {
            source.detect(bytes, is_cut)?;
        }
        if source.format == Some(Format::Text)
            && let Some(at) = memchr(0, bytes)
        {
            let line = source.lines + count_lines(bytes.get(..at)) + 1;
            return Err(source.malformed(line, "not a text file: it holds a NUL byte".into()));
        }
        if is_cut {
            source.cut += 1;
            source.lines += 1;
            if source.cut == 1 {
                source.first_cut = source.lines;
            }
            if source.format == Some(Format::Text) {
                self.line(source, bytes, source.lines)?;
            }
            return Ok(());
        }
        if source.format == Some(Format::Json) {
            self.activity.look(bytes).map_err(|(at, problem)| {
                source.malformed(
                    source.lines + count_lines(bytes.get(..at)) + 1,
                    not_json(&problem),
                )
            })?;
        }
        self.lines(source, bytes)
    }

    /// Looks at the candidates, or, while a record is open, at every line.
    fn lines(&mut self, source: &mut Source, bytes: &[u8]) -> Result<(), ReadError> {
        let mut candidates = std::mem::take(&mut self.candidates);
        let takes_all = self.prefilter.takes_all();
        if !takes_all {
            self.prefilter.candidates(bytes, &mut candidates);
        }
        let mut next = candidates.iter();
        let mut counted = 0;
        let mut at = 0;
        while at < bytes.len() {
            let line = if takes_all || self.joiner.is_open() {
                let rest = bytes.get(at..).unwrap_or_default();
                at..memchr(b'\n', rest).map_or(bytes.len(), |end| at + end)
            } else {
                match next.find(|line| line.start >= at) {
                    Some(line) => line.clone(),
                    None => break,
                }
            };
            source.lines += count_lines(bytes.get(counted..line.start));
            counted = line.start;
            at = line.end + 1;
            let text = bytes.get(line).unwrap_or_default();
            self.line(source, text, source.lines + 1)?;
        }
        source.lines += count_lines(bytes.get(counted..));
        if bytes.last().is_some_and(|last| *last != b'\n') {
            source.lines += 1;
        }
        self.candidates = candidates;
        Ok(())
    }

    fn line(&mut self, source: &Source, bytes: &[u8], number: u64) -> Result<(), ReadError> {
        let text = String::from_utf8_lossy(bytes.trim_ascii_end());
        if text.is_empty() && (source.format != Some(Format::Text) || !self.joiner.is_open()) {
            return Ok(());
        }
        let mut record = source.record(&text, number)?;
        record.line = number;
        if record.origin.project.is_empty() {
            record.origin.project = source.project.to_owned();
        }
        self.joiner.feed(record, &mut self.whole);
        self.confirm_whole(source);
        Ok(())
    }

    fn confirm_whole(&mut self, source: &Source) {
        for record in self.whole.drain(..) {
            let hits = self.confirm.hits(&record);
            if hits.is_empty() {
                self.prefilter.was_false();
            }
            for hit in hits {
                self.groups.add(hit, &record, source.origin);
            }
        }
    }
}

impl Source<'_> {
    fn detect(&mut self, bytes: &[u8], is_cut: bool) -> Result<(), ReadError> {
        let Some(start) = bytes.iter().position(|byte| !byte.is_ascii_whitespace()) else {
            return Ok(());
        };
        let rest = bytes.get(start..).unwrap_or_default();
        let first = rest
            .get(..memchr(b'\n', rest).unwrap_or(rest.len()))
            .unwrap_or_default()
            .trim_ascii_end();
        let number = self.lines + count_lines(bytes.get(..start)) + 1;
        if matches!(first, [b'['] | [b'[', b'{', ..] | b"[]") {
            return Err(self.malformed(number, "a JSON array, not one entry a line".into()));
        }
        if first.first() != Some(&b'{') {
            self.format = Some(Format::Text);
            return Ok(());
        }
        self.format = Some(Format::Json);
        if is_cut {
            return Ok(());
        }
        // A file of another kind is told at once, not only if it happens to hold a candidate.
        match serde_json::from_slice::<serde::de::IgnoredAny>(first) {
            Ok(_) => Ok(()),
            Err(_) if std::str::from_utf8(first).is_err() => Ok(()),
            Err(error) => Err(self.malformed(number, not_json(&error))),
        }
    }

    fn record(&self, text: &str, number: u64) -> Result<Record, ReadError> {
        let is_object = text.starts_with('{');
        match self.format {
            Some(Format::Json) if is_object || self.is_export() => {
                entry::from_json(text).map_err(|error| self.malformed(number, not_json(&error)))
            }
            _ if is_object => Ok(entry::from_json(text).unwrap_or_else(|_| entry::from_text(text))),
            _ => Ok(entry::from_text(text)),
        }
    }

    /// A Cloud Logging export has no other lines; Envoy's JSON log may have bare ones.
    fn is_export(&self) -> bool {
        self.origin.contains(".ndjson")
    }

    fn malformed(&self, line: u64, problem: String) -> ReadError {
        ReadError::Malformed {
            origin: self.origin.to_owned(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            column: 0,
            problem,
            remedy: "give Cloud Logging entries as NDJSON (one JSON object a line) or Envoy's plain log text"
                .into(),
        }
    }

    fn warning(&self, limits: Limits) -> Option<Warning> {
        (self.cut > 0).then(|| Warning {
            origin: self.origin.to_owned(),
            text: format!(
                "lines longer than {} bytes were cut: {}, the first at line {}; {}",
                limits.line,
                self.cut,
                self.first_cut,
                match self.format {
                    Some(Format::Json) => "as JSON they could not be read",
                    _ => "what follows was not looked at",
                }
            ),
        })
    }
}

fn not_json(error: &serde_json::Error) -> String {
    redact::unquoted(&format!("not a log entry: {error}")).into_owned()
}

fn count_lines(bytes: Option<&[u8]>) -> u64 {
    memchr_iter(b'\n', bytes.unwrap_or_default()).count() as u64
}
