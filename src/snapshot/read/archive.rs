//! What both kinds of archive must obey: safe names, plain files, no doubles, limits.
use super::limits::MAX_FILES;
use super::spool::{Spool, StoreError};
use super::tree::{Entry, unpacked_name};
use crate::snapshot::world::MAX_FILE;
use crate::snapshot::{Blob, Encoding, ReadError};
use std::collections::BTreeSet;
use std::io::Read;

/// The entries taken from one archive.
pub struct Unpacked<'a> {
    archive: &'a str,
    seen: BTreeSet<String>,
    count: usize,
    pub entries: Vec<Entry>,
}

impl<'a> Unpacked<'a> {
    pub fn new(archive: &'a str) -> Self {
        Self {
            archive,
            seen: BTreeSet::new(),
            count: 0,
            entries: Vec::new(),
        }
    }

    /// Counts an entry and makes its name safe; `None` for the archive's own root and hidden files.
    pub fn name(&mut self, raw: &[u8], is_folder: bool) -> Result<Option<String>, ReadError> {
        self.count += 1;
        if self.count > MAX_FILES {
            return Err(self.refuse(format!("holds more than {MAX_FILES} entries")));
        }
        let Ok(name) = std::str::from_utf8(raw) else {
            let shown = String::from_utf8_lossy(raw).into_owned();
            return Err(self.refuse(format!("entry {shown:?} has a name that is not UTF-8")));
        };
        if name.starts_with('/') || name.contains('\\') || name.contains('\0') || name.get(1..2) == Some(":")
        {
            return Err(self.refuse(format!(
                "entry {name:?} has an absolute path or a forbidden character"
            )));
        }
        let parts: Vec<&str> = name
            .split('/')
            .filter(|part| !part.is_empty() && *part != ".")
            .collect();
        if parts.contains(&"..") {
            return Err(self.refuse(format!("entry {name:?} points outside the archive")));
        }
        if is_folder || parts.is_empty() {
            return Ok(None);
        }
        let path = parts.join("/");
        if !self.seen.insert(path.clone()) {
            return Err(self.refuse(format!("entry {path:?} is there twice")));
        }
        let hidden = parts.iter().any(|part| part.starts_with('.'));
        Ok((!hidden).then_some(path))
    }

    /// Keeps one file's bytes.
    pub fn keep(&mut self, path: String, stream: &mut dyn Read, spool: &mut Spool) -> Result<(), ReadError> {
        let origin = format!("{}!{path}", self.archive);
        let (name, _) = unpacked_name(&path);
        let log = path.starts_with("logging/") || path.contains("/logging/") || name.ends_with(".ndjson");
        let most = if log { u64::MAX } else { MAX_FILE };
        let content = spool
            .store(&origin, stream, most, log)
            .map_err(|error| match error {
                StoreError::Source(error) => self.damaged(&error.to_string()),
                StoreError::Other(error) => error,
            })?;
        self.entries.push(Entry {
            path,
            blob: Blob {
                origin,
                content,
                encoding: Encoding::Plain,
            },
        });
        Ok(())
    }

    /// Neither a plain file nor a folder.
    pub fn refuse_kind(&self, raw: &[u8], kind: &str) -> ReadError {
        self.refuse(format!("entry {:?} is {kind}", String::from_utf8_lossy(raw)))
    }

    pub fn refuse(&self, problem: String) -> ReadError {
        ReadError::UnsafeArchive {
            origin: self.archive.to_owned(),
            problem,
            remedy: "use an archive as `meshdoctor bundle create` writes it: plain files with relative names, each once"
                .into(),
        }
    }

    pub fn damaged(&self, problem: &str) -> ReadError {
        ReadError::Malformed {
            origin: self.archive.to_owned(),
            line: 0,
            column: 0,
            problem: format!("the archive breaks off or is damaged: {problem}"),
            remedy: "copy or create the archive again".into(),
        }
    }
}
