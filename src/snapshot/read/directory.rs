//! A directory in the snapshot layout.
use crate::snapshot::world::Content;
use crate::snapshot::{Blob, Encoding, ReadError, World};
use std::fs;
use std::path::Path;

/// The first folders of the layout.
pub const SOURCES: [&str; 10] = [
    "cloud-run",
    "logging",
    "iam",
    "service-usage",
    "dns",
    "compute",
    "fleet",
    "clusters",
    "csds",
    "kubernetes",
];

/// Adds every file below `root` under its relative path.
pub fn add(root: &Path, world: &mut World) -> Result<(), ReadError> {
    walk(root, root, world)
}

fn walk(root: &Path, folder: &Path, world: &mut World) -> Result<(), ReadError> {
    let io = |source| ReadError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let path = entry.path();
        if entry.file_type().map_err(io)?.is_dir() {
            walk(root, &path, world)?;
            continue;
        }
        let relative = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let (name, encoding) = unpacked_name(&relative);
        world.files.insert(
            name.to_owned(),
            Blob {
                origin: path.display().to_string(),
                content: Content::File(path),
                encoding,
            },
        );
    }
    Ok(())
}

/// The layout path without a packing suffix, and the packing.
pub fn unpacked_name(path: &str) -> (&str, Encoding) {
    if let Some(name) = path.strip_suffix(".zst") {
        (name, Encoding::Zstd)
    } else if let Some(name) = path.strip_suffix(".gz") {
        (name, Encoding::Gzip)
    } else {
        (path, Encoding::Plain)
    }
}
