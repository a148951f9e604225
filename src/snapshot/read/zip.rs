//! `.zip`: entries through the central directory, which must not lie.
use super::archive::Unpacked;
use super::limits::MAX_FILES;
use super::spool::Spool;
use super::tree::Entry;
use crate::snapshot::world::Content;
use crate::snapshot::{Blob, ReadError};
use std::fs::File;
use std::io::{Cursor, Read, Seek, SeekFrom};

trait Source: Read + Seek {}
impl<T: Read + Seek> Source for T {}

/// The end record (22 bytes) stands before a comment of at most 65,535 bytes.
const END: i64 = 22 + 65_535;

/// All plain files of the archive.
pub fn entries(blob: &Blob, spool: &mut Spool) -> Result<Vec<Entry>, ReadError> {
    let io = |source| ReadError::Io {
        path: blob.origin.clone().into(),
        source,
    };
    let mut source: Box<dyn Source> = match &blob.content {
        Content::File(path) => Box::new(File::open(path).map_err(io)?),
        Content::Memory(bytes) => Box::new(Cursor::new(std::sync::Arc::clone(bytes))),
        Content::Spooled(file) => Box::new(File::open(&file.path).map_err(io)?),
    };
    let mut unpacked = Unpacked::new(&blob.origin);
    // Counted before the directory is loaded: it can name millions, and the reader keeps the last of two equal names.
    let told = told_entries(&mut source)
        .map_err(io)?
        .ok_or_else(|| unpacked.damaged("no end of the central directory"))?;
    if told == usize::from(u16::MAX) {
        return Err(unpacked.refuse(format!(
            "holds 65,535 entries or more (a .tar.zst may hold {MAX_FILES})"
        )));
    }
    let mut archive = zip::ZipArchive::new(source).map_err(|error| unpacked.damaged(&error.to_string()))?;
    if archive.len() != told {
        return Err(unpacked.refuse(format!(
            "says {told} entries and holds {} names: some are there twice",
            archive.len()
        )));
    }
    for index in 0..archive.len() {
        let mut entry = archive
            .by_index(index)
            .map_err(|error| unpacked.damaged(&error.to_string()))?;
        let raw = entry.name_raw().to_vec();
        // The upper four bits of a Unix mode: 0o10 a plain file, 0o4 a folder, 0 not said.
        let kind = entry.unix_mode().map_or(0, |mode| mode >> 12);
        if ![0, 0o4, 0o10].contains(&kind) {
            return Err(unpacked.refuse_kind(&raw, "a link or neither a plain file nor a folder"));
        }
        let folder = entry.is_dir();
        if let Some(name) = unpacked.name(&raw, folder)? {
            unpacked.keep(name, &mut entry, spool)?;
        }
    }
    Ok(unpacked.entries)
}

/// The number of entries that the end record tells.
fn told_entries(source: &mut dyn Source) -> std::io::Result<Option<usize>> {
    let length = source.seek(SeekFrom::End(0))?;
    let back = i64::try_from(length).unwrap_or(i64::MAX).min(END);
    source.seek(SeekFrom::End(-back))?;
    let mut tail = Vec::new();
    source.take(END as u64).read_to_end(&mut tail)?;
    let told = memchr::memmem::rfind(&tail, b"PK\x05\x06")
        .and_then(|at| tail.get(at + 10..at + 12))
        .and_then(|bytes| <[u8; 2]>::try_from(bytes).ok())
        .map(|bytes| usize::from(u16::from_le_bytes(bytes)));
    source.seek(SeekFrom::Start(0))?;
    Ok(told)
}
