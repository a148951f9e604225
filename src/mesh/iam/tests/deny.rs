//! Promises of deny policies.
use super::{CLIENT, Set};
use crate::mesh::iam::State;
use serde_json::json;

#[test]
fn a_deny_rule_wins_over_a_grant() {
    let account =
        "principal://iam.googleapis.com/projects/-/serviceAccounts/web@apps.iam.gserviceaccount.com";
    for (principal, permission) in [
        (account, "trafficdirector.googleapis.com/networks.getConfigs"),
        (
            "principalSet://goog/public:all",
            "trafficdirector.googleapis.com/*.*",
        ),
        (
            "principalSet://goog/public:all",
            "trafficdirector.googleapis.com/networks.*",
        ),
        (
            "principalSet://goog/public:all",
            "trafficdirector.googleapis.com/*.getConfigs",
        ),
        (
            "principalSet://cloudresourcemanager.googleapis.com/projects/222",
            "trafficdirector.googleapis.com/*",
        ),
    ] {
        let rule = json!({"deniedPrincipals": [principal], "deniedPermissions": [permission]});
        let decision = Set::new().bound(CLIENT, &["allUsers"]).deny(&rule).access();
        assert_eq!(decision.state, State::Denied, "{principal} {permission}");
        let denial = decision.denial.unwrap();
        assert_eq!(denial.attached_to, "projects/111");
        assert_eq!(
            denial.locator,
            "iam/projects/fleet/deny-policies.json policies[0].rules[0]"
        );
        assert_eq!(decision.grants.len(), 1);
    }
}

#[test]
fn a_deny_rule_spares_others_and_its_exceptions() {
    let all = "principalSet://goog/public:all";
    let get = "trafficdirector.googleapis.com/networks.getConfigs";
    let account =
        "principal://iam.googleapis.com/projects/-/serviceAccounts/web@apps.iam.gserviceaccount.com";
    for rule in [
        json!({"deniedPrincipals": [all], "deniedPermissions": ["trafficdirector.googleapis.com/networks.reportMetrics"]}),
        json!({"deniedPrincipals": [all], "deniedPermissions": ["compute.googleapis.com/*.*"]}),
        json!({"deniedPrincipals": [all], "deniedPermissions": [get], "exceptionPrincipals": [account]}),
        json!({"deniedPrincipals": [all], "deniedPermissions": ["trafficdirector.googleapis.com/*.*"], "exceptionPermissions": [get]}),
        json!({"deniedPrincipals": ["principal://goog/subject/a@example.com"], "deniedPermissions": [get]}),
    ] {
        let decision = Set::new().bound(CLIENT, &["allUsers"]).deny(&rule).access();
        assert_eq!(
            (decision.state, decision.deny_unknown),
            (State::Granted, None),
            "{rule}"
        );
    }
}

#[test]
fn a_deny_rule_in_doubt_is_a_note() {
    let all = "principalSet://goog/public:all";
    let get = "trafficdirector.googleapis.com/networks.getConfigs";
    for (rule, why) in [
        (
            json!({"deniedPrincipals": [all], "deniedPermissions": [get], "denialCondition": {"expression": "!resource.matchTag('9/env', 'test')"}}),
            "resource.matchTag",
        ),
        (
            json!({"deniedPrincipals": ["principalSet://goog/group/g@example.com"], "deniedPermissions": [get]}),
            "the members of principalSet://goog/group/g@example.com",
        ),
        (
            json!({"deniedPrincipals": [all], "deniedPermissions": [get], "exceptionPrincipals": ["principalSet://goog/group/g@example.com"]}),
            "its exceptions",
        ),
    ] {
        let decision = Set::new().bound(CLIENT, &["allUsers"]).deny(&rule).access();
        assert_eq!(decision.state, State::Granted);
        let note = decision.deny_unknown.unwrap();
        assert!(note.contains(why), "{note}");
    }
    let unseen = Set::new()
        .bound(CLIENT, &["allUsers"])
        .without("iam/projects/fleet/deny-policies.json")
        .access();
    assert_eq!(unseen.state, State::Granted);
    assert!(
        unseen
            .deny_unknown
            .unwrap()
            .contains("needs iam.denypolicies.list")
    );
}
