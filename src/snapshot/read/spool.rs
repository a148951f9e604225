//! Streams kept for later: small ones in memory, large ones in a private temporary folder, within a total.
use super::limits::{MAX_UNPACKED, MEMORY_BUDGET, SPOOL_OVER, too_large};
use crate::snapshot::world::{Content, SpoolFile};
use crate::snapshot::{ReadError, unfinished};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::{NamedTempFile, TempDir};

/// Where unpacked bytes go, and how many more may come.
#[derive(Debug)]
pub struct Spool {
    folder: Option<Arc<TempDir>>,
    memory_left: u64,
    left: u64,
}

impl Default for Spool {
    fn default() -> Self {
        Self {
            folder: None,
            memory_left: MEMORY_BUDGET,
            left: MAX_UNPACKED,
        }
    }
}

/// Why a stream could not be kept: it broke off itself, or something here did.
pub enum StoreError {
    Source(io::Error),
    Other(ReadError),
}

impl Spool {
    /// Keeps a stream of at most `most` bytes. `to_disk` sends it to a file whatever its size.
    pub fn store(
        &mut self,
        origin: &str,
        stream: &mut dyn Read,
        most: u64,
        to_disk: bool,
    ) -> Result<Content, StoreError> {
        let most = most.min(self.left);
        let mut head = Vec::new();
        let in_memory = SPOOL_OVER.min(self.memory_left);
        let first = if to_disk { 0 } else { in_memory };
        stream
            .take(first.saturating_add(1))
            .read_to_end(&mut head)
            .map_err(StoreError::Source)?;
        let length = head.len() as u64;
        if length > most {
            return Err(StoreError::Other(over(origin, most)));
        }
        if length <= first {
            self.memory_left = self.memory_left.saturating_sub(length);
            self.left = self.left.saturating_sub(length);
            return Ok(Content::Memory(head.into()));
        }
        let mut file = self.file().map_err(StoreError::Other)?;
        let written = file.copy(&head, stream, most).map_err(|error| match error {
            CopyError::Over => StoreError::Other(over(origin, most)),
            CopyError::Read(error) => StoreError::Source(error),
            CopyError::Write(error) => StoreError::Other(file.io(error)),
        })?;
        self.left = self.left.saturating_sub(written);
        Ok(file.finish())
    }

    /// A new file in the private folder.
    pub fn file(&mut self) -> Result<SpoolWriter, ReadError> {
        let io = |source| ReadError::Io {
            path: std::env::temp_dir(),
            source,
        };
        let folder = if let Some(folder) = &self.folder {
            Arc::clone(folder)
        } else {
            let named = || tempfile::Builder::new().prefix("meshdoctor-").tempdir();
            let made = unfinished::make(named, |folder| folder.path());
            let folder = Arc::new(made.map_err(io)?);
            self.folder = Some(Arc::clone(&folder));
            folder
        };
        let file = unfinished::step(|| NamedTempFile::new_in(folder.path())).map_err(io)?;
        Ok(SpoolWriter { file, folder })
    }
}

/// A temporary file being written.
pub struct SpoolWriter {
    file: NamedTempFile,
    folder: Arc<TempDir>,
}

enum CopyError {
    Over,
    Read(io::Error),
    Write(io::Error),
}

impl SpoolWriter {
    fn copy(&mut self, head: &[u8], stream: &mut dyn Read, most: u64) -> Result<u64, CopyError> {
        self.file.write_all(head).map_err(CopyError::Write)?;
        let mut written = head.len() as u64;
        let mut buffer = vec![0; 64 << 10];
        loop {
            let read = match stream.read(&mut buffer) {
                Ok(0) => return Ok(written),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(CopyError::Read(error)),
            };
            written = written.saturating_add(read as u64);
            if written > most {
                return Err(CopyError::Over);
            }
            let (filled, _) = buffer.split_at(read);
            self.file.write_all(filled).map_err(CopyError::Write)?;
        }
    }

    /// The file to write to.
    pub fn as_file(&mut self) -> &mut std::fs::File {
        self.file.as_file_mut()
    }

    /// An error of writing it.
    pub fn io(&self, source: io::Error) -> ReadError {
        ReadError::Io {
            path: PathBuf::from(self.file.path()),
            source,
        }
    }

    /// Closes the file; it lives as long as the content.
    pub fn finish(self) -> Content {
        Content::Spooled(Arc::new(SpoolFile {
            path: self.file.into_temp_path(),
            folder: self.folder,
        }))
    }
}

fn over(origin: &str, most: u64) -> ReadError {
    too_large(origin, format!("unpacks to more than {} MiB", most >> 20))
}
