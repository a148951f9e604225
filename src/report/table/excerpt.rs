//! Cuts a piece of evidence to one line so that its telling part stays, and marks that part.
use super::{page::Page, style};
use crate::report::text::{cut_end, cut_middle, one_line, safe, suffix, width, wrap};
use regex::Regex;
use std::sync::LazyLock;

/// What a reader's eye should land on, the most telling first. Only for show: nothing is decided by it.
static TELLING: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(closed( since [^:]{1,20})?: \d+, )?Permission '[^']*' denied",
        r"([A-Z]\w+ )*API has not been used in project \S+ before or it is disabled",
        r"rejected: .{1,120}",
        r"(CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER|HANDSHAKE_FAILURE)[^\s},]*",
        r"closed( since [^:]{1,20})?: \d+, [^{]{1,120}",
        r#""response_code_details":"[^"]{1,120}""#,
        r"(delayed_connect_error|immediate_connect_error|connection_timeout|connection_termination|TLS_error)[^\s},]*",
        r"initial fetch timed out for \S+",
        r"cannot bind .{1,80}",
        r"(rbac_access_denied|no_healthy_upstream|route_not_found|cluster_not_found|upstream_reset)[^\s,]*",
        r"(?i)\b(no such host|name or service not known|nxdomain|address already in use|connection refused)\b",
        r"(?i)\b(denied|refused|missing|unknown|invalid|disabled|expired|failed|unhealthy)\b",
    ]
    .iter()
    .filter_map(|pattern| Regex::new(pattern).ok())
    .collect()
});

/// So many lines of an excerpt without a telling part are shown whole.
const WHOLE: usize = 4;

/// The telling part of an excerpt.
pub(super) fn telling(text: &str) -> Option<std::ops::Range<usize>> {
    let found = TELLING.iter().find_map(|pattern| pattern.find(text))?;
    let part = found.as_str().trim_end();
    Some(found.start()..found.start() + part.len())
}

/// The excerpt in lines of at most `columns`: whole in two (in four where nothing in it stands out), else one around the telling part
/// with marks below.
pub(super) fn lines(excerpt: &str, columns: usize, page: &Page) -> Vec<String> {
    let excerpt = safe(excerpt);
    let excerpt = excerpt.trim_matches('\n').trim_end();
    let most = if page.options.verbose { usize::MAX } else { 5 };
    if excerpt.contains('\n') {
        let all: Vec<&str> = excerpt.lines().collect();
        let shown = if all.len() <= most { all.len() } else { most - 1 };
        let mut lines: Vec<String> = all
            .iter()
            .take(shown)
            .map(|line| cut_middle(&line.replace('\t', "  "), columns))
            .collect();
        if shown < all.len() {
            lines.push(format!("… {} more lines", all.len() - shown));
        }
        return lines;
    }
    let text = one_line(excerpt);
    let whole = wrap(&text, columns);
    let part = telling(&text);
    let room = if part.is_some() { 2 } else { WHOLE };
    if page.options.verbose || (whole.len() <= room && whole.iter().all(|line| width(line) <= columns)) {
        return whole;
    }
    match part {
        Some(part) => marked(
            &text[..part.start],
            &text[part.clone()],
            &text[part.end..],
            columns,
            page,
        ),
        None => wrap(&cut_middle(&text, columns * (WHOLE - 1)), columns),
    }
}

fn marked(before: &str, part: &str, after: &str, columns: usize, page: &Page) -> Vec<String> {
    if width(part) + 2 > columns {
        let lead = if before.is_empty() { "" } else { "…" };
        return wrap(
            &cut_end(&format!("{lead}{part}{after}"), columns * 2 - 8),
            columns,
        );
    }
    let room = columns - width(part);
    // What follows the telling part says more than what leads to it, but neither wastes the other's room.
    let lead = (room / 3)
        .max(room.saturating_sub(width(after)))
        .min(width(before));
    let before = match width(before) <= lead {
        true => before.to_owned(),
        false if lead == 0 => String::new(),
        false => format!("…{}", whole_words(suffix(before, lead - 1))),
    };
    let after = cut_end(after, room - width(&before));
    if page.options.color {
        return vec![format!("{before}{}{after}", page.paint(style::TELLING, part))];
    }
    let marks = format!(
        "{:indent$}{}",
        "",
        "^".repeat(width(part)),
        indent = width(&before)
    );
    vec![format!("{before}{part}{after}"), marks]
}

/// Without the rest of a word at the beginning, where little is lost with it.
fn whole_words(text: &str) -> &str {
    match text.find(' ') {
        Some(at) if at < 12 => text.split_at(at + 1).1,
        _ => text,
    }
}
