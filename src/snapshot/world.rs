//! The raw files of a snapshot, by their path in the layout: on disk, in memory, or spooled from an archive.
use super::ReadError;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;
use tempfile::{TempDir, TempPath};

/// The most that a single non-log file may unfold to in memory: 256 MiB.
pub const MAX_FILE: u64 = 256 << 20;

/// All files of a snapshot, and what was noticed on the way.
#[derive(Debug, Default, Clone)]
pub struct World {
    /// Layout path (`iam/projects/P/policy.json`) to content.
    pub files: BTreeMap<String, Blob>,
    pub warnings: Vec<Warning>,
    /// What is not as a manifest's checksums say, a sentence a file.
    pub altered: Vec<String>,
}

/// Something the reader did not use, told so that nothing is dropped in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    pub origin: String,
    pub text: String,
}

/// One file's content and where it came from.
#[derive(Debug, Clone)]
pub struct Blob {
    /// The file as the user named it; inside an archive `ARCHIVE!PATH`.
    pub origin: String,
    pub content: Content,
    pub encoding: Encoding,
}

/// Where the bytes are.
#[derive(Debug, Clone)]
pub enum Content {
    File(PathBuf),
    Memory(Arc<[u8]>),
    /// A temporary file that goes with its last owner.
    Spooled(Arc<SpoolFile>),
}

/// A file in the run's private temporary folder; the folder goes with its last file.
#[derive(Debug)]
pub struct SpoolFile {
    // Fields drop in order: the file before the folder that holds it.
    pub path: TempPath,
    pub folder: Arc<TempDir>,
}

/// How the bytes are packed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Encoding {
    #[default]
    Plain,
    Gzip,
    Zstd,
}

impl Blob {
    /// A blob in memory.
    pub fn memory(origin: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        Self {
            origin: origin.into(),
            content: Content::Memory(bytes.into()),
            encoding: Encoding::Plain,
        }
    }

    /// The unpacked bytes as a stream.
    pub fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        let raw: Box<dyn Read + Send> = match &self.content {
            Content::File(path) => Box::new(File::open(path)?),
            Content::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Content::Spooled(file) => Box::new(File::open(&file.path)?),
        };
        Ok(match self.encoding {
            Encoding::Plain => raw,
            Encoding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(raw)),
            Encoding::Zstd => Box::new(zstd::stream::read::Decoder::new(raw)?),
        })
    }

    /// All unpacked bytes, at most 256 MiB.
    pub fn bytes(&self) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        let stream = self.open().map_err(|source| self.unreadable(source))?;
        stream
            .take(MAX_FILE + 1)
            .read_to_end(&mut bytes)
            .map_err(|source| self.unreadable(source))?;
        if bytes.len() as u64 > MAX_FILE {
            return Err(ReadError::TooLarge {
                origin: self.origin.clone(),
                problem: format!("unpacks to more than {} MiB", MAX_FILE >> 20),
                remedy: "collect a narrower scope, or name the folder that holds the real files".into(),
            });
        }
        Ok(bytes)
    }

    /// Why a stream could not be read: damaged where it is packed, else the system's refusal.
    pub fn unreadable(&self, source: io::Error) -> ReadError {
        if self.encoding == Encoding::Plain || source.kind() == io::ErrorKind::NotFound {
            return ReadError::Io {
                path: PathBuf::from(&self.origin),
                source,
            };
        }
        ReadError::Malformed {
            origin: self.origin.clone(),
            line: 0,
            column: 0,
            problem: format!("cannot be unpacked: {source}"),
            remedy: "the file is truncated or damaged; copy or collect it again".into(),
        }
    }
}
