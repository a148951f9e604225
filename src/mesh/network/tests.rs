//! What the network names, peerings and ranges promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::snapshot::{Collected, Compute, ProjectNumber};
use serde_json::{Value, json};

fn projects() -> Projects {
    let mut projects = Projects::default();
    projects.add("net-host".into(), ProjectNumber::parse("42").unwrap());
    projects
}

fn network(text: &str) -> NetworkKey {
    NetworkKey::parse(text, &"app".into(), &projects()).unwrap()
}

fn snapshot(networks: Option<Value>, subnets: Option<Value>) -> Snapshot {
    let mut s = Snapshot::default();
    let mut compute = Compute::default();
    if let Some(networks) = networks {
        compute.networks = Collected::Had(serde_json::from_value(networks).unwrap());
    }
    if let Some(subnets) = subnets {
        compute.subnetworks = Collected::Had(serde_json::from_value(subnets).unwrap());
    }
    s.compute.insert("net-host".into(), compute);
    s
}

#[test]
fn every_spelling_of_a_network_is_one_key() {
    let want = NetworkKey {
        project: "net-host".into(),
        name: "vpc".into(),
    };
    for text in [
        "projects/net-host/global/networks/vpc",
        "projects/42/global/networks/vpc",
        "https://www.googleapis.com/compute/v1/projects/net-host/global/networks/vpc",
        "https://www.googleapis.com/compute/beta/projects/42/global/networks/vpc",
        "https://compute.googleapis.com/compute/v1/projects/net-host/global/networks/vpc/",
        "//compute.googleapis.com/projects/net-host/global/networks/vpc",
    ] {
        assert_eq!(network(text), want, "{text}");
    }
    assert_eq!(network("vpc").project, "app".into());
    assert_eq!(NetworkKey::parse("", &"app".into(), &projects()), None);
    assert_eq!(
        NetworkKey::parse("projects/p/global/firewalls/f", &"app".into(), &projects()),
        None
    );
}

#[test]
fn a_bare_subnetwork_takes_the_default_project_and_region() {
    let parse = |text| {
        SubnetKey::parse(text, &"app".into(), "europe-west1", &projects())
            .unwrap()
            .to_string()
    };
    assert_eq!(parse("s"), "projects/app/regions/europe-west1/subnetworks/s");
    assert_eq!(
        parse("https://www.googleapis.com/compute/v1/projects/42/regions/us-east1/subnetworks/s"),
        "projects/net-host/regions/us-east1/subnetworks/s"
    );
}

#[test]
fn one_side_that_lists_an_active_peering_is_enough_and_an_inactive_one_is_none() {
    let networks = json!([{"name": "vpc", "peerings": [
        {"network": "https://www.googleapis.com/compute/v1/projects/other/global/networks/a", "state": "ACTIVE"},
        {"network": "projects/other/global/networks/b", "state": "INACTIVE"}]}]);
    let all = Networks::new(&snapshot(Some(networks), None), &projects());
    let vpc = network("projects/42/global/networks/vpc");
    let peered = |name: &str| all.peered(&network(&format!("projects/other/global/networks/{name}")), &vpc);
    assert_eq!((peered("a"), peered("b")), (Some(true), Some(false)));
    let elsewhere = network("projects/x/global/networks/y");
    assert_eq!(
        all.peered(&elsewhere, &network("projects/other/global/networks/a")),
        None
    );
}

#[test]
fn a_subnetwork_is_missing_only_where_its_region_was_listed() {
    let mut s = snapshot(
        None,
        Some(json!([
        {"name": "s", "region": "https://www.googleapis.com/compute/v1/projects/net-host/regions/us-east1"}])),
    );
    s.compute
        .get_mut(&ProjectId::from("net-host"))
        .unwrap()
        .unreachable
        .push("subnetworks: regions/asia-east1".into());
    let all = Networks::new(&s, &projects());
    let look = |project: &str, region| {
        all.subnet(&SubnetKey::parse("s", &project.into(), region, &projects()).unwrap())
    };
    assert!(matches!(look("net-host", "us-east1"), Lookup::Found(_)));
    assert_eq!(look("net-host", "us-west1").found().map(|s| &s.name), None);
    assert!(matches!(look("net-host", "us-west1"), Lookup::NotThere));
    assert!(matches!(look("net-host", "asia-east1"), Lookup::Unknown(_)));
    assert!(matches!(look("app", "us-east1"), Lookup::Unknown(_)));
    assert_eq!(all.subnets_by_name(&"42".into(), "s").len(), 1);
}

#[test]
fn private_ranges_only_covers_what_google_documents_and_no_more() {
    let sent = |text: &str| is_cloud_run_private(text.parse().unwrap());
    for ip in [
        "10.1.2.3",
        "172.31.0.1",
        "192.168.9.9",
        "100.100.0.1",
        "199.36.153.10",
        "199.36.153.5",
    ] {
        assert_eq!(sent(ip), Some(true), "{ip}");
    }
    for ip in ["8.8.8.8", "172.32.0.1", "199.36.153.12", "100.128.0.1"] {
        assert_eq!(sent(ip), Some(false), "{ip}");
    }
    assert_eq!(sent("240.0.0.1"), None);
    assert!(!is_rfc1918("100.64.0.1".parse().unwrap()));
}

#[test]
fn pod_ranges_come_from_the_cluster_or_its_subnetworks_secondary_range() {
    let all = Networks::new(
        &snapshot(
            None,
            Some(json!([
        {"name": "s", "region": "regions/us-east1", "secondaryIpRanges": [
            {"rangeName": "services", "ipCidrRange": "10.9.0.0/20"},
            {"rangeName": "pods", "ipCidrRange": "10.8.0.0/16"}]}])),
        ),
        &projects(),
    );
    let ranges = |cluster: Value| {
        let found = all.pod_ranges(&serde_json::from_value(cluster).unwrap(), &"net-host".into());
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(ranges(json!({"clusterIpv4Cidr": "10.4.0.0/14"})), ["10.4.0.0/14"]);
    assert_eq!(
        ranges(json!({"location": "us-east1-b", "subnetwork": "s"})),
        ["10.8.0.0/16"]
    );
    assert_eq!(
        ranges(
            json!({"location": "us-east1", "networkConfig": {"subnetwork": "projects/42/regions/us-east1/subnetworks/s"},
            "ipAllocationPolicy": {"clusterSecondaryRangeName": "services"}})
        ),
        ["10.9.0.0/20"]
    );
    assert!(ranges(json!({"location": "us-east1", "subnetwork": "t"})).is_empty());
}
