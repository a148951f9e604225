//! Which mutual TLS mode a workload asks for, and which TLS a DestinationRule makes its clients use.
use super::authz::{ROOT_NAMESPACE, Workload};
use crate::k8s::istio::{DestinationRule, PeerAuthentication, Tls, TrafficPolicy};
use crate::k8s::selector::LabelSelector;
use std::collections::BTreeMap;

/// What a sidecar accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Mutual TLS only.
    Strict,
    /// Both; the default.
    Permissive,
    /// Plain text only.
    Disable,
}

/// The mode that holds, and the PeerAuthentication that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effective {
    pub mode: Mode,
    /// `NAMESPACE/NAME`; None where the default holds.
    pub policy: Option<String>,
    /// Whether it is set for the port alone.
    pub of_port: bool,
}

/// The PeerAuthentications of one membership.
#[derive(Debug, Default)]
pub struct PeerAuthentications<'a> {
    by_namespace: BTreeMap<&'a str, Vec<&'a PeerAuthentication>>,
}

impl Mode {
    /// As Istio and Kubernetes write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Strict => "STRICT",
            Self::Permissive => "PERMISSIVE",
            Self::Disable => "DISABLE",
        }
    }

    /// None for `UNSET`, absent, or a word nobody knows: the wider policy holds then.
    fn of(tls: Option<&Tls>) -> Option<Self> {
        match tls?.mode.as_str() {
            "STRICT" => Some(Self::Strict),
            "PERMISSIVE" => Some(Self::Permissive),
            "DISABLE" => Some(Self::Disable),
            _ => None,
        }
    }
}

impl<'a> PeerAuthentications<'a> {
    /// Sorted by name, which settles ties: Istio takes the oldest, and the snapshot's types carry no age.
    pub fn new(policies: &'a [PeerAuthentication]) -> Self {
        let mut by_namespace: BTreeMap<&str, Vec<&PeerAuthentication>> = BTreeMap::new();
        for policy in policies {
            by_namespace
                .entry(policy.metadata.namespace.as_str())
                .or_default()
                .push(policy);
        }
        for policies in by_namespace.values_mut() {
            policies.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
        }
        Self { by_namespace }
    }

    /// The mode on the workload's port: its own policy, by port and then as a whole, else its namespace's, else
    /// the root namespace's, else PERMISSIVE. A selector works within its own namespace only.
    ///
    /// Source: istio.io/latest/docs/reference/config/security/peer_authentication.
    pub fn mode(&self, workload: &Workload<'_>) -> Effective {
        let own = self.first(workload.namespace, |policy| {
            let selector = policy.spec.selector.as_ref().filter(|s| !s.is_empty());
            selector.is_some_and(|s| s.selects(workload.labels))
        });
        let wide = |policy: &PeerAuthentication| {
            let selector = policy.spec.selector.as_ref();
            selector.is_none_or(LabelSelector::is_empty)
        };
        let by_port = own.and_then(|policy| {
            let tls = policy.spec.port_level_mtls.get(&workload.port.to_string());
            Mode::of(tls).map(|mode| (mode, policy))
        });
        let whole = [
            own,
            self.first(workload.namespace, wide),
            self.first(ROOT_NAMESPACE, wide),
        ];
        let of_port = by_port.is_some();
        let found = by_port.or_else(|| {
            whole
                .into_iter()
                .flatten()
                .find_map(|policy| Mode::of(policy.spec.mtls.as_ref()).map(|mode| (mode, policy)))
        });
        match found {
            Some((mode, policy)) => Effective {
                mode,
                policy: Some(format!("{}/{}", policy.metadata.namespace, policy.metadata.name)),
                of_port,
            },
            None => Effective {
                mode: Mode::Permissive,
                policy: None,
                of_port,
            },
        }
    }

    fn first(
        &self,
        namespace: &str,
        wanted: impl Fn(&PeerAuthentication) -> bool,
    ) -> Option<&'a PeerAuthentication> {
        let policies = self.by_namespace.get(namespace)?;
        policies.iter().copied().find(|policy| wanted(policy))
    }
}

/// The TLS that a DestinationRule makes the clients of a Service use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTls {
    /// `DISABLE`, `SIMPLE`, `MUTUAL`, `ISTIO_MUTUAL`.
    pub mode: String,
    /// The rule as `NAMESPACE/NAME`.
    pub rule: String,
    /// Where in it the mode stands, as a JSON pointer.
    pub pointer: String,
    /// Whether the rule's host is a wildcard, so that it is for other Services too.
    pub wide: bool,
}

/// The TLS that DestinationRules set for a Service. `host` is the Service's full name, `port` its Service port, `namespace` its own namespace:
/// rules there count, then those of the root namespace; the most specific host first. Settings of a port replace
/// those of the whole host, those of a subset the rule's own.
///
/// Source: istio.io/latest/docs/reference/config/networking/destination-rule.
pub fn destination_rule_tls(
    host: &str,
    subset: Option<&str>,
    port: Option<u16>,
    rules: &[DestinationRule],
    namespace: &str,
) -> Option<RuleTls> {
    let mut found: Vec<(bool, std::cmp::Reverse<usize>, &DestinationRule)> = rules
        .iter()
        .filter(|rule| [namespace, ROOT_NAMESPACE].contains(&rule.metadata.namespace.as_str()))
        .filter_map(|rule| {
            let length = fit(&rule.spec.host, &rule.metadata.namespace, host)?;
            let elsewhere = rule.metadata.namespace != namespace;
            Some((elsewhere, std::cmp::Reverse(length), rule))
        })
        .collect();
    found.sort_by(|a, b| (a.0, a.1, &a.2.metadata.name).cmp(&(b.0, b.1, &b.2.metadata.name)));
    found.into_iter().find_map(|(_, _, rule)| {
        let named = |name| rule.spec.subsets.iter().enumerate().find(|(_, s)| s.name == name);
        let (tls, pointer) = subset
            .and_then(named)
            .and_then(|(i, subset)| tls_of(&subset.traffic_policy, port, &format!("/spec/subsets/{i}")))
            .or_else(|| tls_of(&rule.spec.traffic_policy, port, "/spec"))?;
        (!tls.mode.is_empty()).then(|| RuleTls {
            mode: tls.mode.clone(),
            rule: format!("{}/{}", rule.metadata.namespace, rule.metadata.name),
            pointer,
            wide: rule.spec.host.starts_with('*'),
        })
    })
}

/// With the JSON pointer of its mode; `above` is that of the policy's owner.
fn tls_of<'p>(policy: &'p TrafficPolicy, port: Option<u16>, above: &str) -> Option<(&'p Tls, String)> {
    let mut settings = policy.port_level_settings.iter().enumerate();
    let of_port = settings.find(|(_, setting)| setting.port.as_ref().is_some_and(|p| Some(p.number) == port));
    let (tls, below) = match of_port {
        Some((i, setting)) => (setting.tls.as_ref()?, format!("/portLevelSettings/{i}")),
        None => (policy.tls.as_ref()?, String::new()),
    };
    Some((tls, format!("{above}/trafficPolicy{below}/tls/mode")))
}

/// How specifically a rule's host fits the Service: more is more. A name without dots is short for one in the rule's
/// namespace; `*.` stands for any labels.
fn fit(rule_host: &str, rule_namespace: &str, host: &str) -> Option<usize> {
    if let Some(suffix) = rule_host.strip_prefix('*') {
        return host.ends_with(suffix).then_some(suffix.len());
    }
    let full = if rule_host.contains('.') {
        rule_host.to_owned()
    } else {
        format!("{rule_host}.{rule_namespace}.svc.cluster.local")
    };
    (full == host).then_some(usize::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use serde_json::{Value, json};

    fn mode(policies: Value) -> (Mode, Option<String>) {
        let policies: Vec<PeerAuthentication> = serde_json::from_value(policies).unwrap();
        let labels = crate::k8s::labels::Labels::from([("app".to_owned(), "geo".to_owned())]);
        let workload = Workload {
            namespace: "core",
            labels: &labels,
            port: 8080,
        };
        let found = PeerAuthentications::new(&policies).mode(&workload);
        (found.mode, found.policy)
    }

    fn policy(namespace: &str, name: &str, spec: &Value) -> Value {
        json!({"metadata": {"name": name, "namespace": namespace}, "spec": spec})
    }

    #[test]
    fn the_narrowest_policy_that_sets_a_mode_holds() {
        let root = policy("istio-system", "mesh", &json!({"mtls": {"mode": "STRICT"}}));
        let wide = policy("core", "wide", &json!({"mtls": {"mode": "DISABLE"}}));
        let own = policy(
            "core",
            "own",
            &json!({"selector": {"matchLabels": {"app": "geo"}},
            "mtls": {"mode": "PERMISSIVE"}}),
        );
        assert_eq!(mode(json!([])), (Mode::Permissive, None));
        assert_eq!(
            mode(json!([root])),
            (Mode::Strict, Some("istio-system/mesh".into()))
        );
        assert_eq!(
            mode(json!([root, wide])),
            (Mode::Disable, Some("core/wide".into()))
        );
        assert_eq!(
            mode(json!([root, wide, own])),
            (Mode::Permissive, Some("core/own".into()))
        );
    }

    #[test]
    fn unset_inherits_and_a_port_overrides_its_own_policy() {
        let root = policy("istio-system", "mesh", &json!({"mtls": {"mode": "STRICT"}}));
        let unset = policy("core", "wide", &json!({"mtls": {"mode": "UNSET"}}));
        assert_eq!(mode(json!([root, unset])).0, Mode::Strict);
        let ports = |port: &str| {
            policy(
                "core",
                "own",
                &json!({"selector": {"matchLabels": {"app": "geo"}},
            "portLevelMtls": {port: {"mode": "DISABLE"}}}),
            )
        };
        assert_eq!(
            mode(json!([root, ports("8080")])),
            (Mode::Disable, Some("core/own".into()))
        );
        assert_eq!(mode(json!([root, ports("80")])).0, Mode::Strict);
    }

    #[test]
    fn a_selector_of_the_root_namespace_does_not_reach_other_namespaces() {
        let spec = json!({"selector": {"matchLabels": {"app": "geo"}}, "mtls": {"mode": "STRICT"}});
        assert_eq!(
            mode(json!([policy("istio-system", "gateways", &spec)])).0,
            Mode::Permissive
        );
    }

    fn tls(subset: Option<&str>, port: u16, rules: Value) -> Option<String> {
        let rules: Vec<DestinationRule> = serde_json::from_value(rules).unwrap();
        destination_rule_tls("geo.core.svc.cluster.local", subset, Some(port), &rules, "core")
            .map(|found| found.mode)
    }

    #[test]
    fn short_full_and_wildcard_hosts_name_the_service_and_the_most_specific_wins() {
        let rule = |namespace: &str, host: &str, mode: &str| {
            let spec = json!({"host": host, "trafficPolicy": {"tls": {"mode": mode}}});
            policy(namespace, host, &spec)
        };
        let wide = rule("core", "*.core.svc.cluster.local", "DISABLE");
        assert_eq!(tls(None, 80, json!([wide])).as_deref(), Some("DISABLE"));
        assert_eq!(
            tls(None, 80, json!([wide, rule("core", "geo", "ISTIO_MUTUAL")])).as_deref(),
            Some("ISTIO_MUTUAL")
        );
        assert_eq!(
            tls(
                None,
                80,
                json!([rule("web", "geo", "DISABLE"), rule("core", "other", "DISABLE")])
            ),
            None
        );
        assert_eq!(
            tls(None, 80, json!([rule("istio-system", "*.local", "SIMPLE")])).as_deref(),
            Some("SIMPLE")
        );
    }

    #[test]
    fn a_subset_and_a_port_have_their_own_say() {
        let rules = json!([policy(
            "core",
            "geo",
            &json!({"host": "geo",
            "trafficPolicy": {"tls": {"mode": "ISTIO_MUTUAL"},
                "portLevelSettings": [{"port": {"number": 9090}, "tls": {"mode": "SIMPLE"}}]},
            "subsets": [{"name": "v1", "trafficPolicy": {"tls": {"mode": "DISABLE"}}}, {"name": "v2"}]})
        )]);
        let mode = |subset, port| tls(subset, port, rules.clone()).unwrap();
        assert_eq!(mode(None, 80), "ISTIO_MUTUAL");
        assert_eq!(mode(None, 9090), "SIMPLE");
        assert_eq!(mode(Some("v1"), 80), "DISABLE");
        assert_eq!(mode(Some("v2"), 80), "ISTIO_MUTUAL");
    }
}
