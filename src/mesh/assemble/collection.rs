//! How the evidence was collected, and the snapshot as a whole. Neither concerns a client, a host or a backend: what could not be seen
//! explains nothing.
use super::{Assembly, subject};
use crate::mesh::collection_facts;
use crate::mesh::subject::{About, Identity};

impl Assembly<'_, '_> {
    pub(super) fn collection(&mut self) {
        let collections = collection_facts::collections(&self.model);
        for (name, facts) in collections {
            self.add("collection", subject(name, About::default(), facts));
        }
        let name = Identity {
            kind: "Snapshot",
            name: "snapshot".to_owned(),
            ..Identity::default()
        };
        let whole = collection_facts::whole(&self.model);
        self.add("snapshot", subject(name, About::default(), whole));
    }
}
