//! What each collector needs to be allowed, declared beside it; rendered for whoever grants it, and asked for ahead.
use super::kubernetes::KINDS;
use super::{cloud_run, clusters, compute, csds, dns, fleet, iam, logging, service_usage};
use crate::gcp::access::{self, Grant, Level};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// One permission that a collector needs. How it is granted, [`access`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// The collector.
    pub collector: &'static str,
    pub permission: &'static str,
    /// What is seen with it.
    pub why: &'static str,
}

impl Need {
    pub const fn of(collector: &'static str, permission: &'static str, why: &'static str) -> Self {
        Self {
            collector,
            permission,
            why,
        }
    }

    /// Where it is granted, and whether it can be done without.
    pub fn grant(&self) -> Grant {
        access::grant(self.permission).copied().unwrap_or(Grant {
            permission: self.permission,
            role: "roles/viewer",
            level: Level::Project,
            optional: false,
        })
    }
}

/// The clusters, whose collector speaks another protocol: RBAC decides within them.
const CLUSTERS: &[Need] = &[Need::of(
    "kubernetes",
    "gkehub.gateway.get",
    "the clusters' objects, through the Connect Gateway",
)];

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
        csds::NEEDS,
        CLUSTERS,
    ]
    .concat()
}

/// The permissions that are granted at a level, sorted, each once.
fn of_level(level: Level) -> BTreeSet<&'static str> {
    let needs = all().into_iter();
    needs
        .filter(|need| need.grant().level == level)
        .map(|need| need.permission)
        .collect()
}

/// The permissions of a project's custom role.
pub fn role() -> BTreeSet<&'static str> {
    of_level(Level::Project)
}

/// The permissions of the organization's custom role; its own custom roles are listed there too.
fn ancestors_role() -> BTreeSet<&'static str> {
    let mut permissions = of_level(Level::Ancestor);
    permissions.insert("iam.roles.list");
    permissions
}

/// The predefined roles that are granted on the organization as they are.
fn organization_roles() -> BTreeSet<&'static str> {
    let needs = all().into_iter().map(|need| need.grant());
    needs
        .filter(|grant| grant.level == Level::Organization)
        .map(|grant| grant.role)
        .collect()
}

/// Whom to grant what where.
#[derive(Debug, Clone)]
pub struct Request {
    pub projects: Vec<String>,
    /// The organization's number.
    pub organization: String,
    /// `user:you@example.com`.
    pub member: String,
}

const DENY: &str = "On the organization: reading deny policies, which no custom role of a project can hold. Without it no world is\n\
                    # called healthy, since nobody can say that no deny policy stands against a grant.";
const ABOVE: &str = "On the organization, for the policies of folders and of the organization itself, and its custom roles.\n\
                     # Optional: what is granted there stays unknown without.";

/// `gcloud` commands that make the roles and grant them.
pub fn as_gcloud(request: &Request) -> String {
    let Request {
        projects,
        organization,
        member,
    } = request;
    let mut text = String::new();
    let mut line = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    // A backslash joins the lines to one word: a permission a line can be read and compared.
    let listed = |role: BTreeSet<&str>| role.into_iter().collect::<Vec<_>>().join(",\\\n");
    line("# In each project: a custom role, which holds good only where it is made.");
    for project in projects {
        line(&format!(
            "gcloud iam roles create meshdoctor --project={project} --title=meshdoctor --stage=GA --permissions=\\\n{}",
            listed(role())
        ));
        line(&format!(
            "gcloud projects add-iam-policy-binding {project} --member={member} \\\n  --role=projects/{project}/roles/meshdoctor --condition=None"
        ));
    }
    let bind = |role: &str| {
        format!(
            "gcloud organizations add-iam-policy-binding {organization} --member={member} \\\n  --role={role} --condition=None"
        )
    };
    line("");
    line(&format!("# {DENY}"));
    for role in organization_roles() {
        line(&bind(role));
    }
    line("");
    line(&format!("# {ABOVE}"));
    line(&format!(
        "gcloud iam roles create meshdoctorAncestors --organization={organization} --title=meshdoctorAncestors --stage=GA --permissions=\\\n{}",
        listed(ancestors_role())
    ));
    line(&bind(&format!(
        "organizations/{organization}/roles/meshdoctorAncestors"
    )));
    text
}

/// The same in Terraform.
pub fn as_terraform(request: &Request) -> String {
    let Request {
        projects,
        organization,
        member,
    } = request;
    let listed = |role: BTreeSet<&str>| {
        role.into_iter()
            .map(|p| format!("    \"{p}\",\n"))
            .collect::<String>()
    };
    let projects: Vec<String> = projects.iter().map(|project| format!("\"{project}\"")).collect();
    let mut text = format!(
        "resource \"google_project_iam_custom_role\" \"meshdoctor\" {{\n  for_each    = toset([{}])\n  project     = each.value\n  \
         role_id     = \"meshdoctor\"\n  title       = \"meshdoctor\"\n  permissions = [\n{}  ]\n}}\n\n\
         resource \"google_project_iam_member\" \"meshdoctor\" {{\n  for_each = google_project_iam_custom_role.meshdoctor\n  \
         project  = each.value.project\n  role     = each.value.id\n  member   = \"{member}\"\n}}\n",
        projects.join(", "),
        listed(role())
    );
    for role in organization_roles() {
        let name = role.rsplit('.').next().unwrap_or(role);
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "\n# {DENY}\nresource \"google_organization_iam_member\" \"{name}\" {{\n  org_id = \"{organization}\"\n  \
             role   = \"{role}\"\n  member = \"{member}\"\n}}\n"
        );
    }
    let _ = write!(
        text,
        "\n# {ABOVE}\nresource \"google_organization_iam_custom_role\" \"meshdoctor_ancestors\" {{\n  org_id      = \"{organization}\"\n  \
         role_id     = \"meshdoctorAncestors\"\n  title       = \"meshdoctorAncestors\"\n  permissions = [\n{}  ]\n}}\n\n\
         resource \"google_organization_iam_member\" \"meshdoctor_ancestors\" {{\n  org_id = \"{organization}\"\n  \
         role   = google_organization_iam_custom_role.meshdoctor_ancestors.id\n  member = \"{member}\"\n}}\n",
        listed(ancestors_role())
    );
    text
}

/// The ClusterRole and its binding, for `kubectl apply -f -`. RBAC knows a Google account or service account as a user.
pub fn as_kubectl(member: &str) -> String {
    let (kind, name) = match member.split_once(':') {
        Some(("group", name)) => ("Group", name),
        Some((_, name)) => ("User", name),
        None => ("User", member),
    };
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in KINDS {
        groups.entry(kind.group).or_default().push(kind.plural);
    }
    let rules: String = groups
        .iter_mut()
        .map(|(group, kinds)| {
            kinds.sort_unstable();
            let kinds = kinds.join(", ");
            format!("  - apiGroups: [\"{group}\"]\n    resources: [{kinds}]\n    verbs: [list]\n")
        })
        .collect();
    format!(
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: meshdoctor\nrules:\n{rules}---\n\
         apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata:\n  name: meshdoctor\nroleRef:\n  \
         apiGroup: rbac.authorization.k8s.io\n  kind: ClusterRole\n  name: meshdoctor\nsubjects:\n  - kind: {kind}\n    name: \"{name}\"\n    \
         apiGroup: rbac.authorization.k8s.io\n"
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use regex::Regex;
    use std::fs;
    use std::path::Path;

    /// Whatever permission a collector's source names is declared: what is called and not declared nobody would be granted.
    #[test]
    fn no_call_needs_a_permission_that_is_not_declared() {
        let form = Regex::new(r#""([a-z]+\.[a-zA-Z]+\.(?:get|list|use)[a-zA-Z]*)""#).unwrap();
        let declared: BTreeSet<&str> = all().iter().map(|need| need.permission).collect();
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/collect")];
        let mut seen = 0;
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    open.push(path);
                    continue;
                }
                let text = fs::read_to_string(&path).unwrap();
                // What stands in tests is called by nobody.
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let is_test = path.ends_with("tests.rs");
                for found in form.captures_iter(code).filter(|_| !is_test) {
                    seen += 1;
                    assert!(declared.contains(&found[1]), "{}: {}", path.display(), &found[1]);
                }
            }
        }
        assert!(seen > 45, "the sources were not found");
    }

    #[test]
    fn each_permission_that_a_collector_needs_has_its_grant_and_each_grant_its_need() {
        let needed: BTreeSet<&str> = all().iter().map(|need| need.permission).collect();
        let granted: BTreeSet<&str> = access::GRANTS.iter().map(|grant| grant.permission).collect();
        assert_eq!(needed, granted);
    }
}
