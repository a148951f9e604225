//! Whom a finding concerns, where the rule says that it is not all whom its subject concerns.
use super::Rule;
use crate::mesh::Mesh;
use crate::mesh::subject::About;
use cel::{Context, Program, Value};
use std::collections::BTreeMap;

/// Names as the rule's expressions give them; `None` where it says nothing.
#[derive(Debug, Clone, Default)]
pub struct Named {
    clients: Option<Vec<String>>,
    hosts: Option<Vec<String>>,
}

impl Named {
    pub fn new(rule: &Rule, context: &Context) -> Self {
        let (clients, hosts) = &rule.concerns;
        Self {
            clients: clients.as_ref().and_then(|program| texts(program, context)),
            hosts: hosts.as_ref().and_then(|program| texts(program, context)),
        }
    }
}

/// A list of texts; None where the expression gives something else, or needs what is not known.
fn texts(program: &Program, context: &Context) -> Option<Vec<String>> {
    let Ok(Value::List(items)) = program.execute(context) else {
        return None;
    };
    let text = |item: &Value| match item {
        Value::String(text) => Some(text.to_string()),
        _ => None,
    };
    items.iter().map(text).collect()
}

/// Clients and hosts of the mesh by name.
pub struct Directory<'m> {
    clients: BTreeMap<&'m str, Vec<u32>>,
    hosts: BTreeMap<&'m str, u32>,
}

impl<'m> Directory<'m> {
    pub fn new(mesh: &'m Mesh) -> Self {
        let mut clients: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (number, client) in (0u32..).zip(&mesh.clients) {
            clients.entry(&client.service).or_default().push(number);
        }
        Self {
            clients,
            hosts: mesh.hosts.iter().map(String::as_str).zip(0u32..).collect(),
        }
    }

    /// Takes out of `about` whom the finding does not name.
    pub fn narrow(&self, about: &mut About, named: &Named) {
        if about.mesh_wide {
            return;
        }
        if let Some(names) = &named.clients {
            let mut found = Vec::new();
            for name in names.iter().flat_map(|several| several.split(", ")) {
                match self.clients.get(name) {
                    Some(numbers) => found.extend(numbers),
                    // A proxy that nobody can assign may be any client's.
                    None => return,
                }
            }
            meet(&mut about.clients, found);
        }
        if let Some(names) = &named.hosts {
            let found = names.iter().filter_map(|name| self.hosts.get(name.as_str()));
            meet(&mut about.hosts, found.copied().collect());
        }
    }
}

/// What both hold, sorted.
fn meet(known: &mut Option<Vec<u32>>, mut named: Vec<u32>) {
    if let Some(known) = known {
        named.retain(|number| known.binary_search(number).is_ok());
    }
    named.sort_unstable();
    named.dedup();
    *known = Some(named);
}
