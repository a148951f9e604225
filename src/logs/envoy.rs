//! Envoy's own log text: the prefix, its time, and records that go over several lines.
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// The first line of a record that dumps a message as text ends in a marker such as `goo.gle/debugonly`, `debugproto` or
/// `debugstr`, chosen at random by protobuf, and blanks.
pub const DUMP_MARKER: &str = "goo.gle/debug";

/// The last line of a rejection's dump begins with a colon and holds this.
pub const VERDICT: &str = "Proto constraint validation failed";

/// The time at the beginning of a line, which Envoy writes in UTC: `[2026-11-24 03:42:28.143]` (application log),
/// `[2026-11-24T03:43:15.127Z]` (access log), or bare before a tab (as Istio's agent sets it).
pub fn time(line: &str) -> Option<Timestamp> {
    let text = match line.strip_prefix('[') {
        Some(rest) => rest.get(..rest.find(']').filter(|i| *i <= 40)?)?,
        None if starts_with_date(line) => line.get(..line.find(['\t', ' ']).filter(|i| *i <= 40)?)?,
        None => return None,
    };
    parse_time(text)
}

/// A time in RFC 3339, or without a zone, which is then UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| {
        let civil: DateTime = text.trim_end_matches('Z').parse().ok()?;
        civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}

/// Whether the line begins a record: it bears a time.
pub fn begins_record(line: &str) -> bool {
    starts_with_date(line.strip_prefix('[').unwrap_or(line))
}

fn starts_with_date(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, c, d, b'-', e, f, b'-', g, h, b'T' | b' ', ..]
        if [a, b, c, d, e, f, g, h].iter().all(|byte| byte.is_ascii_digit()))
}

/// What follows `[time][pid][level][component] [source]`; the whole line where there is no such prefix.
pub fn body(line: &str) -> &str {
    if !line.starts_with('[') || !begins_record(line) {
        return line;
    }
    let mut rest = line;
    while let Some(group) = rest.strip_prefix('[') {
        let Some(end) = group.find(']') else { return line };
        rest = group.get(end + 1..).unwrap_or_default();
        if rest.starts_with(" [") {
            rest = rest.trim_start();
        }
    }
    rest.trim_start()
}

/// How a record that goes on in the next lines ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dump {
    /// A rejected resource: the verdict is in a line that begins with a colon.
    Rejection,
    /// The bootstrap's path, in one more line that ends with a quote.
    Bootstrap,
}

impl Dump {
    /// Whether a first line goes on, and how.
    pub fn opened_by(line: &str) -> Option<Self> {
        let tail = line.get(line.rfind(DUMP_MARKER)?..)?.trim_end();
        if tail.len() > DUMP_MARKER.len() + 8 || tail.contains('\n') {
            return None;
        }
        Some(if line.contains(" rejected: ") {
            Self::Rejection
        } else {
            Self::Bootstrap
        })
    }

    /// Whether a line is the last of a rejection.
    pub fn is_verdict(line: &str) -> bool {
        line.starts_with(": ") && line.contains(VERDICT)
    }

    /// Whether this continuation line is the last.
    pub fn closed_by(self, line: &str) -> bool {
        match self {
            Self::Rejection => line.starts_with(": "),
            Self::Bootstrap => line.trim_end().ends_with('\''),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const LINE: &str =
        "[2026-11-24 03:42:28.143][13055][warning][config] [./source/grpc_stream.h:189] [x] closed: 7";

    #[test]
    fn envoys_time_is_utc_in_every_format() {
        for line in [
            LINE,
            "[2026-11-24T03:42:28.143Z] \"GET",
            "2026-11-24T03:42:28.143000Z\twarning\tenvoy",
        ] {
            assert_eq!(
                time(line).unwrap().to_string(),
                "2026-11-24T03:42:28.143Z",
                "{line}"
            );
        }
        assert_eq!(time("[13055] no time"), None);
    }

    #[test]
    fn a_dump_is_opened_by_its_marker_at_the_end_only() {
        assert_eq!(
            Dump::opened_by("x rejected: goo.gle/debugproto   "),
            Some(Dump::Rejection)
        );
        assert_eq!(
            Dump::opened_by("config 'goo.gle/debugstr \t"),
            Some(Dump::Bootstrap)
        );
        assert_eq!(
            Dump::opened_by("x rejected: goo.gle/debugonly \nname: 1\n: failed"),
            None
        );
    }

    #[test]
    fn a_line_that_only_looks_bracketed_keeps_its_text() {
        assert_eq!(body("[a][b] c"), "[a][b] c");
        assert!(body(LINE).ends_with("closed: 7"));
    }
}
