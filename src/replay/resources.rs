//! cloudresourcemanager v1 and v3: projects, allow policies, ancestors.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::listing::Served;
use crate::snapshot::CollectorOutcome;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

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
                "testIamPermissions" => permissions(served, ask, kind, id),
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
    Err(served.bundle.absent("iam", &permission, &resource))
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

/// All that is asked, but for what the manifest says was missing on the resource, or on one that it does not name.
fn permissions(served: Served<'_>, ask: &Ask, kind: &str, id: &str) -> Result<Answer, Refusal> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Asked {
        permissions: Vec<String>,
    }
    let mut asked: Asked = ask.json()?;
    let names = served.bundle.names(id);
    let here = |resource: &str| {
        let mut parts = resource.split('/').skip_while(|part| *part != kind).skip(1);
        parts
            .next()
            .is_none_or(|named| names.iter().any(|name| name == named))
    };
    let collectors = &served.bundle.manifest.collectors;
    let missing: BTreeSet<String> = collectors
        .iter()
        .flat_map(CollectorOutcome::each_failure)
        .filter(|failure| failure.resource.as_deref().is_none_or(here))
        .filter_map(|failure| failure.permission)
        .collect();
    asked.permissions.retain(|wanted| !missing.contains(wanted));
    Ok(Answer::value(&json!({ "permissions": asked.permissions })))
}
