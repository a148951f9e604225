//! Label selectors: whether a set of labels is selected.
use super::labels::Labels;
use super::meta::{list, null_as_default};
use serde::Deserialize;

/// `matchLabels` and `matchExpressions`, all of which must hold. An empty selector selects everything.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LabelSelector {
    #[serde(deserialize_with = "null_as_default")]
    pub match_labels: Labels,
    #[serde(deserialize_with = "list")]
    pub match_expressions: Vec<Requirement>,
}

/// One expression; `operator` is `In`, `NotIn`, `Exists` or `DoesNotExist`.
#[derive(Debug, Default, Clone, PartialEq, Deserialize)]
#[serde(default)]
pub struct Requirement {
    pub key: String,
    pub operator: String,
    #[serde(deserialize_with = "list")]
    pub values: Vec<String>,
}

impl LabelSelector {
    /// Whether the labels are selected. An operator that Kubernetes does not know selects nothing.
    pub fn selects(&self, labels: &Labels) -> bool {
        labels.contain(&self.match_labels) && self.match_expressions.iter().all(|r| r.holds(labels))
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }
}

impl Requirement {
    fn holds(&self, labels: &Labels) -> bool {
        let value = labels.get(&self.key);
        match self.operator.as_str() {
            "In" => value.is_some_and(|v| self.values.contains(v)),
            "NotIn" => value.is_none_or(|v| !self.values.contains(v)),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}
