//! Values of a text replaced in place, but for those that an earlier replacement left nothing of.
use super::tokens::{OPEN, Tokens};
use memchr::{Memchr, memchr, memchr_iter};
use std::iter::Peekable;
use std::ops::Range;

/// The text with the values at these places replaced; `spares` is asked with what stands before one, and with it. `None` where none is.
pub fn replace(
    values: impl Iterator<Item = Range<usize>>,
    kind: &str,
    spares: impl Fn(&str, &str) -> bool,
    text: &str,
    tokens: &mut Tokens,
) -> Option<String> {
    const QUOTES: [char; 3] = ['"', '\'', '\\'];
    let mut new = String::new();
    let mut copied = 0;
    let mut tokens_before = TokensBefore::of(text);
    for at in values {
        let secret = text.get(at.clone()).unwrap_or_default();
        if secret.is_empty() || tokens_before.hold(at.start) || is_done(secret) {
            continue;
        }
        if spares(text.get(..at.start).unwrap_or_default(), secret) {
            continue;
        }
        if copied == 0 {
            new.reserve(text.len() + 64);
        }
        new.push_str(text.get(copied..at.start).unwrap_or_default());
        // Quotes stay where they are, so that what is quoted by them still ends where it did.
        let opened = secret.trim_start_matches(QUOTES);
        let bare = opened.trim_end_matches(QUOTES);
        let (before, after) = match bare {
            "" => ("", secret),
            _ => (
                secret.get(..secret.len() - opened.len()).unwrap_or_default(),
                opened.get(bare.len()..).unwrap_or_default(),
            ),
        };
        new.push_str(before);
        new.push_str(&tokens.replace(kind, bare));
        new.push_str(after);
        copied = at.end;
    }
    if copied == 0 {
        return None;
    }
    new.push_str(text.get(copied..).unwrap_or_default());
    Some(new)
}

/// Tells of one place after the other whether it lies within a replacement, whose kind may read like a field's name.
struct TokensBefore<'t> {
    text: &'t [u8],
    begins: Peekable<Memchr<'t>>,
    /// Up to where the last one before the place goes.
    end: usize,
}

impl<'t> TokensBefore<'t> {
    fn of(text: &'t str) -> Self {
        Self {
            text: text.as_bytes(),
            begins: memchr_iter(b'<', text.as_bytes()).peekable(),
            end: 0,
        }
    }

    fn hold(&mut self, at: usize) -> bool {
        while let Some(begin) = self.begins.next_if(|begin| begin + OPEN.len() <= at) {
            let rest = self.text.get(begin..).unwrap_or_default();
            if rest.starts_with(OPEN.as_bytes()) {
                self.end = memchr(b'>', rest).map_or(self.text.len() + 1, |end| begin + end);
            }
        }
        at <= self.end && self.end > 0
    }
}

/// Whether nothing is left in a value but what an earlier form put there, and the scheme before it.
fn is_done(value: &str) -> bool {
    if memchr(b'<', value.as_bytes()).is_none() || !value.contains(OPEN) {
        return false;
    }
    let mut rest = String::new();
    for (index, piece) in value.split(OPEN).enumerate() {
        let after = if index == 0 {
            piece
        } else {
            piece.split_once('>').map_or("", |(_, after)| after)
        };
        rest.push_str(after);
    }
    let rest = rest
        .trim_matches(|c: char| !c.is_alphanumeric())
        .to_ascii_lowercase();
    matches!(rest.as_str(), "" | "bearer" | "basic" | "token")
}
