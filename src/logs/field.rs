//! A field of an entry that may have any type: one that is foreign is told of, and spoils no other.
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A field that is there.
#[derive(Debug)]
pub enum Field<T> {
    Is(T),
    /// Of another type than Cloud Logging gives it.
    Foreign,
}

/// A type that a field of an entry has; what it is not made from is foreign to it.
pub trait Kind<'de>: Sized {
    fn text(_: Cow<'de, str>) -> Option<Self> {
        None
    }

    fn number(_: u64) -> Option<Self> {
        None
    }

    fn object<A: MapAccess<'de>>(mut map: A) -> Result<Option<Self>, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// Text, borrowed where it has no escapes.
#[derive(Debug)]
pub struct Text<'a>(pub Cow<'a, str>);

impl<'de: 'a, 'a> Kind<'de> for Text<'a> {
    fn text(text: Cow<'de, str>) -> Option<Self> {
        Some(Self(text))
    }
}

impl Kind<'_> for u64 {
    fn number(number: u64) -> Option<Self> {
        Some(number)
    }
}

impl Kind<'_> for u16 {
    fn number(number: u64) -> Option<Self> {
        number.try_into().ok()
    }
}

/// Objects of these fields.
macro_rules! object {
    ($($name:ident),+) => {$(
        impl<'de: 'a, 'a> crate::logs::field::Kind<'de> for $name<'a> {
            fn object<A: serde::de::MapAccess<'de>>(map: A) -> Result<Option<Self>, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                serde::Deserialize::deserialize(map).map(Some)
            }
        }
    )+};
}
pub(super) use object;

impl<'de, T: Kind<'de>> Deserialize<'de> for Field<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any(PhantomData))
    }
}

struct Any<T>(PhantomData<T>);

impl<T> Any<T> {
    fn told(value: Option<T>) -> Field<T> {
        value.map_or(Field::Foreign, Field::Is)
    }
}

impl<'de, T: Kind<'de>> Visitor<'de> for Any<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Field<T>, E> {
        Ok(Self::told(T::text(Cow::Borrowed(text))))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<T>, E> {
        Ok(Self::told(T::text(Cow::Owned(text.to_owned()))))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Field<T>, E> {
        Ok(Self::told(T::number(number)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Field<T>, E> {
        Ok(Self::told(number.try_into().ok().and_then(T::number)))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Field<T>, E> {
        Ok(Field::Foreign)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Field<T>, E> {
        Ok(Field::Foreign)
    }

    fn visit_unit<E: Error>(self) -> Result<Field<T>, E> {
        Ok(Field::Foreign)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Field<T>, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Field::Foreign)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<T>, A::Error> {
        T::object(map).map(Self::told)
    }
}

/// The value, where the field is there and has its own type.
pub fn got<T>(field: Option<&Field<T>>) -> Option<&T> {
    match field {
        Some(Field::Is(value)) => Some(value),
        _ => None,
    }
}

/// The text; empty where there is none.
pub fn str<'t>(field: Option<&'t Field<Text>>) -> &'t str {
    got(field).map_or("", |text| &text.0)
}

/// Whether the field is there with another type.
pub fn is_foreign<T>(field: Option<&Field<T>>) -> bool {
    matches!(field, Some(Field::Foreign))
}
