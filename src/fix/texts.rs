//! Texts as YAML may give them: a number or `true` where a text is meant, one text where a list is.
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A list of texts. YAML may give a list, or one text with commas between the items: a template can
/// then say the whole list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Items(pub Vec<String>);

impl Items {
    /// The items, once templates are filled in: split at commas and line ends, trimmed, none empty.
    pub fn values(&self) -> Vec<&str> {
        self.0
            .iter()
            .flat_map(|text| text.split([',', '\n']))
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.values().is_empty()
    }
}

impl<'de> Deserialize<'de> for Items {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a list of texts, or one text with commas")
    }

    fn visit_str<E>(self, text: &str) -> Result<Items, E> {
        Ok(Items(vec![text.to_owned()]))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Items, E> {
        Ok(Items(vec![number.to_string()]))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Items, E> {
        Ok(Items(vec![number.to_string()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Items, A::Error> {
        let mut items = Vec::new();
        while let Some(Text(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Items(items))
    }
}

/// A scalar of YAML as text: `300`, `true` and `"300"` alike.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a text, a number, true or false")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
        Ok(Text(number.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Err(serde::de::Error::custom(
            "a mapping stands where a text is needed: quote the value (a bare `{{ … }}` is a mapping in YAML), or use `|`",
        ))
    }
}

/// A field that is one text.
pub fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Text::deserialize(deserializer).map(|text| text.0)
}

/// A field that maps names to texts.
pub fn text_map<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let map = BTreeMap::<String, Text>::deserialize(deserializer)?;
    Ok(map.into_iter().map(|(key, text)| (key, text.0)).collect())
}
