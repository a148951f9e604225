//! What a path shows where nothing is wrong: the grant, the record, the route, the pods, in a few words.
use std::collections::BTreeMap;

/// Notes by layer, of a client, a host, or both.
#[derive(Debug, Default)]
pub struct Notes {
    of_client: BTreeMap<(&'static str, u32), String>,
    of_host: BTreeMap<(&'static str, u32), String>,
    of_both: BTreeMap<(&'static str, u32, u32), String>,
}

impl Notes {
    pub fn client(&mut self, layer: &'static str, client: u32, text: String) {
        self.of_client.insert((layer, client), text);
    }

    pub fn host(&mut self, layer: &'static str, host: u32, text: String) {
        self.of_host.insert((layer, host), text);
    }

    pub fn both(&mut self, layer: &'static str, client: u32, host: u32, text: String) {
        self.of_both.insert((layer, client, host), text);
    }

    pub fn note(&self, layer: &str, client: u32, host: u32) -> String {
        let layers = [
            "iam",
            "cloud-run",
            "dns",
            "network",
            "control-plane",
            "routing",
            "workload",
            "policy",
            "dataplane",
        ];
        let Some(layer) = layers.into_iter().find(|l| *l == layer) else {
            return String::new();
        };
        self.of_both
            .get(&(layer, client, host))
            .or_else(|| self.of_host.get(&(layer, host)))
            .or_else(|| self.of_client.get(&(layer, client)))
            .cloned()
            .unwrap_or_default()
    }
}
