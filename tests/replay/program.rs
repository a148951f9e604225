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
    for signal in ["INT", "TERM"] {
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
