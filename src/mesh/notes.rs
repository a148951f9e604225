//! What a path shows where nothing is wrong: the grant, the record, the route, the pods, in a few words; and what could not be seen of it.
use std::collections::BTreeMap;

/// Notes by layer, of a client, a host, or both.
#[derive(Debug, Default)]
pub struct Notes {
    of_client: BTreeMap<u32, ByLayer>,
    of_host: BTreeMap<u32, ByLayer>,
    of_both: BTreeMap<(u32, u32), ByLayer>,
    doubts: BTreeMap<(u32, u32), ByLayer>,
}

type ByLayer = BTreeMap<&'static str, String>;

impl Notes {
    pub fn client(&mut self, layer: &'static str, client: u32, text: String) {
        self.of_client.entry(client).or_default().insert(layer, text);
    }

    pub fn host(&mut self, layer: &'static str, host: u32, text: String) {
        self.of_host.entry(host).or_default().insert(layer, text);
    }

    pub fn both(&mut self, layer: &'static str, client: u32, host: u32, text: String) {
        self.of_both
            .entry((client, host))
            .or_default()
            .insert(layer, text);
    }

    /// A station of one path that there was no way to look at, and why.
    pub fn doubt(&mut self, layer: &'static str, client: u32, host: u32, why: String) {
        self.doubts.entry((client, host)).or_default().insert(layer, why);
    }

    pub fn doubted(&self, layer: &str, client: u32, host: u32) -> Option<&str> {
        let doubts = self.doubts.get(&(client, host))?;
        doubts.get(layer).map(String::as_str)
    }

    pub fn note(&self, layer: &str, client: u32, host: u32) -> String {
        let of = |notes: Option<&ByLayer>| notes.and_then(|notes| notes.get(layer)).cloned();
        of(self.of_both.get(&(client, host)))
            .or_else(|| of(self.of_host.get(&host)))
            .or_else(|| of(self.of_client.get(&client)))
            .unwrap_or_default()
    }
}
