//! The support bundle: a tar in zstd frames, with a seal behind them. Equal content gives equal bytes.
//!
//! The manifest comes first and tells all sizes and digests, and so does each file's header: both are known last. So files
//! are compressed as they come, into frames that one behind the other are one stream (RFC 8878, 3): whole files share a
//! frame, and a large log has one of its own, before which its header is put when all is put together. What is small
//! altogether waits for the manifest and shares a frame with it.
use super::frames::{Frames, frame};
use super::{Keep, Manifest, WriteError, folder_of, manifest_text};
use crate::snapshot::seal::Sealing;
use crate::snapshot::unfinished;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A log up to this size is a file like any other, and so much waits for the manifest.
const SMALL: usize = 1 << 20;
/// A tar consists of blocks, and ends with two empty ones.
const BLOCK: usize = 512;
static ZEROS: [u8; BLOCK] = [0; BLOCK];

/// An archive without its beginning.
pub struct Archive {
    to: PathBuf,
    /// Not the clock of this machine: the time of the evidence.
    time: u64,
    /// The files so far, while they are small together.
    held: Option<Vec<u8>>,
    frames: Frames,
    /// What comes between the frames: where, and a frame.
    between: Vec<(u64, Vec<u8>)>,
    log: Log,
}

/// The log at hand.
#[derive(Default)]
struct Log {
    path: String,
    size: u64,
    /// All of it, while it is small.
    held: Vec<u8>,
    /// Where its frame begins, once it is large.
    begins: Option<u64>,
}

impl Archive {
    pub fn new(to: &Path, collected_at: jiff::Timestamp) -> Result<Self, WriteError> {
        let file = tempfile::tempfile().map_err(unspooled)?;
        Ok(Self {
            to: to.to_owned(),
            time: u64::try_from(collected_at.as_second()).unwrap_or_default(),
            held: Some(Vec::new()),
            frames: Frames::new(file),
            between: Vec::new(),
            log: Log::default(),
        })
    }

    /// Puts all together.
    pub fn finish(mut self, manifest: &Manifest) -> Result<(), WriteError> {
        let (first, mut spooled) = self.ends(manifest).map_err(unspooled)?;
        let failed = |source| WriteError::Write {
            path: self.to.clone(),
            source,
        };
        let named = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".meshdoctor-").tempfile_in(folder_of(&self.to))
        };
        let mut file = unfinished::make(named, |file| file.path()).map_err(failed)?;
        join(&first, &mut spooled, &self.between, file.as_file_mut()).map_err(failed)?;
        // It keeps a temporary file's mode: for its owner alone, until that hands it on.
        unfinished::step(|| file.persist(&self.to)).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// The first frame, and the file with the others.
    fn ends(&mut self, manifest: &Manifest) -> io::Result<(Vec<u8>, File)> {
        self.put(&[ZEROS, ZEROS].concat())?;
        let text = manifest_text(manifest);
        let size = text.len() as u64;
        let mut first = header("bundle.json", size, self.time)?;
        first.extend_from_slice(text.as_bytes());
        first.extend_from_slice(padding(size));
        first.extend_from_slice(self.held.as_deref().unwrap_or_default());
        Ok((frame(&first)?, self.frames.finish()?))
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some(held) = &mut self.held {
            if held.len() + bytes.len() <= SMALL {
                held.extend_from_slice(bytes);
                return Ok(());
            }
            self.compress_held()?;
        }
        self.frames.write(bytes)
    }

    fn compress_held(&mut self) -> io::Result<()> {
        match self.held.take() {
            Some(held) if !held.is_empty() => self.frames.write(&held),
            _ => Ok(()),
        }
    }
}

impl Keep for Archive {
    fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.put(&header(path, content.len() as u64, self.time)?)?;
        self.put(content)?;
        self.put(padding(content.len() as u64))
    }

    fn begin(&mut self, path: &str) -> io::Result<()> {
        self.log = Log {
            path: path.to_owned(),
            ..Log::default()
        };
        Ok(())
    }

    fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log.size += bytes.len() as u64;
        if self.log.begins.is_none() {
            if self.log.held.len() + bytes.len() <= SMALL {
                self.log.held.extend_from_slice(bytes);
                return Ok(());
            }
            self.compress_held()?;
            self.log.begins = Some(self.frames.begin_log()?);
            self.frames.write(&std::mem::take(&mut self.log.held))?;
        }
        self.frames.write(bytes)
    }

    fn end(&mut self) -> io::Result<()> {
        let log = std::mem::take(&mut self.log);
        let Some(at) = log.begins else {
            return self.file(&log.path, &log.held);
        };
        self.frames.end()?;
        let header = header(&log.path, log.size, self.time)?;
        self.between.push((at, frame(&header)?));
        self.put(padding(log.size))
    }

    fn failed(&self, source: io::Error) -> WriteError {
        unspooled(source)
    }
}

fn unspooled(source: io::Error) -> WriteError {
    WriteError::Write {
        path: std::env::temp_dir(),
        source,
    }
}

/// The manifest, then all frames, then the seal.
fn join(first: &[u8], spooled: &mut File, between: &[(u64, Vec<u8>)], to: &mut File) -> io::Result<()> {
    let mut out = Sealing::new(BufWriter::with_capacity(1 << 18, to));
    out.write_all(first)?;
    spooled.seek(SeekFrom::Start(0))?;
    let mut spooled = BufReader::with_capacity(1 << 18, spooled);
    let mut done = 0;
    for (at, frame) in between {
        io::copy(&mut Read::by_ref(&mut spooled).take(at - done), &mut out)?;
        out.write_all(frame)?;
        done = *at;
    }
    io::copy(&mut spooled, &mut out)?;
    out.finish()?.flush()
}

/// What stands before a file in a tar.
fn header(path: &str, size: u64, time: u64) -> io::Result<Vec<u8>> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_data(&mut header, path, io::empty())?;
    Ok(std::mem::take(tar.get_mut()))
}

/// What fills a file's last block.
fn padding(size: u64) -> &'static [u8] {
    let over = size % BLOCK as u64;
    let missing = usize::try_from(over).map_or(0, |over| (BLOCK - over) % BLOCK);
    ZEROS.get(..missing).unwrap_or_default()
}
