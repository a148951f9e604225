//! Directories in the layout, and archives of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use std::io::Write;

fn tar(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in entries {
        let mut header = tar::Header::new_gnu();
        // Set as it is: the library's own setter refuses what a hostile archive holds.
        let name = path.as_bytes();
        header.as_mut_bytes()[..name.len()].copy_from_slice(name);
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (path, content) in entries {
        writer
            .start_file(*path, zip::write::SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

#[test]
fn an_empty_directory_is_an_empty_world() {
    let root = folder(&[]);
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    let warnings = snapshot.world.warnings;
    assert!(
        snapshot.world.files.is_empty() && warnings.len() == 1,
        "{warnings:?}"
    );
}

#[test]
fn the_only_folder_of_a_directory_is_entered_and_strangers_are_told_of() {
    let root = folder(&BUNDLE);
    fs::write(root.path().join("bundle-2026/notes.md"), "x").unwrap();
    fs::write(root.path().join("bundle-2026/.hidden"), "x").unwrap();
    std::os::unix::fs::symlink("/etc", root.path().join("bundle-2026/iam")).unwrap();
    let snapshot = read(&[root.path().to_owned()], &Options::default()).unwrap();
    assert_eq!(snapshot.manifest.scope.project, "p");
    assert_eq!(snapshot.kubernetes["m"].pods.items().len(), 1);
    let told = warnings(&snapshot);
    assert!(
        told.contains("notes.md") && told.contains("a symbolic link") && !told.contains(".hidden"),
        "{told}"
    );
}

#[test]
fn every_kind_of_archive_reads_as_its_directory_whatever_its_name() {
    let plain = tar(&BUNDLE);
    let packed = [
        plain.clone(),
        gzip(&plain),
        zstd::encode_all(plain.as_slice(), 1).unwrap(),
        zip(&BUNDLE),
    ];
    for bytes in packed {
        let snapshot = file("attachment.bin", bytes);
        assert_eq!(
            paths(&snapshot),
            [
                "bundle.json",
                "kubernetes/m/pods.json",
                "logging/p/entries.ndjson"
            ]
        );
        let log = &snapshot.world.files["logging/p/entries.ndjson"];
        assert!(
            log.origin.contains("attachment.bin!bundle-2026/logging"),
            "{}",
            log.origin
        );
        assert_eq!(log.bytes().unwrap(), b"{}\n");
    }
}

#[test]
fn the_temporary_folder_goes_with_the_last_blob() {
    let snapshot = file("b.tar", tar(&BUNDLE));
    let log = snapshot.world.files["logging/p/entries.ndjson"].clone();
    let crate::snapshot::world::Content::Spooled(spooled) = &log.content else {
        panic!("logs are spooled");
    };
    let spool = spooled.path.parent().unwrap().to_owned();
    drop(snapshot);
    assert!(spool.exists(), "a clone still needs it");
    drop(log);
    assert!(!spool.exists());
}

#[test]
fn unsafe_archives_are_refused() {
    let hostile = [
        tar(&[("/etc/passwd", b"x")]),
        tar(&[("bundle.json", b"{}"), ("iam/../../x.json", b"x")]),
        tar(&[("bundle.json", b"{}"), ("./bundle.json", b"{}")]),
        zip(&[("../x.json", b"{}")]),
        zip(&[("/x.json", b"{}")]),
        zip_with_doubles(),
        link(tar::EntryType::Symlink),
        link(tar::EntryType::Link),
        link(tar::EntryType::Char),
        link(tar::EntryType::Fifo),
    ];
    for (number, bytes) in hostile.into_iter().enumerate() {
        let answer = try_file("b.tar", bytes);
        assert!(
            matches!(answer, Err(ReadError::UnsafeArchive { .. })),
            "{number}: {answer:?}"
        );
    }
}

fn link(kind: tar::EntryType) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_path("iam/projects/p/policy.json").unwrap();
    header.set_link_name("/etc/passwd").unwrap();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, std::io::empty()).unwrap();
    builder.into_inner().unwrap()
}

/// Two entries of one name: written as `a` and `b`, then renamed in the bytes.
fn zip_with_doubles() -> Vec<u8> {
    let mut bytes = zip(&[("aa.json", b"{}"), ("bb.json", b"{}")]);
    while let Some(at) = memchr::memmem::find(&bytes, b"bb.json") {
        bytes[at..at + 2].copy_from_slice(b"aa");
    }
    bytes
}

#[test]
fn a_truncated_archive_says_so() {
    let plain = tar(&BUNDLE);
    let packed = gzip(&plain);
    for bytes in [&plain[..1600], &packed[..packed.len() - 20], &zip(&BUNDLE)[..200]] {
        let told = failure("b", bytes);
        assert!(told.contains("damaged") && told.contains("remedy"), "{told}");
    }
}

#[test]
fn a_truncated_file_of_a_snapshot_is_told_as_damaged() {
    let packed = gzip(br#"{"items":[]}"#);
    let root = folder(&[("kubernetes/m/pods.json.gz", &packed[..packed.len() - 6])]);
    let told = read(&[root.path().to_owned()], &Options::default())
        .unwrap_err()
        .to_string();
    assert!(told.contains("pods.json.gz: cannot be unpacked"), "{told}");
}

#[test]
fn long_names_in_an_archive_do_not_fill_memory() {
    let mut header = tar::Header::new_gnu();
    header.set_path("././@LongLink").unwrap();
    header.set_entry_type(tar::EntryType::GNULongName);
    header.set_size(1 << 33);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend(vec![b'a'; 4 << 20]);
    let told = failure("b.tar", gzip(&bytes));
    assert!(told.contains("over the limit"), "{told}");
}
