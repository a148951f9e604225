//! Cloud Logging: what the services and their sidecars logged, read newest first, streamed to disk.
mod filter;
mod pace;
mod segments;

pub use filter::{Sign, Wanted};

use super::gather::{Book, Means};
use super::google::{Call, CallError};
use super::permissions::Need;
use super::{Api, Failure, Outcome};
use futures_util::future::join_all;
use jiff::Timestamp;
use pace::Pace;
use segments::Segments;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;
use serde_json::value::RawValue;
use std::collections::BTreeSet;

pub const NAME: &str = "logging";

pub const NEEDS: &[Need] = &[Need::of(
    NAME,
    "logging.logEntries.list",
    "what the services and their sidecars logged",
)];

/// The largest page that the API gives.
const PAGE: u64 = 1000;

/// What to read.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub wanted: Wanted,
    /// The most entries that are read of one project.
    pub most: u64,
    /// Whether clusters are in scope, whose proxies have access logs of their own.
    pub clusters: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page<'a> {
    #[serde(borrow, default)]
    entries: Vec<&'a RawValue>,
    #[serde(default)]
    next_page_token: String,
    error: Option<IgnoredAny>,
}

pub async fn collect(means: &Means, options: &Options) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    join_all(projects.iter().map(|project| of_project(&book, project, options))).await;
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str, options: &Options) {
    let file = format!("{NAME}/{project}/entries.ndjson");
    let mut pace = Pace::default();
    let mut segments = Segments::default();
    let mut filters = vec![options.wanted.services()];
    if options.clusters && *project == book.means.scope.project {
        filters.push(options.wanted.clusters());
    }
    let mut whole = true;
    for filter in filters {
        let call = Call::post(
            Api::Logging,
            "v2/entries:list",
            format!("read the logs of {project}"),
            json!({
                "resourceNames": [format!("projects/{project}")],
                "filter": filter,
                "orderBy": "timestamp desc",
                "pageSize": PAGE,
            }),
        )
        .needs("logging.logEntries.list", format!("projects/{project}"));
        if let Err(failure) = read(book, call, options.most, &mut pace, &mut segments).await {
            book.fail(failure);
            whole = false;
        }
    }
    // Each entry is true by itself: what was read counts, even where the rest could not be had.
    if !whole && segments.is_empty() {
        return;
    }
    let kept = book
        .means
        .store
        .writer(&file)
        .and_then(|mut writer| segments.write(&mut writer));
    match kept {
        // So that a log without entries counts as brought.
        Ok(()) => book.count(0),
        Err(error) => {
            book.means.store.discard(&file);
            book.fail(Failure {
                call: format!("keep the logs of {project}"),
                error: error.to_string(),
                permission: None,
                resource: None,
            });
        }
    }
}

/// All pages of one filter.
async fn read(
    book: &Book<'_>,
    mut call: Call,
    most: u64,
    pace: &mut Pace,
    segments: &mut Segments,
) -> Result<(), Failure> {
    let mut read = 0;
    let mut tokens = BTreeSet::new();
    loop {
        let page = async {
            pace.wait().await;
            book.means.client.send(&call).await
        };
        let deadline = book.means.client.deadline();
        let answer = tokio::select! {
            biased;
            () = book.means.client.stopped() => Err(CallError::interrupted()),
            answer = tokio::time::timeout_at(deadline, page) => answer.unwrap_or_else(|_| Err(CallError::late())),
        };
        let next = answer.and_then(|body| {
            let page: Page = serde_json::from_slice(&body).map_err(|_| CallError::unreadable(&body))?;
            if page.entries.iter().any(|entry| !entry.get().starts_with('{')) {
                return Err(CallError::plain("`entries` of the answer is not as the API has it: not all are objects"));
            }
            if page.error.is_some() {
                return Err(CallError::under_success(&body, &call));
            }
            let room = usize::try_from(most - read).unwrap_or(usize::MAX);
            let kept = page.entries.get(..room.min(page.entries.len())).unwrap_or_default();
            let kept_on_disk = segments.add(kept);
            kept_on_disk.map_err(|error| CallError::plain(format!("cannot be kept on disk: {error}")))?;
            read += kept.len() as u64;
            book.count(kept.len() as u64);
            if kept.len() < page.entries.len() || (read >= most && !page.next_page_token.is_empty()) {
                return Err(CallError::plain(format!(
                    "more than {most} entries: older ones were left out; narrow --since or --service, or raise --max-log-entries"
                )));
            }
            Ok(page.next_page_token)
        });
        let token = next.map_err(|error| error.into_failure(&call))?;
        if token.is_empty() {
            return Ok(());
        }
        if let Some(body) = call.body.as_mut() {
            body["pageToken"] = token.clone().into();
        }
        if !tokens.insert(token) {
            let error = format!(
                "the API gave the same page token twice, after {read} entries: its pages go round in a circle"
            );
            return Err(CallError::plain(error).into_failure(&call));
        }
    }
}

/// The time from which on entries count.
pub fn from(now: Timestamp, since_seconds: i64) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_secs(since_seconds))
        .unwrap_or(Timestamp::MIN)
}
