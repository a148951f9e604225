//! A selector that selects no pod: what it was probably meant to be.
use super::labels;
use crate::k8s::core::Service;
use crate::k8s::labels::Labels;
use crate::mesh::clusters::Cluster;
use crate::mesh::facts::Backend;
use std::collections::BTreeMap;

/// Labels of the namespace's pods that come near the selector, and the selector that a single typo away would match.
pub fn near_labels(cluster: &Cluster, service: &Service, facts: &mut Backend) {
    let wanted = &service.spec.selector;
    let mut scored: BTreeMap<String, (f64, Labels)> = BTreeMap::new();
    for pod in cluster.pods.all(&service.metadata.namespace) {
        let mut corrected = wanted.clone();
        let (mut score, mut wrong) = (0.0, 0);
        for (key, value) in wanted.iter() {
            match pod.metadata.labels.get(key) {
                Some(own) if own == value => score += 1.0,
                Some(own) => {
                    wrong += 1;
                    score += strsim::jaro_winkler(value, own);
                    corrected.insert(key.clone(), own.clone());
                }
                None => {
                    wrong += 1;
                    let key_near = |k: &&String| strsim::jaro_winkler(k, key) > 0.85;
                    if let Some((near, own)) = pod
                        .metadata
                        .labels
                        .iter()
                        .find(|(k, v)| *v == value && key_near(k))
                    {
                        score += 0.9;
                        corrected.remove(key);
                        corrected.insert(near.clone(), own.clone());
                    } else {
                        corrected = Labels::default();
                        break;
                    }
                }
            }
        }
        if corrected.is_empty() || wanted.is_empty() {
            continue;
        }
        #[allow(clippy::cast_precision_loss)] // selectors hold a handful of labels
        let score = score / wanted.len() as f64;
        let entry = scored
            .entry(labels(&corrected))
            .or_insert((0.0, Labels::default()));
        if score > entry.0 {
            *entry = (
                score,
                if wrong == 1 && score > 0.8 {
                    corrected
                } else {
                    Labels::default()
                },
            );
        }
    }
    let mut near: Vec<_> = scored.iter().filter(|(_, (s, _))| *s > 0.6).collect();
    near.sort_by(|a, b| b.1.0.total_cmp(&a.1.0));
    facts.nearest_labels = near.iter().take(3).map(|(text, _)| (*text).clone()).collect();
    facts.corrected_selector = near
        .first()
        .filter(|(_, (_, corrected))| !corrected.is_empty())
        .map(|(_, (_, corrected))| serde_json::to_string(corrected).unwrap_or_default())
        .unwrap_or_default();
}
