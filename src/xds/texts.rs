//! Every text of a message as JSON would tell it, read off the bytes by Envoy's own descriptors: no JSON is made for it.
//!
//! Bytes are gone through as protobuf lays them out (<https://protobuf.dev/programming-guides/encoding/>). What JSON would leave
//! out, a field or a payload that the descriptors do not know, is told as such: nobody can tell what it holds.
use super::Kind as Resource;
use super::json::POOL;
use prost::DecodeError;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{DescriptorPool, Kind, MessageDescriptor};
use std::collections::HashMap;

const ANY: &str = "google.protobuf.Any";
/// Messages within one another: as many as prost itself takes.
const MAX_DEPTH: usize = 100;

/// Who looks at the texts.
pub trait Look {
    /// Whether a name, a field's or an enum value's, makes what it stands for something to look at in its place.
    fn is_telling(&self, name: &str) -> bool;
    /// A text, in no order that matters; whether it is something to look at in its place.
    fn text(&mut self, text: &str) -> bool;
}

/// What a look at a message told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// All texts, and nothing in them to look at.
    Plain,
    /// Something to look at in its place.
    Telling,
    /// Something that JSON does not tell.
    Opaque,
}

/// Looks at messages, one after the other.
pub struct Texts {
    pool: &'static DescriptorPool,
    /// The types met so far, each once.
    types: Vec<Type>,
    by_name: HashMap<String, usize>,
}

struct Type {
    is_any: bool,
    fields: HashMap<u32, Field>,
}

#[derive(Clone)]
struct Field {
    is_telling: bool,
    holds: Holds,
}

#[derive(Clone)]
enum Holds {
    Number,
    Text,
    Bytes,
    /// With its place among the types once it was met.
    Message(MessageDescriptor, Option<usize>),
}

/// Why the rest is not looked at.
enum Stop {
    Telling,
    Opaque,
}

impl From<DecodeError> for Stop {
    fn from(_: DecodeError) -> Self {
        Self::Opaque
    }
}

impl Texts {
    /// None where Envoy's descriptors do not load, which whoever opens the message tells.
    pub fn new() -> Option<Self> {
        Some(Self {
            pool: POOL.as_ref().ok()?,
            types: Vec::new(),
            by_name: HashMap::new(),
        })
    }

    /// Looks at the message of this type, until something is found.
    pub fn look(&mut self, bytes: &[u8], name: &str, look: &mut dyn Look) -> Seen {
        let Some(descriptor) = self.pool.get_message_by_name(name) else {
            return Seen::Opaque;
        };
        let place = self.place_of(&descriptor, look);
        match self.message(bytes, place, MAX_DEPTH, look) {
            Ok(()) => Seen::Plain,
            Err(Stop::Telling) => Seen::Telling,
            Err(Stop::Opaque) => Seen::Opaque,
        }
    }

    fn place_of(&mut self, descriptor: &MessageDescriptor, look: &dyn Look) -> usize {
        if let Some(place) = self.by_name.get(descriptor.full_name()) {
            return *place;
        }
        let fields = descriptor.fields().map(|field| {
            let (holds, any_name) = match field.kind() {
                Kind::String => (Holds::Text, false),
                Kind::Bytes => (Holds::Bytes, false),
                Kind::Message(inner) => (Holds::Message(inner, None), false),
                Kind::Enum(values) => {
                    let any = values.values().any(|value| look.is_telling(value.name()));
                    (Holds::Number, any)
                }
                _ => (Holds::Number, false),
            };
            let is_telling = any_name || look.is_telling(field.json_name());
            (field.number(), Field { is_telling, holds })
        });
        self.types.push(Type {
            is_any: descriptor.full_name() == ANY,
            fields: fields.collect(),
        });
        let place = self.types.len() - 1;
        self.by_name.insert(descriptor.full_name().to_owned(), place);
        place
    }

    fn message(
        &mut self,
        mut bytes: &[u8],
        place: usize,
        depth: usize,
        look: &mut dyn Look,
    ) -> Result<(), Stop> {
        let depth = depth.checked_sub(1).ok_or(Stop::Opaque)?;
        if self.types.get(place).is_some_and(|known| known.is_any) {
            return self.payload(bytes, depth, look);
        }
        while !bytes.is_empty() {
            let (number, wire) = decode_key(&mut bytes)?;
            let known = self.types.get(place).and_then(|known| known.fields.get(&number));
            let field = known.ok_or(Stop::Opaque)?;
            if field.is_telling {
                return Err(Stop::Telling);
            }
            if wire != WireType::LengthDelimited {
                // A group holds fields, and no field of Envoy's is one.
                if wire == WireType::StartGroup || !matches!(field.holds, Holds::Number) {
                    return Err(Stop::Opaque);
                }
                skip_field(wire, number, &mut bytes, DecodeContext::default())?;
                continue;
            }
            let content = delimited(&mut bytes)?;
            match &field.holds {
                Holds::Number => {}
                Holds::Text => self::text(content, look)?,
                // Base64 in JSON, which has forms of its own.
                Holds::Bytes if content.is_empty() => {}
                Holds::Bytes => return Err(Stop::Telling),
                Holds::Message(_, Some(inner)) => {
                    let inner = *inner;
                    self.message(content, inner, depth, look)?;
                }
                Holds::Message(descriptor, None) => {
                    let descriptor = descriptor.clone();
                    let inner = self.place_of(&descriptor, look);
                    let field = self.types.get_mut(place).and_then(|t| t.fields.get_mut(&number));
                    if let Some(field) = field {
                        field.holds = Holds::Message(descriptor, Some(inner));
                    }
                    self.message(content, inner, depth, look)?;
                }
            }
        }
        Ok(())
    }

    /// What an `Any` holds: opened by its type, as JSON does.
    fn payload(&mut self, mut bytes: &[u8], depth: usize, look: &mut dyn Look) -> Result<(), Stop> {
        let (mut type_url, mut value): (&[u8], &[u8]) = (&[], &[]);
        while !bytes.is_empty() {
            match decode_key(&mut bytes)? {
                (1, WireType::LengthDelimited) => type_url = delimited(&mut bytes)?,
                (2, WireType::LengthDelimited) => value = delimited(&mut bytes)?,
                _ => return Err(Stop::Opaque),
            }
        }
        text(type_url, look)?;
        if value.is_empty() {
            return Ok(());
        }
        let type_url = std::str::from_utf8(type_url).unwrap_or_default();
        let known = type_url
            .contains('/')
            .then(|| self.pool.get_message_by_name(Resource::type_name(type_url)));
        let descriptor = known.flatten().ok_or(Stop::Opaque)?;
        let inner = self.place_of(&descriptor, look);
        self.message(value, inner, depth, look)
    }
}

fn text(bytes: &[u8], look: &mut dyn Look) -> Result<(), Stop> {
    let text = std::str::from_utf8(bytes).map_err(|_| Stop::Opaque)?;
    if look.text(text) {
        Err(Stop::Telling)
    } else {
        Ok(())
    }
}

/// A field's bytes, behind their length.
fn delimited<'b>(bytes: &mut &'b [u8]) -> Result<&'b [u8], Stop> {
    let length = usize::try_from(decode_varint(bytes)?).map_err(|_| Stop::Opaque)?;
    let (content, rest) = bytes.split_at_checked(length).ok_or(Stop::Opaque)?;
    *bytes = rest;
    Ok(content)
}
