//! The host of `--url` that no VirtualService names: a path of its own, which ends where its route should be.
use super::{Assembly, subject};
use crate::mesh::facts::Fact;
use crate::mesh::network::NetworkKey;
use crate::mesh::reserved::Reserved;
use crate::mesh::subject::{About, Identity};
use crate::mesh::{called, lookup_facts};
use std::collections::{BTreeMap, BTreeSet};

impl Assembly<'_, '_> {
    pub(super) fn nowhere(&mut self) {
        let Some(host) = self.nowhere.clone() else {
            return;
        };
        let Some(number) = self.model.hosts.get(&host) else {
            return;
        };
        let unresolved_on = self.resolve(&host, number);
        for (client, _) in self.model.mesh_clients() {
            for layer in ["network", "workload", "policy"] {
                let why = format!("nothing tells where {host} leads");
                self.notes.doubt(layer, client, number, why);
            }
        }
        let facts = called::facts(&self.model, &self.routings, &host, unresolved_on);
        let name = Identity {
            kind: "Host",
            name: host,
            ..Identity::default()
        };
        self.add("route_host", subject(name, About::host(number), facts));
    }

    /// Looks the host up for each client: what has no route needs no record as yet, so that none is missed. Returns the networks on
    /// which it has no address.
    fn resolve(&mut self, host: &str, number: u32) -> BTreeSet<String> {
        let mut clients: BTreeMap<Option<NetworkKey>, Vec<u32>> = BTreeMap::new();
        for (client, own) in self.model.mesh_clients() {
            clients.entry(own.network.clone()).or_default().push(client);
        }
        let mut unresolved = BTreeSet::new();
        for (network, clients) in clients {
            let why = match network {
                None => "the network of the service is not known".to_owned(),
                Some(network) => {
                    let reserved = Reserved::new(&self.model, &network);
                    let facts = lookup_facts::facts(
                        &self.model,
                        host,
                        &network,
                        Vec::new(),
                        &BTreeSet::new(),
                        &reserved,
                    );
                    match &facts.answer {
                        Fact::Known(answer) if answer == "answered" => {
                            self.lookup_notes(&facts, &clients, &[number]);
                            continue;
                        }
                        Fact::Known(_) => {
                            unresolved.insert(facts.network);
                            format!("{host} has no address on network {}", network.name)
                        }
                        Fact::Unknown(why) => why.clone(),
                    }
                }
            };
            for client in clients {
                self.notes.doubt("dns", client, number, why.clone());
            }
        }
        unresolved
    }
}
