//! Reports made by hand for the renderers' tests: the incident of the public guide and its relatives.
use super::v1::finding::{Confidence, Role, Severity};
use super::v1::fix::Verification;
use super::v1::report::Verdict;
use super::v1::*;

const LOG: &str = "StreamAggregatedResources gRPC config stream to trafficdirector.googleapis.com:443 closed: 7, Permission 'trafficdirector.networks.getConfigs' denied on resource '//trafficdirector.googleapis.com/projects/525300120045/networks/mesh:test-mesh/nodes/0f6cbb1e-0d1c-4b3a-9a43-6f2f0a1f7a35' (or it may not exist).";
const LAYERS: [&str; 9] = [
    "iam",
    "cloud-run",
    "dns",
    "network",
    "control-plane",
    "routing",
    "workload",
    "policy",
    "dataplane",
];

pub(super) fn all() -> Vec<Report> {
    vec![
        incident(),
        two_causes(),
        healthy(),
        inconclusive(),
        twelve_of_one_code(),
        two_of_one_code(),
    ]
}

/// One account without the role: the sidecar gets no configuration.
pub(super) fn incident() -> Report {
    let cause = role_missing("fortio", "fortio-run");
    Report {
        verdict: Verdict::Unhealthy as i32,
        path: vec![
            path("cart", &[]),
            path(
                "fortio",
                &[
                    ("iam", hop::Status::Broken),
                    ("control-plane", hop::Status::Unknown),
                    ("dataplane", hop::Status::Unknown),
                ],
            ),
            path("pricing", &[]),
        ],
        findings: vec![
            cause.clone(),
            symptom(
                &cause,
                "MD801",
                "xds-permission-denied",
                "dataplane",
                "The sidecar of fortio was refused its configuration 6 times: trafficdirector.networks.getConfigs is denied",
            ),
            symptom(
                &cause,
                "MD411",
                "xds-client-not-connected",
                "control-plane",
                "Traffic Director has no connected client for fortio",
            ),
            ignored_field(),
        ],
        checks: vec![
            check("MD101", check::Status::Failed, 3, None),
            check("MD102", check::Status::Passed, 3, None),
            check("MD801", check::Status::Failed, 3, None),
            check("MD411", check::Status::Failed, 3, None),
            check("MD507", check::Status::Failed, 2, None),
            check(
                "MD601",
                check::Status::Skipped,
                0,
                Some("kubernetes/pods was not collected"),
            ),
            check(
                "MD602",
                check::Status::Skipped,
                0,
                Some("kubernetes/pods was not collected"),
            ),
        ],
        collectors: vec![
            collector("cloud-run", collector::Status::Ok, 3, None, None),
            collector(
                "kubernetes/gke-ads",
                collector::Status::Partial,
                212,
                Some(
                    "403: pods is forbidden: User \"sre@example.com\" cannot list resource \"pods\" in API group \"\" at the cluster scope",
                ),
                Some("container.pods.list"),
            ),
        ],
        ..base()
    }
}

/// An account without the role, and a Service that selects nothing.
pub(super) fn two_causes() -> Report {
    let selector = Finding {
        id: "MD601/Service/ads/ads".to_owned(),
        code: "MD601".to_owned(),
        name: "selector-matches-no-pod".to_owned(),
        layer: "workload".to_owned(),
        severity: Severity::Error as i32,
        confidence: Confidence::Likely as i32,
        role: Role::RootCause as i32,
        subject: Some(Subject {
            kind: "Service".to_owned(),
            name: "ads".to_owned(),
            namespace: Some("ads".to_owned()),
            project: None,
            location: Some("gke-ads".to_owned()),
        }),
        summary: "The selector of Service ads/ads matches no pod: app=adds, while 3 pods carry app=ads".to_owned(),
        explanation: "A Service sends to the pods that its selector matches. None matches, so the mesh has no endpoint to send to and every call fails with 503.".to_owned(),
        evidence: vec![Evidence {
            source: "kubernetes".to_owned(),
            locator: "kubernetes/gke-ads/services.json items[4].spec.selector".to_owned(),
            excerpt: "selector:\n  app: adds\nports:\n- name: http\n  port: 80\n  targetPort: 8080".to_owned(),
            ..Evidence::default()
        }],
        fixes: vec![Fix {
            title: "Point the selector of Service ads/ads at app=ads".to_owned(),
            actions: vec![],
            commands: vec![r#"kubectl -n ads patch service ads --type=merge -p '{"spec":{"selector":{"app":"ads"}}}'"#.to_owned()],
            manifest: None,
            terraform: None,
            verification: Verification::Insufficient as i32,
        }],
        ..Finding::default()
    };
    let incident = incident();
    let mut findings = vec![selector.clone()];
    findings.extend(incident.findings.iter().cloned());
    findings.push(symptom(
        &selector,
        "MD823",
        "no-healthy-upstream",
        "dataplane",
        "Calls to ads.mesh.private fail with UH no_healthy_upstream",
    ));
    // A symptom of a symptom.
    let mut second = symptom(
        &selector,
        "MD417",
        "no-endpoints",
        "control-plane",
        "The cluster outbound|80||ads.ads.svc.cluster.local has no endpoint",
    );
    second.explained_by = vec!["MD823/fortio".to_owned()];
    findings.push(second);
    Report {
        path: vec![
            path(
                "fortio",
                &[("iam", hop::Status::Broken), ("workload", hop::Status::Broken)],
            ),
            path("cart", &[("workload", hop::Status::Broken)]),
        ],
        findings,
        ..incident
    }
}

/// Nothing wrong, one piece of advice.
pub(super) fn healthy() -> Report {
    Report {
        verdict: Verdict::Healthy as i32,
        path: vec![path("cart", &[]), path("fortio", &[])],
        findings: vec![ignored_field()],
        checks: vec![
            check("MD101", check::Status::Passed, 2, None),
            check("MD801", check::Status::Passed, 2, None),
        ],
        ..base()
    }
}

/// No log and no policy could be had.
pub(super) fn inconclusive() -> Report {
    let mut checks: Vec<Check> = (801..=824)
        .map(|code| {
            check(
                &format!("MD{code}"),
                check::Status::Skipped,
                0,
                Some("logging was not collected"),
            )
        })
        .collect();
    checks.push(check(
        "MD101",
        check::Status::Skipped,
        0,
        Some("iam of project mesh-prod was not collected"),
    ));
    checks.push(check("MD301", check::Status::Passed, 2, None));
    Report {
        verdict: Verdict::Inconclusive as i32,
        reasons: vec![
            "MD101 could not be decided: iam of project mesh-prod was not collected.".to_owned(),
            "24 checks of the sidecar's log could not be made: logging was not collected.".to_owned(),
        ],
        path: vec![path("fortio", &[("iam", hop::Status::Unknown), ("dataplane", hop::Status::Unknown)])],
        checks,
        collectors: vec![
            collector("iam", collector::Status::Failed, 0, Some("403 PERMISSION_DENIED: The caller does not have permission"), Some("resourcemanager.projects.getIamPolicy")),
            collector("logging", collector::Status::Skipped, 0, None, None),
        ],
        warnings: vec!["notes.txt is not recognised: no Kubernetes object, no answer of an API that is known here, no Envoy log".to_owned()],
        ..base()
    }
}

/// A team forgot the role on all its services.
pub(super) fn twelve_of_one_code() -> Report {
    of_one_code(&[
        "ads",
        "basket",
        "cart",
        "catalogue",
        "checkout",
        "currency",
        "email",
        "fortio",
        "payment",
        "pricing",
        "search",
        "shipping",
    ])
}

pub(super) fn two_of_one_code() -> Report {
    of_one_code(&["cart", "fortio"])
}

fn of_one_code(services: &[&str]) -> Report {
    let causes: Vec<Finding> = services
        .iter()
        .map(|name| role_missing(name, &format!("{name}-run")))
        .collect();
    let symptoms = causes.iter().map(|cause| {
        symptom(
            cause,
            "MD801",
            "xds-permission-denied",
            "dataplane",
            "The sidecar was refused its configuration",
        )
    });
    let mut path: Vec<Path> = services
        .iter()
        .map(|name| self::path(name, &[("iam", hop::Status::Broken)]))
        .collect();
    path.extend((1..=38).map(|number| self::path(&format!("batch-{number}"), &[])));
    Report {
        verdict: Verdict::Unhealthy as i32,
        path,
        findings: causes.iter().cloned().chain(symptoms).collect(),
        checks: vec![check("MD101", check::Status::Failed, services.len() as u32, None)],
        ..base()
    }
}

fn base() -> Report {
    Report {
        schema_version: "meshdoctor.report.v1".to_owned(),
        tool_version: "0.1.0".to_owned(),
        scope: Some(Scope {
            project: "mesh-prod".to_owned(),
            since: "3600s".to_owned(),
            ..Scope::default()
        }),
        collected_at: "2026-11-24T09:30:00Z".to_owned(),
        ..Report::default()
    }
}

fn role_missing(service: &str, account: &str) -> Finding {
    let member = format!("serviceAccount:{account}@mesh-prod.iam.gserviceaccount.com");
    let fields = [
        ("project", "mesh-prod"),
        ("member", member.as_str()),
        ("role", "roles/trafficdirector.client"),
    ];
    Finding {
        id: format!("MD101/{service}"),
        code: "MD101".to_owned(),
        name: "traffic-director-client-role-missing".to_owned(),
        layer: "iam".to_owned(),
        severity: Severity::Critical as i32,
        confidence: Confidence::Confirmed as i32,
        role: Role::RootCause as i32,
        subject: Some(Subject {
            kind: "CloudRunService".to_owned(),
            name: service.to_owned(),
            namespace: None,
            project: Some("mesh-prod".to_owned()),
            location: Some("us-central1".to_owned()),
        }),
        summary: format!("{account}@mesh-prod.iam.gserviceaccount.com may not fetch configuration from Traffic Director: it lacks roles/trafficdirector.client on mesh-prod"),
        explanation: "The sidecar fetches its routes from Traffic Director as the service's own account. That needs the permission trafficdirector.networks.getConfigs on the project of the mesh projects/525300120045/locations/global/meshes/test-mesh. Without it the sidecar has no listener and no route, and every call to a host of the mesh fails. The grant takes effect within a few minutes, and the sidecar reconnects by itself.".to_owned(),
        evidence: vec![
            Evidence {
                source: "iam".to_owned(),
                locator: "iam/projects/mesh-prod/policy.json bindings".to_owned(),
                excerpt: format!("no binding of 14 gives {member} a role with trafficdirector.networks.getConfigs"),
                ..Evidence::default()
            },
            Evidence {
                source: "logging".to_owned(),
                locator: "logging/mesh-prod/entries.ndjson:214".to_owned(),
                excerpt: LOG.to_owned(),
                count: Some(6),
                first_seen: Some("2026-11-24T09:20:11.402Z".to_owned()),
                last_seen: Some("2026-11-24T09:25:40.117Z".to_owned()),
                at_least: None,
            },
        ],
        explained_by: vec![],
        fixes: vec![Fix {
            title: format!("Give {account} the role roles/trafficdirector.client on mesh-prod"),
            actions: vec![Action {
                kind: "iam_binding_add".to_owned(),
                fields: fields.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            }],
            commands: vec![format!("gcloud projects add-iam-policy-binding mesh-prod --member={member} --role=roles/trafficdirector.client --condition=None")],
            manifest: None,
            terraform: None,
            verification: Verification::ClosesFinding as i32,
        }],
        references: vec!["https://cloud.google.com/service-mesh/docs/configure-cloud-service-mesh-for-cloud-run".to_owned()],
    }
}

fn symptom(cause: &Finding, code: &str, name: &str, layer: &str, summary: &str) -> Finding {
    let client = cause.subject.as_ref().map_or("", |subject| subject.name.as_str());
    let client = if client == "ads" && code != "MD801" {
        "fortio"
    } else {
        client
    };
    Finding {
        id: format!("{code}/{client}"),
        code: code.to_owned(),
        name: name.to_owned(),
        layer: layer.to_owned(),
        severity: Severity::Critical as i32,
        confidence: Confidence::Confirmed as i32,
        role: Role::Symptom as i32,
        subject: Some(Subject {
            kind: "CloudRunService".to_owned(),
            name: client.to_owned(),
            ..Subject::default()
        }),
        summary: summary.to_owned(),
        explained_by: vec![cause.id.clone()],
        ..Finding::default()
    }
}

fn ignored_field() -> Finding {
    Finding {
        id: "MD507/ads/ads-external".to_owned(),
        code: "MD507".to_owned(),
        name: "ignored-field-used".to_owned(),
        layer: "routing".to_owned(),
        severity: Severity::Warning as i32,
        confidence: Confidence::Confirmed as i32,
        role: Role::Advice as i32,
        subject: Some(Subject {
            kind: "VirtualService".to_owned(),
            name: "ads-external".to_owned(),
            namespace: Some("ads".to_owned()),
            ..Subject::default()
        }),
        summary: "exportTo is set, and clients outside the cluster ignore it".to_owned(),
        ..Finding::default()
    }
}

fn path(client: &str, faults: &[(&str, hop::Status)]) -> Path {
    let hop = |layer: &str| {
        let status = faults
            .iter()
            .find(|(at, _)| *at == layer)
            .map_or(hop::Status::Ok, |(_, status)| *status);
        let (detail, findings) = match (layer, status) {
            ("iam", hop::Status::Broken) => (
                format!("{client}-run lacks trafficdirector.networks.getConfigs"),
                vec!["MD101".to_owned()],
            ),
            ("workload", hop::Status::Broken) => (
                "Service ads/ads matches no pod".to_owned(),
                vec!["MD601".to_owned()],
            ),
            _ => (String::new(), vec![]),
        };
        Hop {
            layer: layer.to_owned(),
            title: layer.to_owned(),
            status: status as i32,
            detail,
            findings,
        }
    };
    Path {
        client: client.to_owned(),
        host: "ads.mesh.private".to_owned(),
        hops: LAYERS.map(hop).to_vec(),
    }
}

fn check(code: &str, status: check::Status, subjects: u32, reason: Option<&str>) -> Check {
    Check {
        code: code.to_owned(),
        name: format!("name-of-{}", code.to_lowercase()),
        status: status as i32,
        subjects,
        reason: reason.map(str::to_owned),
    }
}

fn collector(
    name: &str,
    status: collector::Status,
    items: u32,
    error: Option<&str>,
    permission: Option<&str>,
) -> Collector {
    Collector {
        name: name.to_owned(),
        status: status as i32,
        items,
        duration_ms: 120,
        error: error.map(str::to_owned),
        permission_needed: permission.map(str::to_owned),
        notes: Vec::new(),
    }
}
