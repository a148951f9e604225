//! Log files of any size: recognised by their first 64 KiB, arrays of entries rewritten as one entry a line.
use super::google::{is_log_entry, project_of};
use super::limits::{MAX_ENTRY, MAX_UNPACKED, Metered};
use super::spool::Spool;
use crate::snapshot::world::Content;
use crate::snapshot::{Blob, Encoding, ReadError};
use regex::Regex;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, BufWriter, Write};
use std::rc::Rc;
use std::sync::LazyLock;

/// What kind of log a text is.
#[derive(Debug, PartialEq, Eq)]
pub enum Log {
    /// LogEntry, one a line, of this project.
    Lines(Option<String>),
    /// LogEntry in an array, or spread over several lines.
    Array(Option<String>),
    /// Envoy's own lines, text or JSON.
    Envoy,
}

/// Envoy's application log and access log, perhaps behind a timestamp of the container runtime; and the format
/// that the mesh's agent gives Envoy's lines.
static ENVOY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^(?:\d{4}-\d\d-\d\dT[0-9:.]+Z\s+)?\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d{3}Z?\](?:\[\d+\]\[\w+\]| "|\s+-)|^\d{4}-\d\d-\d\dT[0-9:.]+Z\s+\w+\s+envoy\s"#,
    )
    .ok()
});

/// Looks at the head of a text.
pub fn recognise(head: &str) -> Option<Log> {
    if ENVOY.as_ref().is_some_and(|pattern| pattern.is_match(head)) && !head.trim_start().starts_with('{') {
        let array = head.trim_start().strip_prefix('[').map(str::trim_start);
        if !array.is_some_and(|rest| rest.starts_with('{')) {
            return Some(Log::Envoy);
        }
    }
    let text = head.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let mut fields = Vec::new();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    // The head may end anywhere: what was seen before counts.
    let _cut_off = Outline(&mut fields).deserialize(&mut deserializer);
    let has = |name: &str| fields.iter().any(|(field, _)| field == name);
    if is_log_entry(&has) {
        let name = fields.iter().find(|(field, _)| field == "logName");
        let name = name.and_then(|(_, value)| value.as_deref());
        let project = name.and_then(project_of).map(str::to_owned);
        let line = text.lines().next().unwrap_or_default();
        let whole = text.starts_with('{') && serde_json::from_str::<IgnoredAny>(line).is_ok();
        return Some(if whole {
            Log::Lines(project)
        } else {
            Log::Array(project)
        });
    }
    // Envoy's access log in JSON has these; its application log's fields are chosen by the operator.
    let access = has("response_flags") || (has("response_code") && has("upstream_cluster"));
    let application = has("message") && (has("severity") || has("level")) && (has("time") || has("logger"));
    (text.starts_with('{') && (access || application)).then_some(Log::Envoy)
}

/// The names of the first object's fields with their values where these are text; an array and a
/// `{"entries": […]}` are entered.
struct Outline<'f>(&'f mut Vec<(String, Option<String>)>);

impl<'de> DeserializeSeed<'de> for Outline<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Outline<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array of them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(field) = map.next_key::<String>()? {
            if field == "entries" {
                return map.next_value_seed(Outline(self.0));
            }
            self.0.push((field, None));
            let value = map.next_value::<Value>()?;
            if let (Value::String(text), Some(last)) = (value, self.0.last_mut()) {
                last.1 = Some(text);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        seq.next_element_seed(Outline(self.0)).map(drop)
    }
}

/// Entries in an array, in `{"entries": […]}` or one after the other, rewritten as one entry a line.
pub fn to_lines(blob: &Blob, spool: &mut Spool) -> Result<Blob, ReadError> {
    let stream = blob.open().map_err(|error| blob.unreadable(error))?;
    let (stream, left) = Metered::new(stream, MAX_ENTRY);
    let mut writer = spool.file()?;
    {
        let mut lines = Lines {
            out: BufWriter::new(writer.as_file()),
            left,
            written: 0,
        };
        let mut deserializer = serde_json::Deserializer::from_reader(BufReader::new(stream));
        let done = loop {
            match Entries(&mut lines).deserialize(&mut deserializer) {
                Ok(()) => {}
                Err(error) => break Err(error),
            }
            match deserializer.end() {
                Ok(()) => break Ok(()),
                Err(_more) => {}
            }
        };
        let done = done.and_then(|()| lines.out.flush().map_err(serde_json::Error::io));
        done.map_err(|error| ReadError::Malformed {
            origin: blob.origin.clone(),
            line: error.line(),
            column: error.column(),
            problem: format!("the log entries are not JSON to their end: {error}"),
            remedy: "the file is cut off or damaged; read the log again".into(),
        })?;
    }
    Ok(Blob {
        origin: blob.origin.clone(),
        content: writer.finish(),
        encoding: Encoding::Plain,
    })
}

/// Entries one a line from memory.
pub fn in_memory(origin: &str, lines: String) -> Blob {
    Blob {
        origin: origin.to_owned(),
        content: Content::Memory(lines.into_bytes().into()),
        encoding: Encoding::Plain,
    }
}

struct Lines<W> {
    out: W,
    left: Rc<Cell<u64>>,
    written: u64,
}

impl<W: Write> Lines<W> {
    fn entry(&mut self, raw: &RawValue) -> io::Result<()> {
        // Within JSON strings line breaks are escaped: these are between the fields.
        for part in raw.get().split(['\n', '\r']) {
            self.out.write_all(part.as_bytes())?;
        }
        self.out.write_all(b"\n")?;
        self.written += raw.get().len() as u64;
        if self.written > MAX_UNPACKED {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "more entries than can be kept",
            ));
        }
        self.left.set(MAX_ENTRY);
        Ok(())
    }
}

struct Entries<'l, W>(&'l mut Lines<W>);

impl<'de, W: Write> DeserializeSeed<'de> for Entries<'_, W> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, W: Write> Visitor<'de> for Entries<'_, W> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("log entries")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(entry) = seq.next_element::<Box<RawValue>>()? {
            self.0.entry(&entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut single = Vec::new();
        while let Some(field) = map.next_key::<String>()? {
            if field == "entries" {
                map.next_value_seed(Entries(&mut *self.0))?;
            } else {
                single.push((field, map.next_value::<Box<RawValue>>()?));
            }
        }
        if single
            .iter()
            .any(|(field, _)| field == "logName" || field == "insertId" || field.ends_with("Payload"))
        {
            let fields: Vec<String> = single
                .iter()
                .map(|(field, value)| format!("{}:{}", Value::from(field.as_str()), value.get()))
                .collect();
            let entry =
                RawValue::from_string(format!("{{{}}}", fields.join(","))).map_err(A::Error::custom)?;
            self.0.entry(&entry).map_err(A::Error::custom)?;
        }
        Ok(())
    }
}
