//! What the verdicts on a plain request promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use serde_json::{Value, json};

fn policy(name: &str, spec: &Value) -> Value {
    json!({"metadata": {"name": name, "namespace": "core"}, "spec": spec})
}

/// A call from 10.1.0.0/24 for `geo.mesh`, whose path nobody knows, to port 8080 of `app=geo` in `core`.
fn judge(policies: Value) -> Verdict {
    let ranges = ["10.1.0.0/24".parse().unwrap()];
    let call = Call {
        ranges: &ranges,
        host: "geo.mesh",
        ..Call::default()
    };
    judge_call(policies, &call)
}

fn judge_call(policies: Value, call: &Call<'_>) -> Verdict {
    let policies: Vec<AuthorizationPolicy> = serde_json::from_value(policies).unwrap();
    let labels = crate::k8s::labels::Labels::from([("app".to_owned(), "geo".to_owned())]);
    let workload = Workload {
        namespace: "core",
        labels: &labels,
        port: 8080,
    };
    Authorization::new(&policies).judge(&workload, call)
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

fn allow(operation: &Value) -> Decision {
    one(&json!({"rules": [{"to": [{"operation": operation}]}]}))
}

fn deny(operation: &Value) -> Decision {
    one(&json!({"action": "DENY", "rules": [{"to": [{"operation": operation}]}]}))
}

#[test]
fn what_is_denied_of_set_purpose_is_narrow_and_so_is_allowing_all_but_that() {
    for operation in [
        json!({"methods": ["DELETE"]}),
        json!({"paths": ["/admin", "/metrics*"]}),
    ] {
        assert!(matches!(deny(&operation), Decision::Narrow(_)), "{operation}");
    }
    for operation in [json!({"notMethods": ["TRACE"]}), json!({"notPaths": ["/admin"]})] {
        assert!(matches!(allow(&operation), Decision::Narrow(_)), "{operation}");
    }
    let header = json!({"when": [{"key": "request.headers[x-env]", "values": ["test"]}]});
    assert!(matches!(
        one(&json!({"action": "DENY", "rules": [header]})),
        Decision::Narrow(_)
    ));
}

#[test]
fn whether_the_clients_calls_are_among_those_that_pass_is_unknown_where_the_policy_goes_by_path_or_method() {
    for operation in [
        json!({"methods": ["GET"]}),
        json!({"paths": ["/healthz"]}),
        json!({"paths": ["/api/*"]}),
        json!({"notMethods": ["GET"]}),
    ] {
        assert!(
            matches!(allow(&operation), Decision::Unknown(why) if why.contains("is not known")),
            "{operation}"
        );
    }
    for operation in [
        json!({"notPaths": ["/healthz"]}),
        json!({"methods": ["POST"]}),
        json!({"notMethods": ["OPTIONS"]}),
    ] {
        assert!(matches!(deny(&operation), Decision::Unknown(_)), "{operation}");
    }
    let header = json!({"rules": [{"when": [{"key": "request.headers[x-key]", "values": ["a"]}]}]});
    assert!(matches!(one(&header), Decision::Unknown(_)));
}

#[test]
fn every_path_and_every_method_is_no_condition() {
    for operation in [
        json!({"paths": ["/*"]}),
        json!({"methods": ["*"]}),
        json!({"methods": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]}),
    ] {
        assert_eq!(allow(&operation), Decision::Allows, "{operation}");
        assert_eq!(denial(deny(&operation)).rule, Some(0), "{operation}");
    }
    let nothing = denial(allow(&json!({"notPaths": ["/*"]})));
    assert_eq!(
        nothing.why,
        "policy core/lock allows only paths other than /*, and every request has one"
    );
}

#[test]
fn the_host_of_the_call_decides_where_the_policy_goes_by_host() {
    for hosts in [
        json!(["GEO.mesh"]),
        json!(["*.mesh"]),
        json!(["ads.mesh", "geo.*"]),
    ] {
        assert_eq!(allow(&json!({"hosts": hosts})), Decision::Allows, "{hosts}");
        assert!(matches!(deny(&json!({"hosts": hosts})), Decision::Denies(_)));
        assert!(matches!(allow(&json!({"notHosts": hosts})), Decision::Denies(_)));
        assert_eq!(deny(&json!({"notHosts": hosts})), Decision::Allows);
    }
    let found = denial(allow(&json!({"hosts": ["ads.mesh", "*.example.com"]})));
    assert_eq!(
        found.why,
        "policy core/lock allows only hosts ads.mesh, *.example.com, and the call is to geo.mesh"
    );
    assert_eq!(Vec::from_iter(found.grounds), [Ground::Host]);
    assert_eq!(deny(&json!({"hosts": ["ads.mesh"]})), Decision::Allows);
}

#[test]
fn a_path_that_is_known_decides() {
    let judge = |operation: Value, path: &str| {
        let spec = json!({"rules": [{"to": [{"operation": operation}]}]});
        let call = Call {
            host: "geo.mesh",
            path: Some(path),
            ..Call::default()
        };
        judge_call(json!([policy("lock", &spec)]), &call).decision
    };
    let found = denial(judge(json!({"paths": ["/healthz"]}), "/v1/x"));
    assert_eq!(
        found.why,
        "policy core/lock allows only paths /healthz, and the call is for /v1/x"
    );
    for paths in [json!(["/v1/x"]), json!(["/v1/*"]), json!(["*/x"])] {
        assert_eq!(
            judge(json!({"paths": paths}), "/v1/x"),
            Decision::Allows,
            "{paths}"
        );
        assert!(matches!(
            judge(json!({"notPaths": paths}), "/v1/x"),
            Decision::Denies(_)
        ));
    }
    let template = judge(json!({"paths": ["/v1/{*}"]}), "/v1/x");
    assert!(matches!(template, Decision::Unknown(_)));
}

#[test]
fn ports_decide_and_a_denial_says_what_it_rests_on() {
    assert_eq!(deny(&json!({"ports": ["9090"]})), Decision::Allows);
    assert_eq!(allow(&json!({"ports": ["8080"]})), Decision::Allows);
    let found = denial(allow(&json!({"ports": ["80"]})));
    assert_eq!(
        found.why,
        "policy core/lock allows only port 80, and the target port is 8080"
    );
    assert_eq!(Vec::from_iter(found.grounds), [Ground::Port]);
    let both = json!({"rules": [
        {"from": [{"source": {"principals": ["a"]}}]},
        {"from": [{"source": {"ipBlocks": ["192.168.0.0/16"]}}]}]});
    let found = denial(one(&both));
    assert_eq!(Vec::from_iter(found.grounds), [Ground::Identity, Ground::Address]);
    assert!(denial(deny(&json!({}))).grounds.is_empty());
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
