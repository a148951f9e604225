//! Where in a log a name may stand that is to be renamed, told by what is beside each dot and colon; known names of projects
//! are searched for elsewhere.
//!
//! The law is that of all marks: a string in which there is no place is one in which nothing is renamed. It is JSON, or JSON
//! within JSON: an escape that may stand for a letter, a digit, a dot or a colon is a mark by itself, a slash may have a
//! backslash before it, and the letter of any other escape only makes a word look longer.
use super::host::Hosts;
use super::scan::{host_end, is_label};
use memchr::{memchr2_iter, memmem};

/// The places, in no order.
pub fn find<'t>(log: &'t [u8], hosts: &'t Hosts) -> impl Iterator<Item = usize> + 't {
    let mut judged = 0;
    let points = memchr2_iter(b'.', b':', log).filter(move |at| {
        let (before, from) = log.split_at_checked(*at).unwrap_or_default();
        if from.starts_with(b":") {
            return is_v6(before, from);
        }
        // A word's first dot tells of all of them.
        let goes_on = *at < judged || !before.last().is_some_and(|byte| is_label(*byte));
        if !goes_on {
            judged = host_end(log, *at);
        }
        is_v4(before, from) || !goes_on && is_host(before, log.get(*at..judged).unwrap_or_default(), hosts)
    });
    points.chain(memmem::find_iter(log, "projects").filter(|at| {
        let rest = log.get(at + "projects".len()..).unwrap_or_default();
        rest.starts_with(b"/") || rest.starts_with(b"\\")
    }))
}

/// What begins with two colons or has seven.
fn is_v6(before: &[u8], from: &[u8]) -> bool {
    if from.get(1) == Some(&b':') {
        return true;
    }
    let mut rest = from;
    let groups = (0..7).take_while(|_| {
        let group = rest.strip_prefix(b":").unwrap_or_default();
        let digits = group.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        rest = group.get(digits..).unwrap_or_default();
        digits > 0
    });
    before.last().is_some_and(u8::is_ascii_hexdigit) && groups.count() == 7
}

/// A number, and three more.
fn is_v4(before: &[u8], from: &[u8]) -> bool {
    let mut rest = from;
    let parts = (0..3).take_while(|_| {
        let part = rest.strip_prefix(b".").unwrap_or_default();
        let digits = part.iter().take_while(|byte| byte.is_ascii_digit()).count();
        rest = part.get(digits..).unwrap_or_default();
        (1..=3).contains(&digits)
    });
    before.last().is_some_and(u8::is_ascii_digit) && parts.count() == 3
}

/// The labels from a word's first dot on: they end as hosts do, or the word stands in a URL.
fn is_host(before: &[u8], labels: &[u8], hosts: &Hosts) -> bool {
    let first = before.iter().rev().take_while(|byte| is_label(**byte)).count();
    let slash = before.len().checked_sub(first + 1).and_then(|at| before.get(at));
    let last = labels.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let may_end = || str::from_utf8(last).is_ok_and(|last| hosts.may_end(last));
    !labels.is_empty() && (slash == Some(&b'/') || may_end())
}
