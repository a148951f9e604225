//! The limits that keep hostile input from exhausting memory, disk or stack, and the errors that tell of them.
use crate::snapshot::ReadError;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;
use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// Files of one directory, or entries of one archive.
pub const MAX_FILES: usize = 200_000;
/// Folders within folders.
pub const MAX_DEPTH: usize = 32;
/// Bytes that all archives and standard input together may unfold to: 8 GiB.
pub const MAX_UNPACKED: u64 = 8 << 30;
/// What is larger goes to a temporary file: 8 MiB.
pub const SPOOL_OVER: u64 = 8 << 20;
/// Bytes of archive entries kept in memory: 256 MiB; what comes later goes to temporary files.
pub const MEMORY_BUDGET: u64 = 256 << 20;
/// As much of a file as is looked at to tell what it is: 64 KiB.
pub const SNIFF: u64 = 64 << 10;
/// A single YAML document, in bytes: 64 MiB.
pub const MAX_YAML: usize = 64 << 20;
/// A single log entry, in bytes: 16 MiB, far over Cloud Logging's own limit of 256 KiB.
pub const MAX_ENTRY: u64 = 16 << 20;

/// Objects and elements of one JSON file: a value of a few bytes can need hundreds in memory.
const MAX_OBJECTS: usize = 3_000_000;
const MAX_ELEMENTS: usize = 8_000_000;
/// Objects of all files together.
const MAX_OBJECTS_TOTAL: usize = 8_000_000;
/// Objects of one resource: each takes some 600 bytes while it is looked at.
const MAX_OBJECTS_OF_ITEM: usize = 500_000;
const MAX_ELEMENTS_OF_ITEM: usize = 1_500_000;
/// Kubernetes resources of all files together.
const MAX_ITEMS: usize = 500_000;
/// Documents of one YAML file.
pub const MAX_DOCUMENTS: usize = 100_000;

/// Counts the objects of all JSON files, before any of them is parsed.
#[derive(Debug, Default)]
pub struct Scales {
    objects: usize,
    items: usize,
}

impl Scales {
    /// Refuses a text with more objects or elements than real answers have.
    pub fn weigh(&mut self, text: &[u8], origin: &str) -> Result<(), ReadError> {
        // Braces within strings count too: the sum is an upper bound, and cheap.
        let objects = memchr::memchr_iter(b'{', text).count();
        let elements = memchr::memchr2_iter(b',', b'[', text).count();
        self.objects = self.objects.saturating_add(objects);
        if objects > MAX_OBJECTS || elements > MAX_ELEMENTS {
            return Err(too_large(
                origin,
                format!("holds {objects} objects and {elements} elements, more than can be kept in memory"),
            ));
        }
        if self.objects > MAX_OBJECTS_TOTAL {
            return Err(too_large(
                origin,
                format!("the files up to this one hold more than {MAX_OBJECTS_TOTAL} objects"),
            ));
        }
        Ok(())
    }

    /// Counts resources.
    pub fn count(&mut self, items: usize, origin: &str) -> Result<(), ReadError> {
        self.items = self.items.saturating_add(items);
        if self.items > MAX_ITEMS {
            let problem = format!("the files up to this one hold more than {MAX_ITEMS} resources");
            return Err(too_large(origin, problem));
        }
        Ok(())
    }
}

/// Refuses a single resource that is larger than any real one.
pub fn weigh_item(text: &str, origin: &str) -> Result<(), ReadError> {
    too_heavy(text).map_or(Ok(()), |problem| Err(too_large(origin, problem)))
}

fn too_heavy(item: &str) -> Option<String> {
    let objects = memchr::memchr_iter(b'{', item.as_bytes()).count();
    let elements = memchr::memchr_iter(b',', item.as_bytes()).count();
    (objects > MAX_OBJECTS_OF_ITEM || elements > MAX_ELEMENTS_OF_ITEM)
        .then(|| format!("a single resource holds {objects} objects and {elements} elements"))
}

/// A resource that is weighed and not kept: it takes no room.
pub struct Weighed;

impl<'de> Deserialize<'de> for Weighed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        too_heavy(raw.get()).map_or(Ok(Self), |problem| Err(D::Error::custom(problem)))
    }
}

/// Over a limit, with the remedy that always helps.
pub fn too_large(origin: &str, problem: impl Into<String>) -> ReadError {
    ReadError::TooLarge {
        origin: origin.to_owned(),
        problem: problem.into(),
        remedy: "collect a narrower scope, or name fewer files at once".into(),
    }
}

/// A stream that fails once its allowance is used up; the owner may grant more between two steps.
pub struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R> Metered<R> {
    /// The stream and the handle to its allowance, in bytes.
    pub fn new(inner: R, allowance: u64) -> (Self, Rc<Cell<u64>>) {
        let left = Rc::new(Cell::new(allowance));
        (
            Self {
                inner,
                left: Rc::clone(&left),
            },
            left,
        )
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "over the limit"));
        }
        let (buffer, _) = buffer.split_at_mut(most);
        let read = self.inner.read(buffer)?;
        self.left.set(left.saturating_sub(read as u64));
        Ok(read)
    }
}
