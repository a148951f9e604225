//! What nobody can know is neither a fault nor health: near misses of rules that end as INCONCLUSIVE, with the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, fixture_world};

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
