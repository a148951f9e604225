//! The support bundle: a tar in one zstd frame, with a seal behind it. Equal content gives equal bytes.
use super::spool::Spool;
use super::{Manifest, WriteError, folder_of, manifest_text};
use crate::snapshot::seal;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

/// zstd's own default: the level is part of what makes two bundles equal.
const LEVEL: i32 = 3;

pub fn write(manifest: &Manifest, spool: &mut Spool, to: &Path) -> Result<(), WriteError> {
    let failed = |source| WriteError::Write {
        path: to.to_owned(),
        source,
    };
    let mut file = tempfile::Builder::new()
        .prefix(".meshdoctor-")
        .tempfile_in(folder_of(to))
        .map_err(failed)?;
    let sealed = seal::Sealing::new(BufWriter::new(file.as_file_mut()));
    let mut packed = zstd::stream::write::Encoder::new(sealed, LEVEL).map_err(failed)?;
    packed.include_checksum(true).map_err(failed)?;
    let mut tar = tar::Builder::new(packed);
    // Not the clock of this machine: the time of the evidence.
    let time = manifest.collected_at.map_or(0, jiff::Timestamp::as_second);
    let time = u64::try_from(time).unwrap_or_default();
    let text = manifest_text(manifest);
    append(
        &mut tar,
        "bundle.json",
        text.len() as u64,
        time,
        &mut text.as_bytes(),
    )
    .map_err(failed)?;
    spool.each(&mut |path, size, content| append(&mut tar, path, size, time, content).map_err(failed))?;
    let packed = tar.into_inner().map_err(failed)?;
    packed
        .finish()
        .and_then(seal::Sealing::finish)
        .and_then(|mut out| out.flush())
        .map_err(failed)?;
    // It keeps a temporary file's mode: for its owner alone, until that hands it on.
    file.persist(to).map_err(|error| failed(error.error))?;
    Ok(())
}

fn append<W: Write>(
    tar: &mut tar::Builder<W>,
    path: &str,
    size: u64,
    time: u64,
    content: &mut dyn Read,
) -> io::Result<()> {
    let mut header = tar::Header::new_gnu();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    tar.append_data(&mut header, path, content)
}
