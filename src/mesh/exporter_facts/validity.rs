//! What of a VirtualService Istio's validation refuses, in every version that serves v1, v1beta1 or v1alpha3. A form that only some
//! version refuses, or that is not known here, is not told.
//!
//! Source: istio/istio, pkg/config/validation. That it has no rule at all, and its regular expressions, are told elsewhere.
use crate::k8s::istio::{Destination, HttpRoute, RouteDestination};
use crate::k8s::virtual_service::VirtualServiceSpec;
use crate::mesh::facts::Remark;
use std::net::IpAddr;

pub fn faults(spec: &VirtualServiceSpec) -> Vec<Remark> {
    let mut found = Vec::new();
    if spec.hosts.is_empty() {
        found.push(remark(
            "spec.hosts",
            "",
            "a VirtualService with gateways must name a host",
        ));
    }
    hosts(&spec.hosts, &mut found);
    for (i, rule) in spec.http.iter().enumerate() {
        let place = format!("spec.http[{i}]");
        conflicts(&place, rule, &mut found);
        for (j, route) in rule.route.iter().enumerate() {
            routed(&format!("{place}.route[{j}]"), route, &mut found);
        }
        if let Some(mirror) = &rule.mirror {
            destination(&format!("{place}.mirror"), mirror, &mut found);
        }
    }
    found
}

fn remark(field: &str, value: &str, why: &str) -> Remark {
    Remark {
        field: field.to_owned(),
        value: value.to_owned(),
        why: why.to_owned(),
    }
}

fn hosts(hosts: &[String], found: &mut Vec<Remark>) {
    let mut sound = true;
    for (i, host) in hosts.iter().enumerate() {
        if let Some(why) = ill_named(host) {
            found.push(remark(&format!("spec.hosts[{i}]"), host, why));
            sound = false;
        }
    }
    for (i, host) in hosts.iter().enumerate().filter(|_| sound) {
        if hosts.iter().take(i).any(|earlier| one(earlier, host)) {
            let why = "an earlier host of the list is the same or takes it in";
            found.push(remark(&format!("spec.hosts[{i}]"), host, why));
        }
    }
}

/// Whether two hosts are the same, or one is a wildcard that takes the other. A lone star is told of as no host to export.
fn one(a: &str, b: &str) -> bool {
    let takes = |wide: &str, narrow: &str| {
        wide != "*"
            && wide
                .strip_prefix('*')
                .is_some_and(|suffix| narrow.trim_start_matches('*').ends_with(suffix))
    };
    a == b || takes(a, b) || takes(b, a)
}

/// Why a text is no name of a host, with or without a wildcard at its front, nor an address.
fn ill_named(host: &str) -> Option<&'static str> {
    if host.is_empty() {
        return Some("a host must not be empty");
    }
    if host.parse::<IpAddr>().is_ok() {
        return None;
    }
    if host.contains("://") || host.contains('/') {
        return Some("a host is a name only, without scheme and path");
    }
    if host.contains(':') {
        return Some("a host is a name only, without a port");
    }
    let labels = host.strip_prefix('*').unwrap_or(host);
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    if !labels.chars().all(known) {
        return Some("only letters, digits, dashes and dots make a host, and one star at its front");
    }
    None
}

/// What a rule does with a request must be one thing.
fn conflicts(place: &str, rule: &HttpRoute, found: &mut Vec<Remark>) {
    let routes = !rule.route.is_empty();
    let both = |one: &str, other: &str| format!("{one} and {other} exclude each other");
    let mut clash = |one: &str, others: &[(&str, bool)]| {
        for (other, _) in others.iter().filter(|(_, there)| *there) {
            found.push(remark(place, "", &both(one, other)));
        }
    };
    let (fault, rewrite) = (rule.fault.is_some(), rule.rewrite.is_some());
    if rule.delegate.is_some() {
        clash(
            "delegate",
            &[("route", routes), ("redirect", rule.redirect.is_some())],
        );
    } else if rule.redirect.is_some() {
        let others = [
            ("route", routes),
            ("directResponse", rule.direct_response.is_some()),
            ("fault", fault),
            ("rewrite", rewrite),
        ];
        clash("redirect", &others);
    } else if rule.direct_response.is_some() {
        clash(
            "directResponse",
            &[("route", routes), ("fault", fault), ("rewrite", rewrite)],
        );
    } else if !routes {
        let why = "a rule needs one of route, redirect, directResponse and delegate";
        found.push(remark(place, "", why));
    }
}

fn routed(place: &str, route: &RouteDestination, found: &mut Vec<Remark>) {
    destination(&format!("{place}.destination"), &route.destination, found);
    if route.weight < 0 {
        let weight = route.weight.to_string();
        found.push(remark(
            &format!("{place}.weight"),
            &weight,
            "a weight must not be negative",
        ));
    }
}

fn destination(place: &str, destination: &Destination, found: &mut Vec<Remark>) {
    match destination.host.as_str() {
        "" => found.push(remark(
            &format!("{place}.host"),
            "",
            "a destination must name a host",
        )),
        "*" => found.push(remark(&format!("{place}.host"), "*", "a star is no destination")),
        _ => {}
    }
    if destination.port.as_ref().is_some_and(|port| port.number == 0) {
        found.push(remark(
            &format!("{place}.port"),
            "",
            "a port is a number from 1 to 65535",
        ));
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::faults;
    use serde_json::{Value, json};

    fn fields(hosts: &Value, rule: &Value) -> Vec<String> {
        let spec = json!({"hosts": hosts, "gateways": ["external-mesh"], "http": [rule]});
        faults(&serde_json::from_value(spec).unwrap())
            .into_iter()
            .map(|r| r.field)
            .collect()
    }

    fn rule(rule: &Value) -> Vec<String> {
        fields(&json!(["a.mesh.private"]), rule)
    }

    #[test]
    fn a_rule_does_one_thing() {
        let route = json!([{"destination": {"host": "a"}}]);
        for sound in [
            json!({"route": route, "fault": {}, "rewrite": {"uri": "/"}, "timeout": "3s"}),
            json!({"redirect": {"uri": "/x"}}),
            json!({"directResponse": {"status": 200}}),
            json!({"delegate": {"name": "b"}, "rewrite": {"uri": "/"}}),
        ] {
            assert_eq!(rule(&sound), [""; 0], "{sound}");
        }
        for refused in [
            json!({"route": route, "redirect": {"uri": "/x"}}),
            json!({"route": route, "directResponse": {"status": 200}}),
            json!({"route": route, "delegate": {"name": "b"}}),
            json!({"redirect": {"uri": "/x"}, "fault": {}}),
            json!({"route": []}),
            json!({"match": [{"uri": {"prefix": "/"}}]}),
        ] {
            assert_eq!(rule(&refused), ["spec.http[0]"], "{refused}");
        }
    }

    #[test]
    fn a_destination_has_a_host_a_port_and_no_negative_weight() {
        let to = |route: Value| rule(&json!({"route": [route]}));
        assert_eq!(
            to(json!({"destination": {"host": "a", "port": {"number": 80}}, "weight": 0})),
            [""; 0]
        );
        assert_eq!(
            to(json!({"destination": {}})),
            ["spec.http[0].route[0].destination.host"]
        );
        assert_eq!(
            to(json!({"weight": 100})),
            ["spec.http[0].route[0].destination.host"]
        );
        let port = json!({"destination": {"host": "a", "port": {}}});
        assert_eq!(to(port), ["spec.http[0].route[0].destination.port"]);
        let weight = json!({"destination": {"host": "a"}, "weight": -1});
        assert_eq!(to(weight), ["spec.http[0].route[0].weight"]);
    }

    #[test]
    fn hosts_are_names_and_none_twice() {
        let of = |hosts: Value| fields(&hosts, &json!({"redirect": {"uri": "/x"}}));
        for sound in [
            json!(["a.mesh.private", "*.b.mesh.private", "c"]),
            json!(["10.0.0.1", "fd00::1"]),
            json!(["*"]),
            json!(["a.mesh.private."]),
        ] {
            assert_eq!(of(sound.clone()), [""; 0], "{sound}");
        }
        assert_eq!(of(json!([])), ["spec.hosts"]);
        for refused in [
            "",
            "http://a.mesh.private",
            "a.mesh.private:80",
            "a_b.mesh.private",
            "a.*.private",
        ] {
            assert_eq!(of(json!([refused])), ["spec.hosts[0]"], "{refused}");
        }
        assert_eq!(of(json!(["a.mesh.private", "*.mesh.private"])), ["spec.hosts[1]"]);
        assert_eq!(of(json!(["a.mesh.private", "a.mesh.private"])), ["spec.hosts[1]"]);
    }
}
