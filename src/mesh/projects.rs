//! The project list: ids and numbers that mean the same project.
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
}
