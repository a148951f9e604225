//! Ctrl-C: once ends the collecting and gives what is there, twice ends the program. SIGTERM and SIGHUP end it at once.
use crate::common::replayed::{Replayed, collector, gist};
use crate::common::{Run, Sandbox, base, files, hears_hangup, repository};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

/// One source says nothing, so that the program waits until it is stopped.
const DNS_HANGS: &str = "- match: { path: \"/dns/*\" }\n  action: hang\n";
const OTHERS: usize = 9;

/// The program under way.
struct Running {
    child: Child,
    stderr: BufReader<ChildStderr>,
    said: String,
    began: Instant,
}

impl Running {
    fn start(sandbox: &Sandbox, replayed: &Replayed, arguments: &[&str]) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
        program
            .args(arguments)
            .args(["--verbose", "--timeout", "300s", "--config"])
            .arg(replayed.config());
        Self::of(sandbox, &mut program)
    }

    fn of(sandbox: &Sandbox, program: &mut Command) -> Self {
        let mut child = program
            .env_clear()
            .env("TMPDIR", sandbox.path("../tmp"))
            .current_dir(sandbox.path("../cwd"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            stderr: BufReader::new(child.stderr.take().unwrap()),
            child,
            said: String::new(),
            began: Instant::now(),
        }
    }

    /// Waits for a number of lines.
    fn hear(&mut self, lines: usize, wanted: impl Fn(&str) -> bool) {
        let mut left = lines;
        while left > 0 {
            let mut line = String::new();
            let read = self.stderr.read_line(&mut line).unwrap();
            assert!(read > 0, "it ended: {}", self.said);
            self.said.push_str(&line);
            left -= usize::from(wanted(&line));
        }
    }

    fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end, and reads what is left.
    fn end(mut self) -> Run {
        let mut stdout = String::new();
        let out = self.child.stdout.as_mut().unwrap();
        out.read_to_string(&mut stdout).unwrap();
        self.stderr.read_to_string(&mut self.said).unwrap();
        let status = self.child.wait().unwrap();
        Run {
            status: status.code().unwrap_or(-1),
            stdout,
            stderr: self.said,
            took: self.began.elapsed(),
        }
    }
}

fn is_done(line: &str) -> bool {
    line.contains(": OK, ")
}

/// Runs until everything but DNS is there, and stops it.
fn stopped(sandbox: &Sandbox, world: &Path, arguments: &[&str]) -> Run {
    let replayed = Replayed::new(sandbox, world, Some(DNS_HANGS));
    let mut running = Running::start(sandbox, &replayed, arguments);
    running.hear(OTHERS, is_done);
    running.interrupt();
    running.end()
}

#[test]
fn once_diagnoses_what_is_there() {
    let sandbox = Sandbox::new();
    let run = stopped(&sandbox, &base(), &["check", "-o", "json"]);
    let report = run.ended(3).json();
    assert_eq!(report["verdict"], "INCONCLUSIVE");
    assert!(
        run.stderr.contains("stopping: diagnosing what is there"),
        "{}",
        run.said()
    );
    let dns = collector(&report, "dns");
    assert!(
        dns["status"] == "FAILED" && dns["error"].as_str().unwrap().contains("by request"),
        "{dns}"
    );
    for other in ["iam", "kubernetes", "csds", "logging"] {
        assert_eq!(collector(&report, other)["status"], "OK", "{other}");
    }

    let world = repository().join("fixtures/incidents/missing-client-role");
    let run = stopped(&sandbox, &world, &["check", "-o", "json"]);
    let (verdict, findings) = gist(&run.ended(1).json());
    assert_eq!(verdict, "UNHEALTHY");
    assert!(
        findings
            .iter()
            .any(|(code, role, _)| code == "MD101" && role == "ROOT_CAUSE"),
        "{findings:?}"
    );
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

#[test]
fn nothing_is_healthy_that_was_stopped() {
    let sandbox = Sandbox::new();
    // A rule whose evidence is nobody's need: it is no error that it could not be checked.
    let replayed = Replayed::new(
        &sandbox,
        &base(),
        Some("- match: { path: \"/kubernetes/*/pods*\" }\n  action: hang\n"),
    );
    let mut running = Running::start(
        &sandbox,
        &replayed,
        &["check", "-o", "json", "--rule", "MD605,MD508"],
    );
    running.hear(1, |line| line.starts_with("fleet: OK"));
    running.interrupt();
    let run = running.end();
    let report = run.ended(3).json();
    assert_eq!(report["verdict"], "INCONCLUSIVE");
    assert!(
        report["reasons"][0].as_str().unwrap().contains("Ctrl-C"),
        "{}",
        report["reasons"]
    );
}

#[test]
fn once_makes_a_bundle_of_what_is_there_and_says_so() {
    let sandbox = Sandbox::new();
    let to = sandbox.path("b.tar.zst");
    let run = stopped(
        &sandbox,
        &base(),
        &["bundle", "create", "-o", to.to_str().unwrap()],
    );
    run.ended(3);
    for says in [
        "stopping: the bundle will hold",
        "stopped (Ctrl-C)",
        "not collected: dns",
    ] {
        assert!(run.stderr.contains(says), "no {says:?} in {}", run.said());
    }
    assert_eq!(run.stdout.lines().count(), 1, "{}", run.said());
    sandbox.run(["bundle", "verify", to.to_str().unwrap()]).ended(0);
    let check = sandbox.run(["check", to.to_str().unwrap(), "-o", "json"]);
    assert_eq!(check.ended(3).json()["verdict"], "INCONCLUSIVE");
}

/// A world whose report is larger than a pipe holds: many services, each with a finding.
fn large_world(sandbox: &Sandbox) -> std::path::PathBuf {
    let world = repository().join("fixtures/incidents/missing-client-role");
    for (path, mut content) in files(&world) {
        if path.ends_with("us-central1/services.json") {
            let mut listing: Value = serde_json::from_slice(&content).unwrap();
            let services = listing["services"].as_array_mut().unwrap();
            let first = services[0].to_string();
            let name = services[0]["name"]
                .as_str()
                .unwrap()
                .rsplit('/')
                .next()
                .unwrap()
                .to_owned();
            for n in 0..150 {
                let own = first.replace(&format!("services/{name}"), &format!("services/{name}-{n}"));
                services.push(serde_json::from_str(&own).unwrap());
            }
            content = listing.to_string().into_bytes();
        }
        sandbox.write(&format!("large/{path}"), content);
    }
    sandbox.path("large")
}

#[test]
fn twice_ends_at_once_and_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &large_world(&sandbox), Some(DNS_HANGS));
    let mut running = Running::start(&sandbox, &replayed, &["check", "-o", "json"]);
    running.hear(OTHERS, is_done);
    running.interrupt();
    running.hear(1, |line| line.starts_with("stopping"));
    // Nobody reads the report, which is larger than the pipe: it cannot have ended by itself.
    running.interrupt();
    let status = running.child.wait().unwrap();
    assert_eq!(status.code(), Some(130), "{}", running.said);
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

#[test]
fn a_scheduler_or_a_closed_terminal_that_ends_it_finds_nothing_left_behind() {
    let sandbox = Sandbox::new();
    let heard = usize::from(hears_hangup());
    for (signal, status) in [("-TERM", 143), ("-HUP", 129)].into_iter().take(1 + heard) {
        let replayed = Replayed::new(&sandbox, &base(), Some(DNS_HANGS));
        let mut running = Running::start(&sandbox, &replayed, &["check", "-o", "json"]);
        running.hear(OTHERS, is_done);
        assert_ne!(
            sandbox.left_behind(),
            Vec::<String>::new(),
            "what was collected so far"
        );
        running.signal(signal);
        let run = running.end();
        run.ended(status);
        assert_eq!(run.stdout, "");
        assert_eq!(sandbox.left_behind(), Vec::<String>::new());
    }
}

/// What an archive holds is unpacked beside, and a pipe keeps the program waiting for the rest of it.
#[test]
fn a_closed_terminal_leaves_nothing_of_an_archive_behind() {
    for command in [&["check", "-"][..], &["bundle", "create", "-", "-o", "b.tar.zst"]] {
        let sandbox = Sandbox::new();
        let mut program = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
        program.args(command).stdin(Stdio::piped());
        let mut running = Running::of(&sandbox, &mut program);
        let mut pipe = running.child.stdin.take().unwrap();
        let line = json!({"logName": "projects/p/logs/x", "textPayload": "x".repeat(1 << 16)}).to_string();
        let until = Instant::now() + Duration::from_secs(60);
        // The pipe blocks once the program no longer reads: it reads for as long as this writes.
        while sandbox.left_behind().is_empty() {
            assert!(Instant::now() < until, "nothing is kept of the pipe");
            writeln!(pipe, "{line}").unwrap();
        }
        let (signal, status) = if hears_hangup() {
            ("-HUP", 129)
        } else {
            ("-TERM", 143)
        };
        running.signal(signal);
        running.end().ended(status);
        drop(pipe);
        assert_eq!(sandbox.left_behind(), Vec::<String>::new());
    }
}

/// `nohup` lets a program ignore SIGHUP, so that it outlives its terminal.
#[test]
#[cfg(target_os = "linux")]
fn what_was_started_to_outlive_its_terminal_does() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), Some(DNS_HANGS));
    let mut program = Command::new("/bin/sh");
    let script = "trap '' HUP; exec \"$0\" check --verbose --timeout 300s --config \"$1\"";
    program
        .args(["-c", script, env!("CARGO_BIN_EXE_meshdoctor")])
        .arg(replayed.config());
    let mut running = Running::of(&sandbox, &mut program);
    running.hear(OTHERS, is_done);
    running.signal("-HUP");
    running.interrupt();
    assert!(running.end().ended(3).stderr.contains("stopping: "));
}

/// A world with so many log entries that a bundle of it takes a while.
fn world_with_logs(sandbox: &Sandbox, name: &str, entries: usize) -> std::path::PathBuf {
    for (path, content) in files(&base()) {
        sandbox.write(&format!("{name}/{path}"), content);
    }
    let lines: String = (0..entries)
        .map(|n| {
            let text = format!("\"GET /slots?user=u{n} HTTP/1.1\" 200 - for u{n}@example.com with session_id=s{n}");
            let labels = json!({"project_id": "mesh-prod", "service_name": "fortio", "location": "us-central1", "revision_name": "fortio-00003-abc"});
            let entry = json!({
                "insertId": format!("n{n}"), "logName": "projects/mesh-prod/logs/run.googleapis.com%2Fstdout",
                "resource": {"type": "cloud_run_revision", "labels": labels}, "timestamp": "2026-11-20T09:20:00Z", "textPayload": text,
            });
            entry.to_string() + "\n"
        })
        .collect();
    sandbox.write(&format!("{name}/logging/mesh-prod/entries-9.ndjson"), lines);
    sandbox.path(name)
}

/// What stands beside an output under a temporary name.
fn unfinished(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with(".meshdoctor-")).collect()
}

/// Ends the program as soon as it writes, and looks at what it leaves.
#[track_caller]
fn ended_while_writing(sandbox: &Sandbox, mut running: Running, out: &Path, by: (&str, i32)) {
    let began = Instant::now();
    while unfinished(out).is_empty() {
        let ended = running.child.try_wait().unwrap();
        assert!(ended.is_none(), "it ended before it could be stopped: {ended:?}");
        assert!(began.elapsed() < Duration::from_secs(120), "nothing is written");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.signal(by.0);
    let status = running.child.wait().unwrap();
    assert_eq!(status.code(), Some(by.1), "{}", running.said);
    assert!(!out.join("made").exists() && unfinished(out).is_empty());
    assert_eq!(sandbox.left_behind(), Vec::<String>::new());
}

#[test]
fn what_is_being_written_goes_with_the_program() {
    let sandbox = Sandbox::new();
    let world = world_with_logs(&sandbox, "many", 150_000);
    let out = sandbox.path("out");
    std::fs::create_dir(&out).unwrap();
    let to = out.join("made/");
    let to = to.to_str().unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
    program.args(["bundle", "create", "-o", to]).arg(&world);
    let heard = usize::from(hears_hangup());
    for by in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)]
        .into_iter()
        .take(2 + heard)
    {
        ended_while_writing(&sandbox, Running::of(&sandbox, &mut program), &out, by);
    }

    // Live, where what was collected goes too.
    let world = world_with_logs(&sandbox, "fewer", 15_000);
    let replayed = Replayed::new(&sandbox, &world, None);
    let running = Running::start(&sandbox, &replayed, &["bundle", "create", "-o", to]);
    ended_while_writing(&sandbox, running, &out, ("-INT", 130));
}
