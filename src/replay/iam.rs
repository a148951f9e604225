//! iam v1 and v2: roles, service accounts, deny policies.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::google::unknown;
use super::listing::{Kind, Served, named};
use super::paging::Style;
use serde_json::Value;

const ROLES: Style = Style::google(300, 1000);

/// `None`: the path is not of this API.
pub fn answer(served: Served<'_>, ask: &Ask) -> Option<Result<Answer, Refusal>> {
    if !ask.is_get() {
        return None;
    }
    let parts = ask.parts();
    Some(match parts.as_slice() {
        ["v1", "projects", p, "roles"] => roles(served, ask, &custom(p)),
        ["v1", "projects", p, "roles", id] => {
            let wanted = format!("/roles/{id}");
            served.find(&custom(p), |row| named(row).name.ends_with(&wanted))
        }
        ["v1", "organizations", id, "roles"] => {
            let kind = Kind {
                source: "iam/organizations",
                ..custom(id)
            };
            // Custom roles of the organization are seldom collected: absent is no failure of its own.
            roles(served, ask, &kind)
        }
        ["v1", "roles"] => roles(served, ask, &predefined()),
        ["v1", "roles", id] => {
            let wanted = format!("roles/{id}");
            // Anyone may read predefined roles, unless the manifest says otherwise: what else failed does not matter here.
            let refused = |refusal: Refusal| match refusal.metadata.get("permission") {
                Some(permission) if permission == "iam.roles.get" => refusal,
                _ => Refusal::not_found(format!("The role named {wanted} was not found.")),
            };
            served
                .find(&predefined(), |row| named(row).name == wanted)
                .map_err(refused)
        }
        ["v1", "projects", p, "serviceAccounts"] => served.list(ask, &accounts(p)),
        ["v1", "projects", p, "serviceAccounts", account] => served.find(&accounts(p), |row| {
            let item = named(row);
            item.email == *account || item.name.ends_with(&format!("/{account}"))
        }),
        ["v2", "policies", attached @ .., "denypolicies"] => denials(served, ask, &attached.join("/"), None),
        ["v2", "policies", attached @ .., "denypolicies", id] => {
            denials(served, ask, &attached.join("/"), Some(id))
        }
        _ => return None,
    })
}

fn custom(project: &str) -> Kind<'_> {
    Kind {
        source: "iam/projects",
        project,
        file: "roles.json".into(),
        array: "roles",
        permission: "iam.roles.list",
        style: ROLES,
    }
}

/// The predefined roles have no project; their file lies at the top.
fn predefined() -> Kind<'static> {
    Kind {
        source: "iam",
        project: "",
        file: "predefined-roles.json".into(),
        array: "roles",
        permission: "iam.roles.get",
        style: ROLES,
    }
}

fn accounts(project: &str) -> Kind<'_> {
    Kind {
        source: "iam/projects",
        project,
        file: "service-accounts.json".into(),
        array: "accounts",
        permission: "iam.serviceAccounts.list",
        style: Style::google(20, 100),
    }
}

/// Without `view=FULL` a role comes without its permissions.
fn roles(served: Served<'_>, ask: &Ask, kind: &Kind) -> Result<Answer, Refusal> {
    let answer = served.list(ask, kind)?;
    match ask.parameter("view") {
        Some("FULL") => Ok(answer),
        _ => without(answer, "roles", "includedPermissions"),
    }
}

/// A listing whose items lack one field.
fn without(mut answer: Answer, array: &str, field: &str) -> Result<Answer, Refusal> {
    let mut body: Value =
        serde_json::from_slice(&answer.body).map_err(|error| Refusal::new(500, error.to_string()))?;
    let items = body.get_mut(array).and_then(Value::as_array_mut);
    for item in items.into_iter().flatten() {
        if let Some(fields) = item.as_object_mut() {
            fields.remove(field);
        }
    }
    answer.body = body.to_string().into_bytes();
    Ok(answer)
}

/// The deny policies of a project, or one. A listing omits the rules (iam.v2 `policies.listPolicies`).
fn denials(served: Served<'_>, ask: &Ask, attached: &str, id: Option<&str>) -> Result<Answer, Refusal> {
    let resource = attached
        .strip_prefix("cloudresourcemanager.googleapis.com/")
        .ok_or_else(|| unknown(ask))?;
    let permission = if id.is_some() {
        "iam.denypolicies.get"
    } else {
        "iam.denypolicies.list"
    };
    let Some(project) = resource.strip_prefix("projects/") else {
        return Err(Refusal::denied(
            permission,
            resource,
            "The caller does not have permission",
        ));
    };
    let kind = Kind {
        source: "iam/projects",
        project,
        file: "deny-policies.json".into(),
        array: "policies",
        permission,
        style: Style::google(1000, 1000),
    };
    match id {
        Some(id) => {
            let wanted = format!("/denypolicies/{id}");
            served.find(&kind, |row| named(row).name.ends_with(&wanted))
        }
        None => without(served.list(ask, &kind)?, "policies", "rules"),
    }
}
