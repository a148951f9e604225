//! [`Snapshot`] out: to one archive, the support bundle, or to a directory in the layout; redacted, with a manifest.
//!
//! `fill` redacts file by file and hands each on as it comes, to an `archive` of compressed `frames` or to a `directory`. What
//! was written is there whole or not at all: it gets its name when it is done.
mod archive;
mod directory;
mod fill;
mod frames;
mod redact;

pub use redact::{Key, Level, Redaction};

use super::manifest::{FileDigest, RedactionSummary, SCHEMA};
use super::{Manifest, ReadError, Snapshot, Warning};
use redact::Redactor;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// Why a bundle could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{}: {source}\n  remedy: name a file in a folder that exists and can be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}: there already, and not an empty folder\n  remedy: name another, or remove it", .0.display())]
    Exists(PathBuf),
    #[error("redaction: {0}\n  remedy: give a regular expression that can be searched for")]
    Pattern(#[from] regex::Error),
    #[error(
        "{0}: could not be redacted: {1}\n  remedy: leave the file out, or use `--redact off` where nobody else will read the bundle"
    )]
    Redaction(String, String),
}

/// What was written.
#[derive(Debug)]
pub struct Written {
    pub manifest: Manifest,
    /// What is not in it, and why.
    pub warnings: Vec<Warning>,
}

/// Where redacted files are kept until all are there.
trait Keep: Send {
    fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()>;
    /// A log, whose size shows at its end.
    fn begin(&mut self, path: &str) -> io::Result<()>;
    fn more(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn end(&mut self) -> io::Result<()>;
    /// What an error of these means.
    fn failed(&self, source: io::Error) -> WriteError;
}

/// Writes a bundle.
///
/// # Errors
/// Where a file cannot be read, redacted or written; nothing is left behind then.
pub fn bundle(snapshot: &Snapshot, redaction: &Redaction, to: &Path) -> Result<Written, WriteError> {
    let mut archive = archive::Archive::new(to, snapshot.collected_at)?;
    let written = keep(snapshot, redaction, &mut archive)?;
    archive.finish(&written.manifest)?;
    Ok(written)
}

/// Writes the same as a directory, which must not be there yet, or be empty.
///
/// # Errors
/// As for [`bundle`].
pub fn directory(snapshot: &Snapshot, redaction: &Redaction, to: &Path) -> Result<Written, WriteError> {
    let mut directory = directory::Directory::new(to)?;
    let written = keep(snapshot, redaction, &mut directory)?;
    directory.finish(&written.manifest)?;
    Ok(written)
}

fn keep(snapshot: &Snapshot, redaction: &Redaction, keep: &mut dyn Keep) -> Result<Written, WriteError> {
    let mut redactor = Redactor::new(redaction, snapshot)?;
    let filled = fill::fill(keep, snapshot, &mut redactor)?;
    Ok(Written {
        manifest: manifest(snapshot, redaction, &mut redactor, filled.files),
        warnings: filled.warnings,
    })
}

/// The manifest as it was read, with what was written now.
fn manifest(
    snapshot: &Snapshot,
    redaction: &Redaction,
    redactor: &mut Redactor,
    files: BTreeMap<String, FileDigest>,
) -> Manifest {
    let mut manifest = snapshot.manifest.clone();
    manifest.schema_version = SCHEMA.into();
    manifest.tool_version = env!("CARGO_PKG_VERSION").into();
    // The "now" of every rule: without it the bundle would be judged by the day it is read.
    manifest.collected_at = Some(snapshot.collected_at);
    let scope = &mut manifest.scope;
    let lists = [
        &mut scope.service_projects,
        &mut scope.services,
        &mut scope.namespaces,
    ];
    let texts =
        lists
            .into_iter()
            .flatten()
            .chain([&mut scope.project, &mut scope.url, &mut manifest.operator]);
    let told = manifest.collectors.iter_mut().flat_map(|collector| {
        let texts = [&mut collector.error, &mut collector.permission_needed];
        let of_calls = collector.failures.iter_mut().flat_map(|failure| {
            let named = [
                &mut failure.permission,
                &mut failure.resource,
                &mut failure.service,
            ];
            [&mut failure.call, &mut failure.error]
                .into_iter()
                .chain(named.into_iter().flatten())
        });
        texts.into_iter().chain(&mut collector.notes).chain(of_calls)
    });
    for text in texts.chain(told) {
        if let Some(new) = redactor.plain(text) {
            *text = new;
        }
    }
    manifest.counted_to = std::mem::take(&mut manifest.counted_to)
        .into_iter()
        .map(|(project, count)| (redactor.plain(&project).unwrap_or(project), count))
        .collect();
    manifest.files = files;
    let before = manifest.redaction.take().unwrap_or_default();
    let mut rules = before.rules;
    for (kind, count) in redactor.counts() {
        *rules.entry(kind.clone()).or_default() += count;
    }
    let kept = Level::parse(&before.level).filter(|level| *level > redaction.level);
    manifest.redaction = Some(RedactionSummary {
        level: kept.unwrap_or(redaction.level).as_str().into(),
        rules,
    });
    manifest
}

/// `bundle.json`, with a final line end.
fn manifest_text(manifest: &Manifest) -> String {
    // A manifest is texts and numbers: it always has a JSON form.
    serde_json::to_string_pretty(manifest).unwrap_or_default() + "\n"
}

/// The folder that a file is written to before it gets its name.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
