//! What every Kubernetes object has: metadata, lists.
use super::labels::Labels;
use serde::{Deserialize, Deserializer};

/// A Kubernetes List of one kind.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub struct List<T> {
    /// `PodList`, or `List`.
    #[serde(default)]
    pub kind: String,
    /// `null` and absent both mean none.
    #[serde(default = "Vec::new", deserialize_with = "list")]
    pub items: Vec<T>,
}

/// `metadata`.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    pub name: String,
    pub namespace: String,
    #[serde(deserialize_with = "null_as_default")]
    pub labels: Labels,
    #[serde(deserialize_with = "null_as_default")]
    pub annotations: Labels,
}

/// Kubernetes writes an empty list or map as `null` now and then.
pub fn null_as_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// The same for a list, in no more room than it needs: there are many, most of one item.
pub fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let mut items: Vec<T> = null_as_default(deserializer)?;
    items.shrink_to_fit();
    Ok(items)
}
