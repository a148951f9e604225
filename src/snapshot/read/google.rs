//! Which resource an item is, from its own fields, and where it goes in the layout.
use super::documents::{Item, ListHead};
use super::typed::Fault;
use super::{kinds, run_v1};
use serde_json::{Value, json};

/// What stands in where an item does not say.
pub struct Defaults<'a> {
    /// `--project`.
    pub project: Option<&'a str>,
    /// The project that the user named for this file's IAM policy.
    pub policy_project: Option<&'a str>,
    /// The file's name without folders and extensions.
    pub stem: &'a str,
}

/// Where an item goes.
pub enum Class {
    /// Into the listing at this path; the text where it differs from the item's own.
    Row(String, Option<String>),
    /// As the whole file at this path.
    Single(String, Option<String>),
    /// Several rows of one listing, as an aggregated listing holds them, and the places that did not answer.
    Rows(String, Vec<Value>, Vec<String>),
    LogEntry(String),
    /// A CSDS answer: the file as it is.
    Csds,
    /// Known, and no diagnosis uses it.
    Unused(String),
    /// Known, with what is missing to place it.
    Unplaced(String),
    Unknown,
}

const COMPUTE: [(&str, &str, &str); 6] = [
    ("networks", "compute#network", "networks"),
    ("subnetworks", "compute#subnetwork", "subnetworks"),
    ("addresses", "compute#address", "addresses"),
    ("firewalls", "compute#firewall", "firewalls"),
    ("backendServices", "compute#backendService", "backend-services"),
    (
        "networkEndpointGroups",
        "compute#networkEndpointGroup",
        "network-endpoint-groups",
    ),
];

/// `compute#subnetwork` of the listing that the layout calls `subnetworks`.
pub fn compute_kind(file: &str) -> Option<&'static str> {
    COMPUTE
        .iter()
        .find(|(.., own)| *own == file)
        .map(|(_, kind, _)| *kind)
}

/// Tells what an item is.
pub fn classify(item: &Item<'_>, defaults: &Defaults<'_>) -> Result<Class, Fault> {
    let value = &item.value;
    let of_list = |field: fn(&ListHead) -> &String| item.list.as_ref().map_or("", |list| field(list));
    let mut api_version = text(value, "apiVersion");
    let mut kind = text(value, "kind");
    // Items of an API's own list leave both out.
    if kind.is_empty() && of_list(|l| &l.kind).ends_with("List") && !of_list(|l| &l.api_version).is_empty() {
        api_version = of_list(|l| &l.api_version);
        kind = of_list(|l| &l.kind).trim_end_matches("List");
    }
    if !api_version.is_empty() && !kind.is_empty() {
        return manifest(value, api_version, kind, defaults);
    }
    if kind.is_empty() {
        // `compute#firewallList` holds firewalls, `dns#managedZonesListResponse` says so of each item itself.
        kind = of_list(|l| &l.kind).strip_suffix("List").unwrap_or_default();
    }
    if let Some(class) = by_kind(value, kind, defaults) {
        return Ok(class);
    }
    if let Some(class) = by_name(value, of_list(|l| &l.key), defaults) {
        return Ok(class);
    }
    Ok(by_fields(value, defaults))
}

/// A listing with nothing in it: the path that is thereby collected, or what is missing to tell it.
pub fn empty_list(list: &ListHead, defaults: &Defaults<'_>) -> Class {
    let kind = list.kind.trim_end_matches("Response").trim_end_matches("List");
    if let Some(path) = kinds::path(&list.api_version, kind) {
        return Class::Rows(path, Vec::new(), Vec::new());
    }
    let project = project_of(&list.self_link).or(defaults.project);
    let kind = kind.trim_end_matches("Aggregated");
    let listing = COMPUTE
        .iter()
        .find(|(_, k, _)| *k == kind)
        .map(|(_, _, file)| format!("compute/P/{file}.json"));
    let listing = listing.or_else(|| {
        let known = match (kind, list.key.as_str()) {
            (k, "managedZones") if k.starts_with("dns#") => "dns/P/managed-zones.json",
            (_, "clusters") => "clusters/P/clusters.json",
            (_, "accounts") => "iam/projects/P/service-accounts.json",
            _ => return None,
        };
        Some(known.to_owned())
    });
    match (listing, project) {
        (Some(path), Some(project)) => Class::Rows(
            path.replace("/P/", &format!("/{project}/")),
            Vec::new(),
            Vec::new(),
        ),
        (Some(_), None) => no_project("an empty list"),
        (None, _) => {
            Class::Unplaced("an empty list that does not say of what kind: it proves nothing".into())
        }
    }
}

fn manifest(value: &Value, api_version: &str, kind: &str, defaults: &Defaults<'_>) -> Result<Class, Fault> {
    if api_version.starts_with("serving.knative.dev/") {
        let (file, (folder, v2)) = match kind {
            "Service" => ("services", run_v1::service(value, defaults)?),
            "Revision" => ("revisions", run_v1::revision(value, defaults)?),
            other => return Ok(Class::Unused(format!("{other} ({api_version})"))),
        };
        return Ok(Class::Row(format!("{folder}/{file}.json"), Some(v2.to_string())));
    }
    Ok(match kinds::path(api_version, kind) {
        Some(path) => Class::Row(path, None),
        None => Class::Unused(format!("{kind} ({api_version})")),
    })
}

fn by_kind(value: &Value, kind: &str, defaults: &Defaults<'_>) -> Option<Class> {
    let self_link = text(value, "selfLink");
    let project = project_of(self_link).or(defaults.project);
    if kind == "dns#managedZone" {
        return Some(with_project(project, "a managed zone", |p| {
            format!("dns/{p}/managed-zones.json")
        }));
    }
    if kind == "dns#resourceRecordSet" {
        let Some(zone) = defaults.stem.strip_prefix("rrsets-") else {
            return Some(Class::Unplaced(
                "record sets do not name their zone: name the file `rrsets-ZONE.json`".into(),
            ));
        };
        return Some(with_project(defaults.project, "a record set", |p| {
            format!("dns/{p}/zones/{zone}/rrsets.json")
        }));
    }
    if let Some(one) = kind.strip_suffix("AggregatedList")
        && let Some((_, _, file)) = COMPUTE.iter().find(|(_, k, _)| *k == one)
    {
        return Some(aggregated(value, file, project));
    }
    let collection = self_link.rsplit('/').nth(1).unwrap_or_default();
    let of_compute = self_link.contains("/compute/");
    let (_, _, file) = COMPUTE
        .iter()
        .find(|(c, k, _)| *k == kind || (of_compute && *c == collection))?;
    // A firewall or a subnetwork lives in its network's project.
    let project = project_of(self_link)
        .or_else(|| project_of(text(value, "network")))
        .or(defaults.project);
    Some(with_project(project, "a Compute Engine resource", |p| {
        format!("compute/{p}/{file}.json")
    }))
}

fn aggregated(value: &Value, file: &str, project: Option<&str>) -> Class {
    let mut rows = Vec::new();
    let mut unreachable: Vec<String> = strings(value.get("unreachables"));
    for (place, scoped) in value
        .get("items")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        if scoped.pointer("/warning/code").and_then(Value::as_str) == Some("UNREACHABLE") {
            unreachable.push(place.clone());
        }
        let lists = scoped
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(_, list)| list.as_array());
        rows.extend(lists.flatten().cloned());
    }
    let named = rows.iter().find_map(|row| project_of(text(row, "selfLink")));
    let named = named
        .or_else(|| project_of(text(value, "selfLink")))
        .or(project)
        .map(str::to_owned);
    match named {
        Some(project) => Class::Rows(format!("compute/{project}/{file}.json"), rows, unreachable),
        None => no_project("an aggregated list"),
    }
}

fn by_name(value: &Value, list: &str, defaults: &Defaults<'_>) -> Option<Class> {
    let name = text(value, "name");
    let parts: Vec<&str> = name.split('/').collect();
    let row = |path: String| Some(Class::Row(path, None));
    match parts.as_slice() {
        ["projects", p, "locations", r, "services", _]
            if list == "services" || value.get("template").is_some() =>
        {
            row(format!("cloud-run/{p}/{r}/services.json"))
        }
        ["projects", p, "locations", r, "services", _, "revisions", _] => {
            row(format!("cloud-run/{p}/{r}/revisions.json"))
        }
        ["projects", p, "services", api] if api.contains('.') => {
            let project = if p.bytes().all(|b| b.is_ascii_digit()) {
                defaults.project.unwrap_or(p)
            } else {
                p
            };
            row(format!("service-usage/{project}/services.json"))
        }
        ["projects", p, "locations", _, "memberships", _] => row(format!("fleet/{p}/memberships.json")),
        ["projects", p, "locations", _, "features", _] => row(format!("fleet/{p}/features.json")),
        ["projects", p, "serviceAccounts", _] => row(format!("iam/projects/{p}/service-accounts.json")),
        ["projects", p, "roles", _] => row(format!("iam/projects/{p}/roles.json")),
        ["policies", at, "denypolicies", _] => {
            let at = percent_encoding::percent_decode_str(at).decode_utf8_lossy();
            match project_of(&at) {
                Some(p) => row(format!("iam/projects/{p}/deny-policies.json")),
                None => Some(Class::Unused(
                    "a deny policy of a folder or an organization".into(),
                )),
            }
        }
        _ => None,
    }
}

fn by_fields(value: &Value, defaults: &Defaults<'_>) -> Class {
    let has = |name: &str| value.get(name).is_some();
    let self_link = text(value, "selfLink");
    if self_link.contains("/clusters/") && self_link.contains("container.googleapis.com") {
        return with_project(project_of(self_link), "a cluster", |p| {
            format!("clusters/{p}/clusters.json")
        });
    }
    if text(value, "schemaVersion").starts_with("meshdoctor.bundle.") {
        return Class::Single("bundle.json".into(), None);
    }
    if is_log_entry(&|name| has(name)) {
        let project = log_project(value).or(defaults.project).unwrap_or("-");
        return Class::LogEntry(project.to_owned());
    }
    if is_csds(value) {
        return Class::Csds;
    }
    if has("projectId")
        && (has("projectNumber") || has("lifecycleState") || text(value, "name").starts_with("projects/"))
    {
        let path = format!("iam/projects/{}/project.json", text(value, "projectId"));
        return Class::Single(path, project_v3(value));
    }
    if let Some(ancestors) = value.get("ancestor").and_then(Value::as_array) {
        let id = |ancestor: &Value| {
            let of_project = ancestor.pointer("/resourceId/type").and_then(Value::as_str) == Some("project");
            let id = ancestor.pointer("/resourceId/id").and_then(Value::as_str);
            id.filter(|_| of_project).map(str::to_owned)
        };
        return match ancestors.iter().find_map(id) {
            Some(p) => Class::Single(format!("iam/projects/{p}/ancestry.json"), None),
            None => no_project("an ancestry"),
        };
    }
    if is_policy(value) {
        let named = defaults
            .policy_project
            .or_else(|| defaults.stem.strip_prefix("iam-policy-"));
        return match named {
            Some(p) => Class::Single(format!("iam/projects/{p}/policy.json"), None),
            None => Class::Unplaced(
                "an IAM policy does not say of which project: name it with `--iam-policy PROJECT=FILE`, \
                 or name the file `iam-policy-PROJECT.json`"
                    .into(),
            ),
        };
    }
    Class::Unknown
}

/// What cloudresourcemanager.v1 (and gcloud) says of a project, as v3 does.
fn project_v3(value: &Value) -> Option<String> {
    let number = value.get("projectNumber")?;
    let number = number.as_str().map_or_else(|| number.to_string(), str::to_owned);
    let parent = value.get("parent").and_then(Value::as_object);
    let parent = parent.map_or_else(String::new, |parent| {
        let field = |name: &str| parent.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("{}s/{}", field("type"), field("id"))
    });
    let id = text(value, "projectId");
    let v3 = json!({ "projectId": id, "name": format!("projects/{number}"), "parent": parent });
    Some(v3.to_string())
}

/// A LogEntry by the names of its fields.
pub fn is_log_entry(has: &dyn Fn(&str) -> bool) -> bool {
    let payload = ["textPayload", "jsonPayload", "protoPayload", "httpRequest"];
    let frame = ["insertId", "timestamp", "resource", "receiveTimestamp"];
    has("logName") || (payload.iter().any(|f| has(f)) && frame.iter().any(|f| has(f)))
}

fn log_project(value: &Value) -> Option<&str> {
    let label = value
        .pointer("/resource/labels/project_id")
        .and_then(Value::as_str);
    project_of(text(value, "logName")).or(label)
}

fn is_policy(value: &Value) -> bool {
    let Some(fields) = value.as_object() else {
        return false;
    };
    let known = ["bindings", "etag", "version", "auditConfigs"];
    (fields.contains_key("bindings") || fields.contains_key("etag"))
        && fields.keys().all(|k| known.contains(&k.as_str()))
}

fn is_csds(value: &Value) -> bool {
    let Some(configs) = value.get("config").and_then(Value::as_array) else {
        return false;
    };
    let marks = [
        "node",
        "genericXdsConfigs",
        "generic_xds_configs",
        "xdsConfig",
        "xds_config",
    ];
    configs
        .iter()
        .all(|config| marks.iter().any(|mark| config.get(mark).is_some()))
}

/// `P` of `…projects/P/…`.
pub fn project_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("projects/")?;
    rest.split('/').next().filter(|project| !project.is_empty())
}

fn with_project(project: Option<&str>, what: &str, path: impl Fn(&str) -> String) -> Class {
    project.map_or_else(|| no_project(what), |project| Class::Row(path(project), None))
}

fn no_project(what: &str) -> Class {
    Class::Unplaced(format!(
        "{what} does not say of which project: give it with `--project`"
    ))
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}
