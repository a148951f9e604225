//! The paths of the snapshot layout, and which of them are listings.

/// The listing's array in the file at a layout path; `None` for files that are no listing.
pub fn list_key(path: &str) -> Option<&'static str> {
    let (folder, file) = path.rsplit_once('/')?;
    let source = folder.split('/').next().unwrap_or_default();
    Some(match (source, file) {
        ("kubernetes", _) => "items",
        // What was asked of one network or backend service is no listing.
        ("compute", _) if folder.matches('/').count() == 1 => "items",
        ("cloud-run" | "service-usage", "services.json") => "services",
        ("cloud-run", "revisions.json") => "revisions",
        ("dns", "managed-zones.json") => "managedZones",
        ("dns", "rrsets.json") => "rrsets",
        ("fleet", _) => "resources",
        ("clusters", _) => "clusters",
        ("iam", "roles.json" | "predefined-roles.json") => "roles",
        ("iam", "deny-policies.json") => "policies",
        ("iam", "service-accounts.json") => "accounts",
        _ => return None,
    })
}

/// Whether the file at a path holds an aggregated listing: items by place.
pub fn is_aggregated(path: &str) -> bool {
    path.starts_with("compute/") && !path.ends_with("/networks.json") && !path.ends_with("/firewalls.json")
}

/// Whether the layout has such a path.
pub fn knows(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["bundle.json"]
        | ["cloud-run", _, _, "services.json" | "revisions.json"]
        | ["iam", "predefined-roles.json"]
        | ["iam", "folders", _, "policy.json"]
        | ["iam", "organizations", _, "policy.json" | "roles.json"]
        | ["service-usage", _, "services.json"]
        | ["dns", _, "managed-zones.json"]
        | ["dns", _, "zones", _, "rrsets.json"]
        | ["fleet", _, "memberships.json" | "features.json"]
        | ["clusters", _, "clusters.json"] => true,
        ["iam", "projects", _, file] => matches!(
            *file,
            "project.json"
                | "policy.json"
                | "ancestry.json"
                | "roles.json"
                | "deny-policies.json"
                | "service-accounts.json"
        ),
        ["compute", _, file] => matches!(
            *file,
            "networks.json"
                | "subnetworks.json"
                | "addresses.json"
                | "firewalls.json"
                | "backend-services.json"
                | "network-endpoint-groups.json"
        ),
        ["compute", _, "health" | "effective-firewalls", file] | ["kubernetes", _, file] => {
            file.ends_with(".json")
        }
        ["logging", _, file] => is_log(file),
        ["csds", _, file] => is_csds(file, ".binpb") || is_csds(file, ".json"),
        _ => false,
    }
}

fn is_csds(name: &str, extension: &str) -> bool {
    name.starts_with("client-status") && name.ends_with(extension)
}

/// Whether a file of `logging/PROJECT/` is a log.
pub fn is_log(name: &str) -> bool {
    name.ends_with(".ndjson") || name.ends_with(".log")
}
