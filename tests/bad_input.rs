//! Input that is broken, hostile or somebody else's: a message with the file and a remedy, bounded memory and time, no trace left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Run, Sandbox, base, base_file, files};
use meshdoctor::diagnose::diagnose;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read::{self, Options};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// All the memory that a run may take, as address space: what is resident is less.
const MEMORY: u64 = 1 << 30;
const POLICY: &str = "iam/projects/mesh-prod/policy.json";
const ROUTES: &str = "kubernetes/prod/virtualservices.networking.istio.io.json";

/// Runs `check`. Whatever it is given, it ends by itself, in bounds, and leaves nothing behind.
#[track_caller]
fn check(s: &Sandbox, paths: &[&Path]) -> Run {
    let mut arguments = vec![Path::new("check")];
    arguments.extend(paths);
    let before = files(&s.path(""));
    let run = s.run_within(MEMORY, arguments);
    assert!((0..=3).contains(&run.status), "{}", run.said());
    assert!(!run.stderr.contains("panicked"), "{}", run.said());
    let left = s.left_behind();
    assert!(left.is_empty(), "left behind: {left:?}");
    assert!(before == files(&s.path("")), "the input was changed");
    run
}

/// Refused: exit status 2, the file, and what to do.
#[track_caller]
fn refused(s: &Sandbox, name: &str, content: impl AsRef<[u8]>, says: &[&str]) {
    let path = s.write(name, content);
    // A path of the layout is read as its whole folder.
    let given = match name.split_once('/') {
        Some((folder, _)) => s.path(folder),
        None => path.clone(),
    };
    let run = check(s, &[&given]);
    assert_refusal(&run, &path, says);
    let gone = given;
    if gone.is_dir() {
        fs::remove_dir_all(gone).unwrap()
    } else {
        fs::remove_file(gone).unwrap()
    }
}

#[track_caller]
fn assert_refusal(run: &Run, path: &Path, says: &[&str]) {
    run.ended(2);
    assert!(run.stdout.is_empty(), "{}", run.said());
    let path = path.display().to_string();
    for text in [path.as_str(), "\n  remedy: "].iter().chain(says) {
        assert!(run.stderr.contains(text), "no {text:?} in: {}", run.said());
    }
}

/// A megabyte of zeros, packed, as often as wanted.
fn zeros(megabytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    encoder.finish().unwrap().repeat(megabytes)
}

/// Bytes that look like nothing, always the same.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn with_byte(content: &str, at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = content.as_bytes().to_vec();
    bytes[at] = byte;
    bytes
}

#[test]
fn text_that_is_not_utf8_is_refused_with_line_and_column() {
    let s = Sandbox::new();
    let latin = with_byte(&base_file(POLICY), 40, 0xe9);
    refused(
        &s,
        "latin.json",
        &latin,
        &["not text in UTF-8 (line 3, column 23)"],
    );
    refused(
        &s,
        "w/iam/projects/p/policy.json",
        &latin,
        &["policy.json:3:23: not text in UTF-8"],
    );
}

#[test]
fn nul_bytes_are_refused() {
    let s = Sandbox::new();
    let nul = with_byte(&base_file(POLICY), 40, 0);
    refused(&s, "nul.json", &nul, &["binary"]);
    refused(&s, "w/iam/projects/p/policy.json", &nul, &["policy.json:3:22: "]);
    refused(&s, "nothing-else.yaml", vec![0; 100_000], &["binary"]);
    refused(
        &s,
        "w/logging/p/envoy.log",
        b"[2026-11-20 09:00:01.101][11][info][main] a\n\0\n",
        &["envoy.log:2: ", "NUL"],
    );
}

#[test]
fn half_a_document_is_refused_where_it_ends() {
    let s = Sandbox::new();
    let whole = base_file(ROUTES);
    let half = &whole[..whole.len() / 2];
    refused(&s, "half.json", half, &["half.json:43:21: not JSON to its end"]);
    refused(
        &s,
        &format!("w/{ROUTES}"),
        half,
        &["networking.istio.io.json:43:21: "],
    );
}

#[test]
fn brackets_within_brackets_do_not_exhaust_the_stack() {
    let s = Sandbox::new();
    let open = "[".repeat(200_000);
    let close = "]".repeat(200_000);
    let objects = format!("{}1{}", "{\"a\":".repeat(200_000), "}".repeat(200_000));
    refused(&s, "open.json", &open, &["open.json:1:"]);
    refused(&s, "whole.json", format!("{open}{close}"), &["whole.json"]);
    refused(&s, "objects.json", objects, &["objects.json:1:"]);
    refused(
        &s,
        "w/kubernetes/prod/pods.json",
        format!("{{\"items\":{open}{close}}}"),
        &["pods.json:1:"],
    );
    refused(
        &s,
        "w/csds/p/client-status.json",
        format!("{{\"config\":{open}{close}}}"),
        &["client-status.json"],
    );
    let manifest = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: ";
    refused(&s, "open.yaml", format!("{manifest}{open}"), &["open.yaml:4:"]);
    refused(
        &s,
        "whole.yaml",
        format!("{manifest}{open}{close}"),
        &["whole.yaml:4:"],
    );
}

#[test]
fn an_alias_bomb_is_refused() {
    let s = Sandbox::new();
    let mut bomb =
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  a: &a [x, x, x, x, x, x, x, x, x]\n"
            .to_owned();
    for (last, next) in ('a'..'n').zip('b'..='n') {
        let items = vec![format!("*{last}"); 9].join(", ");
        bomb.push_str(&format!("  {next}: &{next} [{items}]\n"));
    }
    refused(&s, "bomb.yaml", bomb, &["bomb.yaml:", "alias"]);
}

#[test]
fn three_gigabytes_of_zeros_are_not_unfolded_in_memory() {
    let s = Sandbox::new();
    let packed = zeros(3000);
    refused(&s, "zeros.gz", &packed, &["binary"]);
    refused(
        &s,
        "w/kubernetes/prod/pods.json.gz",
        &packed,
        &["unpacks to more than 256 MiB"],
    );
    refused(
        &s,
        "w/kubernetes/prod/pods.json",
        &packed,
        &["pods.json:1:2: not text in UTF-8"],
    );
    refused(
        &s,
        "w/logging/p/entries.ndjson.gz",
        &packed,
        &["entries.ndjson.gz:1: ", "NUL"],
    );
}

#[test]
fn noise_under_the_name_of_an_xds_answer_is_refused() {
    let s = Sandbox::new();
    refused(
        &s,
        "noise.binpb",
        noise(5000),
        &["no CSDS answer (ClientStatusResponse)"],
    );
    refused(
        &s,
        "w/csds/p/client-status.binpb",
        noise(5000),
        &["not a ClientStatusResponse"],
    );
}

#[test]
fn a_field_of_the_wrong_type_is_shown_where_it_stands() {
    let s = Sandbox::new();
    let host = "\"hosts\": [\n          \"ads.mesh.private\"\n        ]";
    let routes = base_file(ROUTES);
    assert!(routes.contains(host));
    let wrong = routes.replace(host, "\"hosts\": \"ads.mesh.private\"");
    refused(
        &s,
        "routes.json",
        &wrong,
        &["routes.json:16:18: VirtualService ads-external: ", "`spec.hosts`"],
    );
    refused(
        &s,
        &format!("w/{ROUTES}"),
        &wrong,
        &["istio.io.json:16:35: items[0].spec.hosts: "],
    );
    let yaml = "# ads\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: b}\nspec:\n  hosts: a.mesh\n";
    refused(
        &s,
        "routes.yaml",
        yaml,
        &["routes.yaml:7:10: VirtualService a: ", "`spec.hosts`"],
    );
}

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
fn an_empty_file_is_named_and_nothing_is_called_healthy() {
    let s = Sandbox::new();
    let run = check(&s, &[&s.write("empty.yaml", "")]);
    run.ended(3);
    assert!(
        run.stdout.starts_with("INCONCLUSIVE") && run.stdout.contains("empty.yaml: empty"),
        "{}",
        run.said()
    );
}

#[test]
fn paths_that_cannot_be_read_are_refused() {
    let s = Sandbox::new();
    let file = s.write("a.json", "{}");
    for path in [
        s.path("not-there.json"),
        file.join("below-a-file.json"),
        "/proc/self/mem".into(),
    ] {
        assert_refusal(&check(&s, &[&path]), &path, &["(os error "]);
    }
    let pipe = s.path("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_refusal(
        &check(&s, &[&pipe]),
        &pipe,
        &["neither a regular file nor a directory"],
    );
}

#[test]
fn a_folder_of_other_peoples_files_is_refused_with_what_was_expected() {
    let s = Sandbox::new();
    for (name, content) in [
        ("README.md", "# x\n"),
        ("main.py", "print(1)\n"),
        ("package.json", "{\"name\": \"x\"}"),
    ] {
        s.write(&format!("others/{name}"), content);
    }
    assert_refusal(
        &check(&s, &[&s.path("others")]),
        &s.path("others"),
        &["not recognised", "gcloud logging read"],
    );
}

#[test]
fn one_bad_file_beside_a_good_one_is_named() {
    let s = Sandbox::new();
    let good = s.take(ROUTES, "good.json");
    // Unknown: named in a warning, and the good one is read.
    let stranger = s.write("stranger.json", "{\"a\": 1}");
    let run = check(&s, &[&good, &stranger]);
    run.ended(3);
    assert!(
        run.stdout.contains("stranger.json: not recognised"),
        "{}",
        run.said()
    );
    // Broken: refused, rather than half the truth told.
    let broken = s.write("broken.json", "{\"apiVersion\": \"v1\",\n \"kind\": ");
    assert_refusal(&check(&s, &[&good, &broken]), &broken, &["broken.json:2:"]);
    // Of a snapshot: a good world with one bad file.
    for (path, content) in files(&base()) {
        s.write(&format!("world/{path}"), content);
    }
    check(&s, &[&s.path("world")]).ended(0);
    let pods = s.write("world/kubernetes/prod/pods.json", "{\"items\": [7]}");
    assert_refusal(
        &check(&s, &[&s.path("world")]),
        &pods,
        &["pods.json:1:12: items[0]"],
    );
}

#[test]
fn a_line_too_long_to_be_read_is_told_of() {
    let s = Sandbox::new();
    for (path, content) in files(&base()) {
        s.write(&format!("world/{path}"), content);
    }
    let line = format!("{{\"textPayload\": \"{}\"}}\n", "x".repeat(17 << 20));
    let log = "logging/mesh-prod/entries.ndjson";
    s.write(&format!("world/{log}"), format!("{}{line}", base_file(log)));
    let run = check(&s, &[&s.path("world")]);
    run.ended(0);
    assert!(
        run.stdout.contains("entries.ndjson: lines longer than"),
        "{}",
        run.said()
    );
}

/// The built-in rules, loaded once.
fn rules() -> &'static RuleSet {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    RULES.get_or_init(|| RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}")))
}

/// The whole way from paths to a report, here in this process: a panic fails the test.
fn diagnosed(paths: &[PathBuf]) {
    if let Ok(snapshot) = read::read(paths, &Options::default()) {
        // A log may be refused only now.
        let _ = diagnose(&snapshot, rules(), &Selection::default());
    }
}

/// A change to the bytes of a file, at places that are told in thousandths of its length.
#[derive(Debug, Clone)]
enum Change {
    Flip { at: usize, bits: u8 },
    Cut { at: usize, length: usize },
    Repeat { at: usize, length: usize },
    End { at: usize },
}

impl Change {
    fn any() -> impl Strategy<Value = Self> {
        let at = 0..1000usize;
        prop_oneof![
            (at.clone(), 1..=255u8).prop_map(|(at, bits)| Self::Flip { at, bits }),
            (at.clone(), 1..200usize).prop_map(|(at, length)| Self::Cut { at, length }),
            (at.clone(), 1..200usize).prop_map(|(at, length)| Self::Repeat { at, length }),
            at.prop_map(|at| Self::End { at }),
        ]
    }

    fn apply(&self, bytes: &mut Vec<u8>) {
        let place = |at: usize| bytes.len() * at / 1000;
        match *self {
            _ if bytes.is_empty() => {}
            Self::Flip { at, bits } => {
                let at = place(at);
                bytes[at] ^= bits;
            }
            Self::Cut { at, length } => {
                let at = place(at);
                bytes.drain(at..(at + length).min(bytes.len()));
            }
            Self::Repeat { at, length } => {
                let at = place(at);
                let again = bytes[at..(at + length).min(bytes.len())].to_vec();
                bytes.splice(at..at, again);
            }
            Self::End { at } => bytes.truncate(place(at)),
        }
    }
}

/// One file of a snapshot, changed: its path, and all files of the world.
fn changed_world() -> impl Strategy<Value = (String, BTreeMap<String, Vec<u8>>)> {
    let world = files(&base());
    let paths: Vec<String> = world.keys().cloned().collect();
    (
        prop::sample::select(paths),
        prop::collection::vec(Change::any(), 1..4),
    )
        .prop_map(move |(path, changes)| {
            let mut world = world.clone();
            let bytes = world.get_mut(&path).unwrap();
            changes.iter().for_each(|change| change.apply(bytes));
            (path, world)
        })
}

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(settings(24))]

    #[test]
    fn any_bytes_end_in_an_exit_status(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        name in prop::sample::select(vec!["a", "a.json", "a.yaml", "a.binpb", "a.log", "a.ndjson", "a.gz", "a.tar"]),
    ) {
        let s = Sandbox::new();
        check(&s, &[&s.write(name, bytes)]);
    }

    #[test]
    fn a_damaged_snapshot_ends_in_an_exit_status((path, world) in changed_world()) {
        let s = Sandbox::new();
        for (path, content) in &world {
            s.write(&format!("world/{path}"), content);
        }
        check(&s, &[&s.path("world")]);
        check(&s, &[&s.path(&format!("world/{path}"))]);
    }
}

proptest! {
    #![proptest_config(settings(96))]

    #[test]
    fn no_damage_to_a_snapshot_makes_it_panic((path, world) in changed_world()) {
        let s = Sandbox::new();
        for (path, content) in &world {
            s.write(&format!("world/{path}"), content);
        }
        diagnosed(&[s.path("world")]);
        diagnosed(&[s.path(&format!("world/{path}"))]);
    }

    #[test]
    fn no_text_makes_it_panic(text in "[\\[\\]{}:,\"'&*!|>%@#\\-0-9a-z \\n\\t\\\\\u{0}\u{e9}]{0,200}") {
        let s = Sandbox::new();
        let whole = format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {text}");
        diagnosed(&[s.write("a.yaml", &whole)]);
        diagnosed(&[s.write("b", &text)]);
    }
}
