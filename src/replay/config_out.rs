//! `--config-out`: the configuration and the kubeconfig with which the live commands ask this server.
use super::server::Replay;
use crate::collect::Api;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf, absolute};

/// Writes FILE, and the kubeconfig beside it. FILE comes last and whole: its presence means ready.
///
/// # Errors
/// The folder does not exist or cannot be written.
pub fn write_config(replay: &Replay, file: &Path) -> io::Result<()> {
    let file = absolute(file)?;
    let mut name = file.file_stem().unwrap_or_default().to_owned();
    name.push(".kubeconfig");
    let kubeconfig = file.with_file_name(name);
    put(&kubeconfig, &clusters(replay))?;
    put(&file, &settings(replay, &kubeconfig))
}

/// Through a temporary file of the same folder. Both hold the token: only the owner may read them.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    let mut file = tempfile::Builder::new().prefix(".replay-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// Keys are called as the flags are.
fn settings(replay: &Replay, kubeconfig: &Path) -> String {
    let manifest = &replay.bundle().manifest;
    let scope = &manifest.scope;
    let mut text =
        String::from("# Written by `meshdoctor replay`: asks the replayed bundle instead of the cloud.\n");
    let mut line = |key: &str, value: &toml::Value| {
        let written = writeln!(text, "{key} = {value}");
        debug_assert!(written.is_ok(), "a String takes all");
    };
    let words = [
        ("project", &scope.project),
        ("url", &scope.url),
        ("since", &scope.since),
    ];
    for (key, value) in words.into_iter().filter(|(_, value)| !value.is_empty()) {
        line(key, &value.as_str().into());
    }
    let lists = [
        ("service-project", &scope.service_projects),
        ("region", &scope.regions),
        ("service", &scope.services),
        ("membership", &memberships(replay)),
        ("namespace", &scope.namespaces),
    ];
    for (key, values) in lists.into_iter().filter(|(_, values)| !values.is_empty()) {
        line(key, &values.iter().map(String::as_str).collect::<Vec<_>>().into());
    }
    // The bundle's "now": conditions that expire and logs that age do so as they did then.
    if let Some(now) = manifest.collected_at {
        line("now", &now.to_string().into());
    }
    line("access-token", &replay.token().into());
    line("kubeconfig", &kubeconfig.display().to_string().into());
    text.push_str("\n[endpoints]\n");
    for api in Api::ALL {
        let written = writeln!(text, "{} = {}", api.name(), toml::Value::from(replay.url()));
        debug_assert!(written.is_ok(), "a String takes all");
    }
    text
}

/// The memberships of the scope, or all that the bundle has.
fn memberships(replay: &Replay) -> Vec<String> {
    let scope = &replay.bundle().manifest.scope;
    let mut all: BTreeSet<&str> = scope.memberships.iter().map(String::as_str).collect();
    if all.is_empty() {
        all.extend(served(replay));
    }
    all.into_iter().map(str::to_owned).collect()
}

fn served(replay: &Replay) -> BTreeSet<&str> {
    let paths = replay.bundle().world.files.keys();
    paths
        .filter_map(|path| path.strip_prefix("kubernetes/")?.split('/').next())
        .collect()
}

/// A context a membership, of its name. JSON is YAML: names are quoted.
fn clusters(replay: &Replay) -> String {
    let mut all: BTreeSet<String> = memberships(replay).into_iter().collect();
    all.extend(served(replay).into_iter().map(str::to_owned));
    let (mut clusters, mut contexts) = (Vec::new(), Vec::new());
    for name in &all {
        let server = format!("{}/kubernetes/{name}/with-token/{}", replay.url(), replay.token());
        clusters.push(serde_json::json!({ "name": name, "cluster": { "server": server } }));
        contexts.push(serde_json::json!({ "name": name, "context": { "cluster": name, "user": "replay" } }));
    }
    let config = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": clusters,
        "contexts": contexts,
        "current-context": all.first().map_or("", String::as_str),
        "users": [{ "name": "replay", "user": { "token": replay.token() } }],
    });
    format!("{config:#}\n")
}
