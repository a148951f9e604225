//! Listings: every page of every API, and what is no listing.
use crate::common;
use crate::server::{NUMBER, base, base_world, file, joined, start};
use meshdoctor::snapshot::Blob;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[tokio::test(flavor = "multi_thread")]
async fn each_listing_pages_through_to_the_whole_file() {
    let server = start(base_world(), Some(1), "[]").await;
    for (url, array, path) in [
        (
            "v2/projects/mesh-prod/locations/us-central1/services",
            "services",
            "cloud-run/mesh-prod/us-central1/services.json",
        ),
        (
            "v2/projects/mesh-prod/locations/us-central1/services/-/revisions",
            "revisions",
            "cloud-run/mesh-prod/us-central1/revisions.json",
        ),
        (
            "v1/projects/mesh-prod/services?filter=state:ENABLED",
            "services",
            "service-usage/mesh-prod/services.json",
        ),
        (
            "v1/projects/mesh-prod/locations/-/memberships",
            "resources",
            "fleet/mesh-prod/memberships.json",
        ),
        (
            "v1/projects/mesh-prod/locations/global/features",
            "resources",
            "fleet/mesh-prod/features.json",
        ),
        (
            "v1/projects/mesh-prod/locations/-/clusters",
            "clusters",
            "clusters/mesh-prod/clusters.json",
        ),
        (
            "v1/projects/mesh-prod/serviceAccounts",
            "accounts",
            "iam/projects/mesh-prod/service-accounts.json",
        ),
        (
            "v1/projects/mesh-prod/roles?view=FULL",
            "roles",
            "iam/projects/mesh-prod/roles.json",
        ),
        (
            "v2/policies/cloudresourcemanager.googleapis.com%2Fprojects%2F525300120045/denypolicies",
            "policies",
            "iam/projects/mesh-prod/deny-policies.json",
        ),
        (
            "dns/v1/projects/mesh-prod/managedZones",
            "managedZones",
            "dns/mesh-prod/managed-zones.json",
        ),
        (
            "dns/v1/projects/mesh-prod/managedZones/mesh-private/rrsets",
            "rrsets",
            "dns/mesh-prod/zones/mesh-private/rrsets.json",
        ),
        (
            "compute/v1/projects/mesh-prod/global/networks",
            "items",
            "compute/mesh-prod/networks.json",
        ),
        (
            "compute/v1/projects/mesh-prod/global/firewalls",
            "items",
            "compute/mesh-prod/firewalls.json",
        ),
    ] {
        let wanted = joined(&[file(path)], array);
        for url in [url.to_owned(), url.replace("/mesh-prod/", &format!("/{NUMBER}/"))] {
            let pages = server.pages(&url).await;
            assert_eq!(joined(&pages, array), wanted, "{url}");
            assert!(
                pages
                    .iter()
                    .all(|page| joined(std::slice::from_ref(page), array).len() <= 1)
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregated_listings_keep_their_places() {
    let server = start(base_world(), Some(1), "[]").await;
    for (collection, name) in [
        ("subnetworks", "subnetworks"),
        ("addresses", "addresses"),
        ("backendServices", "backend-services"),
        ("networkEndpointGroups", "network-endpoint-groups"),
    ] {
        let wanted = file(&format!("compute/mesh-prod/{name}.json"));
        let pages = server
            .pages(&format!(
                "compute/v1/projects/mesh-prod/aggregated/{collection}?returnPartialSuccess=true"
            ))
            .await;
        let mut places: BTreeMap<String, Value> = BTreeMap::new();
        for page in &pages {
            for (place, scoped) in page["items"].as_object().unwrap() {
                let own = places.entry(place.clone()).or_insert_with(|| json!({}));
                for (key, value) in scoped.as_object().unwrap() {
                    match (own[key].as_array_mut(), value.as_array()) {
                        (Some(own), Some(more)) => own.extend(more.clone()),
                        _ => own[key] = value.clone(),
                    }
                }
            }
        }
        assert_eq!(json!(places), wanted["items"], "{collection}");
        assert_eq!(pages[0]["kind"], wanted["kind"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listing_by_place_serves_each_place_and_a_plain_one_all_places() {
    let region = "https://www.googleapis.com/compute/v1/projects/mesh-prod/regions/us-central1";
    let plain = json!({ "kind": "compute#addressList", "items": [{ "name": "a", "region": region }] });
    let mut world = base_world();
    let path = "compute/mesh-prod/addresses.json";
    let blob = Blob::memory(path, plain.to_string().into_bytes());
    world.files.insert(path.to_owned(), blob);
    let server = start(world, None, "[]").await;
    let all = server
        .get("compute/v1/projects/mesh-prod/aggregated/addresses")
        .await;
    assert_eq!(all["kind"], "compute#addressAggregatedList");
    assert_eq!(all["items"]["regions/us-central1"]["addresses"], plain["items"]);
    let here = "compute/v1/projects/mesh-prod/regions/us-central1";
    assert_eq!(server.get(&format!("{here}/addresses")).await, plain);

    let subnetworks = server.get(&format!("{here}/subnetworks")).await;
    let kept = &file("compute/mesh-prod/subnetworks.json")["items"]["regions/us-central1"];
    assert_eq!(
        subnetworks,
        json!({ "kind": "compute#subnetworkList", "items": kept["subnetworks"] })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_listing_come_as_they_are() {
    let server = base().await;
    assert_eq!(
        server.get(&format!("v3/projects/{NUMBER}")).await,
        file("iam/projects/mesh-prod/project.json")
    );
    for (url, path) in [
        (
            "v3/projects/mesh-prod:getIamPolicy",
            "iam/projects/mesh-prod/policy.json",
        ),
        ("v3/folders/4711:getIamPolicy", "iam/folders/4711/policy.json"),
        (
            "v3/organizations/99887766:getIamPolicy",
            "iam/organizations/99887766/policy.json",
        ),
        (
            "v1/projects/mesh-prod:getAncestry",
            "iam/projects/mesh-prod/ancestry.json",
        ),
    ] {
        assert_eq!(server.post(url, json!({})).await, file(path), "{url}");
    }
    let old = server.get("v1/projects/mesh-prod").await;
    assert_eq!(
        (&old["projectNumber"], &old["parent"]["type"]),
        (&json!(NUMBER), &json!("folder"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_a_cluster_pages_through_under_every_root() {
    let server = base().await;
    let folder = common::base().join("kubernetes/prod");
    let gateway = format!("v1/projects/{NUMBER}/locations/us-central1/gkeMemberships/prod");
    let attached = format!("v1/projects/{NUMBER}/locations/us-central1/memberships/prod");
    for (name, bytes) in common::files(&folder) {
        let whole: Value = serde_json::from_slice(&bytes).unwrap();
        let version = whole["apiVersion"].as_str().unwrap();
        let plural = name.split('.').next().unwrap();
        let path = match version {
            "v1" => format!("api/v1/{plural}"),
            other => format!("apis/{other}/{plural}"),
        };
        for root in ["kubernetes/prod", &gateway, &attached] {
            let (mut items, mut next) = (Vec::new(), String::new());
            loop {
                let page = server
                    .get(&format!("{root}/{path}?limit=1&continue={next}"))
                    .await;
                assert_eq!(page["kind"], whole["kind"]);
                items.extend(page["items"].as_array().unwrap().clone());
                next = page["metadata"]["continue"]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned();
                if next.is_empty() {
                    break;
                }
            }
            assert_eq!(json!(items), whole["items"], "{root}/{path}");
        }
    }
    let own = server.get("kubernetes/prod/api/v1/namespaces/ads/pods").await;
    let pods = own["items"].as_array().unwrap();
    assert!(!pods.is_empty() && pods.iter().all(|pod| pod["metadata"]["namespace"] == "ads"));
    let expired = server
        .send(
            Method::GET,
            "kubernetes/prod/api/v1/pods?limit=1&continue=old",
            None,
        )
        .await;
    assert_eq!(expired.status(), 410);
    assert_eq!(expired.json::<Value>().await.unwrap()["reason"], "Expired");
}
