//! IAM decisions: whether an account holds a permission on a project, from the policies in a snapshot.
//!
//! Members, roles, conditions and deny policies are judged in a file each; here they are put together. Whatever the
//! snapshot does not tell makes a decision unknown, unless something else decides it.
mod account;
mod builtin;
mod clock;
mod condition;
mod deny;
mod eval;
mod hierarchy;
mod member;
mod role;
mod text;

#[cfg(test)]
mod tests;

pub use account::AccountState;
pub use condition::{ConditionVerdict, Verdict};
pub use deny::Denial;

use crate::mesh::projects::Projects;
use crate::snapshot::Snapshot;
use account::Account;
use condition::{Asked, judge};
use hierarchy::{Level, level, levels};
use member::{Cover, covers};
use role::{Holds, Roles};

/// The folders and the organization above a project, nearest first, as far as they are known: `folders/1`, `organizations/2`.
pub fn ancestors_of(snapshot: &Snapshot, projects: &Projects, project: &str) -> Vec<String> {
    hierarchy::ancestors(snapshot, projects, project).resources
}

/// Answers questions about access from one snapshot.
#[derive(Clone, Copy)]
pub struct Iam<'s> {
    snapshot: &'s Snapshot,
    projects: &'s Projects,
}

/// Whether an account has what was asked, and the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub state: State,
    /// Every binding that gives it, also on a condition or through a group: the project's first, then its ancestors'.
    pub grants: Vec<Grant>,
    pub denial: Option<Denial>,
    /// What was not collected or could not be decided, and might give it.
    pub unknown: Vec<String>,
    /// What about the project's deny policies could not be told.
    pub deny_unknown: Option<String>,
    /// Whether the project's own allow policy was read, so that at least there the answer is sure.
    pub own_policy_seen: bool,
}

/// The outcome of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// By the account itself, or a set that covers it, with no condition or one that holds.
    Granted,
    /// Everything was seen, and nothing gives it.
    Missing,
    /// The only grants carry conditions that do not hold.
    ConditionFalse,
    /// A grant carries a condition that could not be decided.
    ConditionUnknown,
    /// A deny rule takes it away, granted or not.
    Denied,
    /// Everything was seen, and only a group holds it, whose members are not collected.
    ThroughGroupOnly,
    /// Nothing gives it in what was seen, and something was not seen.
    Unknown,
}

/// One binding that gives what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// `projects/P`, `folders/1`, `organizations/2`.
    pub resource: String,
    pub role: String,
    /// As the policy writes it.
    pub member: String,
    pub through_group: bool,
    pub condition: Option<ConditionVerdict>,
    /// `iam/projects/P/policy.json bindings[3]`.
    pub locator: String,
}

impl Grant {
    fn holds(&self) -> bool {
        self.condition.as_ref().is_none_or(|c| c.verdict == Verdict::True)
    }

    fn fails(&self) -> bool {
        matches!(&self.condition, Some(c) if matches!(c.verdict, Verdict::False(_)))
    }
}

/// What bindings are looked for.
struct Search<'a> {
    account: &'a Account,
    asked: Asked,
    holds: &'a dyn Fn(&str) -> Holds,
}

impl<'s> Iam<'s> {
    pub fn new(snapshot: &'s Snapshot, projects: &'s Projects) -> Self {
        Self { snapshot, projects }
    }

    /// Whether `account` (an e-mail) holds `permission` (`trafficdirector.networks.getConfigs`) on `project` (id or number).
    pub fn access(&self, account: &str, permission: &str, project: &str) -> Decision {
        let account = Account::new(self.snapshot, self.projects, account);
        let roles = self.roles();
        let mut decision = self.decide(
            project,
            &Search {
                account: &account,
                asked: Asked::permission(self.projects, project, permission),
                holds: &|role| roles.includes(role, permission),
            },
        );
        let answer = deny::Question {
            snapshot: self.snapshot,
            projects: self.projects,
            account: &account,
            permission,
            project,
        }
        .answer();
        if answer.denial.is_some() {
            decision.state = State::Denied;
        }
        decision.denial = answer.denial;
        decision.deny_unknown = answer.unknown;
        decision
    }

    /// Whether `account` holds the predefined `role`, or one that includes all of it, on the project or an ancestor.
    ///
    /// Policies of single resources, as of a subnetwork, are no part of a snapshot. Deny policies, which speak of
    /// permissions, are not asked.
    pub fn has_role(&self, account: &str, role: &str, project: &str) -> Decision {
        let account = Account::new(self.snapshot, self.projects, account);
        let roles = self.roles();
        self.decide(
            project,
            &Search {
                account: &account,
                asked: Asked::role(self.projects, project),
                holds: &|held| roles.covers(held, role),
            },
        )
    }

    /// The bindings, on the own policies of other projects of the snapshot, that give the permission without a condition.
    pub fn held_elsewhere(&self, account: &str, permission: &str, except_project: &str) -> Vec<Grant> {
        let account = Account::new(self.snapshot, self.projects, account);
        let roles = self.roles();
        let mut found = Vec::new();
        for (id, iam) in &self.snapshot.projects {
            if self.projects.same(id.as_str(), except_project) {
                continue;
            }
            let Some(policy) = iam.policy.as_ref() else {
                continue;
            };
            let search = Search {
                account: &account,
                asked: Asked::permission(self.projects, id.as_str(), permission),
                holds: &|role| roles.includes(role, permission),
            };
            self.search(
                &level("projects", id.as_str(), policy),
                &search,
                &mut found,
                &mut Vec::new(),
            );
        }
        found.retain(|grant| grant.condition.is_none() && !grant.through_group);
        found
    }

    /// What the account itself is.
    pub fn account_state(&self, account: &str) -> AccountState {
        let account = Account::new(self.snapshot, self.projects, account);
        account::state(self.snapshot, self.projects, &account)
    }

    fn roles(&self) -> Roles<'s> {
        Roles {
            snapshot: self.snapshot,
            projects: self.projects,
        }
    }

    fn decide(&self, project: &str, search: &Search) -> Decision {
        let (levels, gap) = levels(self.snapshot, self.projects, project);
        let mut grants = Vec::new();
        let mut unknown = Vec::new();
        for level in &levels {
            if level.policy.is_none() {
                unknown.push(level.not_collected());
            }
            self.search(level, search, &mut grants, &mut unknown);
        }
        unknown.extend(gap);
        Decision {
            state: outcome(&grants, &unknown),
            grants,
            denial: None,
            unknown,
            deny_unknown: None,
            own_policy_seen: levels.first().is_some_and(|own| own.policy.is_some()),
        }
    }

    /// Adds the bindings of one policy that give what is looked for, or might.
    fn search(&self, level: &Level, search: &Search, grants: &mut Vec<Grant>, unknown: &mut Vec<String>) {
        let bindings = level.policy.map_or(&[][..], |p| &p.bindings);
        for (index, binding) in bindings.iter().enumerate() {
            let held = (search.holds)(&binding.role);
            if held == Holds::No {
                continue;
            }
            let Some((member, cover)) = self.best_cover(&binding.members, search.account) else {
                continue;
            };
            let condition = binding
                .condition
                .as_ref()
                .filter(|c| !c.expression.is_empty())
                .map(|c| judge(c, self.snapshot.collected_at, &search.asked));
            let grant = Grant {
                resource: level.resource.clone(),
                role: binding.role.clone(),
                member: member.to_owned(),
                through_group: cover == Cover::Group,
                condition,
                locator: format!("{} bindings[{index}]", level.file),
            };
            match (held, cover) {
                (Holds::Yes, Cover::Yes | Cover::Group) => grants.push(grant),
                // What might be a grant, but for a condition that fails in any case, is none.
                _ if grant.fails() => {}
                (Holds::Unknown(why), _) | (_, Cover::Unknown(why)) => {
                    unknown.push(format!("{} might give it: {why}", grant.locator));
                }
                _ => {}
            }
        }
    }

    /// The member that covers the account best; none where none does.
    fn best_cover<'m>(&self, members: &'m [String], account: &Account) -> Option<(&'m str, Cover)> {
        members
            .iter()
            .map(|member| {
                (
                    member.as_str(),
                    covers(self.snapshot, self.projects, account, member),
                )
            })
            .filter(|(_, cover)| *cover != Cover::No)
            .min_by_key(|(_, cover)| match cover {
                Cover::Yes => 0,
                Cover::Group => 1,
                Cover::Unknown(_) => 2,
                Cover::No => 3,
            })
    }
}

/// The best grant decides; without one, what is not known does.
fn outcome(grants: &[Grant], unknown: &[String]) -> State {
    let direct = || grants.iter().filter(|g| !g.through_group);
    if direct().any(Grant::holds) {
        State::Granted
    } else if direct().any(|g| !g.fails()) {
        State::ConditionUnknown
    } else if !unknown.is_empty() {
        State::Unknown
    } else if grants.iter().any(|g| g.through_group && !g.fails()) {
        State::ThroughGroupOnly
    } else if direct().next().is_some() {
        State::ConditionFalse
    } else {
        State::Missing
    }
}
