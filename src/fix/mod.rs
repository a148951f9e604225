//! What mends a finding, as data: a list of actions, rendered to commands and manifests.
//!
//! Templates are filled in before an action is rendered. Nothing here knows a rule or a terminal.
mod action;
mod gcloud;
mod kubectl;
mod shell;
mod texts;

pub use action::{
    Action, ApiEnable, DnsRecordSet, DnsZoneAttachNetwork, DnsZoneCreate, FirewallAllow, IamBindingAdd,
    IamResource, K8sCreate, K8sLabel, K8sPatch, Manual, PatchType, RunUpdate,
};
pub use shell::quote as shell_quote;
pub use texts::Items;

use std::collections::BTreeMap;

impl Action {
    /// Shell commands that carry it out, in order, each ready to paste. Empty where there is only advice.
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::IamBindingAdd(binding) => vec![gcloud::iam_binding_add(binding)],
            Self::ApiEnable(api) => vec![gcloud::api_enable(api)],
            Self::RunUpdate(update) => gcloud::run_update(update),
            Self::DnsZoneCreate(zone) => vec![gcloud::dns_zone_create(zone)],
            Self::DnsZoneAttachNetwork(zone) => vec![gcloud::dns_zone_attach_network(zone)],
            Self::DnsRecordSet(record) => gcloud::dns_record_set(record),
            Self::FirewallAllow(rule) => vec![gcloud::firewall_allow(rule)],
            Self::K8sPatch(patch) => vec![kubectl::patch(patch)],
            Self::K8sCreate(create) => vec![kubectl::create(create)],
            Self::K8sLabel(label) => vec![kubectl::label(label)],
            Self::Manual(manual) => {
                let lines = manual.command.lines().map(str::trim);
                lines
                    .filter(|line| !line.is_empty())
                    .map(shell::with_placeholders)
                    .collect()
            }
        }
    }

    /// The YAML that it would apply; only `k8s_create` has one.
    pub fn manifest(&self) -> Option<String> {
        match self {
            Self::K8sCreate(create) => Some(kubectl::manifest(create)),
            Self::IamBindingAdd(_)
            | Self::ApiEnable(_)
            | Self::RunUpdate(_)
            | Self::DnsZoneCreate(_)
            | Self::DnsZoneAttachNetwork(_)
            | Self::DnsRecordSet(_)
            | Self::FirewallAllow(_)
            | Self::K8sPatch(_)
            | Self::K8sLabel(_)
            | Self::Manual(_) => None,
        }
    }

    /// Its fields as text, for the report; what is empty is left out, lists are joined with commas.
    pub fn fields(&self) -> BTreeMap<String, String> {
        let Ok(serde_json::Value::Object(object)) = serde_json::to_value(self) else {
            return BTreeMap::new();
        };
        object
            .into_iter()
            .filter(|(name, _)| name != "kind")
            .map(|(name, value)| (name, flat(&value)))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }
}

/// The commands of all actions, in order. `clusters` says by membership what to call a cluster, where more than one could be meant: a
/// comment with it goes before the first command for each.
pub fn commands(actions: &[Action], clusters: &BTreeMap<String, String>) -> Vec<String> {
    let mut all = Vec::new();
    let mut current = "";
    for action in actions {
        let commands = action.commands();
        if let Some(cluster) = clusters.get(action.membership())
            && cluster != current
            && !commands.is_empty()
        {
            all.push(format!("# cluster {cluster}"));
            current = cluster;
        }
        all.extend(commands);
    }
    all
}

/// The same actions, or words in their stead where a value that a command needs is not known: half a command is no fix.
pub fn completed(mut actions: Vec<Action>) -> Vec<Action> {
    let mut missing: Vec<&str> = Vec::new();
    for name in actions.iter_mut().flat_map(Action::mark_missing) {
        if !missing.contains(&name) {
            missing.push(name);
        }
    }
    if missing.is_empty() || actions.iter().all(|action| matches!(action, Action::Manual(_))) {
        return actions;
    }
    let words: Vec<String> = missing.iter().map(|name| name.to_ascii_uppercase()).collect();
    let commands: Vec<String> = actions
        .iter()
        .flat_map(Action::commands)
        .filter(|c| !c.contains('\n'))
        .collect();
    vec![Action::Manual(Manual {
        text: format!(
            "What was collected does not tell the {}: put {} in for {}.",
            missing.join(", the ").replace('_', " "),
            if missing.len() == 1 { "it" } else { "them" },
            words.join(", ")
        ),
        command: commands.join("\n"),
        membership: actions
            .iter()
            .map(Action::membership)
            .find(|m| !m.is_empty())
            .unwrap_or_default()
            .to_owned(),
    })]
}

/// The manifests of all actions as one multi-document YAML.
pub fn manifest(actions: &[Action]) -> Option<String> {
    let documents: Vec<String> = actions.iter().filter_map(Action::manifest).collect();
    (!documents.is_empty()).then(|| documents.join("---\n"))
}

fn flat(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) => items.iter().map(flat).collect::<Vec<_>>().join(","),
        serde_json::Value::Object(pairs) => pairs
            .iter()
            .map(|(key, value)| format!("{key}={}", flat(value)))
            .collect::<Vec<_>>()
            .join(","),
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
