//! A selector that selects no pod: what it was probably meant to be. It is corrected only where there is no doubt: a Service that is
//! pointed at another workload answers, with somebody else's words.
use super::labels;
use crate::k8s::core::{Deployment, Service};
use crate::k8s::labels::Labels;
use crate::mesh::clusters::Cluster;
use crate::mesh::facts::{Backend, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// From here on two values are taken for one with a slip of the pen.
const ALIKE: f64 = 0.8;
const MOST_NAMED: usize = 5;

/// What a selector would have to be to select some pods.
#[derive(Debug, Default)]
struct Near {
    selector: Labels,
    /// How much of the selector is right, from 0 to 1.
    score: f64,
    wrong: Wrong,
    /// `deployment/ads`; none where only pods are known.
    workloads: BTreeSet<String>,
    /// Other Services that have these pods already.
    behind: BTreeSet<String>,
}

#[derive(Debug, Default, Clone, PartialEq)]
enum Wrong {
    /// More than one label.
    #[default]
    Much,
    /// One key; its value is right.
    Key,
    /// One value, how much alike the two are, and what it should be.
    Value(f64, String),
}

impl Near {
    fn may_be_meant(&self) -> bool {
        match &self.wrong {
            Wrong::Much => false,
            Wrong::Key => true,
            Wrong::Value(likeness, _) => *likeness > ALIKE,
        }
    }

    fn named(&self) -> String {
        let labels = labels(&self.selector);
        let behind = match self.behind.is_empty() {
            true => String::new(),
            false => format!(
                ", behind Service {} already",
                self.behind.iter().cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        match self.workloads.is_empty() {
            true => format!("pods with {labels}{behind}"),
            false => {
                let names: Vec<&str> = self.workloads.iter().map(String::as_str).collect();
                format!("{} ({labels}{behind})", names.join(" and "))
            }
        }
    }
}

/// Labels that come near the selector, the workloads that may have been meant, and the selector that a single typo away would match, where
/// it is certain that the Service is for these pods.
pub fn near_labels(cluster: &Cluster, service: &Service, facts: &mut Backend) {
    let meta = &service.metadata;
    let wanted = &service.spec.selector;
    let workloads = cluster.workloads.all(&meta.namespace);
    let others: Vec<&Service> = cluster
        .services
        .values()
        .filter(|other| {
            let own = &other.metadata;
            own.namespace == meta.namespace && own.name != meta.name && !other.spec.selector.is_empty()
        })
        .copied()
        .collect();
    let pods = cluster.pods.all(&meta.namespace).iter();
    let made = workloads
        .iter()
        .map(|(kind, w)| (Some(name(kind, w)), &w.spec.template.metadata.labels));
    let mut near: BTreeMap<String, Near> = BTreeMap::new();
    for (workload, own) in pods.map(|pod| (None, &pod.metadata.labels)).chain(made) {
        let Some(found) = compare(wanted, own) else {
            continue;
        };
        let entry = near.entry(labels(&found.selector)).or_default();
        if entry.selector.is_empty() {
            *entry = found;
        }
        entry.workloads.extend(workload);
        let takers = others.iter().filter(|other| own.contain(&other.spec.selector));
        entry
            .behind
            .extend(takers.map(|other| other.metadata.name.clone()));
    }
    let mut near: Vec<Near> = near.into_values().filter(|near| near.score > 0.6).collect();
    near.sort_by(|a, b| b.score.total_cmp(&a.score));
    facts.nearest_labels = near.iter().take(3).map(|near| labels(&near.selector)).collect();

    // A workload that is called or labelled as the Service asks, whatever labels its pods have.
    let mut fitting = workloads.iter().filter(|(_, w)| {
        w.metadata.name == meta.name || (!wanted.is_empty() && w.metadata.labels.contain(wanted))
    });
    let of_another = |near: &Near| {
        let pods_of = |w: &Deployment| w.spec.template.metadata.labels.contain(&near.selector);
        fitting.clone().any(|(_, w)| !pods_of(w))
    };
    // Without the workloads nobody can tell that none of them was meant.
    let mut meant = near.iter().filter(|near| near.may_be_meant());
    if let (Some(only), None) = (meant.next(), meant.next())
        && facts.scaled_to_zero == Fact::Known(false)
        && is_of(only, &meta.name)
        && only.behind.is_empty()
        && !of_another(only)
    {
        facts.corrected_selector = serde_json::to_string(&only.selector).unwrap_or_default();
    }
    let known: BTreeSet<String> = near.iter().flat_map(|near| near.workloads.clone()).collect();
    let by_name = fitting.by_ref().filter_map(|(kind, w)| {
        let (name, pods) = (name(kind, w), labels(&w.spec.template.metadata.labels));
        let pods = if pods.is_empty() { "no labels" } else { &pods };
        (!known.contains(&name)).then(|| format!("{name} (its pods carry {pods})"))
    });
    facts.candidates = by_name
        .chain(near.iter().map(Near::named))
        .take(MOST_NAMED)
        .collect();
}

/// Whether what is corrected says itself that it is the Service's.
fn is_of(near: &Near, service: &str) -> bool {
    match &near.wrong {
        Wrong::Much => false,
        Wrong::Key => true,
        Wrong::Value(_, value) => value == service,
    }
}

fn name(kind: &str, workload: &Deployment) -> String {
    format!("{kind}/{}", workload.metadata.name)
}

/// The selector with what is wrong put right by the labels of some pods; none where a label has no counterpart.
fn compare(wanted: &Labels, own: &Labels) -> Option<Near> {
    let mut near = Near {
        selector: wanted.clone(),
        ..Near::default()
    };
    let mut wrong = Vec::new();
    for (key, value) in wanted.iter() {
        match own.get(key) {
            Some(same) if same == value => near.score += 1.0,
            Some(other) => {
                let likeness = strsim::jaro_winkler(value, other);
                wrong.push(Wrong::Value(likeness, other.clone()));
                near.score += likeness;
                near.selector.insert(key.clone(), other.clone());
            }
            None => {
                let mut keys = own.iter().filter(|(_, v)| *v == value);
                let (key_near, _) = keys.find(|(k, _)| strsim::jaro_winkler(k, key) > 0.85)?;
                wrong.push(Wrong::Key);
                near.score += 0.9;
                near.selector.remove(key);
                near.selector.insert(key_near.clone(), value.clone());
            }
        }
    }
    if wrong.len() == 1 {
        near.wrong = wrong.remove(0);
    }
    #[allow(clippy::cast_precision_loss)] // selectors hold a handful of labels
    let count = wanted.len().max(1) as f64;
    near.score /= count;
    (!wanted.is_empty()).then_some(near)
}
