//! A digest of the archive's own bytes, behind them in a frame that zstd skips: a flipped byte shows even where zstd does
//! not mind it.
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A skippable frame's first bytes (RFC 8878, 3.1.2), its length, and what it is.
const HEAD: [u8; 28] = *b"\x5d\x2a\x4d\x18\x34\x00\x00\x00meshdoctor.seal.v1\x00\x00";
const DIGEST: usize = 32;
/// Bytes of the whole seal.
pub const LENGTH: u64 = (HEAD.len() + DIGEST) as u64;

/// Passes bytes on and seals them at the end.
pub struct Sealing<W> {
    out: W,
    sum: Sha256,
}

impl<W: Write> Sealing<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            sum: Sha256::new(),
        }
    }

    /// Writes the seal.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&HEAD)?;
        self.out.write_all(&self.sum.finalize())?;
        Ok(self.out)
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// What a file's end says of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    /// None: the archive was packed by another program.
    Absent,
    Intact,
    Broken,
}

/// Looks at a file's seal, and at all bytes before it.
///
/// # Errors
/// Where the file cannot be read.
pub fn seal_of(file: &mut std::fs::File) -> io::Result<Seal> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(before) = length.checked_sub(LENGTH) else {
        return Ok(Seal::Absent);
    };
    file.seek(SeekFrom::Start(before))?;
    let mut end = Vec::new();
    Read::by_ref(file).take(LENGTH).read_to_end(&mut end)?;
    let (head, digest) = end.split_at_checked(HEAD.len()).unwrap_or_default();
    // A damaged seal is still told from none.
    let like = head.iter().zip(HEAD).filter(|(a, b)| **a == *b).count();
    if like * 2 < HEAD.len() {
        return Ok(Seal::Absent);
    }
    file.seek(SeekFrom::Start(0))?;
    let mut sum = Sha256::new();
    io::copy(&mut Read::by_ref(file).take(before), &mut sum)?;
    let sound = head == HEAD && digest == sum.finalize().as_slice();
    Ok(if sound { Seal::Intact } else { Seal::Broken })
}
