//! Words found in a text as regular expressions find them, one match behind the other: the tests hold these beside each.
//! They are looked for in every string, and no engine does it as fast.
//!
//! An escape such as `%2F` is passed over as a whole, so that its digits are not taken for a word's beginning: servers encode
//! the messages that Envoy logs.
use memchr::{memchr, memmem};
use std::ops::Range;

/// Replaces every word that `new` has a name for.
pub fn replace(
    words: impl Iterator<Item = Range<usize>>,
    text: &str,
    new: &mut dyn FnMut(&str) -> Option<String>,
) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    for at in words {
        let Some(name) = text.get(at.clone()).and_then(&mut *new) else {
            continue;
        };
        if copied == 0 {
            out.reserve(text.len() + 64);
        }
        out.push_str(text.get(copied..at.start).unwrap_or_default());
        out.push_str(&name);
        copied = at.end;
    }
    if copied == 0 {
        return None;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Some(out)
}

/// Ids and numbers: `[a-z0-9](?:[a-z0-9-]*[a-z0-9])?`.
pub fn ids(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        at = begin(bytes, at, is_id)?;
        let run = run(bytes, at, |byte| is_id(byte) || byte == b'-');
        let id = at..at + trimmed(bytes.get(at..at + run)?);
        at = id.end;
        Some(id)
    })
}

/// What stands in a project's place: `\bprojects/[a-z0-9][a-z0-9.:-]*[a-z0-9]`, of which this is what follows the `/`.
pub fn placed(text: &str) -> impl Iterator<Item = Range<usize>> {
    const PLACE: &str = "projects/";
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + memmem::find(bytes.get(at..)?, PLACE.as_bytes())?;
            at = start + PLACE.len();
            let run = run(bytes, at, |byte| {
                is_id(byte) || matches!(byte, b'.' | b':' | b'-')
            });
            let name = at..at + trimmed(bytes.get(at..at + run)?);
            let is_word = text.get(..start).and_then(|before| before.chars().next_back());
            if name.len() >= 2 && is_id(*bytes.get(at)?) && !is_word.is_some_and(of_word) {
                at = name.end;
                return Some(name);
            }
        }
    })
}

/// Words with dots in them: `[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+`.
pub fn dotted(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let dot = at + memchr(b'.', bytes.get(at..)?)?;
            let label = bytes
                .get(at..dot)?
                .iter()
                .rev()
                .take_while(|byte| is_label(**byte));
            let start = behind_escape(bytes, dot - label.count(), dot);
            let end = host_end(bytes, dot);
            at = dot + 1;
            if start < dot && end > dot {
                at = end;
                return Some(start..end);
            }
        }
    })
}

/// Hosts of URLs: `://[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+`, of which this is what follows the slashes.
pub fn url_hosts(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + memmem::find(bytes.get(at..)?, b"://")? + 3;
            let dot = start + run(bytes, start, is_label);
            let end = host_end(bytes, dot);
            at = end.max(start);
            if dot > start && end > dot {
                return Some(start..end);
            }
        }
    })
}

/// Where the labels end that follow one another from this dot on; the dot itself where none follows.
pub fn host_end(bytes: &[u8], mut dot: usize) -> usize {
    while bytes.get(dot) == Some(&b'.') {
        match run(bytes, dot + 1, is_label) {
            0 => break,
            label => dot += 1 + label,
        }
    }
    dot
}

/// What may be an IPv4 address or, with `/[0-9]{1,2}\b` behind it, a range of them, of all `[A-Za-z0-9]+(?:\.[A-Za-z0-9]+)*`:
/// words, not what is within one, since `v1.2.3.4` is no address.
pub fn v4(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = begin(bytes, at, |byte| byte.is_ascii_alphanumeric())?;
            let mut dots = 0;
            at = start + run(bytes, start, |byte| byte.is_ascii_alphanumeric());
            while bytes.get(at) == Some(&b'.') {
                match run(bytes, at + 1, |byte| byte.is_ascii_alphanumeric()) {
                    0 => break,
                    part => at += 1 + part,
                }
                dots += 1;
            }
            if dots != 3 {
                continue;
            }
            at += length(text, at).unwrap_or(0);
            if bytes.get(start)?.is_ascii_digit() {
                return Some(start..at);
            }
        }
    })
}

/// A range's length behind an address: `/[0-9]{1,2}\b`.
fn length(text: &str, at: usize) -> Option<usize> {
    let digits = text.get(at..)?.strip_prefix('/')?;
    let count = run(digits.as_bytes(), 0, |byte| byte.is_ascii_digit());
    let next = digits.get(count..)?.chars().next();
    ((1..=2).contains(&count) && !next.is_some_and(of_word)).then_some(1 + count)
}

/// What may be an IPv6 address: `[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:/[0-9]{1,3})?`.
pub fn v6(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let colon = at + memchr(b':', bytes.get(at..)?)?;
            let hex = bytes
                .get(at..colon)?
                .iter()
                .rev()
                .take_while(|byte| byte.is_ascii_hexdigit());
            let start = behind_escape(bytes, colon - hex.count(), colon).max(colon.saturating_sub(4));
            let (mut groups, mut end) = (0, colon);
            while groups < 7 && bytes.get(end) == Some(&b':') {
                end += 1;
                end += run(bytes, end, |byte| byte.is_ascii_hexdigit()).min(4);
                groups += 1;
            }
            at = colon + 1;
            if groups < 2 {
                continue;
            }
            if bytes.get(end) == Some(&b'/') {
                let digits = run(bytes, end + 1, |byte| byte.is_ascii_digit());
                end += if digits > 0 { 1 + digits.min(3) } else { 0 };
            }
            at = end;
            return Some(start..end);
        }
    })
}

/// The next of these bytes from here on that is no part of an escape.
fn begin(bytes: &[u8], mut at: usize, is: fn(u8) -> bool) -> Option<usize> {
    loop {
        let byte = *bytes.get(at)?;
        if is(byte) {
            return Some(at);
        }
        at += if byte == b'%' && is_escape(bytes, at) {
            3
        } else {
            1
        };
    }
}

/// A word's beginning without the digits of an escape before it.
fn behind_escape(bytes: &[u8], start: usize, end: usize) -> usize {
    let escape = start.checked_sub(1).filter(|at| is_escape(bytes, *at));
    escape.map_or(start, |at| (at + 3).min(end))
}

fn is_escape(bytes: &[u8], at: usize) -> bool {
    match bytes.get(at..at + 3) {
        Some([b'%', one, other]) => one.is_ascii_hexdigit() && other.is_ascii_hexdigit(),
        _ => false,
    }
}

/// How many of these follow from here on.
fn run(bytes: &[u8], at: usize, is: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    rest.iter().position(|byte| !is(*byte)).unwrap_or(rest.len())
}

/// How long a name is without the dashes, dots and colons behind it.
fn trimmed(name: &[u8]) -> usize {
    name.iter()
        .rposition(|byte| is_id(*byte))
        .map_or(0, |last| last + 1)
}

fn is_id(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

/// Of a host's label.
pub fn is_label(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What a regular expression takes for a part of a word.
fn of_word(c: char) -> bool {
    regex_syntax::try_is_word_character(c).unwrap_or(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;

    const ESCAPE: &str = "%[0-9A-Fa-f]{2}|";

    /// The parts of a text that a pattern's group, or all of it, finds; without the escapes.
    fn found(pattern: &str, group: usize, text: &str) -> Vec<Range<usize>> {
        let pattern = Regex::new(pattern).unwrap();
        let all = pattern
            .captures_iter(text)
            .map(|found| found.get(group).unwrap().range());
        all.filter(|at| !text[at.clone()].starts_with('%')).collect()
    }

    fn address(text: &str, at: &Range<usize>) -> bool {
        let word = &text[at.clone()];
        let address = word.split_once('/').map_or(word, |(address, _)| address);
        address.parse::<std::net::IpAddr>().is_ok()
    }

    const PIECES: [&str; 40] = [
        "projects/",
        "projects",
        "/",
        "a",
        "web-1",
        "z",
        "-",
        ".",
        ":",
        "::",
        "_",
        "%",
        "%2F",
        "%2f",
        "%3A",
        "%fa",
        "é",
        " ",
        "10.8.0.5",
        "10.",
        "1.2.3",
        ".4",
        "/24",
        "/8",
        "/128",
        "v",
        "F",
        "fd00",
        "fe80::1",
        "12",
        "0",
        "com",
        "a.b.com",
        "://",
        "//",
        "example.com:p-1",
        "\u{a0}",
        "G",
        "1:2:3:4:5:6:7",
        "\"",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3_000))]
        #[test]
        fn words_are_found_as_the_patterns_find_them(
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..12),
        ) {
            let text = pieces.concat();
            let text = text.as_str();
            let same = |name: &str, ours: Vec<Range<usize>>, theirs: Vec<Range<usize>>| {
                assert_eq!(ours, theirs, "{name}: {text}");
            };
            let ids_of = format!("{ESCAPE}[a-z0-9](?:[a-z0-9-]*[a-z0-9])?");
            same("ids", ids(text).collect(), found(&ids_of, 0, text));
            let place = r"\bprojects/([a-z0-9][a-z0-9.:-]*[a-z0-9])";
            same("placed", placed(text).collect(), found(place, 1, text));
            let words = format!(r"{ESCAPE}[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+");
            same("dotted", dotted(text).collect(), found(&words, 0, text));
            let url = r"://([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+)";
            same("url", url_hosts(text).collect(), found(url, 1, text));
            let addresses = |pattern: &str| {
                let all = found(pattern, 0, text).into_iter();
                all.filter(|at| address(text, at)).collect::<Vec<_>>()
            };
            let part = r"\.[A-Za-z0-9]+";
            let four = format!(r"{ESCAPE}[A-Za-z0-9]+(?:(?:{part}){{4,}}|(?:{part}){{3}}(?:/[0-9]{{1,2}}\b)?|(?:{part}){{0,2}})");
            same("v4", v4(text).filter(|at| address(text, at)).collect(), addresses(&four));
            let six = format!(r"{ESCAPE}[0-9A-Fa-f]{{0,4}}(?::[0-9A-Fa-f]{{0,4}}){{2,7}}(?:/[0-9]{{1,3}})?");
            same("v6", v6(text).collect(), found(&six, 0, text));
        }
    }
}
