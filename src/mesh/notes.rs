//! What a path shows where nothing is wrong: the grant, the record, the route, the pods, in a few words; and what could not be seen of it.
use std::collections::BTreeMap;

/// Notes by layer, of a client, a host, or both.
#[derive(Debug, Default)]
pub struct Notes {
    of_client: BTreeMap<(&'static str, u32), String>,
    of_host: BTreeMap<(&'static str, u32), String>,
    of_both: BTreeMap<(&'static str, u32, u32), String>,
    doubts: BTreeMap<(&'static str, u32, u32), String>,
}

/// The layers that a note may be of.
const LAYERS: [&str; 9] = [
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

    /// A station of one path that there was no way to look at, and why.
    pub fn doubt(&mut self, layer: &'static str, client: u32, host: u32, why: String) {
        self.doubts.insert((layer, client, host), why);
    }

    pub fn doubted(&self, layer: &str, client: u32, host: u32) -> Option<&str> {
        let layer = LAYERS.into_iter().find(|l| *l == layer)?;
        self.doubts.get(&(layer, client, host)).map(String::as_str)
    }

    pub fn note(&self, layer: &str, client: u32, host: u32) -> String {
        let Some(layer) = LAYERS.into_iter().find(|l| *l == layer) else {
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
