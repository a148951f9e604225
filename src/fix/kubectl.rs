//! Actions on Kubernetes as kubectl commands.
use super::action::{K8sCreate, K8sLabel, K8sPatch, PatchType};
use super::shell::Command;

pub(super) fn patch(patch: &K8sPatch) -> String {
    let K8sPatch {
        membership: _,
        resource,
        name,
        patch,
        location: _,
        context,
        namespace,
        patch_type,
    } = patch;
    let kind = match patch_type {
        PatchType::Merge => "merge",
        PatchType::Json => "json",
        PatchType::Strategic => "strategic",
    };
    kubectl(context, namespace)
        .word("patch")
        .arg(resource)
        .arg(name)
        .flag("type", kind)
        .word("-p")
        .value(&one_line(patch))
        .finish()
}

pub(super) fn label(label: &K8sLabel) -> String {
    let K8sLabel {
        membership: _,
        resource,
        name,
        location: _,
        context,
        namespace,
        remove,
        labels,
    } = label;
    let mut command = kubectl(context, namespace).word("label").arg(resource).arg(name);
    for (key, value) in labels {
        command = command.arg(&format!("{key}={value}"));
    }
    for key in remove.values() {
        command = command.arg(&format!("{key}-"));
    }
    if !labels.is_empty() {
        command = command.word("--overwrite");
    }
    command.finish()
}

/// One command that carries its manifest along, so that pasting it is enough.
pub(super) fn create(create: &K8sCreate) -> String {
    let manifest = manifest(create);
    let mut mark = String::from("EOF");
    while manifest.lines().any(|line| line == mark) {
        mark.push('_');
    }
    let command = kubectl(&create.context, "")
        .word("apply")
        .word("-f")
        .word("-")
        .finish();
    format!("{command} <<'{mark}'\n{manifest}{mark}")
}

/// The manifest with one line end after it and no empty lines around it.
pub(super) fn manifest(create: &K8sCreate) -> String {
    format!("{}\n", create.manifest.trim_matches('\n').trim_end())
}

fn kubectl(context: &str, namespace: &str) -> Command {
    let command = Command::new(&["kubectl"]).optional("context", context);
    if namespace.is_empty() {
        command
    } else {
        command.word("-n").arg(namespace)
    }
}

/// A patch as JSON on one line; what is neither JSON nor YAML stays as it is.
fn one_line(patch: &str) -> String {
    serde_json::from_str::<serde_json::Value>(patch)
        .ok()
        .or_else(|| {
            serde_saphyr::from_str::<serde_json::Value>(patch)
                .ok()
                .filter(|value| !value.is_string())
        })
        .map_or_else(|| patch.to_owned(), |value| value.to_string())
}
