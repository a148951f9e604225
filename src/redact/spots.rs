//! A log entry of which only a few texts have marks: they are found around their marks, without going through all others.
//!
//! Where it is not certain what stands around a mark, nothing is done here, and the entry is gone through as any other: a
//! field's name, a list's element, JSON in a text, a telling name.
use super::fields::{self, Replace};
use super::marks::{ESCAPE, Hit, NAME, PACKED_KEY, PRIVATE_KEY};
use super::{tokens, walk};
use memchr::{memchr, memchr2_iter, memrchr};
use std::borrow::Cow;
use std::ops::Range;

/// What was found of one text.
struct Spot<'t> {
    /// With its quotes.
    at: Range<usize>,
    key: &'t str,
    text: Cow<'t, str>,
}

/// What stands in the place of a marked text: where, with its quotes, and the new text.
pub type Change = (Range<usize>, String);

/// What changes in an entry, in order; `None` where that cannot be told from the marks.
pub fn changes(entry: &str, hits: &[Hit], redactor: &mut dyn Replace) -> Option<Vec<Change>> {
    const OTHER_WAY: u32 = NAME | ESCAPE | PRIVATE_KEY | PACKED_KEY;
    let is_whole = entry.starts_with('{') && entry.trim_end().ends_with('}');
    if !is_whole || !redactor.is_on() || hits.iter().any(|hit| hit.wanted & OTHER_WAY != 0) {
        return None;
    }
    // All are found before any is counted as replaced.
    let mut spots = Vec::with_capacity(hits.len());
    let mut left = hits;
    while let Some(hit) = left.first() {
        let spot = spot(entry, hit.at)?;
        let count = left.iter().take_while(|hit| hit.at < spot.at.end).count();
        let (here, rest) = left.split_at_checked(count)?;
        spots.push((spot, here.iter().fold(0, |all, hit| all | hit.wanted)));
        left = rest;
    }
    let changed = spots.into_iter().filter_map(|(spot, wanted)| {
        let with_query = !fields::is_of_pattern(spot.key);
        let text = redactor.marked(&spot.text, with_query, wanted)?;
        Some((spot.at, text))
    });
    Some(changed.collect())
}

/// The entry, changed, behind what is there already.
pub fn put(out: &mut Vec<u8>, entry: &str, changes: &[Change]) {
    let mut copied = 0;
    for (at, text) in changes {
        out.extend_from_slice(entry.get(copied..at.start).unwrap_or_default().as_bytes());
        walk::put_text(out, text);
        copied = at.end;
    }
    out.extend_from_slice(entry.get(copied..).unwrap_or_default().as_bytes());
}

/// The value of a field that this place lies in.
fn spot(entry: &str, mark: usize) -> Option<Spot<'_>> {
    let bytes = entry.as_bytes();
    let start = quote_before(bytes, mark)?;
    let (end, has_escapes) = closing(bytes, start)?;
    let after = bytes.get(end..)?.iter().find(|byte| !is_blank(**byte))?;
    if end <= mark || !matches!(after, b',' | b'}') {
        return None;
    }
    let colon = last_of(bytes, start).filter(|at| bytes.get(*at) == Some(&b':'))?;
    let key_end = last_of(bytes, colon).filter(|at| bytes.get(*at) == Some(&b'"'))?;
    let key_start = quote_before(bytes, key_end)?;
    let key = entry.get(key_start + 1..key_end)?;
    let raw = entry.get(start + 1..end - 1)?;
    let text = match has_escapes {
        true => Cow::Owned(match plainly(raw) {
            Some(text) => text,
            None => serde_json::from_str(entry.get(start..end)?).ok()?,
        }),
        false => Cow::Borrowed(raw),
    };
    let is_plain =
        !key.contains('\\') && !text.is_empty() && !tokens::is_replaced(&text) && !fields::is_json(&text);
    is_plain.then_some(Spot {
        at: start..end,
        key,
        text,
    })
}

/// The text that a string with the escapes of quotes and backslashes alone stands for: most have no others, and it takes a third
/// of the time.
fn plainly(raw: &str) -> Option<String> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(rest.get(..at)?);
        text.push(match rest.as_bytes().get(at + 1)? {
            b'"' => '"',
            b'\\' => '\\',
            _ => return None,
        });
        rest = rest.get(at + 2..)?;
    }
    // A control character must be escaped.
    text.push_str(rest);
    (!text.bytes().any(|byte| byte < b' ')).then_some(text)
}

/// The last quote before a place that is not part of a text.
fn quote_before(bytes: &[u8], mut end: usize) -> Option<usize> {
    loop {
        let before = bytes.get(..end)?;
        let at = memrchr(b'"', before)?;
        let escapes = before.get(..at)?.iter().rev().take_while(|byte| **byte == b'\\');
        if escapes.count().is_multiple_of(2) {
            return Some(at);
        }
        end = at;
    }
}

/// Behind the text that begins here, and whether it has escapes.
fn closing(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let rest = bytes.get(start + 1..)?;
    let mut escaped = None;
    for at in memchr2_iter(b'"', b'\\', rest) {
        if escaped == Some(at) {
            continue;
        }
        if rest.get(at) == Some(&b'"') {
            return Some((start + 1 + at + 1, escaped.is_some()));
        }
        escaped = Some(at + 1);
    }
    None
}

/// The last that is not blank before a place.
fn last_of(bytes: &[u8], end: usize) -> Option<usize> {
    bytes.get(..end)?.iter().rposition(|byte| !is_blank(*byte))
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::marks;
    use super::super::{Fields, Forms, Key, Tokens};
    use super::*;
    use crate::redact::Wanted;
    use proptest::prelude::*;

    struct All(Forms, Tokens);

    impl Replace for All {
        fn is_on(&self) -> bool {
            true
        }
        fn own(&mut self, _: &str) -> Option<String> {
            None
        }
        fn text(&mut self, text: &str, with_query: bool) -> Option<String> {
            let leave: &[&str] = if with_query {
                &[]
            } else {
                &[crate::redact::QUERIES]
            };
            self.0.redact(text, leave, &mut self.1)
        }
        fn marked(&mut self, text: &str, with_query: bool, wanted: Wanted) -> Option<String> {
            let leave: &[&str] = if with_query {
                &[]
            } else {
                &[crate::redact::QUERIES]
            };
            self.0.redact_wanted(text, leave, wanted, &mut self.1)
        }
        fn whole(&mut self, kind: &str, text: &str) -> String {
            self.1.replace(kind, text)
        }
        fn env(&mut self, text: &str) -> String {
            self.1.replace("env", text)
        }
    }

    fn rewrite(entry: &str, hits: &[Hit], all: &mut All) -> Option<Option<String>> {
        let changes = changes(entry, hits, all)?;
        let mut new = Vec::new();
        put(&mut new, entry, &changes);
        Some((!changes.is_empty()).then(|| String::from_utf8(new).unwrap()))
    }

    /// What the marks make of an entry, and what going through it makes of it.
    fn both(entry: &str) -> (Option<Option<String>>, Option<String>) {
        let mut all = All(Forms::new(Vec::new()), Tokens::new(Key::from_text("test")));
        let (mut lower, mut hits) = (Vec::new(), Vec::new());
        marks::find(entry.as_bytes(), &mut lower, &mut hits);
        let fast = rewrite(entry, &hits, &mut all);
        let slow = walk::rewrite(entry, &mut Fields::marked(&mut all, &hits)).unwrap();
        (fast, matches!(slow, Cow::Owned(_)).then(|| slow.into_owned()))
    }

    const TEXTS: [&str; 17] = [
        "[2026-11-24T03:43:15.127Z] \"GET /a?b=c HTTP/1.1\" 200",
        "GET /a?page=1 HTTP/1.1",
        "say \"GET /a?b=c\"\\",
        "\\",
        "\"",
        "",
        "ann@example.com",
        "{\"a\":\"/b?c=d\"}",
        " [1]",
        "ya29.abcdef",
        "https://u:p@h/?q#f",
        "é/x?y=ü\n",
        "password=hunter22",
        "\u{1}?",
        "/p?a=1,\"b\":\"/p?c=2\"",
        "<redacted:query:00000000>",
        "Bearer abcdefgh12345",
    ];
    const KEYS: [&str; 7] = [
        "a",
        "message",
        "safe_regex",
        "query",
        "b\\\"?",
        "x@y.com",
        "token",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn marks_tell_what_going_through_tells(
            fields in proptest::collection::vec(
                (proptest::sample::select(&KEYS[..]), proptest::sample::select(&TEXTS[..]), 0..4_u8),
                0..6,
            ),
        ) {
            let fields: Vec<String> = fields.iter().map(|(key, text, shape)| {
                let text = serde_json::to_string(text).unwrap();
                match shape {
                    0 => format!("\"{key}\":{text}"),
                    1 => format!("\"{key}\" : {{ \"k\": {text} }}"),
                    2 => format!("\"{key}\":[{text},{text}]"),
                    _ => format!("\"{key}\":{text},\"n\":1"),
                }
            }).collect();
            let entry = format!("{{{}}}\n", fields.join(","));
            let (fast, slow) = both(&entry);
            if let Some(fast) = fast {
                prop_assert_eq!(fast, slow, "{}", entry);
            }
        }
    }

    #[test]
    fn what_logs_are_full_of_is_told_from_its_marks() {
        for (text, changes) in [
            (
                r#"{"a":{"textPayload":"\"GET /a?b=c HTTP/1.1\" 200"},"n":1}"#,
                true,
            ),
            (r#"{"requestUrl":"https://h/p?q=1","b":"x@y.example.com"}"#, true),
            (r#"{"safe_regex":"/a?b"}"#, false),
            (r#"{"a":"what? no"}"#, false),
        ] {
            let (fast, slow) = both(text);
            let fast = fast.unwrap();
            assert_eq!(fast.is_some(), changes, "{text}");
            assert_eq!(fast, slow, "{text}");
        }
        for text in [
            r#"{"a":["/a?b=c"]}"#,
            r#"{"a?b":1}"#,
            r#"{"token":"abc"}"#,
            r#"{"a":"{\"b\":\"/c?d\"}"}"#,
            r#"{"a":"/b?c"#,
        ] {
            let (mut lower, mut hits) = (Vec::new(), Vec::new());
            marks::find(text.as_bytes(), &mut lower, &mut hits);
            let mut all = All(Forms::new(Vec::new()), Tokens::new(Key::from_text("test")));
            assert_eq!(rewrite(text, &hits, &mut all), None, "{text}");
        }
    }
}
