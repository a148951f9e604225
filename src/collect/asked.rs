//! Which sources are asked: all, or those that somebody needs.
use std::collections::BTreeSet;

/// What must be asked first: it tells where there is something to ask.
const BEFORE: [(&str, &str); 4] = [
    ("kubernetes", "fleet/memberships"),
    ("csds", "cloud-run"),
    ("compute/effective-firewalls", "compute/networks"),
    ("compute/health", "compute/backend-services"),
];

/// What an outcome says of a collector that nobody needs.
pub const NOT_NEEDED: &str = "not needed by the selected rules";

/// Sources by name: a collector's (`dns`), or one listing of it (`compute/firewalls`, `kubernetes/pods`).
#[derive(Debug, Clone, Default)]
pub struct Asked(Option<BTreeSet<String>>);

impl Asked {
    pub fn everything() -> Self {
        Self(None)
    }

    /// Nothing but these, and what must be asked before them.
    pub fn only(sources: impl IntoIterator<Item = String>) -> Self {
        let mut sources: BTreeSet<String> = sources.into_iter().collect();
        for (then, first) in BEFORE {
            if sources.contains(then) || has_any(&sources, then) {
                sources.insert(first.to_owned());
            }
        }
        Self(Some(sources))
    }

    /// Whether anything of a collector is asked for.
    pub fn collector(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|sources| has_any(sources, name))
    }

    /// Whether one listing of a collector is asked for, by itself or with the whole.
    pub fn listing(&self, name: &str, listing: &str) -> bool {
        self.0.as_ref().is_none_or(|sources| {
            sources.contains(name) || sources.contains(format!("{name}/{listing}").as_str())
        })
    }
}

fn has_any(sources: &BTreeSet<String>, collector: &str) -> bool {
    let of = |source: &String| source.split('/').next() == Some(collector);
    sources.iter().any(of)
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn a_source_brings_along_what_tells_where_it_is() {
        let asked = Asked::only(["kubernetes/pods".to_owned(), "dns".to_owned()]);
        assert!(asked.listing("kubernetes", "pods") && !asked.listing("kubernetes", "services"));
        assert!(asked.collector("fleet") && asked.listing("dns", "rrsets"));
        assert!(!asked.collector("csds") && !asked.collector("cloud-run"));
        assert!(Asked::everything().listing("compute", "firewalls"));
        let health = Asked::only(["compute/health".to_owned()]);
        assert!(health.listing("compute", "backend-services") && !health.listing("compute", "networks"));
    }
}
