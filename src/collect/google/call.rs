//! One call of a REST API, in words and in bytes.
use crate::collect::Api;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// What may stand as it is in a segment of a path. Projects of old domains have a colon: `example.com:web`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':');

/// A call: GET without a body, POST with one. All are reads, so each may be repeated.
#[derive(Debug, Clone)]
pub struct Call {
    /// In words, for people: `list the DNS zones of mesh-prod`.
    pub what: String,
    pub api: Api,
    /// Without its first slash, segments encoded.
    pub path: String,
    pub query: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// The permission that the call needs.
    pub permission: &'static str,
    /// On which resource.
    pub resource: String,
    /// Whether a no (403, 404) is worth a note only: what is asked for is beyond the scope, or only adds to it.
    pub extra: bool,
}

impl Call {
    pub fn get(api: Api, path: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            api,
            path: path.into(),
            query: Vec::new(),
            body: None,
            permission: "",
            resource: String::new(),
            extra: false,
        }
    }

    pub fn post(api: Api, path: impl Into<String>, what: impl Into<String>, body: Value) -> Self {
        Self {
            body: Some(body),
            ..Self::get(api, path, what)
        }
    }

    pub fn needs(mut self, permission: &'static str, resource: impl Into<String>) -> Self {
        self.permission = permission;
        self.resource = resource.into();
        self
    }

    /// A no to it is no failure where `extra`.
    pub fn extra(mut self, extra: bool) -> Self {
        self.extra = extra;
        self
    }

    pub fn query(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.query.push((name, value.into()));
        self
    }
}

/// A name from outside as one segment of a path.
pub fn segment(name: &str) -> String {
    utf8_percent_encode(name, SEGMENT).to_string()
}
