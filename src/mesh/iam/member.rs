//! Whether a member of a binding, or a principal of a deny rule, covers an account.
//!
//! Source of the spellings: iam.v1 `Binding.members`, iam.v2 `deniedPrincipals`, and Google's "Principal identifiers".
use super::account::{Account, names};
use super::hierarchy;
use crate::mesh::projects::Projects;
use crate::snapshot::{ProjectNumber, Snapshot};

/// The answer, from the best to the worst.
#[derive(Debug, PartialEq, Eq)]
pub enum Cover {
    Yes,
    /// A group, whose members are not collected.
    Group,
    Unknown(String),
    No,
}

const CONTAINERS: &str = "principalSet://cloudresourcemanager.googleapis.com/";

/// Whether the member covers the account.
pub fn covers(snapshot: &Snapshot, projects: &Projects, account: &Account, member: &str) -> Cover {
    if names(member, &account.email) || names_by_id(member, account) {
        return Cover::Yes;
    }
    if let Some(place) = member.strip_prefix(CONTAINERS) {
        return within(snapshot, projects, account, place);
    }
    if let Some(domain) = member.strip_prefix("domain:") {
        // A service account is in no Workspace domain, so only its own would do.
        let own = account.email.split_once('@').map(|(_, domain)| domain);
        return yes_if(own.is_some_and(|own| own.eq_ignore_ascii_case(domain)));
    }
    match member {
        "allUsers" | "allAuthenticatedUsers" | "principalSet://goog/public:all" => return Cover::Yes,
        _ => {}
    }
    if member.starts_with("group:") || (member.starts_with("principalSet://") && member.contains("/group/")) {
        return Cover::Group;
    }
    // `deleted:` never covers the living; the convenience members stand for people and their accounts that hold
    // the basic role by themselves; a `principal://` other than ours is somebody else; pools hold foreign workloads.
    let someone_else = [
        "deleted:",
        "user:",
        "serviceAccount:",
        "projectOwner:",
        "projectEditor:",
        "projectViewer:",
        "principal://",
        "principalSet://iam.googleapis.com/",
    ];
    if someone_else.iter().any(|prefix| member.starts_with(prefix)) {
        return Cover::No;
    }
    Cover::Unknown(format!(
        "{member} is a kind of member that this version does not know"
    ))
}

/// A principal may name the account by its unique id in place of its e-mail.
fn names_by_id(member: &str, account: &Account) -> bool {
    member
        .strip_prefix("principal://iam.googleapis.com/projects/-/serviceAccounts/")
        .is_some_and(|id| account.unique_id.as_deref() == Some(id))
}

/// Whether the account belongs to a project, folder or organization: `projects/1`, `folders/2/type/ServiceAccount`.
fn within(snapshot: &Snapshot, projects: &Projects, account: &Account, place: &str) -> Cover {
    let parts: Vec<&str> = place.split('/').collect();
    let (kind, id, wanted) = match parts.as_slice() {
        [kind, id] => (*kind, *id, None),
        [kind, id, "type", wanted] => (*kind, *id, Some(*wanted)),
        _ => {
            return Cover::Unknown(format!(
                "{CONTAINERS}{place} is not a set that this version knows"
            ));
        }
    };
    match (wanted, account.agent) {
        (Some("ServiceAccount"), true) | (Some("ServiceAgent"), false) => return Cover::No,
        (Some("ServiceAccount" | "ServiceAgent") | None, _) => {}
        (Some(_), _) => return Cover::No,
    }
    let Some(home) = account.project.as_deref() else {
        return Cover::No;
    };
    let inside = match kind {
        "projects" if projects.same(home, id) => Cover::Yes,
        "projects" if comparable(projects, home, id) => Cover::No,
        "projects" => Cover::Unknown(format!(
            "whether project {home} is number {id} is not known (needs resourcemanager.projects.get)"
        )),
        "folders" | "organizations" => {
            let above = hierarchy::ancestors(snapshot, projects, home);
            let resource = format!("{kind}/{id}");
            match above.gap {
                _ if above.resources.contains(&resource) => Cover::Yes,
                Some(gap) => Cover::Unknown(gap),
                None => Cover::No,
            }
        }
        _ => Cover::Unknown(format!(
            "{CONTAINERS}{place} is not a set that this version knows"
        )),
    };
    match inside {
        Cover::Yes if account.agent && wanted.is_none() => Cover::Unknown(format!(
            "whether {CONTAINERS}{place} covers service agents is not documented"
        )),
        other => other,
    }
}

/// Whether two project names that differ are known to mean different projects.
fn comparable(projects: &Projects, a: &str, b: &str) -> bool {
    let numbers = (projects.number(a), projects.number(b));
    let ids = [a, b].map(|name| ProjectNumber::parse(projects.id(name).as_str()).is_none());
    matches!(numbers, (Some(_), Some(_))) || ids == [true, true]
}

fn yes_if(yes: bool) -> Cover {
    if yes { Cover::Yes } else { Cover::No }
}
