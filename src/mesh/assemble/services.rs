//! Cloud Run services, and what their logs matched.
use super::{Assembly, subject};
use crate::mesh::facts::{Fact, MeshClient};
use crate::mesh::subject::{About, Identity, Subject};
use crate::mesh::{client_facts, log_facts};
use std::collections::BTreeMap;

impl Assembly<'_, '_> {
    pub(super) fn services(&mut self) {
        for (number, client) in (0u32..).zip(self.model.clients) {
            let facts = client_facts::facts(&self.model, number as usize, client);
            self.client_notes(number, &facts);
            let of = |facts| subject(service_name(&facts), About::client(number), facts);
            self.add("run_service", of(facts.clone()));
            if client.in_mesh() {
                self.add("mesh_client", of(facts));
            }
        }
    }

    pub(super) fn client_notes(&mut self, number: u32, facts: &MeshClient) {
        self.notes.client("iam", number, facts.access_grant.clone());
        self.notes.client(
            "cloud-run",
            number,
            format!("{}, mesh {}", facts.revision, facts.mesh_name),
        );
        let egress = facts.egress.to_ascii_lowercase().replace('_', " ");
        self.notes.client(
            "network",
            number,
            format!("{} {}, {egress}", facts.network_name, facts.subnet_range),
        );
        if let Fact::Known(proxies @ 1..) = facts.xds_clients {
            self.notes.client(
                "control-plane",
                number,
                format!("{proxies} proxy in sync").replace("1 proxy", "proxy"),
            );
        }
    }

    pub(super) fn logs(&mut self) {
        // Who logged without being collected, or without a name, is somebody all the same: what one logs may explain what it logs too.
        let mut strangers: BTreeMap<&str, u32> = BTreeMap::new();
        let first = u32::try_from(self.model.clients.len()).unwrap_or(u32::MAX);
        for group in &self.model.logs.groups {
            let facts = log_facts::facts(&self.model, group);
            let mut clients = log_facts::clients_of(&self.model, group);
            if clients.is_empty() {
                let next = first.saturating_add(u32::try_from(strangers.len()).unwrap_or(u32::MAX));
                clients.push(*strangers.entry(group.origin.service.as_str()).or_insert(next));
            }
            // Records that a host tells apart are about that host alone, even where no path leads to it.
            let of_host = group.key.contains_key("host") && !facts.host.is_empty();
            let host = self.model.hosts.taking(&facts.host);
            let about = About {
                one_of_clients: group.origin.service.is_empty(),
                clients: Some(clients),
                hosts: (of_host || host.is_some()).then(|| host.into_iter().collect()),
                ..About::default()
            };
            let optional = |text: &String| (!text.is_empty()).then(|| text.clone());
            let mut name = if facts.service.is_empty() {
                "log".to_owned()
            } else {
                facts.service.clone()
            };
            for value in group.key.values() {
                name = format!("{name} {value}");
            }
            let name = Identity {
                kind: "SidecarLog",
                name,
                project: optional(&facts.project),
                location: optional(&facts.region),
                namespace: None,
            };
            let hit = Subject {
                identity: name,
                about,
                facts: Box::new(facts),
                code: Some(group.code.clone()),
            };
            self.add("log", hit);
        }
    }
}

fn service_name(facts: &MeshClient) -> Identity {
    Identity {
        kind: "CloudRunService",
        name: facts.service.clone(),
        project: Some(facts.project.clone()),
        location: Some(facts.region.clone()),
        namespace: None,
    }
}
