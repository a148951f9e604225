//! Where collectors put their files: a private folder in the snapshot layout.
use crate::snapshot::{Blob, Content, Encoding, World};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use tempfile::TempDir;

/// A folder of its own that goes with its last owner. Collectors write side by side, each below its own path.
#[derive(Debug)]
pub struct Store {
    folder: TempDir,
    paths: Mutex<BTreeSet<String>>,
}

impl Store {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            folder: tempfile::Builder::new().prefix("meshdoctor-").tempdir()?,
            paths: Mutex::default(),
        })
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a whole file under its layout path.
    pub fn put(&self, layout_path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.prepare(layout_path)?;
        fs::write(path, bytes)
    }

    /// A file to stream into.
    pub fn writer(&self, layout_path: &str) -> io::Result<BufWriter<File>> {
        Ok(BufWriter::new(File::create(self.prepare(layout_path)?)?))
    }

    /// Takes a file back that turned out to be incomplete.
    pub fn discard(&self, layout_path: &str) {
        if let Ok(mut paths) = self.paths.lock() {
            paths.remove(layout_path);
        }
    }

    fn prepare(&self, layout_path: &str) -> io::Result<PathBuf> {
        // Names of zones and regions come from answers: none may lead out of the folder.
        let strange =
            |part: &str| part.is_empty() || part == "." || part == ".." || part.contains(['\\', '\0']);
        if layout_path.split('/').any(strange) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("{layout_path:?} is no path of a snapshot"),
            ));
        }
        let path = self.folder.path().join(layout_path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if let Ok(mut paths) = self.paths.lock() {
            paths.insert(layout_path.to_owned());
        }
        Ok(path)
    }

    /// Everything that was put, as a world.
    pub fn world(&self) -> World {
        let paths = self.paths.lock().map(|p| p.clone()).unwrap_or_default();
        let mut world = World::default();
        for layout_path in paths {
            let content = Content::File(self.folder.path().join(&layout_path));
            let blob = Blob {
                origin: layout_path.clone(),
                content,
                encoding: Encoding::Plain,
            };
            world.files.insert(layout_path, blob);
        }
        world
    }
}
