//! What nobody can know is neither a fault nor health: near misses of rules that end as INCONCLUSIVE, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, files, fixture_world, repository};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Diagnoses the fixture's world.
fn diagnosed(s: &Sandbox, code: &str, name: &str, flags: &[&str]) -> Run {
    let world = fixture_world(s, code, name);
    let arguments = ["check", "-o", "json"].iter().chain(flags);
    s.run(arguments.copied().chain([world.to_str().unwrap()]))
}

/// The fixture's world is inconclusive, and the reason is told in these words.
fn undecided(code: &str, name: &str, says: &str) {
    let s = Sandbox::new();
    let run = diagnosed(&s, code, name, &[]);
    let report = run.ended(3).json();
    assert_eq!(report["verdict"], "INCONCLUSIVE", "{code} {name}: {}", run.said());
    let checks = report["checks"].as_array().unwrap();
    let own = checks.iter().find(|c| c["code"] == code).unwrap();
    assert_eq!(own["status"], "SKIPPED", "{code} {name}: {own}");
    let reason = own["reason"].as_str().unwrap();
    assert!(reason.contains(says), "{code} {name}: {reason}");
}

#[test]
fn a_policy_that_goes_by_the_path_is_open_as_long_as_no_path_is_given() {
    undecided(
        "MD702",
        "near-miss-path",
        "paths /healthz, and which the client makes is not known",
    );
}

#[test]
fn a_path_in_the_url_decides() {
    let s = Sandbox::new();
    let fired = |path: &str, status: i32| {
        let url = format!("http://ads.mesh.private{path}");
        let run = diagnosed(&s, "MD702", "near-miss-path", &["--url", &url]);
        run.ended(status).codes().contains(&"MD702".to_owned())
    };
    assert!(fired("/v1/ads", 1));
    assert!(!fired("/healthz", 0));
}

#[test]
fn a_policy_that_no_sidecar_enforces_denies_nothing() {
    let s = Sandbox::new();
    let run = diagnosed(&s, "MD702", "near-miss-no-sidecar", &[]);
    assert_eq!(run.ended(0).json()["verdict"], "HEALTHY", "{}", run.said());
}

#[test]
fn names_that_other_name_servers_answer_are_open_and_so_is_a_network_of_a_project_that_nobody_read() {
    undecided(
        "MD304",
        "near-miss-forwarded",
        "forwards its names to other name servers (10.0.0.53)",
    );
    undecided(
        "MD303",
        "near-miss-peered-unread",
        "zones of project net-host were not collected",
    );
}

#[test]
fn a_wildcard_whose_names_have_records_is_healthy_as_far_as_dns_goes() {
    let s = Sandbox::new();
    let run = diagnosed(&s, "MD304", "near-miss-wildcard", &["--layer", "dns"]);
    assert_eq!(run.ended(0).json()["verdict"], "HEALTHY", "{}", run.said());
}

#[test]
fn the_private_zone_beside_a_public_one_has_a_name_of_its_own() {
    let s = Sandbox::new();
    let run = diagnosed(&s, "MD302", "fires", &[]);
    let report = run.ended(1).json();
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|f| f["code"] == "MD302").unwrap();
    let commands = found["fixes"][0]["commands"].to_string();
    assert!(
        commands.contains("managed-zones create mesh-private-private"),
        "{commands}"
    );
    assert!(commands.contains("--zone=mesh-private-private"), "{commands}");
}

#[test]
fn clients_whose_transport_was_not_seen_are_taken_to_call_in_plain_text_as_documented_and_not_with_certainty()
{
    let s = Sandbox::new();
    let confidence = |name: &str| {
        let run = diagnosed(&s, "MD701", name, &[]);
        let report = run.ended(1).json();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|f| f["code"] == "MD701").unwrap();
        assert_eq!(found["severity"], "ERROR", "{name}");
        found["confidence"].as_str().unwrap().to_owned()
    };
    assert_eq!(confidence("fires-sidecars"), "CONFIRMED");
    assert_eq!(confidence("fires-clients-unread"), "LIKELY");
}

/// The world without one listing of its cluster, as whoever collects without that permission has it.
fn refused(s: &Sandbox, world: &Path, kind: &str) -> PathBuf {
    for (path, mut content) in files(world) {
        if path == "bundle.json" {
            let mut manifest: Value = serde_json::from_slice(&content).unwrap();
            manifest.as_object_mut().unwrap().remove("files");
            let collectors = manifest["collectors"].as_array_mut().unwrap();
            let own = collectors.iter_mut().find(|c| c["name"] == "kubernetes").unwrap();
            let call = format!("list {kind} of cluster prod");
            let error = format!("403 Forbidden: {kind} is forbidden");
            *own = json!({
                "name": "kubernetes", "status": "PARTIAL", "error": format!("{call}: {error}"), "permissionNeeded": format!("list {kind}"),
                "failures": [{"call": call, "error": error, "kind": "PERMISSION_MISSING", "permission": format!("list {kind}"),
                    "resource": "cluster prod"}],
            });
            content = manifest.to_string().into_bytes();
        }
        if !path.ends_with(&format!("/{kind}.json")) {
            s.write(&format!("{kind}/{path}"), content);
        }
    }
    s.path(kind)
}

/// Code, status and reason of every check.
fn checks(s: &Sandbox, world: &Path) -> Vec<(String, String, String)> {
    let run = s.run(["check", "-o", "json", world.to_str().unwrap()]);
    let report = run.json();
    let text = |check: &Value, field: &str| check[field].as_str().unwrap_or_default().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    checks
        .map(|c| (text(c, "code"), text(c, "status"), text(c, "reason")))
        .collect()
}

#[test]
fn pods_that_were_refused_leave_open_only_what_reads_pods() {
    let s = Sandbox::new();
    let world = refused(&s, &base(), "pods");
    let checks = checks(&s, &world);
    let open: Vec<_> = checks.iter().filter(|c| c.1 == "SKIPPED").collect();
    let codes: Vec<&str> = open.iter().map(|c| c.0.as_str()).collect();
    assert!(codes.contains(&"MD601") && codes.contains(&"MD702"), "{codes:?}");
    // Not of names, routes, clients, proxies and logs.
    let far = ["MD1", "MD2", "MD301", "MD304", "MD4", "MD5", "MD8"];
    assert!(
        !codes
            .iter()
            .any(|code| far.iter().any(|far| code.starts_with(far))),
        "{codes:?}"
    );
    for (code, _, reason) in open {
        assert!(reason.starts_with("kubernetes/pods: "), "{code}: {reason}");
    }
    let run = s.run(["check", world.to_str().unwrap()]);
    assert!(run.ended(3).stdout.starts_with("INCONCLUSIVE"), "{}", run.said());
    let run = s.run(["check", "--layer", "dns", world.to_str().unwrap()]);
    assert!(run.ended(0).stdout.starts_with("HEALTHY"), "{}", run.said());
}

#[test]
fn a_refused_kind_that_no_rule_reads_stands_against_healthy_all_the_same() {
    for kind in ["envoyfilters.networking.istio.io", "namespaces"] {
        let s = Sandbox::new();
        let world = refused(&s, &base(), kind);
        let run = s.run(["check", world.to_str().unwrap()]);
        assert!(run.ended(3).stdout.starts_with("INCONCLUSIVE"), "{}", run.said());
        assert!(run.stdout.contains(kind), "{}", run.said());
    }
}

#[test]
fn what_hides_the_subjects_of_a_check_lets_none_pass() {
    for (incident, code, kinds) in [
        (
            "authorization-policy-denies",
            "MD702",
            &["services", "virtualservices.networking.istio.io"][..],
        ),
        (
            "half-qualified-destination",
            "MD416",
            &["virtualservices.networking.istio.io"],
        ),
        ("selector-typo", "MD601", &["services", "pods"]),
        (
            "short-host-exported",
            "MD415",
            &["controlplanerevisions.mesh.cloud.google.com"],
        ),
    ] {
        let s = Sandbox::new();
        let world = repository().join("fixtures/incidents").join(incident);
        let status = |world: &Path| {
            let all = checks(&s, world);
            all.into_iter().find(|(own, ..)| own == code).unwrap().1
        };
        assert_eq!(status(&world), "FAILED", "{incident}");
        for kind in kinds {
            let status = status(&refused(&s, &world, kind));
            assert_ne!(status, "PASSED", "{incident} without {kind}");
        }
    }
}

#[test]
fn a_likely_missing_role_says_which_policies_were_not_read() {
    let s = Sandbox::new();
    let world = repository().join("fixtures/incidents/missing-client-role");
    let told = |without: &[&str]| {
        let folder = without.join("-").replace('/', "-");
        for (path, content) in files(&world) {
            if path != "bundle.json" && !without.iter().any(|start| path.starts_with(start)) {
                s.write(&format!("{folder}/{path}"), content);
            }
        }
        let run = s.run(["check", "-o", "json", s.path(&folder).to_str().unwrap()]);
        let report = run.ended(1).json();
        let findings = report["findings"].as_array().unwrap();
        let found = findings.iter().find(|f| f["code"] == "MD101").unwrap();
        assert_eq!(found["confidence"], "LIKELY", "{found}");
        found["explanation"].as_str().unwrap().to_owned()
    };
    let folder = "the policy of folders/4711 was not collected";
    let organization = "the policy of organizations/99887766 was not collected";
    let own = "the policy of projects/mesh-prod was not collected";
    for (without, says, not) in [
        (
            &["iam/folders/", "iam/organizations/"][..],
            &[folder, organization][..],
            &[own][..],
        ),
        (&["iam/folders/"], &[folder], &[own, organization]),
        (
            &["iam/projects/mesh-prod/policy.json"],
            &[own],
            &[folder, organization],
        ),
    ] {
        let text = told(without);
        assert!(says.iter().all(|said| text.contains(said)), "{text}");
        assert!(!not.iter().any(|said| text.contains(said)), "{text}");
    }
}
