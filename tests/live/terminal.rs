//! On a terminal: a line a collector while it is under way, and in the end the answer alone.
use crate::common::replayed::Replayed;
use crate::common::{Sandbox, base, finish};
use std::num::NonZeroU16;

const ROWS: NonZeroU16 = NonZeroU16::new(200).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(70).unwrap();
const COMPUTE_FAILS: &str = "- match: { path: \"/compute/*\" }\n  action: { status: { code: 403 } }\n";
const COLLECTORS: usize = 10;

/// What the screen showed, each time that something was drawn.
fn screens(sandbox: &Sandbox, replayed: &Replayed, flags: &str) -> Vec<String> {
    let program = format!(
        "stty rows {ROWS} cols {COLUMNS}; exec {} check --color never --config {} {flags}",
        env!("CARGO_BIN_EXE_meshdoctor"),
        replayed.config().display()
    );
    let mut terminal = assert_cmd::Command::new("script");
    terminal
        .args(["-qec", &program, "/dev/null"])
        .env("TERM", "xterm")
        .env("SHELL", "/bin/sh")
        .env("HOME", sandbox.path("home"));
    let drawn = finish(&mut terminal).ended(3).stdout.clone();
    let mut parser = vt100::Parser::new(ROWS, COLUMNS, 0);
    let pieces = drawn.split_inclusive('\u{1b}');
    let seen = pieces.map(|piece| {
        parser.process(piece.as_bytes());
        let rows: Vec<String> = parser.screen().rows(0, COLUMNS.get()).collect();
        rows.join("\n").trim_end().to_owned()
    });
    seen.collect()
}

#[test]
fn progress_fits_the_terminal_and_leaves_the_answer_alone() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), Some(COMPUTE_FAILS));
    let screens = screens(&sandbox, &replayed, "");
    let under_way = screens.iter().filter(|screen| screen.contains("FAILED, 0 items"));
    let rows = under_way.map(|screen| screen.lines().filter(|row| !row.is_empty()).count());
    assert_eq!(rows.max(), Some(COLLECTORS), "{screens:#?}");
    let answer = screens.last().unwrap();
    assert!(
        answer.contains("INCONCLUSIVE") && !answer.contains(" items, "),
        "{answer}"
    );
}

#[test]
fn whoever_asks_for_more_keeps_it() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), Some(COMPUTE_FAILS));
    let screens = screens(&sandbox, &replayed, "--verbose");
    let (_, answer) = screens.last().unwrap().split_once("FAILED, 0 items").unwrap();
    assert!(answer.contains("INCONCLUSIVE"), "{answer}");
}
