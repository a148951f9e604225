//! Facts of what a Cloud Run service's account may do, and of the account itself.
use super::clients::Client;
use super::facts::{ConditionFacts, DenialFacts, Fact, MeshClient};
use super::iam::{AccountState, Decision, State, Verdict};
use super::model::Model;
use super::names;

/// The permission that a sidecar needs to fetch its configuration.
pub const GET_CONFIGS: &str = "trafficdirector.networks.getConfigs";

pub fn fill(model: &Model, client: &Client, facts: &mut MeshClient) {
    if client.account.is_empty() {
        let why = format!(
            "the number of project {} is not known, so neither is its default account",
            client.project
        );
        facts.access = Fact::Unknown(why.clone());
        facts.access_unseen = vec![why.clone()];
        facts.deny_policies_read = Fact::Unknown(why.clone());
        facts.account_state = Fact::Unknown(why);
    } else {
        let decision = model
            .iam
            .access(&client.account, GET_CONFIGS, &facts.mesh_project);
        facts.access = access_word(&decision);
        facts.deny_policies_read = match &decision.deny_unknown {
            None => Fact::Known(true),
            Some(why) => Fact::Unknown(why.clone()),
        };
        if decision.state == State::Unknown {
            let told = |why: &String| why.split(" (needs ").next().unwrap_or(why).to_owned();
            facts.access_unseen = decision.unknown.iter().map(told).collect();
        }
        grants(&decision, facts);
        facts.access_elsewhere = model
            .iam
            .held_elsewhere(&client.account, GET_CONFIGS, &facts.mesh_project)
            .into_iter()
            .map(|grant| names::last(&grant.resource).to_owned())
            .collect();
        facts.access_policies = vec![format!("iam/projects/{}/policy.json", facts.mesh_project)];
        account(model, client, facts);
    }
    facts.run_agent_network_user = match (&client.network, facts.run_agent.as_str()) {
        (None, _) => Fact::unknown("the service names no network"),
        (Some(_), "") => Fact::Unknown(format!("the number of project {} is not known", client.project)),
        (Some(network), agent) => role(&model.iam.has_role(
            agent,
            "roles/compute.networkUser",
            network.project.as_str(),
        )),
    };
}

/// Whether a role is held, where that can be told.
pub fn role(decision: &Decision) -> Fact<bool> {
    match decision.state {
        State::Granted => Fact::Known(true),
        State::Missing | State::ConditionFalse | State::Denied => Fact::Known(false),
        State::ThroughGroupOnly => Fact::unknown("a group holds the role, and its members are not collected"),
        State::ConditionUnknown => Fact::unknown("the grant is on a condition that cannot be decided"),
        State::Unknown => Fact::Unknown(decision.unknown.join("; ")),
    }
}

fn access_word(decision: &Decision) -> Fact<String> {
    let word = match decision.state {
        State::Granted => "granted",
        State::Missing => "missing",
        State::ConditionFalse => "condition_false",
        State::ConditionUnknown => "condition_unknown",
        State::Denied => "denied",
        State::ThroughGroupOnly => "group_only",
        State::Unknown => return Fact::Unknown(decision.unknown.join("; ")),
    };
    Fact::Known(word.into())
}

fn grants(decision: &Decision, facts: &mut MeshClient) {
    if let (State::Granted, Some(grant)) = (decision.state, decision.grants.first()) {
        facts.access_grant = format!("{} on {}", grant.role, grant.resource);
    }
    let spoiled = decision.grants.iter().find_map(|grant| {
        let condition = grant.condition.as_ref()?;
        let why = match &condition.verdict {
            Verdict::True => return None,
            Verdict::False(why) | Verdict::Unknown(why) => why.clone(),
        };
        Some(ConditionFacts {
            title: condition.title.clone(),
            expression: condition.expression.clone(),
            why,
            role: grant.role.clone(),
            locator: grant.locator.clone(),
        })
    });
    facts.access_condition = spoiled.unwrap_or_default();
    if let Some(denial) = &decision.denial {
        facts.access_denial = DenialFacts {
            policy: denial.policy.clone(),
            rule: i64::try_from(denial.rule_index).unwrap_or_default(),
            description: denial.description.clone(),
            locator: denial.locator.clone(),
        };
    }
    facts.access_groups = decision
        .grants
        .iter()
        .filter(|g| g.through_group)
        .map(|g| g.member.clone())
        .collect();
}

fn account(model: &Model, client: &Client, facts: &mut MeshClient) {
    let word = |word: &str| Fact::Known(word.to_owned());
    facts.account_state = match model.iam.account_state(&client.account) {
        AccountState::Active => word("active"),
        AccountState::Disabled => word("disabled"),
        AccountState::NotListed => word("not_listed"),
        AccountState::DeletedInBindings(member) => {
            facts.account_deleted_member = member;
            word("deleted")
        }
        AccountState::Unknown(why) => Fact::Unknown(why),
    };
}
