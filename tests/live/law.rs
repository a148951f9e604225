//! The law: a world made by chance is diagnosed the same from its folder, from its bundle, and over the wire.
use crate::common::replayed::{Gist, Replayed, gist};
use crate::common::{Sandbox, base, files, repository};
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
use std::path::Path;
use std::sync::OnceLock;

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

/// A collector that failed, in the API's words, and the part of the world that is missing for it: none where the failure
/// came behind all that is there.
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

const FAILURES: [Failed; 13] = [
    failed(
        "logging",
        "FAILED",
        "read the logs of mesh-prod: 403 PERMISSION_DENIED: Permission 'logging.logEntries.list' denied",
        "logging.logEntries.list",
        "logging",
    ),
    failed(
        "logging",
        "PARTIAL",
        "read the logs of mesh-prod: more than 100000 entries: older ones were left out",
        "",
        "",
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
        cases: cases.unwrap_or(8),
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
