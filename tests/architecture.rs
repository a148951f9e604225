//! Who may know whom, and how large a file may grow: read from the source text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Each room and the rooms it may know. What stands here is used: a dependency that is gone is struck out.
const ROOMS: [(&str, &[&str]); 19] = [
    ("blocks", &[]),
    (
        "cli",
        &[
            "collect", "config", "diagnose", "logs", "mesh", "redact", "replay", "report", "rules", "scope",
            "snapshot",
        ],
    ),
    ("collect", &["gcp", "logs", "redact", "scope", "snapshot", "xds"]),
    ("config", &[]),
    (
        "diagnose",
        &[
            "fix", "logs", "mesh", "redact", "report", "rules", "scope", "snapshot",
        ],
    ),
    ("fix", &[]),
    ("gcp", &[]),
    ("input", &["redact"]),
    ("k8s", &[]),
    ("logs", &["blocks", "redact", "snapshot"]),
    ("mesh", &["gcp", "k8s", "logs", "scope", "snapshot", "xds"]),
    ("names", &[]),
    ("redact", &[]),
    ("replay", &["collect", "snapshot", "xds"]),
    ("report", &[]),
    ("rules", &["fix", "logs", "mesh", "snapshot"]),
    ("scope", &[]),
    (
        "snapshot",
        &["blocks", "gcp", "input", "k8s", "names", "redact", "scope", "xds"],
    ),
    ("xds", &["input", "names"]),
];

/// One source file.
struct Source {
    /// Below `src`, with slashes.
    path: String,
    text: String,
}

impl Source {
    /// The folder or file directly below `src`.
    fn room(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path
            .split('/')
            .any(|part| part == "tests" || part == "tests.rs")
    }

    /// How many modules deep it lies: `mesh/mod.rs` and `scope.rs` are one deep.
    fn depth(&self) -> usize {
        let parts = self.path.split('/').count();
        if self.path.ends_with("/mod.rs") {
            parts - 1
        } else {
            parts
        }
    }

    /// The code without comments, and without the tests at its end.
    fn code(&self) -> String {
        let end = self
            .text
            .find("#[cfg(test)]\nmod tests {")
            .unwrap_or(self.text.len());
        without_comments(&self.text[..end])
    }
}

fn without_comments(text: &str) -> String {
    let kept = |line: &str| !line.trim_start().starts_with("//");
    text.lines()
        .filter(|line| kept(line))
        .map(|line| format!("{line}\n"))
        .collect()
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                found.push(Source {
                    path: path.strip_prefix(&root).unwrap().display().to_string(),
                    text,
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(found.len() > 100, "the sources were not found");
    found
}

/// The rooms that a text names by `crate::room` or `crate::{room, room::…}`.
fn named_rooms(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(group) => rooms.extend(group_heads(group)),
            None => rooms.extend(word(rest)),
        }
    }
    rooms
}

/// The first word of each member of `a::b, c::{d, e}}`.
fn group_heads(group: &str) -> Vec<String> {
    let (mut depth, mut heads, mut start) = (0, Vec::new(), true);
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => start = true,
            _ if letter.is_whitespace() => {}
            _ if start => {
                heads.extend(word(&group[at..]));
                start = false;
            }
            _ => {}
        }
    }
    heads
}

fn word(text: &str) -> Option<String> {
    let end = text
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    (end > 0).then(|| text[..end].to_owned())
}

/// Room to the rooms it names, with a file that does so.
fn knows() -> BTreeMap<String, BTreeMap<String, String>> {
    let mut known: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for source in sources() {
        let room = source.room().to_owned();
        let others = known.entry(room.clone()).or_default();
        for other in named_rooms(&without_comments(&source.text)) {
            if other != room {
                others.entry(other).or_insert_with(|| source.path.clone());
            }
        }
    }
    // The house itself, and its door.
    known.remove("lib");
    known.remove("main");
    known
}

#[test]
fn a_room_knows_the_rooms_it_may_know_and_no_other() {
    let mut wrong = Vec::new();
    let known = knows();
    let allowed: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    for (room, others) in &known {
        let Some(allowed) = allowed.get(room.as_str()) else {
            wrong.push(format!("src/{room} is a room that this table does not have"));
            continue;
        };
        for (other, file) in others
            .iter()
            .filter(|(other, _)| !allowed.contains(&other.as_str()))
        {
            wrong.push(format!("src/{file}: `{room}` may not know `{other}`"));
        }
        for other in allowed.iter().filter(|other| !others.contains_key(**other)) {
            wrong.push(format!("`{room}` may know `{other}`, and does not"));
        }
    }
    for room in allowed.keys().filter(|room| !known.contains_key(**room)) {
        wrong.push(format!("`{room}` is in this table and not in src"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_two_rooms_know_each_other_round_a_circle() {
    let known = knows();
    for room in known.keys() {
        let mut seen = BTreeSet::new();
        let mut open: Vec<(&str, String)> = vec![(room, room.clone())];
        while let Some((at, way)) = open.pop() {
            for next in known.get(at).into_iter().flat_map(BTreeMap::keys) {
                assert!(next != room, "a circle: {way} -> {next}");
                if seen.insert(next) {
                    open.push((next, format!("{way} -> {next}")));
                }
            }
        }
    }
}

#[test]
fn nothing_leaves_its_room_by_super() {
    for source in sources().iter().filter(|s| s.path.contains('/')) {
        let code = source.code();
        for (at, _) in code.match_indices("super::") {
            let chain = code[at..].split("::").take_while(|part| *part == "super").count();
            assert!(
                chain < source.depth(),
                "src/{}: `super` {chain} times leads out of the room",
                source.path
            );
        }
    }
}

#[test]
fn the_readers_of_this_text_see_what_is_there() {
    let rooms =
        named_rooms("use crate::{self, a, b::{c, d},\n e::f};\nlet x = crate::g::H; pub(crate) fn i() {}");
    let rooms: Vec<&str> = rooms.iter().map(String::as_str).collect();
    assert_eq!(rooms, ["a", "b", "e", "g", "self"]);
    assert_eq!(without_comments("a\n  // crate::b\n/// crate::c\nd\n"), "a\nd\n");
}

#[test]
fn every_file_begins_by_saying_what_it_does() {
    for source in sources() {
        let first = source.text.lines().next().unwrap_or_default();
        assert!(
            first.len() > "//! ".len() && first.starts_with("//! "),
            "src/{}: {first}",
            source.path
        );
    }
}

#[test]
fn files_are_short() {
    let mut lines: Vec<(usize, String)> = sources()
        .into_iter()
        .filter(|s| !s.is_test())
        .map(|s| (s.text.lines().count(), s.path))
        .collect();
    lines.sort();
    let at = |percent: usize| lines[(lines.len() - 1) * percent / 100].0;
    let (longest, path) = lines.last().unwrap();
    assert!(*longest <= 600, "src/{path} has {longest} lines");
    assert!(at(50) < 200, "the median is {}", at(50));
    assert!(at(90) < 350, "the 90th percentile is {}", at(90));
}

#[test]
fn nothing_outside_the_tests_can_panic_by_unwrapping_or_is_unsafe() {
    let banned = [
        "unsafe ",
        "unsafe{",
        ".unwrap()",
        ".expect(",
        "panic!(",
        "todo!(",
        "unimplemented!(",
        "dbg!(",
    ];
    for source in sources().iter().filter(|s| !s.is_test()) {
        let code = source.code();
        for word in banned {
            let line = code.lines().find(|line| line.contains(word));
            assert!(
                line.is_none(),
                "src/{}: `{word}` in {}",
                source.path,
                line.unwrap_or_default()
            );
        }
    }
}
