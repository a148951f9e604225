//! What the caller may see, asked ahead: permissions by `testIamPermissions` where the API has it, else by one cheap call.
use super::all::{self, CollectError, Request};
use super::gather::Means;
use super::google::{Call, CallError, Paging, segment};
use super::permissions::{self, Need};
use super::{Api, FailureKind, Store, cloud_run, fleet, iam, kubernetes, logging, reach, service_usage};
use crate::gcp::access::{Grant, Level};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// What came of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Held,
    Missing,
    /// It could not be asked, in words.
    Unknown(String),
}

/// One permission at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub collector: &'static str,
    /// `run.services.list`; of a cluster `list pods`.
    pub permission: String,
    pub why: &'static str,
    pub access: Access,
    pub optional: bool,
    /// How it is granted; none in a cluster, where RBAC decides.
    pub grant: Option<Grant>,
    /// Where it is granted: `projects/mesh-prod`, `organizations/ORGANIZATION` where its number is not known.
    pub on: String,
}

impl Row {
    /// What grants the permission to a member.
    pub fn command(&self, member: &str) -> String {
        let Some(grant) = self.grant else {
            return format!("meshdoctor permissions --output=kubectl --member={member} | kubectl apply -f -");
        };
        let (kind, id) = self.on.split_once('/').unwrap_or(("projects", &self.on));
        let role = grant.role;
        let noun = match kind {
            "folders" => "resource-manager folders",
            kind => kind,
        };
        format!("gcloud {noun} add-iam-policy-binding {id} --member={member} --role={role} --condition=None")
    }
}

/// A project, what stands above it, or a cluster, with all that is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// `projects/mesh-prod`, `folders/4711`, `cluster prod`.
    pub name: String,
    pub rows: Vec<Row>,
}

/// Collectors that ask every project of the scope; the others ask the fleet's alone.
const EVERYWHERE: [&str; 4] = [cloud_run::NAME, logging::NAME, iam::NAME, service_usage::NAME];

/// Asks of every project in scope, of what stands above each, and of every cluster.
///
/// # Errors
/// Where nothing can be asked at all.
pub async fn run(request: Request) -> Result<Vec<Place>, CollectError> {
    let (events, _unheard) = mpsc::unbounded_channel();
    // Nobody stops it: Ctrl-C ends the program.
    let (_keep, stop) = watch::channel(false);
    let means = &all::means(&request, Arc::new(Store::new()?), events, stop)?;
    let projects = means.projects();
    let (of_projects, (of_clusters, by_gateway)) = tokio::join!(
        join_all(projects.iter().map(|project| of_project(means, project))),
        clusters(means, &request),
    );
    // What nothing would ask for is not asked of anybody.
    let regions_given = !request.scope.regions.is_empty();
    let idle = |row: &Row| match row.permission.as_str() {
        "gkehub.gateway.get" => !by_gateway,
        "run.locations.list" => regions_given,
        _ => false,
    };
    let mut places: Vec<Place> = Vec::new();
    for mut place in of_projects.into_iter().flatten().chain(of_clusters) {
        place.rows.retain(|row| !idle(row));
        // Projects share what stands above them.
        if !places.iter().any(|known| known.name == place.name) {
            places.push(place);
        }
    }
    Ok(places)
}

fn row(need: &Need, on: &str, access: Access) -> Row {
    let grant = need.grant();
    Row {
        collector: need.collector,
        permission: need.permission.to_owned(),
        why: need.why,
        access,
        optional: grant.optional,
        grant: Some(grant),
        on: on.to_owned(),
    }
}

async fn of_project(means: &Means, project: &str) -> Vec<Place> {
    let own = |need: &Need| *project == means.scope.project || EVERYWHERE.contains(&need.collector);
    let needs: Vec<Need> = permissions::all().into_iter().filter(own).collect();
    let of_level = |level| needs.iter().filter(move |need| need.grant().level == level);
    let asked: Vec<&'static str> = of_level(Level::Project).map(|need| need.permission).collect();
    let resource = format!("projects/{project}");
    let (tested, deny, above) = tokio::join!(
        test(means, &resource, &asked),
        deny_policies(means, project),
        ancestors(means, project),
    );
    let organization = above.iter().find(|above| above.starts_with("organizations/"));
    let organization = organization.map_or("organizations/ORGANIZATION", String::as_str);
    let mut rows: Vec<Row> = of_level(Level::Project)
        .map(|need| row(need, &resource, tested(need.permission)))
        .collect();
    rows.extend(of_level(Level::Organization).map(|need| row(need, organization, deny.clone())));
    let mut places = vec![Place { name: resource, rows }];
    for resource in above.clone() {
        let kind = resource.split('/').next().unwrap_or_default();
        let wanted = format!("resourcemanager.{kind}.getIamPolicy");
        let needs: Vec<&Need> = of_level(Level::Ancestor)
            .filter(|need| need.permission == wanted)
            .collect();
        let asked: Vec<&'static str> = needs.iter().map(|need| need.permission).collect();
        let tested = test(means, &resource, &asked).await;
        let rows = needs.iter();
        let rows = rows
            .map(|need| row(need, &resource, tested(need.permission)))
            .collect();
        places.push(Place { name: resource, rows });
    }
    places
}

/// `testIamPermissions` of a resource. One permission that the resource does not know spoils the whole question: then
/// each is asked by itself.
async fn test(means: &Means, resource: &str, asked: &[&'static str]) -> impl Fn(&str) -> Access + use<> {
    let all = test_once(means, resource, asked).await;
    let odd = matches!(&all, Err(error) if error.status == Some(400));
    let answers: Vec<(&'static str, Access)> = if odd {
        let one_by_one = asked.iter().map(|permission| async move {
            let answer = test_once(means, resource, &[*permission]).await;
            (*permission, access(&answer, permission))
        });
        join_all(one_by_one).await
    } else {
        asked
            .iter()
            .map(|permission| (*permission, access(&all, permission)))
            .collect()
    };
    move |permission| {
        let known = answers.iter().find(|(name, _)| *name == permission);
        known.map_or_else(
            || Access::Unknown("not asked".to_owned()),
            |(_, access)| access.clone(),
        )
    }
}

fn access(answer: &Result<BTreeSet<String>, CallError>, permission: &str) -> Access {
    match answer {
        Ok(held) if held.contains(permission) => Access::Held,
        Ok(_) => Access::Missing,
        Err(error) => Access::Unknown(error.text.clone()),
    }
}

async fn test_once(means: &Means, resource: &str, asked: &[&str]) -> Result<BTreeSet<String>, CallError> {
    let (kind, id) = resource.split_once('/').unwrap_or(("projects", resource));
    let call = Call::post(
        Api::ResourceManager,
        format!("v3/{kind}/{}:testIamPermissions", segment(id)),
        format!("test permissions on {resource}"),
        json!({ "permissions": asked }),
    );
    let (_, answer) = means.client.object(&call).await?;
    let held = answer.get("permissions").and_then(Value::as_array);
    Ok(held
        .into_iter()
        .flatten()
        .filter_map(|permission| Some(permission.as_str()?.to_owned()))
        .collect())
}

/// Whether deny policies may be read is no question that projects answer: they are listed.
async fn deny_policies(means: &Means, project: &str) -> Access {
    let call = iam::deny_policies_of(project, project);
    let page = Paging::new("policies", Some(("pageSize", "1")));
    match means.client.list(&call, page).await {
        Ok(_) => Access::Held,
        Err(error) if error.kind == FailureKind::PermissionMissing => Access::Missing,
        Err(error) => Access::Unknown(error.text),
    }
}

/// The folders and the organization above a project; none where they may not be seen, which the project's own row says.
async fn ancestors(means: &Means, project: &str) -> Vec<String> {
    let call = iam::ancestry_of(project);
    match means.client.object(&call).await {
        Ok((_, ancestry)) => {
            let above = iam::ancestors_of(&ancestry).into_iter();
            above.map(|(kind, id)| format!("{kind}/{id}")).collect()
        }
        Err(_) => Vec::new(),
    }
}

/// Every cluster in scope, of the fleet's memberships or the kubeconfig's, and whether one is reached through the gateway.
async fn clusters(means: &Means, request: &Request) -> (Vec<Place>, bool) {
    let listed = fleet::memberships(means).await;
    let clusters = reach::clusters(means, request, listed.as_deref()).await;
    let (targets, unreached) = clusters.into_parts();
    let by_gateway = targets
        .iter()
        .any(|target| matches!(target.access, kubernetes::Access::Gateway { .. }));
    let mut places: Vec<Place> = unreached
        .into_iter()
        .map(|failure| unknown(failure.call, failure.error))
        .collect();
    let deadline = means.client.deadline();
    let probed = targets.iter().map(|target| async move {
        let name = format!("cluster {}", target.membership);
        match kubernetes::probe(target, deadline).await {
            Err(failure) => unknown(name, failure.error),
            Ok(failures) => Place {
                rows: kinds(&failures),
                name,
            },
        }
    });
    places.extend(join_all(probed).await);
    (places, by_gateway)
}

fn cluster_row(permission: String, access: Access) -> Row {
    Row {
        collector: reach::KUBERNETES,
        permission,
        why: "the cluster's objects",
        access,
        optional: false,
        grant: None,
        on: String::new(),
    }
}

fn unknown(name: String, why: String) -> Place {
    Place {
        name,
        rows: vec![cluster_row("list every kind".to_owned(), Access::Unknown(why))],
    }
}

/// One row for all kinds that may be listed, one for each other.
fn kinds(failures: &[super::Failure]) -> Vec<Row> {
    let mut rows = Vec::new();
    let fine = kubernetes::KINDS.len().saturating_sub(failures.len());
    if fine > 0 {
        let what = if failures.is_empty() {
            "list every kind"
        } else {
            "list the other kinds"
        };
        rows.push(cluster_row(what.to_owned(), Access::Held));
    }
    let denied = |failure: &super::Failure| failure.kind == FailureKind::PermissionMissing;
    if fine == 0 && failures.iter().all(denied) {
        return vec![cluster_row("list every kind".to_owned(), Access::Missing)];
    }
    for failure in failures {
        let kind = failure
            .call
            .split(" of ")
            .next()
            .unwrap_or(&failure.call)
            .to_owned();
        let access = match failure.kind {
            FailureKind::PermissionMissing => Access::Missing,
            _ => Access::Unknown(failure.error.clone()),
        };
        // The gateway's own no is the project's to mend, and stands with its permissions.
        let permission = failure.permission.clone().filter(|_| access == Access::Missing);
        rows.push(cluster_row(permission.unwrap_or(kind), access));
    }
    rows.sort_by(|a, b| a.permission.cmp(&b.permission));
    rows.dedup();
    rows
}
