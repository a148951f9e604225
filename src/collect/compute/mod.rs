//! Compute Engine: networks, firewalls, and by place subnetworks, addresses, backend services, endpoint groups; then what is asked
//! of each network and of each backend service.
mod effective;
mod health;

use super::gather::{Book, Means};
use super::google::{Call, Listing, Paging, segment};
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
    Need::of(
        NAME,
        effective::PERMISSION,
        "firewall policies, which go before and after the firewall rules",
    ),
    Need::of(
        NAME,
        health::PERMISSION,
        "what health checks say of the endpoints",
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
        let kept = format!("{NAME}/{project}/{file}.json");
        let listing = if path.starts_with("aggregated/") {
            // Places that do not answer are named in the answer, instead of spoiling it. Versions of the API since 2026-09-01
            // always do so and dropped the parameter, but only for who asks for one in X-Goog-Api-Version:
            // https://github.com/googleapis/google-cloud-python/releases/tag/google-cloud-compute-v1.55.0
            let call = call.query("returnPartialSuccess", "true");
            book.list(&call, BY_PLACE, &kept).await
        } else {
            book.list(&call, FLAT, &kept).await
        };
        if let Some(listing) = listing {
            of_items(book, project, extra, file, &listing).await;
        }
    }))
    .await;
}

/// What is asked of each item of a listing, as soon as that is there.
async fn of_items(book: &Book<'_>, project: &str, extra: bool, file: &str, listing: &Listing) {
    let asked = |what: &str| book.means.asked.listing(NAME, what);
    match file {
        "networks" if asked(effective::FOLDER) => effective::collect(book, project, listing).await,
        // Traffic Director makes its backend services where the mesh is.
        "backend-services" if asked(health::FOLDER) && !extra => {
            health::collect(book, project, listing).await;
        }
        _ => {}
    }
}

/// Whether a name from an answer has the form of Compute Engine's names: it becomes a file's.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
