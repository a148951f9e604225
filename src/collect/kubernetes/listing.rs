//! One kind's listing: its pages joined to one List, streamed into the kind's file.
use super::connect::Connection;
use super::kinds::Kind;
use super::request::Trouble;
use crate::collect::refusal::one_line;
use crate::collect::{FailureKind, Store};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// Items a page: what kubectl asks for.
const LIMIT: usize = 500;
/// How often an expired listing starts again.
const RESTARTS: usize = 3;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "apiVersion")]
    api_version: Cow<'a, str>,
    #[serde(default)]
    metadata: Metadata,
    // Go writes an empty list as null.
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    resource_version: Option<String>,
    #[serde(rename = "continue")]
    next: Option<String>,
}

/// A listing on its way to its file. Until it is finished, the store forgets the file: half a list must not pass for one.
pub struct Listing<'a> {
    pub connection: &'a Connection,
    pub kind: &'a Kind,
    pub store: &'a Store,
    pub layout_path: String,
    pub deadline: Instant,
    /// Counts items as they come.
    pub counter: &'a AtomicU64,
    items: u64,
    finished: bool,
}

impl Drop for Listing<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.forget_items();
            self.store.discard(&self.layout_path);
        }
    }
}

impl<'a> Listing<'a> {
    pub fn new(
        connection: &'a Connection,
        kind: &'a Kind,
        store: &'a Store,
        layout_path: String,
        counter: &'a AtomicU64,
        deadline: Instant,
    ) -> Self {
        Self {
            connection,
            kind,
            store,
            layout_path,
            deadline,
            counter,
            items: 0,
            finished: false,
        }
    }

    /// Lists the namespaces given (none: the whole cluster) and returns the number of items.
    ///
    /// # Errors
    /// The trouble, and the namespace it was met in.
    pub async fn run(mut self, namespaces: &[Option<&str>]) -> Result<u64, (Trouble, Option<String>)> {
        let mut restarts = 0;
        loop {
            match self.attempt(namespaces).await {
                Err((Trouble::Expired(text), place)) if restarts == RESTARTS => {
                    let text = format!(
                        "{text}; the list expired {} times before its last page",
                        RESTARTS + 1
                    );
                    return Err((Trouble::Final(FailureKind::Other, text), place));
                }
                Err((Trouble::Expired(_), _)) => restarts += 1,
                Err(trouble) => return Err(trouble),
                Ok(()) => {
                    self.finished = true;
                    return Ok(self.items);
                }
            }
        }
    }

    fn forget_items(&mut self) {
        self.counter.fetch_sub(self.items, Ordering::Relaxed);
        self.items = 0;
    }

    async fn attempt(&mut self, namespaces: &[Option<&str>]) -> Result<(), (Trouble, Option<String>)> {
        self.forget_items();
        let mut out = self
            .store
            .writer(&self.layout_path)
            .map_err(|e| (disk(&e), None))?;
        let mut served = None;
        for namespace in namespaces {
            let listed = self.namespace(&mut out, &mut served, *namespace).await;
            listed.map_err(|trouble| (trouble, namespace.map(str::to_owned)))?;
        }
        let end = out.write_all(b"\n]}\n").and_then(|()| out.flush());
        end.map_err(|error| (disk(&error), None))
    }

    /// All pages of one namespace, in the first version that is served.
    async fn namespace(
        &mut self,
        out: &mut BufWriter<File>,
        served: &mut Option<&'static str>,
        namespace: Option<&str>,
    ) -> Result<(), Trouble> {
        let candidates = match served {
            Some(version) => std::slice::from_ref(version).to_vec(),
            None => self.kind.versions.to_vec(),
        };
        let mut not_served = Trouble::Final(FailureKind::Other, "the kind has no version".into());
        for version in candidates {
            let begin = served.is_none();
            match self.pages(out, &self.kind.path(version, namespace), begin).await {
                Err(trouble @ Trouble::NotServed(_)) => not_served = trouble,
                Err(trouble) => return Err(trouble),
                Ok(()) => {
                    *served = Some(version);
                    return Ok(());
                }
            }
        }
        Err(not_served)
    }

    async fn pages(&mut self, out: &mut BufWriter<File>, path: &str, mut begin: bool) -> Result<(), Trouble> {
        let mut seen = HashSet::new();
        let mut query = format!("{path}?limit={LIMIT}");
        loop {
            let bytes = match self.connection.get(&query, self.deadline).await {
                // A kind does not go away in the middle of its list.
                Err(Trouble::NotServed(text)) if !seen.is_empty() => {
                    return Err(Trouble::Final(FailureKind::Other, text));
                }
                answer => answer?,
            };
            let page = read(&bytes)?;
            if begin {
                start(out, &page).map_err(|error| disk(&error))?;
                begin = false;
            }
            for item in page.items.iter().flatten() {
                let comma: &[u8] = if self.items == 0 { b"\n" } else { b",\n" };
                let written = out
                    .write_all(comma)
                    .and_then(|()| out.write_all(item.get().as_bytes()));
                written.map_err(|error| disk(&error))?;
                self.items += 1;
                self.counter.fetch_add(1, Ordering::Relaxed);
            }
            let Some(next) = page.metadata.next.filter(|next| !next.is_empty()) else {
                return Ok(());
            };
            query = format!(
                "{path}?limit={LIMIT}&continue={}",
                utf8_percent_encode(&next, NON_ALPHANUMERIC)
            );
            if !seen.insert(next) {
                let circle = "the server gave the same continue token twice: its pages go round in a circle";
                return Err(Trouble::Final(FailureKind::Unreadable, circle.into()));
            }
        }
    }
}

fn read(bytes: &[u8]) -> Result<Page<'_>, Trouble> {
    let begins = || {
        one_line(&String::from_utf8_lossy(
            bytes.get(..80.min(bytes.len())).unwrap_or_default(),
        ))
    };
    let page: Page = serde_json::from_slice(bytes).map_err(|error| {
        let text = format!("the answer is no List in JSON: {error}; it begins {}", begins());
        Trouble::Final(FailureKind::Unreadable, text)
    })?;
    if page.kind.ends_with("List") {
        return Ok(page);
    }
    let text = format!("the answer is no List; it begins {}", begins());
    Err(Trouble::Final(FailureKind::Unreadable, text))
}

/// The List's head, from its first page; the token and the count of what remains are the page's alone.
fn start(out: &mut BufWriter<File>, page: &Page) -> std::io::Result<()> {
    let mut metadata = serde_json::Map::new();
    if let Some(version) = &page.metadata.resource_version {
        metadata.insert("resourceVersion".into(), version.as_str().into());
    }
    let kind = serde_json::Value::from(page.kind.as_ref());
    let api_version = serde_json::Value::from(page.api_version.as_ref());
    let metadata = serde_json::Value::Object(metadata);
    write!(
        out,
        r#"{{"kind":{kind},"apiVersion":{api_version},"metadata":{metadata},"items":["#
    )
}

fn disk(error: &std::io::Error) -> Trouble {
    let text = format!("the listing could not be written: {error}");
    Trouble::Final(FailureKind::Other, text)
}
