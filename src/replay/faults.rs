//! Faults on purpose: answers that come late, broken, or not at all.
//!
//! ```yaml
//! - match: { path: "/v2/entries:list", method: POST }
//!   times: 2                      # or always, the default
//!   action: { status: { code: 429, headers: { retry-after: "1" } } }
//! ```
use super::answer::Refusal;
use super::csds;
use super::paging::Quirk;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What a status says that has no body of its own.
const MESSAGE: &str = "made to fail";

/// One fault.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fault {
    #[serde(rename = "match")]
    place: Place,
    #[serde(default)]
    times: Times,
    action: Action,
    #[serde(skip)]
    used: AtomicU64,
}

/// Which requests: a path as it was sent, by prefix or with `*` for anything, and a method.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place {
    path: String,
    method: Option<String>,
}

/// How often.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
enum Times {
    Number(u64),
    Word(Always),
    #[default]
    Unsaid,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Always {
    Always,
}

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Milliseconds before the answer.
    Delay(u64),
    /// No answer, ever.
    Hang,
    /// Another status.
    Status {
        code: u16,
        #[serde(default)]
        body: String,
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// The connection breaks in the middle of the body.
    Reset,
    /// The body ends in its middle, as if that were all.
    Truncate,
    /// A page of some proxy, with status 200.
    Html,
    /// Every page has the same token.
    TokenLoop,
    /// The first page is empty, and there are more.
    EmptyPage,
    /// A field of so many bytes in one line.
    Oversize(usize),
}

/// The faults of a file, with what is left of each.
#[derive(Debug, Default)]
pub struct Faults {
    faults: Vec<Fault>,
}

impl Faults {
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let value: serde_json::Value = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let faults = serde_json::from_value(value).map_err(|error| error.to_string())?;
        Ok(Self { faults })
    }

    /// What happens to one request; each use counts.
    pub fn take(&self, method: &str, path: &str) -> Vec<Action> {
        self.faults
            .iter()
            .filter(|fault| fault.place.covers(method, path) && fault.use_up())
            .map(|fault| fault.action.clone())
            .collect()
    }
}

impl Fault {
    fn use_up(&self) -> bool {
        match self.times {
            Times::Number(times) => self.used.fetch_add(1, Ordering::Relaxed) < times,
            Times::Word(Always::Always) | Times::Unsaid => true,
        }
    }
}

impl Place {
    fn covers(&self, method: &str, path: &str) -> bool {
        let of_method = self
            .method
            .as_ref()
            .is_none_or(|own| own.eq_ignore_ascii_case(method));
        of_method
            && if self.path.contains('*') {
                glob(&self.path, path)
            } else {
                path.starts_with(&self.path)
            }
    }
}

/// `*` is anything, slashes too.
fn glob(pattern: &str, text: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let last = pieces.pop().unwrap_or_default();
    for piece in pieces {
        match rest.find(piece).and_then(|at| rest.get(at + piece.len()..)) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// What paging does under these actions.
pub fn quirk(actions: &[Action]) -> Quirk {
    if actions.contains(&Action::TokenLoop) {
        Quirk::TokenLoop
    } else if actions.contains(&Action::EmptyPage) {
        Quirk::EmptyFirst
    } else {
        Quirk::None
    }
}

/// What comes before the answer: a delay, or another answer in its place. Over gRPC a status is gRPC's own.
pub async fn before(actions: &[Action], grpc: bool) -> Option<Response<Body>> {
    for action in actions {
        match action {
            Action::Delay(milliseconds) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
            Action::Hang => std::future::pending().await,
            Action::Status { code, body, .. } if grpc => {
                let message = if body.is_empty() { MESSAGE } else { body.as_str() };
                return Some(csds::status(&Refusal::new(*code, message)).into_http());
            }
            Action::Status { code, body, headers } => {
                let mut response = Response::builder()
                    .status(*code)
                    .header(header::CONTENT_TYPE, "application/json; charset=UTF-8");
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                let body = match body.as_str() {
                    "" => format!("{{\"error\":{{\"code\":{code},\"message\":\"{MESSAGE}\"}}}}"),
                    own => own.to_owned(),
                };
                return response.body(body.into()).ok();
            }
            Action::Html => {
                let page = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head>\
                            <body><h1>Sign in</h1></body></html>\n";
                let response = Response::builder().header(header::CONTENT_TYPE, "text/html; charset=utf-8");
                return response.body(page.into()).ok();
            }
            _ => {}
        }
    }
    None
}

/// What is done to the answer itself.
pub async fn after(actions: &[Action], response: Response<Body>) -> Response<Body> {
    let touched = |action: &&Action| matches!(action, Action::Reset | Action::Truncate | Action::Oversize(_));
    let Some(action) = actions.iter().find(touched) else {
        return response;
    };
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    parts.headers.remove(header::CONTENT_LENGTH);
    let half = bytes.slice(..bytes.len() / 2);
    let body = match action {
        Action::Truncate => Body::from(half),
        Action::Oversize(size) => Body::from(padded(&bytes, *size)),
        _ => {
            parts
                .headers
                .insert(header::CONTENT_LENGTH, HeaderValue::from(bytes.len()));
            // What was sent must be on its way before the connection breaks.
            let broken = async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Err(io::Error::from(io::ErrorKind::ConnectionReset))
            };
            let first = stream::once(async { Ok(half) });
            Body::from_stream(first.chain(stream::once(broken)))
        }
    };
    Response::from_parts(parts, body)
}

/// A JSON object with one more field.
fn padded(bytes: &Bytes, size: usize) -> Vec<u8> {
    let rest = bytes.strip_prefix(b"{").unwrap_or(bytes);
    let comma: &[u8] = if rest == b"}" { b"" } else { b"," };
    let padding = vec![b'x'; size];
    [b"{\"padding\":\"".as_slice(), &padding, b"\"", comma, rest].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_fault_happens_where_it_should_and_as_often_as_it_should() {
        let faults = Faults::parse(
            "- match: { path: '/v2/projects/*/services', method: GET }\n  times: 1\n  action: { delay: 5 }\n\
             - match: { path: /v3/ }\n  times: always\n  action: reset\n\
             - match: { path: /v3/projects }\n  action: { status: { code: 429, headers: { retry-after: '1' } } }\n",
        )
        .unwrap();
        assert_eq!(
            faults.take("GET", "/v2/projects/p/locations/r/services"),
            [Action::Delay(5)]
        );
        assert!(
            faults
                .take("GET", "/v2/projects/p/locations/r/services")
                .is_empty()
        );
        assert!(faults.take("POST", "/v2/projects/p/services").is_empty());
        assert_eq!(faults.take("GET", "/v3/projects/p").len(), 2);
        assert_eq!(faults.take("GET", "/v3/folders/p"), [Action::Reset]);
    }

    #[test]
    fn a_misspelt_fault_is_refused() {
        for bad in [
            "- match: { path: / }\n  action: expolde\n",
            "- match: { path: / }\n  action: html\n  time: 1\n",
            "- match: { path: / }\n  times: twice\n  action: html\n",
        ] {
            assert!(Faults::parse(bad).is_err(), "{bad}");
        }
    }
}
