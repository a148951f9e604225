//! Deny policies attached to a project. Those of folders and the organization are no part of a snapshot.
//!
//! Source: the iam.v2 discovery document (`GoogleIamV2DenyRule`), and Google's "Deny policies" for permission groups
//! (`SERVICE/*.*`, `SERVICE/RESOURCE.*`, `SERVICE/*.VERB`).
use super::account::Account;
use super::condition::{Asked, Verdict, judge};
use super::hierarchy::project_entries;
use super::member::{Cover, covers};
use crate::gcp::iam::{DenyPolicy, DenyRule};
use crate::mesh::projects::Projects;
use crate::snapshot::Snapshot;
use percent_encoding::percent_decode_str;

/// A deny rule that takes the permission away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// The policy's full name.
    pub policy: String,
    pub rule_index: usize,
    pub description: String,
    /// `projects/NUMBER`.
    pub attached_to: String,
    /// `iam/projects/P/deny-policies.json policies[0].rules[1]`.
    pub locator: String,
}

/// What is asked of the deny policies.
pub struct Question<'q> {
    pub snapshot: &'q Snapshot,
    pub projects: &'q Projects,
    pub account: &'q Account,
    pub permission: &'q str,
    pub project: &'q str,
}

/// The first rule that surely denies, and what could not be decided.
#[derive(Default)]
pub struct Answer {
    pub denial: Option<Denial>,
    pub unknown: Option<String>,
}

enum Outcome {
    Denies,
    Perhaps(String),
    Not,
}

impl Question<'_> {
    pub fn answer(&self) -> Answer {
        let permission = v2(self.permission);
        let mut answer = Answer::default();
        let mut had = false;
        let mut perhaps = Vec::new();
        for (key, iam) in project_entries(self.snapshot, self.projects, self.project) {
            had |= iam.deny_policies.is_had();
            for (p, policy) in iam.deny_policies.items().iter().enumerate() {
                for (r, entry) in policy.rules.iter().enumerate() {
                    let Some(rule) = &entry.deny_rule else { continue };
                    let locator = format!("iam/projects/{key}/deny-policies.json policies[{p}].rules[{r}]");
                    match self.outcome(rule, &permission) {
                        Outcome::Not => {}
                        Outcome::Perhaps(why) => perhaps.push(format!("{locator} may deny it: {why}")),
                        Outcome::Denies if answer.denial.is_some() => {}
                        Outcome::Denies => {
                            answer.denial = Some(Denial {
                                policy: policy.name.clone(),
                                rule_index: r,
                                description: entry.description.clone(),
                                attached_to: attached_to(policy, key),
                                locator,
                            });
                        }
                    }
                }
            }
        }
        if !had {
            perhaps.push(format!(
                "the deny policies of projects/{} were not collected (needs iam.denypolicies.list)",
                self.projects.id(self.project)
            ));
        }
        answer.unknown = (!perhaps.is_empty()).then(|| perhaps.join("; "));
        answer
    }

    fn outcome(&self, rule: &DenyRule, permission: &str) -> Outcome {
        let named = |list: &[String]| list.iter().any(|pattern| matches(pattern, permission));
        if !named(&rule.denied_permissions) || named(&rule.exception_permissions) {
            return Outcome::Not;
        }
        let mut doubts = Vec::new();
        match self.any(&rule.denied_principals) {
            Cover::No => return Outcome::Not,
            Cover::Yes => {}
            doubt => doubts.push(told(doubt)),
        }
        match self.any(&rule.exception_principals) {
            Cover::Yes => return Outcome::Not,
            Cover::No => {}
            doubt => doubts.push(format!("its exceptions: {}", told(doubt))),
        }
        if let Some(condition) = rule
            .denial_condition
            .as_ref()
            .filter(|c| !c.expression.is_empty())
        {
            match judge(condition, self.snapshot.collected_at, &Asked::anything()).verdict {
                Verdict::True => {}
                Verdict::False(_) => return Outcome::Not,
                Verdict::Unknown(why) => doubts.push(format!("its condition: {why}")),
            }
        }
        if doubts.is_empty() {
            Outcome::Denies
        } else {
            Outcome::Perhaps(doubts.join("; "))
        }
    }

    fn any(&self, principals: &[String]) -> Cover {
        let mut best = Cover::No;
        for principal in principals {
            match covers(self.snapshot, self.projects, self.account, principal) {
                Cover::Yes => return Cover::Yes,
                Cover::No => {}
                Cover::Group => {
                    best = Cover::Unknown(format!("the members of {principal} are not collected"));
                }
                unknown @ Cover::Unknown(_) => best = unknown,
            }
        }
        best
    }
}

fn told(cover: Cover) -> String {
    match cover {
        Cover::Unknown(why) => why,
        _ => "the members of a group are not collected".into(),
    }
}

/// `trafficdirector.networks.getConfigs` as deny policies spell it: `trafficdirector.googleapis.com/networks.getConfigs`.
fn v2(permission: &str) -> String {
    let (service, rest) = permission.split_once('.').unwrap_or((permission, ""));
    // The one service among ours whose host is not its short name.
    let host = if service == "resourcemanager" {
        "cloudresourcemanager"
    } else {
        service
    };
    format!("{host}.googleapis.com/{rest}")
}

/// `*` stands for any run of characters after the service; `SERVICE/*` is read as the whole service.
fn matches(pattern: &str, permission: &str) -> bool {
    let (Some((service, pattern)), Some((own, rest))) = (pattern.split_once('/'), permission.split_once('/'))
    else {
        return false;
    };
    service == own && glob(pattern, rest)
}

fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    let Some(mut text) = text.strip_prefix(first).and_then(|t| t.strip_suffix(last)) else {
        return false;
    };
    // The leftmost place of each part leaves the most room for those after it.
    middle.split('*').all(|part| match text.split_once(part) {
        Some((_, after)) => {
            text = after;
            true
        }
        None => false,
    })
}

/// `policies/cloudresourcemanager.googleapis.com%2Fprojects%2F1/denypolicies/ID` is attached to `projects/1`.
fn attached_to(policy: &DenyPolicy, key: &str) -> String {
    let encoded = policy.name.split('/').nth(1).unwrap_or_default();
    let point = percent_decode_str(encoded).decode_utf8_lossy();
    match point.split_once('/') {
        Some((_, resource)) => resource.to_owned(),
        None => format!("projects/{key}"),
    }
}
