//! The same files as a directory, built beside its place and renamed.
use super::{Keep, Manifest, WriteError, folder_of, manifest_text};
use crate::snapshot::unfinished;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub struct Directory {
    to: PathBuf,
    folder: TempDir,
    log: Option<File>,
}

impl Directory {
    pub fn new(to: &Path) -> Result<Self, WriteError> {
        let is_empty = |path: &Path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
        if to.symlink_metadata().is_ok() && !is_empty(to) {
            return Err(WriteError::Exists(to.to_owned()));
        }
        let named = || {
            let mut builder = tempfile::Builder::new();
            builder.prefix(".meshdoctor-").tempdir_in(folder_of(to))
        };
        let folder = unfinished::make(named, |folder| folder.path()).map_err(|source| WriteError::Write {
            path: to.to_owned(),
            source,
        })?;
        Ok(Self {
            to: to.to_owned(),
            folder,
            log: None,
        })
    }

    /// Puts it in its place.
    pub fn finish(mut self, manifest: &Manifest) -> Result<(), WriteError> {
        let text = manifest_text(manifest);
        let put = self.file("bundle.json", text.as_bytes());
        // An empty folder in its place gives way to it.
        put.and_then(|()| unfinished::step(|| fs::rename(self.folder.path(), &self.to)))
            .map_err(|error| self.failed(error))?;
        _ = self.folder.keep();
        Ok(())
    }

    fn create(&self, path: &str) -> io::Result<File> {
        let path = self.folder.path().join(path);
        unfinished::step(|| {
            fs::create_dir_all(folder_of(&path))?;
            File::create(&path)
        })
    }
}

impl Keep for Directory {
    fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.create(path)?.write_all(content)
    }

    fn begin(&mut self, path: &str) -> io::Result<()> {
        self.log = Some(self.create(path)?);
        Ok(())
    }

    fn more(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.log.as_mut().map_or(Ok(()), |log| log.write_all(bytes))
    }

    fn end(&mut self) -> io::Result<()> {
        self.log = None;
        Ok(())
    }

    fn failed(&self, source: io::Error) -> WriteError {
        WriteError::Write {
            path: self.to.clone(),
            source,
        }
    }
}
