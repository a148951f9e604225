//! What the answers of Cloud DNS promise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::snapshot::Collected;
use serde_json::{Value, json};

const VPC: &str = "https://www.googleapis.com/compute/v1/projects/p/global/networks/vpc";

fn key(name: &str) -> NetworkKey {
    NetworkKey::parse(name, &"p".into(), &Projects::default()).unwrap()
}

fn private(name: &str, dns_name: &str, network: &str) -> Value {
    json!({"name": name, "dnsName": dns_name, "visibility": "private",
        "privateVisibilityConfig": {"networks": [{"networkUrl": network}]}})
}

fn a(name: &str, address: &str) -> Value {
    json!({"name": name, "type": "A", "ttl": 300, "rrdatas": [address]})
}

fn view(zones: &[Value], records: &[(&str, Value)]) -> DnsView {
    let mut snapshot = Snapshot::default();
    let dns = snapshot.dns.entry("p".into()).or_default();
    dns.zones = Collected::Had(serde_json::from_value(Value::from(zones.to_vec())).unwrap());
    for (zone, sets) in records {
        dns.records
            .insert((*zone).into(), serde_json::from_value(sets.clone()).unwrap());
    }
    DnsView::new(&snapshot, &Projects::default())
}

fn one_zone(records: Value) -> DnsView {
    view(&[private("z", "mesh.private.", VPC)], &[("z", records)])
}

#[test]
fn case_and_final_dots_do_not_matter_and_an_exact_record_beats_the_wildcard() {
    let dns = one_zone(json!([
        a("*.Mesh.private.", "10.0.0.1"),
        a("own.mesh.private.", "10.0.0.2")
    ]));
    let answer = dns.answer("OWN.mesh.Private.", &key("vpc"));
    assert_eq!(answer.state, AnswerState::Answered);
    assert_eq!(answer.addresses, ["10.0.0.2".parse::<IpAddr>().unwrap()]);
    let wild = dns.answer("a.b.mesh.private", &key("vpc"));
    assert_eq!(wild.record.unwrap().name, "*.mesh.private");
    assert_eq!(dns.suffixes(), ["mesh.private"]);
}

#[test]
fn a_wildcard_does_not_reach_past_a_name_that_exists() {
    let dns = one_zone(json!([
        a("*.mesh.private.", "10.0.0.1"),
        a("x.core.mesh.private.", "10.0.0.2")
    ]));
    let state = |host| dns.answer(host, &key("vpc")).state;
    assert_eq!(state("core.mesh.private"), AnswerState::NoRecord);
    assert_eq!(state("y.core.mesh.private"), AnswerState::NoRecord);
    assert_eq!(state("y.other.mesh.private"), AnswerState::Answered);
    assert_eq!(state("mesh.private"), AnswerState::NoRecord);
}

#[test]
fn a_more_specific_zone_without_the_record_shadows_the_broader_one() {
    let dns = view(
        &[
            private("wide", "private.", VPC),
            private("narrow", "mesh.private.", VPC),
        ],
        &[
            ("wide", json!([a("*.private.", "10.0.0.1")])),
            ("narrow", json!([a("x.mesh.private.", "10.0.0.9")])),
        ],
    );
    let answer = dns.answer("geo.mesh.private", &key("vpc"));
    assert_eq!(answer.state, AnswerState::Shadowed);
    assert_eq!(answer.zone.unwrap().name, "narrow");
    assert_eq!(answer.shadowed.unwrap().name, "wide");
    assert_eq!(answer.candidates.len(), 2);
    assert!(answer.addresses.is_empty());
}

#[test]
fn zones_that_do_not_help_are_told_apart() {
    let public = json!({"name": "pub", "dnsName": "example.com.", "visibility": "public"});
    let dns = view(&[private("z", "mesh.private.", VPC), public], &[("z", json!([]))]);
    let state = |host, network| dns.answer(host, &key(network)).state;
    assert_eq!(state("a.mesh.private", "other"), AnswerState::ZoneNotOnNetwork);
    assert_eq!(state("a.example.com", "vpc"), AnswerState::PublicZoneOnly);
    assert_eq!(state("a.elsewhere", "vpc"), AnswerState::NoZone);
    assert_eq!(state("a.mesh.private", "vpc"), AnswerState::NoRecord);
}

#[test]
fn what_was_not_collected_is_unknown_and_never_missing() {
    let dns = view(&[private("z", "mesh.private.", VPC)], &[]);
    let answer = dns.answer("a.mesh.private", &key("vpc"));
    assert_eq!(answer.state, AnswerState::Unknown);
    assert_eq!(answer.unknown, ["records of zone z were not collected"]);
    let elsewhere = dns.answer("a.elsewhere", &key("projects/host/global/networks/n"));
    assert_eq!(elsewhere.state, AnswerState::Unknown);
    assert_eq!(elsewhere.unknown, ["zones of project host were not collected"]);
}

#[test]
fn a_peering_zone_answers_with_the_target_networks_zones() {
    let mut peer = private("peer", "mesh.private.", VPC);
    peer["peeringConfig"] = json!({"targetNetwork": {"networkUrl": "projects/p/global/networks/hub"}});
    let hub = private("hub", "mesh.private.", "projects/p/global/networks/hub");
    let dns = view(
        &[peer, hub],
        &[("hub", json!([a("*.mesh.private.", "10.0.0.1")]))],
    );
    let answer = dns.answer("a.mesh.private", &key("vpc"));
    assert_eq!(answer.state, AnswerState::Answered);
    assert_eq!(answer.zone.unwrap().name, "hub");
    assert_eq!(answer.via[0].name, "peer");
}

/// A zone that has `vpc` ask another network.
fn peering(name: &str, dns_name: &str, network: &str) -> Value {
    let mut zone = private(name, dns_name, VPC);
    zone["peeringConfig"] = json!({"targetNetwork": {"networkUrl": network}});
    zone
}

#[test]
fn a_peering_that_leads_where_no_zone_holds_the_name_is_told_of_the_network_that_is_asked() {
    let hub = "projects/p/global/networks/hub";
    let third = private("third", "mesh.private.", "projects/p/global/networks/third");
    let dns = view(&[peering("peer", "mesh.private.", hub), third.clone()], &[]);
    let answer = dns.answer("a.mesh.private", &key("vpc"));
    assert_eq!(answer.state, AnswerState::ZoneNotOnNetwork);
    assert_eq!(answer.zone.unwrap().name, "third");
    assert_eq!(answer.network, key("hub"));
    let alone = view(&[peering("peer", "mesh.private.", hub)], &[]);
    let answer = alone.answer("a.mesh.private", &key("vpc"));
    assert_eq!((answer.state, answer.network), (AnswerState::NoZone, key("hub")));
    let unread = peering("peer", "mesh.private.", "projects/q/global/networks/hub");
    let answer = view(&[unread, third], &[]).answer("a.mesh.private", &key("vpc"));
    assert_eq!(answer.state, AnswerState::Unknown);
    assert_eq!(answer.unknown, ["zones of project q were not collected"]);
}

#[test]
fn a_wildcard_resolves_where_a_name_below_it_does_and_not_where_none_can() {
    let state = |dns: &DnsView, apart: &[&str]| {
        let apart = apart.iter().map(|name| (*name).to_owned()).collect();
        let answer = dns.answer_apart("*.mesh.private", &key("vpc"), &apart);
        (answer.state, answer.below)
    };
    let names = one_zone(json!([
        a("geo.mesh.private.", "10.0.0.1"),
        a("mesh.private.", "10.0.0.2")
    ]));
    let found = state(&names, &[]);
    assert_eq!(
        found,
        (AnswerState::Answered, vec!["geo.mesh.private".to_owned()])
    );
    assert_eq!(
        state(&names, &["geo.mesh.private"]),
        (AnswerState::NoRecord, vec![])
    );
    let wild = one_zone(json!([a("*.mesh.private.", "10.0.0.1")]));
    assert_eq!(state(&wild, &[]), (AnswerState::Answered, vec![]));
    let narrow = private("narrow", "core.mesh.private.", VPC);
    let hidden = view(&[private("z", "mesh.private.", VPC), narrow], &[("z", json!([]))]);
    assert_eq!(state(&hidden, &[]).0, AnswerState::Unknown);
    let elsewhere = view(
        &[private("z", "mesh.private.", "other")],
        &[("z", json!([a("geo.mesh.private.", "10.0.0.1")]))],
    );
    assert_eq!(state(&elsewhere, &[]).0, AnswerState::ZoneNotOnNetwork);
}

#[test]
fn circles_and_forwarding_end_as_unknown() {
    let mut round = private("round", "mesh.private.", VPC);
    round["peeringConfig"] = json!({"targetNetwork": {"networkUrl": VPC}});
    let mut sent = private("sent", "corp.private.", VPC);
    sent["forwardingConfig"] = json!({"targetNameServers": [{"ipv4Address": "10.0.0.53"}]});
    let dns = view(&[round, sent], &[]);
    let answer = |host| dns.answer(host, &key("vpc"));
    assert_eq!(answer("a.mesh.private").state, AnswerState::Unknown);
    assert_eq!(
        answer("a.corp.private").unknown,
        ["zone sent forwards its names to other name servers (10.0.0.53), whose answers nobody collected"]
    );
}

#[test]
fn cnames_are_followed_to_an_address_or_to_nowhere() {
    let cname = |name: &str, to: &str| json!({"name": name, "type": "CNAME", "rrdatas": [to]});
    let dns = one_zone(json!([
        a("real.mesh.private.", "10.0.0.1"),
        cname("ok.mesh.private.", "real.mesh.private."),
        cname("lost.mesh.private.", "gone.mesh.private."),
        cname("loop.mesh.private.", "loop.mesh.private."),
        cname("out.mesh.private.", "www.example.com."),
        {"name": "six.mesh.private.", "type": "AAAA", "rrdatas": ["fd00::1"]},
        {"name": "text.mesh.private.", "type": "TXT", "rrdatas": ["\"hello\""]},
    ]));
    let state = |host: &str| dns.answer(&format!("{host}.mesh.private"), &key("vpc")).state;
    assert_eq!(state("ok"), AnswerState::Answered);
    for wrong in ["lost", "loop", "six"] {
        assert_eq!(state(wrong), AnswerState::WrongType, "{wrong}");
    }
    assert_eq!(state("out"), AnswerState::Unknown);
    assert_eq!(state("text"), AnswerState::NoRecord);
}

#[test]
fn an_answer_costs_no_walk_over_the_zones_records() {
    let records: Vec<Value> = (0..20_000)
        .map(|i| a(&format!("h{i}.mesh.private."), "10.0.0.1"))
        .collect();
    let dns = one_zone(Value::from(records));
    let start = std::time::Instant::now();
    for i in 0..10_000 {
        assert_eq!(
            dns.answer(&format!("h{i}.mesh.private"), &key("vpc")).state,
            AnswerState::Answered
        );
    }
    // A scan would compare 200 million names: minutes in a debug build.
    assert!(start.elapsed().as_secs() < 10);
}

#[test]
fn one_address_is_common_to_a_zone_only_where_all_its_records_but_one_agree() {
    let zone = |addresses: [&str; 3]| {
        let [x, y, z] = addresses;
        let dns = one_zone(json!([
            a("x.mesh.private.", x),
            a("y.mesh.private.", y),
            a("*.mesh.private.", z)
        ]));
        let zone = dns.zones().next().unwrap().clone();
        dns.common_address(&zone, "*.mesh.private")
            .map(|address| address.to_string())
    };
    assert_eq!(
        zone(["10.99.0.1", "10.99.0.1", "34.1.2.3"]).as_deref(),
        Some("10.99.0.1")
    );
    assert_eq!(zone(["10.99.0.1", "10.99.0.2", "34.1.2.3"]), None);
    let empty = one_zone(json!([]));
    assert_eq!(empty.common_address(empty.zones().next().unwrap(), ""), None);
}
