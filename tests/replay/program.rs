//! The program itself: its configuration, its signals, its addresses.
use crate::common;
use crate::server::Server;
use reqwest::{Client, Method};
use std::path::Path;
use std::time::{Duration, Instant};

/// Ready when the file is there, and it ends by a signal, even with a request that hangs.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_program_writes_its_configuration_and_ends_cleanly() {
    let heard = usize::from(common::hears_hangup());
    for signal in ["INT", "TERM", "HUP"].into_iter().take(2 + heard) {
        let sandbox = common::Sandbox::new();
        let out = sandbox.path("replay.toml");
        let faults = sandbox.write("faults.yaml", "- match: { path: /compute/ }\n  action: hang\n");
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
            .arg("replay")
            .arg(common::base())
            .arg("--config-out")
            .arg(&out)
            .arg("--faults")
            .arg(&faults)
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        wait_for(&out);
        let settings: toml::Table = std::fs::read_to_string(&out).unwrap().parse().unwrap();
        assert_eq!(settings["project"].as_str(), Some("mesh-prod"));
        assert_eq!(settings["now"].as_str(), Some("2026-11-20T09:35:00Z"));
        assert!(Path::new(settings["kubeconfig"].as_str().unwrap()).is_file());
        let url = settings["endpoints"]["run"].as_str().unwrap().to_owned();
        assert_eq!(settings["endpoints"].as_table().unwrap().len(), 12);
        let token = settings["access-token"].as_str().unwrap().to_owned();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = Server {
            url,
            token,
            http: Client::builder().no_proxy().build().unwrap(),
        };
        server.get("v3/projects/mesh-prod").await;
        let hung = server.send(Method::GET, "compute/v1/projects/mesh-prod/global/networks", None);
        assert!(
            tokio::time::timeout(Duration::from_millis(200), hung)
                .await
                .is_err()
        );
        let killed = std::process::Command::new("kill")
            .args([format!("-{signal}"), child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
        let ended = child.wait_with_output_within(Duration::from_secs(10));
        assert_eq!(ended.0, Some(0), "{signal}");
        assert_eq!(ended.1.lines().count(), 1, "{}", ended.1);
    }
}

fn wait_for(file: &Path) {
    let started = Instant::now();
    while !file.exists() {
        assert!(started.elapsed() < Duration::from_secs(30), "never ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

trait Within {
    fn wait_with_output_within(&mut self, limit: Duration) -> (Option<i32>, String);
}

impl Within for std::process::Child {
    fn wait_with_output_within(&mut self, limit: Duration) -> (Option<i32>, String) {
        let started = Instant::now();
        loop {
            if let Some(status) = self.try_wait().unwrap() {
                let mut out = String::new();
                std::io::Read::read_to_string(&mut self.stdout.take().unwrap(), &mut out).unwrap();
                return (status.code(), out);
            }
            if started.elapsed() > limit {
                self.kill().unwrap();
                self.wait().unwrap();
                panic!("did not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

#[test]
fn an_address_that_others_can_reach_is_refused() {
    let sandbox = common::Sandbox::new();
    let base = common::base();
    let run = sandbox.run(["replay", base.to_str().unwrap(), "--listen", "0.0.0.0:0"]);
    run.ended(2);
    assert!(run.stderr.contains("loopback"), "{}", run.said());
}

/// The file of `replay --help`, as it is shown.
fn shown_faults(sandbox: &common::Sandbox) -> String {
    let help = sandbox.run(["replay", "--help"]);
    let lines = help.ended(0).stdout.lines().map(str::trim_end);
    let mut shown = lines
        .skip_while(|line| !line.trim_start().starts_with("- match:"))
        .peekable();
    let indent = shown.peek().unwrap().len() - shown.peek().unwrap().trim_start().len();
    let shown: Vec<&str> = shown
        .take_while(|line| !line.is_empty())
        .map(|line| &line[indent..])
        .collect();
    shown.join("\n") + "\n"
}

#[cfg(unix)]
#[test]
fn faults_are_read_as_help_shows_them_and_what_was_never_used_is_told() {
    let sandbox = common::Sandbox::new();
    let shown = shown_faults(&sandbox);
    assert!(shown.contains("action:"), "{shown}");
    let used = "- match: { path: / }\n  action: { delay: 1 }\n";
    let file = sandbox.write("faults.yaml", format!("{used}{shown}"));
    let out = sandbox.path("replay.toml");
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_meshdoctor"))
        .arg("replay")
        .arg(common::base())
        .arg("--config-out")
        .arg(&out)
        .arg("--faults")
        .arg(&file)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    wait_for(&out);
    let check = ["check", "--rule", "MD508", "--config", out.to_str().unwrap()];
    sandbox.run(check).ended(0);
    let pid = child.id().to_string();
    let killed = std::process::Command::new("kill").args(["-INT", &pid]).status();
    assert!(killed.unwrap().success());
    let ended = child.wait_with_output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{said}");
    let expected = format!(
        "warning: {}:3: POST /v2/entries:list: never used: ",
        file.display()
    );
    assert!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
}

#[test]
fn a_fault_that_could_never_happen_is_refused_by_its_line() {
    let sandbox = common::Sandbox::new();
    let base = common::base();
    for (bad, says) in [
        (
            "- match: { path: /zones/ }\n  action: hang\n",
            "nothing is served there",
        ),
        ("- match: { path: /dns/ }\n  actoin: hang\n", "actoin"),
    ] {
        let file = sandbox.write("faults.yaml", format!("# ours\n{bad}"));
        let file = file.to_str().unwrap();
        let run = sandbox.run(["replay", base.to_str().unwrap(), "--faults", file]);
        run.ended(2);
        for text in [says, &format!("{file}:2: "), "remedy: "] {
            assert!(run.stderr.contains(text), "no {text:?} in {}", run.said());
        }
    }
}
