//! The log entries of a project: one spooled file, and for each filter the places of the lines that it chose.
use super::answer::Refusal;
use super::bundle::Bundle;
use super::matching::{Matcher, time};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex};

/// Where one entry lies.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// Which of the asked projects' spools.
    spool: usize,
    offset: u64,
    length: usize,
    time: Option<Timestamp>,
}

/// A project's entries, one a line. Packed files are unpacked once; memory holds where they lie and none of them.
#[derive(Debug)]
struct Spool {
    file: Mutex<File>,
    lines: Vec<Place>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Times<'e> {
    #[serde(borrow)]
    timestamp: Option<Cow<'e, str>>,
    #[serde(borrow)]
    receive_timestamp: Option<Cow<'e, str>>,
}

/// What a filter chose, in order.
#[derive(Debug)]
pub struct Chosen {
    spools: Vec<Arc<Spool>>,
    places: Vec<Place>,
}

/// All projects' entries that were asked for so far.
#[derive(Debug, Default)]
pub struct Entries {
    spools: Mutex<HashMap<String, Arc<Spool>>>,
    /// Answers to filters: a later page must not read all again.
    chosen: Mutex<HashMap<String, Arc<Chosen>>>,
}

/// Filters whose answers are kept.
const KEPT: usize = 64;

impl Entries {
    /// The entries of some projects that a filter chooses, in order of time.
    pub fn choose(
        &self,
        bundle: &Bundle,
        projects: &[String],
        filter: &str,
        matcher: &Matcher,
        descending: bool,
    ) -> Result<Arc<Chosen>, Refusal> {
        let key = format!("{projects:?} {descending} {filter}");
        if let Some(known) = self.chosen.lock().ok().and_then(|all| all.get(&key).cloned()) {
            return Ok(known);
        }
        let mut spools = Vec::new();
        let mut places = Vec::new();
        for project in projects {
            let spool = self.spool(bundle, project)?;
            scan(&spool, spools.len(), matcher, &mut places).map_err(broken)?;
            spools.push(spool);
        }
        // Stable: entries of one moment keep the order that they have in the file.
        places.sort_by_key(|place| place.time);
        if descending {
            places.reverse();
        }
        let chosen = Arc::new(Chosen { spools, places });
        if let Ok(mut all) = self.chosen.lock() {
            if all.len() >= KEPT {
                all.clear();
            }
            all.insert(key, Arc::clone(&chosen));
        }
        Ok(chosen)
    }

    fn spool(&self, bundle: &Bundle, project: &str) -> Result<Arc<Spool>, Refusal> {
        if let Some(known) = self.spools.lock().ok().and_then(|all| all.get(project).cloned()) {
            return Ok(known);
        }
        let paths = bundle.below("logging", project);
        let logs: Vec<&str> = paths
            .into_iter()
            .filter(|path| path.ends_with(".ndjson"))
            .collect();
        if logs.is_empty() {
            return Err(bundle.absent(
                "logging",
                "logging.logEntries.list",
                &format!("projects/{project}"),
            ));
        }
        let mut file = tempfile::tempfile().map_err(broken)?;
        let mut writer = BufWriter::new(&mut file);
        let (mut lines, mut offset, mut line) = (Vec::new(), 0, Vec::new());
        for blob in logs.into_iter().filter_map(|path| bundle.world.files.get(path)) {
            let mut reader = BufReader::with_capacity(1 << 20, blob.open().map_err(broken)?);
            loop {
                line.clear();
                if reader.read_until(b'\n', &mut line).map_err(broken)? == 0 {
                    break;
                }
                let entry = line.trim_ascii();
                // What is no object is no entry: the reader of the bundle tells of it.
                let Ok(times) = serde_json::from_slice::<Times>(entry) else {
                    continue;
                };
                let own = [times.timestamp, times.receive_timestamp];
                lines.push(Place {
                    spool: 0,
                    offset,
                    length: entry.len(),
                    time: own.iter().flatten().find_map(|text| time(text)),
                });
                writer.write_all(entry).map_err(broken)?;
                offset += entry.len() as u64;
            }
        }
        writer.flush().map_err(broken)?;
        drop(writer);
        let spool = Arc::new(Spool {
            file: Mutex::new(file),
            lines,
        });
        if let Ok(mut all) = self.spools.lock() {
            all.insert(project.to_owned(), Arc::clone(&spool));
        }
        Ok(spool)
    }
}

fn scan(spool: &Spool, number: usize, matcher: &Matcher, places: &mut Vec<Place>) -> io::Result<()> {
    let (from, to) = matcher.span();
    let outside = |own: &Option<Timestamp>| {
        own.is_none_or(|own| from.is_some_and(|from| own < from) || to.is_some_and(|to| own > to))
    };
    let bounded = from.is_some() || to.is_some();
    let mut file = spool.file.lock().map_err(|_| io::ErrorKind::Other)?;
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::with_capacity(1 << 18, &mut *file);
    let (mut at, mut line) = (0_u64, Vec::new());
    for place in &spool.lines {
        if bounded && outside(&place.time) {
            continue;
        }
        reader.seek_relative(i64::try_from(place.offset - at).unwrap_or(i64::MAX))?;
        line.resize(place.length, 0);
        reader.read_exact(&mut line)?;
        at = place.offset + place.length as u64;
        let entry: Value = serde_json::from_slice(&line).unwrap_or_default();
        if matcher.matches(&entry) {
            places.push(Place {
                spool: number,
                ..*place
            });
        }
    }
    Ok(())
}

impl Chosen {
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// The lines of some entries.
    pub fn lines(&self, range: std::ops::Range<usize>) -> Result<Vec<Vec<u8>>, Refusal> {
        let places = self.places.get(range).unwrap_or_default();
        places
            .iter()
            .map(|place| self.line(place).map_err(broken))
            .collect()
    }

    fn line(&self, place: &Place) -> io::Result<Vec<u8>> {
        let spool = self.spools.get(place.spool).ok_or(io::ErrorKind::NotFound)?;
        let mut file = spool.file.lock().map_err(|_| io::ErrorKind::Other)?;
        file.seek(SeekFrom::Start(place.offset))?;
        let mut line = vec![0; place.length];
        file.read_exact(&mut line)?;
        Ok(line)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "given to map_err")]
fn broken(error: io::Error) -> Refusal {
    Refusal::new(500, format!("the bundle's log cannot be read: {error}"))
}
