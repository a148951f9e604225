//! Labels with telling names: a command that selects by `token=ads` must be left whole.
use super::Snapshot;
use crate::k8s::labels::Labels;
use crate::redact;
use std::collections::{BTreeMap, BTreeSet};

/// Labels of the snapshot whose names would make secrets of their values. They are none: whoever lists objects sees them.
pub fn telling_labels(snapshot: &Snapshot) -> Vec<(String, String)> {
    let mut telling: BTreeMap<&str, bool> = BTreeMap::new();
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    let all = snapshot.kubernetes.values().flat_map(|k8s| {
        let services = k8s.services.items().iter().map(|service| &service.spec.selector);
        let pods = k8s.pods.items().iter().map(|pod| &pod.metadata.labels);
        let workloads = k8s.deployments.items().iter().chain(k8s.stateful_sets.items());
        let made = workloads.flat_map(|w| [&w.metadata.labels, &w.spec.template.metadata.labels]);
        services.chain(pods).chain(made)
    });
    for (name, value) in all.flat_map(Labels::iter) {
        let is_telling = telling.entry(name).or_insert_with(|| redact::is_telling(name));
        if *is_telling && is_value(value) {
            found.insert((name, value));
        }
    }
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    found.into_iter().map(owned).collect()
}

/// What Kubernetes takes as a label's value.
fn is_value(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    !text.is_empty() && text.len() <= 63 && text.chars().all(fine)
}
