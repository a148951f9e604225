//! What a fact may be made of, and how "not known" is carried.
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Known, or not to be known from this evidence, with the reason in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    Known(T),
    Unknown(String),
}

impl<T> Fact<T> {
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown(_) => None,
        }
    }

    pub fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown(reason.into())
    }

    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Fact<U> {
        match self {
            Self::Known(value) => Fact::Known(f(value)),
            Self::Unknown(reason) => Fact::Unknown(reason),
        }
    }
}

impl<T> Default for Fact<T> {
    fn default() -> Self {
        Self::Unknown("not computed".into())
    }
}

impl<T> From<T> for Fact<T> {
    fn from(value: T) -> Self {
        Self::Known(value)
    }
}

impl<T: Serialize> Serialize for Fact<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Known(value) => value.serialize(serializer),
            // Unreachable through `facts!`, which skips unknown fields.
            Self::Unknown(_) => serializer.serialize_none(),
        }
    }
}

/// One field as rule authors see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldDoc {
    pub name: &'static str,
    /// `string`, `bool`, `int`, `list of …`, `map of …`, `object`; `may be unknown` is appended where it may.
    pub kind: String,
    pub doc: &'static str,
    /// Fields of an object, or of the objects in a list.
    pub fields: Vec<FieldDoc>,
}

/// A struct of facts.
pub trait Facts: Serialize {
    /// Its fields, in order.
    fn docs() -> Vec<FieldDoc>
    where
        Self: Sized;
    /// The facts that could not be known, with the reason.
    fn unknowns(&self) -> Vec<(&'static str, String)>;
}

/// A type that a field may have.
pub trait FactField {
    fn kind() -> String;
    fn fields() -> Vec<FieldDoc> {
        Vec::new()
    }
    fn unknown(&self) -> Option<&str> {
        None
    }
    fn is_unknown(&self) -> bool {
        self.unknown().is_some()
    }
}

macro_rules! scalar {
    ($type:ty, $kind:literal) => {
        impl FactField for $type {
            fn kind() -> String {
                $kind.into()
            }
        }
    };
}
scalar!(String, "string");
scalar!(bool, "bool");
scalar!(i64, "int");

impl<T: FactField> FactField for Vec<T> {
    fn kind() -> String {
        format!("list of {}", T::kind())
    }
    fn fields() -> Vec<FieldDoc> {
        T::fields()
    }
}

impl<T: FactField> FactField for BTreeMap<String, T> {
    fn kind() -> String {
        format!("map of {}", T::kind())
    }
}

impl<T: FactField> FactField for Fact<T> {
    fn kind() -> String {
        format!("{}, may be unknown", T::kind())
    }
    fn fields() -> Vec<FieldDoc> {
        T::fields()
    }
    fn unknown(&self) -> Option<&str> {
        match self {
            Self::Known(_) => None,
            Self::Unknown(reason) => Some(reason),
        }
    }
}
