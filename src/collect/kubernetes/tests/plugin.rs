//! Exec plugins of a kubeconfig.
use super::*;

fn kubeconfig(folder: &std::path::Path, server: &Server, script: &str) -> Target {
    use std::os::unix::fs::PermissionsExt;
    let plugin = folder.join("plugin");
    std::fs::write(&plugin, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&plugin, std::fs::Permissions::from_mode(0o755)).unwrap();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "other",
        "clusters": [{"name": "c", "cluster": {"server": server.url}}],
        "users": [{"name": "u", "user": {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1",
            "command": "./plugin", "interactiveMode": "Never"}}}],
        "contexts": [{"name": "mine", "context": {"cluster": "c", "user": "u"}}],
    });
    let path = folder.join("config");
    std::fs::write(&path, config.to_string()).unwrap();
    Target {
        access: Access::Kubeconfig {
            path: Some(path),
            context: Some("mine".into()),
        },
        ..gateway(server)
    }
}

#[tokio::test]
async fn a_kubeconfigs_plugin_brings_the_token_and_its_output_is_never_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_, _, _| nothing()).await;
    let credential = r#"{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"from-plugin"}}"#;
    let target = kubeconfig(folder.path(), &server, &format!("echo '{credential}'"));
    let (outcome, store) = run(&target).await;
    assert_eq!(outcome.status(), Status::Ok, "{outcome:?}");
    assert_eq!(store.world().files.len(), KINDS.len());
    assert!(server.asked("").iter().all(|path| path.starts_with("/api")));
    assert_eq!(
        server.headers.lock().unwrap()[0]["authorization"],
        "Bearer from-plugin"
    );

    let target = kubeconfig(
        folder.path(),
        &server,
        "echo s3cret; echo log in first >&2; exit 3",
    );
    let (outcome, _) = run(&target).await;
    assert_eq!((outcome.status(), outcome.failures.len()), (Status::Failed, 1));
    let error = &outcome.failures[0].error;
    assert!(
        error.contains("exit status: 3: log in first") && !error.contains("s3cret"),
        "{error}"
    );
}

#[tokio::test]
async fn a_token_that_runs_out_is_asked_for_again_and_one_that_lasts_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    for (ends, again) in [("2001-01-01T00:00:00Z", true), ("2999-01-01T00:00:00Z", false)] {
        let server = serve(|_, _, _| nothing()).await;
        std::fs::write(&runs, "").unwrap();
        let credential =
            format!(r#"{{"kind":"ExecCredential","status":{{"token":"t","expirationTimestamp":"{ends}"}}}}"#);
        let script = format!("echo run >> '{}'; echo '{credential}'", runs.display());
        let (outcome, _) = run(&kubeconfig(folder.path(), &server, &script)).await;
        assert_eq!(outcome.status(), Status::Ok, "{outcome:?}");
        let runs = std::fs::read_to_string(&runs).unwrap().lines().count();
        assert_eq!(runs > 1, again, "{ends}: {runs}");
    }
}

#[tokio::test]
async fn what_a_plugin_is_told_and_what_it_may_print() {
    let folder = tempfile::tempdir().unwrap();
    let server = serve(|_, _, _| nothing()).await;
    let told = r#"echo "{kind: ExecCredential, status: {token: '$(echo "$KUBERNETES_EXEC_INFO" | tr -dc a-z0-9)'}}""#;
    let (outcome, _) = run(&kubeconfig(folder.path(), &server, told)).await;
    assert_eq!(outcome.status(), Status::Ok, "{outcome:?}");
    let header = server.headers.lock().unwrap()[0]["authorization"].clone();
    let header = header.to_str().unwrap();
    assert!(
        header.contains("lientauthenticationk8siov1beta1") && header.contains("interactivefalse"),
        "{header}"
    );
    for script in ["echo nonsense", "echo '{}'"] {
        let (outcome, _) = run(&kubeconfig(folder.path(), &server, script)).await;
        let error = &outcome.failures[0].error;
        assert!(
            error.contains("did not print an ExecCredential"),
            "{script}: {error}"
        );
    }
}
