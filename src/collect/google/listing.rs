//! A whole listing, page by page.
use super::join::Joined;
use super::{Call, CallError, Client};
use serde_json::Value;
use std::collections::BTreeSet;

/// The most that one listing may hold, as the reader of snapshots has it.
const LARGEST: usize = crate::snapshot::MAX_FILE as usize;

/// How an API pages a listing.
#[derive(Debug, Clone, Copy)]
pub struct Paging {
    /// The field that holds the items.
    pub key: &'static str,
    /// Whether they are told by place (`aggregatedList`).
    pub aggregated: bool,
    /// The parameter that asks for a page size, and the size to ask for.
    pub size: Option<(&'static str, &'static str)>,
}

impl Paging {
    pub const fn new(key: &'static str, size: Option<(&'static str, &'static str)>) -> Self {
        Self {
            key,
            aggregated: false,
            size,
        }
    }

    pub const fn by_place(key: &'static str, size: Option<(&'static str, &'static str)>) -> Self {
        Self {
            key,
            aggregated: true,
            size,
        }
    }
}

/// A complete listing.
#[derive(Debug)]
pub struct Listing {
    /// As one answer without pages would be.
    pub body: Vec<u8>,
    pub items: u64,
    /// Places that did not answer, in the API's own words.
    pub unreachable: Vec<String>,
}

impl Listing {
    /// The joined answer as a value.
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// All pages of a listing, joined; an error where one is missing.
    pub async fn list(&self, call: &Call, paging: Paging) -> Result<Listing, CallError> {
        let mut joined = Joined::new(paging.key, paging.aggregated);
        let mut tokens = BTreeSet::new();
        let mut page_call = call.clone();
        if let Some((name, size)) = paging.size {
            page_call.query.push((name, size.to_owned()));
        }
        let plain = page_call.query.len();
        loop {
            let page = self.send(&page_call).await?;
            let Some(token) = joined.add(&page, call)? else {
                break;
            };
            if joined.bytes() > LARGEST {
                return Err(CallError::plain(format!(
                    "the listing is larger than {} MiB; narrow the scope",
                    LARGEST >> 20
                )));
            }
            page_call.query.truncate(plain);
            page_call.query.push(("pageToken", token.clone()));
            if !tokens.insert(token) {
                return Err(CallError::odd(format!(
                    "the API gave the same page token twice, after {} items: its pages go round in a circle",
                    joined.count
                )));
            }
        }
        Ok(Listing {
            items: joined.count,
            unreachable: joined.unreachable(),
            body: joined.finish()?,
        })
    }

    /// One object, as it came and as a value.
    pub async fn object(&self, call: &Call) -> Result<(Vec<u8>, Value), CallError> {
        let body = self.send(call).await?;
        match serde_json::from_slice(&body) {
            Ok(Value::Object(fields)) if fields.contains_key("error") => {
                Err(CallError::under_success(&body, call))
            }
            Ok(value @ Value::Object(_)) => Ok((body, value)),
            Ok(_) => Err(CallError::odd("the answer is JSON, but no object")),
            Err(_) => Err(CallError::unreadable(&body)),
        }
    }
}
