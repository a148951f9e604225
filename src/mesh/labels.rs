//! Objects by namespace and label, so that a selector need not look at all of them.
use crate::k8s::labels::Labels;
use crate::k8s::meta::Meta;
use std::collections::BTreeMap;

/// Objects of one kind.
#[derive(Debug)]
pub struct LabelIndex<'s, T> {
    namespaces: BTreeMap<&'s str, Namespace<'s, T>>,
}

/// An object and the labels to select it by.
type Labelled<'s, T> = (T, &'s Labels);

#[derive(Debug)]
struct Namespace<'s, T> {
    all: Vec<T>,
    by_label: BTreeMap<(&'s str, &'s str), Vec<Labelled<'s, T>>>,
}

impl<'s, T: Copy> LabelIndex<'s, T> {
    /// From objects, each with its namespace and the labels to select by.
    pub fn new(objects: impl Iterator<Item = (T, &'s Meta, &'s Labels)>) -> Self {
        let mut namespaces: BTreeMap<&str, Namespace<T>> = BTreeMap::new();
        for (object, meta, labels) in objects {
            let namespace = namespaces
                .entry(meta.namespace.as_str())
                .or_insert_with(|| Namespace {
                    all: Vec::new(),
                    by_label: BTreeMap::new(),
                });
            namespace.all.push(object);
            for (key, value) in labels.iter() {
                namespace
                    .by_label
                    .entry((key, value))
                    .or_default()
                    .push((object, labels));
            }
        }
        Self { namespaces }
    }

    /// All of a namespace.
    pub fn all(&self, namespace: &str) -> &[T] {
        self.namespaces.get(namespace).map_or(&[], |n| &n.all)
    }

    /// Those of a namespace that carry all labels of a selector; an empty one selects none, as a Service's does.
    pub fn select(&self, namespace: &str, wanted: &Labels) -> Vec<T> {
        let Some(index) = self.namespaces.get(namespace) else {
            return Vec::new();
        };
        let lists = wanted
            .iter()
            .map(|(k, v)| index.by_label.get(&(k.as_str(), v.as_str())));
        let shortest = lists
            .map(|l| l.map_or(&[][..], Vec::as_slice))
            .min_by_key(|l| l.len());
        let of = shortest
            .unwrap_or_default()
            .iter()
            .filter(|(_, labels)| labels.contain(wanted));
        of.map(|(object, _)| *object).collect()
    }
}
