//! The path from each client to each exported host, hop by hop. A hop's state is that of the findings of its layer that are on the path.
use super::Diagnosed;
use crate::mesh::Mesh;
use crate::report::v1::{self, hop};
use crate::rules::engine::{Check, Status};
use crate::rules::{Layer, RuleSet, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// One path for each client in a mesh and each host offered to it.
pub fn paths(set: &RuleSet, mesh: &Mesh, findings: &[Diagnosed], checks: &[Check]) -> Vec<v1::Path> {
    let layers = Layers::new(set, checks);
    let index = Index::new(findings);
    mesh.paths
        .iter()
        .map(|&(client, host)| {
            let on_path = index.on_path(client, host, findings);
            v1::Path {
                client: mesh.client_name(client),
                host: mesh.hosts.get(host as usize).cloned().unwrap_or_default(),
                hops: layers
                    .selected
                    .iter()
                    .map(|layer| hop(*layer, mesh, (client, host), &on_path, &layers))
                    .collect(),
            }
        })
        .collect()
}

/// Which layers were looked at, and which of them not wholly.
struct Layers {
    selected: BTreeSet<Layer>,
    undecided: BTreeMap<Layer, String>,
}

impl Layers {
    fn new(set: &RuleSet, checks: &[Check]) -> Self {
        let mut layers = Self {
            selected: BTreeSet::new(),
            undecided: BTreeMap::new(),
        };
        for check in checks {
            let rule = &set.rules[check.rule].file;
            if !rule.layer.is_hop() {
                continue;
            }
            layers.selected.insert(rule.layer);
            if let Status::Skipped(reason) = &check.status
                && rule.severity >= Severity::Error
            {
                layers
                    .undecided
                    .entry(rule.layer)
                    .or_insert_with(|| reason.clone());
            }
        }
        layers
    }
}

fn hop(layer: Layer, mesh: &Mesh, path: (u32, u32), on_path: &[&Diagnosed], layers: &Layers) -> v1::Hop {
    let mut here: Vec<&&Diagnosed> = on_path.iter().filter(|f| f.layer == layer).collect();
    here.sort_by_key(|diagnosed| std::cmp::Reverse(diagnosed.finding.severity));
    let worst = here.first().map(|f| f.finding.severity);
    let (status, detail) = match worst {
        Some(Severity::Error | Severity::Critical) => (hop::Status::Broken, summary(&here)),
        Some(Severity::Warning) => (hop::Status::Degraded, summary(&here)),
        _ => {
            let doubt = mesh.path_doubt(layer.as_str(), path.0, path.1);
            match layers.undecided.get(&layer).map(String::as_str).or(doubt) {
                Some(reason) => (hop::Status::Unknown, reason.to_owned()),
                None => (hop::Status::Ok, mesh.path_note(layer.as_str(), path.0, path.1)),
            }
        }
    };
    let mut codes: Vec<String> = here.iter().map(|f| f.code.clone()).collect();
    codes.dedup();
    v1::Hop {
        layer: layer.as_str().into(),
        title: title(layer).into(),
        status: status.into(),
        detail,
        findings: codes,
    }
}

fn summary(findings: &[&&Diagnosed]) -> String {
    findings
        .first()
        .map(|f| f.finding.summary.clone())
        .unwrap_or_default()
}

fn title(layer: Layer) -> &'static str {
    match layer {
        Layer::Iam => "may fetch its configuration",
        Layer::CloudRun => "Cloud Run service",
        Layer::Dns => "name resolves",
        Layer::Network => "network lets it through",
        Layer::ControlPlane => "control plane and xDS",
        Layer::Routing => "route of the host",
        Layer::Workload => "Service and pods",
        Layer::Policy => "security policy",
        Layer::Dataplane => "what the sidecar logged",
        Layer::Collection => "what was collected",
    }
}

/// Findings by whom they concern: a short way to those that [`About::covers`](crate::mesh::subject::About::covers) puts on a path.
#[derive(Default)]
struct Index {
    by_client: BTreeMap<u32, Vec<usize>>,
    by_host: BTreeMap<u32, Vec<usize>>,
    wide: Vec<usize>,
}

impl Index {
    fn new(findings: &[Diagnosed]) -> Self {
        let mut index = Self::default();
        for (i, finding) in findings.iter().enumerate() {
            let about = &finding.finding.about;
            if about.mesh_wide {
                index.wide.push(i);
            } else if let Some(hosts) = &about.hosts {
                hosts
                    .iter()
                    .for_each(|host| index.by_host.entry(*host).or_default().push(i));
            } else if let Some(clients) = &about.clients {
                clients
                    .iter()
                    .for_each(|client| index.by_client.entry(*client).or_default().push(i));
            }
        }
        index
    }

    fn on_path<'a>(&self, client: u32, host: u32, findings: &'a [Diagnosed]) -> Vec<&'a Diagnosed> {
        let of = |map: &BTreeMap<u32, Vec<usize>>, key| map.get(&key).cloned().unwrap_or_default();
        let mut found: Vec<usize> = self.wide.clone();
        found.extend(of(&self.by_client, client));
        found.extend(of(&self.by_host, host));
        found.sort_unstable();
        found
            .iter()
            .map(|i| &findings[*i])
            .filter(|f| f.finding.about.covers(client, host))
            .collect()
    }
}
