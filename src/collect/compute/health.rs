//! What health checks say of the endpoints of Traffic Director's backend services: `getHealth`, a call an endpoint group.
//!
//! The file of a backend service is a list as `gcloud compute backend-services get-health` prints it: `[{"backend": GROUP,
//! "status": ANSWER}, …]`.
use super::NAME;
use crate::collect::Api;
use crate::collect::gather::Book;
use crate::collect::google::{Call, Listing, segment};
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Below `compute/PROJECT/`.
pub const FOLDER: &str = "health";

/// Source: compute.v1 `backendServices.getHealth`, IAM permissions.
pub const PERMISSION: &str = "compute.backendServices.get";

/// Traffic Director's scheme. Its backend services are global ones:
/// <https://cloud.google.com/load-balancing/docs/backend-service>, summary of the products.
const SCHEME: &str = "INTERNAL_SELF_MANAGED";

/// Groups that are asked about, and how many at once: what an API may have under way. A check waits for all of them, and three
/// rounds behind the listing are about as long as the longest chain of others.
const MOST: usize = 24;
const AT_ONCE: usize = 8;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct BackendService {
    name: String,
    load_balancing_scheme: String,
    backends: Vec<Backend>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Backend {
    group: String,
}

/// Asks of each group of the mesh's backend services. It is evidence beside others: what is left out is noted.
pub async fn collect(book: &Book<'_>, project: &str, services: &Listing) {
    let services = of_the_mesh(services);
    let mut left = MOST;
    let mut asked: Vec<(String, String)> = Vec::new();
    let mut passed = 0;
    for service in &services {
        match left.checked_sub(service.backends.len()) {
            Some(rest) => left = rest,
            None => {
                passed += 1;
                continue;
            }
        }
        let groups = service.backends.iter().map(|backend| backend.group.clone());
        asked.extend(groups.map(|group| (service.name.clone(), group)));
    }
    if passed > 0 {
        book.note(format!(
            "the health of {passed} of {} backend services of the mesh in {project} was not asked for: {MOST} endpoint groups are at most",
            services.len()
        ));
    }
    let asking = asked.into_iter().map(|(service, group)| async move {
        let answer = of_group(book, project, &service, &group).await;
        (service, group, answer)
    });
    let mut answers: Vec<(String, String, Option<Value>)> =
        stream::iter(asking).buffer_unordered(AT_ONCE).collect().await;
    answers.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    let mut files: BTreeMap<String, Option<Vec<Value>>> = BTreeMap::new();
    for (service, group, answer) in answers {
        let file = files.entry(service).or_insert_with(|| Some(Vec::new()));
        // A file is there when every group has answered.
        *file = file.take().zip(answer).map(|(mut all, answer)| {
            all.push(json!({ "backend": group, "status": answer }));
            all
        });
    }
    for (service, groups) in files {
        if let Some(groups) = groups {
            keep(book, project, &service, &groups);
        }
    }
}

async fn of_group(book: &Book<'_>, project: &str, service: &str, group: &str) -> Option<Value> {
    let call = call(project, service, group);
    match book.means.client.object(&call).await {
        Ok((_, answer)) => Some(answer),
        // Some groups have none, such as those of serverless backends.
        Err(error) if error.status == Some(400) => {
            book.note(format!("{}: {}", call.what, error.text));
            None
        }
        Err(error) => {
            book.refused(&call, error);
            None
        }
    }
}

fn call(project: &str, service: &str, group: &str) -> Call {
    let path = format!(
        "compute/v1/projects/{}/global/backendServices/{}/getHealth",
        segment(project),
        segment(service)
    );
    let what = format!("get the health of backend service {service} of {project}");
    Call::post(Api::Compute, path, what, json!({ "group": group }))
        .needs(PERMISSION, format!("projects/{project}"))
        .extra(true)
}

fn keep(book: &Book<'_>, project: &str, service: &str, groups: &[Value]) {
    let endpoints = |group: &Value| {
        let all = group.pointer("/status/healthStatus").and_then(Value::as_array);
        all.map_or(0, Vec::len)
    };
    let items = groups.iter().map(endpoints).sum::<usize>();
    let bytes = Value::from(groups.to_vec()).to_string();
    book.put(
        &call(project, service, ""),
        &format!("{NAME}/{project}/{FOLDER}/{service}.json"),
        bytes.as_bytes(),
        u64::try_from(items).unwrap_or(u64::MAX),
    );
}

/// The mesh's own, by name. Those of the regions are other load balancers'.
fn of_the_mesh(services: &Listing) -> Vec<BackendService> {
    let value = services.value();
    let global = value.pointer("/items/global/backendServices");
    let mut services: Vec<BackendService> = global
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|service| BackendService::deserialize(service).ok())
        .filter(|service| service.load_balancing_scheme == SCHEME && super::is_name(&service.name))
        .filter(|service| !service.backends.is_empty())
        .collect();
    services.sort_by(|one, other| one.name.cmp(&other.name));
    services
}
