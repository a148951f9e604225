//! Live collection against replayed worlds, as a user would run it: what `check` of a folder says, `check` over the wire says too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod common;

use common::replayed::{Gist, Replayed, collector, gist};
use common::{Run, Sandbox, base, files, fixture_world, repository};
use meshdoctor::diagnose::diagnose;
use meshdoctor::report::to_json;
use meshdoctor::rules::RuleSet;
use meshdoctor::rules::engine::Selection;
use meshdoctor::rules::fixture::{self, Fixture};
use meshdoctor::snapshot::read;
use meshdoctor::snapshot::write::{self, Key, Level, Redaction};
use meshdoctor::snapshot::{Blob, World};
use proptest::prelude::*;
use proptest::test_runner::{TestRng, TestRunner};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

#[test]
fn every_incident_is_diagnosed_live_as_from_its_folder() {
    let mut seen = 0;
    let mut wrong = Vec::new();
    for entry in fs::read_dir(repository().join("fixtures/incidents")).unwrap() {
        let world = entry.unwrap().path();
        if !world.is_dir() {
            continue;
        }
        seen += 1;
        let sandbox = Sandbox::new();
        let folder = sandbox.run(["check", world.to_str().unwrap(), "-o", "json"]);
        let live = Replayed::new(&sandbox, &world, None).check(&sandbox, &["-o", "json"]);
        if gist(&folder.json()) != gist(&live.json()) {
            wrong.push(format!(
                "{}: {:?} {:?}",
                world.display(),
                gist(&folder.json()),
                gist(&live.json())
            ));
        }
    }
    assert!(
        seen > 20 && wrong.is_empty(),
        "{seen} worlds; {}",
        wrong.join("\n")
    );
}

#[test]
fn a_source_that_fails_is_named_and_spoils_neither_the_verdict_nor_the_others() {
    let faults = [
        ("{ status: { code: 403 } }", "403"),
        ("{ status: { code: 503 } }", "503"),
        ("html", "HTML"),
        ("truncate", "breaks off"),
        ("reset", "connection broke"),
        ("token_loop", "circle"),
        ("hang", "deadline"),
    ];
    for (action, says) in faults {
        let sandbox = Sandbox::new();
        let yaml = format!("- match: {{ path: \"/dns/*\" }}\n  action: {action}\n");
        let replayed = Replayed::new(&sandbox, &base(), Some(&yaml));
        let began = Instant::now();
        let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "6s"]);
        assert!(began.elapsed() < Duration::from_secs(20), "{action}");
        let report = run.json();
        assert_eq!(report["verdict"], "INCONCLUSIVE", "{action}: {}", run.said());
        let dns = collector(&report, "dns");
        assert!(
            dns["status"] == "FAILED" && dns["error"].as_str().unwrap().contains(says),
            "{action}: {dns}"
        );
        for other in ["cloud-run", "iam", "compute", "kubernetes", "csds", "logging"] {
            assert_eq!(collector(&report, other)["status"], "OK", "{action}: {other}");
        }
    }
}

#[test]
fn a_token_that_is_refused_is_told_and_never_shown() {
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), None);
    let fine = replayed.check(&sandbox, &["--verbose"]);
    assert!(fine.ended(0).stderr.contains("dns: OK"), "{}", fine.said());
    assert!(!fine.said().contains(&replayed.token()));

    let file = sandbox.write("token", "ya29.hush-hush");
    let run = replayed.check(
        &sandbox,
        &[
            "-o",
            "json",
            "--verbose",
            "--access-token-file",
            file.to_str().unwrap(),
        ],
    );
    let report = run.ended(3).json();
    assert!(
        collector(&report, "dns")["error"]
            .as_str()
            .unwrap()
            .contains("401"),
        "{}",
        run.said()
    );
    assert!(!run.said().contains("hush"), "{}", run.said());
}

/// What a bundle says failed, replay answers with, and the collectors meet again.
#[test]
fn what_a_bundle_says_failed_is_found_live_as_from_its_folder() {
    let worlds = [
        ("MD901", "fires"),
        ("MD901", "fires-old-bundle"),
        ("MD901", "fires-cluster"),
        ("MD901", "fires-above"),
        ("MD901", "near-miss"),
        ("MD902", "fires"),
        ("MD902", "near-miss"),
        ("MD903", "fires"),
        ("MD907", "fires"),
    ];
    for (code, name) in worlds {
        let sandbox = Sandbox::new();
        let world = fixture_world(&sandbox, code, name);
        let folder = sandbox.run(["check", world.to_str().unwrap(), "-o", "json"]);
        let live = Replayed::new(&sandbox, &world, None).check(&sandbox, &["-o", "json"]);
        assert_eq!(gist(&folder.json()), gist(&live.json()), "{code}/{name}");
        assert_ne!(folder.json()["verdict"], "HEALTHY", "{code}/{name}");
    }
}

/// The finding of a code about a collector.
#[track_caller]
fn finding<'r>(report: &'r Value, code: &str, source: &str) -> &'r Value {
    let mut all = report["findings"].as_array().unwrap().iter();
    let found = all.find(|f| f["code"] == code && f["evidence"][0]["source"] == source);
    found.unwrap_or_else(|| panic!("no {code} of {source} in {report:#}"))
}

#[test]
fn a_call_that_fails_is_advice_with_the_command_that_mends_it_and_breaks_nothing() {
    let disabled = r#"{ status: { code: 403, body: '{"error":{"code":403,"message":"off","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","metadata":{"service":"gkehub.googleapis.com","consumer":"projects/525300120045"}}]}}' } }"#;
    let faults = format!(
        "- match: {{ path: \"/dns/*\" }}\n  action: {{ status: {{ code: 403 }} }}\n\
         - match: {{ path: \"/v1/projects/*/locations/-/memberships\" }}\n  action: {disabled}\n\
         - match: {{ path: \"/v1/projects/*/locations/-/clusters\" }}\n  action: html\n\
         - match: {{ path: \"/compute/v1/projects/*/global/firewalls\" }}\n  action: hang\n\
         - match: {{ path: \"/v3/folders/*\" }}\n  action: {{ status: {{ code: 403 }} }}\n"
    );
    let sandbox = Sandbox::new();
    let replayed = Replayed::new(&sandbox, &base(), Some(&faults));
    let run = replayed.check(&sandbox, &["-o", "json", "--timeout", "8s"]);
    let report = run.ended(3).json();
    for (code, source, severity, says, command) in [
        (
            "MD901",
            "dns",
            "WARNING",
            "list the DNS zones of mesh-prod needs dns.managedZones.list on project mesh-prod",
            "gcloud projects add-iam-policy-binding mesh-prod --member=user:YOU@EXAMPLE.COM --role=roles/dns.reader --condition=None",
        ),
        (
            "MD901",
            "iam",
            "INFO",
            "resourcemanager.folders.getIamPolicy on folder 4711",
            "gcloud resource-manager folders add-iam-policy-binding 4711 --member=user:YOU@EXAMPLE.COM --role=roles/iam.securityReviewer --condition=None",
        ),
        (
            "MD902",
            "fleet",
            "WARNING",
            "gkehub.googleapis.com, which is not enabled in project mesh-prod",
            "gcloud services enable gkehub.googleapis.com --project=mesh-prod",
        ),
        ("MD907", "clusters", "WARNING", "the answer is HTML", ""),
        (
            "MD903",
            "compute",
            "WARNING",
            "list the firewalls of mesh-prod",
            "meshdoctor check --timeout=5m",
        ),
    ] {
        let found = finding(&report, code, source);
        assert!(found["summary"].as_str().unwrap().contains(says), "{found:#}");
        assert_eq!(
            (&found["severity"], &found["role"]),
            (&severity.into(), &"ADVICE".into()),
            "{found:#}"
        );
        let commands = &found["fixes"][0]["commands"];
        assert_eq!(commands[0].as_str().unwrap_or_default(), command, "{found:#}");
    }
    // A folder's policy is detail: it alone would not have made IAM incomplete.
    assert_eq!(collector(&report, "iam")["status"], "OK");
    assert_eq!(report["verdict"], "INCONCLUSIVE");

    let table = replayed.check(&sandbox, &["--timeout", "8s"]).stdout;
    assert_eq!(table.matches("dns.managedZones.list").count(), 1, "{table}");
    assert!(table.contains("--role=roles/dns.reader"), "{table}");
}

#[test]
fn preflight_says_what_is_missing_where_and_which_command_grants_it() {
    let preflight = |world: &Path| {
        let sandbox = Sandbox::new();
        Replayed::new(&sandbox, world, None).check(&sandbox, &["--preflight"])
    };
    let fine = preflight(&base());
    let rows = |run: &Run, word: &str| {
        run.stdout
            .lines()
            .filter(|line| line.trim_start().starts_with(word))
            .count()
    };
    assert_eq!(
        (rows(fine.ended(0), "NO "), rows(&fine, "not known")),
        (0, 0),
        "{}",
        fine.said()
    );
    for place in [
        "projects/mesh-prod\n",
        "folders/4711\n",
        "organizations/99887766\n",
        "cluster prod\n",
    ] {
        assert!(fine.stdout.contains(place), "{}", fine.said());
    }
    assert!(rows(&fine, "yes ") > 20, "{}", fine.said());

    let missing: [(&str, &str, i32, &[&str]); 3] = [
        (
            "fires",
            "NO ",
            3,
            &[
                "resourcemanager.projects.getIamPolicy",
                "gcloud projects add-iam-policy-binding mesh-prod --member=user:YOU@EXAMPLE.COM --role=roles/browser --condition=None",
            ],
        ),
        (
            "fires-cluster",
            "NO ",
            3,
            &[
                "list pods",
                "list services",
                "list the other kinds",
                "permissions --output=kubectl",
            ],
        ),
        (
            "fires-above",
            "no, optional",
            3,
            &[
                "gcloud organizations add-iam-policy-binding 99887766 --member=user:YOU@EXAMPLE.COM --role=roles/iam.denyReviewer",
                "gcloud resource-manager folders add-iam-policy-binding 4711",
            ],
        ),
    ];
    for (name, word, status, says) in missing {
        let run = preflight(&fixture_world(&Sandbox::new(), "MD901", name));
        assert!(rows(run.ended(status), word) > 0, "{}", run.said());
        for text in says {
            assert!(run.stdout.contains(text), "no {text:?}: {}", run.said());
        }
    }
}

#[test]
fn permissions_are_printed_for_each_place_that_can_grant_them() {
    let sandbox = Sandbox::new();
    let role = sandbox.run([
        "permissions",
        "--project",
        "p,q",
        "--organization",
        "42",
        "--member",
        "group:ops@example.com",
    ]);
    let (projects, organization) = role.ended(0).stdout.split_once("# On the organization").unwrap();
    for text in [
        "run.services.list,",
        "trafficdirector.networks.getConfigs\n",
        "--project=p ",
        "--project=q ",
        "--role=projects/q/roles/meshdoctor",
    ] {
        assert!(projects.contains(text), "no {text:?}: {}", role.said());
    }
    // A project's custom role that names one of these is refused as a whole.
    for text in [
        "iam.denypolicies",
        "folders.getIamPolicy",
        "organizations.getIamPolicy",
    ] {
        assert!(!projects.contains(text), "{text:?}: {}", role.said());
    }
    for text in [
        "organizations add-iam-policy-binding 42",
        "roles/iam.denyReviewer",
        "--organization=42 ",
        "folders.getIamPolicy",
    ] {
        assert!(organization.contains(text), "no {text:?}: {}", role.said());
    }
    let terraform = sandbox.run(["permissions", "-o", "terraform", "--project", "p"]);
    for text in [
        "\"run.services.list\"",
        "google_organization_iam_member",
        "roles/iam.denyReviewer",
    ] {
        assert!(terraform.ended(0).stdout.contains(text), "{}", terraform.said());
    }
    let cluster = sandbox.run(["permissions", "-o", "kubectl"]);
    assert!(cluster.stdout.contains("kind: ClusterRole"), "{}", cluster.said());
    for kind in meshdoctor::collect::kubernetes::KINDS {
        assert!(
            cluster.stdout.contains(kind.plural),
            "{}: {}",
            kind.plural,
            cluster.said()
        );
    }
    sandbox.run(["permissions", "--project", "p; rm -rf ~"]).ended(2);
}

#[test]
fn wrong_settings_are_2_with_a_remedy() {
    let sandbox = Sandbox::new();
    let file = sandbox.write("m.toml", "projetc = \"p\"\n");
    let file = file.to_str().unwrap();
    let wrong: [(&[&str], &str); 4] = [
        (&["check", "--config", file], "did you mean \"project\""),
        (
            &["check", "--project", "p", "--endpoint", "dnss=http://127.0.0.1:1"],
            "unknown endpoint dnss",
        ),
        (&["check", "--project", "p", "--timeout", "soon"], "--timeout"),
        (&["check", "--config", "/nowhere.toml"], "/nowhere.toml"),
    ];
    for (arguments, says) in wrong {
        let run = sandbox.run(arguments);
        assert!(run.ended(2).stderr.contains(says), "{}", run.said());
    }
}

/// The fixtures of all rules: each is a change to the healthy world. Those of MD906 are evidence that does not belong together,
/// which no wire brings.
fn fixtures() -> &'static Vec<(String, Fixture)> {
    static FIXTURES: OnceLock<Vec<(String, Fixture)>> = OnceLock::new();
    FIXTURES.get_or_init(|| {
        let found = files(&repository().join("fixtures/rules"));
        let read = |(path, yaml): (String, Vec<u8>)| {
            let fixture = serde_saphyr::from_str(&String::from_utf8(yaml).unwrap());
            (path, fixture.unwrap())
        };
        let whole = found.into_iter().filter(|(path, _)| !path.starts_with("MD906/"));
        whole.map(read).collect()
    })
}

/// A collector that failed, in the API's words, and the part of the world that is missing for it.
#[derive(Debug, Clone, Copy)]
struct Failed {
    collector: &'static str,
    status: &'static str,
    error: &'static str,
    permission: &'static str,
    without: &'static str,
}

const fn failed(
    collector: &'static str,
    status: &'static str,
    error: &'static str,
    permission: &'static str,
    without: &'static str,
) -> Failed {
    Failed {
        collector,
        status,
        error,
        permission,
        without,
    }
}

const FAILURES: [Failed; 12] = [
    failed(
        "logging",
        "FAILED",
        "read the logs of mesh-prod: 403 PERMISSION_DENIED: Permission 'logging.logEntries.list' denied",
        "logging.logEntries.list",
        "logging",
    ),
    failed(
        "service-usage",
        "FAILED",
        "list the enabled APIs of mesh-prod: 503 UNAVAILABLE: try again later",
        "",
        "service-usage",
    ),
    failed(
        "dns",
        "FAILED",
        "list the DNS zones of mesh-prod: 403 forbidden: Forbidden",
        "dns.managedZones.list",
        "dns",
    ),
    failed(
        "compute",
        "FAILED",
        "list the networks of mesh-prod: 404 notFound: The resource was not found",
        "",
        "compute",
    ),
    failed(
        "fleet",
        "FAILED",
        "list the fleet features of mesh-prod: 403 PERMISSION_DENIED: no",
        "gkehub.features.list",
        "fleet",
    ),
    failed(
        "clusters",
        "FAILED",
        "list the GKE clusters of mesh-prod: 401 UNAUTHENTICATED: no",
        "",
        "clusters",
    ),
    failed(
        "csds",
        "FAILED",
        "ask Traffic Director for the clients of mesh test-mesh in mesh-prod: 7 PERMISSION_DENIED: Permission 'trafficdirector.networks.getConfigs' denied",
        "trafficdirector.networks.getConfigs",
        "csds",
    ),
    failed(
        "kubernetes",
        "FAILED",
        "connect to cluster prod: no answer within the deadline",
        "",
        "kubernetes",
    ),
    failed(
        "kubernetes",
        "PARTIAL",
        "list pods of cluster prod: 403 Forbidden: pods is forbidden",
        "list pods",
        "kubernetes/prod/pods.json",
    ),
    failed(
        "kubernetes",
        "PARTIAL",
        "list destinationrules.networking.istio.io of cluster prod: the answer is JSON that breaks off or is malformed",
        "",
        "kubernetes/prod/destinationrules.networking.istio.io.json",
    ),
    failed(
        "iam",
        "PARTIAL",
        "get the IAM policy of projects/mesh-prod: 403 PERMISSION_DENIED: Permission 'resourcemanager.projects.getIamPolicy' denied",
        "resourcemanager.projects.getIamPolicy",
        "iam/projects/mesh-prod/policy.json",
    ),
    failed(
        "dns",
        "PARTIAL",
        "list the records of DNS zone mesh-private in mesh-prod: 403 forbidden: Forbidden",
        "dns.resourceRecordSets.list",
        "dns/mesh-prod/zones/mesh-private/rrsets.json",
    ),
];

/// What a world is made of: indices of fixtures and failures, and how many items a page may have.
#[derive(Debug, Clone)]
struct Recipe {
    fixtures: Vec<usize>,
    failures: Vec<usize>,
    page_size: u32,
}

impl Recipe {
    fn any() -> impl Strategy<Value = Self> {
        let fixtures = prop::collection::vec(0..fixtures().len(), 0..5);
        let failures = prop::collection::vec(0..FAILURES.len(), 0..3);
        (fixtures, failures, 1..6_u32).prop_map(|(fixtures, failures, page_size)| Self {
            fixtures,
            failures,
            page_size,
        })
    }

    /// The names of the fixtures, for messages.
    fn names(&self) -> Vec<&str> {
        self.fixtures
            .iter()
            .map(|index| fixtures()[*index].0.as_str())
            .collect()
    }

    /// The world. A change that does not go with those before it is left out.
    fn world(&self) -> World {
        let folder = repository().join("fixtures");
        let mut whole: Fixture =
            serde_json::from_value(json!({"about": "made by chance", "base": "base"})).unwrap();
        let mut world = fixture::build(&folder, &whole).unwrap();
        for index in &self.fixtures {
            let one = fixtures()[*index].1.clone();
            let mut more = whole.clone();
            more.patch.extend(one.patch);
            more.remove
                .extend(one.remove.into_iter().filter(|path| !whole.remove.contains(path)));
            more.write.extend(one.write);
            more.logs.extend(one.logs);
            if let Ok(built) = fixture::build(&folder, &more) {
                (whole, world) = (more, built);
            }
        }
        let mut manifest: Value =
            serde_json::from_slice(&world.files["bundle.json"].bytes().unwrap()).unwrap();
        // A project is asked live where the scope has it, or a service names it: MD102's has a grant that stands astray.
        if world
            .files
            .keys()
            .any(|path| path.starts_with("iam/projects/apps-prod/"))
        {
            manifest["scope"]["serviceProjects"] = json!(["mesh-prod", "apps-prod"]);
        }
        own_up(&world, &mut manifest);
        for failure in self.failures.iter().map(|index| FAILURES[*index]) {
            let collectors = manifest["collectors"].as_array_mut().unwrap();
            let own = collectors
                .iter_mut()
                .find(|own| own["name"] == failure.collector)
                .unwrap();
            // One failure a collector: what another would take is there still.
            if own["status"] != "OK" {
                continue;
            }
            *own = json!({"name": failure.collector, "status": failure.status, "error": failure.error, "permissionNeeded": failure.permission});
            let below = format!("{}/", failure.without);
            world
                .files
                .retain(|path, _| path != failure.without && !path.starts_with(&below));
        }
        let bytes = manifest.to_string().into_bytes();
        world
            .files
            .insert("bundle.json".into(), Blob::memory("bundle.json", bytes));
        world
    }
}

/// Fixtures leave files out and change no manifest. Live everything is asked for, and what is not there is told: so does
/// the manifest then.
fn own_up(world: &World, manifest: &mut Value) {
    let is_there = |below: &str| world.files.keys().any(|path| path.starts_with(below));
    let clusters: BTreeSet<&str> = world
        .files
        .keys()
        .filter_map(|path| path.strip_prefix("kubernetes/")?.split('/').next())
        .collect();
    let mut absent: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (path, _) in files(&base()) {
        let source = path.split('/').next().unwrap();
        let mut asked = vec![path.clone()];
        match source {
            "kubernetes" => asked.extend(
                clusters
                    .iter()
                    .map(|name| path.replace("/prod/", &format!("/{name}/"))),
            ),
            "cloud-run" | "iam" | "logging" | "service-usage"
                if manifest["scope"]["serviceProjects"][1] == "apps-prod" =>
            {
                asked.push(path.replace("/mesh-prod/", "/apps-prod/"));
            }
            _ => {}
        }
        for path in asked.iter().filter(|path| !world.files.contains_key(*path)) {
            let parts: Vec<&str> = path.trim_end_matches(".json").split('/').collect();
            let failure = match parts.as_slice() {
                ["kubernetes", cluster, kind] => json!({
                    "call": format!("list {kind} of cluster {cluster}"), "error": format!("403 Forbidden: {kind} is forbidden"),
                    "kind": "PERMISSION_MISSING", "permission": format!("list {kind}"), "resource": format!("cluster {cluster}"),
                }),
                _ => {
                    json!({"call": format!("get {path}"), "error": "404 NOT_FOUND: it is not there", "kind": "OTHER"})
                }
            };
            absent.entry(source.to_owned()).or_default().push(failure);
        }
    }
    for collector in manifest["collectors"].as_array_mut().unwrap() {
        let name = collector["name"].as_str().unwrap().to_owned();
        let silent = collector["status"] != "FAILED" && collector["status"] != "PARTIAL";
        if let Some(failures) = absent.get(&name).filter(|_| silent) {
            let status = if is_there(&format!("{name}/")) {
                "PARTIAL"
            } else {
                "FAILED"
            };
            let error = failures[0]["error"].clone();
            *collector = json!({"name": name, "status": status, "error": error, "failures": failures});
        }
    }
}

/// Verdict and findings of a path, in this process.
fn told(path: &Path) -> Gist {
    static RULES: OnceLock<RuleSet> = OnceLock::new();
    let rules = RULES.get_or_init(|| RuleSet::built_in().unwrap_or_else(|errors| panic!("{errors:?}")));
    let snapshot = read::read(&[path.to_owned()], &read::Options::default()).unwrap();
    let report = diagnose(&snapshot, rules, &Selection::default()).unwrap();
    gist(&serde_json::from_str(&to_json(&report).unwrap()).unwrap())
}

/// What differs between a world's folder, its bundle, and itself over the wire.
fn differences(recipe: &Recipe) -> Option<String> {
    let sandbox = Sandbox::new();
    for (path, blob) in &recipe.world().files {
        sandbox.write(&format!("w/{path}"), blob.bytes().unwrap());
    }
    let (folder, bundle) = (sandbox.path("w"), sandbox.path("b.tar.zst"));
    let redaction = Redaction {
        level: Level::Default,
        patterns: Vec::new(),
        key: Key::from_text("law"),
    };
    let snapshot = read::read(std::slice::from_ref(&folder), &read::Options::default()).unwrap();
    write::bundle(&snapshot, &redaction, &bundle).unwrap();
    let size = recipe.page_size.to_string();
    let replayed = Replayed::with(&sandbox, &folder, None, &["--page-size", &size]);
    let live = replayed.check(&sandbox, &["-o", "json"]);
    let (of_folder, of_bundle, of_live) = (told(&folder), told(&bundle), gist(&live.json()));
    if of_folder == of_bundle && of_folder == of_live {
        return None;
    }
    let collectors = &live.json()["collectors"];
    Some(format!(
        "{:?} {:?}\nfolder {of_folder:?}\nbundle {of_bundle:?}\nlive   {of_live:?}\n{collectors}",
        recipe.names(),
        recipe.failures
    ))
}

/// The law, on worlds made by chance: a few of them, the same each time; with `PROPTEST_CASES` as many others.
#[test]
fn a_world_made_by_chance_is_the_same_from_its_folder_its_bundle_and_the_wire() {
    let cases = std::env::var("PROPTEST_CASES")
        .ok()
        .map(|cases| cases.parse().unwrap());
    let config = ProptestConfig {
        cases: cases.unwrap_or(12),
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let mut runner = match cases {
        Some(_) => TestRunner::new(config),
        None => {
            let chance = TestRng::deterministic_rng(config.rng_algorithm);
            TestRunner::new_with_rng(config, chance)
        }
    };
    let outcome = runner.run(&Recipe::any(), |recipe| match differences(&recipe) {
        None => Ok(()),
        Some(difference) => Err(TestCaseError::fail(difference)),
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}
