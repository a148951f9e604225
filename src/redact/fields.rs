//! Secrets told by where they stand: environment values, secret objects, headers, fields with a telling name.
use super::marks::{ESCAPE, Hit, NAME, Wanted};
use super::tokens;
use super::walk::{self, Frame, Visitor};
use std::ops::Range;

/// What a file holds, as far as it changes what a field means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An API's answer: `secret` names a secret there.
    Config,
    /// A Kubernetes listing whose objects' data is all secret.
    SecretData(&'static str),
    /// Log entries: written by anybody's program.
    Log,
}

/// JSON within JSON within …: deeper than programs log.
const MAX_NESTED: usize = 4;

/// Names of fields, headers and variables that hold secrets; without `_`, `-`, `.`, in lower case, as they end.
const SECRET_ENDS: [&str; 20] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "token",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "clientkey",
    "signingkey",
    "encryptionkey",
    "credential",
    "credentials",
    "authorization",
    "cookie",
    "sessionid",
    "sessid",
];

/// Whole names: everything below them is secret, whatever shape it has.
const SECRET_ROOTS: [&str; 8] = [
    "authorization",
    "proxyauthorization",
    "cookie",
    "setcookie",
    "password",
    "privatekey",
    "genericsecret",
    "sessionticketkeys",
];

/// Fields that carry the value of the object that their neighbour `name` or `key` names.
const VALUES: [&str; 11] = [
    "value",
    "rawValue",
    "raw_value",
    "exact",
    "exactMatch",
    "prefix",
    "prefixMatch",
    "suffix",
    "contains",
    "stringValue",
    "string",
];

/// Lists of headers that Envoy or a probe adds to messages.
const HEADER_LISTS: [&str; 5] = [
    "httpHeaders",
    "requestHeadersToAdd",
    "responseHeadersToAdd",
    "requestTrailersToAdd",
    "responseTrailersToAdd",
];

/// Whether a field of this name may hold headers: what is called so is not secret, what it holds is.
pub fn is_header_name(name: &str) -> bool {
    name == "headers" || HEADER_LISTS.iter().any(|list| plain(list) == plain(name))
}

/// Who makes the replacements.
pub trait Replace {
    /// Whether more is taken out than the user's own patterns match.
    fn is_on(&self) -> bool;
    /// The text without what the user's own patterns match.
    fn own(&mut self, text: &str) -> Option<String>;
    /// The text without what has the form of a secret.
    fn text(&mut self, text: &str, with_query: bool) -> Option<String>;
    /// The same of a text whose marks are known.
    fn marked(&mut self, text: &str, with_query: bool, wanted: Wanted) -> Option<String> {
        _ = wanted;
        self.text(text, with_query)
    }
    /// What stands in the place of a text that is secret as a whole.
    fn whole(&mut self, kind: &str, text: &str) -> String;
    /// What stands in the place of an environment value.
    fn env(&mut self, text: &str) -> String;
    /// A field's name, without what has the form of a secret.
    fn name(&mut self, name: &str) -> Option<String> {
        self.text(name, false)
    }
}

/// One file's texts, judged by field.
pub struct Fields<'r> {
    redactor: &'r mut dyn Replace,
    place: Place,
    nested: usize,
    marks: Option<Marked<'r>>,
}

/// The marks of a whole text.
struct Marked<'r> {
    left: &'r [Hit],
    /// Whether one may be a telling name.
    any_name: bool,
}

impl<'r> Fields<'r> {
    pub fn new(redactor: &'r mut dyn Replace, place: Place) -> Self {
        Self {
            redactor,
            place,
            nested: 0,
            marks: None,
        }
    }

    /// A log entry of which all marks are known: nothing else in it is looked at, so who replaces more than secrets must have
    /// marked it too.
    pub fn marked(redactor: &'r mut dyn Replace, hits: &'r [Hit]) -> Self {
        Self {
            marks: Some(Marked {
                left: hits,
                any_name: hits.iter().any(|hit| hit.wanted & NAME != 0),
            }),
            ..Self::new(redactor, Place::Log)
        }
    }

    /// What the marks say of a part of the text, if they are known. Texts come in their order.
    fn wanted(&mut self, at: &Range<usize>) -> Option<Wanted> {
        let marks = self.marks.as_mut()?;
        let from = marks.left.iter().take_while(|hit| hit.at < at.start).count();
        let (_, left) = marks.left.split_at(from);
        marks.left = left;
        let within = left.iter().take_while(|hit| hit.at < at.end);
        Some(within.fold(0, |all, hit| all | hit.wanted))
    }
}

impl Visitor for Fields<'_> {
    fn string(&mut self, way: &[Frame], text: &str, at: Range<usize>) -> Option<String> {
        let wanted = self.wanted(&at);
        // Without a telling name none of its texts is secret by its place.
        let no_name = self.marks.as_ref().is_some_and(|marks| !marks.any_name);
        if wanted == Some(0) && no_name {
            return None;
        }
        if text.is_empty() || tokens::is_replaced(text) {
            return None;
        }
        if !self.redactor.is_on() {
            return self.redactor.own(text);
        }
        if !no_name && let Some(new) = self.by_place(way, text) {
            return Some(new);
        }
        if let Some(new) = self.inner(text) {
            return Some(new);
        }
        let key = key_of(way, 0);
        let with_query = !is_of_pattern(key) && (self.place == Place::Log || text.contains("://"));
        if with_query && is_query_field(key) {
            return Some(self.redactor.whole("query", text));
        }
        match wanted {
            Some(wanted) if wanted & ESCAPE == 0 => self.redactor.marked(text, with_query, wanted),
            _ => self.redactor.text(text, with_query),
        }
    }

    fn scalar(&mut self, way: &[Frame], text: &str) -> Option<String> {
        let secret = self.redactor.is_on()
            && self.place == Place::Log
            && text.starts_with(|c: char| c.is_ascii_digit() || c == '-')
            && (is_secret_name(key_of(way, 0)) || below_root(way));
        secret.then(|| self.redactor.whole("secret", text))
    }

    fn key(&mut self, name: &str, at: Range<usize>) -> Option<String> {
        if self.wanted(&at) == Some(0) {
            return None;
        }
        // Names of fields are looked at for forms that no name of an API has.
        let telling = name.len() > 24 || name.contains(['@', '.', '/', '-']);
        telling.then(|| self.redactor.name(name)).flatten()
    }
}

impl Fields<'_> {
    /// What stands in the place of a text that its place makes secret, whatever it says.
    fn by_place(&mut self, way: &[Frame], text: &str) -> Option<String> {
        if is_env(way) {
            return Some(self.redactor.env(text));
        }
        if key_of(way, 0) == "kubectl.kubernetes.io/last-applied-configuration" {
            return Some(self.redactor.whole("last-applied", text));
        }
        let kind = self.kind_of(way, text)?;
        Some(self.redactor.whole(kind, text))
    }

    /// The kind of secret that the place of a text makes it.
    fn kind_of(&self, way: &[Frame], text: &str) -> Option<&'static str> {
        if let Place::SecretData(kind) = self.place
            && way
                .iter()
                .any(|f| matches!(&*f.key, "data" | "stringData" | "binaryData"))
        {
            return Some(kind);
        }
        let key = key_of(way, 0);
        let name = way.last().map_or("", |frame| &*frame.name);
        if is_value(key) && is_header_list(way) && !is_command(text) {
            return Some("header");
        }
        if is_header_map(way) {
            return Some("header");
        }
        if is_value(key) && enclosing_names(way).any(is_secret_name) {
            return Some("secret");
        }
        if self.place == Place::Config && is_label(way) {
            return None;
        }
        if is_secret_name(key) && !self.is_reference(way, key) && !is_name_of(name, key) {
            return Some("secret");
        }
        if below_root(way) && !self.is_reference(way, key) {
            return Some("secret");
        }
        let flag = way
            .last()
            .filter(|frame| frame.is_array)
            .map_or("", |f| &*f.before);
        if flag.starts_with('-') && !flag.contains('=') && is_secret_name(flag) && !text.starts_with('-') {
            return Some("secret");
        }
        None
    }

    /// Whether a field names a secret in place of holding it: `valueSource.secretKeyRef.secret`, a volume's `secret`.
    fn is_reference(&self, way: &[Frame], key: &str) -> bool {
        let parent = key_of(way, 1);
        self.place != Place::Log && matches!(key, "secret" | "secretName")
            || matches!(
                parent,
                "secretKeyRef" | "secret_key_ref" | "secretRef" | "configMapKeyRef"
            )
            || matches!(
                key,
                "nextPageToken" | "continue" | "resourceVersion" | "sdsSecretConfig"
            )
            || key == "name" && self.place != Place::Log
    }

    /// JSON in a text is judged as JSON.
    fn inner(&mut self, text: &str) -> Option<String> {
        if self.nested >= MAX_NESTED || !is_json(text) {
            return None;
        }
        let mut fields = Fields {
            redactor: &mut *self.redactor,
            place: self.place,
            nested: self.nested + 1,
            marks: None,
        };
        match walk::rewrite(text, &mut fields) {
            Ok(std::borrow::Cow::Owned(new)) => Some(new),
            _ => None,
        }
    }
}

/// Whether a text is JSON with texts in it. Most are told by their beginning.
pub fn is_json(text: &str) -> bool {
    let trimmed = text.trim_start();
    let parsed = || serde_json::from_str::<serde::de::IgnoredAny>(text);
    trimmed.starts_with(['{', '[']) && trimmed.contains('"') && parsed().is_ok()
}

/// The nearest field names of a value, from the inside.
fn keys<'w>(way: &'w [Frame]) -> impl Iterator<Item = &'w str> {
    way.iter().rev().filter(|f| !f.is_array).map(|f| &*f.key)
}

fn key_of<'w>(way: &'w [Frame], up: usize) -> &'w str {
    keys(way).nth(up).unwrap_or_default()
}

/// `env[].value`, of Cloud Run containers and of pods.
fn is_env(way: &[Frame]) -> bool {
    match way {
        [.., list, array, object] => list.key == "env" && array.is_array && object.key == "value",
        _ => false,
    }
}

/// A header's value in a list of headers; Envoy puts the header itself one level deeper.
fn is_header_list(way: &[Frame]) -> bool {
    let spelling = |key: &str| HEADER_LISTS.iter().any(|list| plain(list) == plain(key));
    keys(way).skip(1).take(2).any(spelling)
}

/// A label, or what a selector asks of one: anybody may see them, whatever they are called.
fn is_label(way: &[Frame]) -> bool {
    matches!(
        (key_of(way, 2), key_of(way, 1)),
        ("metadata", "labels") | ("spec", "selector") | (_, "matchLabels")
    ) && !way.last().is_some_and(|frame| frame.is_array)
}

/// A VirtualService's `headers.request.set` and its like: a map of header to value.
fn is_header_map(way: &[Frame]) -> bool {
    matches!(key_of(way, 1), "set" | "add")
        && matches!(key_of(way, 2), "request" | "response")
        && key_of(way, 3) == "headers"
}

fn is_value(key: &str) -> bool {
    VALUES.iter().any(|value| value.eq_ignore_ascii_case(key))
}

/// Envoy's own commands (`%DOWNSTREAM_REMOTE_ADDRESS%`) are no secrets.
fn is_command(text: &str) -> bool {
    text.len() > 2 && text.starts_with('%') && text.ends_with('%') && text.matches('%').count() == 2
}

/// What the objects round a value are named, and the fields that they stand in: `{"name": "authorization", "exact": …}`,
/// `"authorization": {"exact": …}`.
fn enclosing_names<'w>(way: &'w [Frame]) -> impl Iterator<Item = &'w str> {
    let own = way.iter().rev().take(2).map(|frame| &*frame.name);
    own.chain(keys(way).skip(1).take(2))
        .filter(|name| !name.is_empty())
}

fn below_root(way: &[Frame]) -> bool {
    keys(way).any(|key| ends_as(key, b"nedyts") && SECRET_ROOTS.contains(&plain(key).as_str()))
}

/// `{"name": "token", "key": …}` tells the name of a key, not its value.
fn is_name_of(name: &str, key: &str) -> bool {
    key == "key" && !name.is_empty()
}

/// Whether what is called so is secret.
pub fn is_secret_name(name: &str) -> bool {
    if name.len() < 3 || name.len() > 120 || !ends_as(name, b"deslnty") {
        return false;
    }
    let name = plain(name);
    name == "pass" || name == "sid" || SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether a name's last letter is one of these: most names need no second look.
fn ends_as(name: &str, letters: &[u8]) -> bool {
    let last = name.bytes().rev().find(u8::is_ascii_alphanumeric);
    last.is_some_and(|last| letters.contains(&last.to_ascii_lowercase()))
}

/// Whether a field holds a pattern, in which `?` asks for nothing.
pub fn is_of_pattern(key: &str) -> bool {
    let mut parts = key.as_bytes().windows(5);
    parts.any(|part| part.eq_ignore_ascii_case(b"regex"))
}

fn is_query_field(key: &str) -> bool {
    ends_as(key, b"ygs")
        && matches!(
            plain(key).as_str(),
            "query" | "querystring" | "rawquery" | "queryparams"
        )
}

/// Without separators, in lower case.
fn plain(name: &str) -> String {
    name.chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}
