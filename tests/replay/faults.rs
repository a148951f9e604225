//! Faults on purpose.
use crate::csds::ask;
use crate::server::{base_world, file, joined, start};
use reqwest::Method;
use serde_json::Value;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn faults_break_what_they_name_and_nothing_else() {
    let server = start(
        base_world(),
        None,
        r#"
- match: { path: "/v3/projects/mesh-prod", method: GET }
  times: 1
  action: { status: { code: 429, headers: { retry-after: "7" } } }
- match: { path: "/v1/projects/mesh-prod/services" }
  action: { delay: 200 }
- match: { path: "/v1/projects/mesh-prod/serviceAccounts" }
  action: reset
- match: { path: "/v1/projects/mesh-prod/roles" }
  action: html
- match: { path: "*/memberships" }
  action: token_loop
- match: { path: "*/features" }
  action: empty_page
- match: { path: "*/clusters" }
  action: truncate
- match: { path: "/dns/" }
  action: { oversize: 100000 }
- match: { path: "/compute/" }
  action: hang
- match: { path: "/envoy.service.status.v3.*" }
  action: { status: { code: 503 } }
"#,
    )
    .await;
    let busy = server.send(Method::GET, "v3/projects/mesh-prod", None).await;
    assert_eq!(
        (busy.status().as_u16(), &busy.headers()["retry-after"]),
        (429, &"7".parse().unwrap())
    );
    server.get("v3/projects/mesh-prod").await;

    let started = Instant::now();
    server.get("v1/projects/mesh-prod/services").await;
    assert!(started.elapsed() >= Duration::from_millis(200));

    let reset = server
        .send(Method::GET, "v1/projects/mesh-prod/serviceAccounts", None)
        .await;
    assert!(reset.status().is_success());
    assert!(reset.bytes().await.is_err(), "the body should break off");

    let html = server
        .send(Method::GET, "v1/projects/mesh-prod/roles", None)
        .await;
    assert!(html.text().await.unwrap().starts_with("<!DOCTYPE html>"));

    let members = "v1/projects/mesh-prod/locations/-/memberships";
    let first = server.get(members).await;
    let token = first["nextPageToken"].as_str().unwrap();
    assert_eq!(server.get(&format!("{members}?pageToken={token}")).await, first);

    let features = "v1/projects/mesh-prod/locations/global/features";
    assert!(server.get(features).await.get("resources").is_none());
    let pages = server.pages(features).await;
    assert_eq!(
        joined(&pages, "resources"),
        joined(&[file("fleet/mesh-prod/features.json")], "resources")
    );

    let cut = server
        .send(Method::GET, "v1/projects/mesh-prod/locations/-/clusters", None)
        .await;
    assert!(cut.json::<Value>().await.is_err());

    let long = server
        .send(Method::GET, "dns/v1/projects/mesh-prod/managedZones", None)
        .await;
    let text = long.text().await.unwrap();
    assert!(text.len() > 100_000 && serde_json::from_str::<Value>(&text).is_ok());

    let hung = server.send(Method::GET, "compute/v1/projects/mesh-prod/global/networks", None);
    assert!(
        tokio::time::timeout(Duration::from_millis(300), hung)
            .await
            .is_err()
    );

    let mut csds = server.csds().await;
    let refused = csds
        .fetch_client_status(server.signed(ask("test-mesh")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unavailable);
}
