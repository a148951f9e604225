//! Exported hosts looked up on the clients' networks.
use super::{Assembly, subject};
use crate::mesh::clients::Client;
use crate::mesh::facts::HostLookup;
use crate::mesh::network::NetworkKey;
use crate::mesh::reserved::Reserved;
use crate::mesh::subject::{About, Identity};
use crate::mesh::{lookup_facts, names};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
                    .extend(crate::mesh::offered_hosts(&self.model, client));
            }
        }
        for (network, clients, hosts) in self.stand_ins() {
            networks.entry(network.clone()).or_default().extend(clients);
            hosts_of.entry(network).or_default().extend(hosts);
        }
        for (network, clients) in networks {
            let numbers: Vec<u32> = clients.iter().copied().collect();
            let labels: Vec<String> = numbers
                .iter()
                .filter_map(|n| self.model.clients.get(*n as usize))
                .map(|c| c.name.clone())
                .collect();
            let reserved = Reserved::new(&self.model, &network);
            let exported = hosts_of.remove(&network).unwrap_or_default();
            let mut seen = exported.clone();
            let mut open: VecDeque<(String, String)> =
                exported.iter().map(|host| (host.clone(), host.clone())).collect();
            while let Some((host, exported_as)) = open.pop_front() {
                let facts =
                    lookup_facts::facts(&self.model, &host, &network, labels.clone(), &exported, &reserved);
                if facts.wildcard && host == exported_as {
                    let mut below = self.called_below(&facts);
                    below.retain(|name| seen.insert(name.clone()));
                    open.extend(below.into_iter().map(|name| (name, host.clone())));
                }
                let hosts = self.host_numbers(std::iter::once(&exported_as));
                self.lookup_notes(&facts, &numbers, &hosts);
                let about = About {
                    // A lookup that stands in for clients on no useful network is of the host alone.
                    clients: (!numbers.is_empty()).then(|| numbers.clone()),
                    hosts: Some(hosts),
                    ..About::default()
                };
                self.add("host_lookup", subject(host_name(&facts), about, facts));
            }
        }
    }

    /// Names below a wildcard that have records, or that a client is known to call: these are what is looked up.
    fn called_below(&self, wildcard: &HostLookup) -> BTreeSet<String> {
        let asked = self.asked.iter();
        let called = asked.filter(|name| names::below_wildcard(name, &wildcard.host));
        wildcard.names_below.iter().chain(called).cloned().collect()
    }

    /// Clusters' networks that stand in for those of their clients: for one behind a connector, which names none, and where no client
    /// is on a network that reaches the cluster, since zones and records are right or wrong all the same.
    fn stand_ins(&self) -> Vec<(NetworkKey, Vec<u32>, BTreeSet<String>)> {
        let model = &self.model;
        let mut found = Vec::new();
        for (index, cluster) in model.clusters.iter().enumerate() {
            let Some(network) = &cluster.network else {
                continue;
            };
            let clients: Vec<(u32, &Client)> = model
                .clients_of(index)
                .into_iter()
                .filter_map(|i| Some((i, model.clients.get(i as usize)?)))
                .collect();
            let on_network = |c: &Client| {
                c.network
                    .as_ref()
                    .is_some_and(|own| model.networks.connected(own, network) != Some(false))
            };
            let by_connector: Vec<u32> = clients
                .iter()
                .filter(|(_, c)| c.network.is_none() && c.uses_connector())
                .map(|(i, _)| *i)
                .collect();
            if !clients.is_empty()
                && (!by_connector.is_empty() || !clients.iter().any(|(_, c)| on_network(c)))
            {
                let hosts = clients
                    .iter()
                    .flat_map(|(_, c)| crate::mesh::offered_hosts(model, c))
                    .collect();
                found.push((network.clone(), by_connector, hosts));
            }
        }
        found
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
