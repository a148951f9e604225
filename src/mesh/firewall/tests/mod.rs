//! What the firewall's answers promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod policy;

use super::*;
use crate::snapshot::Collected;
use serde_json::{Value, json};

fn key(name: &str) -> NetworkKey {
    NetworkKey::parse(name, &"p".into(), &Projects::default()).unwrap()
}

fn firewall(rules: Value) -> Firewall {
    let mut snapshot = Snapshot::default();
    snapshot.compute.entry("p".into()).or_default().firewalls =
        Collected::Had(serde_json::from_value(rules).unwrap());
    Firewall::new(&snapshot, &Projects::default())
}

/// Asks for 10.1.0.0/24 to the pods 10.8.0.0/16, port 8080, in one network.
fn ask(rules: Value, tags: &[&str]) -> Admission {
    let tags: Vec<String> = tags.iter().map(ToString::to_string).collect();
    firewall(rules).admits(&Flow {
        client_network: &key("vpc"),
        source: &["10.1.0.0/24".parse().unwrap()],
        source_tags: &tags,
        target_network: &key("vpc"),
        target: &["10.8.0.0/16".parse().unwrap()],
        port: 8080,
        target_tags: None,
        cluster: "blue",
    })
}

fn allow(name: &str, more: &Value) -> Value {
    vpc_rule(name, "allowed", more)
}

fn deny(name: &str, more: &Value) -> Value {
    vpc_rule(name, "denied", more)
}

fn vpc_rule(name: &str, action: &str, more: &Value) -> Value {
    let mut rule = json!({"name": name, "network": "projects/p/global/networks/vpc", "direction": "INGRESS"});
    rule[action] = json!([{"IPProtocol": "tcp", "ports": ["8000-9000"]}]);
    for (field, value) in more.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn allowed(rule: &str) -> Admission {
    Admission::Allowed { rule: rule.into() }
}

fn denied(rule: &str, priority: u32) -> Admission {
    Admission::Denied {
        rule: rule.into(),
        priority,
        by: By::Rules,
        leaving: false,
    }
}

/// The same, of what leaves the client's network.
fn leaving(denial: Admission) -> Admission {
    match denial {
        Admission::Denied {
            rule, priority, by, ..
        } => Admission::Denied {
            rule,
            priority,
            by,
            leaving: true,
        },
        other => other,
    }
}

#[test]
fn without_a_rule_ingress_is_denied_and_without_a_listing_unknown() {
    assert_eq!(ask(json!([]), &[]), Admission::ImpliedDeny);
    assert_eq!(
        ask(json!([allow("off", &json!({"disabled": true}))]), &[]),
        Admission::ImpliedDeny
    );
    let nothing = Firewall::default();
    let flow = Flow {
        client_network: &key("vpc"),
        source: &[],
        source_tags: &[],
        target_network: &key("vpc"),
        target: &[],
        port: 80,
        target_tags: None,
        cluster: "",
    };
    assert!(matches!(nothing.admits(&flow), Admission::Unknown(_)));
}

#[test]
fn the_lower_number_decides_and_deny_wins_a_tie() {
    let rules = |priority: u32| {
        json!([
            allow("in", &json!({"priority": 1000, "sourceRanges": ["10.0.0.0/8"]})),
            deny("out", &json!({"priority": priority}))
        ])
    };
    assert_eq!(ask(rules(999), &[]), denied("out", 999));
    assert_eq!(ask(rules(1000), &[]), denied("out", 1000));
    assert_eq!(ask(rules(1001), &[]), allowed("in"));
}

#[test]
fn ports_and_protocols_must_fit() {
    let with = |ports: Value| ask(json!([allow("in", &json!({"allowed": ports}))]), &[]);
    assert_eq!(
        with(json!([{"IPProtocol": "udp"}, {"IPProtocol": "tcp", "ports": ["80", "443"]}])),
        Admission::ImpliedDeny
    );
    assert_eq!(with(json!([{"IPProtocol": "all"}])), allowed("in"));
    assert_eq!(
        with(json!([{"IPProtocol": "6", "ports": ["8080"]}])),
        allowed("in")
    );
}

#[test]
fn a_rule_for_part_of_the_clients_range_is_not_taken_for_the_whole() {
    let half = allow("half", &json!({"sourceRanges": ["10.1.0.0/25"]}));
    assert!(matches!(ask(json!([half]), &[]), Admission::Unknown(why) if why.contains("half")));
    let both = allow("both", &json!({"sourceRanges": ["10.1.0.0/25", "10.1.0.128/25"]}));
    assert_eq!(ask(json!([both]), &[]), allowed("both"));
    assert_eq!(
        ask(json!([allow("six", &json!({"sourceRanges": ["::/0"]}))]), &[]),
        Admission::ImpliedDeny
    );
    let part = deny("part", &json!({"priority": 1, "sourceRanges": ["10.1.0.7/32"]}));
    assert!(matches!(
        ask(json!([part, allow("in", &json!({}))]), &[]),
        Admission::Unknown(_)
    ));
}

#[test]
fn source_tags_admit_only_a_client_that_carries_them() {
    let rules = json!([allow("tagged", &json!({"sourceTags": ["mesh-client"]}))]);
    assert_eq!(ask(rules.clone(), &[]), Admission::ImpliedDeny);
    assert_eq!(ask(rules, &["mesh-client"]), allowed("tagged"));
    let account = json!([allow(
        "account",
        &json!({"sourceServiceAccounts": ["a@p.iam.gserviceaccount.com"]})
    )]);
    assert_eq!(ask(account, &[]), Admission::ImpliedDeny);
}

#[test]
fn rules_for_the_clusters_own_nodes_count_and_others_may() {
    let targeting = |tag: &str| ask(json!([allow("in", &json!({"targetTags": [tag]}))]), &[]);
    assert_eq!(targeting("gke-blue-1a2b3c4d-node"), allowed("in"));
    assert!(matches!(
        targeting("gke-blue-two-1a2b3c4d-node"),
        Admission::Unknown(_)
    ));
    assert!(matches!(targeting("web"), Admission::Unknown(_)));
    let denies = json!([
        deny("no", &json!({"priority": 1, "targetTags": ["web"]})),
        allow("in", &json!({}))
    ]);
    assert!(matches!(ask(denies, &[]), Admission::Unknown(_)));
}

#[test]
fn an_egress_rule_of_the_clients_network_stops_it_before_ingress() {
    let out = |more: Value| {
        let mut rule = deny("out", &more);
        rule["direction"] = json!("EGRESS");
        json!([rule, allow("in", &json!({}))])
    };
    assert_eq!(
        ask(out(json!({"destinationRanges": ["10.0.0.0/8"]})), &[]),
        leaving(denied("out", 1000))
    );
    assert_eq!(
        ask(out(json!({"destinationRanges": ["192.168.0.0/16"]})), &[]),
        allowed("in")
    );
    let part = ask(out(json!({"destinationRanges": ["10.8.7.0/24"]})), &[]);
    assert!(matches!(part, Admission::Unknown(why) if why.contains("a part of the destination")));
    assert_eq!(ask(out(json!({"targetTags": ["locked"]})), &[]), allowed("in"));
    assert_eq!(
        ask(out(json!({"targetTags": ["locked"]})), &["locked"]),
        leaving(denied("out", 1000))
    );
}
