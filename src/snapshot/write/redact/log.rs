//! Logs of any size, block by block on several threads, in order and in constant memory.
//!
//! A block is worked on as if the one before it had left nothing behind; where that turns out to have ended within a key,
//! which is rare, it is worked on again.
use super::Redactor;
use super::lines::Log;
use crate::blocks::{self, Block, Blocks, Limits};
use crate::redact::Hit;
use memchr::{memchr, memrchr};
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Why a log could not be copied.
#[derive(Debug)]
pub enum Broken {
    Read(io::Error),
    Write(io::Error),
}

/// Copies a log without its secrets, and tells how many lines were longer than can be looked at: their rest is left out.
///
/// # Errors
/// Where reading or writing fails.
pub fn log(
    input: impl Read + Send,
    out: &mut (dyn Write + Send),
    redactor: &mut Redactor,
    limits: Limits,
) -> Result<u64, Broken> {
    let workers = Workers {
        idle: Mutex::new(vec![Worker::of(redactor)]),
        spare: Mutex::default(),
        next: redactor.worker(),
    };
    let mut blocks = Blocks::new(input, limits);
    let (mut key_lines, mut cut) = (0, 0);
    let mut take = |block: &Block, mut done: Done| {
        if key_lines > 0 {
            done = workers.work(block, key_lines);
        }
        key_lines = done.key_lines;
        redactor.count(done.counts);
        out.write_all(done.changed.as_deref().unwrap_or(block.bytes()))?;
        if let Some(used) = done.changed.filter(|_| !block.is_huge()) {
            lock(&workers.spare).push(used);
        }
        if block.is_cut {
            cut += 1;
            out.write_all(b"\n")?;
        }
        Ok(())
    };
    // Most logs end here, in their first block.
    let mut first = Block::default();
    if blocks.next(&mut first).map_err(Broken::Read)? {
        take(&first, workers.work(&first, 0)).map_err(Broken::Write)?;
    }
    drop(first);
    if !blocks.is_ended() {
        blocks::run(
            limits.threads(),
            &mut blocks,
            |block| workers.work(block, 0),
            |result| {
                let (block, done) = result.map_err(Broken::Read)?;
                take(block, done).map_err(Broken::Write)
            },
        )?;
    }
    Ok(cut)
}

/// Those that have nothing to do, and one to make more of.
struct Workers {
    idle: Mutex<Vec<Worker>>,
    /// Room for changed blocks, used before.
    spare: Mutex<Vec<Vec<u8>>>,
    next: Redactor,
}

impl Workers {
    fn work(&self, block: &Block, key_lines: u32) -> Done {
        let worker = lock(&self.idle).pop();
        let mut worker = worker.unwrap_or_else(|| Worker::of(&self.next));
        let room = || lock(&self.spare).pop().unwrap_or_default();
        let done = worker.block(block.bytes(), key_lines, room);
        lock(&self.idle).push(worker);
        done
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A redactor of its own, so that none waits for another, and room to work in.
struct Worker {
    redactor: Redactor,
    hits: Vec<Hit>,
    lower: Vec<u8>,
    /// The marks of the line at hand.
    here: Vec<Hit>,
}

/// A block without secrets.
struct Done {
    /// None where nothing changed.
    changed: Option<Vec<u8>>,
    counts: BTreeMap<String, u64>,
    key_lines: u32,
}

impl Worker {
    fn of(redactor: &Redactor) -> Self {
        Self {
            redactor: redactor.worker(),
            hits: Vec::new(),
            lower: Vec::new(),
            here: Vec::new(),
        }
    }

    fn block(&mut self, bytes: &[u8], key_lines: u32, room: impl Fn() -> Vec<u8>) -> Done {
        let every = !self.redactor.knows_marks();
        if !every {
            self.redactor.marks(bytes, &mut self.lower, &mut self.hits);
        }
        let mut log = Log { key_lines };
        let mut left = self.hits.as_slice();
        let (mut out, mut copied, mut at) = (Vec::new(), 0, 0);
        while at < bytes.len() {
            if !every && log.key_lines == 0 {
                // On to the line of the next mark.
                let Some(next) = left.first() else { break };
                let between = bytes.get(at..next.at).unwrap_or_default();
                at += memrchr(b'\n', between).map_or(0, |end| end + 1);
            }
            let rest = bytes.get(at..).unwrap_or_default();
            let line = memchr(b'\n', rest).map_or(rest, |end| rest.get(..=end).unwrap_or(rest));
            let end = at + line.len();
            self.here.clear();
            let here = left.iter().take_while(|hit| hit.at < end);
            self.here.extend(here.map(|hit| Hit {
                at: hit.at - at,
                ..*hit
            }));
            left = left.get(self.here.len()..).unwrap_or_default();
            let marks = (!every).then_some(self.here.as_slice());
            if let Some(new) = log.line(line, marks, &mut self.redactor) {
                if copied == 0 {
                    out = room();
                    out.clear();
                    out.reserve(bytes.len() + bytes.len() / 8);
                }
                out.extend_from_slice(bytes.get(copied..at).unwrap_or_default());
                new.put(&mut out);
                copied = end;
            }
            at = end;
        }
        Done {
            changed: (copied > 0).then(|| {
                out.extend_from_slice(bytes.get(copied..).unwrap_or_default());
                out
            }),
            counts: self.redactor.take_counts(),
            key_lines: log.key_lines,
        }
    }
}

#[cfg(test)]
mod tests;
