//! Names of networks and subnetworks in all their spellings, made comparable.
use crate::mesh::projects::Projects;
use crate::snapshot::ProjectId;
use std::fmt;

/// A VPC network, under its project's id where the snapshot knows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NetworkKey {
    pub project: ProjectId,
    pub name: String,
}

/// A subnetwork, likewise.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubnetKey {
    pub project: ProjectId,
    pub region: String,
    pub name: String,
}

impl NetworkKey {
    /// From a bare name (of `default`'s project), `global/networks/N`, `projects/P/global/networks/N`, or a URL
    /// that ends so on any host and API version. None for anything else.
    pub fn parse(text: &str, default: &ProjectId, projects: &Projects) -> Option<Self> {
        let (project, name) = match path_of(text).as_slice() {
            [name] | ["global", "networks", name] => (default.as_str(), *name),
            ["projects", project, "global", "networks", name] => (*project, *name),
            _ => return None,
        };
        (!name.is_empty()).then(|| Self {
            project: projects.id(project),
            name: name.to_owned(),
        })
    }
}

impl SubnetKey {
    /// From a bare name (of the default project and region), `regions/R/subnetworks/S`,
    /// `projects/P/regions/R/subnetworks/S`, or a URL that ends so. None for anything else.
    pub fn parse(text: &str, project: &ProjectId, region: &str, projects: &Projects) -> Option<Self> {
        let (project, region, name) = match path_of(text).as_slice() {
            [name] => (project.as_str(), region, *name),
            ["regions", region, "subnetworks", name] => (project.as_str(), *region, *name),
            ["projects", project, "regions", region, "subnetworks", name] => (*project, *region, *name),
            _ => return None,
        };
        (!name.is_empty()).then(|| Self {
            project: projects.id(project),
            region: region.to_owned(),
            name: name.to_owned(),
        })
    }
}

impl fmt::Display for NetworkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}/global/networks/{}", self.project, self.name)
    }
}

impl fmt::Display for SubnetKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "projects/{}/regions/{}/subnetworks/{}",
            self.project, self.region, self.name
        )
    }
}

/// The segments of a resource path, from `projects` on where it is a URL.
fn path_of(text: &str) -> Vec<&str> {
    let text = text.trim().trim_end_matches('/');
    let segments: Vec<&str> = text.trim_start_matches('/').split('/').collect();
    match segments.iter().position(|s| *s == "projects") {
        Some(start) => segments.get(start..).unwrap_or_default().to_vec(),
        None => segments,
    }
}
