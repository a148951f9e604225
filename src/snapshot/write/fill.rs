//! Every file of a snapshot, redacted, on its way to where it is kept; with its size and digest.
use super::redact::{Broken, Place, Redactor, log};
use super::{Keep, WriteError};
use crate::blocks::Limits;
use crate::snapshot::manifest::FileDigest;
use crate::snapshot::{Blob, Snapshot, Warning, layout_knows};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};

/// What was kept.
#[derive(Default)]
pub struct Filled {
    pub files: BTreeMap<String, FileDigest>,
    pub warnings: Vec<Warning>,
}

/// Redacts every file of the snapshot. What the layout does not know is left out, and told.
pub fn fill(keep: &mut dyn Keep, snapshot: &Snapshot, redactor: &mut Redactor) -> Result<Filled, WriteError> {
    let mut filled = Filled::default();
    for (path, blob) in &snapshot.world.files {
        if path == "bundle.json" {
            continue;
        }
        if !layout_knows(path) {
            filled.warn(
                blob,
                "not part of the snapshot layout: left out of the bundle".into(),
            );
            continue;
        }
        let to = redactor.path(path);
        if path.starts_with("logging/") {
            let cut = filled.log(keep, to, blob, redactor)?;
            if cut > 0 {
                let text =
                    format!("{cut} lines of more than 16 MiB: only their beginnings are in the bundle");
                filled.warn(blob, text);
            }
        } else if path.starts_with("csds/") && path.ends_with(".binpb") {
            filled.csds(keep, to, blob, redactor, snapshot)?;
        } else {
            filled.json(keep, path, to, blob, redactor)?;
        }
    }
    Ok(filled)
}

impl Filled {
    fn warn(&mut self, blob: &Blob, text: String) {
        self.warnings.push(Warning {
            origin: blob.origin.clone(),
            text,
        });
    }

    /// The lines that were cut.
    fn log(
        &mut self,
        keep: &mut dyn Keep,
        to: String,
        blob: &Blob,
        redactor: &mut Redactor,
    ) -> Result<u64, WriteError> {
        let input = blob.open().map_err(|error| blob.unreadable(error))?;
        keep.begin(&to).map_err(|error| keep.failed(error))?;
        let mut hashed = Hashed {
            keep: &mut *keep,
            sum: Sha256::new(),
            size: 0,
        };
        let done = if redactor.does_nothing() {
            copy(input, &mut hashed).map(|()| 0)
        } else {
            log(input, &mut hashed, redactor, Limits::default())
        };
        let digest = FileDigest {
            size: hashed.size,
            sha256: format!("{:x}", hashed.sum.finalize()),
        };
        let cut = done.map_err(|broken| match broken {
            Broken::Read(error) => blob.unreadable(error).into(),
            Broken::Write(error) => keep.failed(error),
        })?;
        keep.end().map_err(|error| keep.failed(error))?;
        self.files.insert(to, digest);
        Ok(cut)
    }

    fn json(
        &mut self,
        keep: &mut dyn Keep,
        path: &str,
        to: String,
        blob: &Blob,
        redactor: &mut Redactor,
    ) -> Result<(), WriteError> {
        let bytes = blob.bytes()?;
        if redactor.does_nothing() {
            return self.whole(keep, to, &bytes);
        }
        let text = std::str::from_utf8(&bytes).map_err(|error| {
            WriteError::Redaction(blob.origin.clone(), format!("not text in UTF-8: {error}"))
        })?;
        let place = match path.rsplit('/').next() {
            Some("secrets.json") => Place::SecretData("secret-data"),
            Some("configmaps.json") => Place::SecretData("config-data"),
            _ => Place::Config,
        };
        let new = redactor.json(text, place, &blob.origin)?;
        self.whole(keep, to, new.as_bytes())
    }

    /// Binary stays binary, unless something had to be taken out: then it becomes JSON, under a name of its own.
    fn csds(
        &mut self,
        keep: &mut dyn Keep,
        to: String,
        blob: &Blob,
        redactor: &mut Redactor,
        snapshot: &Snapshot,
    ) -> Result<(), WriteError> {
        let bytes = blob.bytes()?;
        let Some(text) = redactor.csds(&bytes, &blob.origin)? else {
            return self.whole(keep, to, &bytes);
        };
        let stem = to.trim_end_matches(".binpb");
        let taken = |path: &String| snapshot.world.files.contains_key(path) || self.files.contains_key(path);
        let mut path = format!("{stem}.json");
        let mut number = 2_u32;
        while taken(&path) {
            path = format!("{stem}-{number}.json");
            number += 1;
        }
        self.whole(keep, path, text.as_bytes())
    }

    fn whole(&mut self, keep: &mut dyn Keep, path: String, bytes: &[u8]) -> Result<(), WriteError> {
        keep.file(&path, bytes).map_err(|error| keep.failed(error))?;
        let digest = FileDigest {
            size: bytes.len() as u64,
            sha256: format!("{:x}", Sha256::digest(bytes)),
        };
        self.files.insert(path, digest);
        Ok(())
    }
}

fn copy(input: impl Read, out: &mut dyn Write) -> Result<(), Broken> {
    let mut input = BufReader::with_capacity(1 << 18, input);
    loop {
        let block = input.fill_buf().map_err(Broken::Read)?;
        if block.is_empty() {
            return Ok(());
        }
        out.write_all(block).map_err(Broken::Write)?;
        let used = block.len();
        input.consume(used);
    }
}

/// Counts and hashes what it passes on.
struct Hashed<'k> {
    keep: &'k mut dyn Keep,
    sum: Sha256,
    size: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.keep.more(bytes)?;
        self.sum.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
