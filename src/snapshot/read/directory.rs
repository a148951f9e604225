//! A directory: its regular files, links not followed, hidden ones left out.
use super::limits::{MAX_DEPTH, MAX_FILES, too_large};
use super::tree::Entry;
use crate::snapshot::world::Content;
use crate::snapshot::{Blob, Encoding, ReadError, Warning};
use std::fs;
use std::path::Path;

/// Every regular file below `root`, by its path from there with `/` between the parts.
pub fn entries(root: &Path, warnings: &mut Vec<Warning>) -> Result<Vec<Entry>, ReadError> {
    let mut entries = Vec::new();
    walk(root, "", 0, &mut entries, warnings)?;
    entries.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(entries)
}

fn walk(
    folder: &Path,
    prefix: &str,
    depth: usize,
    entries: &mut Vec<Entry>,
    warnings: &mut Vec<Warning>,
) -> Result<(), ReadError> {
    let origin = folder.display().to_string();
    if depth > MAX_DEPTH {
        return Err(too_large(
            &origin,
            format!("lies more than {MAX_DEPTH} folders deep"),
        ));
    }
    let io = |source| ReadError::Io {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let path = entry.path();
        let relative = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() {
            walk(&path, &relative, depth + 1, entries, warnings)?;
            continue;
        }
        if !kind.is_file() {
            let what = if kind.is_symlink() {
                "a symbolic link"
            } else {
                "not a regular file"
            };
            warnings.push(Warning {
                origin: path.display().to_string(),
                text: format!("{what}: ignored; name the file itself if it is needed"),
            });
            continue;
        }
        if entries.len() >= MAX_FILES {
            return Err(too_large(&origin, format!("holds more than {MAX_FILES} files")));
        }
        entries.push(Entry {
            path: relative,
            blob: Blob {
                origin: path.display().to_string(),
                content: Content::File(path),
                encoding: Encoding::Plain,
            },
        });
    }
    Ok(())
}
