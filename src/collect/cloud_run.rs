//! Cloud Run: services and revisions of every region in scope.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::permissions::Need;
use super::{Api, Outcome};
use futures_util::future::join_all;

pub const NAME: &str = "cloud-run";

pub const NEEDS: &[Need] = &[
    Need::of(NAME, "run.services.list", "the services and what mesh they name"),
    Need::of(NAME, "run.revisions.list", "the revisions that serve"),
    Need::of(NAME, "run.locations.list", "the regions, where none is given"),
];

const SERVICES: Paging = Paging::new("services", Some(("pageSize", "100")));
const REVISIONS: Paging = Paging::new("revisions", Some(("pageSize", "100")));
const LOCATIONS: Paging = Paging::new("locations", Some(("pageSize", "100")));

pub async fn collect(means: &Means) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    join_all(projects.iter().map(|project| of_project(&book, project))).await;
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str) {
    let regions = match book.means.scope.regions.as_slice() {
        [] => regions(book, project).await,
        given => given.to_vec(),
    };
    join_all(regions.iter().map(|region| of_region(book, project, region))).await;
}

/// The regions that Cloud Run has: a listing of services takes no `-` in their place.
async fn regions(book: &Book<'_>, project: &str) -> Vec<String> {
    let path = format!("v1/projects/{}/locations", segment(project));
    let call = Call::get(Api::Run, path, format!("list the Cloud Run regions of {project}"))
        .needs("run.locations.list", format!("projects/{project}"));
    match book.means.client.list(&call, LOCATIONS).await {
        Ok(listing) => {
            let value = listing.value();
            let locations = value.get("locations").and_then(|l| l.as_array());
            locations
                .into_iter()
                .flatten()
                .filter_map(|location| Some(location.get("locationId")?.as_str()?.to_owned()))
                .collect()
        }
        Err(error) => {
            book.fail(error.into_failure(&call));
            Vec::new()
        }
    }
}

async fn of_region(book: &Book<'_>, project: &str, region: &str) {
    let place = format!("v2/projects/{}/locations/{}", segment(project), segment(region));
    let resource = format!("projects/{project}");
    let services = Call::get(
        Api::Run,
        format!("{place}/services"),
        format!("list the Cloud Run services of {project} in {region}"),
    )
    .needs("run.services.list", resource.clone());
    let revisions = Call::get(
        Api::Run,
        format!("{place}/services/-/revisions"),
        format!("list the Cloud Run revisions of {project} in {region}"),
    )
    .needs("run.revisions.list", resource);
    let folder = format!("{NAME}/{project}/{region}");
    let (services_file, revisions_file) = (
        format!("{folder}/services.json"),
        format!("{folder}/revisions.json"),
    );
    tokio::join!(
        book.list(&services, SERVICES, &services_file),
        book.list(&revisions, REVISIONS, &revisions_file),
    );
}
