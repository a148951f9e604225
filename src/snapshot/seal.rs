//! A digest of the archive's own bytes, behind them in a frame that zstd skips: a flipped byte shows even where zstd does
//! not mind it.
use sha2::{Digest, Sha256};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::mpsc::{self, SyncSender};
use std::thread::{self, JoinHandle};

/// A skippable frame's first bytes (RFC 8878, 3.1.2), its length, and what it is.
const HEAD: [u8; 28] = *b"\x5d\x2a\x4d\x18\x34\x00\x00\x00meshdoctor.seal.v1\x00\x00";
const DIGEST: usize = 32;
/// Bytes of the whole seal.
pub const LENGTH: u64 = (HEAD.len() + DIGEST) as u64;

/// Passes bytes on and seals them at the end.
pub struct Sealing<W> {
    out: W,
    sum: Summing,
}

/// Takes as long as writing them does, so that a thread does it beside; where the machine gives none, this one.
enum Summing {
    Beside(SyncSender<Vec<u8>>, JoinHandle<Sha256>),
    Here(Sha256),
}

impl<W: Write> Sealing<W> {
    pub fn new(out: W) -> Self {
        let (to, blocks) = mpsc::sync_channel::<Vec<u8>>(4);
        let sum = move || {
            let mut sum = Sha256::new();
            blocks.into_iter().for_each(|block| sum.update(block));
            sum
        };
        let sum = match thread::Builder::new().spawn(sum) {
            Ok(thread) => Summing::Beside(to, thread),
            Err(_) => Summing::Here(Sha256::new()),
        };
        Self { out, sum }
    }

    /// Writes the seal.
    pub fn finish(mut self) -> io::Result<W> {
        let sum = match self.sum {
            Summing::Beside(to, thread) => {
                drop(to);
                thread.join().map_err(|_| ended())?
            }
            Summing::Here(sum) => sum,
        };
        self.out.write_all(&HEAD)?;
        self.out.write_all(&sum.finalize())?;
        Ok(self.out)
    }
}

fn ended() -> io::Error {
    io::Error::other("the thread that makes the archive's digest ended")
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let bytes = bytes.get(..written).unwrap_or_default();
        match &mut self.sum {
            Summing::Beside(to, _) => to.send(bytes.to_vec()).map_err(|_| ended())?,
            Summing::Here(sum) => sum.update(bytes),
        }
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
