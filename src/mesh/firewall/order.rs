//! The order in which a network's rules are asked, and what they say together.
//!
//! Source: <https://cloud.google.com/firewall/docs/firewall-policies-rule-eval-order>: policies of the organization and of folders,
//! Google's own for its services, then VPC's rules and the network's policies, whichever the network has go first.
use super::rule::{Action, Applies, Rule};
use super::{Admission, By, policy};
use crate::gcp::firewall_policy::Policy;
use crate::mesh::network::NetworkKey;
use crate::mesh::projects::Projects;

/// Rules that are asked together: a policy's, or VPC's own.
type Stage = Vec<Rule>;

/// The stages of one network.
#[derive(Debug, Default)]
pub struct Order {
    /// Policies that go before everything, in their order.
    first: Vec<Stage>,
    rules: Stage,
    /// Policies of the network itself.
    network: Vec<Stage>,
    /// Whether those go before VPC's rules; not known where the network was not listed.
    before: Option<bool>,
}

impl Order {
    pub fn add_rule(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub fn policies_go_before(&mut self, before: bool) {
        self.before = Some(before);
    }

    /// The answer lists those of the organization and of folders in the order in which they are asked, from the top.
    pub fn add_policies(&mut self, policies: &[Policy], network: &NetworkKey, projects: &Projects) {
        let mut of_network: Vec<&Policy> = Vec::new();
        let mut of_services = Vec::new();
        for policy in policies {
            let rules = |known| policy::rules(policy, known, network, projects);
            match policy.kind.as_str() {
                "HIERARCHY" => self.first.push(rules(true)),
                "SYSTEM" => of_services.push(rules(true)),
                "NETWORK" => of_network.push(policy),
                // Nobody can say when it is asked.
                _ => of_services.push(rules(false)),
            }
        }
        self.first.extend(of_services);
        of_network.sort_by_key(|policy| policy.priority);
        let rules = |policy: &Policy| policy::rules(policy, true, network, projects);
        self.network.extend(of_network.into_iter().map(rules));
    }

    /// Once all are there: every stage by priority, and every rule of a policy knows whether VPC's rules come after it.
    pub fn sort(&mut self) {
        let before = self.before == Some(true);
        for stage in &mut self.network {
            stage.iter_mut().for_each(|rule| rule.goes_before_rules(before));
        }
        let stages = self.first.iter_mut().chain(&mut self.network);
        for stage in stages.chain([&mut self.rules]) {
            stage.sort_by_key(Rule::order);
        }
    }

    /// What the rules say in their order; `implied` is what holds where none says anything.
    pub fn decide(&self, implied: &Admission, applies: impl Fn(&Rule) -> Applies) -> Admission {
        let said = |before: bool| {
            let (one, other): (&[Stage], &[Stage]) = if before {
                (&self.network, std::slice::from_ref(&self.rules))
            } else {
                (std::slice::from_ref(&self.rules), &self.network)
            };
            let stages = self.first.iter().chain(one).chain(other);
            // From the last to the first, so that what comes after a stage is known when it passes a connection on.
            stages.rev().fold(implied.clone(), |next, stage| {
                stage.iter().rev().fold(next.clone(), |otherwise, rule| {
                    let then = || act(rule, &next);
                    match applies(rule) {
                        Applies::No => otherwise,
                        Applies::Yes => then(),
                        Applies::Maybe(why) => either(&then(), otherwise, why),
                    }
                })
            })
        };
        match self.before {
            Some(before) => said(before),
            None if self.network.is_empty() => said(false),
            None => {
                let why = "whether its firewall policies go before its firewall rules is not known: the network was not listed";
                either(&said(true), said(false), why.to_owned())
            }
        }
    }
}

/// What a rule does with a connection that it applies to.
fn act(rule: &Rule, next: &Admission) -> Admission {
    match &rule.action {
        Action::Allow => Admission::Allowed { rule: rule.name() },
        Action::Deny => rule.denial(),
        Action::Next => next.clone(),
        Action::Unknown(action) => {
            Admission::Unknown(format!("{} has it handled by {action}", rule.described()))
        }
    }
}

/// Of two that may hold: where both say the same, the second, which is surely asked; else nobody can tell.
fn either(one: &Admission, other: Admission, why: String) -> Admission {
    let lets_in = |admission: &Admission| match admission {
        Admission::Allowed { .. } => Some(true),
        Admission::Denied { .. } | Admission::ImpliedDeny => Some(false),
        Admission::Unknown(_) => None,
    };
    match (lets_in(one), lets_in(&other)) {
        (Some(one), Some(same)) if one == same => other,
        _ => Admission::Unknown(why),
    }
}

impl By {
    /// Whose rule it is, in words behind its name.
    pub fn told(&self) -> String {
        match self {
            Self::Rules => String::new(),
            Self::Policy { name, .. } => format!(" of firewall policy {name}"),
        }
    }
}
