//! A stream cut into blocks of whole lines, in constant memory.
use memchr::{memchr, memrchr};
use std::io::{self, ErrorKind, Read};
use std::thread;

/// More threads than this only wait for one another: reading goes on one at a time.
const MAX_THREADS: usize = 4;

/// So many times its usual size a block is huge.
const HUGE: usize = 8;

/// How much is read at once, how long a line may be, and how many threads look at a file.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes; small enough that a block is still in the processor's second cache when it is looked at.
    pub block: usize,
    /// Bytes of one line beyond which it is cut.
    pub line: usize,
    /// As many as there are processors, within reason, if not given.
    pub threads: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            block: 256 << 10,
            line: 16 << 20,
            threads: None,
        }
    }
}

impl Limits {
    /// At least one.
    pub fn threads(&self) -> usize {
        let processors = || {
            thread::available_parallelism()
                .map_or(1, usize::from)
                .min(MAX_THREADS)
        };
        self.threads.unwrap_or_else(processors).max(1)
    }
}

/// Whole lines, each with its newline (the stream's last line may lack it).
#[derive(Debug, Default)]
pub struct Block {
    buffer: Vec<u8>,
    end: usize,
    usual: usize,
    /// The one line in it goes on beyond the limit; the rest is left out.
    pub is_cut: bool,
}

impl Block {
    pub fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.end).unwrap_or_default()
    }

    /// Whether a very long line made it grow: few such should be held at once.
    pub fn is_huge(&self) -> bool {
        self.buffer.capacity() > self.usual.saturating_mul(HUGE)
    }

    /// Gives back the memory that a very long line took.
    pub fn shrink(&mut self) {
        if self.is_huge() {
            self.end = 0;
            self.buffer.truncate(self.usual);
            self.buffer.shrink_to_fit();
        }
    }

    /// Whether there is anything in it.
    fn holds(&mut self, end: usize, is_cut: bool) -> bool {
        self.end = end;
        self.is_cut = is_cut;
        end > 0
    }
}

/// Reads a stream block by block; an unfinished line is carried over to the next block.
pub struct Blocks<R> {
    stream: R,
    size: usize,
    max: usize,
    carried: Vec<u8>,
    /// Inside a line that was cut.
    skipping: bool,
    ended: bool,
    /// What came after the last block's lines.
    failed: Option<io::Error>,
    /// All bytes read so far.
    pub read: u64,
}

impl<R: Read> Blocks<R> {
    pub fn new(stream: R, limits: Limits) -> Self {
        let max = limits.line.max(1);
        Self {
            stream,
            size: limits.block.clamp(1, max),
            max,
            carried: Vec::new(),
            skipping: false,
            ended: false,
            failed: None,
            read: 0,
        }
    }

    /// Whether the last block was the last.
    pub fn is_ended(&self) -> bool {
        self.ended
    }

    /// Puts the next lines into the block, whatever it held; false at the end of the stream.
    pub fn next(&mut self, block: &mut Block) -> io::Result<bool> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut filled = self.begin(block)?;
        // Up to here there is no newline.
        let mut searched = 0;
        loop {
            let outcome = self.fill(block, &mut filled);
            if self.ended {
                return Ok(block.holds(filled, false));
            }
            let fresh = block.buffer.get(searched..filled).unwrap_or_default();
            if let Some(at) = memrchr(b'\n', fresh) {
                let end = searched + at + 1;
                self.carried = block.buffer.get(end..filled).unwrap_or_default().to_vec();
                self.failed = outcome.err();
                return Ok(block.holds(end, false));
            }
            outcome?;
            if filled >= self.max {
                return self.cut(block, filled);
            }
            searched = filled;
            block.buffer.resize((filled * 2).min(self.max), 0);
        }
    }

    /// The line is as long as a line may be. Whether there is more of it the next byte tells.
    fn cut(&mut self, block: &mut Block, filled: usize) -> io::Result<bool> {
        let mut next = Block {
            buffer: vec![0],
            ..Block::default()
        };
        let more = match self.read(&mut next, 0) {
            Ok(read) => read > 0,
            Err(error) => {
                self.failed = Some(error);
                true
            }
        };
        self.skipping = more && next.buffer != b"\n";
        Ok(block.holds(filled, more))
    }

    /// Makes the block ready; returns how many bytes at its start are filled.
    fn begin(&mut self, block: &mut Block) -> io::Result<usize> {
        let carried = std::mem::take(&mut self.carried);
        block.usual = self.size;
        block.buffer.resize(self.size.max(carried.len()), 0);
        if self.skipping {
            return self.skip(block);
        }
        if let Some(start) = block.buffer.get_mut(..carried.len()) {
            start.copy_from_slice(&carried);
        }
        Ok(carried.len())
    }

    /// Drops the rest of a line that was cut.
    fn skip(&mut self, block: &mut Block) -> io::Result<usize> {
        loop {
            let read = self.read(block, 0)?;
            let fresh = block.buffer.get(..read).unwrap_or_default();
            if let Some(at) = memchr(b'\n', fresh) {
                self.skipping = false;
                block.buffer.copy_within(at + 1..read, 0);
                return Ok(read - at - 1);
            }
            if self.ended {
                return Ok(0);
            }
        }
    }

    /// Reads until the block is full or the stream ends.
    fn fill(&mut self, block: &mut Block, filled: &mut usize) -> io::Result<()> {
        while *filled < block.buffer.len() && !self.ended {
            *filled += self.read(block, *filled)?;
        }
        Ok(())
    }

    fn read(&mut self, block: &mut Block, at: usize) -> io::Result<usize> {
        loop {
            match self.stream.read(block.buffer.get_mut(at..).unwrap_or_default()) {
                Ok(read) => {
                    self.ended = read == 0;
                    self.read += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(text: &str, block: usize, line: usize) -> Vec<(String, bool)> {
        let limits = Limits {
            block,
            line,
            ..Limits::default()
        };
        let mut blocks = Blocks::new(text.as_bytes(), limits);
        let mut all = Vec::new();
        let mut block = Block::default();
        while blocks.next(&mut block).unwrap() {
            let text = String::from_utf8(block.bytes().to_vec()).unwrap();
            all.extend(
                text.split_terminator('\n')
                    .map(|line| (line.to_owned(), block.is_cut)),
            );
        }
        all
    }

    #[test]
    fn every_block_size_gives_the_same_lines_and_the_same_cuts() {
        let text = "one\n\n123456789012\n12345678\nthe-last";
        let want = [
            ("one", false),
            ("", false),
            ("12345678", true),
            ("12345678", true),
            ("the-last", false),
        ];
        for block in 1..20 {
            let got = lines(text, block, 8);
            let got: Vec<(&str, bool)> = got.iter().map(|(text, cut)| (text.as_str(), *cut)).collect();
            assert_eq!(got, want, "block {block}");
        }
        assert_eq!(
            lines("a\nb", 2, 100),
            [("a".to_owned(), false), ("b".to_owned(), false)]
        );
    }
}
