//! What is asked of one network and of one backend service: the firewall policies of the one, the endpoints' health of the other.
use crate::common::replayed::{Replayed, collector, gist};
use crate::common::{Sandbox, fixture_world};
use serde_json::{Value, json};
use std::path::PathBuf;

const SELF: &str = "https://www.googleapis.com/compute/v1/projects/mesh-prod";

/// A fixture's world with backend services, each with groups of its own.
fn world(sandbox: &Sandbox, code: &str, name: &str, services: &[(String, &str, usize)]) -> PathBuf {
    let world = fixture_world(sandbox, code, name);
    let group =
        |name: &str, number| format!("{SELF}/zones/us-central1-a/networkEndpointGroups/{name}-{number}");
    let services: Vec<Value> = services
        .iter()
        .map(|(name, scheme, groups)| {
            let groups: Vec<Value> = (0..*groups)
                .map(|number| json!({"group": group(name, number)}))
                .collect();
            json!({"name": name, "loadBalancingScheme": scheme, "backends": groups})
        })
        .collect();
    let listing = json!({"kind": "compute#backendServiceAggregatedList", "items": {"global": {"backendServices": services}}});
    let file = world.join("compute/mesh-prod/backend-services.json");
    std::fs::write(file, listing.to_string()).unwrap();
    world
}

fn mesh(name: &str, groups: usize) -> (String, &'static str, usize) {
    (name.to_owned(), "INTERNAL_SELF_MANAGED", groups)
}

#[test]
fn health_checks_are_evidence_of_the_mesh_s_own_backend_services() {
    let sandbox = Sandbox::new();
    let services = [mesh("gsmmesh-ads", 1), ("web".to_owned(), "EXTERNAL_MANAGED", 1)];
    let world = world(&sandbox, "MD418", "fires-checked", &services);
    // Who asks about another load balancer's endpoints fails.
    let faults = "- match: { path: \"/compute/*/web/getHealth\" }\n  action: { status: { code: 503 } }\n";
    let replayed = Replayed::new(&sandbox, &world, Some(faults));
    let folder = sandbox
        .run(["check", world.to_str().unwrap(), "-o", "json"])
        .json();
    for flags in [&[][..], &["--rule", "MD418"]] {
        let live = replayed
            .check(&sandbox, &[&["-o", "json"], flags].concat())
            .json();
        if flags.is_empty() {
            assert_eq!(gist(&live), gist(&folder));
        }
        assert_eq!(collector(&live, "compute")["status"], "OK", "{live}");
        let findings = live["findings"].as_array().unwrap();
        let found = findings.iter().find(|f| f["code"] == "MD418").unwrap();
        let told = found["evidence"].as_array().unwrap().iter();
        let told: Vec<_> = told
            .filter(|e| e["source"] == "compute")
            .map(|e| (e["locator"].as_str().unwrap(), e["excerpt"].as_str().unwrap()))
            .collect();
        let expected = (
            "compute/mesh-prod/health/gsmmesh-ads.json",
            "health checks of backend service gsmmesh-ads: 2 UNHEALTHY",
        );
        assert_eq!(told, [expected]);
    }
}

#[test]
fn of_many_backend_services_the_first_are_asked_and_the_rest_is_told() {
    let sandbox = Sandbox::new();
    let services: Vec<_> = (0..30)
        .map(|number| mesh(&format!("gsmmesh-{number:02}"), 2))
        .collect();
    let world = world(&sandbox, "MD309", "fires-policy", &services);
    let replayed = Replayed::new(&sandbox, &world, None);
    let run = replayed.check(&sandbox, &["-o", "json"]);
    let report = run.json();
    let compute = collector(&report, "compute");
    assert_eq!(compute["status"], "OK", "{compute}");
    let notes = compute["notes"].to_string();
    assert!(
        notes.contains("the health of 18 of 30 backend services"),
        "{notes}"
    );
}

#[test]
fn who_may_not_ask_for_details_is_told_and_judges_by_the_rest() {
    let sandbox = Sandbox::new();
    let world = world(&sandbox, "MD309", "fires-policy", &[mesh("gsmmesh-ads", 1)]);
    let asked = |faults: &str| Replayed::new(&sandbox, &world, Some(faults)).check(&sandbox, &["-o", "json"]);
    let policies = asked("[]");
    assert!(
        policies.codes().contains(&"MD309".to_owned()),
        "{}",
        policies.said()
    );
    let refused = asked(
        "- match: { path: \"/compute/*/getEffectiveFirewalls\" }\n  action: { status: { code: 403 } }\n\
         - match: { path: \"/compute/*/getHealth\" }\n  action: { status: { code: 403 } }\n",
    );
    // The firewall rules alone let the clients in, and that a policy is not seen makes nothing incomplete.
    let report = refused.ended(0).json();
    assert!(
        !refused.codes().contains(&"MD309".to_owned()),
        "{}",
        refused.said()
    );
    assert_eq!(report["verdict"], "HEALTHY");
    assert_eq!(collector(&report, "compute")["status"], "OK", "{report}");
    let told = report["findings"].to_string();
    for permission in [
        "compute.networks.getEffectiveFirewalls",
        "compute.backendServices.get",
    ] {
        assert!(told.contains(permission), "{permission}: {told}");
    }
}
