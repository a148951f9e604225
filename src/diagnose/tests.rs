//! What every text of a report promises, on the fixtures of all rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::report::v1::Finding;
use crate::rules::fixture::{self, Fixture};
use crate::snapshot::read;
use std::fs;
use std::path::Path;

/// Every finding of every fixture that fires, with the fixture's name.
fn findings() -> Vec<(String, Finding)> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let set = RuleSet::with(&[]).unwrap();
    let mut all = Vec::new();
    for rule in &set.rules {
        for path in fixture::files(&fixtures, rule.code()).unwrap() {
            if fixture::must_fire(&path) != Some(true) {
                continue;
            }
            let fixture: Fixture = serde_saphyr::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
            let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
            let name = format!("{}/{}", rule.code(), path.file_stem().unwrap().to_string_lossy());
            all.extend(report.findings.into_iter().map(|finding| (name.clone(), finding)));
        }
    }
    all
}

/// What is wrong with a text that a rule wrote, if anything.
fn fault(text: &str) -> Option<&'static str> {
    const STRAY: [&str; 16] = [
        "  ",
        " ,",
        " .",
        " ;",
        " :",
        ",,",
        "..",
        ";;",
        ",.",
        ".,",
        "( ",
        " )",
        "()",
        ": .",
        "; .",
        "could not be made",
    ];
    // Words of other programs are quoted as they are.
    let own = text.replace("missing ): (", "").replace("...", "");
    let last = text.chars().last().unwrap_or('.');
    let found = STRAY.into_iter().find(|stray| own.contains(stray));
    found.or((last == ',' || last == ':' || last == ';').then_some("an end that is none"))
}

#[test]
fn no_text_of_a_rule_has_stray_punctuation_or_a_template_that_failed() {
    let mut faults = Vec::new();
    for (fixture, finding) in findings() {
        let manual = |action: &v1::Action| action.fields.get("text").cloned();
        let fixes = finding
            .fixes
            .iter()
            .flat_map(|f| f.actions.iter().filter_map(manual).chain([f.title.clone()]));
        for text in [finding.summary.clone(), finding.explanation.clone()]
            .into_iter()
            .chain(fixes)
        {
            if let Some(fault) = fault(&text) {
                faults.push(format!("{fixture}: {} {fault:?} in: {text}", finding.code));
            }
        }
        let evidence = finding.evidence.iter().flat_map(|e| [&e.locator, &e.excerpt]);
        let commands = finding.fixes.iter().flat_map(|f| &f.commands);
        for text in evidence
            .chain(commands)
            .filter(|text| text.contains("could not be made") || text.is_empty())
        {
            faults.push(format!("{fixture}: {} {text:?}", finding.code));
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn an_explanation_begins_with_one_sentence_that_can_be_taken_in() {
    let mut long: Vec<String> = findings()
        .into_iter()
        .filter(|(fixture, finding)| fixture.starts_with(&finding.code))
        .filter_map(|(fixture, finding)| {
            let first = finding
                .explanation
                .split(". ")
                .next()
                .unwrap_or_default()
                .chars()
                .count();
            (first > 272).then(|| format!("{fixture}: {first} characters: {}", finding.explanation))
        })
        .collect();
    long.sort();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn no_command_of_a_fix_has_an_empty_value() {
    for (fixture, finding) in findings() {
        for command in finding.fixes.iter().flat_map(|f| &f.commands) {
            let empty = command
                .split_whitespace()
                .any(|word| word.ends_with("=''") || (word.starts_with("--") && word.ends_with('=')));
            assert!(!empty, "{fixture}: {command}");
        }
    }
}

/// Codes of the root causes, of severity ERROR or above, of the healthy world with these changes.
fn causes(changes: &str) -> Vec<String> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let fixture: Fixture = serde_saphyr::from_str(&format!("about: a test\nbase: base\n{changes}")).unwrap();
    let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
    let set = RuleSet::with(&[]).unwrap();
    let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
    let loud = |f: &&Finding| {
        f.role() == v1::finding::Role::RootCause
            && matches!(
                f.severity(),
                v1::finding::Severity::Error | v1::finding::Severity::Critical
            )
    };
    let codes: std::collections::BTreeSet<String> = report
        .findings
        .iter()
        .filter(loud)
        .map(|f| f.code.clone())
        .collect();
    codes.into_iter().collect()
}

#[test]
fn a_route_that_is_not_exported_hides_nothing_of_what_stands_behind_it() {
    let found = causes(
        r#"
patch:
  - file: kubernetes/prod/virtualservices.networking.istio.io.json
    ops:
      - {op: replace, path: /items/0/spec/gateways/0, value: external_mesh}
  - file: kubernetes/prod/services.json
    ops:
      - {op: replace, path: /items/0/spec/selector, value: {app: adz}}
  - file: dns/mesh-prod/zones/mesh-private/rrsets.json
    ops:
      - {op: replace, path: /rrsets/2/name, value: cart.mesh.private.}
logs:
  - {service: fortio, severity: ERROR, text: "dial tcp: lookup ads.mesh.private on 169.254.169.254:53: no such host"}
"#,
    );
    assert_eq!(found, ["MD304", "MD510", "MD601"]);
}

#[test]
fn calls_by_the_full_name_of_a_host_that_is_exported_short_are_explained_by_it() {
    let found = causes(
        r#"
patch:
  - file: kubernetes/prod/virtualservices.networking.istio.io.json
    ops:
      - {op: replace, path: /items/0/spec/hosts/0, value: ads}
logs:
  - {service: fortio, severity: INFO, text: '[2026-11-20T09:20:11.000Z] "GET / HTTP/1.1" 404 NR route_not_found - "-" 0 91 3 - "-" "curl/8" "5b0c-0" "ads.mesh.private" "-" - - 10.99.0.1:80 169.254.1.1:44120 - default'}
"#,
    );
    assert_eq!(found, ["MD514"]);
}

#[test]
fn calls_to_a_host_below_an_exported_wildcard_are_the_wildcards() {
    let found = causes(
        r#"
patch:
  - file: kubernetes/prod/virtualservices.networking.istio.io.json
    ops:
      - {op: replace, path: /items/0/spec/hosts/0, value: "*.ads.mesh.private"}
  - file: kubernetes/prod/networkpolicies.networking.k8s.io.json
    ops:
      - {op: add, path: /items/-, value: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: ads}, spec: {podSelector: {}, policyTypes: [Ingress]}}}
remove: [csds]
logs:
  - {service: fortio, severity: ERROR, text: '[2026-11-20T09:20:11.000Z] "GET / HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_timeout} - "-" 0 91 3 - "-" "curl/8" "5b0c-0" "blue.ads.mesh.private" "10.20.0.9:8000" - - 10.99.0.1:80 169.254.1.1:44120 - default'}
"#,
    );
    assert_eq!(found, ["MD610"]);
}

#[test]
fn a_grant_through_a_group_is_no_cause_beside_one_that_explains_why_no_proxy_is_connected() {
    let group = |more: &str| {
        causes(&format!(
            r#"
patch:
  - file: iam/projects/mesh-prod/policy.json
    ops:
      - {{op: replace, path: /bindings/1/members, value: ["group:run-services@example.com"]}}
  - file: csds/mesh-prod/client-status.json
    ops:
      - {{op: replace, path: /config, value: []}}
{more}"#
        ))
    };
    let istiod = "  - file: fleet/mesh-prod/features.json
    ops:
      - {op: replace, path: /resources/0/membershipStates/projects~1525300120045~1locations~1us-central1~1memberships~1prod/servicemesh/controlPlaneManagement/implementation, value: ISTIOD}
";
    assert_eq!(group(istiod), ["MD403"]);
    assert_eq!(group(""), ["MD101"]);
}

#[test]
fn without_a_listing_of_services_what_keeps_everybody_out_is_found_and_explains_what_is_logged() {
    let closed = r#"
remove: [cloud-run, csds]
patch:
  - file: kubernetes/prod/networkpolicies.networking.k8s.io.json
    ops:
      - {op: add, path: /items/-, value: {apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: closed, namespace: ads}, spec: {podSelector: {}, policyTypes: [Ingress]}}}
logs:
  - {service: fortio, severity: ERROR, text: '[2026-11-20T09:20:11.000Z] "GET / HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_timeout} - "-" 0 91 3 - "-" "curl/8" "5b0c-0" "ads.mesh.private" "10.20.0.9:8000" - - 10.99.0.1:80 169.254.1.1:44120 - default'}
"#;
    assert_eq!(causes(closed), ["MD610"]);
    let not_sent = r#"
remove: [cloud-run]
patch:
  - file: csds/mesh-prod/client-status.json
    ops:
      - {op: remove, path: /config/1}
      - {op: replace, path: /config/0/genericXdsConfigs/1/configStatus, value: NOT_SENT}
      - {op: remove, path: /config/0/genericXdsConfigs/1/xdsConfig}
logs:
  - {service: fortio, severity: ERROR, text: '[2026-11-20T09:20:11.000Z] "GET / HTTP/1.1" 404 NR route_not_found - "-" 0 91 3 - "-" "curl/8" "5b0c-0" "ads.mesh.private" "-" - - 10.99.0.1:80 169.254.1.1:44120 - default'}
"#;
    assert_eq!(causes(not_sent), ["MD414"]);
}

#[test]
fn what_all_proxies_of_a_service_refuse_is_one_finding() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut base: serde_json::Value = serde_json::from_str(
        &fs::read_to_string(fixtures.join("worlds/base/csds/mesh-prod/client-status.json")).unwrap(),
    )
    .unwrap();
    let mut proxy = base["config"][0].clone();
    proxy["genericXdsConfigs"][0]["configStatus"] = "ERROR".into();
    base["config"] = serde_json::json!([proxy, proxy, base["config"][1]]);
    let fixture = Fixture {
        about: String::new(),
        base: "base".into(),
        patch: Vec::new(),
        remove: Vec::new(),
        write: [("csds/mesh-prod/client-status.json".to_owned(), base)].into(),
        sealed: None,
        logs: Vec::new(),
        fires: Vec::new(),
    };
    let snapshot = read::from_world(fixture::build(&fixtures, &fixture).unwrap()).unwrap();
    let set = RuleSet::with(&[]).unwrap();
    let report = diagnose(&snapshot, &set, &Selection::default()).unwrap();
    let rejected: Vec<&str> = report
        .findings
        .iter()
        .filter(|f| f.code == "MD413")
        .map(|f| f.id.as_str())
        .collect();
    assert_eq!(rejected.len(), 1, "{rejected:?}");
}

/// A second cluster of the fleet, called lab.
const LAB: &str = "
patch:
  - file: fleet/mesh-prod/memberships.json
    ops:
      - {op: add, path: /resources/-, value: {name: projects/mesh-prod/locations/us-central1/memberships/lab}}
  - file: fleet/mesh-prod/features.json
    ops:
      - {op: add, path: /resources/0/membershipSpecs/projects~1525300120045~1locations~1us-central1~1memberships~1lab, value: {mesh: {management: MANAGEMENT_AUTOMATIC}}}
      - {op: add, path: /resources/0/membershipStates/projects~1525300120045~1locations~1us-central1~1memberships~1lab, value: {servicemesh: {controlPlaneManagement: {implementation: TRAFFIC_DIRECTOR, state: ACTIVE}}}}
";

#[test]
fn hosts_of_a_cluster_that_lost_its_annotation_are_looked_up_for_the_clients_of_another() {
    let found = causes(&format!(
        r#"{LAB}  - file: dns/mesh-prod/zones/mesh-private/rrsets.json
    ops:
      - {{op: replace, path: /rrsets/2/name, value: ads.mesh.private.}}
      - {{op: add, path: /rrsets/-, value: {{name: cart.mesh.private., type: A, ttl: 300, rrdatas: [10.99.0.1]}}}}
write:
  kubernetes/lab/controlplanerevisions.mesh.cloud.google.com.json:
    items: [{{metadata: {{name: asm-managed, namespace: istio-system}}}}]
  kubernetes/lab/virtualservices.networking.istio.io.json:
    items: [{{metadata: {{name: geo, namespace: geo}}, spec: {{hosts: [geo.mesh.private], gateways: [external-mesh], http: [{{route: [{{destination: {{host: geo}}}}]}}]}}}}]
  kubernetes/lab/services.json:
    items: [{{metadata: {{name: geo, namespace: geo}}, spec: {{selector: {{app: geo}}, ports: [{{port: 80, name: http}}]}}}}]
logs:
  - {{service: fortio, severity: ERROR, text: "dial tcp: lookup geo.mesh.private on 169.254.169.254:53: no such host"}}
"#
    ));
    assert_eq!(found, ["MD304", "MD405"]);
}

#[test]
fn a_host_that_another_cluster_of_the_mesh_exports_may_be_the_own_sidecars_here() {
    let world = |mesh: &str| {
        causes(&format!(
            r#"{LAB}write:
  kubernetes/lab/controlplanerevisions.mesh.cloud.google.com.json:
    items: [{{metadata: {{name: asm-managed, namespace: istio-system, annotations: {{mesh.cloud.google.com/external-mesh: projects/525300120045/locations/global/meshes/{mesh}}}}}}}]
  kubernetes/lab/virtualservices.networking.istio.io.json:
    items: [{{metadata: {{name: cart, namespace: carts}}, spec: {{hosts: [cart.mesh.private], http: [{{route: [{{destination: {{host: cart}}}}]}}]}}}}]
  kubernetes/lab/services.json:
    items: [{{metadata: {{name: cart, namespace: carts}}, spec: {{ports: [{{port: 80, name: http}}]}}}}]
"#
        ))
    };
    assert_eq!(world("test-mesh"), [""; 0]);
    assert_eq!(world("lab-mesh"), ["MD501"]);
}
