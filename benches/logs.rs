//! How fast logs are scanned: 256 MiB of Cloud Logging entries in a file, one line in a hundred matching, forty signatures.
#![allow(clippy::unwrap_used)]
mod entries;

use divan::counter::BytesCount;
use entries::write;
use meshdoctor::logs::{self, AccessMatch, Matcher, Signature};
use meshdoctor::snapshot::{Blob, Content, Encoding, ProjectId};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
use tempfile::TempPath;

const SIZE: usize = 256 << 20;

const MESSAGES: &[&str] = &[
    r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 7, Permission '(?P<permission>[^']+)' denied on resource '\S+projects/(?P<number>\d+)/networks/mesh:(?P<mesh>[^/]+)/nodes/(?P<node>[^']+)'",
    r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 7, Traffic Director API has not been used in project (?P<number>\d+)",
    r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 3, Requested mesh '(?P<mesh>[^']+)' does not exist",
    r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 5, Requested entity was not found",
    r"gRPC config stream to \S+ closed(?: since \d+s ago)?: 16, Request had invalid authentication credentials",
    r"gRPC config stream to \S+ closed since \d+s ago: 4, Deadline Exceeded",
    r"gRPC config stream to \S+ closed since \d+s ago: 8, Quota exceeded for quota metric '(?P<metric>[^']+)'",
    r"closed since \d+s ago: 14, no healthy upstream\{no_healthy_upstream\}",
    r"closed since \d+s ago: 14, .*delayed_connect_error:_(?P<reason>\w+)",
    r"closed since \d+s ago: 14, .*WRONG_VERSION_NUMBER",
    r"closed since \d+s ago: 14, .*CERTIFICATE_VERIFY_FAILED:.*self_signed_certificate",
    r"closed since \d+s ago: 14, .*SAN_matcher,_certificate_SANs_are_\[(?P<san>[^\]]+)\]",
    r"gRPC config: initial fetch timed out for type\.googleapis\.com/(?P<type>[\w.]+)",
    r"cds: cluster '(?P<name>[^']+)' config rejected: (?P<reason>.*)",
    r"lds: listener '(?P<name>[^']+)' config rejected: (?P<reason>.*)",
    r"gRPC config for type\.googleapis\.com/(?P<type>\S+) rejected: (?P<reason>.*)",
    r"listener '(?P<name>[^']+)' failed to bind or apply socket options",
    r"cannot bind '(?P<address>[^']+)': Address already in use",
    r"Unknown gRPC client cluster '(?P<name>[^']+)'",
    r"ads: node 'id' and 'cluster' are required",
    r"no such field: '(?P<field>[^']+)'",
    r"has duplicate address '(?P<address>[^']+)' as existing listener",
    r"route: unknown cluster '(?P<cluster>[^']+)'",
    r"Only unique values for domains are permitted\. Duplicate entry of domain (?P<domain>\S+)",
    r"dial tcp: lookup (?P<host>\S+) on \S+: no such host",
    r"getaddrinfo (?:ENOTFOUND|EAI_AGAIN) (?P<host>\S+)",
    r"Could not resolve host: (?P<host>\S+)",
    r"Memory limit of \d+ MiB exceeded with \d+ MiB used",
];

/// Flags, details, failure, status.
const ACCESSES: &[(&str, &str, &str, u16)] = &[
    ("NR", "", "", 0),
    ("UH", "", "", 0),
    ("UF", "", "", 503),
    ("URX", "", "", 0),
    ("", r"rbac_access_denied_matched_policy\[(?P<policy>.*)\]", "", 0),
    ("", r"jwt_authn_access_denied\{(?P<reason>[^}]+)\}", "", 0),
    ("", "cluster_not_found", "", 0),
    ("", "max_duration_timeout", "", 504),
    ("", "upstream_per_try_timeout", "", 0),
    ("", "local_rate_limited", "", 429),
    ("", "", "SSLV3_ALERT_HANDSHAKE_FAILURE", 0),
    ("", "missing_host_header", "", 400),
];

fn signatures() -> Vec<Signature> {
    let regex = |pattern: &str| (!pattern.is_empty()).then(|| Regex::new(pattern).unwrap());
    let messages = MESSAGES.iter().map(|pattern| Matcher::Message {
        pattern: Regex::new(pattern).unwrap(),
        log: None,
    });
    let accesses = ACCESSES.iter().map(|(flag, details, failure, status)| {
        Matcher::Access(AccessMatch {
            flags: Some(*flag)
                .filter(|flag| !flag.is_empty())
                .map(str::to_owned)
                .into_iter()
                .collect(),
            details: regex(details),
            failure: regex(failure),
            status: Some(*status).filter(|status| *status > 0).into_iter().collect(),
        })
    });
    let all = messages.chain(accesses).enumerate();
    all.map(|(n, matcher)| Signature {
        code: format!("MD{n:03}"),
        matcher,
        by: vec!["name".into(), "host".into(), "mesh".into()],
    })
    .collect()
}

const BROKEN: &[&str] = &[
    r#""textPayload":"[2026-11-24 03:42:28.143][13055][warning][config] [./source/extensions/config_subscription/grpc/grpc_stream.h:189] StreamAggregatedResources gRPC config stream to trafficdirector.googleapis.com:443 closed: 7, Permission%20'trafficdirector.networks.getConfigs'%20denied%20on%20resource%20'//trafficdirector.googleapis.com/projects/525300120045/networks/mesh:test-mesh/nodes/abc'%20(or%20it%20may%20not%20exist).{via_upstream}""#,
    r#""textPayload":"[2026-11-24T03:43:15.147Z] \"GET /refused HTTP/1.1\" 503 UF upstream_reset_before_response_started{remote_connection_failure|delayed_connect_error:_Connection_refused} - \"delayed_connect_error:_Connection_refused\" 0 98 0 - \"-\" \"curl/7.88.1\" \"$H\" \"mesh.test\" \"127.0.0.1:23003\" outbound|8080||refused.default.svc.cluster.local - 127.0.0.1:23005 127.0.0.1:58492 - refused""#,
    r#""textPayload":"[2026-11-24 03:46:56.648][18450][warning][upstream] [source/common/upstream/cds_api_helper.cc:51] cds: cluster 'dup' config rejected: dup: duplicate cluster dup found""#,
    r#""textPayload":"dial tcp: lookup orders.mesh.private on 169.254.169.254:53: no such host""#,
];

const REJECTED: &[&str] = &[
    r#""textPayload":"[2026-11-24 03:46:56.648][18450][warning][config] [source/grpc_subscription_impl.cc:138] gRPC config for type.googleapis.com/envoy.config.route.v3.RouteConfiguration rejected: goo.gle/debugonly  ""#,
];

/// The file, made once.
static FILE: LazyLock<TempPath> = LazyLock::new(|| write(SIZE, BROKEN));

/// The same, smaller, with rejections that go over several lines: after each, every line must be decoded.
static REJECTIONS: LazyLock<TempPath> = LazyLock::new(|| write(SIZE / 8, REJECTED));

fn scan(bencher: divan::Bencher, file: &TempPath, services: &[&str]) {
    let blob = Blob {
        origin: "entries.ndjson".into(),
        content: Content::File(file.to_path_buf()),
        encoding: Encoding::Plain,
    };
    let logs = BTreeMap::from([(ProjectId::from("shop-prod"), vec![blob])]);
    let services: BTreeSet<String> = services.iter().map(|name| (*name).to_owned()).collect();
    let signatures = signatures();
    let evidence = logs::scan(&logs, &signatures, &services).unwrap();
    let hits: u64 = evidence.groups.iter().map(|group| group.count).sum();
    assert!(
        hits * 100 > evidence.lines / 4,
        "the file must match: {hits} of {}",
        evidence.lines
    );
    bencher
        .counter(BytesCount::new(evidence.bytes))
        .bench(|| logs::scan(&logs, &signatures, &services).unwrap());
}

/// Services that all occur.
#[divan::bench(sample_count = 10)]
fn forty_signatures(bencher: divan::Bencher) {
    scan(bencher, &FILE, &["web", "checkout"]);
}

/// A service that logged nothing is looked for to the end.
#[divan::bench(sample_count = 10)]
fn forty_signatures_and_a_silent_service(bencher: divan::Bencher) {
    scan(bencher, &FILE, &["web", "nobody"]);
}

#[divan::bench(sample_count = 10)]
fn rejections_over_several_lines(bencher: divan::Bencher) {
    scan(bencher, &REJECTIONS, &["web", "checkout"]);
}

fn main() {
    divan::main();
}
