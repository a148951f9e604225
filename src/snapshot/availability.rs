//! Whether the evidence that a rule needs was collected: completely, in part, or not at all, and why.
use super::read::kinds;
use super::{CollectorOutcome, Failure, Snapshot, Status};

/// How much of some evidence is there. The text says what is missing and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Availability {
    Complete,
    Partial(String),
    Missing(String),
}

/// Every need that a rule may name. Kubernetes kinds are accepted with their group too.
pub fn all_needs() -> &'static [&'static str] {
    &[
        "iam",
        "iam/policy",
        "iam/deny-policies",
        "iam/service-accounts",
        "cloud-run",
        "cloud-run/services",
        "cloud-run/revisions",
        "logging",
        "service-usage",
        "dns",
        "dns/managed-zones",
        "dns/rrsets",
        "compute",
        "compute/networks",
        "compute/subnetworks",
        "compute/addresses",
        "compute/firewalls",
        "compute/backend-services",
        "compute/network-endpoint-groups",
        "fleet",
        "fleet/memberships",
        "fleet/features",
        "clusters",
        "csds",
        "kubernetes",
        "kubernetes/services",
        "kubernetes/pods",
        "kubernetes/namespaces",
        "kubernetes/deployments",
        "kubernetes/endpointslices",
        "kubernetes/networkpolicies",
        "kubernetes/controlplanerevisions",
        "kubernetes/virtualservices",
        "kubernetes/destinationrules",
        "kubernetes/peerauthentications",
        "kubernetes/authorizationpolicies",
        "kubernetes/requestauthentications",
    ]
}

impl Snapshot {
    /// How much of a need such as `iam`, `dns/rrsets` or `kubernetes/virtualservices` was collected.
    pub fn availability(&self, need: &str) -> Availability {
        let (source, listing) = need.split_once('/').unwrap_or((need, ""));
        let Some(mut seen) = self.seen(source, listing) else {
            return Availability::Missing(format!("{need}: no such evidence is known"));
        };
        if !seen.anything() {
            let why = self.outcome(source, need, |status| status != Status::Ok);
            let why = why.unwrap_or_else(|| "not collected".into());
            return Availability::Missing(format!("{need}: {why}"));
        }
        seen.gaps.extend(self.failed(source, need));
        let absent = seen.places.iter().filter(|(_, had)| !**had);
        seen.gaps
            .extend(absent.map(|(place, _)| format!("not collected for {place}")));
        if seen.gaps.is_empty() {
            return Availability::Complete;
        }
        seen.gaps.dedup();
        Availability::Partial(format!("{need}: {}", seen.gaps.join("; ")))
    }

    /// Why a listing of a cluster, `kubernetes/pods`, or any of them, `kubernetes`, is not whole: what the manifest says of it.
    pub fn refused(&self, listing: &str) -> Option<String> {
        let why = self.failed("kubernetes", listing)?;
        Some(format!("{listing}: {why}"))
    }

    fn failed(&self, source: &str, need: &str) -> Option<String> {
        let incomplete = |status| matches!(status, Status::Partial | Status::Failed);
        self.outcome(source, need, incomplete)
    }

    /// What the manifest says went wrong with a source.
    fn outcome(&self, source: &str, need: &str, wrong: impl Fn(Status) -> bool) -> Option<String> {
        let of_source = |outcome: &&CollectorOutcome| outcome.name == source || outcome.name == need;
        let listing = need.strip_prefix("kubernetes/");
        let told: Vec<String> = self
            .manifest
            .collectors
            .iter()
            .filter(of_source)
            .filter(|outcome| wrong(outcome.status))
            .filter(|outcome| listing.is_none_or(|listing| !is_of_others(outcome, listing)))
            .map(tell)
            .collect();
        (!told.is_empty()).then(|| told.join("; "))
    }
}

/// Whether all that failed were listings of other kinds: a cluster's kinds are listed one by one, so pods that were refused say
/// nothing against services.
fn is_of_others(outcome: &CollectorOutcome, listing: &str) -> bool {
    let failures = outcome.each_failure();
    !failures.is_empty() && failures.iter().all(|failure| lists_others(failure, listing))
}

/// Whether a call was `list pods, services of cluster prod`, and the listing is none of these.
fn lists_others(failure: &Failure, listing: &str) -> bool {
    let call = failure.call.strip_prefix("list ");
    let Some((listed, _)) = call.and_then(|call| call.split_once(" of ")) else {
        return false;
    };
    let wanted = kinds::full_name(listing);
    wanted.is_some()
        && listed.split(", ").all(|kind| {
            let kind = kinds::full_name(kind);
            kind.is_some() && kind != wanted
        })
}

/// `its collector says PARTIAL: ERROR (needs PERMISSION)`.
fn tell(outcome: &CollectorOutcome) -> String {
    let status = match outcome.status {
        Status::Ok => "OK",
        Status::Partial => "PARTIAL",
        Status::Failed => "FAILED",
        Status::Skipped => "SKIPPED",
    };
    let mut text = format!("its collector says {status}");
    if !outcome.error.is_empty() {
        text.push_str(": ");
        text.push_str(&outcome.error);
    }
    if !text.contains(&outcome.permission_needed) {
        text.push_str(&format!(" (needs {})", outcome.permission_needed));
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::{Availability, all_needs};
    use crate::snapshot::{Blob, Snapshot, World, read};

    fn world(files: &[(&str, &str)]) -> Snapshot {
        let mut world = World::default();
        for (path, text) in files {
            let blob = Blob::memory(*path, text.as_bytes().to_vec());
            world.files.insert((*path).to_owned(), blob);
        }
        read::from_world(world).unwrap()
    }

    #[test]
    fn nothing_collected_is_missing_for_every_need() {
        let snapshot = world(&[]);
        for need in all_needs() {
            assert!(
                matches!(snapshot.availability(need), Availability::Missing(_)),
                "{need}"
            );
        }
    }

    #[test]
    fn empty_listings_are_complete() {
        let snapshot = world(&[
            ("dns/p/managed-zones.json", "{}"),
            (
                "kubernetes/m/virtualservices.networking.istio.io.json",
                r#"{"items":[]}"#,
            ),
        ]);
        for need in [
            "dns",
            "dns/managed-zones",
            "dns/rrsets",
            "kubernetes",
            "kubernetes/virtualservices",
        ] {
            assert_eq!(snapshot.availability(need), Availability::Complete, "{need}");
        }
        let full = "kubernetes/virtualservices.networking.istio.io";
        assert_eq!(snapshot.availability(full), Availability::Complete);
        assert!(matches!(
            snapshot.availability("kubernetes/pods"),
            Availability::Missing(_)
        ));
    }

    #[test]
    fn a_failed_collector_gives_its_error_and_permission() {
        let manifest = r#"{"collectors":[{"name":"iam","status":"FAILED","error":"403 denied",
            "permissionNeeded":"resourcemanager.projects.getIamPolicy"}]}"#;
        let missing = world(&[("bundle.json", manifest)]).availability("iam/policy");
        let Availability::Missing(why) = missing else {
            panic!("{missing:?}")
        };
        assert!(
            why.contains("403 denied") && why.contains("resourcemanager.projects.getIamPolicy"),
            "{why}"
        );

        let partly = world(&[("bundle.json", manifest), ("iam/projects/p/roles.json", "{}")]);
        assert!(matches!(partly.availability("iam"), Availability::Partial(_)));
        assert!(matches!(
            partly.availability("iam/policy"),
            Availability::Missing(_)
        ));
    }

    #[test]
    fn a_kind_that_failed_says_nothing_against_the_others() {
        let of = |failures: &str| {
            let manifest = format!(
                r#"{{"collectors":[{{"name":"kubernetes","status":"PARTIAL","error":"no","failures":[{failures}]}}]}}"#
            );
            let services = ("kubernetes/m/services.json", r#"{"items":[]}"#);
            world(&[("bundle.json", &manifest), services])
        };
        let denied =
            r#"{"call":"list pods, virtualservices.networking.istio.io of cluster m","error":"403"}"#;
        let services = of(denied).availability("kubernetes/services");
        assert_eq!(services, Availability::Complete);
        for need in ["kubernetes/pods", "kubernetes/virtualservices"] {
            let Availability::Missing(why) = of(denied).availability(need) else {
                panic!("{need}")
            };
            assert!(why.contains("its collector says PARTIAL"), "{why}");
        }
        assert!(matches!(
            of(denied).availability("kubernetes"),
            Availability::Partial(_)
        ));
        for unsaid in [
            r#"{"call":"connect to cluster other","error":"403"}"#,
            r#"{"call":"list services of namespace ads of cluster other","error":"403"}"#,
            r#"{"call":"list things of cluster m","error":"403"}"#,
            "",
        ] {
            for failures in [unsaid.to_owned(), format!("{denied},{unsaid}")] {
                let failures = failures.trim_end_matches(',');
                if failures == denied {
                    continue;
                }
                let services = of(failures).availability("kubernetes/services");
                assert!(matches!(services, Availability::Partial(_)), "{failures}");
            }
        }
    }

    #[test]
    fn what_the_scope_names_and_nobody_brought_is_partial() {
        let manifest = r#"{"scope":{"project":"fleet","serviceProjects":["web"],
            "memberships":["projects/fleet/locations/l/memberships/one","two"]}}"#;
        let snapshot = world(&[
            ("bundle.json", manifest),
            ("iam/projects/fleet/policy.json", "{}"),
            ("kubernetes/one/pods.json", r#"{"items":[]}"#),
            (
                "fleet/fleet/memberships.json",
                r#"{"resources":[],"unreachable":["europe-west1"]}"#,
            ),
            (
                "dns/fleet/managed-zones.json",
                r#"{"managedZones":[{"name":"z"}]}"#,
            ),
            ("dns/fleet/zones/other/rrsets.json", "{}"),
        ]);
        for (need, word) in [
            ("iam/policy", "web"),
            ("kubernetes/pods", "two"),
            ("fleet/memberships", "europe-west1"),
            ("dns/rrsets", "zone z"),
        ] {
            let answer = snapshot.availability(need);
            let Availability::Partial(why) = answer else {
                panic!("{need}: {answer:?}")
            };
            assert!(why.contains(word), "{why}");
        }
        assert_eq!(snapshot.availability("dns/managed-zones"), Availability::Complete);
    }
}
