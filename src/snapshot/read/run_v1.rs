//! Cloud Run's Knative shape (v1, as `gcloud run services describe` prints it) turned into the v2 shape.
//!
//! Sources: the run.v1 discovery document (annotations `run.googleapis.com/…` of `ObjectMeta`) and run.v2's enums.
use super::google::Defaults;
use super::locate::Segment;
use super::typed::{self, Fault};
use crate::k8s::meta::Meta;
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Service {
    metadata: Meta,
    spec: ServiceSpec,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ServiceSpec {
    template: Template,
    traffic: Vec<Traffic>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Template {
    metadata: Meta,
    spec: RevisionSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Revision {
    metadata: Meta,
    spec: RevisionSpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RevisionSpec {
    service_account_name: String,
    containers: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Traffic {
    revision_name: String,
    percent: i64,
    latest_revision: bool,
    tag: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    url: String,
    latest_ready_revision_name: String,
    latest_created_revision_name: String,
    traffic: Vec<Traffic>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condition {
    #[serde(rename = "type")]
    kind: String,
    status: String,
    reason: String,
    message: String,
}

/// The `RevisionReason` values of run.v2; every other reason stands in `reason`.
const REVISION_REASONS: [&str; 12] = [
    "PENDING",
    "RESERVE",
    "RETIRED",
    "RETIRING",
    "RECREATING",
    "HEALTH_CHECK_CONTAINER_ERROR",
    "CUSTOMIZED_PATH_RESPONSE_PENDING",
    "MIN_INSTANCES_NOT_PROVISIONED",
    "ACTIVE_REVISION_LIMIT_REACHED",
    "NO_DEPLOYMENT",
    "HEALTH_CHECK_SKIPPED",
    "MIN_INSTANCES_WARMING",
];

/// The folder of the layout (`cloud-run/P/R`) and the service in the v2 shape.
pub fn service(item: &Value, defaults: &Defaults<'_>) -> Result<(String, Value), Fault> {
    let service: Service = typed::parse(item)?;
    let (project, region) = place(&service.metadata, defaults);
    let name = format!(
        "projects/{project}/locations/{region}/services/{}",
        service.metadata.name
    );
    let full = |revision: &str| {
        if revision.is_empty() {
            String::new()
        } else {
            format!("{name}/revisions/{revision}")
        }
    };
    let template = &service.spec.template;
    let at = ["spec", "template", "metadata", "annotations"];
    let mut v2 = json!({
        "name": name,
        "labels": service.metadata.labels,
        "uri": service.status.url,
        "template": template_of(&template.metadata, &template.spec, &at)?,
        "traffic": traffic(&service.spec.traffic),
        "trafficStatuses": traffic(&service.status.traffic),
        "latestReadyRevision": full(&service.status.latest_ready_revision_name),
        "latestCreatedRevision": full(&service.status.latest_created_revision_name),
    });
    if let Some(ready) = service.status.conditions.iter().find(|c| c.kind == "Ready")
        && let Some(fields) = v2.as_object_mut()
    {
        fields.insert("terminalCondition".into(), condition(ready));
    }
    Ok((format!("cloud-run/{project}/{region}"), v2))
}

/// The same for a revision, which names its service in a label.
pub fn revision(item: &Value, defaults: &Defaults<'_>) -> Result<(String, Value), Fault> {
    let revision: Revision = typed::parse(item)?;
    let (project, region) = place(&revision.metadata, defaults);
    let label = revision.metadata.labels.get("serving.knative.dev/service");
    let service = label.map_or("-", String::as_str);
    let mut v2 = template_of(&revision.metadata, &revision.spec, &["metadata", "annotations"])?;
    if let Some(fields) = v2.as_object_mut() {
        let name = &revision.metadata.name;
        fields.insert(
            "name".into(),
            json!(format!(
                "projects/{project}/locations/{region}/services/{service}/revisions/{name}"
            )),
        );
        fields.insert("service".into(), json!(service));
    }
    Ok((format!("cloud-run/{project}/{region}"), v2))
}

/// The namespace is the project's number; a file written by hand has neither it nor the location's label.
fn place(metadata: &Meta, defaults: &Defaults<'_>) -> (String, String) {
    let project = if metadata.namespace.is_empty() {
        defaults.project.unwrap_or("-")
    } else {
        &metadata.namespace
    };
    let region = metadata.labels.get("cloud.googleapis.com/location");
    (project.to_owned(), region.map_or("-", String::as_str).to_owned())
}

fn template_of(metadata: &Meta, spec: &RevisionSpec, at: &[&str]) -> Result<Value, Fault> {
    let annotation = |name: &str| metadata.annotations.get(name).map(String::as_str);
    let run = |name: &str| annotation(&format!("run.googleapis.com/{name}"));
    let mut template = Map::new();
    template.insert("serviceAccount".into(), json!(spec.service_account_name));
    template.insert("containers".into(), json!(spec.containers));
    if let Some(generation) = run("execution-environment") {
        let value = format!("EXECUTION_ENVIRONMENT_{}", generation.to_ascii_uppercase());
        template.insert("executionEnvironment".into(), json!(value));
    }
    if let Some(mesh) = run("mesh") {
        template.insert("serviceMesh".into(), json!({ "mesh": mesh }));
    }
    let mut vpc = Map::new();
    if let Some(text) = run("network-interfaces") {
        let interfaces: Value = serde_json::from_str(text).map_err(|error| {
            let mut field: Vec<Segment> = at.iter().map(|key| Segment::Key((*key).to_owned())).collect();
            field.push(Segment::Key("run.googleapis.com/network-interfaces".into()));
            Fault {
                field,
                problem: format!("is not JSON: {error}"),
            }
        })?;
        vpc.insert("networkInterfaces".into(), interfaces);
    }
    if let Some(connector) = run("vpc-access-connector") {
        vpc.insert("connector".into(), json!(connector));
    }
    if let Some(egress) = run("vpc-access-egress") {
        let value = match egress {
            "all-traffic" | "all" => "ALL_TRAFFIC",
            "private-ranges-only" | "private-ranges" => "PRIVATE_RANGES_ONLY",
            other => other,
        };
        vpc.insert("egress".into(), json!(value));
    }
    if !vpc.is_empty() {
        template.insert("vpcAccess".into(), Value::Object(vpc));
    }
    let scale = |name: &str| {
        annotation(&format!("autoscaling.knative.dev/{name}"))?
            .parse::<u64>()
            .ok()
    };
    let mut scaling = Map::new();
    for (key, name) in [("minInstanceCount", "minScale"), ("maxInstanceCount", "maxScale")] {
        if let Some(count) = scale(name) {
            scaling.insert(key.into(), json!(count));
        }
    }
    if !scaling.is_empty() {
        template.insert("scaling".into(), Value::Object(scaling));
    }
    Ok(Value::Object(template))
}

fn traffic(targets: &[Traffic]) -> Vec<Value> {
    targets
        .iter()
        .map(|target| {
            let (kind, revision) = if target.latest_revision {
                ("LATEST", "")
            } else {
                ("REVISION", target.revision_name.as_str())
            };
            json!({
                "type": format!("TRAFFIC_TARGET_ALLOCATION_TYPE_{kind}"),
                "revision": revision,
                "percent": target.percent,
                "tag": target.tag,
            })
        })
        .collect()
}

fn condition(ready: &Condition) -> Value {
    let state = match ready.status.as_str() {
        "True" => "CONDITION_SUCCEEDED",
        "False" => "CONDITION_FAILED",
        _ => "CONDITION_RECONCILING",
    };
    let reason = upper_snake(&ready.reason);
    let key = if REVISION_REASONS.contains(&reason.as_str()) {
        "revisionReason"
    } else {
        "reason"
    };
    json!({ "type": "Ready", "state": state, key: reason, "message": ready.message })
}

/// `HealthCheckContainerError` as `HEALTH_CHECK_CONTAINER_ERROR`.
fn upper_snake(camel: &str) -> String {
    let mut text = String::new();
    for (at, letter) in camel.chars().enumerate() {
        if at > 0 && letter.is_uppercase() {
            text.push('_');
        }
        text.extend(letter.to_uppercase());
    }
    text
}
