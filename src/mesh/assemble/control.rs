//! Projects, APIs, memberships and the conditions that the mesh reports.
use super::{Assembly, subject};
use crate::mesh::control_facts;
use crate::mesh::subject::{About, Identity};
use std::collections::BTreeSet;

impl Assembly<'_, '_> {
    pub(super) fn control(&mut self) {
        let parts = control_facts::parts(&self.model);
        for (id, part) in &parts {
            let clients: Vec<u32> = self
                .model
                .mesh_clients()
                .filter(|(_, c)| c.project.as_str() == id)
                .map(|(i, _)| i)
                .collect();
            let about = || {
                if part.fleet || clients.is_empty() {
                    About::everything()
                } else {
                    About {
                        clients: Some(clients.clone()),
                        ..About::default()
                    }
                }
            };
            let name = Identity {
                kind: "Project",
                name: id.clone(),
                ..Identity::default()
            };
            let facts = control_facts::project(&self.model, id, part);
            self.add("project", subject(name, about(), facts));
            for api in control_facts::apis(&self.model, id, part) {
                let name = Identity {
                    kind: "Api",
                    name: api.api.clone(),
                    project: Some(id.clone()),
                    ..Identity::default()
                };
                self.add("api", subject(name, about(), api));
            }
        }

        let exported = control_facts::exported_by_cluster(&self.routings);
        let about = |index: usize| self.about_cluster(index, exported.get(&index));
        for index in 0..self.model.clusters.len() {
            let facts =
                control_facts::membership(&self.model, index, exported.get(&index).map_or(0, BTreeSet::len));
            let name = membership_name(&facts.membership, &facts.project, &facts.location);
            self.add("membership", subject(name, about(index), facts));
        }
        for (facts, index) in control_facts::conditions(&self.model) {
            let mut name = membership_name(&facts.membership, &facts.project, &facts.location);
            // One finding a code: the code is part of the subject's name.
            name.kind = "MeshCondition";
            name.name = if facts.membership.is_empty() {
                facts.code.clone()
            } else {
                format!("{} {}", facts.membership, facts.code)
            };
            let about = index.map_or_else(About::everything, about);
            self.add("mesh_condition", subject(name, about, facts));
        }
    }

    /// A cluster concerns its clients and the hosts it exports; without either, everything.
    pub(super) fn about_cluster(&self, index: usize, exported: Option<&BTreeSet<String>>) -> About {
        let clients = self.model.clients_of(index);
        let hosts = self.host_numbers(exported.into_iter().flatten());
        if clients.is_empty() || hosts.is_empty() || self.model.clusters.len() == 1 {
            return About::everything();
        }
        About {
            clients: Some(clients),
            hosts: Some(hosts),
            ..About::default()
        }
    }
}

fn membership_name(membership: &str, project: &str, location: &str) -> Identity {
    Identity {
        kind: "Membership",
        name: membership.to_owned(),
        project: Some(project.to_owned()),
        location: (!location.is_empty()).then(|| location.to_owned()),
        namespace: None,
    }
}
