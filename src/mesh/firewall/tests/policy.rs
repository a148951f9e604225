//! What firewall policies do before and after VPC's own rules.
use super::*;

/// Asks for 10.1.0.0/24 to the pods 10.8.0.0/16, port 8080, in a network that has policies, and one rule of its own that lets all in.
fn ask(policies: &Value, open: bool, enforcement: &str) -> Admission {
    let mut snapshot = Snapshot::default();
    let compute = snapshot.compute.entry("p".into()).or_default();
    let rules = if open {
        json!([vpc_rule("open", "allowed", &json!({}))])
    } else {
        json!([])
    };
    compute.firewalls = Collected::Had(serde_json::from_value(rules).unwrap());
    let network = json!([{"name": "vpc", "networkFirewallPolicyEnforcementOrder": enforcement}]);
    compute.networks = Collected::Had(serde_json::from_value(network).unwrap());
    let effective = serde_json::from_value(json!({ "firewallPolicys": policies })).unwrap();
    compute.effective_firewalls.insert("vpc".into(), effective);
    Firewall::new(&snapshot, &Projects::default()).admits(&Flow {
        client_network: &key("vpc"),
        source: &["10.1.0.0/24".parse().unwrap()],
        source_tags: &[],
        target_network: &key("vpc"),
        target: &["10.8.0.0/16".parse().unwrap()],
        port: 8080,
        target_tags: None,
        cluster: "blue",
    })
}

fn policy(kind: &str, name: &str, rules: &Value) -> Value {
    json!({"type": kind, "shortName": name, "rules": rules})
}

/// A rule for everything that comes in, but for what is said otherwise.
fn rule(priority: u32, action: &str, more: &Value) -> Value {
    let mut rule = json!({"priority": priority, "action": action, "direction": "INGRESS",
        "match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "all"}]}});
    for (field, value) in more.as_object().unwrap() {
        rule[field] = value.clone();
    }
    rule
}

fn denied(rule: &str, policy: &str, before_rules: bool) -> Admission {
    Admission::Denied {
        rule: rule.into(),
        priority: rule.parse().unwrap(),
        by: By::Policy {
            name: policy.into(),
            before_rules,
        },
        leaving: false,
    }
}

#[test]
fn policies_from_above_are_asked_first_from_the_top_and_go_on_to_the_next() {
    let all = json!({});
    let above = |first: &str| {
        json!([
            policy(
                "HIERARCHY",
                "org",
                &json!([rule(10, first, &all), rule(20, "allow", &all)])
            ),
            policy("HIERARCHY", "folder", &json!([rule(5, "deny", &all)])),
        ])
    };
    assert_eq!(ask(&above("deny"), true, ""), denied("10", "org", true));
    assert_eq!(ask(&above("goto_next"), true, ""), denied("5", "folder", true));
    assert_eq!(ask(&above("allow"), false, ""), allowed("10"));
    let nothing = json!([policy("HIERARCHY", "org", &json!([rule(10, "goto_next", &all)]))]);
    assert_eq!(ask(&nothing, true, ""), allowed("open"));
    assert_eq!(ask(&nothing, false, ""), Admission::ImpliedDeny);
}

#[test]
fn the_networks_own_policy_goes_after_its_rules_or_before_as_the_network_says() {
    let deny = || json!([policy("NETWORK", "net", &json!([rule(1, "deny", &json!({}))]))]);
    assert_eq!(ask(&deny(), true, ""), allowed("open"));
    assert_eq!(ask(&deny(), true, "AFTER_CLASSIC_FIREWALL"), allowed("open"));
    assert_eq!(ask(&deny(), false, ""), denied("1", "net", false));
    assert_eq!(
        ask(&deny(), true, "BEFORE_CLASSIC_FIREWALL"),
        denied("1", "net", true)
    );
    let allow = json!([policy("NETWORK", "net", &json!([rule(1, "allow", &json!({}))]))]);
    assert_eq!(ask(&allow, false, ""), allowed("1"));
}

#[test]
fn what_is_not_understood_is_neither_a_yes_nor_a_no() {
    let only = |matcher: Value| json!({"match": matcher});
    let ports = json!([{"ipProtocol": "tcp"}]);
    for more in [
        only(json!({"srcAddressGroups": ["g"], "layer4Configs": ports})),
        only(json!({"srcThreatIntelligences": ["iplist-tor-exit-nodes"], "layer4Configs": ports})),
        only(
            json!({"srcSecureTags": [{"name": "tagValues/1", "state": "EFFECTIVE"}], "layer4Configs": ports}),
        ),
        only(json!({"srcIpRanges": ["0.0.0.0/0"], "srcNetworkContext": "INTERNET", "layer4Configs": ports})),
        only(json!({"srcIpRanges": ["0.0.0.0/0"], "srcMoonPhase": "full", "layer4Configs": ports})),
        json!({"targetSecureTags": [{"name": "tagValues/1", "state": "EFFECTIVE"}]}),
        json!({"targetMoons": ["io"]}),
        json!({"targetServiceAccounts": ["a@p.iam.gserviceaccount.com"]}),
    ] {
        for (kind, action, open) in [("HIERARCHY", "deny", true), ("NETWORK", "allow", false)] {
            let policies = json!([policy(kind, "net", &json!([rule(7, action, &more)]))]);
            let told = ask(&policies, open, "");
            let Admission::Unknown(why) = &told else {
                panic!("{more}: {told:?}")
            };
            assert!(why.contains("rule 7 of firewall policy net"), "{why}");
        }
    }
    let inspected = json!([policy(
        "HIERARCHY",
        "org",
        &json!([rule(7, "apply_security_profile_group", &json!({}))])
    )]);
    assert!(matches!(ask(&inspected, true, ""), Admission::Unknown(_)));
    let odd = json!([policy("ECLIPSE", "org", &json!([rule(7, "deny", &json!({}))]))]);
    assert!(matches!(ask(&odd, true, ""), Admission::Unknown(_)));
}

#[test]
fn what_cannot_apply_is_passed_over_and_what_surely_does_needs_no_more() {
    let deny = |more: &Value| json!([policy("HIERARCHY", "org", &json!([rule(7, "deny", more)]))]);
    for more in [
        json!({"disabled": true}),
        json!({"targetType": "INTERNAL_MANAGED_LB"}),
        json!({"targetResources": ["https://www.googleapis.com/compute/v1/projects/p/global/networks/other"]}),
        json!({"targetSecureTags": [{"name": "tagValues/1", "state": "INEFFECTIVE"}]}),
        json!({"direction": "EGRESS", "match": {"destIpRanges": ["192.168.0.0/16"], "layer4Configs": [{"ipProtocol": "all"}]}}),
        json!({"match": {"srcIpRanges": ["10.9.0.0/16"], "layer4Configs": [{"ipProtocol": "all"}]}}),
        json!({"match": {"srcIpRanges": ["0.0.0.0/0"], "layer4Configs": [{"ipProtocol": "udp"}]}}),
        json!({"match": {"srcSecureTags": [{"name": "tagValues/1", "state": "INEFFECTIVE"}], "layer4Configs": [{"ipProtocol": "all"}]}}),
    ] {
        assert_eq!(ask(&deny(&more), true, ""), allowed("open"), "{more}");
    }
    for more in [
        json!({"targetResources": ["https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc"]}),
        json!({"match": {"srcIpRanges": ["10.1.0.0/16"], "srcAddressGroups": ["g"], "srcFqdns": [],
            "srcNetworkContext": "UNSPECIFIED", "layer4Configs": [{"ipProtocol": "all"}]}}),
        json!({"direction": "EGRESS", "match": {"destIpRanges": ["10.0.0.0/8"], "layer4Configs": [{"ipProtocol": "all"}]}}),
    ] {
        let denial = denied("7", "org", true);
        let denial = if more["direction"] == "EGRESS" {
            super::leaving(denial)
        } else {
            denial
        };
        assert_eq!(ask(&deny(&more), true, ""), denial, "{more}");
    }
}
