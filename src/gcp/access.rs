//! What reading takes: for each permission that collecting needs, the smallest predefined role that holds it and where that is granted.
//!
//! Source: the permissions that IAM lists of each predefined role (`gcloud iam roles describe`, August 2026); among those that only
//! read and are made for people, the one with the fewest permissions.

/// Where a permission is granted at the lowest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// On the project: a project's custom role may hold it.
    Project,
    /// On a folder or organization, for what stands there. A project's custom role that names it is refused as a whole
    /// (`Permission … is not valid`), an organization's may hold it.
    Ancestor,
    /// On the organization, by a predefined role alone. Source: <https://cloud.google.com/iam/docs/deny-access>, required roles.
    Organization,
}

/// One permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    pub permission: &'static str,
    pub role: &'static str,
    pub level: Level,
    /// Whether a world can be called healthy without: what it shows has a substitute, or only adds detail.
    pub optional: bool,
}

const fn needed(permission: &'static str, role: &'static str) -> Grant {
    Grant {
        permission,
        role,
        level: Level::Project,
        optional: false,
    }
}

const fn detail(permission: &'static str, role: &'static str) -> Grant {
    Grant {
        optional: true,
        ..needed(permission, role)
    }
}

const NETWORK: &str = "roles/compute.networkViewer";

/// All of them, by permission.
pub const GRANTS: [Grant; 30] = [
    // No check rests on it.
    detail("compute.addresses.list", NETWORK),
    // What health checks say of endpoints is beside what Traffic Director says of them.
    detail("compute.backendServices.get", NETWORK),
    detail("compute.backendServices.list", NETWORK),
    needed("compute.firewalls.list", NETWORK),
    // The network viewer may not see endpoint groups.
    detail("compute.networkEndpointGroups.list", "roles/compute.viewer"),
    // Without it firewall rules are judged by themselves.
    detail("compute.networks.getEffectiveFirewalls", NETWORK),
    needed("compute.networks.list", NETWORK),
    needed("compute.subnetworks.list", NETWORK),
    needed("container.clusters.list", "roles/container.clusterViewer"),
    needed("dns.managedZones.list", "roles/dns.reader"),
    needed("dns.resourceRecordSets.list", "roles/dns.reader"),
    needed("gkehub.features.list", "roles/gkehub.viewer"),
    needed("gkehub.gateway.get", "roles/gkehub.gatewayReader"),
    needed("gkehub.memberships.list", "roles/gkehub.viewer"),
    // Without it nobody can say that no deny policy stands against a grant.
    Grant {
        level: Level::Organization,
        ..needed("iam.denypolicies.get", "roles/iam.denyReviewer")
    },
    Grant {
        level: Level::Organization,
        ..needed("iam.denypolicies.list", "roles/iam.denyReviewer")
    },
    // A built-in table serves in its stead.
    detail("iam.roles.get", "roles/iam.roleViewer"),
    needed("iam.roles.list", "roles/iam.roleViewer"),
    needed("iam.serviceAccounts.list", "roles/iam.serviceAccountViewer"),
    needed("logging.logEntries.list", "roles/logging.viewer"),
    // Read-only roles with it are few and large: the security reviewer may list nearly everything.
    Grant {
        level: Level::Ancestor,
        ..detail(
            "resourcemanager.folders.getIamPolicy",
            "roles/iam.securityReviewer",
        )
    },
    Grant {
        level: Level::Ancestor,
        ..detail(
            "resourcemanager.organizations.getIamPolicy",
            "roles/iam.organizationRoleViewer",
        )
    },
    needed("resourcemanager.projects.get", "roles/browser"),
    needed("resourcemanager.projects.getIamPolicy", "roles/browser"),
    needed("run.locations.list", "roles/run.viewer"),
    needed("run.revisions.list", "roles/run.viewer"),
    needed("run.services.list", "roles/run.viewer"),
    needed(
        "serviceusage.services.list",
        "roles/serviceusage.serviceUsageViewer",
    ),
    // To have quota billed to the project: CSDS always asks for that.
    needed(
        "serviceusage.services.use",
        "roles/serviceusage.serviceUsageConsumer",
    ),
    needed(
        "trafficdirector.networks.getConfigs",
        "roles/trafficdirector.client",
    ),
];

/// What grants a permission; none for one that collecting does not know.
pub fn grant(permission: &str) -> Option<&'static Grant> {
    GRANTS.iter().find(|grant| grant.permission == permission)
}

/// The permission that lists a kind in a cluster, as failures name it: `list pods`.
pub fn of_cluster(permission: &str) -> Option<&str> {
    permission.strip_prefix("list ")
}
