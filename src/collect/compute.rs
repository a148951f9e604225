//! Compute Engine: networks, firewalls, and by place subnetworks, addresses, backend services, endpoint groups.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::named::Told;
use super::permissions::Need;
use super::{Api, Outcome};
use futures_util::future::join_all;

pub const NAME: &str = "compute";

pub const NEEDS: &[Need] = &[
    Need::of(
        NAME,
        "compute.networks.list",
        "the VPC networks and their peerings",
    ),
    Need::of(
        NAME,
        "compute.firewalls.list",
        "the firewall rules between clients and pods",
    ),
    Need::of(
        NAME,
        "compute.subnetworks.list",
        "the ranges of clients, nodes and pods",
    ),
    Need::of(
        NAME,
        "compute.addresses.list",
        "reserved addresses that DNS records name",
    ),
    Need::of(
        NAME,
        "compute.backendServices.list",
        "what Traffic Director made of the services",
    ),
    Need::of(
        NAME,
        "compute.networkEndpointGroups.list",
        "the endpoint groups of the clusters",
    ),
];

/// File, path below the project, permission.
const LISTINGS: [(&str, &str, &str); 6] = [
    ("networks", "global/networks", "compute.networks.list"),
    ("firewalls", "global/firewalls", "compute.firewalls.list"),
    (
        "subnetworks",
        "aggregated/subnetworks",
        "compute.subnetworks.list",
    ),
    ("addresses", "aggregated/addresses", "compute.addresses.list"),
    (
        "backend-services",
        "aggregated/backendServices",
        "compute.backendServices.list",
    ),
    (
        "network-endpoint-groups",
        "aggregated/networkEndpointGroups",
        "compute.networkEndpointGroups.list",
    ),
];

const FLAT: Paging = Paging::new("items", Some(("maxResults", "500")));
const BY_PLACE: Paging = Paging::by_place("items", Some(("maxResults", "500")));

/// The fleet's project, and those whose networks the services are on.
pub async fn collect(means: &Means, mut told: Told) -> Outcome {
    let book = Book::open(means, NAME);
    tokio::join!(of_project(&book, &means.scope.project, false), async {
        let hosts = told.named().await.hosts;
        join_all(hosts.iter().map(|host| of_project(&book, host, true))).await
    });
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str, extra: bool) {
    let asked = |(file, ..): &(&str, &str, &str)| book.means.asked.listing(NAME, file);
    let listings = LISTINGS.into_iter().filter(asked);
    join_all(listings.map(|(file, path, permission)| async move {
        let call = Call::get(
            Api::Compute,
            format!("compute/v1/projects/{}/{path}", segment(project)),
            format!("list the {} of {project}", file.replace('-', " ")),
        )
        .needs(permission, format!("projects/{project}"))
        .extra(extra);
        let file = format!("{NAME}/{project}/{file}.json");
        if path.starts_with("aggregated/") {
            // Places that do not answer are named in the answer, instead of spoiling it. Versions of the API since 2026-09-01
            // always do so and dropped the parameter, but only for who asks for one in X-Goog-Api-Version:
            // https://github.com/googleapis/google-cloud-python/releases/tag/google-cloud-compute-v1.55.0
            let call = call.query("returnPartialSuccess", "true");
            book.list(&call, BY_PLACE, &file).await
        } else {
            book.list(&call, FLAT, &file).await
        }
    }))
    .await;
}
