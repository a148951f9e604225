//! Faults on purpose: answers that come late, broken, or not at all.
use super::answer::{Refusal, Shape};
use super::csds;
use super::paging::Quirk;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, header};
use futures_util::{StreamExt, stream};
use http_body_util::{BodyExt, BodyStream, Collected, StreamBody};
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
pub struct Fault {
    #[serde(rename = "match")]
    pub place: Place,
    /// So many requests are let through first.
    #[serde(default)]
    skip: u64,
    #[serde(default)]
    pub times: Times,
    pub action: Action,
    /// Where it stands in its file, 1-based.
    #[serde(skip)]
    pub line: u64,
    /// Requests that it was for, let through or not.
    #[serde(skip)]
    met: AtomicU64,
}

/// Which requests: a path as it was sent, by prefix or with `*` for anything, and a method.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    pub path: String,
    pub method: Option<String>,
}

/// How often.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub enum Times {
    Number(u64),
    Word(Always),
    #[default]
    Unsaid,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Always {
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
    /// The answer begins, and nothing comes behind its first half.
    Stall,
    /// A field of so many bytes more, in one line; over gRPC a field that nobody knows.
    Oversize(usize),
    /// One line of so many bytes that is no answer at all, with status 200.
    Line(usize),
}

/// The faults of a file, with what is left of each.
#[derive(Debug, Default)]
pub struct Faults {
    pub(super) faults: Vec<Fault>,
}

impl Faults {
    /// What happens to one request; each use counts.
    pub fn take(&self, method: &str, path: &str) -> Vec<Action> {
        self.faults
            .iter()
            .filter(|fault| fault.place.covers(method, path) && fault.use_up())
            .map(|fault| fault.action.clone())
            .collect()
    }

    /// Those that nothing happened by, each with its line: a pattern that is wrong is as quiet as a client that never asks.
    pub fn unused(&self) -> Vec<(u64, String)> {
        let unused = self.faults.iter().filter_map(|fault| {
            let why = match fault.met.load(Ordering::Relaxed) {
                0 => "no request matched".to_owned(),
                met if met <= fault.skip => {
                    format!("{met} of the {} requests that it lets through came", fault.skip)
                }
                _ => return None,
            };
            let method = fault.place.method.as_ref();
            let method = method.map(|method| format!("{method} ")).unwrap_or_default();
            Some((
                fault.line,
                format!("{method}{}: never used: {why}", fault.place.path),
            ))
        });
        unused.collect()
    }
}

impl Fault {
    fn use_up(&self) -> bool {
        let Some(used) = self.met.fetch_add(1, Ordering::Relaxed).checked_sub(self.skip) else {
            return false;
        };
        match self.times {
            Times::Number(times) => used < times,
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

/// What comes before the answer: a delay, or another answer in its place. Over gRPC (`shape` is `None`) a status is
/// gRPC's own; without a body of its own it has the shape of its API's errors.
pub async fn before(actions: &[Action], shape: Option<Shape>) -> Option<Response<Body>> {
    for action in actions {
        match action {
            Action::Delay(milliseconds) => tokio::time::sleep(Duration::from_millis(*milliseconds)).await,
            Action::Hang => std::future::pending().await,
            Action::Status { code, body, headers } => {
                let Some(shape) = shape else {
                    let message = if body.is_empty() { MESSAGE } else { body.as_str() };
                    return Some(csds::status(&Refusal::new(*code, message)).into_http());
                };
                let mut response = Response::builder().status(*code);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                if !headers
                    .keys()
                    .any(|name| name.eq_ignore_ascii_case("content-type"))
                {
                    response = response.header(header::CONTENT_TYPE, "application/json; charset=UTF-8");
                }
                let body = match body.as_str() {
                    "" => Refusal::new(*code, MESSAGE).render(shape).body,
                    own => own.as_bytes().to_vec(),
                };
                return response.body(body.into()).ok();
            }
            Action::Html => {
                let page = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head>\
                            <body><h1>Sign in</h1></body></html>\n";
                let response = Response::builder().header(header::CONTENT_TYPE, "text/html; charset=utf-8");
                return response.body(page.into()).ok();
            }
            Action::Line(size) => return Some(Response::new(vec![b'x'; *size].into())),
            _ => {}
        }
    }
    None
}

/// What is done to the answer itself.
pub async fn after(actions: &[Action], grpc: bool, response: Response<Body>) -> Response<Body> {
    let touched = |action: &&Action| {
        matches!(
            action,
            Action::Reset | Action::Truncate | Action::Stall | Action::Oversize(_)
        )
    };
    let Some(action) = actions.iter().find(touched) else {
        return response;
    };
    let (mut parts, mut body) = response.into_parts();
    // A gRPC stream goes on for as long as its client listens: its first message is what is broken.
    let bytes = if grpc {
        first_message(&mut body).await
    } else {
        let whole = std::mem::take(&mut body).collect().await;
        whole.map(Collected::to_bytes).unwrap_or_default()
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    if !grpc && matches!(action, Action::Reset | Action::Stall) {
        let length = HeaderValue::from(bytes.len());
        parts.headers.insert(header::CONTENT_LENGTH, length);
    }
    let half = bytes.slice(..bytes.len() / 2);
    let body = match action {
        Action::Truncate => Body::from(half),
        Action::Oversize(size) if grpc => {
            let first = BodyStream::new(Body::from(larger(&bytes, *size)));
            Body::new(StreamBody::new(first.chain(BodyStream::new(body))))
        }
        Action::Oversize(size) => Body::from(padded(&bytes, *size)),
        Action::Stall => begun(half, std::future::pending()),
        // What was sent must be on its way before the connection breaks.
        _ => begun(half, tokio::time::sleep(Duration::from_millis(20))),
    };
    Response::from_parts(parts, body)
}

/// A body that breaks off behind its first part, once `until` is over.
fn begun(first: Bytes, until: impl Future<Output = ()> + Send + 'static) -> Body {
    let broken = async {
        until.await;
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    };
    Body::from_stream(stream::once(async { Ok(first) }).chain(stream::once(broken)))
}

/// The length of a gRPC message with its head: a flag, the length, protobuf.
fn message_length(bytes: &[u8]) -> Option<usize> {
    let length: [u8; 4] = bytes.get(1..5)?.try_into().ok()?;
    Some(5 + u32::from_be_bytes(length) as usize)
}

async fn first_message(body: &mut Body) -> Bytes {
    let mut bytes = Vec::new();
    while message_length(&bytes).is_none_or(|length| bytes.len() < length) {
        match body
            .frame()
            .await
            .and_then(Result::ok)
            .and_then(|frame| frame.into_data().ok())
        {
            Some(data) => bytes.extend_from_slice(&data),
            None => break,
        }
    }
    bytes.into()
}

/// A gRPC message with one more field, number 1000.
fn larger(frame: &[u8], size: usize) -> Bytes {
    let mut new = frame.get(5..).unwrap_or_default().to_vec();
    prost::encoding::bytes::encode(1000, &vec![b'x'; size], &mut new);
    let length = u32::try_from(new.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[0], length.as_slice(), &new].concat().into()
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
    fn some_may_be_let_through_first() {
        let faults = Faults::parse("- match: { path: / }\n  skip: 2\n  times: 1\n  action: stall\n").unwrap();
        let taken: Vec<usize> = (0..5).map(|_| faults.take("GET", "/x").len()).collect();
        assert_eq!(taken, [0, 0, 1, 0, 0]);
    }

    #[test]
    fn what_was_never_used_is_told() {
        let faults = Faults::parse(
            "- match: { path: /v1/, method: POST }\n  action: html\n\
             - match: { path: /v2/ }\n  skip: 2\n  action: html\n\
             - match: { path: /v3/ }\n  action: html\n",
        )
        .unwrap();
        for path in ["/v1/a", "/v2/a", "/v3/a"] {
            faults.take("GET", path);
        }
        assert_eq!(
            faults.unused(),
            [
                (1, "POST /v1/: never used: no request matched".to_owned()),
                (
                    3,
                    "/v2/: never used: 1 of the 2 requests that it lets through came".to_owned()
                ),
            ]
        );
    }
}
