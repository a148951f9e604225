//! Host names by other names, label by label: what lies in one domain lies in one domain still.
use super::Key;
use super::{ESCAPE, replace_all};
use crate::snapshot::Snapshot;
use crate::snapshot::write::redact::keep::Kept;
use regex::Regex;

pub struct Hosts {
    key: Key,
    kept: Kept,
    /// A word with dots in it.
    word: Regex,
    /// A host behind `://`.
    url: Regex,
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
    pub fn of(snapshot: &Snapshot, key: &Key) -> Result<Self, regex::Error> {
        Ok(Self {
            key: key.clone(),
            kept: Kept::of(snapshot),
            word: Regex::new(&format!(r"{ESCAPE}[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+"))?,
            url: Regex::new(r"://[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)+")?,
        })
    }

    pub fn rename(&self, text: &str, count: &mut dyn FnMut(&str)) -> Option<String> {
        if !text.contains('.') {
            return None;
        }
        let urls = replace_all(&self.url, text, &mut |found| {
            let host = found.strip_prefix("://")?;
            let known = is_public(host) || is_address(host) || host.ends_with(CLUSTER);
            let hidden = !known && !self.is_host(host);
            hidden.then(|| {
                count("host");
                format!("://{}", self.other(host))
            })
        });
        let words = replace_all(&self.word, urls.as_deref().unwrap_or(text), &mut |word| {
            self.is_host(word).then(|| {
                count("host");
                self.other(word)
            })
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
        let end = host.rsplit('.').next().unwrap_or_default();
        !host.ends_with(CLUSTER) && (self.kept.hosts.contains(&host) || ENDS.contains(&end))
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

fn is_public(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    PUBLIC
        .iter()
        .any(|domain| host == *domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')))
}

fn is_address(host: &str) -> bool {
    host.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}
