//! Paths in, [`Snapshot`] out: directories in the snapshot layout, archives, loose files told apart by content.
//!
//! Two steps: every path becomes part of a [`World`] (layout path to bytes), then `layout` types what lies there.
//!
//! Loose Kubernetes manifests join the snapshot's membership where exactly one is there; else they stand under a
//! membership of their own, named `loose`. Where a loose file names no project, `--project` is taken, or `-`.
mod answer;
mod archive;
mod calls;
mod checksums;
mod csds;
mod directory;
mod documents;
mod file;
mod gathered;
mod google;
mod json;
pub(super) mod kinds;
mod layout;
mod limits;
mod locate;
mod logs;
mod loose;
mod named;
mod pages;
mod paths;
mod refused;
mod run_v1;
mod sniff;
mod spool;
mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod typed;
mod yaml;
mod zip;

pub use checksums::{Checked, Fault, NotABundle, altered, digests, verify};
pub(super) use paths::knows as layout_knows;
pub use refused::{Refused, take_out};

use super::world::Content;
use super::{Blob, Encoding, ReadError, Snapshot, World};
use std::path::{Path, PathBuf};

/// How to read.
#[derive(Debug, Default, Clone)]
pub struct Options {
    /// `--iam-policy P=FILE`: policies whose file name does not tell the project.
    pub iam_policies: Vec<(String, PathBuf)>,
    /// `--project`: the fleet project, for loose files that do not name one.
    pub project: Option<String>,
}

/// Reads all paths into one snapshot. `-` is standard input.
pub fn read(paths: &[PathBuf], options: &Options) -> Result<Snapshot, ReadError> {
    from_world(gather(paths, options)?)
}

/// Brings all paths into one world, untyped.
pub fn gather(paths: &[PathBuf], options: &Options) -> Result<World, ReadError> {
    let mut reader = Reader::new(options);
    for (project, path) in &options.iam_policies {
        reader.add(path, loose::Given::Policy(project))?;
    }
    for path in paths {
        if !options.iam_policies.iter().any(|(_, policy)| policy == path) {
            reader.add(path, loose::Given::Named)?;
        }
    }
    reader.finish()
}

/// Types what lies in a world.
pub fn from_world(world: World) -> Result<Snapshot, ReadError> {
    layout::parse(world)
}

/// What was read so far.
struct Reader<'a> {
    options: &'a Options,
    world: World,
    spool: spool::Spool,
    scales: limits::Scales,
    gathered: gathered::Gathered,
    /// Whether anything was recognised.
    found: bool,
    /// The first file that was not, with what is wrong.
    unrecognised: Option<(String, String)>,
    /// The first that holds an API's error: what it should have said is not known, wherever the file was found.
    refused: Option<ReadError>,
}

impl<'a> Reader<'a> {
    fn new(options: &'a Options) -> Self {
        Self {
            options,
            world: World::default(),
            spool: spool::Spool::default(),
            scales: limits::Scales::default(),
            gathered: gathered::Gathered::default(),
            found: false,
            unrecognised: None,
            refused: None,
        }
    }

    fn add(&mut self, path: &Path, given: loose::Given<'_>) -> Result<(), ReadError> {
        let origin = path.display().to_string();
        let io = |source| ReadError::Io {
            path: path.to_owned(),
            source,
        };
        if path.as_os_str() == "-" {
            let mut input = std::io::stdin().lock();
            let content =
                self.spool
                    .store("-", &mut input, u64::MAX, false)
                    .map_err(|error| match error {
                        spool::StoreError::Source(source) => io(source),
                        spool::StoreError::Other(error) => error,
                    })?;
            return self.add_blob(content, "-", given);
        }
        let kind = std::fs::metadata(path).map_err(io)?;
        if kind.is_dir() {
            let entries = directory::entries(path, &mut self.world.warnings)?;
            return tree::add(entries, &origin, self);
        }
        if !kind.is_file() {
            return Err(ReadError::Malformed {
                origin,
                line: 0,
                column: 0,
                problem: "neither a regular file nor a directory".into(),
                remedy: "name a file or a directory; a pipe is read from standard input with `-`".into(),
            });
        }
        self.add_blob(Content::File(path.to_owned()), &origin, given)
    }

    /// An archive or a loose file, by its first bytes.
    fn add_blob(&mut self, content: Content, origin: &str, given: loose::Given<'_>) -> Result<(), ReadError> {
        let mut blob = Blob {
            origin: origin.to_owned(),
            content,
            encoding: Encoding::Plain,
        };
        match sniff::unpack(&mut blob)? {
            sniff::Container::Tar => {
                let entries = tar::entries(&blob, &mut self.spool)?;
                tree::add(entries, origin, self)
            }
            sniff::Container::Zip => {
                let entries = zip::entries(&blob, &mut self.spool)?;
                tree::add(entries, origin, self)
            }
            sniff::Container::None => loose::add(self, blob, origin, given),
        }
    }

    /// Remembers the first file that could not be used: the error, if nothing else can be either.
    fn note_unrecognised(&mut self, origin: &str, problem: &str) {
        if self.unrecognised.is_none() {
            self.unrecognised = Some((origin.to_owned(), problem.to_owned()));
        }
    }

    fn refuse(&mut self, error: ReadError) {
        self.refused.get_or_insert(error);
    }

    fn finish(mut self) -> Result<World, ReadError> {
        if let Some(error) = self.refused {
            return Err(error);
        }
        self.gathered.finish(&mut self.world, &mut self.scales)?;
        match self.unrecognised {
            Some((origin, problem)) if !self.found => Err(ReadError::Malformed {
                origin,
                line: 0,
                column: 0,
                problem,
                remedy: format!("give {}", loose::EXPECTED),
            }),
            _ => Ok(self.world),
        }
    }
}
