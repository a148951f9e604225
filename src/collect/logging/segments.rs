//! Pages come newest first; a log file reads oldest first. Pages lie on disk until all are there, then are written in reverse.
use serde_json::value::RawValue;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Pages so far, in a file without a name.
#[derive(Debug, Default)]
pub struct Segments {
    file: Option<File>,
    /// Where each page begins, and its length.
    places: Vec<(u64, u64)>,
    end: u64,
}

impl Segments {
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// Adds a page; its entries become lines, the last one first.
    pub fn add(&mut self, entries: &[&RawValue]) -> io::Result<()> {
        let mut lines = Vec::new();
        for entry in entries.iter().rev() {
            line(entry.get(), &mut lines);
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile()?),
        };
        file.write_all(&lines)?;
        let length = lines.len() as u64;
        self.places.push((self.end, length));
        self.end += length;
        Ok(())
    }

    /// Writes the pages, the last one first.
    pub fn write(mut self, out: &mut impl Write) -> io::Result<()> {
        if let Some(file) = &mut self.file {
            for (at, length) in self.places.iter().rev() {
                file.seek(SeekFrom::Start(*at))?;
                io::copy(&mut file.take(*length), out)?;
            }
        }
        out.flush()
    }
}

/// An entry as one line: outside strings JSON may break lines, inside it never does.
fn line(entry: &str, lines: &mut Vec<u8>) {
    lines.extend(
        entry
            .bytes()
            .map(|b| if matches!(b, b'\n' | b'\r') { b' ' } else { b }),
    );
    lines.push(b'\n');
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_oldest_entry_of_the_last_page_comes_first() {
        let mut segments = Segments::default();
        for page in [
            r#"[{"n":4},{"n":
            3}]"#,
            r#"[]"#,
            r#"[{"n":2},{"n":1}]"#,
        ] {
            segments
                .add(&serde_json::from_str::<Vec<&RawValue>>(page).unwrap())
                .unwrap();
        }
        let mut out = Vec::new();
        segments.write(&mut out).unwrap();
        let numbers: Vec<u64> = String::from_utf8(out)
            .unwrap()
            .lines()
            .map(|line| {
                serde_json::from_str::<serde_json::Value>(line).unwrap()["n"]
                    .as_u64()
                    .unwrap()
            })
            .collect();
        assert_eq!(numbers, [1, 2, 3, 4]);
    }
}
