//! Text for a terminal: its width, wrapping, cutting, and nothing in it that a terminal would obey.
use crate::report::v1::Evidence;
use jiff::{Timestamp, tz::TimeZone};
use std::borrow::Cow;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Shows control characters and marks of writing direction as `\u{fffd}`: excerpts are other people's
/// bytes. Line ends and tabs stay.
pub fn safe(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.contains(harmful) {
        Cow::Owned(text.replace("\r\n", "\n").replace(harmful, "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text on one line, each run of white space as one space.
pub(super) fn one_line(text: &str) -> String {
    safe(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Breaks prose into lines of at most `columns`, at white space; a longer word is broken after one of
/// its separators. Only a URL may be longer than the line.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in one_line(text).split(' ').filter(|word| !word.is_empty()) {
        let needed = width(&line) + usize::from(!line.is_empty()) + width(word);
        if needed <= columns {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while width(rest) > columns && !is_url(rest) {
            let (head, tail) = rest.split_at(breaking_point(rest, columns));
            lines.push(head.to_owned());
            rest = tail;
        }
        line = rest.to_owned();
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// As `wrap`, but at most `most` lines: whole sentences where at least one fits, else cut with `…`.
pub(super) fn wrap_at_most(text: &str, columns: usize, most: usize) -> Vec<String> {
    let text = one_line(text);
    let whole = wrap(&text, columns);
    if whole.len() <= most {
        return whole;
    }
    let sentences = text.match_indices(". ").map(|(at, _)| at + 1);
    let fitting = sentences
        .map(|end| wrap(&text[..end], columns))
        .take_while(|lines| lines.len() <= most)
        .last();
    fitting.unwrap_or_else(|| {
        let mut lines: Vec<String> = whole.into_iter().take(most).collect();
        if let Some(last) = lines.last_mut() {
            let mut kept = prefix(last, columns.saturating_sub(1)).trim_end();
            // A parenthesis of which hardly more than the beginning is left says nothing.
            if let Some(open) = kept
                .rfind(" (")
                .filter(|open| !kept[*open..].contains(')') && kept.len() - open < 16)
            {
                kept = &kept[..open];
            }
            *last = format!("{kept}…");
        }
        lines
    })
}

/// Cuts the middle out of a text that is longer than `columns`.
pub(super) fn cut_middle(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let room = columns.saturating_sub(1);
    let tail = suffix(text, room / 2);
    format!("{}…{tail}", prefix(text, room - width(tail)))
}

/// Cuts the end off a text that is longer than `columns`.
pub(super) fn cut_end(text: &str, columns: usize) -> String {
    match width(text) <= columns {
        true => text.to_owned(),
        false if columns == 0 => String::new(),
        false => format!("{}…", prefix(text, columns - 1)),
    }
}

/// The longest beginning that takes at most `columns`.
pub(super) fn prefix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let end = text.char_indices().find_map(|(at, c)| {
        taken += c.width().unwrap_or(0);
        (taken > columns).then_some(at)
    });
    end.map_or(text, |end| &text[..end])
}

/// The longest end that takes at most `columns`.
pub(super) fn suffix(text: &str, columns: usize) -> &str {
    let mut taken = 0;
    let start = text.char_indices().rev().find_map(|(at, c)| {
        taken += c.width().unwrap_or(0);
        (taken > columns).then_some(at + c.len_utf8())
    });
    start.map_or(text, |start| &text[start..])
}

/// Where to break a word that is too long: after the last separator in the later half of what fits.
fn breaking_point(word: &str, columns: usize) -> usize {
    let fits = prefix(word, columns);
    let whole = fits.len().max(word.chars().next().map_or(0, char::len_utf8));
    match fits.rfind(['/', '.', '-', '_', ':', ',', '@']) {
        Some(at) if at + 1 > whole / 2 => at + 1,
        _ => whole,
    }
}

fn is_url(word: &str) -> bool {
    let word = word.trim_start_matches(['(', '<', '"', '\'']);
    word.starts_with("https://") || word.starts_with("http://")
}

/// `1 path`, `3 paths`.
pub(super) fn counted(count: usize, one: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("{count} {one}s")
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn listed<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// How often and when, in short: `6 times, 09:20 to 09:25 UTC`; the day is said where it is not
/// `today` (the day of collection).
pub(super) fn occurrences(piece: &Evidence, today: &str) -> String {
    let least = if piece.at_least() { "at least " } else { "" };
    let count = match piece.count {
        None => None,
        Some(1) => Some(format!("{least}once")),
        Some(count) => Some(format!("{least}{count} times")),
    };
    let (first, last) = (piece.first_seen.as_deref(), piece.last_seen.as_deref());
    let [first, last, today] = [first, last, Some(today)].map(|time| time.and_then(|t| t.parse().ok()));
    let today = today.map(day);
    let when = match (first, last) {
        (None, None) => None,
        (Some(at), None) | (None, Some(at)) => Some(clock(at, today)),
        (Some(first), Some(last)) => {
            let (from, to) = (clock(first, today), clock(last, Some(day(first))));
            Some(if clock(last, today) == from {
                from
            } else {
                format!("{from} to {to}")
            })
        }
    };
    let when = when.map(|when| format!("{when} UTC"));
    [count, when].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn day(at: Timestamp) -> jiff::civil::Date {
    at.to_zoned(TimeZone::UTC).date()
}

fn clock(at: Timestamp, known: Option<jiff::civil::Date>) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    let format = if Some(at.date()) == known {
        "%H:%M"
    } else {
        "%-d %b %H:%M"
    };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_wider_than_asked_but_a_url() {
        let text = "short words and //trafficdirector.googleapis.com/projects/525300120045/networks/mesh:test-mesh/nodes/0123456789 and 漢字漢字漢字漢字 https://cloud.google.com/service-mesh/docs/configure-cloud-service-mesh-for-cloud-run end";
        for columns in [10, 20, 40, 80] {
            for line in wrap(text, columns) {
                assert!(
                    width(&line) <= columns || line.starts_with("https://"),
                    "{columns}: {line}"
                );
            }
        }
        let letters = |text: &str| text.replace(char::is_whitespace, "");
        assert_eq!(letters(&wrap(text, 20).concat()), letters(text));
    }

    #[test]
    fn whole_sentences_are_kept_where_they_fit() {
        let text = "One short sentence. Another that is longer than the first one. And a third.";
        assert_eq!(wrap_at_most(text, 40, 1), ["One short sentence."]);
        assert_eq!(
            wrap_at_most("No sentence ends here for a long while", 20, 1),
            ["No sentence ends…"]
        );
    }

    #[test]
    fn a_cut_keeps_both_ends() {
        assert_eq!(cut_middle("abcdefghij", 5), "ab…ij");
        assert_eq!(cut_middle("漢字漢字漢字", 7), "漢字…字");
        assert_eq!(cut_middle("short", 5), "short");
    }

    #[test]
    fn a_terminal_obeys_nothing_in_an_excerpt() {
        assert_eq!(
            safe("a\u{1b}[31mb\u{202e}c\r\nd\te"),
            "a\u{fffd}[31mb\u{fffd}c\nd\te"
        );
    }

    #[test]
    fn times_are_short_and_name_the_day_only_where_it_is_another() {
        let today = "2026-11-24T10:00:00Z";
        let say = |count, first: Option<&str>, last: Option<&str>| {
            let piece = Evidence {
                count,
                first_seen: first.map(str::to_owned),
                last_seen: last.map(str::to_owned),
                ..Evidence::default()
            };
            occurrences(&piece, today)
        };
        assert_eq!(
            say(
                Some(6),
                Some("2026-11-24T09:20:01.5Z"),
                Some("2026-11-24T09:25:00Z")
            ),
            "6 times, 09:20 to 09:25 UTC"
        );
        assert_eq!(
            say(
                Some(1),
                Some("2026-11-24T09:20:01Z"),
                Some("2026-11-24T09:20:01Z")
            ),
            "once, 09:20 UTC"
        );
        assert_eq!(
            say(
                Some(9),
                Some("2026-11-23T22:10:00Z"),
                Some("2026-11-24T09:25:00Z")
            ),
            "9 times, 23 Nov 22:10 to 24 Nov 09:25 UTC"
        );
        assert_eq!(
            say(None, Some("2026-11-23T22:10:00Z"), Some("2026-11-23T22:30:00Z")),
            "23 Nov 22:10 to 22:30 UTC"
        );
        assert_eq!(say(Some(2), Some("yesterday"), None), "2 times");
        assert_eq!(say(None, None, None), "");
    }
}
