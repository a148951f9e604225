//! The fleet: memberships and features.
use super::gather::{Book, Means};
use super::google::{Call, Listing, Paging, segment};
use super::permissions::Need;
use super::{Api, Outcome};

pub const NAME: &str = "fleet";

pub const NEEDS: &[Need] = &[
    Need::of(NAME, "gkehub.memberships.list", "the clusters of the fleet"),
    Need::of(NAME, "gkehub.features.list", "the state of Cloud Service Mesh"),
];

const MEMBERSHIPS: Paging = Paging::new("resources", Some(("pageSize", "100")));
const FEATURES: Paging = Paging::new("resources", Some(("pageSize", "100")));

/// A membership, as far as it tells the way to its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// `projects/P/locations/LOCATION/memberships/NAME`.
    pub name: String,
    /// Whether it is of a GKE cluster on Google Cloud; others are reached another way. What does not say is.
    pub on_gke: bool,
}

/// The outcome, and the memberships where the listing came.
pub async fn collect(means: &Means) -> (Outcome, Option<Vec<Membership>>) {
    let book = Book::open(means, NAME);
    let project = &means.scope.project;
    let memberships = memberships_of(project);
    let features = Call::get(
        Api::GkeHub,
        format!("v1/projects/{}/locations/global/features", segment(project)),
        format!("list the fleet features of {project}"),
    )
    .needs("gkehub.features.list", format!("projects/{project}"));
    let (memberships_file, features_file) = (
        format!("{NAME}/{project}/memberships.json"),
        format!("{NAME}/{project}/features.json"),
    );
    let (memberships, _) = tokio::join!(
        book.list(&memberships, MEMBERSHIPS, &memberships_file),
        book.list(&features, FEATURES, &features_file),
    );
    (book.close(), memberships.as_ref().map(memberships_in))
}

/// The memberships, where they can be listed.
pub async fn memberships(means: &Means) -> Option<Vec<Membership>> {
    let listing = means
        .client
        .list(&memberships_of(&means.scope.project), MEMBERSHIPS)
        .await;
    listing.ok().as_ref().map(memberships_in)
}

fn memberships_of(project: &str) -> Call {
    Call::get(
        Api::GkeHub,
        format!("v1/projects/{}/locations/-/memberships", segment(project)),
        format!("list the fleet memberships of {project}"),
    )
    .needs("gkehub.memberships.list", format!("projects/{project}"))
}

fn memberships_in(listing: &Listing) -> Vec<Membership> {
    let value = listing.value();
    let resources = value.get("resources").and_then(|r| r.as_array());
    resources
        .into_iter()
        .flatten()
        .filter_map(|membership| {
            // gkehub.v1 MembershipEndpoint: one kind of cluster, or none of a cluster that is only attached.
            let endpoint = membership.get("endpoint");
            Some(Membership {
                name: membership.get("name")?.as_str()?.to_owned(),
                on_gke: endpoint.is_none_or(|endpoint| endpoint.get("gkeCluster").is_some()),
            })
        })
        .collect()
}
