//! All pages of a filter, newest first. A log that is long is read to its end all the same: once enough was read, what it says
//! again and again is left out of the question.
use super::filter::Known;
use super::pace::Pace;
use super::segments::Segments;
use crate::collect::Failure;
use crate::collect::gather::Book;
use crate::collect::google::{Call, CallError};
use crate::collect::until::Ended;
use crate::logs::{Repeats, Signature};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

/// Entries that are read as they come before anything is left out.
const WHOLE: u64 = 5_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow, default)]
    entries: Vec<&'a RawValue>,
    #[serde(default)]
    next_page_token: String,
    error: Option<IgnoredAny>,
}

/// What tells an entry from another, and who logged it.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Head<'a> {
    #[serde(borrow)]
    insert_id: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    resource: Resource<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    labels: Labels<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Labels<'a> {
    #[serde(borrow)]
    service_name: Cow<'a, str>,
}

impl<'a> Head<'a> {
    fn of(entry: &'a RawValue) -> Self {
        serde_json::from_str(entry.get()).unwrap_or_default()
    }
}

/// The oldest time that was read, and the entries of that time.
#[derive(Default)]
struct Edge {
    time: String,
    ids: HashSet<String>,
}

impl Edge {
    fn holds(&self, head: &Head) -> bool {
        head.timestamp == self.time && self.ids.contains(head.insert_id.as_ref())
    }

    fn add(&mut self, head: &Head) {
        if head.timestamp != self.time {
            self.time = head.timestamp.to_string();
            self.ids.clear();
        }
        self.ids.insert(head.insert_id.to_string());
    }
}

/// One project's logs.
pub struct Reader<'r> {
    book: &'r Book<'r>,
    /// The most entries of one filter.
    most: u64,
    signatures: &'r [Signature],
    pace: Pace,
    pub segments: Segments,
    /// From which time on, backward, repeats were left out.
    pub repeats_before: Option<String>,
}

impl<'r> Reader<'r> {
    pub fn new(book: &'r Book<'r>, signatures: &'r [Signature], most: u64) -> Self {
        Self {
            book,
            most,
            signatures,
            pace: Pace::default(),
            segments: Segments::default(),
            repeats_before: None,
        }
    }

    /// Reads to the end. `rest` is the filter for what is left once something is known.
    pub async fn read(&mut self, mut call: Call, rest: impl Fn(&Known) -> String) -> Result<(), Failure> {
        let mut so_far = SoFar::new(self.signatures, filter_of(&call));
        loop {
            let next = self.page(&call).await.and_then(|body| {
                let page: Page = serde_json::from_slice(&body).map_err(|_| CallError::unreadable(&body))?;
                if page.entries.iter().any(|entry| !entry.get().starts_with('{')) {
                    return Err(CallError::odd(
                        "`entries` of the answer is not as the API has it: not all are objects",
                    ));
                }
                if page.error.is_some() {
                    return Err(CallError::under_success(&body, &call));
                }
                self.keep(&page, &mut so_far)?;
                if !page.next_page_token.is_empty() && so_far.read >= WHOLE {
                    so_far.learn(&page, &rest);
                }
                Ok(page.next_page_token)
            });
            let token = next.map_err(|error| error.into_failure(&call))?;
            if token.is_empty() {
                return Ok(());
            }
            if let Some(filter) = so_far.narrower.take() {
                so_far.tokens.clear();
                ask(&mut call, &filter, "");
                if so_far.leaves_repeats_out() && self.repeats_before.is_none() {
                    self.repeats_before = Some(so_far.edge.time.clone());
                }
                continue;
            }
            let filter = filter_of(&call);
            ask(&mut call, &filter, &token);
            if !so_far.tokens.insert(token) {
                let error = format!(
                    "the API gave the same page token twice, after {} entries: its pages go round in a circle",
                    so_far.read
                );
                return Err(CallError::odd(error).into_failure(&call));
            }
        }
    }

    async fn page(&mut self, call: &Call) -> Result<Vec<u8>, CallError> {
        let client = &self.book.means.client;
        let page = async {
            self.pace.wait().await;
            client.send(call).await
        };
        match client.until().wait(page).await {
            Ok(answer) => answer,
            Err(Ended::Stopped) => Err(CallError::interrupted()),
            Err(Ended::Late) => Err(CallError::late()),
        }
    }

    /// Keeps what is new of a page.
    fn keep(&mut self, page: &Page, so_far: &mut SoFar) -> Result<(), CallError> {
        let mut fresh = Vec::with_capacity(page.entries.len());
        for entry in &page.entries {
            let head = Head::of(entry);
            if !so_far.edge.holds(&head) {
                so_far.edge.add(&head);
                fresh.push(*entry);
            }
        }
        let room = usize::try_from(self.most - so_far.read).unwrap_or(usize::MAX);
        let kept = fresh.get(..room.min(fresh.len())).unwrap_or_default();
        let kept_on_disk = self.segments.add(kept);
        kept_on_disk.map_err(|error| CallError::plain(format!("cannot be kept on disk: {error}")))?;
        so_far.read += kept.len() as u64;
        self.book.count(kept.len() as u64);
        if kept.len() < fresh.len() || (so_far.read >= self.most && !page.next_page_token.is_empty()) {
            return Err(CallError::plain(format!(
                "more than {} entries: older ones were left out; narrow --since or --service, or raise --max-log-entries",
                self.most
            )));
        }
        Ok(())
    }
}

/// What is known of one filter's entries.
struct SoFar<'s> {
    read: u64,
    tokens: BTreeSet<String>,
    edge: Edge,
    /// Without its time.
    filter: String,
    /// A new question that takes the place of the next page, which costs as many reads.
    narrower: Option<String>,
    services: BTreeSet<String>,
    signatures: &'s [Signature],
    repeats: Option<Repeats<'s>>,
}

impl<'s> SoFar<'s> {
    fn new(signatures: &'s [Signature], filter: String) -> Self {
        Self {
            read: 0,
            tokens: BTreeSet::new(),
            edge: Edge::default(),
            filter,
            narrower: None,
            services: BTreeSet::new(),
            signatures,
            repeats: None,
        }
    }

    fn leaves_repeats_out(&self) -> bool {
        self.repeats
            .as_ref()
            .is_some_and(|repeats| !repeats.known().is_empty())
    }

    /// Learns what is said often, and whether the rest may be asked for without it.
    fn learn(&mut self, page: &Page, rest: impl Fn(&Known) -> String) {
        let repeats = self.repeats.get_or_insert_with(|| Repeats::new(self.signatures));
        repeats.read(page.entries.iter().map(|entry| entry.get()));
        let names = page
            .entries
            .iter()
            .map(|entry| Head::of(entry).resource.labels.service_name);
        self.services
            .extend(names.filter(|name| !name.is_empty()).map(Cow::into_owned));
        let filter = rest(&Known {
            services: &self.services,
            repeats: repeats.known(),
        });
        if filter != self.filter && !self.edge.time.is_empty() {
            self.narrower = Some(format!("{filter}\ntimestamp<=\"{}\"", self.edge.time));
            self.filter = filter;
        }
    }
}

fn filter_of(call: &Call) -> String {
    let filter = call.body.as_ref().and_then(|body| body.get("filter")?.as_str());
    filter.unwrap_or_default().to_owned()
}

/// Sets the question, and the page of it; no token asks for the first.
fn ask(call: &mut Call, filter: &str, token: &str) {
    let Some(body) = call.body.as_mut().and_then(serde_json::Value::as_object_mut) else {
        return;
    };
    body.insert("filter".to_owned(), filter.into());
    if token.is_empty() {
        body.remove("pageToken");
    } else {
        body.insert("pageToken".to_owned(), token.into());
    }
}
