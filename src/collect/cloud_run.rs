//! Cloud Run: services and revisions of every region in scope.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::permissions::Need;
use super::{Api, Outcome};
use futures_util::future::join_all;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub const NAME: &str = "cloud-run";

pub const NEEDS: &[Need] = &[
    Need::of(NAME, "run.services.list", "the services and what mesh they name"),
    Need::of(NAME, "run.revisions.list", "the revisions that serve"),
    Need::of(NAME, "run.locations.list", "the regions, where none is given"),
];

const SERVICES: Paging = Paging::new("services", Some(("pageSize", "100")));
const REVISIONS: Paging = Paging::new("revisions", Some(("pageSize", "100")));
const LOCATIONS: Paging = Paging::new("locations", Some(("pageSize", "100")));

/// `services_seen` is called once every service is listed, or could not be: others wait for what they name. It hears whether all
/// were.
pub async fn collect(means: &Means, services_seen: impl Fn(bool) + Sync) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    let (left, whole) = (AtomicUsize::new(projects.len()), AtomicBool::new(true));
    let seen = |all: bool| {
        whole.fetch_and(all, Ordering::Relaxed);
        if left.fetch_sub(1, Ordering::AcqRel) == 1 {
            services_seen(whole.load(Ordering::Relaxed));
        }
    };
    join_all(projects.iter().map(|project| of_project(&book, project, &seen))).await;
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str, seen: &(dyn Fn(bool) + Sync)) {
    let regions = match book.means.scope.regions.as_slice() {
        [] => regions(book, project).await,
        given => Some(given.to_vec()),
    };
    let Some(regions) = regions else {
        return seen(false);
    };
    let services = async {
        let listed = join_all(regions.iter().map(|region| services(book, project, region))).await;
        seen(listed.iter().all(|listed| *listed));
    };
    tokio::join!(
        services,
        join_all(regions.iter().map(|region| revisions(book, project, region))),
    );
}

/// The regions that Cloud Run has: a listing of services takes no `-` in their place.
async fn regions(book: &Book<'_>, project: &str) -> Option<Vec<String>> {
    let path = format!("v1/projects/{}/locations", segment(project));
    let call = Call::get(Api::Run, path, format!("list the Cloud Run regions of {project}"))
        .needs("run.locations.list", format!("projects/{project}"));
    match book.means.client.list(&call, LOCATIONS).await {
        Ok(listing) => {
            let value = listing.value();
            let locations = value.get("locations").and_then(|l| l.as_array());
            let ids = locations
                .into_iter()
                .flatten()
                .filter_map(|location| Some(location.get("locationId")?.as_str()?.to_owned()));
            Some(ids.collect())
        }
        Err(error) => {
            book.fail(error.into_failure(&call));
            None
        }
    }
}

/// Whether the services of a region were listed.
async fn services(book: &Book<'_>, project: &str, region: &str) -> bool {
    let call = Call::get(
        Api::Run,
        format!("{}/services", place(project, region)),
        format!("list the Cloud Run services of {project} in {region}"),
    )
    .needs("run.services.list", format!("projects/{project}"));
    let file = format!("{NAME}/{project}/{region}/services.json");
    book.list(&call, SERVICES, &file).await.is_some()
}

async fn revisions(book: &Book<'_>, project: &str, region: &str) {
    let call = Call::get(
        Api::Run,
        format!("{}/services/-/revisions", place(project, region)),
        format!("list the Cloud Run revisions of {project} in {region}"),
    )
    .needs("run.revisions.list", format!("projects/{project}"));
    let file = format!("{NAME}/{project}/{region}/revisions.json");
    book.list(&call, REVISIONS, &file).await;
}

fn place(project: &str, region: &str) -> String {
    format!("v2/projects/{}/locations/{}", segment(project), segment(region))
}
