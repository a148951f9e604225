//! Where in a text a field stands, so that an error can point at its line.
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt::{self, Write};
use std::marker::PhantomData;

/// One step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    Key(String),
    Index(usize),
}

/// The path of a type error.
pub fn segments(path: &serde_path_to_error::Path) -> Vec<Segment> {
    path.iter()
        .filter_map(|segment| match segment {
            serde_path_to_error::Segment::Seq { index } => Some(Segment::Index(*index)),
            serde_path_to_error::Segment::Map { key } => Some(Segment::Key(key.clone())),
            serde_path_to_error::Segment::Enum { .. } | serde_path_to_error::Segment::Unknown => None,
        })
        .collect()
}

/// `spec.http[0].route`.
pub fn shown(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        let written = match segment {
            Segment::Index(index) => write!(text, "[{index}]"),
            Segment::Key(key) if text.is_empty() => write!(text, "{key}"),
            Segment::Key(key) => write!(text, ".{key}"),
        };
        debug_assert!(written.is_ok(), "a String takes all");
    }
    text
}

/// The 1-based line and column of a field of a YAML document.
pub fn in_yaml(text: &str, path: &[Segment]) -> Option<(usize, usize)> {
    let found = serde_saphyr::with_deserializer_from_str_with_options(text, super::yaml::options(), |d| {
        Seek::<serde_saphyr::Spanned<IgnoredAny>>::new(path).deserialize(d)
    });
    let place = found.ok()??.referenced;
    Some((
        usize::try_from(place.line()).ok()?,
        usize::try_from(place.column()).ok()?,
    ))
}

/// The same in JSON.
pub fn in_json(text: &str, path: &[Segment]) -> Option<(usize, usize)> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let raw = Seek::<&RawValue>::new(path)
        .deserialize(&mut deserializer)
        .ok()??;
    Some(line_and_column(text, offset(text, raw.get())))
}

/// Where a part of the text begins.
pub fn offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(text.as_ptr() as usize)
}

/// Line and column of a byte offset, both from 1.
pub fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.as_bytes().get(..offset).unwrap_or_default();
    let line = memchr::memchr_iter(b'\n', before).count() + 1;
    let column = memchr::memrchr(b'\n', before).map_or(before.len(), |at| before.len() - at - 1) + 1;
    (line, column)
}

/// Line and column of the first byte that is no UTF-8; `None` where all is.
pub fn not_utf8(bytes: &[u8]) -> Option<(usize, usize)> {
    let valid = std::str::from_utf8(bytes).err()?.valid_up_to();
    let before = std::str::from_utf8(bytes.get(..valid)?).ok()?;
    Some(line_and_column(before, valid))
}

/// Walks down a path and takes what stands there as a `T`.
struct Seek<'p, T> {
    path: &'p [Segment],
    target: PhantomData<T>,
}

impl<'p, T> Seek<'p, T> {
    fn new(path: &'p [Segment]) -> Self {
        Self {
            path,
            target: PhantomData,
        }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Seek<'_, T> {
    type Value = Option<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        match self.path.first() {
            None => T::deserialize(deserializer).map(Some),
            Some(Segment::Key(_)) => deserializer.deserialize_map(self),
            Some(Segment::Index(_)) => deserializer.deserialize_seq(self),
        }
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Seek<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the container that the path leads through")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(key) = map.next_key::<String>()? {
            match self.path.split_first() {
                Some((Segment::Key(wanted), rest)) if *wanted == key => {
                    found = map.next_value_seed(Seek::new(rest))?;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let Some((Segment::Index(wanted), rest)) = self.path.split_first() else {
            return Ok(None);
        };
        for _ in 0..*wanted {
            if seq.next_element::<IgnoredAny>()?.is_none() {
                return Ok(None);
            }
        }
        let found = seq.next_element_seed(Seek::new(rest))?.flatten();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(found)
    }
}
