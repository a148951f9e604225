//! Loose files as people have them at hand: every sort that the contract lists is told apart by what is in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, fixture_files, repository};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type World = BTreeMap<String, Vec<u8>>;

fn json_of(world: &World, path: &str) -> Value {
    serde_json::from_slice(&world[path]).unwrap()
}

/// The items of a cluster's listings.
fn items(world: &World, kinds: &[&str]) -> Vec<Value> {
    let lists = kinds
        .iter()
        .map(|kind| json_of(world, &format!("kubernetes/prod/{kind}.json")));
    lists
        .flat_map(|mut list| list["items"].as_array_mut().map(std::mem::take).unwrap())
        .collect()
}

const ROUTES: [&str; 3] = [
    "virtualservices.networking.istio.io",
    "services",
    "controlplanerevisions.mesh.cloud.google.com",
];
const WORKLOADS: [&str; 4] = [
    "pods",
    "namespaces",
    "deployments.apps",
    "endpointslices.discovery.k8s.io",
];

fn services(world: &World) -> Vec<Value> {
    json_of(world, "cloud-run/mesh-prod/us-central1/services.json")["services"]
        .as_array()
        .unwrap()
        .clone()
}

/// A service as `gcloud run services describe` prints it: Knative's v1 shape, the project by its number.
fn run_v1(v2: &Value) -> Value {
    let name = v2["name"].as_str().unwrap().rsplit('/').next().unwrap();
    let template = &v2["template"];
    let revision = format!("{name}-00003-abc");
    let traffic = json!([{"latestRevision": true, "percent": 100, "revisionName": revision}]);
    json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "525300120045", "labels": {"cloud.googleapis.com/location": "us-central1"}},
        "spec": {
            "template": {
                "metadata": {"annotations": {
                    "run.googleapis.com/mesh": template["serviceMesh"]["mesh"],
                    "run.googleapis.com/network-interfaces": template["vpcAccess"]["networkInterfaces"].to_string(),
                    "run.googleapis.com/vpc-access-egress": "all-traffic",
                    "run.googleapis.com/execution-environment": "gen2",
                }},
                "spec": {"serviceAccountName": template["serviceAccount"], "containers": template["containers"]},
            },
            "traffic": [{"latestRevision": true, "percent": 100}],
        },
        "status": {
            "latestReadyRevisionName": revision,
            "latestCreatedRevisionName": revision,
            "traffic": traffic,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    })
}

fn log_lines(world: &World) -> Vec<Value> {
    let text = String::from_utf8(world["logging/mesh-prod/entries.ndjson"].clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text_of(entries: &[Value]) -> String {
    let texts = entries
        .iter()
        .filter_map(|e| e["textPayload"].as_str())
        .filter(|t| t.starts_with('['));
    texts.map(|text| format!("{text}\n")).collect()
}

/// A world as loose files, one of each sort.
fn loose(s: &Sandbox, world: &World) -> Vec<PathBuf> {
    let [fortio, shop] = <[Value; 2]>::try_from(services(world)).unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": items(world, &WORKLOADS), "metadata": {}});
    let policy = &world["iam/projects/mesh-prod/policy.json"];
    let entries = log_lines(world);
    let (early, late) = entries.split_at(entries.len() / 2);
    let late: String = late.iter().map(|entry| format!("{entry}\n")).collect();
    let manifests = serde_saphyr::to_string_multiple(&items(world, &ROUTES)).unwrap();
    assert!(
        manifests.matches("---\n").count() > 3,
        "several documents: {manifests}"
    );
    vec![
        s.write("manifests.yaml", manifests),
        s.write("get.json", serde_json::to_vec_pretty(&list).unwrap()),
        s.write("fortio.yaml", serde_saphyr::to_string(&run_v1(&fortio)).unwrap()),
        s.write("services.json", json!([run_v1(&shop)]).to_string()),
        s.write(
            "logs.json",
            serde_json::to_vec_pretty(&Value::from(early)).unwrap(),
        ),
        s.write("more.ndjson", late),
        s.write("iam-policy-mesh-prod.json", policy),
        s.write("csds.json", &world["csds/mesh-prod/client-status.json"]),
    ]
}

#[track_caller]
fn check(s: &Sandbox, paths: &[PathBuf], flags: &[&str]) -> Run {
    let mut arguments: Vec<&Path> = vec![Path::new("check"), Path::new("-o"), Path::new("json")];
    arguments.extend(flags.iter().map(Path::new));
    arguments.extend(paths.iter().map(PathBuf::as_path));
    s.run(arguments)
}

/// A report without the time at which loose files were read, which stands for the time of collection.
fn timeless(run: &Run) -> Value {
    let mut report = run.json();
    assert!(report.as_object_mut().unwrap().remove("collectedAt").is_some());
    report
}

/// Fixtures' files, those of the later ones over those of the earlier: each with the part of the layout that is taken.
fn combined(parts: &[(&str, &str, &str)]) -> World {
    let taken = parts.iter().flat_map(|(code, name, below)| {
        fixture_files(code, name)
            .into_iter()
            .filter(move |(path, _)| path.starts_with(below))
    });
    taken.collect()
}

/// The account of fortio has no role, its sidecar logged the denial, and its proxy never connected.
fn denied() -> World {
    combined(&[
        ("MD101", "fires-log", ""),
        ("MD101", "fires", "iam/projects/mesh-prod/policy.json"),
        ("MD101", "fires-group", "csds/"),
    ])
}

fn finding(report: &Value, code: &str) -> Option<Value> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["code"] == code)
        .cloned()
}

fn status_of(report: &Value, code: &str) -> String {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|c| c["code"] == code).unwrap()["status"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn a_healthy_world_in_loose_files_is_read_whole_and_nothing_found() {
    let s = Sandbox::new();
    let run = check(&s, &loose(&s, &fixture_files("MD501", "near-miss")), &[]);
    let report = run.ended(3).json();
    assert_eq!(report["findings"], json!([]), "{}", run.said());
    assert_eq!(report["warnings"], json!([]));
    assert_eq!(
        report["path"].as_array().unwrap().len(),
        4,
        "two services, two hosts"
    );
    for code in ["MD201", "MD501", "MD502", "MD601", "MD413", "MD803"] {
        assert_eq!(status_of(&report, code), "PASSED", "{code}");
    }
}

#[test]
fn without_the_role_and_with_the_denial_logged_it_is_md101_likely_as_the_ancestors_are_unknown() {
    let s = Sandbox::new();
    let run = check(&s, &loose(&s, &denied()), &[]);
    let report = run.ended(1).json();
    let found = finding(&report, "MD101").unwrap_or_else(|| panic!("{}", run.said()));
    assert_eq!(
        (&found["confidence"], &found["role"]),
        (&json!("LIKELY"), &json!("ROOT_CAUSE"))
    );
    assert_eq!(found["subject"]["name"], "fortio");
    let denial = finding(&report, "MD801").unwrap_or_else(|| panic!("{}", run.said()));
    assert_eq!(denial["explainedBy"], json!([found["id"]]));
}

#[test]
fn without_the_gateway_it_is_md501() {
    let s = Sandbox::new();
    let paths = loose(&s, &fixture_files("MD501", "fires"));
    let run = check(&s, &paths, &["--url", "http://ads.mesh.private/"]);
    let found = finding(&run.ended(1).json(), "MD501").unwrap_or_else(|| panic!("{}", run.said()));
    assert_eq!(
        (&found["confidence"], &found["subject"]["name"]),
        (&json!("CONFIRMED"), &json!("ads-external"))
    );
}

#[test]
fn the_order_in_which_files_are_named_makes_no_difference() {
    let s = Sandbox::new();
    let mut world = denied();
    world.extend(combined(&[("MD501", "fires", "kubernetes/")]));
    let mut paths = loose(&s, &world);
    // Every route in a file of its own.
    for (number, route) in items(&world, &ROUTES).iter().enumerate() {
        paths.push(s.write(
            &format!("route-{number}.yaml"),
            serde_saphyr::to_string(route).unwrap(),
        ));
    }
    paths.retain(|path| !path.ends_with("manifests.yaml"));
    let flags = ["--url", "http://ads.mesh.private/"];
    let first = check(&s, &paths, &flags);
    for code in ["MD101", "MD501", "MD801"] {
        assert!(
            first.ended(1).codes().iter().any(|c| c == code),
            "no {code}: {}",
            first.said()
        );
    }
    for _ in 0..paths.len() {
        paths.rotate_left(1);
        assert_eq!(
            timeless(&check(&s, &paths, &flags)),
            timeless(&first),
            "{paths:?}"
        );
    }
    paths.reverse();
    assert_eq!(timeless(&check(&s, &paths, &flags)), timeless(&first));
}

#[test]
fn a_policy_is_of_the_project_in_its_name_or_of_the_one_that_is_told() {
    let world = fixture_files("MD101", "fires");
    let policy = &world["iam/projects/mesh-prod/policy.json"];
    let s = Sandbox::new();
    let [named, unnamed] = ["iam-policy-mesh-prod.json", "policy.json"].map(|name| s.write(name, policy));
    let listing = s.write(
        "services.json",
        &world["cloud-run/mesh-prod/us-central1/services.json"],
    );
    let logs = s.write("logs.ndjson", &world["logging/mesh-prod/entries.ndjson"]);
    let why = |run: Run| {
        let report = run.ended(3).json();
        let check = report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|c| c["code"] == "MD101")
            .cloned();
        (
            check.unwrap()["reason"].as_str().unwrap().to_owned(),
            report["warnings"].to_string(),
        )
    };
    let all = [named, listing.clone(), logs.clone()];
    let (reason, warnings) = why(check(&s, &all, &[]));
    assert!(
        !reason.contains("the policy of") && warnings == "[]",
        "{reason} {warnings}"
    );
    let told = format!("mesh-prod={}", unnamed.display());
    assert_eq!(
        why(check(
            &s,
            &[listing.clone(), logs.clone()],
            &["--iam-policy", &told]
        ))
        .0,
        reason
    );
    // Of nobody knows which project: told, not guessed.
    let (reason, warnings) = why(check(&s, &[unnamed, listing, logs], &[]));
    assert!(
        reason.contains("the policy of projects/525300120045 was not collected"),
        "{reason}"
    );
    assert!(
        warnings.contains("policy.json") && warnings.contains("--iam-policy"),
        "{warnings}"
    );
}

#[test]
fn logs_say_the_same_as_an_array_as_lines_and_as_envoys_own_text() {
    let world = fixture_files("MD101", "fires-log");
    let entries = log_lines(&world);
    let lines: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    let forms: [(&str, Vec<u8>); 4] = [
        ("logs.json", serde_json::to_vec_pretty(&entries).unwrap()),
        ("logs.ndjson", lines.clone().into_bytes()),
        ("logs.ndjson.zst", zstd::encode_all(lines.as_bytes(), 1).unwrap()),
        ("proxy.log", text_of(&entries).into_bytes()),
    ];
    for (name, content) in forms {
        let s = Sandbox::new();
        let run = check(&s, &[s.write(name, content)], &[]);
        let report = run.ended(1).json();
        assert!(finding(&report, "MD801").is_some(), "{name}: {}", run.said());
        assert_eq!(report["warnings"], json!([]), "{name}");
    }
}

#[test]
fn cloud_run_says_the_same_in_its_first_and_in_its_second_version() {
    let world = fixture_files("MD203", "fires");
    let services = services(&world);
    let v1: Vec<Value> = services.iter().map(run_v1).collect();
    let forms = [
        ("v2.json", json!({ "services": services }).to_string()),
        ("v2-array.json", json!(services).to_string()),
        ("v1.json", json!(v1).to_string()),
        ("v1.yaml", serde_saphyr::to_string_multiple(&v1).unwrap()),
        ("v1-array.yaml", serde_saphyr::to_string(&v1).unwrap()),
    ];
    for (name, content) in forms {
        let s = Sandbox::new();
        let run = check(&s, &[s.write(name, content)], &["--rule", "MD203"]);
        let report = run.ended(1).json();
        assert_eq!(
            finding(&report, "MD203").unwrap()["subject"]["name"],
            "fortio",
            "{name}"
        );
        assert_eq!(report["warnings"], json!([]), "{name}");
    }
}

#[test]
fn an_xds_answer_says_the_same_in_binary_and_in_json() {
    let reports = ["client-status.binpb", "client-status.json"].map(|name| {
        let s = Sandbox::new();
        let answer = std::fs::read(repository().join("fixtures/csds/listener-nacked").join(name)).unwrap();
        let run = check(&s, &[s.write("answer", answer)], &["--layer", "control-plane"]);
        let mut report = timeless(&run);
        assert_eq!(status_of(&report, "MD413"), "FAILED", "{}", run.said());
        assert_eq!(report["warnings"], json!([]));
        // Where it was found is another file of the layout.
        for finding in report["findings"].as_array_mut().unwrap() {
            finding.as_object_mut().unwrap().remove("evidence");
        }
        report
    });
    assert_eq!(reports[0], reports[1]);
}
