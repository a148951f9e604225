//! A kubeconfig's exec plugin. It is run here and not by the client, which gives no hold on it: one that hangs is ended, with all
//! that it started.
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>.
use crate::collect::Token;
use crate::collect::refusal::one_line;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, ExecConfig, ExecInteractiveMode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io::{self, IsTerminal};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use tokio::sync::Mutex;

/// A token is renewed before it runs out in the middle of a call.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

#[derive(Deserialize)]
struct Printed {
    status: Option<Status>,
}

/// What a plugin brings: a token, a certificate, or both.
#[derive(Deserialize, Clone, Default)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    expiration_timestamp: Option<Timestamp>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
}

/// Runs the plugin where there is one and its credentials count, puts a certificate where the client looks for one, and gives a
/// token that is renewed as the plugin says.
///
/// # Errors
/// In words, with nothing of what the plugin printed to its standard output.
pub async fn take(auth: &mut AuthInfo) -> Result<Option<Token>, String> {
    // As the client has it: what stands in the kubeconfig itself goes before a plugin.
    let given = auth.auth_provider.is_some()
        || auth.token.is_some()
        || auth.token_file.is_some()
        || (auth.username.is_some() && auth.password.is_some());
    let Some(exec) = auth.exec.take().filter(|_| !given) else {
        return Ok(None);
    };
    let status = run(&exec).await?;
    if let (Some(certificate), Some(key)) = (&status.client_certificate_data, &status.client_key_data) {
        *auth = with_certificate(auth, certificate, key)?;
    }
    Ok(status.token.is_some().then(|| renewed(exec, status)))
}

fn with_certificate(auth: &AuthInfo, certificate: &str, key: &str) -> Result<AuthInfo, String> {
    // The type of a key is the client's own, and made from nothing but a kubeconfig.
    let mut value = serde_json::to_value(auth).unwrap_or_default();
    value["client-certificate-data"] = BASE64_STANDARD.encode(certificate).into();
    value["client-key-data"] = BASE64_STANDARD.encode(key).into();
    let unusable = |_| "the kubeconfig's plugin brought a certificate that cannot be used".to_owned();
    serde_json::from_value(value).map_err(unusable)
}

fn renewed(exec: ExecConfig, first: Status) -> Token {
    let kept = Arc::new((exec, Mutex::new(first)));
    Arc::new(move || {
        let kept = Arc::clone(&kept);
        Box::pin(async move {
            let (exec, status) = &*kept;
            let mut status = status.lock().await;
            let ends = status.expiration_timestamp;
            if ends.is_some_and(|ends| Timestamp::now() + MARGIN >= ends) {
                *status = run(exec).await?;
            }
            let none = || "the kubeconfig's plugin brought no token".to_owned();
            status.token.clone().ok_or_else(none)
        })
    })
}

async fn run(exec: &ExecConfig) -> Result<Status, String> {
    let name = exec
        .command
        .as_deref()
        .ok_or("the kubeconfig's plugin has no command")?;
    let child = command(name, exec)?.spawn().map_err(|error| {
        format!(
            "the kubeconfig's plugin could not be started: {error}; install it, or use the fleet membership"
        )
    })?;
    let broke = |error: &dyn std::fmt::Display| format!("the kubeconfig's plugin {name}: {error}");
    let output = Running::of(child).output().await.map_err(|error| broke(&error))?;
    if !output.status.success() {
        let words = one_line(&String::from_utf8_lossy(&output.stderr));
        let colon = if words.is_empty() { "" } else { ": " };
        return Err(format!(
            "the kubeconfig's plugin {name} failed, {}{colon}{words}",
            output.status
        ));
    }
    let odd = || "the kubeconfig's plugin did not print an ExecCredential".to_owned();
    let printed: Printed = serde_saphyr::from_slice(&output.stdout).map_err(|_| odd())?;
    printed.status.ok_or_else(odd)
}

fn command(name: &str, exec: &ExecConfig) -> Result<Command, String> {
    let mut command = Command::new(name);
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let interactive = exec.interactive_mode != Some(ExecInteractiveMode::Never);
    let mut spec = json!({ "interactive": interactive });
    if exec.provide_cluster_info {
        spec["cluster"] = serde_json::to_value(&exec.cluster).map_err(|error| error.to_string())?;
    }
    let info: Value = json!({ "kind": "ExecCredential", "apiVersion": exec.api_version, "spec": spec });
    command.env("KUBERNETES_EXEC_INFO", info.to_string());
    command.stdout(Stdio::piped());
    if interactive {
        command.stdin(Stdio::inherit()).stderr(Stdio::inherit());
    } else {
        command.stdin(Stdio::null()).stderr(Stdio::piped());
    }
    // In a group of its own all that it starts is ended with it. A terminal lets no other group than its own read: there the plugin
    // stays in ours, and Ctrl-C reaches it.
    #[cfg(unix)]
    if !(interactive && io::stdin().is_terminal()) {
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
    }
    Ok(command)
}

/// A plugin that runs. It is ended where nobody waits for it any more.
struct Running {
    child: Option<Child>,
    #[cfg(unix)]
    id: Option<rustix::process::Pid>,
}

impl Running {
    fn of(child: Child) -> Self {
        Self {
            #[cfg(unix)]
            id: i32::try_from(child.id())
                .ok()
                .and_then(rustix::process::Pid::from_raw),
            child: Some(child),
        }
    }

    async fn output(mut self) -> io::Result<Output> {
        let Some(child) = self.child.take() else {
            return Err(io::Error::other("it runs no more"));
        };
        // It is waited for, which must not hold up the other collectors.
        let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
        #[cfg(unix)]
        {
            self.id = None;
        }
        output.map_err(io::Error::other)?
    }
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        use rustix::process::{Signal, kill_process, kill_process_group};
        if let Some(id) = self.id {
            // One that is in our group has none of its own. What has ended by itself cannot be ended again.
            let _ = kill_process_group(id, Signal::KILL).or_else(|_| kill_process(id, Signal::KILL));
        }
    }
}
