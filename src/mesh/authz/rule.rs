//! One rule of an AuthorizationPolicy against a caller without identity and without JWT.
use super::Call;
use super::matching::{Ground, Match, Share};
use super::operation::{operation, ports};
use crate::k8s::istio::{AuthorizationRule, Source};
use ipnet::IpNet;
use serde_json::Value;

/// Who calls, as far as it never changes.
const NO_IDENTITY: &str = "a Cloud Run client has no mesh identity";
const NO_JWT: &str = "a plain request carries no JWT";

/// Whether the rule matches the call, to the container's port.
pub fn matches(rule: &AuthorizationRule, port: u16, call: &Call<'_>) -> Match {
    let client = call.ranges;
    Match::all([
        Match::any(rule.from.iter().map(|from| source(&from.source, client))),
        Match::any(rule.to.iter().map(|to| operation(&to.operation, port, call))),
        Match::all(rule.when.iter().map(|when| condition(when, port, client))),
    ])
}

fn source(source: &Source, client: &[IpNet]) -> Match {
    let remote = !source.remote_ip_blocks.is_empty() || !source.not_remote_ip_blocks.is_empty();
    Match::all([
        identity("principals", &source.principals, &source.not_principals),
        identity("namespaces", &source.namespaces, &source.not_namespaces),
        identity(
            "service accounts",
            &source.service_accounts,
            &source.not_service_accounts,
        ),
        jwt(&source.request_principals, &source.not_request_principals),
        addresses(&source.ip_blocks, &source.not_ip_blocks, client),
        if remote {
            Match::Unknown("remoteIpBlocks depend on forwarding headers".into())
        } else {
            Match::anything()
        },
    ])
}

/// A caller without identity is none of the listed, and not one of the excluded either.
fn identity(what: &str, listed: &[String], excluded: &[String]) -> Match {
    if !listed.is_empty() {
        let why = format!("{what} {}, and {NO_IDENTITY}", listed.join(", "));
        Match::no(Ground::Identity, why)
    } else if !excluded.is_empty() {
        let why = format!(
            "from anyone but the {what} {}, and {NO_IDENTITY}",
            excluded.join(", ")
        );
        Match::yes(Ground::Identity, why)
    } else {
        Match::anything()
    }
}

fn jwt(listed: &[String], excluded: &[String]) -> Match {
    if !listed.is_empty() {
        let why = format!("requests with a JWT ({}), and {NO_JWT}", listed.join(", "));
        Match::no(Ground::Token, why)
    } else if !excluded.is_empty() {
        Match::yes(Ground::Token, format!("without a JWT ({})", excluded.join(", ")))
    } else {
        Match::anything()
    }
}

/// How a list of blocks holds the client's ranges.
#[derive(Debug, PartialEq, Eq)]
enum Held {
    Whole,
    None,
    Part,
}

fn held(blocks: &[String], client: &[IpNet]) -> Option<Held> {
    let mut parsed = Vec::new();
    for block in blocks {
        let single = || block.parse().map(|ip: std::net::IpAddr| IpNet::from(ip)).ok();
        parsed.push(block.parse::<IpNet>().ok().or_else(single)?.trunc());
    }
    let parsed = IpNet::aggregate(&parsed);
    let everywhere = |block: &IpNet| matches!(block, IpNet::V4(v4) if v4.prefix_len() == 0);
    if parsed.iter().any(everywhere) {
        return Some(Held::Whole);
    }
    if client.is_empty() {
        return None;
    }
    let inside = |range: &IpNet| parsed.iter().any(|block| block.contains(range));
    let touched = |range: &IpNet| inside(range) || parsed.iter().any(|block| range.contains(block));
    Some(if client.iter().all(inside) {
        Held::Whole
    } else if client.iter().any(touched) {
        Held::Part
    } else {
        Held::None
    })
}

fn addresses(blocks: &[String], excluded: &[String], client: &[IpNet]) -> Match {
    let ranges = || {
        client
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let part = |blocks: &[String]| {
        Match::Unknown(if client.is_empty() {
            "the client's range is not known".into()
        } else {
            format!(
                "{} holds only a part of the client's {}",
                blocks.join(", "),
                ranges()
            )
        })
    };
    let yes = |why: String| Match::yes(Ground::Address, why);
    let no = |why: String| Match::no(Ground::Address, why);
    let listed = if blocks.is_empty() {
        Match::anything()
    } else {
        match held(blocks, client) {
            Some(Held::Whole) => yes(format!("from {}, and the client is there", blocks.join(", "))),
            Some(Held::None) => no(format!(
                "addresses in {}, and the client's are {}",
                blocks.join(", "),
                ranges()
            )),
            Some(Held::Part) | None => part(blocks),
        }
    };
    let not_excluded = if excluded.is_empty() {
        Match::anything()
    } else {
        match held(excluded, client) {
            Some(Held::None) => yes(format!(
                "from outside {}, and the client's addresses are {}",
                excluded.join(", "),
                ranges()
            )),
            Some(Held::Whole) => no(format!(
                "addresses outside {}, and the client's are {}",
                excluded.join(", "),
                ranges()
            )),
            Some(Held::Part) | None => part(excluded),
        }
    };
    Match::all([listed, not_excluded])
}

/// A `when` entry.
///
/// Source of the keys: istio.io/latest/docs/reference/config/security/conditions.
fn condition(when: &Value, port: u16, client: &[IpNet]) -> Match {
    let list = |field: &str| -> Vec<String> {
        let values = when.get(field).and_then(Value::as_array);
        values
            .into_iter()
            .flatten()
            .filter_map(|v| v.as_str().map(str::to_owned))
            .collect()
    };
    let key = when.get("key").and_then(Value::as_str).unwrap_or_default();
    let (listed, excluded) = (list("values"), list("notValues"));
    match key {
        "source.ip" => addresses(&listed, &excluded, client),
        "source.principal" => identity("principals", &listed, &excluded),
        "source.namespace" => identity("namespaces", &listed, &excluded),
        "source.serviceAccount" => identity("service accounts", &listed, &excluded),
        "destination.port" => ports(&listed, &excluded, port),
        key if key.starts_with("request.auth.") => jwt(&listed, &excluded),
        key if key.starts_with("request.headers[") => Match::Some {
            what: format!("the header in {key}"),
            share: if listed.is_empty() {
                Share::Most
            } else {
                Share::Few
            },
        },
        "" => Match::Unknown("a condition without a key".into()),
        key => Match::Unknown(format!("a condition on {key}")),
    }
}
