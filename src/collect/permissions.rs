//! What each collector needs to be allowed, declared beside it; rendered for whoever grants it, and asked for ahead.
use super::google::{Call, CallError, Client, segment};
use super::kubernetes::KINDS;
use super::{Api, cloud_run, clusters, compute, dns, fleet, iam, logging, service_usage};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// One permission that a collector needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The collector.
    pub collector: &'static str,
    pub permission: &'static str,
    /// What is seen with it.
    pub why: &'static str,
    /// Whether a diagnosis is possible without: it stands on an ancestor, or only adds detail.
    pub optional: bool,
}

impl Need {
    pub const fn of(collector: &'static str, permission: &'static str, why: &'static str) -> Self {
        Self {
            collector,
            permission,
            why,
            optional: false,
        }
    }

    pub const fn optional(collector: &'static str, permission: &'static str, why: &'static str) -> Self {
        Self {
            collector,
            permission,
            why,
            optional: true,
        }
    }
}

/// Cluster access and Traffic Director, whose collectors speak other protocols.
const OTHERS: &[Need] = &[
    // Source of the first: the denial's own words; no public document names it for CSDS.
    Need::of(
        "csds",
        "trafficdirector.networks.getConfigs",
        "the configuration that each client holds",
    ),
    Need::of(
        "kubernetes",
        "gkehub.gateway.get",
        "the clusters' objects, through the Connect Gateway",
    ),
];

/// All of them, in the order of the collectors.
pub fn all() -> Vec<Need> {
    [
        cloud_run::NEEDS,
        logging::NEEDS,
        iam::NEEDS,
        service_usage::NEEDS,
        dns::NEEDS,
        compute::NEEDS,
        fleet::NEEDS,
        clusters::NEEDS,
        OTHERS,
    ]
    .concat()
}

/// The permissions of one custom role, sorted, each once.
pub fn role() -> BTreeSet<&'static str> {
    all().into_iter().map(|need| need.permission).collect()
}

/// Which of the permissions the caller has on a project.
pub async fn held(client: &Client, project: &str) -> Result<BTreeSet<String>, CallError> {
    let asked: Vec<&str> = role().into_iter().collect();
    let call = Call::post(
        Api::ResourceManager,
        format!("v3/projects/{}:testIamPermissions", segment(project)),
        format!("test permissions on {project}"),
        json!({ "permissions": asked }),
    );
    let (_, answer) = client.object(&call).await?;
    let held = answer.get("permissions").and_then(Value::as_array);
    Ok(held
        .into_iter()
        .flatten()
        .filter_map(|permission| Some(permission.as_str()?.to_owned()))
        .collect())
}

/// `gcloud` commands that make the custom role and give it.
pub fn as_gcloud(project: &str, member: &str) -> String {
    let permissions: Vec<&str> = role().into_iter().collect();
    format!(
        "gcloud iam roles create meshdoctor --project={project} \\\n  --title='meshdoctor' --stage=GA \\\n  --permissions={}\n\
         gcloud projects add-iam-policy-binding {project} \\\n  --member='{member}' --role=projects/{project}/roles/meshdoctor\n",
        permissions.join(",")
    )
}

/// The custom role and its grant in Terraform.
pub fn as_terraform(project: &str, member: &str) -> String {
    let permissions: String = role().into_iter().map(|p| format!("    \"{p}\",\n")).collect();
    format!(
        "resource \"google_project_iam_custom_role\" \"meshdoctor\" {{\n  project     = \"{project}\"\n  role_id     = \"meshdoctor\"\n  \
         title       = \"meshdoctor\"\n  permissions = [\n{permissions}  ]\n}}\n\n\
         resource \"google_project_iam_member\" \"meshdoctor\" {{\n  project = \"{project}\"\n  \
         role    = google_project_iam_custom_role.meshdoctor.id\n  member  = \"{member}\"\n}}\n"
    )
}

/// The ClusterRole and its binding, for `kubectl apply -f -`.
pub fn as_kubectl(user: &str) -> String {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in KINDS {
        groups.entry(kind.group).or_default().push(kind.plural);
    }
    let rules: String = groups
        .iter()
        .map(|(group, kinds)| {
            let kinds = kinds.join(", ");
            format!("  - apiGroups: [\"{group}\"]\n    resources: [{kinds}]\n    verbs: [list]\n")
        })
        .collect();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: meshdoctor\nrules:\n{rules}---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: meshdoctor\nroleRef:\n  \
         apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: meshdoctor\nsubjects:\n  - kind: User\n    name: \"{user}\"\n    \
         apiGroup: rbac.authorization.k8s.io\n"
    )
}
