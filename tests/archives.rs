//! Archives that would write elsewhere, or unfold without end: refused, and nothing is written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Sandbox, base_file, refused};
use std::io::Write;
use std::path::Path;

const POLICY: &str = "iam/projects/mesh-prod/policy.json";

/// What an archive holds beside a sound file.
struct Entry {
    name: &'static str,
    kind: tar::EntryType,
    says: &'static str,
}

fn hostile() -> [Entry; 6] {
    use tar::EntryType::{Char, Link, Regular, Symlink};
    [
        Entry {
            name: "../outside.json",
            kind: Regular,
            says: "points outside",
        },
        Entry {
            name: "iam/../../outside.json",
            kind: Regular,
            says: "points outside",
        },
        Entry {
            name: "/tmp/outside-of-meshdoctor.json",
            kind: Regular,
            says: "absolute path",
        },
        Entry {
            name: "iam/link",
            kind: Symlink,
            says: "a link",
        },
        Entry {
            name: "iam/hard-link",
            kind: Link,
            says: "a link",
        },
        Entry {
            name: "iam/device",
            kind: Char,
            says: "neither a plain file nor a folder",
        },
    ]
}

fn tar_of(entry: &Entry) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let policy = base_file(POLICY);
    let mut append = |name: &str, kind: tar::EntryType, content: &[u8]| {
        let mut header = tar::Header::new_gnu();
        // Set as it is: the library's own setter refuses what a hostile archive holds.
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name_literal("/etc/passwd").unwrap();
        }
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    };
    append(POLICY, tar::EntryType::Regular, policy.as_bytes());
    append(entry.name, entry.kind, b"");
    builder.into_inner().unwrap()
}

fn zip_of(entry: &Entry) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default();
    writer.start_file(POLICY, options).unwrap();
    writer.write_all(base_file(POLICY).as_bytes()).unwrap();
    if entry.kind.is_symlink() {
        writer.add_symlink(entry.name, "/etc/passwd", options).unwrap();
    } else {
        writer.start_file(entry.name, options).unwrap();
        writer.write_all(b"{}").unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn archives_that_point_elsewhere_are_refused_and_nothing_is_written_there() {
    let s = Sandbox::new();
    for entry in hostile() {
        let plain = tar_of(&entry);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&plain).unwrap();
        let says = [entry.name, entry.says];
        refused(&s, "bundle.tar.gz", gzip.finish().unwrap(), &says);
        refused(
            &s,
            "bundle.tar.zst",
            zstd::encode_all(plain.as_slice(), 1).unwrap(),
            &says,
        );
        refused(&s, "bundle.tar", plain, &says);
        // Zip knows neither hard links nor, in practice, devices.
        if entry.kind.is_file() || entry.kind.is_symlink() {
            refused(&s, "bundle.zip", zip_of(&entry), &says);
        }
    }
    assert!(!Path::new("/tmp/outside-of-meshdoctor.json").exists());
}

#[test]
fn an_archive_of_hundreds_of_thousands_of_entries_is_refused() {
    let s = Sandbox::new();
    let mut packed = zstd::Encoder::new(Vec::new(), 1).unwrap();
    for number in 0..300_000 {
        let mut header = tar::Header::new_gnu();
        header.set_path(format!("f{number}")).unwrap();
        header.set_size(0);
        header.set_cksum();
        packed.write_all(header.as_bytes()).unwrap();
    }
    packed.write_all(&[0; 1024]).unwrap();
    refused(
        &s,
        "many.tar.zst",
        packed.finish().unwrap(),
        &["holds more than 200000 entries"],
    );
}

#[test]
fn a_zip_unfolds_to_no_more_than_a_file_may_hold() {
    let s = Sandbox::new();
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer
        .start_file(
            "kubernetes/prod/pods.json",
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
    for _ in 0..300 {
        writer.write_all(&[0; 1 << 20]).unwrap();
    }
    let bomb = writer.finish().unwrap().into_inner();
    refused(
        &s,
        "bundle.zip",
        bomb,
        &["bundle.zip!kubernetes/prod/pods.json: unpacks to more than 256 MiB"],
    );
}
