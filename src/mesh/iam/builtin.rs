//! Which predefined roles hold the permissions we ask about, for snapshots that did not fetch the roles.
//!
//! Source: Google's IAM permission index, pages "Cloud Service Mesh" and "Compute Engine"
//! (<https://docs.cloud.google.com/iam/docs/roles-permissions>). A snapshot's `iam/predefined-roles.json` goes first.

/// Roles with `trafficdirector.networks.getConfigs` and `.reportMetrics`.
const TRAFFIC_DIRECTOR_CLIENT: &[&str] = &[
    "roles/trafficdirector.client",
    "roles/trafficdirector.admin",
    "roles/owner",
    "roles/editor",
    "roles/compute.networkAdmin",
    "roles/compute.networkViewer",
    "roles/iam.infrastructureAdmin",
    "roles/iam.networkAdmin",
    "roles/iam.securityAuditor",
    "roles/anthosservicemesh.serviceAgent",
    "roles/cloudtpu.serviceAgent",
    "roles/composer.serviceAgent",
    "roles/container.defaultNodeServiceAgent",
    "roles/container.serviceAgent",
    "roles/dataflow.serviceAgent",
    "roles/datafusion.serviceAgent",
    "roles/meshcontrolplane.serviceAgent",
];

/// Roles with getConfigs alone.
const TRAFFIC_DIRECTOR_READER: &[&str] = &[
    "roles/trafficdirector.viewer",
    "roles/viewer",
    "roles/iam.supportUser",
];

/// Roles with `compute.subnetworks.use` and `compute.networks.use` that cover `roles/compute.networkUser`.
const NETWORK_USER: &[&str] = &[
    "roles/compute.networkUser",
    "roles/compute.networkAdmin",
    "roles/compute.admin",
    "roles/owner",
    "roles/editor",
];

/// Roles that may use a network or subnetwork without covering the whole of `roles/compute.networkUser`.
const INSTANCE_ADMIN: &[&str] = &["roles/compute.instanceAdmin", "roles/compute.instanceAdmin.v1"];

/// Whether the predefined role includes the permission.
///
/// A role that the table does not name counts as not including it: a policy holds dozens of roles of other
/// services, and "perhaps" for each would make every decision unknown. The exceptions are the admin and
/// service agent roles of the permission's own service, which by Google's convention hold all or most of its
/// permissions.
pub fn includes(role: &str, permission: &str) -> bool {
    let listed: &[&[&str]] = match permission {
        "trafficdirector.networks.getConfigs" => &[TRAFFIC_DIRECTOR_CLIENT, TRAFFIC_DIRECTOR_READER],
        "trafficdirector.networks.reportMetrics" => &[TRAFFIC_DIRECTOR_CLIENT],
        "compute.subnetworks.use" | "compute.networks.use" => &[NETWORK_USER, INSTANCE_ADMIN],
        // The basic roles hold nearly every permission that is not about access itself.
        _ => &[&["roles/owner", "roles/editor"]],
    };
    listed.iter().any(|roles| roles.contains(&role)) || leads_service(role, permission)
}

fn leads_service(role: &str, permission: &str) -> bool {
    let service = permission.split('.').next().unwrap_or_default();
    role.strip_prefix("roles/")
        .and_then(|r| r.strip_prefix(service))
        .is_some_and(|rest| rest == ".admin" || rest == ".serviceAgent")
}

/// Whether holding the predefined role `held` gives all that `wanted` gives.
///
/// The service agents' roles are looked for by name: no other predefined role is meant to replace them.
pub fn covers(held: &str, wanted: &str) -> bool {
    held == wanted || (wanted == "roles/compute.networkUser" && NETWORK_USER.contains(&held))
}

/// What a custom role must hold to stand in for the role, where that is documented.
///
/// Source: Google's "Direct VPC egress" guides, which name these for those who grant single permissions.
pub fn essentials(role: &str) -> Option<&'static [&'static str]> {
    (role == "roles/compute.networkUser").then_some(&[
        "compute.networks.get",
        "compute.subnetworks.get",
        "compute.subnetworks.use",
    ])
}
