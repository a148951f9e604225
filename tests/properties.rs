//! Laws that hold for any input: no bytes and no damage to a snapshot bring about a panic.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::{Sandbox, base, check, files};
use meshdoctor::diagnose::diagnose;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::snapshot::read::{self, Options};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

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
