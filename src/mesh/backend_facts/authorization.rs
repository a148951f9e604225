//! What AuthorizationPolicies make of the calls that routes bring to a Service, and whether anything there enforces them.
use super::pods::has_sidecar;
use super::reach::client_ranges;
use super::{Policies, Routed, RoutedCall};
use crate::k8s::core::Pod;
use crate::k8s::istio::{HttpRoute, RequestAuthentication};
use crate::k8s::labels::Labels;
use crate::mesh::authz::{Authorization, Call, Decision, Denial, ROOT_NAMESPACE, Workload};
use crate::mesh::clusters::Cluster;
use crate::mesh::facts::{Backend, Fact};
use crate::mesh::model::Model;
use crate::scope::host_of;
use ipnet::IpNet;
use std::collections::BTreeSet;

pub fn facts(
    model: &Model,
    index: usize,
    cluster: &Cluster,
    pods: &[&Pod],
    routed: &Routed,
    policies: &Policies,
    facts: &mut Backend,
) {
    facts.authorization_rule = -1;
    facts.authorization_enforced = enforced(pods, facts);
    let callers = client_ranges(model, index);
    let ranges: Vec<IpNet> = callers.iter().flat_map(|c| c.ranges.clone()).collect();
    facts.client_ranges = ranges.iter().map(ToString::to_string).collect();
    let Some(policies) = &policies.authorization else {
        facts.authorization = Fact::Unknown(format!(
            "the AuthorizationPolicies of {} were not collected",
            facts.membership
        ));
        return;
    };
    // Of a cluster that none of the mesh's clients is offered, nobody is turned away.
    let nobody_calls = callers.is_empty() && model.mesh_clients().next().is_some();
    let asked = Asked::of(&model.snapshot.manifest.scope.url);
    facts.authorization = judge(cluster, policies, pods, routed, &ranges, &asked, facts)
        .or_else(|why| {
            if nobody_calls {
                Ok("allowed".into())
            } else {
                Err(why)
            }
        })
        .map_or_else(Fact::Unknown, Fact::Known);
}

/// Whether a sidecar enforces what policies say.
fn enforced(pods: &[&Pod], facts: &Backend) -> Fact<bool> {
    match (&facts.pods, &facts.injection) {
        (Fact::Unknown(why), _) => Fact::Unknown(why.clone()),
        (Fact::Known(1..), _) => Fact::Known(pods.iter().any(|pod| has_sidecar(pod))),
        (_, Fact::Known(word)) => Fact::Known(word == "enabled"),
        (_, Fact::Unknown(why)) => Fact::Unknown(why.clone()),
    }
}

/// Labels that policies select by: of the pods that enforce them, of all where none does.
fn label_sets<'p>(pods: &[&'p Pod], none: &'p Labels) -> Vec<&'p Labels> {
    let with = || pods.iter().copied().filter(|pod| has_sidecar(pod));
    let all: Vec<&Pod> = if with().next().is_some() {
        with().collect()
    } else {
        pods.to_vec()
    };
    let mut sets: Vec<&Labels> = all.into_iter().map(|pod| &pod.metadata.labels).collect();
    sets.sort();
    sets.dedup();
    if sets.is_empty() { vec![none] } else { sets }
}

/// `allowed`, `denied`, `token` or `narrowed`; an error tells why nobody can say. What is sure of one port, host or kind of pod goes before
/// what is not known of another.
fn judge(
    cluster: &Cluster,
    policies: &Authorization,
    pods: &[&Pod],
    routed: &Routed,
    ranges: &[IpNet],
    asked: &Asked,
    facts: &mut Backend,
) -> Result<String, String> {
    let none = Labels::default();
    let namespace = facts.namespace.clone();
    let ports: Vec<u16> = facts
        .ports
        .iter()
        .filter_map(|p| u16::try_from(p.target_number).ok())
        .collect();
    let (mut denied, mut token, mut narrowed, mut unknown) = (None, None, None, None);
    let mut turned_away: BTreeSet<&str> = BTreeSet::new();
    let mut arriving: BTreeSet<&str> = BTreeSet::new();
    for labels in label_sets(pods, &none) {
        for port in &ports {
            let workload = Workload {
                namespace: &namespace,
                labels,
                port: *port,
            };
            for routed in &routed.calls {
                let call = asked.call(routed, ranges);
                let verdict = policies.judge(&workload, &call);
                match verdict.decision {
                    Decision::Allows => {}
                    Decision::Denies(denial) => {
                        // Whether a token opens the way depends on somebody who looks at it.
                        let by_token = if verdict.wants_jwt {
                            accepts_tokens(cluster, &workload, facts)
                        } else {
                            Ok(false)
                        };
                        match by_token {
                            Ok(true) => _ = token.get_or_insert(denial),
                            Ok(false) => {
                                turned_away.insert(&routed.host);
                                arriving.insert(call.host);
                                denied.get_or_insert(denial);
                            }
                            Err(why) => _ = unknown.get_or_insert(why),
                        }
                    }
                    Decision::Narrow(denial) => _ = narrowed.get_or_insert(denial),
                    Decision::Unknown(why) => _ = unknown.get_or_insert(why),
                }
            }
        }
    }
    let (word, denial) = match (denied, unknown, token, narrowed) {
        (Some(denial), ..) => {
            facts.arriving_hosts = arriving.into_iter().map(str::to_owned).collect();
            if turned_away.len() < routed.hosts.len() {
                facts.authorization_hosts = turned_away.into_iter().map(str::to_owned).collect();
            }
            ("denied", denial)
        }
        (_, Some(why), ..) => return Err(why),
        (_, _, Some(denial), _) => ("token", denial),
        (.., Some(denial)) => ("narrowed", denial),
        _ => return Ok("allowed".into()),
    };
    tell(denial, facts);
    Ok(word.into())
}

fn tell(denial: Denial, facts: &mut Backend) {
    facts.authorization_policy = format!("{}/{}", denial.namespace, denial.policy);
    facts.authorization_action = if denial.rule.is_some() { "DENY" } else { "ALLOW" }.into();
    facts.authorization_rule = denial.rule.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1);
    let mut grounds: Vec<String> = denial.grounds.iter().map(|g| g.as_str().into()).collect();
    grounds.sort();
    facts.authorization_grounds = grounds;
    facts.authorization_why = denial.why;
}

/// Whether a RequestAuthentication looks at tokens of requests to the workload; an error tells why nobody can say.
fn accepts_tokens(cluster: &Cluster, workload: &Workload, facts: &mut Backend) -> Result<bool, String> {
    let Some(found) = cluster.k8s.and_then(|k| k.request_authentications.as_ref()) else {
        return Err(format!(
            "the RequestAuthentications of {} were not collected",
            cluster.membership
        ));
    };
    let binds = |policy: &&RequestAuthentication| {
        let spec = &policy.spec;
        !spec.jwt_rules.is_empty()
            && spec.target_refs.is_empty()
            && spec.target_ref.is_none()
            && [workload.namespace, ROOT_NAMESPACE].contains(&policy.metadata.namespace.as_str())
            && spec.selector.as_ref().is_none_or(|s| s.selects(workload.labels))
    };
    let policy = found.iter().find(binds);
    facts.token_policy = policy.map_or_else(String::new, |policy| {
        format!("{}/{}", policy.metadata.namespace, policy.metadata.name)
    });
    Ok(policy.is_some())
}

/// The URL of the scope in parts; empty where none was given.
#[derive(Debug, Default)]
struct Asked {
    /// As it stands in the Host header: with its port, where that is not the scheme's own.
    authority: String,
    host: String,
    /// None where the URL ends with the host: it is no more than a name then.
    path: Option<String>,
}

impl Asked {
    fn of(url: &str) -> Self {
        // What is no URL is not looked at.
        let (Ok(host), Some((scheme, rest))) = (host_of(url), url.split_once("://")) else {
            return Self::default();
        };
        let (authority, path) = match rest.find(['/', '\\', '?', '#']) {
            Some(at) => rest.split_at(at),
            None => (rest, ""),
        };
        let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
        let own = if scheme.eq_ignore_ascii_case("https") {
            ":443"
        } else {
            ":80"
        };
        let authority = place.to_ascii_lowercase();
        Self {
            host,
            authority: authority.strip_suffix(own).unwrap_or(&authority).to_owned(),
            path: path
                .split(['?', '#'])
                .next()
                .filter(|path| path.len() > 1)
                .map(str::to_owned),
        }
    }

    /// What is known of a call by a route.
    fn call<'a>(&'a self, routed: &'a RoutedCall, ranges: &'a [IpNet]) -> Call<'a> {
        let own = !self.host.is_empty() && self.host == routed.host;
        let path = self
            .path
            .as_deref()
            .filter(|path| own && routed.path_kept && routed.takes(path));
        let (host, whole) = match &routed.authority {
            Some(authority) => (authority.as_str(), true),
            None if own => (self.authority.as_str(), true),
            None => (routed.host.as_str(), false),
        };
        Call {
            ranges,
            host,
            whole,
            path,
        }
    }
}

impl RoutedCall {
    /// Of a rule, for one of its VirtualService's hosts.
    pub fn by(rule: &HttpRoute, host: &str) -> Self {
        let rewrite = rule.rewrite.as_ref();
        let authority = rewrite
            .map(|r| r.authority.to_ascii_lowercase())
            .filter(|authority| !authority.is_empty());
        let uris = rule.matches.iter().map(|m| m.uri.clone());
        Self {
            host: host.to_owned(),
            authority,
            path_kept: rewrite.is_none_or(|r| r.uri.is_empty() && r.uri_regex_rewrite.is_none()),
            // One match that asks nothing of the path takes every path.
            paths: uris.collect::<Option<Vec<_>>>().unwrap_or_default(),
        }
    }

    /// Whether the route surely takes the path.
    fn takes(&self, path: &str) -> bool {
        self.paths.is_empty()
            || self.paths.iter().any(|wanted| {
                wanted.exact.as_deref() == Some(path)
                    || wanted.prefix.as_deref().is_some_and(|p| path.starts_with(p))
            })
    }
}
