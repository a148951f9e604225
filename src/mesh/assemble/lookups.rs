//! Exported hosts looked up on the clients' networks.
use super::{Assembly, subject};
use crate::mesh::facts::HostLookup;
use crate::mesh::lookup_facts;
use crate::mesh::network::NetworkKey;
use crate::mesh::subject::{About, Identity};
use std::collections::{BTreeMap, BTreeSet};

impl Assembly<'_, '_> {
    pub(super) fn lookups(&mut self) {
        let mut networks: BTreeMap<NetworkKey, BTreeSet<u32>> = BTreeMap::new();
        let mut hosts_of: BTreeMap<NetworkKey, BTreeSet<String>> = BTreeMap::new();
        for (number, client) in self.model.mesh_clients() {
            if let Some(network) = &client.network {
                networks.entry(network.clone()).or_default().insert(number);
                hosts_of
                    .entry(network.clone())
                    .or_default()
                    .extend(crate::mesh::exported_hosts(&self.model, client));
            }
        }
        let mut lookups = Vec::new();
        for (network, clients) in networks {
            let numbers: Vec<u32> = clients.iter().copied().collect();
            let labels: Vec<String> = numbers
                .iter()
                .filter_map(|n| self.model.clients.get(*n as usize))
                .map(|c| c.name.clone())
                .collect();
            for host in hosts_of.remove(&network).unwrap_or_default() {
                let facts = lookup_facts::facts(&self.model, &host, &network, labels.clone());
                let hosts = self.host_numbers(std::iter::once(&host));
                self.lookup_notes(&facts, &numbers, &hosts);
                let about = About {
                    clients: Some(numbers.clone()),
                    hosts: Some(hosts),
                    ..About::default()
                };
                lookups.push(subject(host_name(&facts), about, facts));
            }
        }
        self.add("host_lookup", lookups);
    }

    pub(super) fn lookup_notes(&mut self, facts: &HostLookup, clients: &[u32], hosts: &[u32]) {
        let Some(address) = facts.addresses.first() else {
            return;
        };
        let text = format!("{address} by {} in zone {}", facts.record, facts.zone.zone);
        for client in clients {
            for host in hosts {
                self.notes.both("dns", *client, *host, text.clone());
            }
        }
    }
}

fn host_name(facts: &HostLookup) -> Identity {
    Identity {
        kind: "Host",
        name: facts.host.clone(),
        project: Some(facts.network_project.clone()),
        location: Some(facts.network_name.clone()),
        namespace: None,
    }
}
