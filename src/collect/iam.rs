//! IAM: the projects themselves, their policies, ancestry, roles, deny policies, service accounts; the ancestors' policies.
use super::gather::{Book, Means};
use super::google::{Call, CallError, Paging, segment};
use super::named::Told;
use super::permissions::Need;
use super::{Api, FailureKind, Outcome};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

pub const NAME: &str = "iam";

pub const NEEDS: &[Need] = &[
    Need::of(
        NAME,
        "resourcemanager.projects.get",
        "the project's number and its ancestors",
    ),
    Need::of(
        NAME,
        "resourcemanager.projects.getIamPolicy",
        "who has which role",
    ),
    Need::of(NAME, "iam.roles.list", "the custom roles and what they hold"),
    Need::of(NAME, "iam.roles.get", "what the predefined roles hold"),
    Need::of(
        NAME,
        "iam.serviceAccounts.list",
        "whether the clients' accounts exist and are enabled",
    ),
    Need::of(NAME, "iam.denypolicies.list", "the deny policies"),
    Need::of(NAME, "iam.denypolicies.get", "the rules of deny policies"),
    Need::of(
        NAME,
        "resourcemanager.folders.getIamPolicy",
        "who has which role on the folders above",
    ),
    Need::of(
        NAME,
        "resourcemanager.organizations.getIamPolicy",
        "who has which role on the organization",
    ),
];

/// What a decision about access needs, each with all the others.
const POLICIES: [&str; 3] = ["policy", "deny-policies", "service-accounts"];

/// Predefined roles that are fetched; a built-in table serves for the others.
const MOST_ROLES: usize = 100;

/// At most 1,000; with their permissions they are large.
const ROLES: Paging = Paging::new("roles", Some(("pageSize", "300")));
const ACCOUNTS: Paging = Paging::new("accounts", Some(("pageSize", "100")));
const DENY: Paging = Paging::new("policies", Some(("pageSize", "100")));

/// Every project of the scope, those that its services name, and what stands above them.
pub async fn collect(means: &Means, mut told: Told) -> Outcome {
    let book = Book::open(means, NAME);
    let projects = means.projects();
    if !POLICIES.iter().any(|listing| means.asked.listing(NAME, listing)) {
        // Others join names by a project's id and number, and need no more.
        join_all(projects.iter().map(|project| itself(&book, project, false))).await;
        return book.close();
    }
    let above = Mutex::default();
    let of_projects = async |projects: Vec<String>, extra| {
        join_all(
            projects
                .iter()
                .map(|project| of_project(&book, project, extra, &above)),
        )
        .await
    };
    let (policies, beyond) = tokio::join!(of_projects(projects, false), async {
        let named = told.named().await;
        of_projects(named.projects.into_iter().collect(), true).await
    });
    let policies = policies.iter().chain(&beyond).flatten();
    let roles: BTreeSet<String> = policies.flat_map(roles_of).collect();
    let organizations = roles.iter().filter_map(|role| {
        let (organization, _) = role.strip_prefix("organizations/")?.split_once("/roles/")?;
        Some(organization.to_owned())
    });
    let organizations: BTreeSet<String> = organizations.collect();
    tokio::join!(
        predefined(&book, &roles),
        join_all(organizations.iter().map(|id| organization_roles(&book, id))),
    );
    book.close()
}

/// The ancestors that were asked for already: projects share them. `("folders", "123")`.
type Above = Mutex<BTreeSet<(String, String)>>;

/// The project's own id and number.
async fn itself(book: &Book<'_>, project: &str, extra: bool) -> Option<Value> {
    let call = Call::get(
        Api::ResourceManager,
        format!("v3/projects/{}", segment(project)),
        format!("get the project {project}"),
    )
    .needs("resourcemanager.projects.get", format!("projects/{project}"))
    .extra(extra);
    let file = format!("{NAME}/projects/{project}/project.json");
    book.object(&call, &file).await
}

/// Brings a project and its ancestors; the policies of all of them.
async fn of_project(book: &Book<'_>, project: &str, extra: bool, above: &Above) -> Vec<Value> {
    let name = segment(project);
    let resource = format!("projects/{project}");
    let file = |file: &str| format!("{NAME}/projects/{project}/{file}.json");
    let get = |api, path: String, what: &str, permission| {
        Call::get(api, path, format!("{what} {project}"))
            .needs(permission, resource.clone())
            .extra(extra)
    };
    let policy = policy_call("projects", project, "resourcemanager.projects.getIamPolicy").extra(extra);
    let ancestry = ancestry_of(project).extra(extra);
    let roles = get(
        Api::Iam,
        format!("v1/projects/{name}/roles"),
        "list the custom roles of",
        "iam.roles.list",
    )
    .query("view", "FULL");
    let accounts = get(
        Api::Iam,
        format!("v1/projects/{name}/serviceAccounts"),
        "list the service accounts of",
        "iam.serviceAccounts.list",
    );
    let (policy_file, ancestry_file) = (file("policy"), file("ancestry"));
    let (roles_file, accounts_file) = (file("roles"), file("service-accounts"));
    let (policy, inherited, ..) = tokio::join!(
        book.object(&policy, &policy_file),
        async {
            // As soon as they are known: what else the project has may take longer.
            let ancestry = book.object(&ancestry, &ancestry_file).await;
            let ancestors = ancestry.as_ref().map(ancestors_of).unwrap_or_default();
            let new = |ancestor: &(String, String)| {
                let mut above = above.lock().unwrap_or_else(PoisonError::into_inner);
                above.insert(ancestor.clone())
            };
            let new: Vec<_> = ancestors.into_iter().filter(new).collect();
            join_all(new.iter().map(|(kind, id)| ancestor(book, kind, id))).await
        },
        book.list(&roles, ROLES, &roles_file),
        book.list(&accounts, ACCOUNTS, &accounts_file),
        async {
            let itself = itself(book, project, extra).await;
            // The attachment point takes the number; the id serves where the number could not be had.
            let number = itself
                .as_ref()
                .and_then(|p| p.get("name")?.as_str()?.strip_prefix("projects/"))
                .unwrap_or(project);
            deny(book, project, number, extra).await;
        },
    );
    std::iter::once(policy).chain(inherited).flatten().collect()
}

/// The folders and the organization above a project.
pub fn ancestry_of(project: &str) -> Call {
    Call::post(
        Api::ResourceManager,
        format!("v1/projects/{}:getAncestry", segment(project)),
        format!("get the ancestors of {project}"),
        json!({}),
    )
    .needs("resourcemanager.projects.get", format!("projects/{project}"))
}

/// `getIamPolicy` of a project, folder or organization, with conditions (version 3).
fn policy_call(kind: &str, id: &str, permission: &'static str) -> Call {
    Call::post(
        Api::ResourceManager,
        format!("v3/{kind}/{}:getIamPolicy", segment(id)),
        format!("get the IAM policy of {kind}/{id}"),
        json!({ "options": { "requestedPolicyVersion": 3 } }),
    )
    .needs(permission, format!("{kind}/{id}"))
}

/// `("folders", "4711")` of each that an ancestry names.
pub fn ancestors_of(ancestry: &Value) -> Vec<(String, String)> {
    let entries = ancestry.get("ancestor").and_then(Value::as_array);
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let id = entry.pointer("/resourceId/id")?.as_str()?.to_owned();
            match entry.pointer("/resourceId/type")?.as_str()? {
                "folder" => Some(("folders".to_owned(), id)),
                "organization" => Some(("organizations".to_owned(), id)),
                _ => None,
            }
        })
        .collect()
}

fn roles_of(policy: &Value) -> Vec<String> {
    let bindings = policy.get("bindings").and_then(Value::as_array);
    bindings
        .into_iter()
        .flatten()
        .filter_map(|binding| Some(binding.get("role")?.as_str()?.to_owned()))
        .collect()
}

/// The policy of a folder or organization. Many operators may not read it: that is noted, and what it would have said stays unknown.
async fn ancestor(book: &Book<'_>, kind: &str, id: &str) -> Option<Value> {
    let permission = match kind {
        "folders" => "resourcemanager.folders.getIamPolicy",
        _ => "resourcemanager.organizations.getIamPolicy",
    };
    let call = policy_call(kind, id, permission).extra(true);
    book.object(&call, &format!("{NAME}/{kind}/{id}/policy.json"))
        .await
}

fn attachment_point(number: &str) -> String {
    let number = segment(number);
    format!("cloudresourcemanager.googleapis.com%2Fprojects%2F{number}")
}

/// The listing of a project's deny policies, by its number, or its id where that could not be had.
pub fn deny_policies_of(project: &str, number: &str) -> Call {
    Call::get(
        Api::Iam,
        format!("v2/policies/{}/denypolicies", attachment_point(number)),
        format!("list the deny policies of {project}"),
    )
    .needs("iam.denypolicies.list", format!("projects/{project}"))
}

/// Deny policies: the listing has their names, each is asked for its rules.
/// Source: <https://cloud.google.com/iam/docs/reference/rest/v2/policies/listPolicies>.
async fn deny(book: &Book<'_>, project: &str, number: &str, extra: bool) {
    let point = attachment_point(number);
    let call = deny_policies_of(project, number).extra(extra);
    let client = &book.means.client;
    let mut listing = match client.list(&call, DENY).await {
        Ok(listing) => listing,
        Err(error) => return book.refused(&call, error),
    };
    let mut value = listing.value();
    let policies = value.get_mut("policies").and_then(Value::as_array_mut);
    let mut changed = false;
    for policy in policies
        .into_iter()
        .flatten()
        .filter(|policy| policy.get("rules").is_none())
    {
        let Some(id) = policy
            .get("name")
            .and_then(Value::as_str)
            .and_then(|name| name.rsplit('/').next())
        else {
            continue;
        };
        let call = Call::get(
            Api::Iam,
            format!("v2/policies/{point}/denypolicies/{}", segment(id)),
            format!("get deny policy {id} of {project}"),
        )
        .needs("iam.denypolicies.get", format!("projects/{project}"))
        .extra(extra);
        match client.object(&call).await {
            Ok((_, whole)) => *policy = whole,
            Err(error) => return book.refused(&call, error),
        }
        changed = true;
    }
    if changed {
        listing.body = value.to_string().into_bytes();
    }
    let file = format!("{NAME}/projects/{project}/deny-policies.json");
    book.put(&call, &file, &listing.body, listing.items);
}

async fn organization_roles(book: &Book<'_>, id: &str) {
    let call = Call::get(
        Api::Iam,
        format!("v1/organizations/{}/roles", segment(id)),
        format!("list the custom roles of organization {id}"),
    )
    .query("view", "FULL")
    .needs("iam.roles.list", format!("organizations/{id}"))
    .extra(true);
    book.list(&call, ROLES, &format!("{NAME}/organizations/{id}/roles.json"))
        .await;
}

/// The predefined roles that policies name, with their permissions. One that cannot be had is looked up in the built-in table.
async fn predefined(book: &Book<'_>, named: &BTreeSet<String>) {
    let ids: Vec<&str> = named
        .iter()
        .filter_map(|role| role.strip_prefix("roles/"))
        .collect();
    if let Some(more) = ids.len().checked_sub(MOST_ROLES).filter(|more| *more > 0) {
        book.note(format!(
            "{more} predefined roles were not fetched: the built-in table serves"
        ));
    }
    let calls = ids.iter().take(MOST_ROLES).map(|id| {
        let call = Call::get(
            Api::Iam,
            format!("v1/roles/{}", segment(id)),
            format!("get the role roles/{id}"),
        )
        .needs("iam.roles.get", "");
        async move {
            let answer = book.means.client.object(&call).await;
            (call, answer)
        }
    });
    let (mut roles, mut missed) = (Vec::new(), Vec::new());
    for (call, answer) in join_all(calls).await {
        match answer {
            Ok((_, role)) => roles.push(role),
            Err(error) => missed.push((call, error)),
        }
    }
    let (denied, missed): (Vec<_>, Vec<_>) = missed
        .into_iter()
        .partition(|(_, error): &(Call, CallError)| error.kind == FailureKind::PermissionMissing);
    for (call, error) in denied {
        book.fail(error.into_failure(&call));
    }
    if let Some((call, error)) = missed.first() {
        book.note(format!(
            "{} of {} predefined roles could not be fetched and are looked up in the built-in table; the first: {}: {}",
            missed.len(),
            missed.len() + roles.len(),
            call.what,
            error.text
        ));
    }
    if !roles.is_empty() {
        let items = roles.len() as u64;
        let call = Call::get(Api::Iam, "v1/roles", "keep the predefined roles");
        let body = json!({ "roles": roles }).to_string();
        book.put(
            &call,
            &format!("{NAME}/predefined-roles.json"),
            body.as_bytes(),
            items,
        );
    }
}
