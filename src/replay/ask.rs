//! One request, taken apart: the segments of its path, its parameters, its body.
use super::paging::Quirk;
use axum::body::Bytes;
use axum::http::{Method, Uri};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use super::answer::Refusal;

/// A request without its transport.
#[derive(Debug, Clone)]
pub struct Ask {
    pub method: Method,
    /// Decoded one by one: a slash that was written `%2F` stays in its segment.
    pub path: Vec<String>,
    pub query: Vec<(String, String)>,
    pub body: Bytes,
    pub quirk: Quirk,
}

impl Ask {
    pub fn new(method: Method, uri: &Uri, body: Bytes, quirk: Quirk) -> Self {
        let path = uri.path().split('/').filter(|part| !part.is_empty());
        let pairs = uri.query().unwrap_or_default().split('&');
        Self {
            method,
            path: path.map(decode).collect(),
            query: pairs
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (decode(&key.replace('+', " ")), decode(&value.replace('+', " ")))
                })
                .collect(),
            body,
            quirk,
        }
    }

    /// The segments, to match on.
    pub fn parts(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    pub fn is_get(&self) -> bool {
        self.method == Method::GET
    }

    pub fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// A parameter that is given and not empty.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let pair = self
            .query
            .iter()
            .find(|(key, value)| key == name && !value.is_empty())?;
        Some(&pair.1)
    }

    pub fn parameters<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let own = self.query.iter().filter(move |(key, _)| key == name);
        own.map(|(_, value)| value.as_str())
    }

    /// The body as JSON; no body at all is an empty object.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let bytes: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(bytes)
            .map_err(|error| Refusal::invalid(format!("Invalid JSON payload received. {error}")))
    }
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
