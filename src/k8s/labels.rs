//! Labels, annotations and selectors. There are tens of thousands of them with a pair or two each, of which every one would cost a
//! map the room of eleven.
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Pairs in the order of their keys, each key once.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labels(Vec<(String, String)>);

impl Labels {
    fn find(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(own, _)| own.as_str().cmp(key))
    }

    pub fn get(&self, key: &str) -> Option<&String> {
        self.0.get(self.find(key).ok()?).map(|(_, value)| value)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter().map(|(key, value)| (key, value))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn insert(&mut self, key: String, value: String) {
        match self.find(&key) {
            Ok(at) => self.0.splice(at..=at, [(key, value)]).for_each(drop),
            Err(at) => self.0.insert(at, (key, value)),
        }
    }

    pub fn remove(&mut self, key: &str) {
        if let Ok(at) = self.find(key) {
            self.0.remove(at);
        }
    }

    /// Whether every pair of `wanted` is among them.
    pub fn contain(&self, wanted: &Self) -> bool {
        wanted.iter().all(|(key, value)| self.get(key) == Some(value))
    }
}

impl<const N: usize> From<[(String, String); N]> for Labels {
    fn from(pairs: [(String, String); N]) -> Self {
        let mut labels = Self::default();
        for (key, value) in pairs {
            labels.insert(key, value);
        }
        labels
    }
}

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Pairs;

        impl<'de> Visitor<'de> for Pairs {
            type Value = Labels;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Labels, A::Error> {
                let mut pairs: Vec<(String, String)> = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                // The later of two values of one key stands.
                pairs.reverse();
                pairs.sort_by(|a, b| a.0.cmp(&b.0));
                pairs.dedup_by(|a, b| a.0 == b.0);
                pairs.shrink_to_fit();
                Ok(Labels(pairs))
            }
        }
        deserializer.deserialize_map(Pairs)
    }
}

impl Serialize for Labels {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::Labels;

    #[test]
    fn pairs_are_found_in_whatever_order_they_come_and_the_later_of_two_stands() {
        let labels: Labels = serde_json::from_str(r#"{"tier":"web","app":"a","app":"b"}"#).unwrap();
        assert_eq!(labels.get("app").unwrap(), "b");
        assert_eq!(labels.get("tier").unwrap(), "web");
        assert_eq!(labels.get("ap"), None);
        assert_eq!(
            serde_json::to_string(&labels).unwrap(),
            r#"{"app":"b","tier":"web"}"#
        );
        let wanted: Labels = serde_json::from_str(r#"{"app":"b"}"#).unwrap();
        assert!(labels.contain(&wanted) && !wanted.contain(&labels));
        assert!(serde_json::from_str::<Labels>(r#"{"app":5}"#).is_err());
    }
}
