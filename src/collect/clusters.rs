//! GKE: the clusters of the fleet's project.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::permissions::Need;
use super::{Api, Outcome};

pub const NAME: &str = "clusters";

pub const NEEDS: &[Need] = &[Need::of(
    NAME,
    "container.clusters.list",
    "networks and pod ranges of the clusters",
)];

/// One answer without pages.
const CLUSTERS: Paging = Paging::new("clusters", None);

pub async fn collect(means: &Means) -> Outcome {
    let book = Book::open(means, NAME);
    let project = &means.scope.project;
    let path = format!("v1/projects/{}/locations/-/clusters", segment(project));
    let call = Call::get(
        Api::Container,
        path,
        format!("list the GKE clusters of {project}"),
    )
    .needs("container.clusters.list", format!("projects/{project}"));
    book.list(&call, CLUSTERS, &format!("{NAME}/{project}/clusters.json"))
        .await;
    book.close()
}
