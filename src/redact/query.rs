//! Queries of addresses, found around their `?` as the regular expression of their form finds them, which a test holds: in
//! logs they are more than all other secrets together.
use super::tokens::OPEN;
use memchr::{memchr_iter, memchr2_iter, memmem};
use std::ops::Range;

/// Whether a text is one that [`values`] understands: ASCII, in which neither a replacement nor an encoded `?` stands.
pub fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut special = memchr2_iter(b'<', b'%', bytes).filter_map(|at| bytes.get(at..));
    bytes.is_ascii()
        && !special
            .any(|rest| rest.starts_with(OPEN.as_bytes()) || matches!(rest, [_, b'3', b'F' | b'f', ..]))
}

/// What stands behind each `?` of an address: of a URL, or of a path that stands by itself.
pub fn values(text: &str) -> impl Iterator<Item = Range<usize>> {
    let bytes = text.as_bytes();
    // Up to here the text belongs to an earlier query.
    let mut done = 0;
    memchr_iter(b'?', bytes).filter_map(move |mark| {
        let before = bytes.get(done..mark)?;
        let value = bytes.get(mark + 1..)?;
        let length = value
            .iter()
            .position(|byte| ends(*byte) || matches!(byte, b'#' | b')' | b'`'));
        let value = mark + 1..mark + 1 + length.unwrap_or(value.len());
        let start = before.iter().rposition(|byte| ends(*byte) || *byte == b'?');
        let (stop, address) = match start {
            Some(stop) => (before.get(stop).copied(), before.get(stop + 1..)?),
            None => (None, before),
        };
        let begins = done == 0 && start.is_none();
        let found = !value.is_empty() && (is_url(address) || has_path(address, stop, begins));
        found.then(|| {
            done = value.end;
            value
        })
    })
}

/// Neither an address nor a query goes on here.
fn ends(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, 0x0b | b'"' | b'\'' | b'<' | b'>')
}

/// `[A-Za-z][A-Za-z0-9+.-]*://[^#]*`, up to the end.
fn is_url(address: &[u8]) -> bool {
    let of_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'.' | b'-');
    memmem::find_iter(address, "://").any(|at| {
        let (before, rest) = address.split_at_checked(at).unwrap_or_default();
        let mut scheme = before.iter().rev().take_while(of_scheme);
        scheme.any(u8::is_ascii_alphabetic) && !rest.contains(&b'#')
    })
}

/// Whether a path begins in it: at the text's beginning, or behind what a path stands behind.
fn has_path(address: &[u8], stop: Option<u8>, begins: bool) -> bool {
    let opens = |byte: u8| {
        byte.is_ascii_whitespace()
            || matches!(
                byte,
                0x0b | b'"' | b'\'' | b'`' | b'=' | b'(' | b',' | b':' | b'|' | b'['
            )
    };
    memchr_iter(b'/', address).any(|at| match at.checked_sub(1) {
        Some(before) => address.get(before).is_some_and(|byte| opens(*byte)),
        None => begins || stop.is_some_and(opens),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::text::pattern_of_queries;
    use super::*;
    use proptest::prelude::*;
    use regex::Regex;
    use std::sync::LazyLock;

    static PATTERN: LazyLock<Regex> = LazyLock::new(|| Regex::new(pattern_of_queries()).unwrap());

    const PIECES: [&str; 34] = [
        "?", "??", "/", "//", "://", "http", "a+b.c-d", "9", "-", "#", "\"", "'", "`", "<", ">", "=", "(",
        ")", ",", ":", "|", "[", "]", " ", "\n", "\u{b}", "a=1&b=2", "/api/v1", "GET ", "x", "_", "%20",
        "%3", "&",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]
        #[test]
        fn queries_are_found_as_the_pattern_finds_them(
            pieces in proptest::collection::vec(proptest::sample::select(&PIECES[..]), 0..14),
        ) {
            let text = pieces.concat();
            let all = PATTERN.captures_iter(&text).map(|found| found.name("v").unwrap().range());
            let wanted: Vec<_> = all.collect();
            prop_assume!(is_plain(&text));
            assert_eq!(values(&text).collect::<Vec<_>>(), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_not_plain_is_left_to_the_pattern() {
        for text in [
            "/a%3Fb",
            "/a%3fb?c",
            "/é?a",
            "https://<redacted:url-password:00000000>@h/?a",
        ] {
            assert!(!is_plain(text), "{text}");
        }
        assert!(is_plain("GET /a?b=%20<c>"));
    }
}
