//! Service accounts: where one lives, and whether it is there.
use super::hierarchy::project_entries;
use crate::gcp::iam::{Policy, ServiceAccount};
use crate::mesh::projects::Projects;
use crate::snapshot::Snapshot;

/// What an account is, as far as the snapshot tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccountState {
    Active,
    Disabled,
    /// Its project's accounts were listed, and it is not among them.
    NotListed,
    /// Policies name it as deleted and never as living: the member as they write it.
    DeletedInBindings(String),
    Unknown(String),
}

/// An account taken apart.
pub struct Account {
    /// In lower case: IAM compares e-mail addresses without regard to case.
    pub email: String,
    /// The project it belongs to, by id or number; of an agent the project that it acts for.
    pub project: Option<String>,
    /// Google's own agent, which lives in a project of Google's and is in no listing of ours.
    pub agent: bool,
    /// Its `uniqueId`, where it was listed.
    pub unique_id: Option<String>,
}

impl Account {
    /// From an e-mail address.
    ///
    /// Source of the forms: Google's "Service account types" and "Service agents" pages.
    pub fn new(snapshot: &Snapshot, projects: &Projects, email: &str) -> Self {
        let email = email.trim().to_ascii_lowercase();
        let (local, domain) = email.split_once('@').unwrap_or((email.as_str(), ""));
        let (project, agent) = match domain.strip_suffix(".iam.gserviceaccount.com") {
            Some(host) => {
                let host = project_of_host(host);
                let acts_for = digits(local.strip_prefix("service-").unwrap_or_default());
                let ours = project_entries(snapshot, projects, &host).next().is_some();
                if host.starts_with("gcp-sa-") || (acts_for.is_some() && !ours) {
                    (acts_for, true)
                } else {
                    (Some(host), false)
                }
            }
            None => match domain {
                "developer.gserviceaccount.com" => (local.strip_suffix("-compute").and_then(digits), false),
                "appspot.gserviceaccount.com" => (Some(local.to_owned()), false),
                // cloudservices, cloudbuild and the like: NUMBER@SERVICE.gserviceaccount.com.
                _ if domain.ends_with(".gserviceaccount.com") => (digits(local), true),
                _ => (None, false),
            },
        };
        let mut account = Self {
            email,
            project,
            agent,
            unique_id: None,
        };
        account.unique_id = account
            .listed(snapshot, projects)
            .map(|a| a.unique_id.clone())
            .filter(|id| !id.is_empty());
        account
    }

    fn listed<'s>(&self, snapshot: &'s Snapshot, projects: &Projects) -> Option<&'s ServiceAccount> {
        project_entries(snapshot, projects, self.project.as_deref()?)
            .flat_map(|(_, iam)| iam.service_accounts.items())
            .find(|a| a.email.eq_ignore_ascii_case(&self.email))
    }
}

/// The state of an account.
pub fn state(snapshot: &Snapshot, projects: &Projects, account: &Account) -> AccountState {
    let listed = account.listed(snapshot, projects);
    if listed.is_some_and(|a| a.disabled) {
        return AccountState::Disabled;
    }
    if let Some(member) = only_deleted(snapshot, account) {
        return AccountState::DeletedInBindings(member);
    }
    if listed.is_some() {
        return AccountState::Active;
    }
    if account.agent {
        return AccountState::Unknown(format!(
            "{} is an agent of Google's, in no project's list",
            account.email
        ));
    }
    let Some(project) = &account.project else {
        return AccountState::Unknown(format!("{} does not tell its project", account.email));
    };
    if project_entries(snapshot, projects, project).any(|(_, iam)| iam.service_accounts.is_had()) {
        return AccountState::NotListed;
    }
    AccountState::Unknown(format!(
        "the service accounts of projects/{project} were not collected (needs iam.serviceAccounts.list)"
    ))
}

/// The `deleted:` member that stands for the account, where no policy names it as living.
///
/// An account created again under the old name gets another unique id, and bindings of the old one do not apply
/// to it. One that was undeleted keeps its id.
fn only_deleted(snapshot: &Snapshot, account: &Account) -> Option<String> {
    let mut deleted = None;
    for member in policies(snapshot)
        .flat_map(|p| &p.bindings)
        .flat_map(|b| &b.members)
    {
        match member.strip_prefix("deleted:") {
            Some(gone) => {
                let (who, uid) = gone.split_once("?uid=").unwrap_or((gone, ""));
                if names(who, &account.email) && account.unique_id.as_deref() != Some(uid) {
                    deleted.get_or_insert_with(|| member.clone());
                }
            }
            None if names(member, &account.email) => return None,
            None => {}
        }
    }
    deleted
}

fn policies(snapshot: &Snapshot) -> impl Iterator<Item = &Policy> {
    let projects = snapshot.projects.values().filter_map(|p| p.policy.as_ref());
    let organizations = snapshot.organizations.values().filter_map(|o| o.policy.as_ref());
    projects.chain(snapshot.folders.values()).chain(organizations)
}

/// Whether the member is this very account. `email` is in lower case.
pub fn names(member: &str, email: &str) -> bool {
    [
        "serviceAccount:",
        "principal://iam.googleapis.com/projects/-/serviceAccounts/",
    ]
    .iter()
    .filter_map(|prefix| member.strip_prefix(prefix))
    .any(|named| named.eq_ignore_ascii_case(email))
}

/// `a.example.com` of a domain-scoped project is `example.com:a`.
fn project_of_host(host: &str) -> String {
    match host.split_once('.') {
        Some((id, domain)) => format!("{domain}:{id}"),
        None => host.to_owned(),
    }
}

fn digits(text: &str) -> Option<String> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.to_owned())
}
