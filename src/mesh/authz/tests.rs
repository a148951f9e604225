//! What the verdicts on a plain request promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use serde_json::{Value, json};

fn policy(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "core"}, "spec": spec})
}

/// A request from 10.1.0.0/24 to port 8080 of `app=geo` in `core`.
fn judge(policies: Value) -> Verdict {
    let policies: Vec<AuthorizationPolicy> = serde_json::from_value(policies).unwrap();
    let labels = crate::k8s::labels::Labels::from([("app".to_owned(), "geo".to_owned())]);
    let workload = Workload {
        namespace: "core",
        labels: &labels,
        port: 8080,
    };
    Authorization::new(&policies).judge(&workload, &["10.1.0.0/24".parse().unwrap()])
}

fn one(spec: &Value) -> Decision {
    judge(json!([policy("lock", spec)])).decision
}

fn denial(decision: Decision) -> Denial {
    match decision {
        Decision::Denies(denial) => denial,
        other => panic!("not denied: {other:?}"),
    }
}

#[test]
fn no_policy_that_selects_the_workload_allows_all() {
    assert_eq!(judge(json!([])).decision, Decision::Allows);
    assert_eq!(
        one(&json!({"selector": {"matchLabels": {"app": "web"}}})),
        Decision::Allows
    );
    assert_eq!(
        one(&json!({"targetRefs": [{"kind": "Gateway", "name": "waypoint"}]})),
        Decision::Allows
    );
    assert_eq!(one(&json!({"action": "AUDIT", "rules": [{}]})), Decision::Allows);
}

#[test]
fn allow_by_identity_denies_a_client_that_has_none_and_says_so() {
    let spec = json!({"rules": [{"from": [{"source": {"principals": ["cluster.local/ns/web/sa/web"]}}]}]});
    let found = denial(one(&spec));
    assert_eq!(
        found.why,
        "policy core/lock allows only principals cluster.local/ns/web/sa/web, and a Cloud Run client has no mesh identity"
    );
    assert_eq!(found.rule, None);
    assert!(
        !denial(one(
            &json!({"rules": [{"from": [{"source": {"namespaces": ["web"]}}]}]})
        ))
        .why
        .is_empty()
    );
}

#[test]
fn no_rules_allow_nothing_and_one_empty_rule_everything() {
    assert_eq!(
        denial(one(&json!({}))).why,
        "policy core/lock has no rules and so allows nothing"
    );
    assert_eq!(one(&json!({"rules": [{}]})), Decision::Allows);
    assert_eq!(one(&json!({"action": "DENY"})), Decision::Allows);
    let found = denial(one(&json!({"action": "DENY", "rules": [{}]})));
    assert_eq!(
        (found.rule, found.why.as_str()),
        (Some(0), "policy core/lock denies every request")
    );
}

#[test]
fn deny_comes_before_allow_and_one_matching_allow_rule_is_enough() {
    let open = policy("open", &json!({"rules": [{}]}));
    let closed = policy(
        "closed",
        &json!({"rules": [{"from": [{"source": {"principals": ["a"]}}]}]}),
    );
    let deny = policy(
        "deny",
        &json!({"action": "DENY", "rules": [
        {"from": [{"source": {"notPrincipals": ["*"]}}], "to": [{"operation": {"ports": ["8080"]}}]}]}),
    );
    assert_eq!(judge(json!([closed, open])).decision, Decision::Allows);
    assert_eq!(denial(judge(json!([open, deny])).decision).policy, "deny");
}

#[test]
fn a_policy_of_the_root_namespace_binds_every_workload() {
    let mesh_wide = json!([{"metadata": {"name": "all", "namespace": "istio-system"}, "spec": {}}]);
    assert_eq!(denial(judge(mesh_wide).decision).namespace, "istio-system");
    let other = json!([{"metadata": {"name": "all", "namespace": "web"}, "spec": {}}]);
    assert_eq!(judge(other).decision, Decision::Allows);
}

#[test]
fn addresses_decide_where_the_whole_subnetwork_is_in_or_out() {
    let allow = |blocks: &[&str]| one(&json!({"rules": [{"from": [{"source": {"ipBlocks": blocks}}]}]}));
    assert_eq!(allow(&["10.1.0.0/16"]), Decision::Allows);
    assert!(
        denial(allow(&["192.168.0.0/16"]))
            .why
            .contains("the client's are 10.1.0.0/24")
    );
    assert!(matches!(allow(&["10.1.0.0/28"]), Decision::Unknown(_)));
    let deny = |block: &str| {
        one(&json!({"action": "DENY", "rules": [
        {"when": [{"key": "source.ip", "notValues": [block]}]}]}))
    };
    assert_eq!(deny("10.1.0.0/16"), Decision::Allows);
    assert_eq!(denial(deny("10.2.0.0/16")).rule, Some(0));
}

#[test]
fn denying_some_methods_paths_hosts_or_headers_is_narrow() {
    for rule in [
        json!({"to": [{"operation": {"methods": ["DELETE"]}}]}),
        json!({"to": [{"operation": {"notPaths": ["/healthz"]}}]}),
        json!({"when": [{"key": "request.headers[x-env]", "values": ["test"]}]}),
    ] {
        assert!(
            matches!(
                one(&json!({"action": "DENY", "rules": [rule]})),
                Decision::Narrow(_)
            ),
            "{rule}"
        );
    }
    assert!(matches!(
        one(&json!({"rules": [{"to": [{"operation": {"methods": ["GET"]}}]}]})),
        Decision::Narrow(_)
    ));
    assert_eq!(
        one(&json!({"rules": [{"to": [{"operation": {"paths": ["/*"]}}]}]})),
        Decision::Allows
    );
    let other_port = json!({"action": "DENY", "rules": [{"to": [{"operation": {"ports": ["9090"]}}]}]});
    assert_eq!(one(&other_port), Decision::Allows);
}

#[test]
fn a_jwt_that_would_help_is_named_by_allow_and_by_deny() {
    let asks = json!({"rules": [{"from": [{"source": {"requestPrincipals": ["*"]}}]}]});
    let refuses =
        json!({"action": "DENY", "rules": [{"from": [{"source": {"notRequestPrincipals": ["*"]}}]}]});
    let shut = json!({"action": "DENY", "rules": [{}]});
    assert!(!judge(json!([policy("jwt", &refuses), policy("shut", &shut)])).wants_jwt);
    for spec in [asks.clone(), refuses] {
        let verdict = judge(json!([policy("jwt", &spec)]));
        assert!(matches!(verdict.decision, Decision::Denies(_)));
        assert!(verdict.wants_jwt);
    }
    assert!(
        !judge(json!([
            policy("jwt", &asks),
            policy("open", &json!({"rules": [{}]}))
        ]))
        .wants_jwt
    );
    let both = json!({"rules": [{"from": [{"source": {"requestPrincipals": ["*"], "principals": ["a"]}}]}]});
    assert!(!judge(json!([policy("both", &both)])).wants_jwt);
}

#[test]
fn what_nobody_can_decide_is_unknown_and_dry_runs_are_noted() {
    let sni = json!({"action": "DENY", "rules": [{"when": [{"key": "connection.sni", "values": ["x"]}]}]});
    assert!(matches!(one(&sni), Decision::Unknown(why) if why.contains("connection.sni")));
    let custom = judge(json!([policy(
        "ext",
        &json!({"action": "CUSTOM", "rules": [{}]})
    )]));
    assert!(matches!(custom.decision, Decision::Unknown(_)));
    let mut dry = policy("dry", &json!({"action": "DENY", "rules": [{}]}));
    dry["metadata"]["annotations"] = json!({"istio.io/dry-run": "true"});
    let verdict = judge(json!([dry]));
    assert_eq!(verdict.decision, Decision::Allows);
    assert_eq!(verdict.notes, ["policy core/dry is a dry run"]);
}
