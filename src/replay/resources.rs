//! cloudresourcemanager v1 and v3: projects, allow policies, ancestors.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::listing::Served;
use serde::Deserialize;
use serde_json::{Value, json};

/// `None`: the path is not of this API.
pub fn answer(served: Served<'_>, ask: &Ask) -> Option<Result<Answer, Refusal>> {
    let parts = ask.parts();
    Some(match parts.as_slice() {
        ["v3", "projects", id] if ask.is_get() => {
            served.file("iam/projects", id, "project.json", "resourcemanager.projects.get")
        }
        ["v1", "projects", id] if ask.is_get() => project_v1(served, id),
        ["v3", "projects:search"] if ask.is_get() => projects(served),
        [
            "v1" | "v3",
            kind @ ("projects" | "folders" | "organizations"),
            called,
        ] if ask.is_post() => {
            let (id, verb) = called.rsplit_once(':')?;
            match verb {
                "getIamPolicy" => policy(served, kind, id),
                "getAncestry" if *kind == "projects" => served.file(
                    "iam/projects",
                    id,
                    "ancestry.json",
                    "resourcemanager.projects.get",
                ),
                "testIamPermissions" => permissions(served, ask),
                _ => return None,
            }
        }
        _ => return None,
    })
}

fn policy(served: Served<'_>, kind: &str, id: &str) -> Result<Answer, Refusal> {
    let permission = format!("resourcemanager.{kind}.getIamPolicy");
    if kind == "projects" {
        return served.file("iam/projects", id, "policy.json", &permission);
    }
    let path = format!("iam/{kind}/{id}/policy.json");
    if served.bundle.world.files.contains_key(&path) {
        return Ok(Answer::json(served.bundle.bytes(&path)?));
    }
    let resource = format!("{kind}/{id}");
    // Of what is above one's own project one commonly may read nothing; and a folder that is not there reads the same.
    Err(served
        .bundle
        .failure("iam", &permission, &resource)
        .unwrap_or_else(|| {
            let message = format!("The caller does not have permission: {permission} on {resource}");
            Refusal::denied(&permission, &resource, message)
        }))
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Project {
    name: String,
    project_id: String,
    display_name: String,
    state: String,
    parent: String,
}

/// The same project in the words of v1.
fn project_v1(served: Served<'_>, id: &str) -> Result<Answer, Refusal> {
    let file = served.file("iam/projects", id, "project.json", "resourcemanager.projects.get")?;
    let project: Project =
        serde_json::from_slice(&file.body).map_err(|error| Refusal::new(500, error.to_string()))?;
    let mut old = json!({
        "projectNumber": project.name.trim_start_matches("projects/"),
        "projectId": project.project_id,
        "lifecycleState": project.state,
        "name": project.display_name,
    });
    if let Some((kind, id)) = project.parent.split_once("s/") {
        old["parent"] = json!({ "type": kind, "id": id });
    }
    Ok(Answer::value(&old))
}

fn projects(served: Served<'_>) -> Result<Answer, Refusal> {
    let mut projects: Vec<Value> = Vec::new();
    for path in served.bundle.world.files.keys() {
        if path.starts_with("iam/projects/") && path.ends_with("/project.json") {
            let bytes = served.bundle.bytes(path)?;
            projects.extend(serde_json::from_slice::<Value>(&bytes).ok());
        }
    }
    Ok(Answer::value(&json!({ "projects": projects })))
}

/// All that is asked, but for what the manifest says was missing.
fn permissions(served: Served<'_>, ask: &Ask) -> Result<Answer, Refusal> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Asked {
        permissions: Vec<String>,
    }
    let mut asked: Asked = ask.json()?;
    let missing = &served.bundle.manifest.collectors;
    asked
        .permissions
        .retain(|wanted| !missing.iter().any(|outcome| outcome.permission_needed == *wanted));
    Ok(Answer::value(&json!({ "permissions": asked.permissions })))
}
