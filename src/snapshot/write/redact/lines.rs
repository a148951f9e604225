//! Logs of any size, line by line in constant memory.
use super::Redactor;
use crate::redact::{Fields, Place, Replace, rewrite};
use std::borrow::Cow;
use std::io::{self, BufRead, Read, Write};

/// One line, in bytes: as much as a diagnosis reads of one.
const MAX_LINE: u64 = 16 << 20;

/// Lines of a key that was logged line by line.
const MAX_KEY_LINES: u32 = 200;

/// Copies a log without its secrets, and tells how many lines were longer than can be looked at: their rest is left out.
///
/// # Errors
/// Where reading or writing fails.
pub fn lines(input: &mut impl BufRead, out: &mut dyn Write, redactor: &mut Redactor) -> io::Result<u64> {
    let mut buffer = Vec::new();
    let mut cut = 0;
    let mut log = Log::default();
    loop {
        buffer.clear();
        let read = Read::by_ref(input)
            .take(MAX_LINE)
            .read_until(b'\n', &mut buffer)?;
        if read == 0 {
            return Ok(cut);
        }
        if read as u64 == MAX_LINE && !buffer.ends_with(b"\n") && skip_line(input)? {
            cut += 1;
            buffer.push(b'\n');
        }
        match log.line(&buffer, redactor) {
            Some(new) => out.write_all(new.as_bytes())?,
            None => out.write_all(&buffer)?,
        }
    }
}

/// Reads on to the line's end; whether there was more of it.
fn skip_line(input: &mut dyn BufRead) -> io::Result<bool> {
    let mut more = false;
    loop {
        let block = input.fill_buf()?;
        if block.is_empty() {
            return Ok(more);
        }
        let (used, ended) = match memchr::memchr(b'\n', block) {
            Some(end) => (end + 1, true),
            None => (block.len(), false),
        };
        more |= used > 1 || !ended;
        input.consume(used);
        if ended {
            return Ok(true);
        }
    }
}

/// What one line leaves behind for the next.
#[derive(Default)]
struct Log {
    /// Within a key of which each line is an entry: how many more lines it may have.
    key_lines: u32,
}

impl Log {
    fn line(&mut self, line: &[u8], redactor: &mut Redactor) -> Option<String> {
        let quiet = redactor.names.is_none() && self.key_lines == 0;
        if quiet && !redactor.forms.may_matter(line) {
            return None;
        }
        let text = String::from_utf8_lossy(line);
        let new = self.text(&text, redactor);
        // The encoding stays as it was where nothing changed.
        new.filter(|new| *new != text)
    }

    fn text(&mut self, text: &str, redactor: &mut Redactor) -> Option<String> {
        let whole = self.within_key(text, redactor);
        let text: &str = whole.as_deref().unwrap_or(text);
        if text.trim_start().starts_with('{') {
            match rewrite(text, &mut Fields::new(redactor, Place::Log)) {
                Ok(Cow::Owned(new)) => return Some(new),
                Ok(Cow::Borrowed(_)) => return whole,
                // Cut off or no JSON at all: a text like any other.
                Err(_) => {}
            }
        }
        // A line's end is not part of what is looked at.
        let body = text.trim_end_matches(['\n', '\r']);
        let new = redactor.plain(body);
        new.map(|new| new + text.get(body.len()..).unwrap_or_default())
            .or(whole)
    }

    /// A private key may come line by line, from its beginning or, newest first, from its end.
    fn within_key(&mut self, text: &str, redactor: &mut Redactor) -> Option<String> {
        if !redactor.is_on() {
            return None;
        }
        let begins = text.contains("-----BEGIN ") && text.contains("PRIVATE KEY");
        let ends = text.contains("-----END ") && text.contains("PRIVATE KEY");
        if begins != ends {
            self.key_lines = if self.key_lines == 0 { MAX_KEY_LINES } else { 0 };
            return None;
        }
        self.key_lines = self.key_lines.checked_sub(1)?;
        let piece = longest_base64(text)?;
        let new = redactor.whole("private-key", piece);
        Some(text.replacen(piece, &new, 1))
    }
}

/// The payload of a line of a key: 20 characters of base64 and more that make up a whole text.
fn longest_base64(text: &str) -> Option<&str> {
    let payload = ["\"textPayload\":", "\"message\":", "\"msg\":"]
        .iter()
        .find_map(|field| Some(text.split_once(field)?.1.trim_start()))
        .map_or(text, |rest| rest.strip_prefix('"').unwrap_or(rest));
    let end = payload
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')))
        .unwrap_or(payload.len());
    let (piece, rest) = payload.split_at_checked(end)?;
    let ended = rest.is_empty() || rest.starts_with(['"', '\n', '\r', '\\']);
    (ended && piece.len() >= 4).then_some(piece)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Level, Redaction};
    use super::*;
    use crate::redact::Key;
    use crate::snapshot::Snapshot;

    fn redacted(log: &[u8]) -> (Vec<u8>, u64) {
        let redaction = Redaction {
            level: Level::Default,
            patterns: Vec::new(),
            key: Key::from_text("test"),
        };
        let mut redactor = Redactor::new(&redaction, &Snapshot::default()).unwrap();
        let mut out = Vec::new();
        let cut = lines(&mut &log[..], &mut out, &mut redactor).unwrap();
        (out, cut)
    }

    #[test]
    fn lines_without_secrets_stay_byte_for_byte() {
        let log = b"plain\r\n{\"a\" : 1}\n\xff\xfe token=\n{\"cut\": \"off\n\nlast";
        assert_eq!(redacted(log), (log.to_vec(), 0));
    }

    #[test]
    fn a_key_that_comes_line_by_line_goes_line_by_line_in_either_order() {
        let mut log = vec![
            "-----BEGIN PRIVATE KEY-----",
            "MIIEvQIBADANBg",
            "c2hvcnQ=",
            "-----END PRIVATE KEY-----",
        ];
        log.push("QUJDREVGRw==");
        for _ in 0..2 {
            let (out, _) = redacted(log.join("\n").as_bytes());
            let out = String::from_utf8(out).unwrap();
            assert!(
                !out.contains("MIIE") && !out.contains("c2hv") && out.contains("QUJDREVGRw=="),
                "{out}"
            );
            log.reverse();
        }
    }

    #[test]
    fn what_goes_on_for_ever_is_cut_and_counted() {
        let mut log = vec![b'x'; usize::try_from(MAX_LINE).unwrap() + 10];
        log.extend(b" password=hunter2\nnext\n");
        let (out, cut) = redacted(&log);
        assert_eq!(cut, 1);
        assert!(out.ends_with(b"x\nnext\n") && out.len() as u64 == MAX_LINE + 6);
    }
}
