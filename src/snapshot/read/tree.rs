//! Files with relative paths, from a directory or an archive: a snapshot in the layout, or a folder of loose files.
use super::{Reader, checksums, loose, paths};
use crate::snapshot::{Blob, Encoding, ReadError, SOURCES, Warning};

/// One file below the root.
#[derive(Debug)]
pub struct Entry {
    /// From the root, `/` between the parts.
    pub path: String,
    pub blob: Blob,
}

/// Beside a snapshot, not of it, and passed over without a warning: what a diagnosis of it must say.
const COMPANIONS: [&str; 1] = ["expected.yaml"];

/// What is considered of a folder of loose files, before `.gz` or `.zst`.
const LOOSE: [&str; 7] = ["yaml", "yml", "json", "ndjson", "log", "txt", "binpb"];

/// Puts a tree's files where they belong.
pub fn add(mut entries: Vec<Entry>, origin: &str, reader: &mut Reader<'_>) -> Result<(), ReadError> {
    if entries.is_empty() {
        reader.world.warnings.push(Warning {
            origin: origin.to_owned(),
            text: "holds no file; name a snapshot, a bundle, or a folder with manifests, logs or policies"
                .into(),
        });
    }
    if !is_layout(&entries) && !enter_only_folder(&mut entries) {
        return add_loose(entries, origin, reader);
    }
    entries.retain(|entry| !COMPANIONS.contains(&entry.path.as_str()));
    for text in checksums::faults(&entries) {
        reader.world.altered.push(text.clone());
        let origin = origin.to_owned();
        reader.world.warnings.push(Warning { origin, text });
    }
    for entry in entries {
        let (name, encoding) = unpacked_name(&entry.path);
        let blob = Blob {
            encoding,
            ..entry.blob
        };
        reader.found = true;
        reader.gathered.file(name, blob, &mut reader.world)?;
    }
    Ok(())
}

/// Archives hold a folder that holds the snapshot; false (and unchanged) where this one does not.
fn enter_only_folder(entries: &mut [Entry]) -> bool {
    let Some(folder) = entries
        .first()
        .and_then(|e| e.path.split_once('/'))
        .map(|(f, _)| format!("{f}/"))
    else {
        return false;
    };
    let within = |path: &str| path.strip_prefix(&folder).map(str::to_owned);
    let Some(inner) = entries
        .iter()
        .map(|e| within(&e.path))
        .collect::<Option<Vec<_>>>()
    else {
        return false;
    };
    if !is_layout_of(inner.iter().map(String::as_str)) {
        return false;
    }
    for (entry, path) in entries.iter_mut().zip(inner) {
        entry.path = path;
    }
    true
}

fn is_layout(entries: &[Entry]) -> bool {
    is_layout_of(entries.iter().map(|e| e.path.as_str()))
}

/// A manifest, one file that the layout knows, or nothing but source folders: a repository's `kubernetes/` folder
/// of manifests is not a snapshot.
fn is_layout_of<'a>(paths: impl Iterator<Item = &'a str>) -> bool {
    let mut only_sources = true;
    let mut any = false;
    for path in paths {
        let (name, _) = unpacked_name(path);
        if paths::knows(name) {
            return true;
        }
        any = true;
        let source = name
            .split_once('/')
            .is_some_and(|(first, _)| SOURCES.contains(&first));
        let manifest = name.ends_with(".yaml") || name.ends_with(".yml");
        only_sources &= source && !manifest;
    }
    any && only_sources
}

fn add_loose(entries: Vec<Entry>, origin: &str, reader: &mut Reader<'_>) -> Result<(), ReadError> {
    let mut others = Vec::new();
    for entry in entries {
        let (name, _) = unpacked_name(&entry.path);
        let considered = name
            .rsplit_once('.')
            .is_some_and(|(_, ext)| LOOSE.contains(&ext.to_ascii_lowercase().as_str()));
        if considered {
            loose::add(reader, entry.blob, &entry.path, loose::Given::Walked)?;
        } else {
            others.push(entry.path);
        }
    }
    if !others.is_empty() {
        let shown: Vec<&str> = others.iter().take(5).map(String::as_str).collect();
        let more = if others.len() > shown.len() { ", …" } else { "" };
        let text = format!(
            "{} files ignored ({}{more}): of a folder only .yaml, .yml, .json, .ndjson, .log, .txt and .binpb are read; name others one by one",
            others.len(),
            shown.join(", ")
        );
        reader.note_unrecognised(origin, &text);
        reader.world.warnings.push(Warning {
            origin: origin.to_owned(),
            text,
        });
    }
    Ok(())
}

/// The path without a packing suffix, and the packing.
pub fn unpacked_name(path: &str) -> (&str, Encoding) {
    if let Some(name) = path.strip_suffix(".zst") {
        (name, Encoding::Zstd)
    } else if let Some(name) = path.strip_suffix(".gz") {
        (name, Encoding::Gzip)
    } else {
        (path, Encoding::Plain)
    }
}
