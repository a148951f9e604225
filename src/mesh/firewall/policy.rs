//! The rules of a firewall policy, in the form in which VPC's own are judged. What is not understood is never taken for a no.
use super::By;
use super::rule::{Action, More, Rule};
use crate::gcp::compute::Firewall;
use crate::gcp::firewall_policy::{Matcher, Policy, PolicyRule, SecureTag};
use crate::mesh::network::NetworkKey;
use crate::mesh::projects::Projects;
use serde_json::Value;

/// Conditions of a matcher that stand beside its ranges, as alternatives to them. Others have to hold as well.
/// Source: <https://cloud.google.com/firewall/docs/firewall-policies-rule-details>, combinations of sources and of destinations.
const ALTERNATIVES: [&str; 4] = ["AddressGroups", "Fqdns", "RegionCodes", "ThreatIntelligences"];

/// The rules of a policy that may apply to connections of instances in a network. Of a policy of an unknown kind (`known`), none is
/// sure to.
pub fn rules(policy: &Policy, known: bool, network: &NetworkKey, projects: &Projects) -> Vec<Rule> {
    let enabled = policy.rules.iter().filter(|rule| !rule.disabled);
    let of_instances = enabled.filter(|rule| concerns(rule, network, projects));
    of_instances.map(|rule| convert(policy, rule, known)).collect()
}

/// Whether a rule can apply at all: to instances, in this network, by tags that there are.
fn concerns(rule: &PolicyRule, network: &NetworkKey, projects: &Projects) -> bool {
    let of_balancers = rule.target_type == "INTERNAL_MANAGED_LB" || !rule.target_forwarding_rules.is_empty();
    let here =
        |url: &String| NetworkKey::parse(url, &network.project, projects).is_none_or(|key| key == *network);
    let elsewhere = !rule.target_resources.is_empty() && !rule.target_resources.iter().any(here);
    let matcher = &rule.matcher;
    let no_source = gone(&matcher.src_secure_tags) && matcher.src_ip_ranges.is_empty();
    let no_source = no_source && alternatives(matcher, "src").is_empty();
    !of_balancers && !elsewhere && !gone(&rule.target_secure_tags) && !no_source
}

/// Whether tags are named and none of them is there any more: then the rule is passed over.
fn gone(tags: &[SecureTag]) -> bool {
    !tags.is_empty() && tags.iter().all(|tag| tag.state == "INEFFECTIVE")
}

fn convert(policy: &Policy, rule: &PolicyRule, known: bool) -> Rule {
    let matcher = &rule.matcher;
    let title = policy.title();
    let name = rule.priority.to_string();
    let action = match rule.action.as_str() {
        "allow" => Action::Allow,
        "deny" => Action::Deny,
        "goto_next" => Action::Next,
        other => Action::Unknown(other.to_owned()),
    };
    let mut sources = alternatives(matcher, "src");
    if !matcher.src_secure_tags.is_empty() {
        sources.push("srcSecureTags".to_owned());
    }
    let more = More {
        sources,
        destinations: alternatives(matcher, "dest"),
        conditions: conditions(rule, known),
    };
    let ports = matcher.layer4_configs.iter().map(Into::into).collect();
    let raw = Firewall {
        name,
        direction: rule.direction.clone(),
        priority: Some(rule.priority),
        source_ranges: matcher.src_ip_ranges.clone(),
        destination_ranges: matcher.dest_ip_ranges.clone(),
        target_service_accounts: rule.target_service_accounts.clone(),
        ..Firewall::default()
    };
    let by = By::Policy {
        name: title.to_owned(),
        before_rules: true,
    };
    Rule::of_policy(raw, action, ports, by, more)
}

/// Conditions that are alternatives to the ranges of one side.
fn alternatives(matcher: &Matcher, side: &str) -> Vec<String> {
    let named = matcher.others.iter().filter(|(_, value)| says(value));
    named
        .map(|(name, _)| name)
        .filter(|name| {
            name.strip_prefix(side)
                .is_some_and(|kind| ALTERNATIVES.contains(&kind))
        })
        .cloned()
        .collect()
}

/// Conditions that have to hold as well, and that a snapshot does not tell of.
fn conditions(rule: &PolicyRule, known: bool) -> Vec<String> {
    let is_alternative = |name: &&String| {
        let kind = name.strip_prefix("src").or_else(|| name.strip_prefix("dest"));
        kind.is_some_and(|kind| ALTERNATIVES.contains(&kind))
    };
    let others = rule.matcher.others.iter().filter(|(_, value)| says(value));
    let mut found: Vec<String> = others
        .map(|(name, _)| name)
        .filter(|name| !is_alternative(name))
        .cloned()
        .collect();
    found.extend(
        rule.others
            .keys()
            .filter(|name| name.starts_with("target"))
            .cloned(),
    );
    if !rule.target_secure_tags.is_empty() {
        found.push("targetSecureTags".to_owned());
    }
    if !matches!(rule.target_type.as_str(), "" | "INSTANCES") {
        found.push("targetType".to_owned());
    }
    if !known {
        found.push("the kind of its policy".to_owned());
    }
    found
}

/// Whether a condition says anything.
fn says(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty(),
        Value::String(word) => !word.is_empty() && word != "UNSPECIFIED",
        _ => true,
    }
}
