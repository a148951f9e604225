//! The project list: ids and numbers that mean the same project.
use crate::gcp::iam::Policy;
use crate::snapshot::{ProjectId, ProjectNumber, Snapshot};
use std::collections::BTreeMap;

/// Ids and numbers of the projects seen, so that names from Google's APIs, which mix the two, can be compared.
#[derive(Debug, Default, Clone)]
pub struct Projects {
    number_of: BTreeMap<ProjectId, ProjectNumber>,
    id_of: BTreeMap<ProjectNumber, ProjectId>,
}

impl Projects {
    /// From every place of the snapshot that names both.
    pub fn new(snapshot: &Snapshot) -> Self {
        let mut projects = Self::default();
        for (id, iam) in &snapshot.projects {
            if let Some(project) = iam.project.as_ref()
                && let Some(number) = project.number().and_then(ProjectNumber::parse)
            {
                let id = if project.project_id.is_empty() {
                    id.clone()
                } else {
                    ProjectId::from(project.project_id.as_str())
                };
                projects.add(id, number);
            }
        }
        // Service Usage names its services `projects/NUMBER/services/S` in a listing asked for by id.
        for (id, services) in &snapshot.service_usage {
            let number = services
                .iter()
                .filter_map(|s| s.name.strip_prefix("projects/")?.split('/').next())
                .find_map(ProjectNumber::parse);
            if let Some(number) = number {
                projects.add(id.clone(), number);
            }
        }
        for (id, iam) in &snapshot.projects {
            if let Some(number) = iam.policy.as_ref().and_then(own_number) {
                projects.add(id.clone(), number);
            }
        }
        projects
    }

    /// Records one pair; the first word about a project stands.
    pub fn add(&mut self, id: ProjectId, number: ProjectNumber) {
        self.id_of.entry(number.clone()).or_insert_with(|| id.clone());
        self.number_of.entry(id).or_insert(number);
    }

    /// The id that a name (id or number) stands for; a number nobody explained stays as it is.
    pub fn id(&self, name: &str) -> ProjectId {
        ProjectNumber::parse(name)
            .and_then(|number| self.id_of.get(&number).cloned())
            .unwrap_or_else(|| ProjectId::from(name))
    }

    /// The number of a project named by id or number.
    pub fn number(&self, name: &str) -> Option<ProjectNumber> {
        ProjectNumber::parse(name).or_else(|| self.number_of.get(&ProjectId::from(name)).cloned())
    }

    /// Whether two names mean one project: equal as written, or through the list.
    pub fn same(&self, a: &str, b: &str) -> bool {
        a == b || self.id(a) == self.id(b)
    }

    /// Whether two names mean one project, or could: one is a number that nothing explains, the other an id without a number.
    pub fn may_be_same(&self, a: &str, b: &str) -> bool {
        let unexplained =
            |name: &str| ProjectNumber::parse(name).is_some_and(|n| !self.id_of.contains_key(&n));
        let numberless = |name: &str| self.number(name).is_none();
        self.same(a, b) || (unexplained(a) && numberless(b)) || (numberless(a) && unexplained(b))
    }
}

/// The number of a policy's own project: Google gives the `….serviceAgent` roles to the project's own agents,
/// `service-NUMBER@…`. `None` where agents of several projects have them.
/// Source: <https://cloud.google.com/iam/docs/service-agents>.
fn own_number(policy: &Policy) -> Option<ProjectNumber> {
    let agents = policy
        .bindings
        .iter()
        .filter(|b| b.role.ends_with(".serviceAgent"))
        .flat_map(|b| &b.members);
    let mut numbers = agents.filter_map(|member| {
        let account = member.strip_prefix("serviceAccount:service-")?;
        ProjectNumber::parse(account.split('@').next()?)
    });
    let first = numbers.next()?;
    numbers.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use serde_json::json;

    fn number_told_by(bindings: &serde_json::Value) -> Option<String> {
        own_number(&serde_json::from_value(json!({ "bindings": bindings })).unwrap()).map(|n| n.0)
    }

    #[test]
    fn a_policy_tells_its_projects_number_by_its_service_agents() {
        let agent = |number: u32, service: &str| {
            format!("serviceAccount:service-{number}@{service}.iam.gserviceaccount.com")
        };
        let own = json!({"role": "roles/run.serviceAgent", "members": [agent(7, "serverless-robot-prod")]});
        let guest =
            json!({"role": "roles/compute.networkUser", "members": [agent(8, "serverless-robot-prod")]});
        let other =
            json!({"role": "roles/container.serviceAgent", "members": [agent(8, "container-engine-robot")]});
        assert_eq!(number_told_by(&json!([guest, own])).as_deref(), Some("7"));
        assert_eq!(number_told_by(&json!([own, other])), None);
        assert_eq!(number_told_by(&json!([guest])), None);
    }

    #[test]
    fn a_number_that_nothing_explains_may_be_any_project_without_a_number() {
        let mut projects = Projects::default();
        projects.add("known".into(), ProjectNumber("7".into()));
        assert!(projects.may_be_same("8", "unknown") && projects.may_be_same("unknown", "8"));
        assert!(projects.may_be_same("7", "known"));
        for (a, b) in [("7", "unknown"), ("8", "known"), ("8", "9"), ("known", "unknown")] {
            assert!(!projects.may_be_same(a, b), "{a} {b}");
        }
    }
}
