//! What Cloud Run services name: their meshes, and projects beyond the scope, as those of Shared VPC networks are.
use super::{Means, cloud_run};
use serde_json::Value;
use std::collections::BTreeSet;
use tokio::sync::watch;

/// What the services of the scope name.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// Names of meshes, without their projects.
    pub meshes: BTreeSet<String>,
    /// Ids of the projects of their networks and meshes, but for those of the scope. A number is none: whether it is a project of the
    /// scope it does not tell.
    pub projects: BTreeSet<String>,
    /// Those of them that have networks.
    pub hosts: BTreeSet<String>,
    /// Whether every service was seen.
    pub all_services: bool,
}

/// Told once the services are listed.
pub type Telling = watch::Sender<Option<Named>>;

/// Who waits for it.
#[derive(Clone)]
pub struct Told(watch::Receiver<Option<Named>>);

pub fn channel() -> (Telling, Told) {
    let (telling, told) = watch::channel(None);
    (telling, Told(told))
}

impl Told {
    /// Waits until the services are listed.
    pub async fn named(&mut self) -> Named {
        // Nobody left who could tell: nothing is named.
        let told = self.0.wait_for(Option::is_some).await;
        told.ok().and_then(|named| named.clone()).unwrap_or_default()
    }
}

/// What the listings of services in the store name.
pub fn of_services(means: &Means, all_services: bool) -> Named {
    let mut named = Named {
        all_services,
        ..Named::default()
    };
    let world = means.store.world();
    let prefix = format!("{}/", cloud_run::NAME);
    let listings = world
        .files
        .iter()
        .filter(|(path, _)| path.starts_with(&prefix) && path.ends_with("/services.json"));
    for (_, blob) in listings {
        let services: Value = blob
            .bytes()
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let services = services.get("services").and_then(Value::as_array);
        services
            .into_iter()
            .flatten()
            .for_each(|service| named.add(service));
    }
    let scope = means.projects();
    for projects in [&mut named.projects, &mut named.hosts] {
        projects.retain(|project| !scope.contains(project));
    }
    named
}

impl Named {
    fn add(&mut self, service: &Value) {
        // What is no service names nothing, and may stand for one that does.
        self.all_services &= service.is_object();
        let text = |value: &'_ Value, pointer: &str| {
            value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
        };
        if let Some(mesh) = text(service, "/template/serviceMesh/mesh") {
            let name = mesh.rsplit('/').next().unwrap_or_default();
            if !name.is_empty() {
                self.meshes.insert(name.to_owned());
            }
            self.projects.extend(project_of(&mesh));
        }
        let interfaces = service.pointer("/template/vpcAccess/networkInterfaces");
        for interface in interfaces.and_then(Value::as_array).into_iter().flatten() {
            for place in ["/network", "/subnetwork"] {
                if let Some(project) = text(interface, place).and_then(|name| project_of(&name)) {
                    self.hosts.insert(project.clone());
                    self.projects.insert(project);
                }
            }
        }
    }
}

/// The id in `projects/ID/…`, with or without an API's address before it.
fn project_of(name: &str) -> Option<String> {
    let (before, rest) = name.split_once("projects/")?;
    let project = rest.split('/').next()?;
    let is_id = !project.is_empty() && !project.bytes().all(|b| b.is_ascii_digit());
    (is_id && (before.is_empty() || before.ends_with('/'))).then(|| project.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_name_meshes_and_the_projects_of_networks_and_meshes() {
        let mut named = Named::default();
        named.add(&serde_json::json!({"template": {
            "serviceMesh": {"mesh": "projects/525300120045/locations/global/meshes/m"},
            "vpcAccess": {"networkInterfaces": [
                {"network": "https://www.googleapis.com/compute/v1/projects/net-prod/global/networks/shared"},
                {"network": "default", "subnetwork": "projects/sub-prod/regions/r/subnetworks/s"},
            ]},
        }}));
        let list = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>();
        assert_eq!(list(&named.meshes), ["m"]);
        assert_eq!(list(&named.hosts), ["net-prod", "sub-prod"]);
        assert_eq!(named.hosts, named.projects);
    }
}
