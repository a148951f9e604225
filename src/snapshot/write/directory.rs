//! The same files as a directory, built beside its place and renamed.
use super::spool::Spool;
use super::{Manifest, WriteError, folder_of, manifest_text};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

pub fn write(manifest: &Manifest, spool: &mut Spool, to: &Path) -> Result<(), WriteError> {
    let failed = |source| WriteError::Write {
        path: to.to_owned(),
        source,
    };
    let is_empty = |path: &Path| fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none());
    if to.symlink_metadata().is_ok() && !is_empty(to) {
        return Err(WriteError::Exists(to.to_owned()));
    }
    let folder = tempfile::Builder::new()
        .prefix(".meshdoctor-")
        .tempdir_in(folder_of(to))
        .map_err(failed)?;
    let root = folder.path();
    let mut manifest_file = File::create(root.join("bundle.json")).map_err(failed)?;
    manifest_file
        .write_all(manifest_text(manifest).as_bytes())
        .map_err(failed)?;
    spool.each(&mut |path, _, content| {
        let path = root.join(path);
        fs::create_dir_all(folder_of(&path)).map_err(failed)?;
        let mut file = File::create(&path).map_err(failed)?;
        io::copy(content, &mut file).map_err(failed)?;
        Ok(())
    })?;
    // An empty folder in its place gives way to it.
    fs::rename(root, to).map_err(failed)?;
    _ = folder.keep();
    Ok(())
}
