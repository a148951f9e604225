//! `.tar`, `.tar.gz`, `.tar.zst`: streamed, entry by entry.
use super::archive::Unpacked;
use super::limits::{MAX_UNPACKED, Metered};
use super::spool::Spool;
use super::tree::Entry;
use crate::snapshot::{Blob, ReadError};
use std::io::Read;

/// What the headers of one entry (long names, extensions) may take: the tar reader keeps them in memory.
const MAX_HEADERS: u64 = 1 << 20;

/// All plain files of the archive.
pub fn entries(blob: &Blob, spool: &mut Spool) -> Result<Vec<Entry>, ReadError> {
    let stream = blob.open().map_err(|error| blob.unreadable(error))?;
    let (stream, left) = Metered::new(stream, MAX_HEADERS);
    let mut unpacked = Unpacked::new(&blob.origin);
    let mut archive = tar::Archive::new(stream);
    let mut entries = archive
        .entries()
        .map_err(|error| unpacked.damaged(&error.to_string()))?;
    loop {
        left.set(MAX_HEADERS);
        let Some(entry) = entries.next() else { break };
        let mut entry = entry.map_err(|error| unpacked.damaged(&error.to_string()))?;
        let raw = entry.path_bytes().into_owned();
        let kind = entry.header().entry_type();
        let folder = kind.is_dir();
        if !folder && !kind.is_file() && !kind.is_contiguous() {
            if kind.is_pax_global_extensions() {
                // git archive writes one: a comment, no file.
                continue;
            }
            let what = if kind.is_symlink() || kind.is_hard_link() {
                "a link"
            } else {
                "neither a plain file nor a folder"
            };
            return Err(unpacked.refuse_kind(&raw, what));
        }
        left.set(MAX_UNPACKED);
        let size = entry.size();
        let name = unpacked.name(&raw, folder)?;
        if let Some(name) = name {
            let mut counted = Counted {
                inner: &mut entry,
                read: 0,
            };
            unpacked.keep(name, &mut counted, spool)?;
            if counted.read != size {
                return Err(unpacked.damaged("an entry is shorter than its header says"));
            }
        } else {
            let skipped = std::io::copy(&mut entry, &mut std::io::sink());
            skipped.map_err(|error| unpacked.damaged(&error.to_string()))?;
        }
    }
    // The rest proves the packing's own checksum.
    left.set(MAX_UNPACKED);
    let mut rest = archive.into_inner();
    std::io::copy(&mut rest, &mut std::io::sink()).map_err(|error| unpacked.damaged(&error.to_string()))?;
    Ok(unpacked.entries)
}

struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        Ok(read)
    }
}
