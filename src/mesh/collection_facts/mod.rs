//! Facts of how the evidence was collected: what each collector lacked and what grants it; the snapshot as a whole.
mod whole;

pub use whole::whole;

use super::control_facts;
use super::facts::Collection;
use super::iam::ancestors_of;
use super::model::Model;
use super::subject::Identity;
use crate::gcp::access::{self, Level};
use crate::snapshot::{CollectorOutcome, Failure, FailureKind};
use std::collections::{BTreeMap, BTreeSet};

/// What tells one trouble from another: what one permission, one API, one cluster's RBAC or one collector lacks is told once,
/// however many calls wanted it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    /// Permission, and the project, folder or organization.
    Permission(String, String),
    /// API and project.
    Api(String, String),
    /// The membership.
    Cluster(String),
    TimedOut(String),
    Failed(String),
    /// A collector that lacked nothing.
    Fine(String),
}

/// What became of the collectors that the manifest tells of, each with its name as a subject.
pub fn collections(model: &Model) -> Vec<(Identity, Collection)> {
    let mut found: BTreeMap<Key, Collection> = BTreeMap::new();
    for outcome in &model.snapshot.manifest.collectors {
        let failures = outcome.each_failure();
        if failures.is_empty() {
            let facts = of_collector(&outcome.name);
            found.entry(Key::Fine(outcome.name.clone())).or_insert(facts);
        }
        for failure in &failures {
            let of = described(model, &outcome.name, failure);
            let facts = found
                .entry(key(&outcome.name, &of))
                .or_insert_with(|| Collection {
                    operator: operator(model, &outcome.name),
                    ..of.clone()
                });
            // A collector's troubles of one sort differ in their kinds: the gravest stands for all.
            if facts.kind == FailureKind::Stopped.as_str() {
                facts.kind = of.kind;
            }
            facts.optional &= of.optional;
            for (all, more) in [
                (&mut facts.calls, vec![failure.call.clone()]),
                (&mut facts.collectors, vec![outcome.name.clone()]),
                (&mut facts.cluster_kinds, of.cluster_kinds),
            ] {
                for text in more {
                    if !text.is_empty() && !all.contains(&text) {
                        all.push(text);
                    }
                }
            }
        }
    }
    let disabled = disabled(model);
    for facts in found.values_mut() {
        facts.place = place(facts);
        facts.again.clone_from(&model.snapshot.manifest.again.more_time);
        facts.service_known_disabled = disabled.contains(&(facts.project.clone(), facts.service.clone()));
    }
    found
        .into_iter()
        .map(|(key, facts)| (identity(key, &facts), facts))
        .collect()
}

fn of_collector(name: &str) -> Collection {
    Collection {
        collector: name.to_owned(),
        collectors: vec![name.to_owned()],
        ..Collection::default()
    }
}

fn described(model: &Model, collector: &str, failure: &Failure) -> Collection {
    let mut facts = Collection {
        kind: failure.kind.as_str().to_owned(),
        error: failure.error.clone(),
        resource: failure.resource.clone().unwrap_or_default(),
        optional: failure.is_detail(),
        ..of_collector(collector)
    };
    let within = |kind: &str| {
        let mut parts = facts.resource.split('/').skip_while(|part| *part != kind);
        plain(parts.nth(1).unwrap_or_default())
    };
    let project = match within("projects") {
        named if named.is_empty() => named,
        named => model.projects.id(&named).0,
    };
    let (folder, organization) = (within("folders"), within("organizations"));
    match failure.kind {
        FailureKind::PermissionMissing => {
            facts.permission = plain_words(failure.permission.as_deref().unwrap_or_default());
            if let Some(kind) = access::of_cluster(&facts.permission) {
                facts.cluster = plain(facts.resource.rsplit("cluster ").next().unwrap_or_default());
                facts.cluster_kinds = vec![kind.to_owned()];
                facts.level = "cluster".to_owned();
                return facts;
            }
            let grant = access::grant(&facts.permission);
            facts.role = grant.map(|grant| grant.role.to_owned()).unwrap_or_default();
            facts.level = match grant.map(|grant| grant.level) {
                Some(Level::Organization) => "organization",
                _ if !folder.is_empty() => "folder",
                _ if !organization.is_empty() => "organization",
                _ => "project",
            }
            .to_owned();
            facts.organization = organization_of(model, &project, &organization);
            facts.ancestor = match facts.level.as_str() {
                "folder" => folder,
                "organization" => facts.organization.clone(),
                _ => String::new(),
            };
            // On the organization it cannot be granted elsewhere for a project.
            facts.project = project;
        }
        FailureKind::ApiDisabled => {
            facts.service = plain(failure.service.as_deref().unwrap_or_default());
            facts.project = project;
        }
        _ => facts.project = project,
    }
    facts
}

fn key(collector: &str, facts: &Collection) -> Key {
    let place = match (facts.ancestor.as_str(), facts.level.as_str()) {
        ("", _) | (_, "project") => facts.project.clone(),
        (ancestor, level) => format!("{level}s/{ancestor}"),
    };
    match facts.kind.as_str() {
        "PERMISSION_MISSING" if facts.level == "cluster" => Key::Cluster(facts.cluster.clone()),
        "PERMISSION_MISSING" => Key::Permission(facts.permission.clone(), place),
        "API_DISABLED" if !facts.service.is_empty() => Key::Api(facts.service.clone(), place),
        "TIMED_OUT" => Key::TimedOut(collector.to_owned()),
        _ => Key::Failed(collector.to_owned()),
    }
}

fn identity(key: Key, facts: &Collection) -> Identity {
    let (kind, name) = match key {
        Key::Permission(permission, _) => ("Permission", permission),
        Key::Api(service, _) => ("Api", service),
        Key::Cluster(membership) => ("Membership", membership),
        Key::TimedOut(collector) | Key::Failed(collector) | Key::Fine(collector) => ("Collector", collector),
    };
    let above = (!facts.ancestor.is_empty()).then(|| format!("{}s/{}", facts.level, facts.ancestor));
    let project = (kind != "Collector" && !facts.project.is_empty()).then(|| facts.project.clone());
    Identity {
        kind,
        name,
        location: above.clone(),
        project: project.filter(|_| above.is_none()),
        namespace: None,
    }
}

fn place(facts: &Collection) -> String {
    let parts = [
        ("cluster", &facts.cluster),
        (facts.level.as_str(), &facts.ancestor),
        ("project", &facts.project),
    ];
    let first = parts.into_iter().find(|(_, name)| !name.is_empty());
    first
        .map(|(kind, name)| format!("{kind} {name}"))
        .unwrap_or_default()
}

/// The organization's number: as the resource names it, else as the project's ancestors do.
fn organization_of(model: &Model, project: &str, named: &str) -> String {
    if !named.is_empty() {
        return named.to_owned();
    }
    let above = ancestors_of(model.snapshot, model.projects, project);
    let organization = above
        .iter()
        .find_map(|above| above.strip_prefix("organizations/"));
    plain(organization.unwrap_or_default())
}

/// Who collected, as far as that is known: from the manifest, and from RBAC, which names the user that it turns away. In a
/// cluster RBAC is right, since a kubeconfig may be another's.
fn operator(model: &Model, collector: &str) -> String {
    let told = plain(&model.snapshot.manifest.operator);
    let by_rbac = turned_away(model);
    if told.is_empty() || (collector == "kubernetes" && !by_rbac.is_empty()) {
        by_rbac
    } else {
        told
    }
}

fn turned_away(model: &Model) -> String {
    let collectors = model.snapshot.manifest.collectors.iter();
    let names = collectors
        .flat_map(CollectorOutcome::each_failure)
        .filter_map(|failure| {
            let (_, rest) = failure.error.split_once("User \"")?;
            let (name, _) = rest.split_once('"')?;
            let is_account = name.contains('@') && !name.starts_with("system:");
            is_account.then(|| plain(name)).filter(|name| !name.is_empty())
        });
    let names: BTreeSet<String> = names.collect();
    match names.iter().next() {
        Some(name) if names.len() == 1 && name.ends_with(".gserviceaccount.com") => {
            format!("serviceAccount:{name}")
        }
        Some(name) if names.len() == 1 => format!("user:{name}"),
        _ => String::new(),
    }
}

/// APIs that the mesh needs and that the listing of enabled APIs lacks: project and API.
fn disabled(model: &Model) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for (project, part) in control_facts::parts(model) {
        let apis = control_facts::apis(model, &project, &part).into_iter();
        let off = apis.filter(|api| api.enabled.known() == Some(&false));
        found.extend(off.map(|api| (project.clone(), api.api)));
    }
    found
}

/// A name that may stand in a command as it is; empty for one that may not: a bundle may come from anybody.
fn plain(name: &str) -> String {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._:@+-".contains(c);
    if name.starts_with('-') || !name.chars().all(fine) {
        return String::new();
    }
    name.to_owned()
}

/// The same for `list pods`.
fn plain_words(words: &str) -> String {
    let plain: Vec<String> = words.split(' ').map(plain).collect();
    if plain.iter().any(String::is_empty) {
        return String::new();
    }
    plain.join(" ")
}
