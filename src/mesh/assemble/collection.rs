//! How the evidence was collected, and the snapshot as a whole. Neither concerns a client, a host or a backend: what could not be seen
//! explains nothing.
use super::{Assembly, subject};
use crate::mesh::collection_facts;
use crate::mesh::subject::{About, Identity};

impl Assembly<'_, '_> {
    pub(super) fn collection(&mut self) {
        let collections = collection_facts::collections(&self.model);
        let collections = collections
            .into_iter()
            .map(|(name, facts)| subject(name, About::default(), facts));
        self.add("collection", collections.collect());
        let name = Identity {
            kind: "Snapshot",
            name: "snapshot".to_owned(),
            ..Identity::default()
        };
        let whole = collection_facts::whole(&self.model);
        self.add("snapshot", vec![subject(name, About::default(), whole)]);
    }
}
