//! The README shows what the program prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use std::process::Command;

const README: &str = include_str!("../README.md");

/// The output that the README shows: the block after the comment that names its command.
fn shown() -> &'static str {
    let (_, rest) = README
        .split_once("80 columns -->\n```\n")
        .expect("the README shows an incident");
    rest.split_once("\n```\n").expect("the block ends").0
}

#[test]
fn the_first_screen_of_the_readme_is_what_the_program_prints() {
    let output = Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
        .args(["check", "fixtures/incidents/missing-client-role"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("COLUMNS", "80")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed.trim_end(), shown().trim_end());
}

/// What the program prints, and what the README shows below the comment that names the command.
fn printed_and_shown(arguments: &[&str]) -> (String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
        .args(arguments)
        .env_remove("MESHDOCTOR_PROJECT")
        .output()
        .unwrap();
    let comment = format!("<!-- output of: {} -->\n```\n", arguments.join(" "));
    let (_, rest) = README
        .split_once(&comment)
        .unwrap_or_else(|| panic!("README.md has no block after {comment}"));
    let shown = rest.split_once("\n```\n").expect("the block ends").0;
    (String::from_utf8(output.stdout).unwrap(), shown.to_owned())
}

#[test]
fn what_the_readme_says_must_be_allowed_is_what_the_collectors_declare() {
    for arguments in [&["permissions"][..], &["permissions", "-o", "kubectl"]] {
        let (printed, shown) = printed_and_shown(arguments);
        let missing = |from: &str, of: &str| -> Vec<String> {
            let lines = from
                .lines()
                .filter(|line| !of.lines().any(|other| other == *line));
            lines.map(str::to_owned).collect()
        };
        assert!(
            printed.trim_end() == shown.trim_end(),
            "README.md is stale: a collector declares other needs than it shows. Put what `cargo run -- {}` prints into the block \
             after the comment `output of: {0}`.\nnew: {:#?}\ngone: {:#?}",
            arguments.join(" "),
            missing(&printed, &shown),
            missing(&shown, &printed),
        );
    }
}

#[test]
fn the_readme_names_every_exit_status_and_its_own_test_command() {
    for status in ["| 0 |", "| 1 |", "| 2 |", "| 3 |"] {
        assert!(README.contains(status), "{status}");
    }
    assert!(README.contains("    cargo test\n"));
}

#[test]
fn paths_and_flags_that_the_readme_names_exist() {
    let help = Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
        .args(["check", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for flag in [
        "--layer",
        "--rule",
        "--url",
        "--service",
        "--output-file",
        "--color",
        "--fail-on",
        "--rules",
        "--iam-policy",
    ] {
        assert!(README.contains(flag) && help.contains(flag), "{flag}");
    }
    for path in [
        "CONTRIBUTING.md",
        "proto/meshdoctor/v1/report.proto",
        "fixtures/incidents/missing-client-role",
    ] {
        let exists = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(path)
            .exists();
        assert!(README.contains(path) && exists, "{path}");
    }
}
