//! Who explains whom: root cause, symptom or advice.
use crate::mesh::subject::About;
use crate::rules::engine::Finding;
use crate::rules::{Layer, RuleSet, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// What a finding is in the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    RootCause,
    Symptom,
    Advice,
}

/// A finding with its place in the whole.
#[derive(Debug, Clone)]
pub struct Diagnosed {
    pub finding: Finding,
    pub role: Role,
    /// Ids of the nearest causes.
    pub explained_by: Vec<String>,
    /// How many findings it accounts for, directly or through others.
    pub explains: usize,
    pub layer: Layer,
    pub code: String,
}

/// Orders the findings: root causes first, the worst and the most telling on top.
pub fn explain(set: &RuleSet, findings: Vec<Finding>) -> Vec<Diagnosed> {
    let causes = nearest_causes(set, &findings);
    let effects = invert(&causes);
    let reach: Vec<BTreeSet<usize>> = (0..findings.len()).map(|i| reachable(i, &effects)).collect();
    let own: Vec<Severity> = findings.iter().map(|f| f.severity).collect();
    let ids: Vec<String> = findings.iter().map(|f| f.id.clone()).collect();
    let mut diagnosed: Vec<Diagnosed> = findings
        .into_iter()
        .enumerate()
        .map(|(index, mut finding)| {
            // A cause is at least as bad as what it causes.
            finding.severity = reach[index]
                .iter()
                .map(|e| own[*e])
                .fold(finding.severity, Ord::max);
            let rule = &set.rules[finding.rule];
            let role = match (causes[index].is_empty(), finding.severity) {
                // What could not be seen breaks nothing.
                _ if !rule.file.layer.is_hop() => Role::Advice,
                (false, _) => Role::Symptom,
                (true, Severity::Warning | Severity::Error | Severity::Critical) => Role::RootCause,
                (true, Severity::Info) => Role::Advice,
            };
            Diagnosed {
                role,
                explained_by: causes[index].iter().map(|c| ids[*c].clone()).collect(),
                explains: reach[index].len(),
                layer: rule.file.layer,
                code: rule.code().to_owned(),
                finding,
            }
        })
        .collect();
    diagnosed.sort_by(|a, b| {
        (
            a.role,
            b.finding.severity,
            b.explains,
            a.layer,
            &a.code,
            &a.finding.subject,
        )
            .cmp(&(
                b.role,
                a.finding.severity,
                a.explains,
                b.layer,
                &b.code,
                &b.finding.subject,
            ))
    });
    diagnosed
}

/// For each finding the causes that account for it: those of the layer that is nearest to it on the path.
fn nearest_causes(set: &RuleSet, findings: &[Finding]) -> Vec<Vec<usize>> {
    let index = Index::new(set, findings);
    findings
        .iter()
        .enumerate()
        .map(|(symptom, finding)| {
            if !set.rules[finding.rule].file.layer.is_hop() {
                return Vec::new();
            }
            let all = index.causes(set.rules[finding.rule].code(), symptom, findings);
            let layer = |cause: &usize| set.rules[findings[*cause].rule].file.layer;
            // What also troubles a client that no cause is about has a cause of its own.
            if !covered(&finding.about, all.iter().map(|cause| &findings[*cause].about)) {
                return Vec::new();
            }
            let nearest = all.iter().map(layer).max();
            all.into_iter()
                .filter(|cause| Some(layer(cause)) == nearest)
                .collect()
        })
        .collect()
}

/// Whether the causes together concern every client of the symptom; one that is not about clients concerns them all.
fn covered<'a>(symptom: &About, causes: impl Iterator<Item = &'a About>) -> bool {
    let Some(clients) = &symptom.clients else {
        return true;
    };
    if symptom.one_of_clients {
        return true;
    }
    let mut open: BTreeSet<u32> = clients.iter().copied().collect();
    for cause in causes {
        match &cause.clients {
            Some(clients) if !cause.mesh_wide => clients.iter().for_each(|c| {
                open.remove(c);
            }),
            _ => return true,
        }
    }
    open.is_empty()
}

/// Possible causes by the code that they explain and whom they concern, so that ten thousand findings stay cheap.
struct Index<'a> {
    by_code: BTreeMap<&'a str, Causes>,
}

#[derive(Default)]
struct Causes {
    wide: Vec<usize>,
    by_client: BTreeMap<u32, Vec<usize>>,
    by_host: BTreeMap<u32, Vec<usize>>,
    by_backend: BTreeMap<u32, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(set: &'a RuleSet, findings: &[Finding]) -> Self {
        let mut by_code: BTreeMap<&str, Causes> = BTreeMap::new();
        let hops = |(_, finding): &(usize, &Finding)| set.rules[finding.rule].file.layer.is_hop();
        for (cause, finding) in findings.iter().enumerate().filter(hops) {
            for code in &set.rules[finding.rule].file.explains {
                let causes = by_code.entry(code.value.as_str()).or_default();
                if finding.about.mesh_wide {
                    causes.wide.push(cause);
                }
                for (set, map) in [
                    (&finding.about.clients, &mut causes.by_client),
                    (&finding.about.hosts, &mut causes.by_host),
                    (&finding.about.backends, &mut causes.by_backend),
                ] {
                    for item in set.iter().flatten() {
                        map.entry(*item).or_default().push(cause);
                    }
                }
            }
        }
        Self { by_code }
    }

    fn causes(&self, code: &str, symptom: usize, findings: &[Finding]) -> BTreeSet<usize> {
        let Some(causes) = self.by_code.get(code) else {
            return BTreeSet::new();
        };
        let about = &findings[symptom].about;
        let mut found: BTreeSet<usize> = causes.wide.iter().copied().collect();
        for (set, map) in [
            (&about.clients, &causes.by_client),
            (&about.hosts, &causes.by_host),
            (&about.backends, &causes.by_backend),
        ] {
            for item in set.iter().flatten() {
                let candidates = map.get(item).into_iter().flatten().copied();
                found.extend(candidates.filter(|c| findings[*c].about.shares(about)));
            }
        }
        found.remove(&symptom);
        found
    }
}

fn invert(causes: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut effects = vec![Vec::new(); causes.len()];
    for (symptom, causes) in causes.iter().enumerate() {
        for cause in causes {
            effects[*cause].push(symptom);
        }
    }
    effects
}

/// Everything that follows from one finding.
fn reachable(start: usize, effects: &[Vec<usize>]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open = effects[start].clone();
    while let Some(next) = open.pop() {
        if next != start && seen.insert(next) {
            open.extend(&effects[next]);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn about(clients: Option<&[u32]>) -> About {
        About {
            clients: clients.map(<[u32]>::to_vec),
            ..About::default()
        }
    }

    #[test]
    fn a_symptom_at_two_clients_is_not_explained_by_the_cause_of_one() {
        let symptom = about(Some(&[1, 2]));
        let (first, second, any) = (about(Some(&[1])), about(Some(&[2, 3])), about(None));
        assert!(!covered(&symptom, [&first].into_iter()));
        assert!(covered(&symptom, [&first, &second].into_iter()));
        assert!(covered(&symptom, [&any].into_iter()));
        assert!(covered(&about(None), std::iter::empty()));
    }
}
