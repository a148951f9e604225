//! The fault matrix as data: what is broken, how, and what a check must make of it.
use std::fmt::Write as _;

/// What is broken: everything below these paths.
pub struct Target {
    pub name: &'static str,
    pub collector: &'static str,
    pub paths: &'static [&'static str],
    /// What a 403 says is missing.
    pub permission: &'static str,
    /// What cannot be had without it.
    pub dependents: &'static [&'static str],
}

pub const GRPC: &str = "/envoy.service.status.v3.";
pub const REST: &str = "/v3/discovery:client_status";

/// Every collector; and what has a second way, or is only a part of one.
pub const TARGETS: [Target; 16] = [
    target("cloud-run", "cloud-run", &["/v2/projects/"], "run.services.list"),
    target(
        "logging",
        "logging",
        &["/v2/entries:list"],
        "logging.logEntries.list",
    ),
    target(
        "iam",
        "iam",
        &[
            "/v3/projects/",
            "/v3/folders/",
            "/v3/organizations/",
            "/v1/projects/*:getAncestry",
            "/v1/projects/*/roles",
            "/v1/projects/*/serviceAccounts",
            "/v1/roles/",
            "/v2/policies/",
        ],
        "resourcemanager.projects.get",
    ),
    target(
        "service-usage",
        "service-usage",
        &["/v1/projects/mesh-prod/services"],
        "serviceusage.services.list",
    ),
    target("dns", "dns", &["/dns/v1/"], "dns.managedZones.list"),
    target("compute", "compute", &["/compute/v1/"], "compute.networks.list"),
    target(
        "fleet",
        "fleet",
        &[
            "/v1/projects/*/locations/-/memberships",
            "/v1/projects/*/locations/global/features",
        ],
        "gkehub.memberships.list",
    ),
    target(
        "clusters",
        "clusters",
        &["/v1/projects/*/locations/-/clusters"],
        "container.clusters.list",
    ),
    target(
        "csds",
        "csds",
        &[GRPC, REST],
        "trafficdirector.networks.getConfigs",
    ),
    target(
        "csds, gRPC alone",
        "csds",
        &[GRPC],
        "trafficdirector.networks.getConfigs",
    ),
    target(
        "csds, where gRPC is blocked",
        "csds",
        &[REST],
        "trafficdirector.networks.getConfigs",
    ),
    target(
        "kubernetes",
        "kubernetes",
        &["/kubernetes/"],
        "list authorizationpolicies.security.istio.io",
    ),
    target(
        "the records of dns",
        "dns",
        &["/dns/*/rrsets"],
        "dns.resourceRecordSets.list",
    ),
    target(
        "the project of iam",
        "iam",
        &["/v3/projects/mesh-prod"],
        "resourcemanager.projects.get",
    ),
    target("pods", "kubernetes", &["/kubernetes/*/pods"], "list pods"),
    target(
        "envoyfilters",
        "kubernetes",
        &["/kubernetes/*/envoyfilters"],
        "list envoyfilters.networking.istio.io",
    ),
];

const fn target(
    name: &'static str,
    collector: &'static str,
    paths: &'static [&'static str],
    permission: &'static str,
) -> Target {
    Target {
        name,
        collector,
        paths,
        permission,
        dependents: match collector.as_bytes() {
            // The services name the meshes whose clients are asked for.
            b"cloud-run" => &["csds"],
            _ => &[],
        },
    }
}

/// What is done, and what a check must make of it.
pub struct Fault {
    pub name: &'static str,
    pub action: &'static str,
    /// `skip` and `times` of the fault.
    pub when: &'static str,
    pub expected: Expected,
    /// It never ends by itself.
    pub endless: bool,
}

#[derive(Clone, Copy)]
pub enum Expected {
    /// Everything is had as if nothing had been.
    Survived,
    /// The collector says one of these.
    Told(&'static [&'static str]),
    /// As `Told`, and which permission is missing.
    Denied(&'static [&'static str]),
}

use Expected::{Denied, Survived, Told};

const fn fault(name: &'static str, action: &'static str, when: &'static str, expected: Expected) -> Fault {
    Fault {
        name,
        action,
        when,
        expected,
        endless: false,
    }
}

const fn endless(name: &'static str, action: &'static str, expected: Expected) -> Fault {
    Fault {
        endless: true,
        ..fault(name, action, "", expected)
    }
}

const BUSY: &str = r#"{ status: { code: 429, headers: { retry-after: "1" } } }"#;
const BUSY_FOR_LONG: &str = r#"{ status: { code: 429, headers: { retry-after: "3600" } } }"#;
const UNDER_200: &str = r#"{ status: { code: 200, body: '{"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "not from here"}}' } }"#;

const OTHER_TYPE: &str = r#"{ status: { code: 200, body: '{"name": "x", "services": [7], "revisions": [7], "entries": [7], "items": [7], "managedZones": [7], "rrsets": [7], "resources": [7], "clusters": [7], "bindings": [7], "ancestor": [7], "roles": [7], "accounts": [7], "policies": [7], "config": [7]}' } }"#;

pub const FAULTS: [Fault; 19] = [
    fault(
        "401",
        "{ status: { code: 401 } }",
        "",
        Told(&["401", "16 UNAUTHENTICATED"]),
    ),
    fault(
        "403",
        "{ status: { code: 403 } }",
        "",
        Denied(&["403", "7 PERMISSION_DENIED"]),
    ),
    fault(
        "404",
        "{ status: { code: 404 } }",
        "",
        Told(&["404", "5 NOT_FOUND"]),
    ),
    fault("429, then fine", BUSY, "times: 1", Survived),
    fault("429 for ever", BUSY_FOR_LONG, "", Told(&["429"])),
    fault(
        "500, then fine",
        "{ status: { code: 500 } }",
        "times: 2",
        Survived,
    ),
    endless("503 for ever", "{ status: { code: 503 } }", Told(&["503"])),
    fault(
        "503 after the first answer",
        "{ status: { code: 503, headers: { retry-after: \"3600\" } } }",
        "skip: 1",
        Told(&["503"]),
    ),
    endless("reset in mid-body", "reset", Told(&["broke"])),
    fault("truncated", "truncate", "", Told(&["breaks off"])),
    fault("HTML", "html", "", Told(&["HTML"])),
    endless("hang", "hang", Told(&["deadline"])),
    endless("hang in mid-body", "stall", Told(&["deadline"])),
    fault(
        "page-token loop",
        "token_loop",
        "",
        Told(&["round in a circle", "same continue token twice"]),
    ),
    fault("empty page with a token", "empty_page", "", Survived),
    fault("10 MB in one line", "{ oversize: 10000000 }", "", Survived),
    fault(
        "10 MB of nothing in one line",
        "{ line: 10000000 }",
        "",
        Told(&["not JSON"]),
    ),
    fault("an error under 200", UNDER_200, "", Told(&["403", "no List"])),
    fault(
        "things of another type",
        OTHER_TYPE,
        "",
        Told(&[
            "invalid type",
            "not as the API has it",
            "no List",
            "2 UNKNOWN",
            "is not a ClientConfig",
        ]),
    ),
];

/// Where a fault means something else than elsewhere: target, fault, what a check must make of it.
const OTHERWISE: [(&str, &str, Expected); 19] = [
    // They have no pages.
    ("clusters", "page-token loop", Survived),
    ("clusters", "503 after the first answer", Survived),
    ("csds", "page-token loop", Survived),
    ("csds", "503 after the first answer", Survived),
    ("csds, gRPC alone", "page-token loop", Survived),
    ("csds, gRPC alone", "503 after the first answer", Survived),
    ("csds, where gRPC is blocked", "page-token loop", Survived),
    (
        "csds, where gRPC is blocked",
        "503 after the first answer",
        Survived,
    ),
    // What gRPC does not bring, REST does.
    ("csds, gRPC alone", "429 for ever", Survived),
    ("csds, gRPC alone", "503 for ever", Survived),
    ("csds, gRPC alone", "reset in mid-body", Survived),
    ("csds, gRPC alone", "truncated", Survived),
    ("csds, gRPC alone", "HTML", Survived),
    ("csds, gRPC alone", "hang", Survived),
    ("csds, gRPC alone", "hang in mid-body", Survived),
    ("csds, gRPC alone", "10 MB of nothing in one line", Survived),
    // A cluster need not have every kind of Istio's.
    ("envoyfilters", "404", Survived),
    // One answer has it all.
    ("fleet", "503 after the first answer", Survived),
    ("envoyfilters", "503 after the first answer", Survived),
];

/// Everything, and of the parts of collectors what is telling.
pub fn cells() -> Vec<(&'static Target, &'static Fault)> {
    let of_parts = ["403", "404", "503 after the first answer", "truncated", "hang"];
    let whole = |target: &Target| target.name.starts_with(target.collector);
    TARGETS
        .iter()
        .flat_map(|target| FAULTS.iter().map(move |fault| (target, fault)))
        .filter(|(target, fault)| whole(target) || of_parts.contains(&fault.name))
        .collect()
}

pub fn expected(target: &Target, fault: &Fault) -> Expected {
    OTHERWISE
        .iter()
        .find(|(of, name, _)| *of == target.name && *name == fault.name)
        .map_or(fault.expected, |(.., expected)| *expected)
}

/// The faults of a cell as `--faults` takes them.
pub fn yaml(target: &Target, fault: &Fault) -> String {
    let mut yaml = String::new();
    if target.paths == [REST] {
        writeln!(yaml, "- match: {{ path: {GRPC} }}\n  action: html").unwrap();
    }
    for path in target.paths {
        writeln!(yaml, "- match: {{ path: \"{path}\" }}").unwrap();
        if !fault.when.is_empty() {
            writeln!(yaml, "  {}", fault.when).unwrap();
        }
        writeln!(yaml, "  action: {}", fault.action).unwrap();
    }
    yaml
}
