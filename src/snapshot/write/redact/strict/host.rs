//! Host names by other names, label by label: what lies in one domain lies in one domain still.
use super::Key;
use super::memo::Memo;
use super::scan;
use crate::snapshot::Snapshot;
use crate::snapshot::write::redact::keep::Kept;

pub struct Hosts {
    key: Key,
    kept: Kept,
    /// Last labels without which a word is no host.
    ends: Vec<String>,
}

/// What words and hosts of URLs became lately; nothing, where they stay.
#[derive(Default)]
pub struct Lately {
    words: Memo<String, Option<String>>,
    urls: Memo<String, Option<String>>,
}

/// Domains whose names are the same for everybody, or that only have a meaning within a cluster.
const PUBLIC: [&str; 21] = [
    "googleapis.com",
    "google.com",
    "gserviceaccount.com",
    "run.app",
    "gcr.io",
    "pkg.dev",
    "cloud.goog",
    "goog",
    "google.internal",
    "cluster.local",
    "istio.io",
    "k8s.io",
    "kubernetes.io",
    "knative.dev",
    "envoyproxy.io",
    "grpc.io",
    "github.com",
    "docker.io",
    "gke.io",
    "in-addr.arpa",
    "goo.gle",
];

/// The last label of a Service's short name; a company may have a zone of that name all the same.
const CLUSTER: &str = ".svc";

/// Last labels that only hosts have; names in code and of files end otherwise.
const ENDS: [&str; 14] = [
    "com", "net", "org", "internal", "private", "corp", "lan", "intranet", "home", "test", "example",
    "invalid", "mesh", "biz",
];

impl Hosts {
    pub fn of(snapshot: &Snapshot, key: &Key) -> Self {
        let kept = Kept::of(snapshot);
        let known = kept.hosts.iter().chain(&kept.suffixes).map(|host| last(host));
        let mut ends: Vec<String> = known.chain(ENDS).map(str::to_owned).collect();
        ends.sort();
        ends.dedup();
        Self {
            key: key.clone(),
            kept,
            ends,
        }
    }

    /// Whether what ends so may be a host, without looking at the rest.
    pub fn may_end(&self, label: &str) -> bool {
        self.ends.iter().any(|end| end.eq_ignore_ascii_case(label))
    }

    pub fn rename(
        &self,
        text: &str,
        lately: &mut Lately,
        count: &mut dyn FnMut(&'static str),
    ) -> Option<String> {
        let mut counted = |new: Option<String>| {
            new.is_some().then(|| count("host"));
            new
        };
        let urls = scan::replace(scan::url_hosts(text), text, &mut |host| {
            let new = lately.urls.of(host, || {
                let known = is_public(host) || is_address(host) || host.ends_with(CLUSTER);
                (!known && !self.is_host(host)).then(|| self.other(host))
            });
            counted(new)
        });
        let text = urls.as_deref().unwrap_or(text);
        let words = scan::replace(scan::dotted(text), text, &mut |word| {
            if !self.may_end(last(word)) {
                return None;
            }
            let new = lately
                .words
                .of(word, || self.is_host(word).then(|| self.other(word)));
            counted(new)
        });
        words.or(urls)
    }

    fn is_host(&self, word: &str) -> bool {
        let host = word.to_ascii_lowercase();
        if is_public(&host) || is_address(&host) {
            return false;
        }
        if self.kept.suffixes.contains(&host) || self.kept.is_within(&host) {
            return true;
        }
        !host.ends_with(CLUSTER) && (self.kept.hosts.contains(&host) || ENDS.contains(&last(&host)))
    }

    fn other(&self, host: &str) -> String {
        let label = |label: &str| {
            let hash = self.key.hash("host", label.to_ascii_lowercase().as_bytes());
            format!("h{:08x}", hash >> 32)
        };
        let labels: Vec<String> = host.split('.').map(label).collect();
        labels.join(".")
    }
}

fn last(host: &str) -> &str {
    host.rsplit('.').next().unwrap_or_default()
}

fn is_public(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PUBLIC
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_address(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}
