//! What the NetworkPolicies' answers promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use serde_json::{Value, json};

/// The client 10.1.0.0/24 to port 8080 (`http`) of the pod `app=geo` in `core`.
fn ask(specs: &Value) -> Admission {
    let policies: Vec<NetworkPolicy> = specs
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| json!({"metadata": {"name": "p", "namespace": "core"}, "spec": spec}))
        .map(|policy| serde_json::from_value(policy).unwrap())
        .collect();
    let labels = crate::k8s::labels::Labels::from([("app".to_owned(), "geo".to_owned())]);
    let port = PodPort {
        number: 8080,
        name: Some("http"),
    };
    NetworkPolicies::new(&policies).admits("core", &labels, &["10.1.0.0/24".parse().unwrap()], port)
}

fn from(peers: &Value) -> Admission {
    ask(&json!([{"podSelector": {}, "ingress": [{"from": peers}]}]))
}

fn refused() -> Admission {
    Admission::Refused {
        policies: vec!["p".into()],
        missing: vec!["10.1.0.0/24".parse().unwrap()],
    }
}

fn admitted() -> Admission {
    Admission::Admitted {
        policies: vec!["p".into()],
    }
}

#[test]
fn a_pod_that_no_ingress_policy_selects_is_open() {
    assert_eq!(ask(&json!([])), Admission::NotSelected);
    let others = json!([{"podSelector": {"matchLabels": {"app": "web"}}},
        {"podSelector": {}, "policyTypes": ["Egress"]}]);
    assert_eq!(ask(&others), Admission::NotSelected);
}

#[test]
fn pods_as_peers_do_not_admit_a_client_from_outside_and_the_missing_block_is_named() {
    assert_eq!(
        from(&json!([{"podSelector": {}}, {"namespaceSelector": {}}])),
        refused()
    );
    assert_eq!(ask(&json!([{"podSelector": {}}])), refused());
}

#[test]
fn an_ip_block_admits_the_whole_client_or_says_that_it_does_not() {
    let block = |cidr: &str, except: &[&str]| from(&json!([{"ipBlock": {"cidr": cidr, "except": except}}]));
    assert_eq!(block("10.1.0.0/16", &[]), admitted());
    assert_eq!(block("0.0.0.0/0", &["10.1.0.0/20"]), refused());
    assert_eq!(block("0.0.0.0/0", &["10.2.0.0/16"]), admitted());
    assert!(matches!(
        block("0.0.0.0/0", &["10.1.0.7/32"]),
        Admission::Unknown { .. }
    ));
    assert!(matches!(block("10.1.0.0/25", &[]), Admission::Unknown { .. }));
    assert_eq!(block("10.2.0.0/16", &[]), refused());
}

#[test]
fn policies_add_up() {
    let specs = json!([{"podSelector": {}}, {"podSelector": {}, "ingress": [{}]}]);
    assert!(matches!(ask(&specs), Admission::Admitted { .. }));
    let halves = from(&json!([{"ipBlock": {"cidr": "10.1.0.0/25"}}, {"ipBlock": {"cidr": "10.1.0.128/25"}}]));
    assert_eq!(halves, admitted());
}

#[test]
fn the_port_must_be_among_them_by_number_range_or_name() {
    let on = |port: Value| ask(&json!([{"podSelector": {}, "ingress": [{"ports": [port]}]}]));
    for port in [
        json!({"port": 8080}),
        json!({"port": 8000, "endPort": 9000}),
        json!({"port": "http"}),
        json!({}),
    ] {
        assert_eq!(on(port), admitted());
    }
    for port in [
        json!({"port": 80}),
        json!({"port": "grpc"}),
        json!({"port": 8080, "protocol": "UDP"}),
    ] {
        assert_eq!(on(port), refused());
    }
}

#[test]
fn only_dataplane_v2_or_the_add_on_enforces() {
    let cluster = |value: Value| serde_json::from_value::<Cluster>(value).unwrap();
    assert!(enforced(&cluster(
        json!({"networkConfig": {"datapathProvider": "ADVANCED_DATAPATH"}})
    )));
    assert!(enforced(&cluster(json!({"networkPolicy": {"enabled": true}}))));
    assert!(!enforced(&cluster(json!({"networkPolicy": {"enabled": false}}))));
}
