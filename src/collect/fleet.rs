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

/// The outcome, and the full names of the memberships where the listing came.
pub async fn collect(means: &Means) -> (Outcome, Option<Vec<String>>) {
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
    (book.close(), memberships.as_ref().map(names_of))
}

/// The full names of the memberships, where they can be listed.
pub async fn names(means: &Means) -> Option<Vec<String>> {
    let listing = means
        .client
        .list(&memberships_of(&means.scope.project), MEMBERSHIPS)
        .await;
    listing.ok().as_ref().map(names_of)
}

fn memberships_of(project: &str) -> Call {
    Call::get(
        Api::GkeHub,
        format!("v1/projects/{}/locations/-/memberships", segment(project)),
        format!("list the fleet memberships of {project}"),
    )
    .needs("gkehub.memberships.list", format!("projects/{project}"))
}

fn names_of(listing: &Listing) -> Vec<String> {
    let value = listing.value();
    let resources = value.get("resources").and_then(|r| r.as_array());
    resources
        .into_iter()
        .flatten()
        .filter_map(|membership| Some(membership.get("name")?.as_str()?.to_owned()))
        .collect()
}
