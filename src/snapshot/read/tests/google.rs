//! Loose answers of Google's APIs, logs and CSDS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;

#[test]
fn cloud_run_v1_becomes_the_v2_shape() {
    let service = r#"
apiVersion: serving.knative.dev/v1
kind: Service
metadata:
  name: web
  namespace: '981334981373'
  labels: {cloud.googleapis.com/location: us-central1}
spec:
  template:
    metadata:
      annotations:
        run.googleapis.com/mesh: projects/1/locations/global/meshes/m
        run.googleapis.com/network-interfaces: '[{"network":"corp","subnetwork":"sub","tags":["t"]}]'
        run.googleapis.com/vpc-access-egress: all-traffic
        run.googleapis.com/execution-environment: gen2
        autoscaling.knative.dev/maxScale: '10'
    spec:
      serviceAccountName: web@p.iam.gserviceaccount.com
      containers:
      - image: x
        env: [{name: URL, value: http://shop.prod.mesh}, {name: KEY, valueFrom: {secretKeyRef: {key: latest, name: k}}}]
status:
  latestReadyRevisionName: web-1
  traffic: [{latestRevision: true, percent: 90, revisionName: web-2}, {percent: 10, revisionName: web-1}]
  conditions: [{type: Ready, status: 'False', reason: HealthCheckContainerError, message: 'no'}]
"#;
    let snapshot = file("web.yaml", service);
    let service = &snapshot.cloud_run[&"981334981373".into()]["us-central1"]
        .services
        .items()[0];
    let prefix = "projects/981334981373/locations/us-central1/services/web";
    assert_eq!(service.name, prefix);
    assert_eq!(service.latest_ready_revision, format!("{prefix}/revisions/web-1"));
    let template = &service.template;
    assert_eq!(
        template.service_mesh.as_ref().unwrap().mesh,
        "projects/1/locations/global/meshes/m"
    );
    assert_eq!(template.execution_environment, "EXECUTION_ENVIRONMENT_GEN2");
    assert_eq!(template.service_account, "web@p.iam.gserviceaccount.com");
    let vpc = template.vpc_access.as_ref().unwrap();
    assert_eq!(
        (vpc.egress.as_str(), vpc.network_interfaces[0].network.as_str()),
        ("ALL_TRAFFIC", "corp")
    );
    assert_eq!(template.containers[0].env[0].value, "http://shop.prod.mesh");
    assert_eq!(
        (
            service.traffic_statuses[0].revision.as_str(),
            service.traffic_statuses[1].revision.as_str()
        ),
        ("", "web-1")
    );
    let ready = service.terminal_condition.as_ref().unwrap();
    assert_eq!(
        (ready.state.as_str(), ready.revision_reason.as_str()),
        ("CONDITION_FAILED", "HEALTH_CHECK_CONTAINER_ERROR")
    );
    assert!(
        content(&snapshot, "cloud-run/981334981373/us-central1/services.json").contains("maxInstanceCount")
    );
}

#[test]
fn a_v1_annotation_that_is_not_json_is_told_with_its_line() {
    let told = failure(
        "web.yaml",
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      \
         annotations:\n        run.googleapis.com/network-interfaces: '[{'\n",
    );
    assert!(
        told.contains("web.yaml:8") && told.contains("is not JSON"),
        "{told}"
    );
}

#[test]
fn cloud_run_v2_is_read_single_in_an_array_and_as_a_listing() {
    let service = r#"{"name":"projects/p/locations/r/services/s","template":{"containers":[{}]}}"#;
    let revision = r#"{"name":"projects/p/locations/r/services/s/revisions/v"}"#;
    for text in [
        service.to_owned(),
        format!("[{service},{revision}]"),
        format!(r#"{{"services":[{service}],"nextPageToken":""}}"#),
    ] {
        let snapshot = file("x", &text);
        let run = &snapshot.cloud_run[&"p".into()]["r"];
        assert_eq!(run.services.items().len(), 1, "{text}");
        assert_eq!(run.revisions.is_had(), text.contains("revisions"));
    }
}

#[test]
fn log_entries_become_one_entry_a_line_however_they_came() {
    for text in [
        format!("[\n{ENTRY},\n{ENTRY}\n]"),
        format!("{ENTRY}\n{ENTRY}\n"),
        format!("{{\"entries\": [{ENTRY}, {ENTRY}], \"nextPageToken\": \"x\"}}"),
        format!("{0}\n{0}\n", ENTRY.replace('\n', " ")),
    ] {
        let snapshot = file("logs.json", &text);
        assert_eq!(paths(&snapshot), ["logging/web-1/logs.ndjson"], "{text}");
        let lines = content(&snapshot, "logging/web-1/logs.ndjson");
        assert_eq!(lines.lines().count(), 2, "{lines}");
        for line in lines.lines() {
            let entry: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(entry["textPayload"], "one [ { \n two");
        }
    }
}

#[test]
fn an_entry_array_larger_than_the_head_is_read_to_its_end_and_a_broken_one_is_not() {
    let many = vec![ENTRY; 2_000].join(",\n");
    let packed = zstd::encode_all(format!("[{many}]").as_bytes(), 1).unwrap();
    let snapshot = file("logs", packed);
    assert_eq!(
        content(&snapshot, "logging/web-1/logs.ndjson").lines().count(),
        2_000
    );
    let told = failure("logs.json", format!("[{many}"));
    assert!(told.contains("logs.json:") && told.contains("cut off"), "{told}");
}

#[test]
fn envoys_own_lines_are_logs() {
    for line in [
        "[2026-11-24 03:42:44.367][13139][info][main] [source/server/server.cc:463] initializing epoch 0\n",
        "starting\n[2026-11-24T03:43:15.127Z] \"GET /ok HTTP/1.1\" 200 - via_upstream - \"-\" 0 2 1 0\n",
        "{\"severity\":\"info\",\"time\":\"2026-11-24T03:42:44.382\",\"logger\":\"main\",\"message\":\"runtime: {}\"}\n",
        "{\"authority\":\"mesh.test\",\"response_code\":200,\"response_flags\":\"-\",\"upstream_cluster\":\"x\"}\n",
    ] {
        let snapshot = file("proxy.txt", line);
        assert_eq!(paths(&snapshot), ["logging/-/proxy.log"], "{line}");
        assert_eq!(content(&snapshot, "logging/-/proxy.log"), line);
    }
}

#[test]
fn two_logs_of_one_name_are_both_kept() {
    let line = ENTRY.replace('\n', " ");
    let root = folder(&[("a/x.ndjson", line.as_bytes()), ("b/x.ndjson", line.as_bytes())]);
    let given = [root.path().join("a/x.ndjson"), root.path().join("b/x.ndjson")];
    let snapshot = read(&given, &Options::default()).unwrap();
    assert_eq!(snapshot.logs[&"web-1".into()].len(), 2);
}

#[test]
fn an_iam_policy_needs_its_project_from_somewhere() {
    let policy =
        r#"{"bindings":[{"role":"roles/owner","members":["user:a@example.com"]}],"etag":"B","version":1}"#;
    let told = failure("policy.json", policy);
    assert!(told.contains("--iam-policy"), "{told}");
    let snapshot = file(
        "iam-policy-web-1.yaml",
        "bindings:\n- members: [user:a@example.com]\n  role: roles/owner\netag: B\n",
    );
    assert_eq!(
        snapshot.projects[&"web-1".into()]
            .policy
            .as_ref()
            .unwrap()
            .bindings
            .len(),
        1
    );

    let root = folder(&[("policy.json", policy.as_bytes())]);
    let path = root.path().join("policy.json");
    let options = Options {
        iam_policies: vec![("web-2".into(), path.clone())],
        ..Options::default()
    };
    let snapshot = read(&[path], &options).unwrap();
    assert_eq!(paths(&snapshot), ["iam/projects/web-2/policy.json"]);
}

#[test]
fn csds_is_recognised_in_both_forms() {
    let json = r#"{"config":[{"node":{"id":"projects/525300120045/networks/mesh:m/nodes/a"}}]}"#;
    assert_eq!(
        paths(&file("dump", json)),
        ["csds/525300120045/client-status.json"]
    );
    let mut answer = b"projects/525300120045/networks/mesh:m/nodes/a".to_vec();
    // id in node in config: each the first field of the next.
    for _ in 0..3 {
        answer.splice(0..0, [0x0a, u8::try_from(answer.len()).unwrap()]);
    }
    assert_eq!(
        paths(&file("dump", answer)),
        ["csds/525300120045/client-status.binpb"]
    );
}

#[test]
fn other_answers_of_google_find_their_place_by_their_names() {
    let cases = [
        (
            r#"{"kind":"compute#networkList","items":[{"name":"n","selfLink":"https://www.googleapis.com/compute/v1/projects/p/global/networks/n"}]}"#,
            "compute/p/networks.json",
        ),
        (
            r#"{"kind":"compute#firewallList","items":[{"name":"n","network":"https://www.googleapis.com/compute/v1/projects/p/global/networks/n"}]}"#,
            "compute/p/firewalls.json",
        ),
        (
            r#"{"ancestor":[{"resourceId":{"type":"project","id":"p"}},{"resourceId":{"type":"folder","id":"9"}}]}"#,
            "iam/projects/p/ancestry.json",
        ),
        (
            r#"{"kind":"compute#subnetworkAggregatedList","items":{"regions/r":{"subnetworks":[{"name":"s","selfLink":"https://www.googleapis.com/compute/v1/projects/p/regions/r/subnetworks/s"}]}}}"#,
            "compute/p/subnetworks.json",
        ),
        (
            r#"[{"name":"projects/p/locations/l/memberships/m"}]"#,
            "fleet/p/memberships.json",
        ),
        (
            r#"[{"name":"projects/p/locations/global/features/servicemesh"}]"#,
            "fleet/p/features.json",
        ),
        (
            r#"[{"name":"c","selfLink":"https://container.googleapis.com/v1/projects/p/locations/l/clusters/c"}]"#,
            "clusters/p/clusters.json",
        ),
        (
            r#"[{"name":"projects/7/services/run.googleapis.com","state":"ENABLED"}]"#,
            "service-usage/7/services.json",
        ),
        (
            r#"{"projectId":"p","projectNumber":"7","name":"P","parent":{"type":"folder","id":"9"}}"#,
            "iam/projects/p/project.json",
        ),
        (r#"{"schemaVersion":"meshdoctor.bundle.v1"}"#, "bundle.json"),
    ];
    for (text, path) in cases {
        assert_eq!(paths(&file("x.json", text)), [path]);
    }
    let snapshot = file("x.json", cases[3].0);
    assert_eq!(snapshot.compute[&"p".into()].subnetworks.items().len(), 1);
    let snapshot = file("x.json", cases[8].0);
    let project = snapshot.projects[&"p".into()].project.as_ref().unwrap();
    assert_eq!(
        (project.number(), project.parent.as_str()),
        (Some("7"), "folders/9")
    );

    let zones =
        r#"{"kind":"dns#managedZonesListResponse","managedZones":[{"kind":"dns#managedZone","name":"z"}]}"#;
    assert!(failure("zones.json", zones).contains("--project"));
    let root = folder(&[("zones.json", zones.as_bytes())]);
    let options = Options {
        project: Some("p".into()),
        ..Options::default()
    };
    let snapshot = read(&[root.path().join("zones.json")], &options).unwrap();
    assert_eq!(snapshot.availability("dns/managed-zones"), Availability::Complete);
}

#[test]
fn two_snapshots_that_share_a_listing_are_joined() {
    let one = folder(&[(
        "cloud-run/p/r/services.json",
        br#"{"services":[{"name":"a"}],"unreachable":["x"]}"#,
    )]);
    let two = folder(&[(
        "cloud-run/p/r/services.json",
        br#"{"services":[{"name":"b"}],"unreachable":["y"]}"#,
    )]);
    let given = [one.path().to_owned(), two.path().to_owned()];
    let snapshot = read(&given, &Options::default()).unwrap();
    let run = &snapshot.cloud_run[&"p".into()]["r"];
    assert_eq!(run.services.items().len(), 2);
    assert_eq!(run.unreachable.len(), 2);
}
