//! Log entries: filter, order, pages.
use crate::common;
use crate::server::base;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn log_entries_are_what_the_filter_asks_for_in_the_order_asked_for() {
    let server = base().await;
    let text = common::base_file("logging/mesh-prod/entries.ndjson");
    let all: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let times = |entries: &[Value]| -> Vec<String> {
        let time = |entry: &Value| entry["timestamp"].as_str().unwrap().to_owned();
        entries.iter().map(time).collect()
    };
    let mut ascending = all.clone();
    ascending.sort_by_key(|entry| {
        entry["timestamp"]
            .as_str()
            .unwrap()
            .parse::<jiff::Timestamp>()
            .unwrap()
    });
    assert_eq!(server.entries("", "").await, ascending);
    let mut descending = times(&ascending);
    descending.reverse();
    assert_eq!(times(&server.entries("", "timestamp desc").await), descending);

    let warnings: Vec<Value> = ascending
        .iter()
        .filter(|entry| entry["resource"]["labels"]["service_name"] == "fortio")
        .filter(|entry| ["WARNING", "ERROR"].contains(&entry["severity"].as_str().unwrap()))
        .cloned()
        .collect();
    assert!(!warnings.is_empty() && warnings.len() < all.len());
    let found = server
        .entries(
            "resource.type=\"cloud_run_revision\"\nresource.labels.service_name=\"fortio\"\n\
             timestamp>=\"2026-11-20T08:35:00Z\"\n(severity>=WARNING OR \"no entry says this\")",
            "timestamp asc",
        )
        .await;
    assert_eq!(found, warnings);
    for none in [
        "resource.type=\"k8s_container\"",
        "resource.labels.service_name=\"other\"",
        "timestamp>=\"2026-11-21T00:00:00Z\"",
    ] {
        assert!(server.entries(none, "").await.is_empty(), "{none}");
    }
    let bad = json!({ "resourceNames": ["projects/mesh-prod"], "filter": "(severity=" });
    let refused = server.send(Method::POST, "v2/entries:list", Some(&bad)).await;
    assert_eq!(refused.status(), 400);
}
