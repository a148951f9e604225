//! What a file is by its first bytes: packed, an archive, or neither. Names are not believed.
use super::limits::SNIFF;
use crate::snapshot::{Blob, Encoding, ReadError};
use std::io::Read;

/// Whether many files are in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    None,
    Tar,
    Zip,
}

/// Sets the blob's encoding from its magic number and looks at what lies below it.
pub fn unpack(blob: &mut Blob) -> Result<Container, ReadError> {
    blob.encoding = Encoding::Plain;
    let raw = head(blob)?;
    if raw.starts_with(b"PK\x03\x04") || raw.starts_with(b"PK\x05\x06") {
        return Ok(Container::Zip);
    }
    blob.encoding = if raw.starts_with(&[0x1f, 0x8b]) {
        Encoding::Gzip
    } else if raw.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Encoding::Zstd
    } else {
        Encoding::Plain
    };
    let unpacked = if blob.encoding == Encoding::Plain {
        raw
    } else {
        head(blob)?
    };
    Ok(if is_tar(&unpacked) {
        Container::Tar
    } else {
        Container::None
    })
}

/// The first 64 KiB, unpacked.
pub fn head(blob: &Blob) -> Result<Vec<u8>, ReadError> {
    let mut head = Vec::new();
    blob.open()
        .and_then(|stream| stream.take(SNIFF).read_to_end(&mut head))
        .map_err(|error| blob.unreadable(error))?;
    Ok(head)
}

/// By the header's own checksum, which the oldest tar has as well as the newest.
fn is_tar(head: &[u8]) -> bool {
    let Some((header, _)) = head.split_at_checked(512) else {
        return false;
    };
    let field = header.get(148..156).unwrap_or_default();
    let text = String::from_utf8_lossy(field);
    let Ok(told) = u32::from_str_radix(text.trim_matches(['\0', ' ']), 8) else {
        return false;
    };
    // The checksum's own field counts as blanks.
    let sum: u32 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| {
            if (148..156).contains(&at) {
                32
            } else {
                u32::from(*byte)
            }
        })
        .sum();
    told == sum && header.first().is_some_and(|byte| *byte != 0)
}
