//! What the tests of the whole program share: running it in a sandbox of its own, and worlds made from fixtures.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
pub mod replayed;

use assert_cmd::Command;
use meshdoctor::rules::fixture::{self, Fixture};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The repository.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The healthy world.
pub fn base() -> PathBuf {
    repository().join("fixtures/worlds/base")
}

/// A file of the healthy world.
pub fn base_file(path: &str) -> String {
    fs::read_to_string(base().join(path)).unwrap()
}

/// Whether programs that a test starts hear SIGHUP: below `nohup` they inherit that it is ignored.
pub fn hears_hangup() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.is_none_or(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 0)
}

/// How a run ended.
#[derive(Debug)]
pub struct Run {
    /// -1 where a signal ended it.
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    pub took: Duration,
}

impl Run {
    /// All that was said, for messages of tests.
    pub fn said(&self) -> String {
        format!("status {}\n{}{}", self.status, self.stdout, self.stderr)
    }

    #[track_caller]
    pub fn ended(&self, status: i32) -> &Self {
        assert_eq!(self.status, status, "{}", self.said());
        self
    }

    /// The report, of `-o json`.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {}", self.said()))
    }

    /// The codes of a report's findings.
    #[track_caller]
    pub fn codes(&self) -> Vec<String> {
        let report = self.json();
        let findings = report["findings"].as_array().unwrap();
        findings
            .iter()
            .map(|f| f["code"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// A private folder with room for input, a working directory and a temporary directory.
pub struct Sandbox {
    root: TempDir,
}

impl Sandbox {
    pub fn new() -> Self {
        let root = TempDir::new().unwrap();
        for name in ["in", "cwd", "tmp"] {
            fs::create_dir(root.path().join(name)).unwrap();
        }
        Self { root }
    }

    /// A path below the folder of input.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join("in").join(name)
    }

    /// Writes a file of input, and gives its path.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Copies a file of the healthy world to the folder of input.
    pub fn take(&self, from: &str, name: &str) -> PathBuf {
        self.write(name, base_file(from))
    }

    /// The program, with nothing of the surroundings in its environment.
    pub fn program(&self) -> Command {
        self.clean(Command::new(env!("CARGO_BIN_EXE_meshdoctor")))
    }

    fn clean(&self, mut command: Command) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        command
            .env_clear()
            .env("PATH", path)
            .env("TMPDIR", self.root.path().join("tmp"));
        command.current_dir(self.root.path().join("cwd"));
        command
    }

    pub fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Run {
        finish(self.program().args(arguments))
    }

    /// As [`run`](Self::run), killed when it takes more memory than `bytes` or longer than a minute.
    pub fn run_within<S: AsRef<std::ffi::OsStr>>(
        &self,
        bytes: u64,
        arguments: impl IntoIterator<Item = S>,
    ) -> Run {
        let mut command = self.clean(Command::new("prlimit"));
        command
            .arg(format!("--as={bytes}"))
            .arg(env!("CARGO_BIN_EXE_meshdoctor"));
        finish(command.args(arguments).timeout(Duration::from_secs(60)))
    }

    /// Every path below the sandbox but for the input, and what stands there.
    pub fn left_behind(&self) -> Vec<String> {
        let mut paths: Vec<String> = files(self.root.path())
            .into_keys()
            .filter(|path| !path.starts_with("in/"))
            .collect();
        let top = fs::read_dir(self.root.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap());
        paths.extend(top.filter(|name| !["in", "cwd", "tmp"].contains(&name.as_str())));
        for name in ["cwd", "tmp"] {
            let within = fs::read_dir(self.root.path().join(name)).unwrap();
            paths.extend(within.map(|e| e.unwrap().path().display().to_string()));
        }
        paths
    }
}

/// Runs a command to its end.
pub fn finish(command: &mut Command) -> Run {
    let started = Instant::now();
    let output = command.output().unwrap();
    Run {
        status: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        took: started.elapsed(),
    }
}

/// Every file below a folder, by its path with slashes. Links are not followed.
pub fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(at) = open.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                let path = entry.path().strip_prefix(folder).unwrap().display().to_string();
                found.insert(path, fs::read(entry.path()).unwrap());
            }
        }
    }
    found
}

/// A world as a fixture tells it, written out.
pub fn world(s: &Sandbox, changes: &str) -> PathBuf {
    let fixture: Fixture = serde_saphyr::from_str(&format!("about: a world\nbase: base\n{changes}")).unwrap();
    let built = fixture::build(&repository().join("fixtures"), &fixture).unwrap();
    for (path, blob) in &built.files {
        s.write(&format!("world/{path}"), blob.bytes().unwrap());
    }
    s.path("world")
}

/// The files of a rule's fixture, by their path in the layout: `fixture_files("MD101", "fires")`.
pub fn fixture_files(code: &str, name: &str) -> BTreeMap<String, Vec<u8>> {
    let fixtures = repository().join("fixtures");
    let yaml = fs::read_to_string(fixtures.join(format!("rules/{code}/{name}.yaml"))).unwrap();
    let fixture: Fixture = serde_saphyr::from_str(&yaml).unwrap();
    let world = fixture::build(&fixtures, &fixture).unwrap();
    world
        .files
        .iter()
        .map(|(path, blob)| (path.clone(), blob.bytes().unwrap()))
        .collect()
}

/// Writes a rule's fixture as a snapshot directory into the sandbox.
pub fn fixture_world(sandbox: &Sandbox, code: &str, name: &str) -> PathBuf {
    let folder = format!("world-{code}-{name}");
    for (path, content) in fixture_files(code, name) {
        sandbox.write(&format!("{folder}/{path}"), content);
    }
    sandbox.path(&folder)
}

/// All the memory that a run may take, as address space: what is resident is less.
const MEMORY: u64 = 1 << 30;

/// Runs `check`. Whatever it is given, it ends by itself, in bounds, and leaves nothing behind.
#[track_caller]
pub fn check(s: &Sandbox, paths: &[&Path]) -> Run {
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
pub fn refused(s: &Sandbox, name: &str, content: impl AsRef<[u8]>, says: &[&str]) {
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
        fs::remove_dir_all(gone).unwrap();
    } else {
        fs::remove_file(gone).unwrap();
    }
}

#[track_caller]
pub fn assert_refusal(run: &Run, path: &Path, says: &[&str]) {
    run.ended(2);
    assert!(run.stdout.is_empty(), "{}", run.said());
    let path = path.display().to_string();
    for text in [path.as_str(), "\n  remedy: "].iter().chain(says) {
        assert!(run.stderr.contains(text), "no {text:?} in: {}", run.said());
    }
}
