//! What a fix must never do: send calls to somebody else, name what is not there, contradict another, or be no command at all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Sandbox, repository, world};
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::v1::{Finding, Report, finding::Role};
use meshdoctor::rules::engine::Selection;
use meshdoctor::rules::{RuleSet, fixture};
use meshdoctor::snapshot::read;
use serde_json::{Value, json};
use std::path::Path;

const PODS: &str = "kubernetes/prod/pods.json";
const SERVICES: &str = "kubernetes/prod/services.json";
const WORKLOADS: &str = "kubernetes/prod/deployments.apps.json";
const ROUTES: &str = "kubernetes/prod/virtualservices.networking.istio.io.json";

/// The healthy world with these changes, each a file and a JSON Patch.
fn changed(changes: &[(&str, Value)]) -> String {
    let patch: Vec<Value> = changes
        .iter()
        .map(|(file, ops)| json!({"file": file, "ops": ops}))
        .collect();
    format!("patch: {}\nfires: []\n", json!(patch))
}

fn diagnosed(changes: &str) -> Report {
    let s = Sandbox::new();
    report_of(&world(&s, changes))
}

fn report_of(path: &Path) -> Report {
    let snapshot = read::read(&[path.to_owned()], &read::Options::default()).unwrap();
    diagnose(&snapshot, &RuleSet::built_in().unwrap(), &Selection::default()).unwrap()
}

#[track_caller]
fn finding<'r>(report: &'r Report, code: &str) -> &'r Finding {
    let all: Vec<&str> = report.findings.iter().map(|f| f.code.as_str()).collect();
    let mut own = report.findings.iter().filter(|f| f.code == code);
    own.next().unwrap_or_else(|| panic!("no {code}, only {all:?}"))
}

fn commands(finding: &Finding) -> Vec<&str> {
    finding
        .fixes
        .iter()
        .flat_map(|f| &f.commands)
        .map(String::as_str)
        .collect()
}

/// What is said to whoever has to do it by hand.
fn words(finding: &Finding) -> String {
    let actions = finding.fixes.iter().flat_map(|fix| &fix.actions);
    let texts = actions.filter_map(|action| action.fields.get("text"));
    texts.cloned().collect::<Vec<_>>().join("\n")
}

fn patches(finding: &Finding) -> Vec<&str> {
    let mut all = commands(finding);
    all.retain(|command| command.contains(" patch "));
    all
}

fn pods_of_ads(labels: &Value) -> (&'static str, Value) {
    let ops = [0, 1]
        .map(|i| json!({"op": "replace", "path": format!("/items/{i}/metadata/labels"), "value": labels}));
    (PODS, json!(ops))
}

fn workload(name: &str, labels: &Value, pods: &Value) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "ads", "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": pods}, "template": {"metadata": {"labels": pods}}},
    })
}

fn selector_of_ads(selector: &Value) -> (&'static str, Value) {
    (
        SERVICES,
        json!([{"op": "replace", "path": "/items/0/spec/selector", "value": selector}]),
    )
}

#[test]
fn a_selector_is_corrected_where_one_workload_is_the_services_own() {
    let report = diagnosed(&changed(&[selector_of_ads(&json!({"app": "adss"}))]));
    let patches = patches(finding(&report, "MD601")).join("\n");
    assert!(
        patches.contains(r#"{"spec":{"selector":{"app":"ads"}}}"#),
        "{patches}"
    );
}

#[test]
fn a_service_is_never_sent_to_another_workload_while_its_own_makes_no_pods() {
    let v2 = json!({"app": "ads-v2"});
    let other = workload("ads-v2", &v2, &v2);
    let report = diagnosed(&changed(&[
        pods_of_ads(&v2),
        (
            WORKLOADS,
            json!([{"op": "add", "path": "/items/-", "value": other}]),
        ),
    ]));
    let found = finding(&report, "MD601");
    assert_eq!(patches(found), [""; 0]);
    let title = &found.fixes[0].title;
    assert_eq!(title, "Find out why deployment/ads has no pods");
    assert_eq!(
        commands(found),
        ["kubectl describe deployment/ads --namespace ads"]
    );
}

#[test]
fn where_several_workloads_may_be_meant_all_are_named_and_none_is_chosen() {
    let (v1, v2) = (json!({"app": "ads"}), json!({"app": "ads-v2"}));
    // Its own labels are what the Service asks for; its pods' are not.
    let labelled = workload("advert", &json!({"app": "adss"}), &json!({"app": "advert"}));
    let cases = [
        (
            vec![workload("ads", &v1, &v1), workload("ads-v2", &v2, &v2)],
            vec!["deployment/ads (app=ads)", "deployment/ads-v2 (app=ads-v2)"],
        ),
        (
            vec![workload("ads", &v1, &v1), labelled],
            vec!["deployment/ads (app=ads)", "deployment/advert"],
        ),
        // One that is alike and nothing more.
        (
            vec![workload("ads-v2", &v2, &v2)],
            vec!["deployment/ads-v2 (app=ads-v2)"],
        ),
    ];
    for (workloads, named) in cases {
        let pods = workloads[0]["spec"]["template"]["metadata"]["labels"].clone();
        let report = diagnosed(&changed(&[
            selector_of_ads(&json!({"app": "adss"})),
            pods_of_ads(&pods),
            (
                WORKLOADS,
                json!([{"op": "replace", "path": "/items", "value": workloads}]),
            ),
        ]));
        let found = finding(&report, "MD601");
        assert_eq!(patches(found), [""; 0], "{named:?}");
        for name in named {
            assert!(words(found).contains(name), "no {name} in: {}", words(found));
        }
    }
}

#[test]
fn pods_that_another_service_has_already_are_not_taken() {
    let twin = json!({"metadata": {"name": "front", "namespace": "ads"}, "spec": {"selector": {"app": "ads"}, "ports": [{"port": 80}]}});
    let (_, selector) = selector_of_ads(&json!({"app": "adss"}));
    let mut ops = selector.as_array().unwrap().clone();
    ops.push(json!({"op": "add", "path": "/items/-", "value": twin}));
    let report = diagnosed(&changed(&[(SERVICES, json!(ops))]));
    let found = finding(&report, "MD601");
    assert_eq!(patches(found), [""; 0]);
    assert!(
        words(found).contains("behind Service front already"),
        "{}",
        words(found)
    );
}

#[test]
fn a_label_changed_in_more_than_its_spelling_is_no_typo() {
    let report = diagnosed(&changed(&[
        selector_of_ads(&json!({"app": "ads", "version": "v1"})),
        pods_of_ads(&json!({"app": "ads", "version": "v2"})),
    ]));
    assert_eq!(patches(finding(&report, "MD601")), [""; 0]);
}

/// gcloud asks, or without a terminal fails, where a policy has conditional bindings and nothing is said of the condition. The
/// subnetworks' command has no such flag.
/// Source: <https://cloud.google.com/sdk/gcloud/reference/projects/add-iam-policy-binding> and its like.
#[test]
fn every_binding_says_what_its_condition_is() {
    let set = RuleSet::built_in().unwrap();
    let fixtures = repository().join("fixtures");
    let mut seen = 0;
    for rule in &set.rules {
        let text = std::fs::read_to_string(repository().join(&rule.origin)).unwrap();
        if !text.contains("iam_binding_add") && !text.contains("iam-policy-binding") {
            continue;
        }
        let page = meshdoctor::rules::page::rule(rule, &set);
        for line in page.lines().filter(|line| line.contains("-iam-policy-binding ")) {
            seen += 1;
            let says = line.contains(" --condition=") || line.contains(" '--condition=");
            assert!(says || line.contains(" subnets "), "{}: {line}", rule.code());
        }
        for file in fixture::files(&fixtures, rule.code()).unwrap() {
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            if !name.starts_with("fires") {
                continue;
            }
            let s = Sandbox::new();
            let report = report_of(&common::fixture_world(&s, rule.code(), &name));
            let all = report.findings.iter().flat_map(commands);
            for command in all.filter(|command| command.contains("-iam-policy-binding ")) {
                seen += 1;
                let says = command.contains("--condition=");
                assert!(says || command.contains(" subnets "), "{name}: {command}");
            }
        }
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn a_route_that_leads_nowhere_is_not_copied() {
    let report = diagnosed(&changed(&[(
        ROUTES,
        json!([
            {"op": "replace", "path": "/items/0/spec/gateways", "value": ["mesh"]},
            {"op": "replace", "path": "/items/0/spec/http/0/route/0/destination/host", "value": "adz"},
        ]),
    )]));
    let found = finding(&report, "MD501");
    let manifests: Vec<&String> = found
        .fixes
        .iter()
        .filter_map(|fix| fix.manifest.as_ref())
        .collect();
    assert!(manifests.is_empty(), "{manifests:?}");
    assert!(
        words(found).contains("names adz, and there is none"),
        "{}",
        words(found)
    );
    // With a Service behind it the copy is offered.
    let report = diagnosed(&changed(&[(
        ROUTES,
        json!([{"op": "replace", "path": "/items/0/spec/gateways", "value": ["mesh"]}]),
    )]));
    assert!(finding(&report, "MD501").fixes[0].manifest.is_some());
}

/// What is said of MD205's world with its subnetworks changed.
fn with_subnets(change: impl FnOnce(&mut Value)) -> Report {
    let s = Sandbox::new();
    let path = common::fixture_world(&s, "MD205", "fires");
    let file = path.join("compute/mesh-prod/subnetworks.json");
    let mut subnets: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    change(&mut subnets["items"]);
    std::fs::write(file, subnets.to_string()).unwrap();
    report_of(&path)
}

#[test]
fn a_wrong_network_and_a_subnetwork_that_is_not_there_are_mended_by_one_command() {
    let report = with_subnets(|items| {
        // The subnetwork of the wrong network is in another region.
        let mut moved = items["regions/us-central1"]["subnetworks"]
            .as_array_mut()
            .unwrap()
            .pop()
            .unwrap();
        moved["region"] =
            json!("https://www.googleapis.com/compute/v1/projects/mesh-prod/regions/europe-west1");
        moved["selfLink"] = json!(
            "https://www.googleapis.com/compute/v1/projects/mesh-prod/regions/europe-west1/subnetworks/legacy"
        );
        items["regions/europe-west1"] = json!({"subnetworks": [moved]});
    });
    let (network, subnet) = (finding(&report, "MD205"), finding(&report, "MD206"));
    assert_eq!(network.role(), Role::RootCause);
    assert_eq!(subnet.role(), Role::Symptom);
    assert_eq!(subnet.explained_by, std::slice::from_ref(&network.id));
    assert_eq!(commands(subnet), commands(network));
    assert!(
        commands(network)[0].contains("--network="),
        "{:?}",
        commands(network)
    );
}

#[test]
fn a_subnetwork_is_named_only_where_it_is_there() {
    let report = with_subnets(|items| {
        let all = items["regions/us-central1"]["subnetworks"]
            .as_array_mut()
            .unwrap();
        all.retain(|subnet| subnet["name"] == "legacy");
    });
    let found = finding(&report, "MD205");
    let all = commands(found).join("\n");
    assert!(!all.contains("run services update"), "{all}");
    assert!(
        all.contains("subnets create SUBNET --network=default --region=us-central1"),
        "{all}"
    );
}

#[test]
fn a_label_with_a_telling_name_stands_in_commands_and_a_secret_does_not() {
    let header = json!({"set": {"x-api-token": "S3CR3T"}});
    let report = diagnosed(&changed(&[
        selector_of_ads(&json!({"token": "adss"})),
        pods_of_ads(&json!({"token": "ads"})),
        (
            WORKLOADS,
            json!([{"op": "replace", "path": "/items/0/spec/template/metadata/labels", "value": {"token": "ads"}}]),
        ),
        (
            ROUTES,
            json!([
                {"op": "replace", "path": "/items/1/spec/gateways", "value": ["mesh"]},
                {"op": "add", "path": "/items/1/spec/http/0/headers", "value": {"request": header}},
            ]),
        ),
    ]));
    let found = finding(&report, "MD601");
    let patch = patches(found).join("\n");
    assert!(
        patch.contains(r#"{"spec":{"selector":{"token":"ads"}}}"#),
        "{patch}"
    );
    assert!(found.summary.contains("token=adss"), "{}", found.summary);
    let export = finding(&report, "MD501");
    let manifest = export.fixes[0].manifest.clone().unwrap();
    assert!(manifest.contains("x-api-token"), "{manifest}");
    let all = serde_json::to_string(&report).unwrap();
    assert!(!all.contains("S3CR3T"), "{manifest}");
}

#[test]
fn a_bundle_keeps_the_labels_that_its_fixes_name() {
    let s = Sandbox::new();
    let path = world(
        &s,
        &changed(&[
            selector_of_ads(&json!({"token": "adss"})),
            pods_of_ads(&json!({"token": "ads"})),
            (
                WORKLOADS,
                json!([{"op": "replace", "path": "/items/0/spec/template/metadata/labels", "value": {"token": "ads"}}]),
            ),
        ]),
    );
    let bundle = s.path("b.tar.zst");
    let made = s.run([
        "bundle",
        "create",
        "--output",
        bundle.to_str().unwrap(),
        path.to_str().unwrap(),
    ]);
    made.ended(0);
    let run = s.run(["check", bundle.to_str().unwrap(), "-o", "json"]);
    let patch = run.ended(1).stdout.clone();
    assert!(patch.contains(r#"{\"token\":\"ads\"}"#), "{patch}");
}
