//! Cloud DNS: the managed zones and the records of each.
use super::gather::{Book, Means};
use super::google::{Call, Paging, segment};
use super::named::Told;
use super::permissions::Need;
use super::{Api, Outcome};
use futures_util::future::join_all;

pub const NAME: &str = "dns";

pub const NEEDS: &[Need] = &[
    Need::of(
        NAME,
        "dns.managedZones.list",
        "the zones and the networks that see them",
    ),
    Need::of(
        NAME,
        "dns.resourceRecordSets.list",
        "the records of the exported hosts",
    ),
];

const ZONES: Paging = Paging::new("managedZones", Some(("maxResults", "500")));
const RECORDS: Paging = Paging::new("rrsets", Some(("maxResults", "1000")));

/// The fleet's project, and those whose networks the services are on: either may have the zones.
pub async fn collect(means: &Means, mut told: Told) -> Outcome {
    let book = Book::open(means, NAME);
    tokio::join!(of_project(&book, &means.scope.project, false), async {
        let hosts = told.named().await.hosts;
        join_all(hosts.iter().map(|host| of_project(&book, host, true))).await
    });
    book.close()
}

async fn of_project(book: &Book<'_>, project: &str, extra: bool) {
    let base = format!("dns/v1/projects/{}/managedZones", segment(project));
    let resource = format!("projects/{project}");
    let call = Call::get(Api::Dns, base.clone(), format!("list the DNS zones of {project}"))
        .needs("dns.managedZones.list", resource.clone())
        .extra(extra);
    let file = format!("{NAME}/{project}/managed-zones.json");
    let Some(zones) = book.list(&call, ZONES, &file).await else {
        return;
    };
    let value = zones.value();
    let names = value
        .get("managedZones")
        .and_then(|zones| zones.as_array())
        .into_iter()
        .flatten()
        .filter_map(|zone| zone.get("name")?.as_str());
    let records = names.map(|zone| {
        let call = Call::get(
            Api::Dns,
            format!("{base}/{}/rrsets", segment(zone)),
            format!("list the records of DNS zone {zone} in {project}"),
        )
        .needs("dns.resourceRecordSets.list", resource.clone())
        .extra(extra);
        let file = format!("{NAME}/{project}/zones/{zone}/rrsets.json");
        async move { book.list(&call, RECORDS, &file).await }
    });
    join_all(records).await;
}
