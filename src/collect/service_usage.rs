//! Service Usage: which APIs are enabled.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::permissions::Need;
use super::{Api, Outcome};
use futures_util::future::join_all;

pub const NAME: &str = "service-usage";

pub const NEEDS: &[Need] = &[Need::of(
    NAME,
    "serviceusage.services.list",
    "which APIs are enabled",
)];

/// The page size may be at most 200.
const SERVICES: Paging = Paging::new("services", Some(("pageSize", "200")));

pub async fn collect(means: &Means) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    join_all(projects.iter().map(|project| of_project(&book, project))).await;
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str) {
    let path = format!("v1/projects/{}/services", segment(project));
    let call = Call::get(
        Api::ServiceUsage,
        path,
        format!("list the enabled APIs of {project}"),
    )
    .query("filter", "state:ENABLED")
    .needs("serviceusage.services.list", format!("projects/{project}"));
    book.list(&call, SERVICES, &format!("{NAME}/{project}/services.json"))
        .await;
}
