//! A stream cut into blocks of whole lines, in constant memory.
use memchr::{memchr, memrchr};
use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// How much is read at once, and how long a line may be.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes; small enough to stay in the processor's second cache.
    pub block: usize,
    /// Bytes of one line beyond which it is cut.
    pub line: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            block: 1 << 20,
            line: 16 << 20,
        }
    }
}

/// Where in the buffer the next whole lines lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub bytes: Range<usize>,
    /// The one line in it goes on beyond the limit; the rest is left out.
    pub is_cut: bool,
}

/// Reads a stream block by block; an unfinished line is carried over to the next block.
pub struct Blocks<R> {
    stream: R,
    buffer: Vec<u8>,
    max: usize,
    filled: usize,
    taken: usize,
    /// Up to here the carried bytes hold no newline.
    searched: usize,
    /// Inside a line that was cut.
    skipping: bool,
    /// All bytes read so far.
    pub read: u64,
}

impl<R: Read> Blocks<R> {
    pub fn new(stream: R, limits: Limits) -> Self {
        let max = limits.line.max(1);
        Self {
            stream,
            buffer: vec![0; limits.block.clamp(1, max)],
            max,
            filled: 0,
            taken: 0,
            searched: 0,
            skipping: false,
            read: 0,
        }
    }

    /// The bytes of a block: valid until the next call of [`next`](Self::next).
    pub fn bytes(&self, block: &Block) -> &[u8] {
        self.buffer.get(block.bytes.clone()).unwrap_or_default()
    }

    /// The next block: whole lines, each with its newline (the stream's last line may lack it).
    pub fn next(&mut self) -> io::Result<Option<Block>> {
        loop {
            self.drop_taken();
            let fresh = self.buffer.get(self.searched..self.filled).unwrap_or_default();
            if self.skipping {
                match memchr(b'\n', fresh) {
                    Some(at) => {
                        self.skipping = false;
                        self.taken = self.searched + at + 1;
                        continue;
                    }
                    None => self.filled = 0,
                }
            } else if let Some(at) = memrchr(b'\n', fresh) {
                return Ok(self.take(self.searched + at + 1, false));
            }
            if self.filled >= self.max {
                self.skipping = true;
                return Ok(self.take(self.filled, true));
            }
            self.searched = self.filled;
            if self.fill()? == 0 {
                return Ok(if self.filled == 0 {
                    None
                } else {
                    self.take(self.filled, false)
                });
            }
        }
    }

    fn take(&mut self, end: usize, is_cut: bool) -> Option<Block> {
        self.taken = end;
        Some(Block {
            bytes: 0..end,
            is_cut,
        })
    }

    fn drop_taken(&mut self) {
        if self.taken > 0 {
            self.buffer.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.searched = 0;
            self.taken = 0;
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        if self.filled == self.buffer.len() {
            let double = (self.buffer.len() * 2).min(self.max);
            self.buffer.resize(double, 0);
        }
        loop {
            match self
                .stream
                .read(self.buffer.get_mut(self.filled..).unwrap_or_default())
            {
                Ok(read) => {
                    self.filled += read;
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
        let mut blocks = Blocks::new(text.as_bytes(), Limits { block, line });
        let mut all = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            let text = String::from_utf8(blocks.bytes(&block).to_vec()).unwrap();
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
            ("the-last", true),
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
