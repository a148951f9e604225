//! Worlds replayed over the real wire, and what a report says of them.
use super::{Run, Sandbox, finish};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A replayed world; it ends with its owner.
pub struct Replayed {
    server: Child,
    config: PathBuf,
}

impl Replayed {
    pub fn new(sandbox: &Sandbox, world: &Path, faults: Option<&str>) -> Self {
        Self::with(sandbox, world, faults, &[])
    }

    /// With more flags of `replay`.
    pub fn with(sandbox: &Sandbox, world: &Path, faults: Option<&str>, flags: &[&str]) -> Self {
        let config = sandbox.path("live/meshdoctor.toml");
        fs::create_dir_all(config.parent().unwrap()).unwrap();
        let _ = fs::remove_file(&config);
        // A server runs beside the test: `assert_cmd` only waits.
        let mut program = Command::new(env!("CARGO_BIN_EXE_meshdoctor"));
        program.arg("replay").arg(world).arg("--config-out").arg(&config);
        if let Some(faults) = faults {
            program.arg("--faults").arg(sandbox.write("faults.yaml", faults));
        }
        let server = program
            .args(flags)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !config.exists() {
            assert!(began.elapsed() < Duration::from_secs(30), "replay did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { server, config }
    }

    /// The written configuration.
    pub fn config(&self) -> &Path {
        &self.config
    }

    pub fn check(&self, sandbox: &Sandbox, flags: &[&str]) -> Run {
        finish(
            sandbox
                .program()
                .arg("check")
                .arg("--config")
                .arg(&self.config)
                .args(flags),
        )
    }

    pub fn token(&self) -> String {
        let text = fs::read_to_string(&self.config).unwrap();
        let line = text
            .lines()
            .find(|line| line.starts_with("access-token"))
            .unwrap();
        line.split('"').nth(1).unwrap().to_owned()
    }
}

impl Drop for Replayed {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// A report's verdict, and code, role and subject of each finding.
pub type Gist = (String, Vec<(String, String, String)>);

/// Verdict and findings, without what differs from run to run.
pub fn gist(report: &Value) -> Gist {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = report["findings"].as_array().into_iter().flatten();
    let mut findings: Vec<_> = findings
        .map(|f| (text(&f["code"]), text(&f["role"]), text(&f["subject"]["name"])))
        .collect();
    findings.sort();
    (text(&report["verdict"]), findings)
}

/// What a report says of a collector.
#[track_caller]
pub fn collector<'a>(report: &'a Value, name: &str) -> &'a Value {
    let all = report["collectors"].as_array().unwrap();
    all.iter().find(|collector| collector["name"] == name).unwrap()
}
