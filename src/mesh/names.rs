//! Names that several resources share: meshes, hosts, identities of services.
use super::projects::Projects;

/// A mesh by name: `projects/{id or number}/locations/global/meshes/M`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeshName {
    /// As written: id or number.
    pub project: String,
    pub mesh: String,
}

impl MeshName {
    /// None where the text is not of that form.
    pub fn parse(text: &str) -> Option<Self> {
        match text.split('/').collect::<Vec<_>>().as_slice() {
            ["projects", project, "locations", "global", "meshes", mesh]
                if !project.is_empty() && !mesh.is_empty() =>
            {
                Some(Self {
                    project: (*project).into(),
                    mesh: (*mesh).into(),
                })
            }
            _ => None,
        }
    }

    /// Equal, whether the project is given by id or by number.
    pub fn same(&self, other: &Self, projects: &Projects) -> bool {
        self.mesh == other.mesh && projects.same(&self.project, &other.project)
    }
}

/// The last segment of a resource path.
pub fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// A host as DNS compares it: lower case, no final dot, no port.
pub fn host(text: &str) -> String {
    let text = text.trim().trim_end_matches('.').to_ascii_lowercase();
    match text.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|b| b.is_ascii_digit()) => {
            name.to_owned()
        }
        _ => text,
    }
}

/// Whether a host is this name or lies below it.
pub fn under(host: &str, suffix: &str) -> bool {
    host == suffix || host.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'))
}

/// Whether a host is one of those that a wildcard stands for.
pub fn below_wildcard(host: &str, wildcard: &str) -> bool {
    let suffix = wildcard.strip_prefix("*.");
    suffix.is_some_and(|suffix| host != suffix && !host.starts_with('*') && under(host, suffix))
}

/// The names of a list that are most like a wanted one, nearest first.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>, most: usize) -> Vec<String> {
    let mut scored: Vec<(f64, &str)> = names
        .map(|name| (strsim::jaro_winkler(wanted, name), name))
        .filter(|(score, name)| *score > 0.84 && *name != wanted)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    scored.dedup_by(|a, b| a.1 == b.1);
    scored
        .into_iter()
        .take(most)
        .map(|(_, name)| name.to_owned())
        .collect()
}
