//! One loose file, told apart by what is in it.
use super::documents::{self, Item, Piece};
use super::google::{self, Class, Defaults};
use super::sniff::{self, Container};
use super::{Reader, csds, locate, logs, refused, typed};
use crate::snapshot::{Blob, ReadError, Warning};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How the file came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given<'a> {
    /// Named by the user.
    Named,
    /// `--iam-policy PROJECT=FILE`.
    Policy(&'a str),
    /// Found in a folder, where unreadable files of others may lie.
    Walked,
}

/// What may be given.
pub const EXPECTED: &str = "a snapshot directory or bundle, or Kubernetes YAML or JSON, `gcloud run services \
describe|list`, `gcloud logging read --format=json`, `gcloud projects get-iam-policy`, CSDS in binary or JSON, or Envoy's log";

const UNKNOWN: &str = "not recognised by what is in it";

/// Adds one file. `name` is its path as given, for what only the name can tell.
pub fn add(reader: &mut Reader<'_>, mut blob: Blob, name: &str, given: Given<'_>) -> Result<(), ReadError> {
    if sniff::unpack(&mut blob)? != Container::None {
        return skip(
            reader,
            &blob.origin,
            "an archive within a folder: name it by itself",
        );
    }
    let head = sniff::head(&blob)?;
    if head.iter().all(u8::is_ascii_whitespace) {
        if sniff_is_whole(&head) {
            warn(reader, &blob.origin, "empty: nothing was read from it".into());
            return Ok(());
        }
        return skip(reader, &blob.origin, "begins with 64 KiB of blanks");
    }
    let text = text_of(&head).filter(|_| !(sniff_is_whole(&head) && csds::recognise(&head).is_some()));
    let Some(text) = text else {
        return binary(reader, blob, &head);
    };
    let stem = stem(name);
    if let Some(log) = logs::recognise(text) {
        return add_log(reader, blob, log, stem);
    }
    let bytes = blob.bytes()?;
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return if csds::recognise(&bytes).is_some() {
            binary(reader, blob, &head)
        } else {
            let problem = not_text(&bytes);
            skip(reader, &blob.origin, &problem)
        };
    };
    reader.scales.weigh(&bytes, &blob.origin)?;
    match items(reader, &blob, text, stem, given) {
        // Folders hold templates and other people's files: only what looks like ours must be sound.
        Err(error @ ReadError::Malformed { .. }) if given == Given::Walked && !ours(text) => {
            skip(reader, &blob.origin, &format!("not recognised: {error}"))
        }
        other => other,
    }
}

fn sniff_is_whole(head: &[u8]) -> bool {
    (head.len() as u64) < super::limits::SNIFF
}

/// The head as text, but for a character cut in two at its end; `None` for binary.
fn text_of(head: &[u8]) -> Option<&str> {
    if memchr::memchr(0, head).is_some() {
        return None;
    }
    match std::str::from_utf8(head) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() && !sniff_is_whole(head) => {
            std::str::from_utf8(head.get(..error.valid_up_to())?).ok()
        }
        Err(_) => None,
    }
}

/// What bytes are that are no text: binary where a NUL is among them, else text in another encoding.
fn not_text(bytes: &[u8]) -> String {
    match (memchr::memchr(0, bytes), locate::not_utf8(bytes)) {
        (None, Some((line, column))) => {
            format!(
                "not text in UTF-8 (line {line}, column {column}), and no CSDS answer (ClientStatusResponse)"
            )
        }
        _ => "binary, and no CSDS answer (ClientStatusResponse)".into(),
    }
}

fn ours(text: &str) -> bool {
    let marks = ["apiVersion", "logName", "\"bindings\"", "projects/"];
    !text.contains("{{") && marks.iter().any(|mark| text.contains(mark))
}

fn binary(reader: &mut Reader<'_>, blob: Blob, head: &[u8]) -> Result<(), ReadError> {
    // The first field of a CSDS answer is its first client: zeros and other noise end here, unread.
    let project = if head.first() == Some(&0x0a) {
        csds::recognise(&blob.bytes()?)
    } else {
        None
    };
    let Some(project) = project else {
        return skip(reader, &blob.origin, &not_text(head));
    };
    reader.found = true;
    let path = format!("csds/{project}/client-status.binpb");
    reader.gathered.file(&path, blob, &mut reader.world)
}

fn add_log(reader: &mut Reader<'_>, blob: Blob, log: logs::Log, stem: &str) -> Result<(), ReadError> {
    reader.found = true;
    let default = reader.options.project.clone();
    let place = |project: Option<String>| project.or(default).unwrap_or_else(|| "-".into());
    let (path, blob) = match log {
        logs::Log::Envoy => (format!("logging/-/{stem}.log"), blob),
        logs::Log::Lines(project) => (format!("logging/{}/{stem}.ndjson", place(project)), blob),
        logs::Log::Array(project) => {
            let path = format!("logging/{}/{stem}.ndjson", place(project));
            (path, logs::to_lines(&blob, &mut reader.spool)?)
        }
    };
    reader.gathered.file(&path, blob, &mut reader.world)
}

fn items(
    reader: &mut Reader<'_>,
    blob: &Blob,
    text: &str,
    stem: &str,
    given: Given<'_>,
) -> Result<(), ReadError> {
    let defaults = Defaults {
        project: reader.options.project.as_deref(),
        policy_project: match given {
            Given::Policy(project) => Some(project),
            Given::Named | Given::Walked => None,
        },
        stem,
    };
    let mut file = File {
        blob,
        origin: blob.origin.as_str().into(),
        defaults,
        notes: BTreeMap::new(),
        lines: BTreeMap::new(),
        found: false,
    };
    documents::each(text, &blob.origin, &mut |piece| file.take(reader, piece))?;
    let File {
        notes, lines, found, ..
    } = file;
    for (project, lines) in lines {
        let path = format!("logging/{project}/{stem}.ndjson");
        let entries = logs::in_memory(&blob.origin, lines);
        reader.gathered.file(&path, entries, &mut reader.world)?;
    }
    reader.found |= found;
    if notes.is_empty() && !found {
        return skip(reader, &blob.origin, "holds nothing but comments");
    }
    for (note, count) in notes {
        let times = if count > 1 {
            format!(" ({count} times)")
        } else {
            String::new()
        };
        if !found {
            reader.note_unrecognised(&blob.origin, &note);
        }
        let expected = if note == UNKNOWN {
            format!("; ignored; expected {EXPECTED}")
        } else {
            String::new()
        };
        warn(reader, &blob.origin, format!("{note}{times}{expected}"));
    }
    Ok(())
}

/// One file while its items are placed.
struct File<'a> {
    blob: &'a Blob,
    origin: Arc<str>,
    defaults: Defaults<'a>,
    /// What to warn of, and how often.
    notes: BTreeMap<String, usize>,
    /// Log entries that came one by one, by project.
    lines: BTreeMap<String, String>,
    found: bool,
}

impl File<'_> {
    fn take(&mut self, reader: &mut Reader<'_>, piece: Piece<'_>) -> Result<(), ReadError> {
        let origin = &self.blob.origin;
        match piece {
            Piece::EmptyList(list) => match google::empty_list(&list, &self.defaults) {
                Class::Rows(path, ..) => {
                    self.found = true;
                    reader.gathered.collected(&path);
                }
                Class::Unplaced(note) => self.note(note),
                _ => self.note("an empty list that is not recognised".into()),
            },
            Piece::Item(item) => {
                reader.scales.count(1, origin)?;
                if let Some(refusal) = refused::of_value(&item.value) {
                    reader.refuse(refused::error(origin, item.line, &refusal));
                    self.found = true;
                    return Ok(());
                }
                let class =
                    google::classify(&item, &self.defaults).map_err(|fault| item.error(origin, &fault))?;
                self.place(reader, &item, class)?;
            }
        }
        Ok(())
    }

    fn place(&mut self, reader: &mut Reader<'_>, item: &Item<'_>, class: Class) -> Result<(), ReadError> {
        let origin = &self.blob.origin;
        self.found |= !matches!(class, Class::Unplaced(_) | Class::Unknown);
        match class {
            Class::Row(path, None) => {
                typed::check(&path, &item.value).map_err(|fault| item.error(origin, &fault))?;
                reader.gathered.row(&path, item.json(), &self.origin);
            }
            Class::Row(path, Some(text)) => {
                let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
                typed::check(&path, &value).map_err(|fault| item.error(origin, &fault))?;
                reader.gathered.row(&path, text, &self.origin);
            }
            Class::Rows(path, rows, unreachable) => {
                reader.gathered.collected(&path);
                reader.gathered.unreachable(&path, unreachable);
                for row in rows {
                    typed::check(&path, &row).map_err(|fault| item.error(origin, &fault))?;
                    reader.gathered.row(&path, row.to_string(), &self.origin);
                }
            }
            Class::Single(path, text) => {
                let converted = text.as_deref().and_then(|text| serde_json::from_str(text).ok());
                let value = converted.as_ref().unwrap_or(&item.value);
                typed::check(&path, value).map_err(|fault| item.error(origin, &fault))?;
                let text = text.unwrap_or_else(|| item.json());
                let blob = Blob::memory(origin.clone(), text.into_bytes());
                reader.gathered.single(&path, blob);
            }
            Class::LogEntry(project) => {
                let lines = self.lines.entry(project).or_default();
                lines.push_str(&item.value.to_string());
                lines.push('\n');
            }
            Class::Csds => {
                let id = item
                    .value
                    .pointer("/config/0/node/id")
                    .and_then(serde_json::Value::as_str);
                let project = id.and_then(google::project_of).unwrap_or("-");
                let path = format!("csds/{project}/client-status.json");
                let blob = Blob::memory(origin.clone(), item.json().into_bytes());
                reader.gathered.file(&path, blob, &mut reader.world)?;
            }
            Class::Unused(kind) => self.note(format!("{kind}: no diagnosis uses this kind; ignored")),
            Class::Unplaced(note) => self.note(note),
            Class::Unknown => self.note(UNKNOWN.into()),
        }
        Ok(())
    }

    fn note(&mut self, note: String) {
        *self.notes.entry(note).or_default() += 1;
    }
}

/// The file's name without folders, packing and extension, safe as part of a layout path.
fn stem(name: &str) -> &str {
    let file = name.rsplit('/').next().unwrap_or(name);
    let (file, _) = super::tree::unpacked_name(file);
    let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    if stem.is_empty() || stem == "-" {
        "input"
    } else {
        stem
    }
}

fn skip(reader: &mut Reader<'_>, origin: &str, problem: &str) -> Result<(), ReadError> {
    reader.note_unrecognised(origin, problem);
    warn(reader, origin, format!("{problem}; ignored; expected {EXPECTED}"));
    Ok(())
}

fn warn(reader: &mut Reader<'_>, origin: &str, text: String) {
    reader.world.warnings.push(Warning {
        origin: origin.to_owned(),
        text,
    });
}
