//! The resources whose policies a project inherits: itself, its folders, its organization.
use crate::gcp::iam::Policy;
use crate::mesh::projects::Projects;
use crate::snapshot::{ProjectIam, Snapshot};

/// One resource with its allow policy.
pub struct Level<'s> {
    /// `projects/P`, `folders/1` or `organizations/2`.
    pub resource: String,
    /// The policy's path in the snapshot layout.
    pub file: String,
    pub policy: Option<&'s Policy>,
}

impl Level<'_> {
    /// Why the level is a blank, and what would fill it.
    pub fn not_collected(&self) -> String {
        let kind = self.resource.split('/').next().unwrap_or_default();
        format!(
            "the policy of {} was not collected (needs resourcemanager.{kind}.getIamPolicy)",
            self.resource
        )
    }
}

/// A project's ancestors, nearest first.
#[derive(Default)]
pub struct Ancestors {
    /// `folders/1`, `organizations/2`.
    pub resources: Vec<String>,
    /// Set where there may be more of them than listed.
    pub gap: Option<String>,
}

/// The snapshot's entries of a project: a hand-made snapshot may hold it under its id and its number.
pub fn project_entries<'s>(
    snapshot: &'s Snapshot,
    projects: &Projects,
    project: &str,
) -> impl Iterator<Item = (&'s str, &'s ProjectIam)> {
    snapshot
        .projects
        .iter()
        .filter(move |(key, _)| projects.same(key.as_str(), project))
        .map(|(key, iam)| (key.as_str(), iam))
}

/// The ancestors of a project, from its ancestry, or else from its parent.
pub fn ancestors(snapshot: &Snapshot, projects: &Projects, project: &str) -> Ancestors {
    let mut found = Ancestors::default();
    let mut complete = false;
    for (_, iam) in project_entries(snapshot, projects, project) {
        for ancestor in iam.ancestry.as_ref().map_or(&[][..], |a| &a.ancestor) {
            // An answer always holds the project itself, so one without any entry says nothing.
            complete = true;
            let id = &ancestor.resource_id;
            match id.kind.as_str() {
                "folder" => add(&mut found.resources, format!("folders/{}", id.id)),
                "organization" => add(&mut found.resources, format!("organizations/{}", id.id)),
                _ => {}
            }
        }
    }
    for (_, iam) in project_entries(snapshot, projects, project) {
        let Some(parent) = iam.project.as_ref().map(|p| p.parent.as_str()) else {
            continue;
        };
        if parent.starts_with("folders/") || parent.starts_with("organizations/") {
            // An organization has no parent of its own; a folder has.
            complete |= parent.starts_with("organizations/");
            add(&mut found.resources, parent.to_owned());
        }
    }
    if !complete {
        found.gap = Some(format!(
            "the folders and organization above projects/{project} are not known (needs resourcemanager.projects.get)"
        ));
    }
    found
}

/// The project, then its ancestors, with their policies; and why the list may be incomplete.
pub fn levels<'s>(
    snapshot: &'s Snapshot,
    projects: &Projects,
    project: &str,
) -> (Vec<Level<'s>>, Option<String>) {
    let mut levels: Vec<Level> = project_entries(snapshot, projects, project)
        .filter_map(|(key, iam)| Some(level("projects", key, iam.policy.as_ref()?)))
        .collect();
    if levels.is_empty() {
        levels.push(Level {
            resource: format!("projects/{}", projects.id(project)),
            file: format!("iam/projects/{}/policy.json", projects.id(project)),
            policy: None,
        });
    }
    let above = ancestors(snapshot, projects, project);
    levels.extend(above.resources.into_iter().map(|resource| {
        let policy = match resource.split_once('/') {
            Some(("folders", id)) => snapshot.folders.get(id),
            Some(("organizations", id)) => snapshot.organizations.get(id).and_then(|o| o.policy.as_ref()),
            _ => None,
        };
        Level {
            file: format!("iam/{resource}/policy.json"),
            resource,
            policy,
        }
    }));
    (levels, above.gap)
}

/// A level whose policy is at hand.
pub fn level<'s>(kind: &str, id: &str, policy: &'s Policy) -> Level<'s> {
    Level {
        resource: format!("{kind}/{id}"),
        file: format!("iam/{kind}/{id}/policy.json"),
        policy: Some(policy),
    }
}

fn add(resources: &mut Vec<String>, resource: String) {
    if !resources.contains(&resource) {
        resources.push(resource);
    }
}
