//! Pages: as large as asked for and as the server allows, with tokens that only this server understands.
use super::answer::Refusal;
use super::ask::Ask;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use std::ops::Range;

/// What a fault does to pages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Quirk {
    #[default]
    None,
    /// The first page for ever, always with the same token.
    TokenLoop,
    /// An empty page with a token before the first.
    EmptyFirst,
}

/// The token of a loop.
const LOOP: &str = "bG9vcA";

/// How an API pages.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// The parameters: `pageSize`, `pageToken`.
    pub size: &'static str,
    pub token: &'static str,
    /// Items on a page when nothing is asked, and at most.
    pub default: usize,
    pub most: usize,
}

/// What most of Google's APIs do.
pub const GOOGLE: Style = Style::google(100, 1000);

/// All in one answer.
pub const NO_PAGES: Style = Style {
    size: "-",
    token: "-",
    default: usize::MAX,
    most: usize::MAX,
};

impl Style {
    pub const fn google(default: usize, most: usize) -> Self {
        Self {
            size: "pageSize",
            token: "pageToken",
            default,
            most,
        }
    }

    /// compute.v1 and dns.v1.
    pub const fn legacy(most: usize) -> Self {
        Self {
            size: "maxResults",
            token: "pageToken",
            default: most,
            most,
        }
    }
}

/// One page of a listing: the rows, and the token of the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub rows: Range<usize>,
    pub next: Option<String>,
}

/// The page that a request asks for, of a listing of `total` rows. `cap` is the server's own limit.
pub fn page(ask: &Ask, style: Style, total: usize, cap: usize) -> Result<Page, Refusal> {
    let wanted = match ask.parameter(style.size) {
        None => style.default,
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::invalid(format!("Invalid value at '{}': \"{text}\"", style.size)))?,
    };
    let wanted = if wanted == 0 { style.default } else { wanted };
    // Where nothing is asked, some APIs send all there is: a client that asks for no pages expects none.
    let size = match wanted.min(style.most) {
        usize::MAX => usize::MAX,
        size => size.min(cap),
    };
    let listing = listing(ask, style);
    // Where there are no pages, none goes wrong.
    let quirk = if style.token == NO_PAGES.token {
        Quirk::None
    } else {
        ask.quirk
    };
    cut(quirk, ask.parameter(style.token), size, total, &listing)
}

/// What a token belongs to: another listing or filter does not take it.
fn listing(ask: &Ask, style: Style) -> String {
    let mut text = ask.path.join("/");
    let rest = ask
        .query
        .iter()
        .filter(|(key, _)| key != style.size && key != style.token);
    for (key, value) in rest {
        text.push_str(&format!("&{key}={value}"));
    }
    text
}

/// Cuts the page at a token out of a listing.
pub fn cut(
    quirk: Quirk,
    token: Option<&str>,
    size: usize,
    total: usize,
    listing: &str,
) -> Result<Page, Refusal> {
    let size = size.max(1);
    match (quirk, token) {
        (Quirk::TokenLoop, _) => {
            return Ok(Page {
                rows: 0..size.min(total),
                next: Some(LOOP.into()),
            });
        }
        (Quirk::EmptyFirst, None) => {
            return Ok(Page {
                rows: 0..0,
                next: Some(make(0, listing)),
            });
        }
        _ => {}
    }
    let start = match token {
        None => 0,
        Some(token) => read(token, listing)
            .filter(|start| *start <= total)
            .ok_or_else(|| Refusal::invalid("The page token is invalid."))?,
    };
    let end = start.saturating_add(size).min(total);
    Ok(Page {
        rows: start..end,
        next: (end < total).then(|| make(end, listing)),
    })
}

fn make(start: usize, listing: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{start} {}", seal(start, listing)))
}

fn read(token: &str, listing: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, sealed) = text.split_once(' ')?;
    let start = start.parse().ok()?;
    (seal(start, listing) == sealed).then_some(start)
}

fn seal(start: usize, listing: &str) -> String {
    let digest = Sha256::digest(format!("{start} {listing}"));
    URL_SAFE_NO_PAD.encode(digest.get(..9).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn pages_cover_a_listing_once_and_a_foreign_token_is_refused() {
        let (mut seen, mut token) = (Vec::new(), None);
        loop {
            let page = cut(Quirk::None, token.as_deref(), 3, 8, "a").unwrap();
            seen.extend(page.rows);
            match page.next {
                Some(next) => token = Some(next),
                None => break,
            }
        }
        assert_eq!(seen, (0..8).collect::<Vec<_>>());
        let token = cut(Quirk::None, None, 3, 8, "a").unwrap().next;
        assert_eq!(
            cut(Quirk::None, token.as_deref(), 3, 8, "b").unwrap_err().code,
            400
        );
    }

    #[test]
    fn an_empty_first_page_leads_to_the_first_and_a_loop_to_itself() {
        let empty = cut(Quirk::EmptyFirst, None, 3, 8, "a").unwrap();
        assert!(empty.rows.is_empty());
        let first = cut(Quirk::EmptyFirst, empty.next.as_deref(), 3, 8, "a").unwrap();
        assert_eq!(first.rows, 0..3);
        let page = cut(Quirk::TokenLoop, None, 3, 1, "a").unwrap();
        assert_eq!(
            cut(Quirk::TokenLoop, page.next.as_deref(), 3, 1, "a").unwrap(),
            page
        );
    }
}
