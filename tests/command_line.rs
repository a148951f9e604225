//! The command line as its contract tells it: flags, exit statuses, formats, streams.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use clap::CommandFactory;
use common::{Run, Sandbox, base, base_file, files, fixture_world};
use meshdoctor::cli::Cli;
use serde_json::Value;
use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const SEVERITIES: [&str; 4] = ["info", "warning", "error", "critical"];

fn run<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Run {
    Sandbox::new().run(arguments)
}

/// `check` on a folder, with flags.
fn check(path: &Path, flags: &[&str]) -> Run {
    let mut arguments = vec!["check", path.to_str().unwrap()];
    arguments.extend(flags);
    run(arguments)
}

/// A rule that fires on every client of the healthy world.
fn with_rule_of(severity: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let rule = format!(
        "code: XY101\nname: always\nlayer: iam\nseverity: {severity}\nsummary: It fires\nexplanation: Always.\n\
         needs: [cloud-run/services]\nfor_each: mesh_client\n"
    );
    sandbox.write("rules/XY101-always.yaml", rule);
    sandbox
}

#[test]
fn a_healthy_world_is_0() {
    let run = check(&base(), &[]);
    assert!(run.ended(0).stdout.starts_with("HEALTHY"), "{}", run.said());
    assert!(run.stderr.is_empty(), "{}", run.said());
}

#[test]
fn a_root_cause_is_1() {
    let s = Sandbox::new();
    let run = check(&fixture_world(&s, "MD101", "fires"), &[]);
    assert!(run.ended(1).stdout.starts_with("UNHEALTHY"), "{}", run.said());
    assert!(run.stdout.contains("MD101"), "{}", run.said());
}

#[test]
fn nothing_collected_is_3_and_never_healthy() {
    let s = Sandbox::new();
    let run = check(&s.path(""), &[]);
    assert!(run.ended(3).stdout.starts_with("INCONCLUSIVE"), "{}", run.said());
    assert!(run.stdout.contains("holds no file"), "{}", run.said());
    let run = check(&s.path(""), &["--layer", "routing"]);
    assert!(run.ended(3).stdout.starts_with("INCONCLUSIVE"), "{}", run.said());
}

#[test]
fn a_source_that_is_taken_away_from_a_healthy_world_makes_it_inconclusive() {
    for folder in [
        "iam",
        "cloud-run",
        "kubernetes",
        "csds",
        "dns",
        "fleet",
        "logging",
    ] {
        let s = Sandbox::new();
        let kept = files(&base())
            .into_iter()
            .filter(|(path, _)| !path.starts_with(&format!("{folder}/")));
        for (path, content) in kept {
            s.write(&path, content);
        }
        let run = check(&s.path(""), &["-o", "json"]);
        assert_eq!(run.ended(3).json()["verdict"], "INCONCLUSIVE", "without {folder}");
        assert!(
            !run.json()["reasons"].as_array().unwrap().is_empty(),
            "without {folder}"
        );
    }
}

#[test]
fn wrong_usage_is_2_with_a_remedy() {
    let base = base();
    let base = base.to_str().unwrap();
    let wrong: [(&[&str], &str); 7] = [
        (&["check"], "no path given"),
        (&["check", base, "--layer", "rooting"], "unknown layer rooting"),
        (&["check", base, "--rule", "MD999"], "unknown rule MD999"),
        (&["check", base, "--output", "xml"], "invalid value 'xml'"),
        (&["check", base, "--fail-on", "often"], "invalid value 'often'"),
        (&["check", base, "--iam-policy", "policy.json"], "PROJECT=FILE"),
        (&["check", base, "-q", "-v"], "cannot be used with"),
    ];
    for (arguments, says) in wrong {
        let run = run(arguments);
        run.ended(2);
        assert!(
            run.stdout.is_empty() && run.stderr.starts_with("error: ") && run.stderr.contains(says),
            "{}",
            run.said()
        );
    }
    for arguments in [
        &["check", base, "--layer", "rooting"][..],
        &["check", base, "--rule", "MD999"],
        &["check"],
    ] {
        assert!(run(arguments).stderr.contains("remedy: "));
    }
}

#[test]
fn fail_on_says_from_which_severity_on_the_status_is_1() {
    for (found, severity) in SEVERITIES.iter().enumerate() {
        let s = with_rule_of(severity);
        let rules = s.path("rules");
        for (least, fail_on) in SEVERITIES.iter().chain([&"never"]).enumerate() {
            let run = check(
                &base(),
                &["--rules", rules.to_str().unwrap(), "--fail-on", fail_on],
            );
            run.ended(i32::from(found >= least));
        }
        let run = check(&base(), &["--rules", rules.to_str().unwrap()]);
        run.ended(i32::from(found >= 2));
    }
}

#[test]
fn what_is_below_fail_on_does_not_hide_that_something_was_not_collected() {
    let s = with_rule_of("warning");
    for (path, content) in files(&base())
        .into_iter()
        .filter(|(path, _)| !path.starts_with("csds/"))
    {
        s.write(&format!("world/{path}"), content);
    }
    let rules = s.path("rules");
    check(&s.path("world"), &["--rules", rules.to_str().unwrap()]).ended(3);
    check(
        &s.path("world"),
        &["--rules", rules.to_str().unwrap(), "--fail-on", "warning"],
    )
    .ended(1);
    check(&s.path("world"), &["--fail-on", "never"]).ended(3);
}

#[test]
fn a_folder_of_manifests_is_whole_for_the_layer_routing() {
    let s = Sandbox::new();
    for (path, content) in files(&base()) {
        if let Some(name) = path.strip_prefix("kubernetes/prod/") {
            s.write(&format!("manifests/{name}"), content);
        }
    }
    let run = check(&s.path("manifests"), &["--layer", "routing"]);
    assert!(run.ended(0).stdout.starts_with("HEALTHY"), "{}", run.said());
    let all = check(&s.path("manifests"), &[]);
    assert!(all.ended(3).stdout.starts_with("INCONCLUSIVE"), "{}", all.said());
}

#[test]
fn layers_and_rules_select_what_is_checked() {
    let codes = |flags: &[&str]| -> Vec<(String, String)> {
        let run = check(&base(), &[flags, &["-o", "json"]].concat());
        let report = run.ended(0).json();
        let text = |check: &Value, field: &str| check[field].as_str().unwrap().to_owned();
        report["checks"]
            .as_array()
            .unwrap()
            .iter()
            .map(|c| (text(c, "code"), text(c, "status")))
            .collect()
    };
    let passed = |code: &str| (code.to_owned(), "PASSED".to_owned());
    assert_eq!(
        codes(&["--rule", "md501", "--rule", "MD101"]),
        [passed("MD101"), passed("MD501")]
    );
    assert_eq!(
        codes(&["--rule", "MD101,MD501"]),
        [passed("MD101"), passed("MD501")]
    );
    let routing = codes(&["--layer", "routing"]);
    assert!(
        routing.len() > 3 && routing.iter().all(|(code, _)| code.starts_with("MD5")),
        "{routing:?}"
    );
    assert_eq!(
        codes(&["--layer", "routing", "--rule", "MD101"]).len(),
        routing.len() + 1
    );
}

#[test]
fn output_file_holds_the_report_and_stdout_nothing() {
    let s = Sandbox::new();
    let plain = check(&base(), &["-o", "json"]);
    let file = s.path("report.json");
    let run = check(&base(), &["-o", "json", "--output-file", file.to_str().unwrap()]);
    assert!(
        run.ended(0).stdout.is_empty() && run.stderr.is_empty(),
        "{}",
        run.said()
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), plain.stdout);
    // An older report is replaced; nothing else is left beside it.
    check(&base(), &["--output-file", file.to_str().unwrap()]).ended(0);
    assert!(fs::read_to_string(&file).unwrap().starts_with("HEALTHY"));
    assert_eq!(files(&s.path("")).len(), 1);
    let nowhere = s.path("no-such-folder/report.json");
    let run = check(&base(), &["--output-file", nowhere.to_str().unwrap()]);
    assert!(
        run.ended(2).stderr.contains("no-such-folder/report.json: ") && run.stderr.contains("remedy: "),
        "{}",
        run.said()
    );
}

#[test]
fn quiet_says_less_and_verbose_more() {
    let s = Sandbox::new();
    let world = fixture_world(&s, "MD101", "fires");
    let [quiet, plain, verbose] = [&["-q"][..], &[], &["-v"]].map(|flags| check(&world, flags));
    for run in [&quiet, &plain, &verbose] {
        assert!(run.ended(1).stdout.contains("MD101"), "{}", run.said());
    }
    let lines = |run: &Run| run.stdout.lines().count();
    assert!(lines(&quiet) <= 3, "{}", quiet.said());
    assert!(lines(&quiet) < lines(&plain) && lines(&plain) < lines(&verbose));
    assert!(
        verbose.stdout.contains("MD501") && !plain.stdout.contains("MD501"),
        "verbose tells of every check"
    );
}

#[test]
fn colour_is_as_asked() {
    let colour = "\u{1b}[";
    let world = base();
    let always = Sandbox::new();
    let run = common::finish(
        always
            .program()
            .env("NO_COLOR", "1")
            .arg("check")
            .arg(&world)
            .args(["--color", "always"]),
    );
    assert!(
        run.ended(0).stdout.contains(colour),
        "what is asked for by flag outdoes NO_COLOR"
    );
    for flags in [&["--color", "never"][..], &["--color", "auto"], &[]] {
        assert!(
            !check(&world, flags).ended(0).stdout.contains(colour),
            "{flags:?} into a pipe"
        );
    }
    let file = always.path("report");
    check(&world, &["--output-file", file.to_str().unwrap()]).ended(0);
    assert!(
        !fs::read_to_string(&file).unwrap().contains(colour),
        "into a file"
    );
}

#[test]
fn colour_comes_by_itself_on_a_terminal_but_for_no_color() {
    let on_terminal = |variable: Option<(&str, &str)>, flags: &str| {
        let program = format!(
            "{} check {} {flags}",
            env!("CARGO_BIN_EXE_meshdoctor"),
            base().display()
        );
        let mut command = assert_cmd::Command::new("script");
        command
            .args(["-qec", &program, "/dev/null"])
            .env_remove("NO_COLOR")
            .envs(variable);
        common::finish(&mut command).stdout.contains("\u{1b}[")
    };
    assert!(on_terminal(None, ""));
    assert!(!on_terminal(Some(("NO_COLOR", "1")), ""));
    assert!(!on_terminal(None, "--color never"));
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    for arguments in [
        &["rules", "list"][..],
        &["man"],
        &["completions", "bash"],
        &["--help"],
        &["check", base().to_str().unwrap()],
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
        let output = command
            .args(arguments)
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(
            output.stderr.is_empty(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn standard_input_is_a_file_like_any_other() {
    let s = Sandbox::new();
    let piped = |content: Vec<u8>, arguments: &[&str]| {
        common::finish(
            s.program()
                .args(["check", "-"])
                .args(arguments)
                .write_stdin(content),
        )
    };
    let manifests = base_file("kubernetes/prod/virtualservices.networking.istio.io.json").replacen(
        "external-mesh",
        "mesh",
        1,
    );
    let run = piped(
        manifests.into_bytes(),
        &[
            "--rule",
            "MD501",
            "-o",
            "json",
            "--url",
            "http://ads.mesh.private/",
        ],
    );
    assert_eq!(run.ended(1).codes(), ["MD501"]);
    // A whole snapshot too, packed.
    let mut builder = tar::Builder::new(Vec::new());
    builder.append_dir_all("world", base()).unwrap();
    let packed = zstd::encode_all(builder.into_inner().unwrap().as_slice(), 1).unwrap();
    assert_eq!(
        piped(packed, &["-o", "json"]).ended(0).json()["verdict"],
        "HEALTHY"
    );
    assert!(
        piped(b"nothing of ours".to_vec(), &[])
            .ended(2)
            .stderr
            .starts_with("error: -: ")
    );
}

#[test]
fn a_variable_stands_for_a_flag_and_a_flag_outdoes_it() {
    let s = Sandbox::new();
    let world = fixture_world(&s, "MD101", "fires");
    let with = |flags: &[&str]| {
        common::finish(
            s.program()
                .env("MESHDOCTOR_FAIL_ON", "never")
                .arg("check")
                .arg(&world)
                .args(flags),
        )
        .status
    };
    assert_eq!((with(&[]), with(&["--fail-on", "error"])), (0, 1));
}

#[test]
fn every_flag_of_every_command_is_explained_in_its_help() {
    fn walk(command: &clap::Command, path: &[&str], seen: &mut usize) {
        let help = run(path.iter().chain(&["--help"])).ended(0).stdout.clone();
        for argument in command
            .get_arguments()
            .filter(|a| a.get_id() != "help" && a.get_id() != "version" && !a.is_hide_set())
        {
            let name = argument.get_long().map_or_else(
                || argument.get_value_names().unwrap()[0].to_string(),
                |long| format!("--{long}"),
            );
            assert!(help.contains(&name), "{path:?} --help does not tell of {name}");
            assert!(argument.get_help().is_some(), "{path:?} {name} is not explained");
            *seen += 1;
        }
        for sub in command.get_subcommands().filter(|s| s.get_name() != "help") {
            walk(sub, &[path, &[sub.get_name()]].concat(), seen);
        }
    }
    let mut seen = 0;
    walk(&Cli::command(), &[], &mut seen);
    assert!(seen > 20, "{seen}");
}

#[test]
fn completions_and_the_manual_know_the_commands() {
    for shell in ["bash", "zsh", "fish"] {
        let run = run(["completions", shell]);
        for word in ["check", "rules", "fail-on", "output-file"] {
            assert!(run.ended(0).stdout.contains(word), "{shell}: no {word}");
        }
    }
    let s = Sandbox::new();
    let script = s.write("meshdoctor.bash", run(["completions", "bash"]).stdout);
    assert!(
        Command::new("bash")
            .arg("-n")
            .arg(script)
            .status()
            .unwrap()
            .success()
    );
    let man = run(["man"]);
    assert!(
        man.ended(0).stdout.contains(".TH meshdoctor") && man.stdout.contains("check"),
        "{}",
        man.said()
    );
    let replay = run(["man", "replay"]);
    assert!(
        replay.ended(0).stdout.contains(".TH meshdoctor-replay") && replay.stdout.contains("token_loop"),
        "{}",
        replay.said()
    );
    let none = run(["man", "bundle", "burn"]);
    assert!(
        none.ended(2).stderr.contains("no command \"burn\""),
        "{}",
        none.said()
    );
    assert!(run(["--version"]).ended(0).stdout.starts_with("meshdoctor "));
}
