//! One log line after the other, from block to block: what a line is, and what it leaves behind for the next.
use super::Redactor;
use crate::redact::{Change, Fields, Hit, PRIVATE_KEY, Place, Replace, changes_marked, put_changes, rewrite};
use std::borrow::Cow;

/// Lines of a key that was logged line by line.
const MAX_KEY_LINES: u32 = 200;

/// What one line leaves behind for the next.
pub struct Log {
    /// Within a key of which each line is an entry: how many more lines it may have.
    pub key_lines: u32,
}

/// A line without its secrets.
pub enum New<'l> {
    Whole(String),
    /// As it was but for these changes.
    Changed(&'l str, Vec<Change>),
}

impl New<'_> {
    pub fn put(&self, out: &mut Vec<u8>) {
        match self {
            Self::Whole(text) => out.extend_from_slice(text.as_bytes()),
            Self::Changed(line, changes) => put_changes(out, line, changes),
        }
    }
}

impl Log {
    /// A line without its secrets, if it has any. Its marks are not told where there is more to replace than has marks.
    pub fn line<'l>(
        &mut self,
        line: &'l [u8],
        marks: Option<&[Hit]>,
        redactor: &mut Redactor,
    ) -> Option<New<'l>> {
        let of_key = |hits: &[Hit]| hits.iter().any(|hit| hit.wanted & PRIVATE_KEY != 0);
        let in_key = self.key_lines > 0 || marks.is_none_or(of_key);
        if !in_key && marks.is_some_and(<[Hit]>::is_empty) {
            return None;
        }
        // Most are valid, which is told faster than what is to be replaced.
        let text = str::from_utf8(line).map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
        let marks = marks.filter(|_| matches!(text, Cow::Borrowed(_)));
        if !in_key
            && let (Cow::Borrowed(text), Some(hits)) = (&text, marks)
            && let Some(changes) = changes_marked(text, hits, redactor)
        {
            return (!changes.is_empty()).then_some(New::Changed(text, changes));
        }
        let whole = if in_key {
            self.within_key(&text, redactor)
        } else {
            None
        };
        let new = match &whole {
            Some(text) => redact(text, None, redactor).or(whole),
            None => redact(&text, marks, redactor),
        };
        // The encoding stays as it was where nothing changed.
        new.filter(|new| *new != text).map(New::Whole)
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

fn redact(text: &str, marks: Option<&[Hit]>, redactor: &mut Redactor) -> Option<String> {
    if text.trim_start().starts_with('{') {
        let mut fields = match marks {
            Some(hits) => Fields::marked(redactor, hits),
            None => Fields::new(redactor, Place::Log),
        };
        match rewrite(text, &mut fields) {
            Ok(Cow::Owned(new)) => return Some(new),
            Ok(Cow::Borrowed(_)) => return None,
            // Cut off or no JSON at all: a text like any other.
            Err(_) => {}
        }
    }
    // A line's end is not part of what is looked at.
    let body = text.trim_end_matches(['\n', '\r']);
    let new = match marks {
        Some(hits) => redactor.marked(body, true, hits.iter().fold(0, |all, hit| all | hit.wanted)),
        None => redactor.plain(body),
    };
    new.map(|new| new + text.get(body.len()..).unwrap_or_default())
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
