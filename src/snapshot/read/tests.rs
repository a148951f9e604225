//! Whole inputs, read: directories, archives, loose files, hostile ones.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::{Options, read};
use crate::snapshot::{Availability, ReadError, Snapshot};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

const VIRTUAL_SERVICE: &str = "apiVersion: networking.istio.io/v1beta1
kind: VirtualService
metadata: {name: shop, namespace: web}
spec:
  hosts: [shop.prod.mesh]
  gateways: [external-mesh]
";

const ENTRY: &str = r#"{"insertId": "a", "logName": "projects/web-1/logs/run.googleapis.com%2Fstderr",
  "timestamp": "2026-11-20T08:40:00Z", "textPayload": "one [ { \n two"}"#;

/// A folder of files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, content) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

/// What was read of one file, which stays as long as this does.
#[derive(Debug)]
struct Input {
    snapshot: Snapshot,
    _root: TempDir,
}

impl std::ops::Deref for Input {
    type Target = Snapshot;

    fn deref(&self) -> &Snapshot {
        &self.snapshot
    }
}

fn try_file(name: &str, content: impl AsRef<[u8]>) -> Result<Input, ReadError> {
    let root = folder(&[(name, content.as_ref())]);
    let snapshot = read(&[root.path().join(name)], &Options::default())?;
    Ok(Input {
        snapshot,
        _root: root,
    })
}

fn file(name: &str, content: impl AsRef<[u8]>) -> Input {
    try_file(name, content).unwrap()
}

fn failure(name: &str, content: impl AsRef<[u8]>) -> String {
    try_file(name, content).unwrap_err().to_string()
}

fn paths(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.world.files.keys().map(String::as_str).collect()
}

fn warnings(snapshot: &Snapshot) -> String {
    let lines = snapshot
        .world
        .warnings
        .iter()
        .map(|w| format!("{}: {}\n", w.origin, w.text));
    lines.collect()
}

fn content(snapshot: &Snapshot, path: &str) -> String {
    String::from_utf8(snapshot.world.files[path].bytes().unwrap()).unwrap()
}

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Set as it is: the library's own setter refuses what a hostile archive holds.
        let name = path.as_bytes();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in entries {
        writer
            .start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const BUNDLE: [(&str, &[u8]); 3] = [
    (
        "bundle-2026/bundle.json",
        br#"{"schemaVersion":"meshdoctor.bundle.v1","scope":{"project":"p"}}"#,
    ),
    ("bundle-2026/logging/p/entries.ndjson", b"{}\n"),
    (
        "bundle-2026/kubernetes/m/pods.json",
        br#"{"items":[{"metadata":{"name":"a"}}]}"#,
    ),
];

#[test]
fn an_empty_directory_is_an_empty_world() {
    let root = folder(&[]);
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    assert!(snapshot.world.files.is_empty() && snapshot.world.warnings.is_empty());
}

#[test]
fn the_only_folder_of_a_directory_is_entered_and_strangers_are_told_of() {
    let root = folder(&BUNDLE);
    fs::write(root.path().join("bundle-2026/notes.md"), "x").unwrap();
    fs::write(root.path().join("bundle-2026/.hidden"), "x").unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("bundle-2026/iam")).unwrap();
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    assert_eq!(snapshot.manifest.scope.project, "p");
    assert_eq!(snapshot.kubernetes["m"].pods.items().len(), 1);
    let told = warnings(&snapshot);
    assert!(
        told.contains("notes.md") && told.contains("a symbolic link") && !told.contains(".hidden"),
        "{told}"
    );
}

#[test]
fn every_kind_of_archive_reads_as_its_directory_whatever_its_name() {
    let plain = tar(&BUNDLE);
    let packed = [
        plain.clone(),
        gzip(&plain),
        zstd::encode_all(plain.as_slice(), 1).unwrap(),
        zip(&BUNDLE),
    ];
    for bytes in packed {
        let snapshot = file("attachment.bin", bytes);
        assert_eq!(
            paths(&snapshot),
            [
                "bundle.json",
                "kubernetes/m/pods.json",
                "logging/p/entries.ndjson"
            ]
        );
        let log = &snapshot.world.files["logging/p/entries.ndjson"];
        assert!(
            log.origin.contains("attachment.bin!bundle-2026/logging"),
            "{}",
            log.origin
        );
        assert_eq!(log.bytes().unwrap(), b"{}\n");
    }
}

#[test]
fn the_temporary_folder_goes_with_the_last_blob() {
    let snapshot = file("b.tar", tar(&BUNDLE));
    let log = snapshot.world.files["logging/p/entries.ndjson"].clone();
    let crate::snapshot::world::Content::Spooled(spooled) = &log.content else {
        panic!("logs are spooled");
    };
    let spool = spooled.path.parent().unwrap().to_owned();
    drop(snapshot);
    assert!(spool.exists(), "a clone still needs it");
    drop(log);
    assert!(!spool.exists());
}

#[test]
fn unsafe_archives_are_refused() {
    let hostile = [
        tar(&[("/etc/passwd", b"x")]),
        tar(&[("bundle.json", b"{}"), ("iam/../../x.json", b"x")]),
        tar(&[("bundle.json", b"{}"), ("./bundle.json", b"{}")]),
        zip(&[("../x.json", b"{}")]),
        zip(&[("/x.json", b"{}")]),
        zip_with_doubles(),
        link(tar::EntryType::Symlink),
        link(tar::EntryType::Link),
        link(tar::EntryType::Char),
        link(tar::EntryType::Fifo),
    ];
    for (number, bytes) in hostile.into_iter().enumerate() {
        let answer = try_file("b.tar", bytes);
        assert!(
            matches!(answer, Err(ReadError::UnsafeArchive { .. })),
            "{number}: {answer:?}"
        );
    }
}

fn link(kind: tar::EntryType) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_path("iam/projects/p/policy.json").unwrap();
    header.set_link_name("/etc/passwd").unwrap();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap()
}

/// Two entries of one name: written as `a` and `b`, then renamed in the bytes.
fn zip_with_doubles() -> Vec<u8> {
    let mut bytes = zip(&[("aa.json", b"{}"), ("bb.json", b"{}")]);
    while let Some(at) = memchr::memmem::find(&bytes, b"bb.json") {
        bytes[at..at + 2].copy_from_slice(b"aa");
    }
    bytes
}

#[test]
fn a_truncated_archive_says_so() {
    let plain = tar(&BUNDLE);
    let packed = gzip(&plain);
    for bytes in [&plain[..1600], &packed[..packed.len() - 20], &zip(&BUNDLE)[..200]] {
        let told = failure("b", bytes);
        assert!(told.contains("damaged") && told.contains("remedy"), "{told}");
    }
}

#[test]
fn long_names_in_an_archive_do_not_fill_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 33);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(vec![b'a'; 4 << 20]);
    let told = failure("b.tar", gzip(&bytes));
    assert!(told.contains("over the limit"), "{told}");
}

#[test]
fn loose_manifests_of_any_served_version_stand_under_one_membership() {
    let text = format!(
        "# rendered\n---\n{VIRTUAL_SERVICE}---\n---\n# nothing\n--- # more\nkind: Service\napiVersion: v1\nmetadata: {{name: a}}\n...\n"
    );
    let snapshot = file("all.txt", text);
    let loose = &snapshot.kubernetes["loose"];
    assert_eq!(loose.virtual_services.items()[0].spec.hosts, ["shop.prod.mesh"]);
    assert_eq!(loose.services.items()[0].metadata.name, "a");
    assert!(
        !loose.destination_rules.is_had(),
        "what is not given is not collected"
    );
    assert!(warnings(&snapshot).is_empty());
}

#[test]
fn lists_prove_that_their_kind_was_collected() {
    let empty = r#"{"apiVersion":"networking.istio.io/v1alpha3","kind":"DestinationRuleList","items":[]}"#;
    assert!(
        file("a.json", empty).kubernetes["loose"]
            .destination_rules
            .is_had()
    );
    // As the API answers: items without kind and apiVersion.
    let raw = r#"{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"a"}}]}"#;
    assert_eq!(file("a.json", raw).kubernetes["loose"].pods.items().len(), 1);
    let kubectl = r#"{"apiVersion":"v1","items":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"}},
        {"apiVersion":"v1","kind":"Namespace","metadata":{"name":"b"}}],"kind":"List"}"#;
    let snapshot = file("a.json", kubectl);
    assert!(snapshot.kubernetes["loose"].pods.is_had() && snapshot.kubernetes["loose"].namespaces.is_had());
    let told = failure("a.json", r#"{"apiVersion":"v1","kind":"List","items":[]}"#);
    assert!(told.contains("does not say of what kind"), "{told}");
}

#[test]
fn a_field_of_the_wrong_type_is_told_with_file_line_and_name() {
    let yaml = format!(
        "{VIRTUAL_SERVICE}---\n{}",
        VIRTUAL_SERVICE.replace("[shop.prod.mesh]", "shop.prod.mesh")
    );
    let told = failure("vs.yaml", yaml);
    assert!(
        told.contains("vs.yaml:12:10") && told.contains("VirtualService shop: spec.hosts"),
        "{told}"
    );
    assert!(told.contains("remedy: correct the field `spec.hosts`"), "{told}");

    let list = "kind: List\napiVersion: v1\nitems:\n- kind: Pod\n  apiVersion: v1\n- kind: VirtualService\n  \
        apiVersion: networking.istio.io/v1\n  spec:\n    hosts: x\n";
    let told = failure("list.yaml", list);
    assert!(
        told.contains("list.yaml:9") && told.contains("items[1].spec.hosts"),
        "{told}"
    );

    let json = "{\"kind\":\"List\",\"apiVersion\":\"v1\",\n\"items\":[\n {\"kind\":\"VirtualService\",\n\
        \"apiVersion\":\"networking.istio.io/v1\",\n\"spec\":{\n\"hosts\":\"x\"}}]}";
    let told = failure("list.json", json);
    assert!(
        told.contains("list.json:6") && told.contains("items[0].spec.hosts"),
        "{told}"
    );
}

#[test]
fn loose_manifests_join_the_only_membership_and_the_later_of_two_stands() {
    let root = folder(&BUNDLE);
    let pod = root.path().join("pod.yaml");
    fs::write(
        &pod,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x}\n",
    )
    .unwrap();
    let again = root.path().join("again.yaml");
    fs::write(
        &again,
        "apiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: x, labels: {v: new}}\n",
    )
    .unwrap();
    let given = [root.path().join("bundle-2026"), pod, again];
    let snapshot = read(&given, &Options::default()).unwrap();
    let pods = snapshot.kubernetes["m"].pods.items();
    assert_eq!(snapshot.kubernetes.len(), 1);
    assert_eq!(
        pods.iter().map(|p| p.metadata.name.as_str()).collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(pods[1].metadata.labels["v"], "new");
    assert!(warnings(&snapshot).contains("x/b is given more than once"));
}

#[test]
fn a_folder_of_manifests_is_walked_and_the_rest_is_told_of() {
    let root = folder(&[
        ("kubernetes/base/vs.yaml", VIRTUAL_SERVICE.as_bytes()),
        (
            "kubernetes/chart/templates/x.yaml",
            b"{{- if .Values.x }}\napiVersion: v1\n{{ end }}\n",
        ),
        ("settings.json", b"{\"editor\": 2, // comment\n}"),
        ("README.md", b"# x"),
        ("image.png", b"\x89PNG"),
    ]);
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    assert_eq!(snapshot.kubernetes["loose"].virtual_services.items().len(), 1);
    let told = warnings(&snapshot);
    for word in ["x.yaml", "settings.json", "2 files ignored", "README.md"] {
        assert!(told.contains(word), "{word} in {told}");
    }
    let broken = folder(&[("a.yaml", b"apiVersion: v1\nkind: [Pod\n")]);
    let answer = read(&[broken.path().to_owned()], &Options::default());
    assert!(
        matches!(answer, Err(ReadError::Malformed { .. })),
        "a manifest that breaks off is no warning"
    );
}

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

#[test]
fn a_manifest_of_an_unknown_schema_is_refused() {
    let told = failure("bundle.json", r#"{"schemaVersion":"meshdoctor.bundle.v9"}"#);
    assert!(told.contains("v9") && told.contains("newer"), "{told}");
}

#[test]
fn bad_files_alone_are_errors_that_name_the_file_and_what_was_expected() {
    let noise: Vec<u8> = (0_u32..5_000)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    let cases: [(&str, &[u8], &str); 7] = [
        ("a.binpb", &noise, "CSDS"),
        ("a.yaml", b"\xff\xfe\xfd", "binary"),
        ("a.json", b"{\"apiVersion\": \"v1\", \"kind\": ", "a.json:1"),
        ("a.txt", b"hello world\n", "not recognised"),
        ("a.json", b"{\"hello\": 1}", "Kubernetes YAML"),
        ("a.json", b"[]", "does not say of what kind"),
        ("zeros.yaml", &[0; 100_000], "binary"),
    ];
    for (name, bytes, word) in cases {
        let told = failure(name, bytes);
        assert!(
            told.contains(name) && told.contains(word) && told.contains("remedy"),
            "{told}"
        );
    }
    // Beside something good the same are warnings.
    let root = folder(&[("a.yaml", VIRTUAL_SERVICE.as_bytes()), ("b.txt", b"hello\n")]);
    let given = [root.path().join("b.txt"), root.path().join("a.yaml")];
    let snapshot = read(&given, &Options::default()).unwrap();
    assert!(warnings(&snapshot).contains("b.txt"));
}

#[test]
fn an_empty_file_is_a_warning() {
    let snapshot = file("empty.yaml", "");
    assert!(warnings(&snapshot).contains("empty.yaml: empty"));
}

#[test]
fn only_regular_files_are_opened() {
    let told = read(&[PathBuf::from("/dev/zero")], &Options::default())
        .unwrap_err()
        .to_string();
    assert!(told.contains("neither a regular file nor a directory"), "{told}");
    let told = read(&[Path::new("/nowhere/at/all").to_owned()], &Options::default()).unwrap_err();
    assert!(matches!(told, ReadError::Io { .. }));
}

#[test]
fn nesting_and_aliases_end_in_an_error_not_in_an_overflow() {
    let deep = 200_000;
    let bombs = [
        "[".repeat(deep),
        "{\"a\":".repeat(deep),
        format!("apiVersion: v1\nkind: Pod\nx: {}", "[".repeat(deep)),
        format!("apiVersion: v1\nkind: Pod\nx:\n {}", "- ".repeat(deep)),
        format!(
            "{{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{}",
            "[".repeat(deep)
        ),
        format!("{{\"logName\":\"x\",\"jsonPayload\":{}", "[".repeat(deep)),
        (1..40).fold(String::from("a0: &a0 [x]\n"), |text, n| {
            let aliases = vec![format!("*a{}", n - 1); 9].join(",");
            format!("{text}a{n}: &a{n} [{aliases}]\n")
        }),
        format!(
            "a: &a \"{}\"\nb: [{}]",
            "x".repeat(2 << 20),
            vec!["*a"; 400].join(",")
        ),
    ];
    for (number, bomb) in bombs.iter().enumerate() {
        let answer = try_file("bomb.yaml", bomb);
        assert!(answer.is_err(), "{number}");
    }
}

#[test]
fn more_objects_than_memory_holds_are_refused_before_parsing() {
    let text = format!("{{\"items\":[{}{{}}]}}", "{},".repeat(3_100_000));
    let root = folder(&[("kubernetes/m/pods.json", text.as_bytes())]);
    let answer = read(&[root.path().to_owned()], &Options::default());
    assert!(
        matches!(answer, Err(ReadError::TooLarge { .. })),
        "{:?}",
        answer.err()
    );
}
