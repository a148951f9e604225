//! What is refused: no token, what is not there, what failed when it was collected.
use crate::csds::ask;
use crate::server::{base, base_world, file, start};
use meshdoctor::snapshot::{Blob, World};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn without_the_token_every_api_says_401_in_its_own_shape() {
    let server = base().await;
    for path in [
        "v3/projects/mesh-prod",
        "v2/entries:list",
        "compute/v1/projects/mesh-prod/global/networks",
        "dns/v1/projects/mesh-prod/managedZones",
        "kubernetes/prod/api/v1/pods",
        "v1/projects/1/locations/l/gkeMemberships/prod/api/v1/pods",
        "kubernetes/prod/with-token/wrong/api",
        "no/such/path",
    ] {
        for token in [None, Some("ya29.wrong")] {
            let mut request = server.http.get(format!("{}/{path}", server.url));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), 401, "{path}");
            let body: Value = response.json().await.unwrap();
            if path.contains("/api") {
                assert_eq!(
                    (&body["kind"], &body["reason"]),
                    (&json!("Status"), &json!("Unauthorized"))
                );
            } else if path.starts_with("compute") || path.starts_with("dns") {
                assert_eq!(body["error"]["errors"][0]["reason"], "authError");
            } else {
                assert_eq!(body["error"]["status"], "UNAUTHENTICATED");
            }
        }
    }
    let mut csds = server.csds().await;
    let refused = csds.fetch_client_status(ask("test-mesh")).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_in_the_bundle_is_404_in_the_apis_shape_and_nothing_found_is_an_empty_list() {
    let mut world = base_world();
    for path in [
        "dns/mesh-prod/managed-zones.json",
        "service-usage/mesh-prod/services.json",
        "kubernetes/prod/pods.json",
    ] {
        world.files.remove(path).unwrap();
    }
    let server = start(world, None, "[]").await;
    let not_found = async |path: &str| {
        let response = server.send(Method::GET, path, None).await;
        assert_eq!(response.status(), 404, "{path}");
        response.json::<Value>().await.unwrap()
    };
    let google = not_found("v1/projects/mesh-prod/services").await;
    assert_eq!(google["error"]["status"], "NOT_FOUND");
    let old = not_found("dns/v1/projects/mesh-prod/managedZones").await;
    assert_eq!(old["error"]["errors"][0]["reason"], "notFound");
    let kind = not_found("kubernetes/prod/apis/example.com/v1/widgets").await;
    assert_eq!(
        (&kind["kind"], &kind["reason"]),
        (&json!("Status"), &json!("NotFound"))
    );
    // From the gateway, not from a cluster: else it would read as "the kind is not served".
    let cluster = not_found("v1/projects/1/locations/l/gkeMemberships/other/api/v1/pods").await;
    assert_eq!(cluster["error"]["status"], "NOT_FOUND");
    // Pods are in every cluster: without a file they were not collected.
    let pods = server
        .send(Method::GET, "kubernetes/prod/api/v1/pods", None)
        .await;
    assert_eq!(pods.status(), 403);
    let elsewhere = server
        .get("v2/projects/mesh-prod/locations/europe-west1/services")
        .await;
    assert_eq!(elsewhere, json!({}));
}

/// The base with another manifest, and without some files.
fn failed(collector: Value, without: &str) -> World {
    let mut world = base_world();
    let mut manifest = file("bundle.json");
    let collectors = manifest["collectors"].as_array_mut().unwrap();
    collectors.retain(|own| own["name"] != collector["name"]);
    collectors.push(collector);
    world.files.insert(
        "bundle.json".into(),
        Blob::memory("bundle.json", manifest.to_string().into_bytes()),
    );
    world.files.retain(|path, _| !path.starts_with(without));
    world
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_manifest_says_failed_fails_again_with_its_permission() {
    let iam = json!({
        "name": "iam", "status": "FAILED", "permissionNeeded": "resourcemanager.projects.getIamPolicy",
        "error": "403 PERMISSION_DENIED: Permission 'resourcemanager.projects.getIamPolicy' denied",
    });
    let server = start(failed(iam, "iam/projects/mesh-prod/policy.json"), None, "[]").await;
    let refused = server
        .send(
            Method::POST,
            "v3/projects/mesh-prod:getIamPolicy",
            Some(&json!({})),
        )
        .await;
    assert_eq!(refused.status(), 403);
    let error = refused.json::<Value>().await.unwrap()["error"].clone();
    assert_eq!(
        error["message"],
        "Permission 'resourcemanager.projects.getIamPolicy' denied"
    );
    assert_eq!(error["details"][0]["reason"], "IAM_PERMISSION_DENIED");
    assert_eq!(
        error["details"][0]["metadata"]["permission"],
        "resourcemanager.projects.getIamPolicy"
    );
    // What was collected all the same is there.
    server.get("v3/projects/mesh-prod").await;

    let kubernetes = json!({
        "name": "kubernetes", "status": "PARTIAL",
        "error": "list pods: 403 Forbidden: pods is forbidden: User \"u\" cannot list resource \"pods\"",
    });
    let server = start(failed(kubernetes, "kubernetes/prod/pods.json"), None, "[]").await;
    let refused = server
        .send(Method::GET, "kubernetes/prod/api/v1/pods", None)
        .await;
    assert_eq!(refused.status(), 403);
    let status: Value = refused.json().await.unwrap();
    assert_eq!(status["reason"], "Forbidden");
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("cannot list resource")
    );
    server.get("kubernetes/prod/api/v1/services").await;

    let csds = json!({
        "name": "csds", "status": "FAILED", "permissionNeeded": "trafficdirector.networks.getConfigs",
        "error": "PERMISSION_DENIED: Permission 'trafficdirector.networks.getConfigs' denied on resource 'x'",
    });
    let server = start(failed(csds, "csds/"), None, "[]").await;
    let mut client = server.csds().await;
    let refused = client
        .fetch_client_status(server.signed(ask("test-mesh")))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), tonic::Code::PermissionDenied);
    assert!(refused.message().contains("trafficdirector.networks.getConfigs"));
    assert!(!refused.details().is_empty());
}
