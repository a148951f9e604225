//! What AuthorizationPolicies make of a plain call from a Cloud Run client: no mesh identity, no JWT, an address in its subnetwork, and of
//! host, path and method what is known. They bind only pods that have a sidecar; whether these do is for the caller to ask.
//!
//! Source: istio.io/latest/docs/reference/config/security/authorization-policy: CUSTOM, then DENY, then ALLOW.
mod matching;
mod operation;
mod rule;
#[cfg(test)]
mod tests;

use crate::k8s::istio::AuthorizationPolicy;
use crate::k8s::labels::Labels;
use ipnet::IpNet;
pub use matching::Ground;
use matching::{Match, Share};
use std::collections::{BTreeMap, BTreeSet};

/// Policies of this namespace hold for the whole mesh.
pub const ROOT_NAMESPACE: &str = "istio-system";

/// The workload that a request arrives at.
#[derive(Debug, Clone, Copy)]
pub struct Workload<'a> {
    pub namespace: &'a str,
    /// Of its pods.
    pub labels: &'a Labels,
    /// The container's port, not the Service's.
    pub port: u16,
}

/// What is known of a call.
#[derive(Debug, Clone, Copy, Default)]
pub struct Call<'a> {
    /// The client's addresses; empty where they are not known.
    pub ranges: &'a [IpNet],
    /// The host as it arrives, in lower case; `*.mesh.private` for any name below.
    pub host: &'a str,
    /// Whether it arrives just so, and not perhaps with a port behind it.
    pub whole: bool,
    pub path: Option<&'a str>,
}

/// The answer for one destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub decision: Decision,
    /// A JWT in the request is what would let it through.
    pub wants_jwt: bool,
    /// What else is worth knowing: dry runs, external authorizers, actions nobody knows.
    pub notes: Vec<String>,
}

/// What happens to a plain request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    Allows,
    /// Every request is denied.
    Denies(Denial),
    /// A few calls are denied, by method, path or header: somebody meant that.
    Narrow(Denial),
    /// Why nobody can tell.
    Unknown(String),
}

/// Which policy denies, and in plain words why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    pub policy: String,
    pub namespace: String,
    /// The index of the rule that matched; None where the lack of a matching ALLOW rule denies.
    pub rule: Option<usize>,
    pub why: String,
    /// What the denial rests on; empty where it is for every request.
    pub grounds: BTreeSet<Ground>,
}

/// The policies of one membership, by namespace.
#[derive(Debug, Default)]
pub struct Authorization<'a> {
    by_namespace: BTreeMap<&'a str, Vec<&'a AuthorizationPolicy>>,
}

/// What the policies of one action say together.
#[derive(Debug, Default)]
struct Tally {
    sure: Option<Denial>,
    narrow: Option<Denial>,
    unknown: Option<String>,
}

impl<'a> Authorization<'a> {
    /// Indexes the policies; those for gateways and waypoints (`targetRefs`) do not bind workloads.
    pub fn new(policies: &'a [AuthorizationPolicy]) -> Self {
        let mut by_namespace: BTreeMap<&str, Vec<&AuthorizationPolicy>> = BTreeMap::new();
        for policy in policies {
            if policy.spec.target_refs.is_empty() && policy.spec.target_ref.is_none() {
                by_namespace
                    .entry(policy.metadata.namespace.as_str())
                    .or_default()
                    .push(policy);
            }
        }
        Self { by_namespace }
    }

    /// What becomes of the call when it arrives at the workload.
    pub fn judge(&self, workload: &Workload<'_>, call: &Call<'_>) -> Verdict {
        let mut notes = Vec::new();
        let binding = self.binding(workload, &mut notes);
        let of = |action: &str| {
            let wanted = action.to_owned();
            binding
                .iter()
                .copied()
                .filter(move |policy| action_of(policy) == wanted)
        };
        let mut wants_jwt = false;
        let denied = deny(of("DENY"), workload, call, &mut wants_jwt);
        if let Some(denial) = denied.sure {
            return Verdict {
                decision: Decision::Denies(denial),
                wants_jwt,
                notes,
            };
        }
        let allowed = allow(&of("ALLOW").collect::<Vec<_>>(), workload, call, &mut wants_jwt);
        let external = of("CUSTOM")
            .find(|policy| rules(policy, workload, call).any(|(_, found)| !matches!(found, Match::No(_))));
        let external = external.map(|p| format!("policy {} asks an external authorizer", full_name(p)));
        notes.extend(external.clone());
        let unknown = denied.unknown.or(allowed.unknown).or(external);
        let decision = match (allowed.sure, unknown, denied.narrow.or(allowed.narrow)) {
            (Some(denial), _, _) => Decision::Denies(denial),
            (None, Some(why), _) => Decision::Unknown(why),
            (None, None, Some(denial)) => Decision::Narrow(denial),
            (None, None, None) => Decision::Allows,
        };
        Verdict {
            decision,
            wants_jwt,
            notes,
        }
    }

    /// The policies that select the workload and are enforced.
    fn binding(&self, workload: &Workload<'_>, notes: &mut Vec<String>) -> Vec<&'a AuthorizationPolicy> {
        let own = (workload.namespace != ROOT_NAMESPACE).then_some(workload.namespace);
        let selected: Vec<&AuthorizationPolicy> = [Some(ROOT_NAMESPACE), own]
            .into_iter()
            .flatten()
            .filter_map(|namespace| self.by_namespace.get(namespace))
            .flatten()
            .copied()
            .filter(|policy| {
                let selector = policy.spec.selector.as_ref();
                selector.is_none_or(|s| s.selects(workload.labels))
            })
            .collect();
        let mut binding = Vec::new();
        for policy in selected {
            let dry = policy.metadata.annotations.get("istio.io/dry-run");
            if dry.is_some_and(|value| value == "true") {
                notes.push(format!("policy {} is a dry run", full_name(policy)));
            } else if matches!(action_of(policy), "ALLOW" | "DENY" | "CUSTOM") {
                binding.push(policy);
            } else if action_of(policy) != "AUDIT" {
                let action = action_of(policy);
                notes.push(format!(
                    "policy {} has the unknown action {action}",
                    full_name(policy)
                ));
            }
        }
        binding
    }
}

/// Each rule of a policy with what it makes of the request.
fn rules<'p>(
    policy: &'p AuthorizationPolicy,
    workload: &'p Workload<'_>,
    call: &'p Call<'_>,
) -> impl Iterator<Item = (usize, Match)> {
    policy
        .spec
        .rules
        .iter()
        .map(|rule| rule::matches(rule, workload.port, call))
        .enumerate()
}

fn deny<'p>(
    policies: impl Iterator<Item = &'p AuthorizationPolicy>,
    workload: &Workload<'_>,
    call: &Call<'_>,
    wants_jwt: &mut bool,
) -> Tally {
    let mut tally = Tally::default();
    for policy in policies {
        for (index, found) in rules(policy, workload, call) {
            let name = full_name(policy);
            match found {
                Match::Yes(reason) => {
                    // A JWT helps only where the lack of it is all that every such rule asks for.
                    *wants_jwt = reason.jwt && (*wants_jwt || tally.sure.is_none());
                    let why = match reason.why.as_str() {
                        "" => format!("policy {name} denies every request"),
                        why => format!("policy {name} denies requests {why}"),
                    };
                    let denial = || denial(policy, Some(index), why, reason.grounds);
                    tally.sure.get_or_insert_with(denial);
                }
                Match::Some {
                    what,
                    share: Share::Few,
                } => {
                    let why = format!("policy {name} denies only some requests, with {what}");
                    let denial = || denial(policy, Some(index), why, BTreeSet::new());
                    tally.narrow.get_or_insert_with(denial);
                }
                Match::Some { what, .. } => {
                    tally
                        .unknown
                        .get_or_insert_with(|| undecided(&name, "denies", &what));
                }
                Match::Unknown(why) => {
                    tally
                        .unknown
                        .get_or_insert_with(|| format!("policy {name}: {why}"));
                }
                Match::No(_) => {}
            }
        }
    }
    tally
}

/// With ALLOW policies around, a request that none of their rules matches is denied.
fn allow(
    policies: &[&AuthorizationPolicy],
    workload: &Workload<'_>,
    call: &Call<'_>,
    wants_jwt: &mut bool,
) -> Tally {
    let mut tally = Tally::default();
    let Some(first) = policies.first() else {
        return tally;
    };
    let mut reasons: Vec<String> = Vec::new();
    let mut grounds = BTreeSet::new();
    for policy in policies {
        let name = full_name(policy);
        if policy.spec.rules.is_empty() {
            reasons.push(format!("policy {name} has no rules and so allows nothing"));
        }
        for (index, found) in rules(policy, workload, call) {
            match found {
                Match::Yes(_) => {
                    *wants_jwt = false;
                    return Tally::default();
                }
                Match::Some {
                    what,
                    share: Share::Most,
                } => {
                    let why = format!("policy {name} allows only requests with {what}");
                    let denial = || denial(policy, Some(index), why, BTreeSet::new());
                    tally.narrow.get_or_insert_with(denial);
                }
                Match::Some { what, .. } => {
                    tally
                        .unknown
                        .get_or_insert_with(|| undecided(&name, "allows", &what));
                }
                Match::Unknown(why) => {
                    tally
                        .unknown
                        .get_or_insert_with(|| format!("policy {name}: {why}"));
                }
                Match::No(reason) => {
                    *wants_jwt |= reason.jwt;
                    grounds.extend(reason.grounds);
                    let why = format!("policy {name} allows only {}", reason.why);
                    if !reasons.contains(&why) {
                        reasons.push(why);
                    }
                }
            }
        }
    }
    if tally.narrow.is_some() {
        // What lets most calls in leaves little to the others.
        tally.unknown = None;
    } else if tally.unknown.is_none() {
        tally.sure = Some(denial(first, None, reasons.join("; "), grounds));
    }
    tally
}

/// Why nobody can tell what becomes of a call of which the method, the path or a header is not known.
fn undecided(policy: &str, does: &str, what: &str) -> String {
    format!("policy {policy} {does} only requests with {what}, and which the client makes is not known")
}

fn denial(
    policy: &AuthorizationPolicy,
    rule: Option<usize>,
    why: String,
    grounds: BTreeSet<Ground>,
) -> Denial {
    Denial {
        policy: policy.metadata.name.clone(),
        namespace: policy.metadata.namespace.clone(),
        rule,
        why,
        grounds,
    }
}

fn action_of(policy: &AuthorizationPolicy) -> &str {
    match policy.spec.action.as_str() {
        "" => "ALLOW",
        action => action,
    }
}

fn full_name(policy: &AuthorizationPolicy) -> String {
    format!("{}/{}", policy.metadata.namespace, policy.metadata.name)
}
