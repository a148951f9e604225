//! All redacted files one behind the other in one temporary file, with their sizes and digests.
use super::WriteError;
use super::redact::{Place, Redactor, lines};
use crate::snapshot::manifest::FileDigest;
use crate::snapshot::{Blob, Snapshot, Warning, layout_knows};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};

/// The files so far, by their path in the bundle.
pub struct Spool {
    file: BufWriter<File>,
    written: u64,
    parts: BTreeMap<String, Part>,
}

/// Takes one file: path, size in bytes, content.
pub type Take<'t> = dyn FnMut(&str, u64, &mut dyn Read) -> Result<(), WriteError> + 't;

struct Part {
    offset: u64,
    digest: FileDigest,
}

fn failed(source: io::Error) -> WriteError {
    WriteError::Write {
        path: std::env::temp_dir(),
        source,
    }
}

impl Spool {
    pub fn new() -> Result<Self, WriteError> {
        Ok(Self {
            file: BufWriter::with_capacity(1 << 20, tempfile::tempfile().map_err(failed)?),
            written: 0,
            parts: BTreeMap::new(),
        })
    }

    pub fn digests(&self) -> BTreeMap<String, FileDigest> {
        let parts = self.parts.iter();
        parts
            .map(|(path, part)| (path.clone(), part.digest.clone()))
            .collect()
    }

    /// Hands over every file in the order of their paths.
    pub fn each(&mut self, take: &mut Take<'_>) -> Result<(), WriteError> {
        self.file.flush().map_err(failed)?;
        let file = self.file.get_mut();
        for (path, part) in &self.parts {
            file.seek(SeekFrom::Start(part.offset)).map_err(failed)?;
            let mut content = BufReader::with_capacity(1 << 18, Read::by_ref(file).take(part.digest.size));
            take(path, part.digest.size, &mut content)?;
        }
        Ok(())
    }

    /// Adds a file that `fill` writes.
    fn add<T>(
        &mut self,
        path: String,
        fill: impl FnOnce(&mut Hashed<'_>) -> Result<T, WriteError>,
    ) -> Result<T, WriteError> {
        let offset = self.written;
        let mut hashed = Hashed {
            out: &mut self.file,
            sum: Sha256::new(),
            size: 0,
        };
        let told = fill(&mut hashed)?;
        let digest = FileDigest {
            size: hashed.size,
            sha256: format!("{:x}", hashed.sum.finalize()),
        };
        self.written += digest.size;
        self.parts.insert(path, Part { offset, digest });
        Ok(told)
    }

    fn add_bytes(&mut self, path: String, bytes: &[u8]) -> Result<(), WriteError> {
        self.add(path, |out| out.write_all(bytes).map_err(failed))
    }
}

/// Counts and hashes what it passes on.
struct Hashed<'f> {
    out: &'f mut BufWriter<File>,
    sum: Sha256,
    size: u64,
}

impl Write for Hashed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.sum.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Redacts every file of the snapshot into the spool. What the layout does not know is left out, and told.
pub fn fill(
    spool: &mut Spool,
    snapshot: &Snapshot,
    redactor: &mut Redactor,
) -> Result<Vec<Warning>, WriteError> {
    let mut warnings = Vec::new();
    for (path, blob) in &snapshot.world.files {
        if path == "bundle.json" {
            continue;
        }
        if !layout_knows(path) {
            warnings.push(Warning {
                origin: blob.origin.clone(),
                text: "not part of the snapshot layout: left out of the bundle".into(),
            });
            continue;
        }
        let to = redactor.path(path);
        if path.starts_with("logging/") {
            let cut = log(spool, to, blob, redactor)?;
            if cut > 0 {
                warnings.push(Warning {
                    origin: blob.origin.clone(),
                    text: format!("{cut} lines of more than 16 MiB: only their beginnings are in the bundle"),
                });
            }
        } else if path.starts_with("csds/") && path.ends_with(".binpb") {
            csds(spool, to, blob, redactor, snapshot)?;
        } else {
            json(spool, path, to, blob, redactor)?;
        }
    }
    Ok(warnings)
}

fn log(spool: &mut Spool, to: String, blob: &Blob, redactor: &mut Redactor) -> Result<u64, WriteError> {
    let stream = blob.open().map_err(|error| blob.unreadable(error))?;
    let mut input = BufReader::with_capacity(1 << 20, stream);
    spool.add(to, |out| {
        let done = if redactor.does_nothing() {
            io::copy(&mut input, out).map(|_| 0)
        } else {
            lines(&mut input, out, redactor)
        };
        done.map_err(|error| blob.unreadable(error).into())
    })
}

fn json(
    spool: &mut Spool,
    path: &str,
    to: String,
    blob: &Blob,
    redactor: &mut Redactor,
) -> Result<(), WriteError> {
    let bytes = blob.bytes()?;
    if redactor.does_nothing() {
        return spool.add_bytes(to, &bytes);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| WriteError::Redaction(blob.origin.clone(), format!("not text in UTF-8: {error}")))?;
    let place = match path.rsplit('/').next() {
        Some("secrets.json") => Place::SecretData("secret-data"),
        Some("configmaps.json") => Place::SecretData("config-data"),
        _ => Place::Config,
    };
    let new = redactor.json(text, place, &blob.origin)?;
    spool.add_bytes(to, new.as_bytes())
}

/// Binary stays binary, unless something had to be taken out: then it becomes JSON, under a name of its own.
fn csds(
    spool: &mut Spool,
    to: String,
    blob: &Blob,
    redactor: &mut Redactor,
    snapshot: &Snapshot,
) -> Result<(), WriteError> {
    let bytes = blob.bytes()?;
    let Some(text) = redactor.csds(&bytes, &blob.origin)? else {
        return spool.add_bytes(to, &bytes);
    };
    let stem = to.trim_end_matches(".binpb");
    let taken = |path: &String| snapshot.world.files.contains_key(path) || spool.parts.contains_key(path);
    let mut path = format!("{stem}.json");
    let mut number = 2_u32;
    while taken(&path) {
        path = format!("{stem}-{number}.json");
        number += 1;
    }
    spool.add_bytes(path, text.as_bytes())
}
