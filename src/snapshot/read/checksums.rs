//! The manifest's list of files against the files.
use super::directory;
use super::sniff::{self, Container};
use super::tree::Entry;
use crate::snapshot::manifest::{FileDigest, SCHEMA};
use crate::snapshot::seal::{Seal, seal_of};
use crate::snapshot::world::{Content, MAX_FILE};
use crate::snapshot::{Blob, Encoding, Manifest, ReadError, World};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The manifest, whose own digest is nowhere.
const MANIFEST: &str = "bundle.json";

/// What is wrong with a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Another content than when it was made.
    Altered(String),
    Missing(String),
    /// Not of the bundle.
    Extra(String),
    /// The archive itself: it breaks off, or its own checksum does not hold.
    Archive(String),
}

/// A bundle, checked.
#[derive(Debug)]
pub struct Checked {
    pub manifest: Manifest,
    /// Files that are as they were.
    pub intact: usize,
    pub faults: Vec<Fault>,
}

/// Why something cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum NotABundle {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(
        "{origin}: not a bundle: {problem}\n  remedy: name a file as `meshdoctor bundle create` writes it"
    )]
    Other { origin: String, problem: String },
}

/// Checks every file of a bundle, an archive or a directory, against its manifest. Constant memory.
///
/// # Errors
/// Where there is no bundle to check, or nothing can be read at all.
pub fn verify(path: &Path) -> Result<Checked, NotABundle> {
    let origin = path.display().to_string();
    let other = |problem: &str| NotABundle::Other {
        origin: origin.clone(),
        problem: problem.to_owned(),
    };
    let io = |source| ReadError::Io {
        path: path.to_owned(),
        source,
    };
    let mut found = Found::default();
    if std::fs::metadata(path).map_err(io)?.is_dir() {
        in_directory(path, &mut found)?;
    } else {
        let seal = seal_of(&mut File::open(path).map_err(io)?).map_err(io)?;
        let mut blob = Blob {
            origin: origin.clone(),
            content: Content::File(path.to_owned()),
            encoding: Encoding::Plain,
        };
        in_archive(&mut blob, seal, &mut found)?;
        if seal == Seal::Broken && found.broken.is_none() {
            found.broken = Some("its bytes are not those that were written".into());
        }
    }
    found.judge().map_err(|problem| other(&problem))
}

/// What is there.
#[derive(Default)]
struct Found {
    manifest: Option<Vec<u8>>,
    digests: BTreeMap<String, FileDigest>,
    /// Names that are there more than once, or are none.
    odd: Vec<String>,
    broken: Option<String>,
}

impl Found {
    fn add(&mut self, path: String, stream: &mut dyn Read) -> io::Result<()> {
        if path == MANIFEST && self.manifest.is_none() {
            let mut bytes = Vec::new();
            stream.take(MAX_FILE).read_to_end(&mut bytes)?;
            self.manifest = Some(bytes);
            return Ok(());
        }
        let digest = digest(stream)?;
        if path == MANIFEST || self.digests.contains_key(&path) {
            self.odd.push(path);
        } else {
            self.digests.insert(path, digest);
        }
        Ok(())
    }

    fn judge(mut self) -> Result<Checked, String> {
        let archive = self.broken.take().map(Fault::Archive);
        let manifest = self.manifest.as_deref().map(serde_json::from_slice::<Manifest>);
        let manifest = match (manifest, &archive) {
            (Some(Ok(manifest)), _) => manifest,
            // Too damaged to say what it was to hold, and still no other thing than a bundle.
            (_, Some(_)) => Manifest::default(),
            (Some(Err(error)), None) => return Err(format!("its {MANIFEST} cannot be read: {error}")),
            (None, None) => return Err(format!("it has no {MANIFEST}")),
        };
        if archive.is_none() && manifest.schema_version != SCHEMA {
            return Err(format!(
                "its {MANIFEST} has schemaVersion {:?}, not {SCHEMA:?}",
                manifest.schema_version
            ));
        }
        if archive.is_none() && manifest.files.is_empty() {
            return Err(format!(
                "its {MANIFEST} lists no files, so nothing can be checked"
            ));
        }
        let mut faults = compare(&manifest.files, &self.digests);
        faults.extend(self.odd.into_iter().map(Fault::Extra));
        let wrong = |fault: &&Fault| matches!(fault, Fault::Altered(_) | Fault::Missing(_));
        let intact = manifest.files.len() - faults.iter().filter(wrong).count();
        faults.extend(archive);
        Ok(Checked {
            manifest,
            intact,
            faults,
        })
    }
}

fn compare(told: &BTreeMap<String, FileDigest>, there: &BTreeMap<String, FileDigest>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (path, digest) in told {
        match there.get(path) {
            None => faults.push(Fault::Missing(path.clone())),
            Some(other)
                if other.size != digest.size || !other.sha256.eq_ignore_ascii_case(&digest.sha256) =>
            {
                faults.push(Fault::Altered(path.clone()));
            }
            Some(_) => {}
        }
    }
    let extra = there.keys().filter(|path| !told.contains_key(*path));
    faults.extend(extra.cloned().map(Fault::Extra));
    faults
}

fn digest(stream: &mut dyn Read) -> io::Result<FileDigest> {
    let mut sum = Sha256::new();
    let size = io::copy(stream, &mut sum)?;
    Ok(FileDigest {
        size,
        sha256: format!("{:x}", sum.finalize()),
    })
}

fn in_directory(path: &Path, found: &mut Found) -> Result<(), ReadError> {
    let mut warnings = Vec::new();
    for entry in directory::entries(path, &mut warnings)? {
        let stream = entry.blob.open();
        let done = stream.and_then(|mut stream| found.add(entry.path, &mut stream));
        done.map_err(|error| entry.blob.unreadable(error))?;
    }
    found
        .odd
        .extend(warnings.into_iter().map(|warning| warning.origin));
    Ok(())
}

fn in_archive(blob: &mut Blob, seal: Seal, found: &mut Found) -> Result<(), NotABundle> {
    let sealed = seal != Seal::Absent;
    match sniff::unpack(blob) {
        Ok(Container::Tar) => {}
        // A seal, or a frame that breaks off, says what it was.
        Ok(_) if sealed || (blob.encoding == Encoding::Zstd && breaks_off(blob)) => {
            found.broken = Some("its first bytes are damaged".into());
            return Ok(());
        }
        Ok(_) => {
            return Err(NotABundle::Other {
                origin: blob.origin.clone(),
                problem: "no archive (.tar.zst) and no directory".into(),
            });
        }
        Err(ReadError::Malformed { problem, .. }) => {
            found.broken = Some(problem);
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    }
    let stream = blob.open().map_err(|error| blob.unreadable(error))?;
    if let Err(error) = entries(stream, found) {
        found.broken = Some(format!("it breaks off or is damaged: {error}"));
    }
    Ok(())
}

fn breaks_off(blob: &Blob) -> bool {
    let stream = blob.open();
    stream
        .and_then(|mut stream| io::copy(&mut stream, &mut io::sink()))
        .is_err()
}

fn entries(stream: Box<dyn Read + Send>, found: &mut Found) -> io::Result<()> {
    let mut archive = tar::Archive::new(stream);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let kind = entry.header().entry_type();
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        if kind.is_file() || kind.is_contiguous() {
            let (size, before) = (entry.size(), path.clone());
            let mut counted = Counted(&mut entry, 0);
            found.add(path.trim_start_matches("./").to_owned(), &mut counted)?;
            if counted.1 != size {
                found.digests.remove(&before);
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "an entry is cut off",
                ));
            }
        } else {
            found.odd.push(path);
        }
    }
    // The rest proves the packing's own checksum, and that nothing else follows.
    let mut rest = archive.into_inner();
    let mut left = [0; 1 << 16];
    loop {
        let read = rest.read(&mut left)?;
        if read == 0 {
            return Ok(());
        }
        if left.iter().take(read).any(|byte| *byte != 0) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "more follows the last file",
            ));
        }
    }
}

struct Counted<R>(R, u64);

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.0.read(buffer)?;
        self.1 += read as u64;
        Ok(read)
    }
}

/// What a diagnosis must say of a tree whose manifest lists its files: those that are not as they were, a sentence each.
/// Without a list nothing is said.
pub fn faults(entries: &[Entry]) -> Vec<String> {
    let blobs = entries.iter().map(|entry| (entry.path.as_str(), &entry.blob));
    faults_of(blobs)
}

/// The same of a world whose files are not packed.
pub fn altered(world: &World) -> Vec<String> {
    faults_of(world.files.iter().map(|(path, blob)| (path.as_str(), blob)))
}

/// The digests of a world's files, as its manifest would list them.
///
/// # Errors
/// Where a file cannot be read.
pub fn digests(world: &World) -> io::Result<BTreeMap<String, FileDigest>> {
    let files = world.files.iter().filter(|(path, _)| *path != MANIFEST);
    files
        .map(|(path, blob)| Ok((path.clone(), digest(&mut blob.open()?)?)))
        .collect()
}

fn faults_of<'a>(files: impl Iterator<Item = (&'a str, &'a Blob)> + Clone) -> Vec<String> {
    let Some((_, manifest)) = files.clone().find(|(path, _)| *path == MANIFEST) else {
        return Vec::new();
    };
    // A manifest that cannot be read is told of where it is read.
    let told = manifest.bytes().ok();
    let told = told.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let told = told.map(|manifest| manifest.files).unwrap_or_default();
    if told.is_empty() {
        return Vec::new();
    }
    let mut there = BTreeMap::new();
    for (path, blob) in files.filter(|(path, _)| *path != MANIFEST) {
        let digest = blob.open().and_then(|mut stream| digest(&mut stream));
        there.insert(path.to_owned(), digest.unwrap_or_default());
    }
    let text = |fault: Fault| match fault {
        Fault::Altered(path) => {
            format!("{path} is not as it was when the bundle was made: its checksum differs")
        }
        Fault::Missing(path) => format!("{path} is listed in {MANIFEST} and not there"),
        Fault::Extra(path) => format!("{path} is not listed in {MANIFEST}: it came later"),
        Fault::Archive(problem) => problem,
    };
    compare(&told, &there).into_iter().map(text).collect()
}
