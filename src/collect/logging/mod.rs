//! Cloud Logging: what the services and their sidecars logged, read newest first, streamed to disk.
mod filter;
mod pace;
mod reader;
mod segments;

pub use filter::Wanted;

use super::gather::{Book, Means};
use super::google::Call;
use super::permissions::Need;
use super::{Api, Failure, FailureKind, Outcome};
use crate::logs::{ENOUGH, Signature};
use futures_util::future::join_all;
use jiff::Timestamp;
use reader::Reader;
use segments::Segments;
use serde_json::json;
use std::sync::Arc;

pub const NAME: &str = "logging";

pub const NEEDS: &[Need] = &[Need::of(
    NAME,
    "logging.logEntries.list",
    "what the services and their sidecars logged",
)];

/// The largest page that the API gives.
const PAGE: u64 = 1000;

/// What to read.
#[derive(Debug, Clone)]
pub struct Options {
    pub wanted: Wanted,
    /// What is looked for: an entry in which nothing is found says nothing twice.
    pub signatures: Arc<[Signature]>,
    /// The most entries that are read of one project.
    pub most: u64,
    /// Whether clusters are in scope, whose proxies have access logs of their own.
    pub clusters: bool,
}

pub async fn collect(means: &Means, options: &Options) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    join_all(projects.iter().map(|project| of_project(&book, project, options))).await;
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str, options: &Options) {
    let mut reader = Reader::new(book, &options.signatures, options.most);
    let wanted = &options.wanted;
    let call = |filter: String| {
        Call::post(
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
        .needs("logging.logEntries.list", format!("projects/{project}"))
    };
    let of_services = reader
        .read(call(wanted.services()), |known| wanted.rest_of_services(known))
        .await;
    let of_clusters = if options.clusters && *project == book.means.scope.project {
        reader
            .read(call(wanted.clusters()), |known| wanted.rest_of_clusters(known))
            .await
    } else {
        Ok(())
    };
    let whole = of_services.is_ok() && of_clusters.is_ok();
    // What stops both is told once.
    let again = of_services == of_clusters;
    let failures = [of_services.err(), of_clusters.err().filter(|_| !again)];
    for failure in failures.into_iter().flatten() {
        book.fail(failure);
    }
    if let Some(time) = &reader.repeats_before {
        book.note(format!(
            "of the logs of {project} before {time}, entries that say what was said {ENOUGH} times were left out: such counts are \
             lower bounds, and the first may have come earlier"
        ));
        book.counted_to(project, ENOUGH);
    }
    // Each entry is true by itself: what was read counts, even where the rest could not be had.
    if whole || !reader.segments.is_empty() {
        keep(book, project, reader.segments);
    }
}

fn keep(book: &Book<'_>, project: &str, segments: Segments) {
    let file = format!("{NAME}/{project}/entries.ndjson");
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
            let failure = Failure::new(FailureKind::Other, error.to_string());
            book.fail(failure.of_call(format!("keep the logs of {project}")));
        }
    }
}

/// The time from which on entries count.
pub fn from(now: Timestamp, since_seconds: i64) -> Timestamp {
    now.checked_sub(jiff::SignedDuration::from_secs(since_seconds))
        .unwrap_or(Timestamp::MIN)
}
