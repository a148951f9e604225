//! Which call fills a file of the layout, as the live collectors name it, and the permission that it needs.

/// One call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// `list the DNS zones of mesh-prod`.
    pub what: String,
    /// Empty where none is known.
    pub permission: String,
    pub resource: String,
}

/// The call that fills the file at a layout path.
pub fn of(path: &str) -> Asked {
    let parts: Vec<&str> = path.split('/').collect();
    let on = |what: String, permission: &str, resource: String| Asked {
        what,
        permission: permission.to_owned(),
        resource,
    };
    let of_project = |what: &str, permission: &str, p: &str| {
        on(format!("{what} {p}"), permission, format!("projects/{p}"))
    };
    match parts.as_slice() {
        ["cloud-run", p, region, file] => {
            let kind = file.trim_end_matches(".json");
            on(
                format!("list the Cloud Run {kind} of {p} in {region}"),
                &format!("run.{kind}.list"),
                format!("projects/{p}"),
            )
        }
        ["logging", p, _] => of_project("read the logs of", "logging.logEntries.list", p),
        ["iam", "predefined-roles.json"] => {
            on("get the predefined roles".into(), "iam.roles.get", String::new())
        }
        ["iam", "projects", p, file] => of_iam(file, p, of_project),
        ["iam", kind, id, "roles.json"] => on(
            format!("list the custom roles of organization {id}"),
            "iam.roles.list",
            format!("{kind}/{id}"),
        ),
        ["iam", kind, id, _] => on(
            format!("get the IAM policy of {kind}/{id}"),
            &format!("resourcemanager.{kind}.getIamPolicy"),
            format!("{kind}/{id}"),
        ),
        ["service-usage", p, _] => of_project("list the enabled APIs of", "serviceusage.services.list", p),
        ["dns", p, "managed-zones.json"] => of_project("list the DNS zones of", "dns.managedZones.list", p),
        ["dns", p, _, zone, _] => on(
            format!("list the records of DNS zone {zone} in {p}"),
            "dns.resourceRecordSets.list",
            format!("projects/{p}"),
        ),
        ["compute", p, "effective-firewalls", file] => on(
            format!(
                "get the effective firewalls of network {} of {p}",
                file.trim_end_matches(".json")
            ),
            "compute.networks.getEffectiveFirewalls",
            format!("projects/{p}"),
        ),
        ["compute", p, _, file] => on(
            format!(
                "get the health of backend service {} of {p}",
                file.trim_end_matches(".json")
            ),
            "compute.backendServices.get",
            format!("projects/{p}"),
        ),
        ["compute", p, file] => {
            let kind = file.trim_end_matches(".json");
            of_project(
                &format!("list the {} of", kind.replace('-', " ")),
                &format!("compute.{}.list", camel(kind)),
                p,
            )
        }
        ["fleet", p, file] => {
            let kind = file.trim_end_matches(".json");
            of_project(
                &format!("list the fleet {kind} of"),
                &format!("gkehub.{kind}.list"),
                p,
            )
        }
        ["clusters", p, _] => of_project("list the GKE clusters of", "container.clusters.list", p),
        ["csds", p, _] => of_project(
            "ask Traffic Director for the clients in",
            "trafficdirector.networks.getConfigs",
            p,
        ),
        ["kubernetes", membership, file] => {
            let kind = file.trim_end_matches(".json");
            on(
                format!("list {kind} of cluster {membership}"),
                &format!("list {kind}"),
                format!("cluster {membership}"),
            )
        }
        _ => Asked {
            what: format!("read what {path} holds"),
            ..Asked::default()
        },
    }
}

fn of_iam(file: &str, project: &str, of_project: impl Fn(&str, &str, &str) -> Asked) -> Asked {
    match file {
        "policy.json" => of_project(
            "get the IAM policy of",
            "resourcemanager.projects.getIamPolicy",
            project,
        ),
        "ancestry.json" => of_project("get the ancestors of", "resourcemanager.projects.get", project),
        "roles.json" => of_project("list the custom roles of", "iam.roles.list", project),
        "deny-policies.json" => of_project("list the deny policies of", "iam.denypolicies.list", project),
        "service-accounts.json" => of_project(
            "list the service accounts of",
            "iam.serviceAccounts.list",
            project,
        ),
        _ => of_project("get the project", "resourcemanager.projects.get", project),
    }
}

/// `backend-services` as Google's permissions spell it: `backendServices`.
fn camel(kind: &str) -> String {
    let mut words = kind.split('-');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        text.push_str(&first.to_ascii_uppercase());
        text.push_str(rest);
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::of;
    use crate::gcp::access;

    #[test]
    fn every_file_of_an_api_names_a_permission_that_collecting_asks_for() {
        let paths = [
            "cloud-run/p/r/services.json",
            "cloud-run/p/r/revisions.json",
            "logging/p/entries.ndjson",
            "iam/predefined-roles.json",
            "iam/projects/p/project.json",
            "iam/projects/p/policy.json",
            "iam/projects/p/ancestry.json",
            "iam/projects/p/roles.json",
            "iam/projects/p/deny-policies.json",
            "iam/projects/p/service-accounts.json",
            "iam/folders/1/policy.json",
            "iam/organizations/1/policy.json",
            "iam/organizations/1/roles.json",
            "service-usage/p/services.json",
            "dns/p/managed-zones.json",
            "dns/p/zones/z/rrsets.json",
            "compute/p/networks.json",
            "compute/p/subnetworks.json",
            "compute/p/addresses.json",
            "compute/p/firewalls.json",
            "compute/p/backend-services.json",
            "compute/p/network-endpoint-groups.json",
            "compute/p/health/b.json",
            "compute/p/effective-firewalls/n.json",
            "fleet/p/memberships.json",
            "fleet/p/features.json",
            "clusters/p/clusters.json",
            "csds/p/client-status.binpb",
        ];
        for path in paths {
            assert!(crate::snapshot::layout_knows(path), "{path}");
            let asked = of(path);
            let grant = access::grant(&asked.permission);
            assert!(grant.is_some(), "{path}: {asked:?}");
        }
        assert_eq!(of("kubernetes/m/pods.json").permission, "list pods");
    }
}
