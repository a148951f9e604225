//! Marks: short pieces of text of which every line has one that a redaction would change, found at the speed of memory.
//!
//! A mark alone is common (`key`, `?`); what stands beside it tells most of them from secrets without parsing the line. The
//! law, which a test holds: a line in which nothing is found is a line in which nothing is replaced. A line may be JSON, and
//! JSON within JSON: a backslash beside a mark can be anything.
use super::fields::is_header_name;
use aho_corasick::{AhoCorasick, Span, packed};
use memchr::memchr3_iter;
use std::sync::LazyLock;

/// The forms that a mark stands for, a bit each in the order of `FORMS`.
pub type Wanted = u32;

pub const PRIVATE_KEY: Wanted = 1;
pub const PACKED_KEY: Wanted = 1 << 1;
pub const JWT: Wanted = 1 << 2;
pub const TOKEN: Wanted = 1 << 3;
pub const API_KEY: Wanted = 1 << 4;
pub const URL_PASSWORD: Wanted = 1 << 5;
pub const AUTHORIZATION: Wanted = 1 << 6;
pub const SCHEME: Wanted = 1 << 7;
pub const COOKIE: Wanted = 1 << 8;
pub const SECRET: Wanted = 1 << 9;
pub const PERSON: Wanted = 1 << 10;
pub const QUERY: Wanted = 1 << 11;
/// What who replaces looks for besides, and marks himself.
pub const OTHERS: Wanted = 1 << 29;
/// A field's name may tell: what stands in it can have any form.
pub const NAME: Wanted = 1 << 30;
/// An escape that may hide other marks.
pub const ESCAPE: Wanted = 1 << 31;

/// Where a mark was found, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub at: usize,
    pub wanted: Wanted,
}

/// A mark in lower case, and what it means by what stands before and behind it, in lower case too.
type Mark = (&'static str, fn(&[u8], &[u8]) -> Wanted);

/// Marks of three letters. None begins with another, nor with one of the others.
const SHORT: [Mark; 7] = [
    ("eyj", |before, after| {
        only(JWT, begins_word(before) && goes_on(after, 6, is_word))
    }),
    // The same as some programs write it in JSON: `1\/\/0`.
    ("\\/0", |before, after| {
        only(TOKEN, before.ends_with(b"/") || before.ends_with(b"/\\"))
            & only(TOKEN, goes_on(after, 16, is_word))
    }),
    ("xox", |_, after| only(API_KEY, after.get(1) == Some(&b'-'))),
    ("sg.", |_, after| {
        only(API_KEY, goes_on(after, 16, |b| is_word(b) || is_unknown(b)))
    }),
    ("pwd", |_, after| name(SECRET, after)),
    ("key", |before, after| {
        only(name(SECRET, after), is_of_key(before))
    }),
    ("sid", |before, after| {
        only(name(NAME, after), begins_word(before))
    }),
];

/// Longer ones: 32, as more are searched for at half the speed, and one of three letters among them costs as much again. Their
/// order tells which of them (every eighth) share a bucket of the search: this one, found by trying on logs, is 1.7 times as fast
/// as that of the forms.
const LONG: [Mark; 32] = [
    ("private key", |_, _| PRIVATE_KEY),
    ("ls0tls1crudjti", |_, _| PACKED_KEY),
    ("ghu_", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("ghs_", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("gocspx-", |_, _| TOKEN),
    ("sess", session),
    ("akia", |_, after| only(API_KEY, goes_on(after, 16, is_word))),
    ("glpat-", |_, _| API_KEY),
    ("ghp_", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("credential", |_, after| name(SECRET, behind(after, &["s"]))),
    ("1//0", |_, after| only(TOKEN, goes_on(after, 16, is_word))),
    ("\"env", |_, after| {
        only(NAME, matches!(after.first(), Some(b'"' | b'\\')))
    }),
    ("k_live_", |_, _| API_KEY),
    ("aiza", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("asia", |_, after| only(API_KEY, goes_on(after, 16, is_word))),
    ("ghr_", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("k_test_", |_, _| API_KEY),
    ("trailers", headers),
    ("\\u00", escape),
    ("basic", scheme),
    ("ya29.", |_, _| TOKEN),
    ("pass", |_, after| {
        name(SECRET, behind(after, &["wd", "word", "phrase", "code"]))
    }),
    ("secret", |_, after| name(SECRET, after)),
    ("bearer", scheme),
    ("token", |_, after| name(SECRET, after)),
    ("last-applied", |_, _| NAME),
    ("query", |_, after| {
        let rest = behind(after, &["_", "-"]);
        name(NAME, behind(rest, &["string", "params"]))
    }),
    ("authorization", |_, after| name(AUTHORIZATION, after)),
    ("headers", headers),
    ("gho_", |_, after| only(API_KEY, goes_on(after, 20, is_word))),
    ("cookie", |_, after| {
        name(COOKIE, after.strip_prefix(b"2").unwrap_or(after))
    }),
    ("github_pat_", |_, _| API_KEY),
];

/// Search for all marks of a list at once.
static SEARCHES: LazyLock<[(Search, &[Mark]); 2]> =
    LazyLock::new(|| [(Search::new(&SHORT), &SHORT[..]), (Search::new(&LONG), &LONG[..])]);

enum Search {
    Vector(packed::Searcher),
    /// Where the machine has no vector instructions for it.
    Automaton(Option<Box<AhoCorasick>>),
}

impl Search {
    fn new(marks: &[Mark]) -> Self {
        let texts = || marks.iter().map(|(text, _)| text);
        match packed::Config::new().builder().extend(texts()).build() {
            Some(searcher) => Self::Vector(searcher),
            None => Self::Automaton(AhoCorasick::new(texts()).ok().map(Box::new)),
        }
    }

    /// The next mark from `at` on: where it begins, and its place in the list.
    fn next(&self, text: &[u8], at: usize) -> Option<(usize, usize)> {
        let found = match self {
            Self::Vector(searcher) => searcher.find_in(text, Span::from(at..text.len())),
            Self::Automaton(automaton) => {
                let input = aho_corasick::Input::new(text).range(at..);
                automaton.as_ref()?.find(input)
            }
        }?;
        Some((found.start(), found.pattern().as_usize()))
    }
}

/// Finds every mark of a text that may matter, in order; `lower` is room for the text in lower case.
pub fn find(text: &[u8], lower: &mut Vec<u8>, hits: &mut Vec<Hit>) {
    lower.clear();
    lower.extend_from_slice(text);
    lower.make_ascii_lowercase();
    hits.clear();
    let mut keep = |at: usize, length: usize, judge: fn(&[u8], &[u8]) -> Wanted| {
        let (before, rest) = lower.split_at_checked(at).unwrap_or_default();
        let wanted = judge(before, rest.get(length..).unwrap_or_default());
        if wanted != 0 {
            hits.push(Hit { at, wanted });
        }
    };
    for (search, marks) in &*SEARCHES {
        let mut at = 0;
        while let Some((start, index)) = search.next(lower, at) {
            if let Some((text, judge)) = marks.get(index) {
                keep(start, text.len(), *judge);
            }
            at = start + 1;
        }
    }
    for at in memchr3_iter(b'?', b'@', b'%', lower) {
        match lower.get(at..).unwrap_or_default() {
            [b'?', ..] => keep(at, 1, query),
            [b'@', ..] => keep(at, 1, address),
            [_, b'3', b'f', ..] => keep(at, 3, query),
            [_, b'4', b'0', ..] => keep(at, 3, address),
            _ => {}
        }
    }
    hits.sort_by_key(|hit| hit.at);
}

fn only(wanted: Wanted, whether: bool) -> Wanted {
    if whether { wanted } else { 0 }
}

/// Letters, digits, `_` and `-`.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// What may stand for any character: an escape, or a part of one beyond ASCII.
fn is_unknown(byte: u8) -> bool {
    byte == b'\\' || !byte.is_ascii()
}

/// Whether so many of these follow.
fn goes_on(after: &[u8], count: usize, is: fn(u8) -> bool) -> bool {
    after
        .get(..count)
        .is_some_and(|next| next.iter().all(|byte| is(*byte)))
}

/// What follows behind one of these, if it is there.
fn behind<'t>(after: &'t [u8], words: &[&str]) -> &'t [u8] {
    let rest = words.iter().find_map(|word| after.strip_prefix(word.as_bytes()));
    rest.unwrap_or(after)
}

/// Whether no word goes on here. A letter behind a backslash is an escape.
fn begins_word(before: &[u8]) -> bool {
    match before {
        [.., b'\\', _] | [] => true,
        [.., last] => !last.is_ascii_alphanumeric() && *last != b'_',
    }
}

/// A name, or a word before a value, ends here: nothing but separators stands between it and a sign of either.
fn name(wanted: Wanted, after: &[u8]) -> Wanted {
    let next = after.iter().take(NEAR).find(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'"' | b'\'' | b':' | b'=' | b'%')
            || is_unknown(**byte)
    });
    only(
        wanted | NAME,
        next.is_none_or(|byte| !byte.is_ascii_alphanumeric()),
    )
}

/// A scheme with a value behind it.
fn scheme(_: &[u8], after: &[u8]) -> Wanted {
    let parts = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, 0x0b | b'%' | b'+' | b':') || is_unknown(*byte)
    };
    only(SCHEME, after.first().is_some_and(parts))
}

/// As far as is looked for what stands beside a mark; what is farther away may be anything.
const NEAR: usize = 256;

/// What makes `key` a secret one.
const KEYS: [&str; 10] = [
    "api",
    "access",
    "private",
    "client",
    "secret",
    "account",
    "signing",
    "encryption",
    "shared",
    "master",
];

fn is_of_key(before: &[u8]) -> bool {
    let near = before
        .get(before.len().saturating_sub(NEAR)..)
        .unwrap_or_default();
    let end = near.iter().rposition(u8::is_ascii_alphanumeric);
    let Some(end) = end else { return near.len() == NEAR };
    let word = near.get(..=end).unwrap_or_default();
    let is_escape = matches!(word, [.., b'\\', _]);
    is_escape || KEYS.iter().any(|kind| word.ends_with(kind.as_bytes()))
}

/// `session`, `sess_id`, `sessionTicketKeys` and their spellings.
fn session(_: &[u8], after: &[u8]) -> Wanted {
    let rest = behind(after, &["ion"]);
    let end = rest.iter().take(NEAR).position(u8::is_ascii_alphanumeric);
    let word = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    if word.starts_with(b"ticket") {
        return NAME;
    }
    let of_id = word.strip_prefix(b"id").map_or(0, |after| name(SECRET, after));
    of_id | name(SECRET, rest)
}

/// Of a name that means a list of headers.
fn headers(before: &[u8], after: &[u8]) -> Wanted {
    let ends = |byte: &u8| matches!(byte, b'"' | b'\\');
    let start = before.iter().rev().take(NEAR).position(ends).unwrap_or(0);
    let end = after.iter().take(NEAR).position(ends).unwrap_or(0);
    let before = before.get(before.len() - start..).unwrap_or_default();
    let word = [before, b"headers", after.get(..end).unwrap_or_default()];
    let is = |word: [&[u8]; 3]| is_header_name(&String::from_utf8_lossy(&word.concat()));
    let trailers = [word[0], b"trailers", word[2]];
    only(NAME, is(word) || is(trailers))
}

/// Something is asked for.
fn query(_: &[u8], after: &[u8]) -> Wanted {
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, 0x0b | b'"' | b'\'' | b'<' | b'>' | b'#' | b')' | b'`')
    };
    only(QUERY, after.first().is_some_and(|byte| !ends(byte)))
}

/// Somebody's address, or what stands before a host in a URL.
fn address(before: &[u8], after: &[u8]) -> Wanted {
    let ends = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0x0b | b'"' | b'\'' | b'<' | b'>');
    let near = before
        .get(before.len().saturating_sub(NEAR)..)
        .unwrap_or_default();
    let start = near.iter().rposition(ends);
    let url = near.get(start.map_or(0, |at| at + 1)..).unwrap_or_default();
    let has = |piece: &[u8]| memchr::memmem::find(url, piece).is_some();
    let in_url = start.is_none() && near.len() == NEAR || has(b"//") || has(b"\\/") || has(b"%2f%2f");
    let is_host = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    let end = after
        .iter()
        .position(|byte| !is_host(byte))
        .unwrap_or(after.len());
    let mut host = after.get(..end).unwrap_or_default();
    while let Some(shorter) = host.strip_suffix(b".") {
        host = shorter;
    }
    // Google's own accounts are no people.
    let is_person = !host.is_empty() && !host.ends_with(b"gserviceaccount.com");
    only(PERSON, is_person) | only(URL_PASSWORD, in_url)
}

/// Escapes of control characters, `&`, `'`, `<`, `=` and `>`, which programs write so, hide no mark.
fn escape(_: &[u8], after: &[u8]) -> Wanted {
    let plain = matches!(
        after,
        [b'0' | b'1', ..] | [b'2', b'6' | b'7', ..] | [b'3', b'c'..=b'e', ..]
    );
    // Nor do those beyond ASCII.
    let beyond = matches!(after, [b'8'..=b'9' | b'a'..=b'f', ..]);
    only(NAME | ESCAPE, !plain && !beyond)
}
