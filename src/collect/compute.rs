//! Compute Engine: networks, firewalls, and by place subnetworks, addresses, backend services, endpoint groups.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
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

pub async fn collect(means: &Means) -> Outcome {
    let book = Book::open(means, NAME);
    let project = &means.scope.project;
    let asked = |(file, ..): &(&str, &str, &str)| means.asked.listing(NAME, file);
    let (book_ref, listings) = (&book, LISTINGS.into_iter().filter(asked));
    join_all(listings.map(|(file, path, permission)| async move {
        let call = Call::get(
            Api::Compute,
            format!("compute/v1/projects/{}/{path}", segment(project)),
            format!("list the {} of {project}", file.replace('-', " ")),
        )
        .needs(permission, format!("projects/{project}"));
        let file = format!("{NAME}/{project}/{file}.json");
        if path.starts_with("aggregated/") {
            // Places that do not answer are named in the answer, instead of spoiling it.
            let call = call.query("returnPartialSuccess", "true");
            book_ref.list(&call, BY_PLACE, &file).await
        } else {
            book_ref.list(&call, FLAT, &file).await
        }
    }))
    .await;
    book.close()
}
