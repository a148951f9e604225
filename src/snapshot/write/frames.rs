//! zstd frames one behind the other in a file that has no name; put together they are one stream.
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::thread;
use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

/// zstd's own default: the level is part of what makes two bundles equal.
const LEVEL: i32 = 3;
/// Of logs. Their lines repeat what stood a few lines before, which level 1 finds as well: on entries of Cloud Logging it is
/// half as much work as level 3, and what comes out is no larger (3 to 7 % smaller).
const LOG_LEVEL: i32 = 1;
/// Bytes that one thread compresses at a time: a part of what makes two bundles equal, as the number of threads is not.
const JOB: u32 = 4 << 20;
/// How much it sees of what came before: half a window (`ZSTD_c_overlapLog`), at which the parts together are as small as one.
const OVERLAP: u32 = 8;
/// More would only wait for what is to be compressed.
const MAX_THREADS: usize = 4;

/// The frames so far.
pub struct Frames {
    state: State,
    threads: u32,
    /// Of the next frame.
    level: i32,
}

enum State {
    Between(Out),
    Within(Box<Encoder<'static, Out>>),
    /// An error ended it.
    Broken,
}

impl Frames {
    pub fn new(file: File) -> Self {
        let processors = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            state: State::Between(Out {
                file: BufWriter::with_capacity(1 << 18, file),
                written: 0,
            }),
            threads: u32::try_from(processors.min(MAX_THREADS)).unwrap_or(1),
            level: LEVEL,
        }
    }

    /// Goes on in the frame at hand, or in a new one.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut encoder = match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(out) => Box::new(encoder(out, self.level, self.threads)?),
            State::Within(encoder) => encoder,
            State::Broken => return Err(broken()),
        };
        encoder.write_all(bytes)?;
        self.state = State::Within(encoder);
        Ok(())
    }

    /// Ends the frame at hand, and tells where the next will begin, which is a log's.
    pub fn begin_log(&mut self) -> io::Result<u64> {
        let at = self.end()?;
        self.level = LOG_LEVEL;
        Ok(at)
    }

    /// Ends the frame at hand, and tells where the next will begin.
    pub fn end(&mut self) -> io::Result<u64> {
        self.level = LEVEL;
        let out = match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(out) => out,
            State::Within(encoder) => encoder.finish()?,
            State::Broken => return Err(broken()),
        };
        let at = out.written;
        self.state = State::Between(out);
        Ok(at)
    }

    /// The file that they are in.
    pub fn finish(&mut self) -> io::Result<File> {
        self.end()?;
        match std::mem::replace(&mut self.state, State::Broken) {
            State::Between(out) => out.file.into_inner().map_err(io::IntoInnerError::into_error),
            _ => Err(broken()),
        }
    }
}

fn broken() -> io::Error {
    io::Error::other("an earlier error ended what was being compressed")
}

/// A frame by itself.
pub fn frame(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = encoder(Vec::new(), LEVEL, 1)?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn encoder<W: Write>(out: W, level: i32, threads: u32) -> io::Result<Encoder<'static, W>> {
    let mut encoder = Encoder::new(out, level)?;
    encoder.include_checksum(true)?;
    encoder.set_parameter(CParameter::NbWorkers(threads))?;
    encoder.set_parameter(CParameter::JobSize(JOB))?;
    encoder.set_parameter(CParameter::OverlapSizeLog(OVERLAP))?;
    Ok(encoder)
}

/// Counts what it writes.
struct Out {
    file: BufWriter<File>,
    written: u64,
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.written += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::{Read, Seek, SeekFrom};

    /// Pieces of frames of their own, every other one a log's, put together by so many threads.
    fn packed(pieces: &[Vec<u8>], threads: u32) -> Vec<u8> {
        let mut frames = Frames::new(tempfile::tempfile().unwrap());
        frames.threads = threads;
        for (index, piece) in pieces.iter().enumerate() {
            if index % 2 == 1 {
                frames.begin_log().unwrap();
            }
            for part in piece.chunks(100_000) {
                frames.write(part).unwrap();
            }
            frames.end().unwrap();
        }
        let mut file = frames.finish().unwrap();
        let mut all = Vec::new();
        file.seek(SeekFrom::Start(0)).unwrap();
        file.read_to_end(&mut all).unwrap();
        all
    }

    #[test]
    fn frames_are_one_stream_and_the_same_whatever_the_number_of_threads() {
        let mut state = 1_u32;
        let mut noise = |length: usize| -> Vec<u8> {
            let next = |_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b'a' + (state >> 24) as u8 % 26
            };
            (0..length).map(next).collect()
        };
        let pieces = [noise(3), noise(9 << 20), noise(9 << 20), noise(1000), Vec::new()];
        let one = packed(&pieces, 1);
        assert_eq!(zstd::decode_all(one.as_slice()).unwrap(), pieces.concat());
        for threads in [2, 4] {
            assert!(packed(&pieces, threads) == one, "{threads} threads");
        }
    }
}
