//! Where each listing of a source was collected, and where it should have been.
use super::read::kinds;
use super::{Collected, Kubernetes, ProjectId, Snapshot};
use std::collections::BTreeMap;

/// What is known of one listing: which places have it, and what is missing within those.
#[derive(Debug, Default)]
pub struct Seen {
    /// Place (a project, `PROJECT/REGION`, a membership) to whether the listing is there.
    pub places: BTreeMap<String, bool>,
    pub gaps: Vec<String>,
}

impl Seen {
    fn note(&mut self, place: impl Into<String>, had: bool) {
        let entry = self.places.entry(place.into()).or_default();
        *entry |= had;
    }

    /// Whether any place has it.
    pub fn anything(&self) -> bool {
        self.places.values().any(|had| *had)
    }
}

impl Snapshot {
    /// None where there is no such evidence.
    pub(super) fn seen(&self, source: &str, listing: &str) -> Option<Seen> {
        let mut seen = Seen::default();
        match source {
            "iam" => self.see_iam(listing, &mut seen)?,
            "cloud-run" => self.see_cloud_run(listing, &mut seen)?,
            "logging" if listing.is_empty() => self.by_project(&mut seen, &self.logs, true, |_| true),
            "service-usage" if listing.is_empty() => {
                self.by_project(&mut seen, &self.service_usage, true, |_| true);
            }
            "dns" => self.see_dns(listing, &mut seen)?,
            "compute" => self.see_compute(listing, &mut seen)?,
            "fleet" => self.see_fleet(listing, &mut seen)?,
            "clusters" if listing.is_empty() => {
                self.by_project(&mut seen, &self.clusters, false, |_| true);
                let zones = self.clusters.values().flat_map(|list| &list.missing_zones);
                seen.gaps
                    .extend(zones.map(|zone| format!("{zone} did not answer")));
            }
            "csds" if listing.is_empty() => self.by_project(&mut seen, &self.csds, false, |_| true),
            "kubernetes" => self.see_kubernetes(listing, &mut seen)?,
            _ => return None,
        }
        Some(seen)
    }

    /// Projects that have the source, and those of the scope that should: the fleet's, and for what Cloud Run
    /// services have of their own (`everywhere`) the services' projects too.
    fn by_project<T>(
        &self,
        seen: &mut Seen,
        map: &BTreeMap<ProjectId, T>,
        everywhere: bool,
        had: impl Fn(&T) -> bool,
    ) {
        for (project, value) in map {
            seen.note(project.as_str(), had(value));
        }
        let scope = &self.manifest.scope;
        let services = scope.service_projects.iter().filter(|_| everywhere);
        for project in std::iter::once(&scope.project).chain(services) {
            if !project.is_empty() && !map.keys().any(|key| self.same_project(key.as_str(), project)) {
                seen.note(project, false);
            }
        }
    }

    /// Names of one project: equal, or its id and its number.
    fn same_project(&self, one: &str, other: &str) -> bool {
        let number = |id: &str| {
            let iam = self.projects.get(&ProjectId::from(id))?;
            iam.project.as_ref()?.number().map(str::to_owned)
        };
        one == other || number(one).is_some_and(|n| n == other) || number(other).is_some_and(|n| n == one)
    }

    fn see_iam(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        let had: fn(&super::ProjectIam) -> bool = match listing {
            "policy" => |iam| iam.policy.is_had(),
            "deny-policies" => |iam| iam.deny_policies.is_had(),
            "service-accounts" => |iam| iam.service_accounts.is_had(),
            "" => |iam| {
                iam.policy.is_had()
                    || iam.deny_policies.is_had()
                    || iam.service_accounts.is_had()
                    || iam.roles.is_had()
                    || iam.ancestry.is_had()
                    || iam.project.is_had()
            },
            _ => return None,
        };
        self.by_project(seen, &self.projects, true, had);
        Some(())
    }

    fn see_cloud_run(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        let had: fn(&super::RunLocation) -> bool = match listing {
            "services" => |run| run.services.is_had(),
            "revisions" => |run| run.revisions.is_had(),
            "" => |run| run.services.is_had() || run.revisions.is_had(),
            _ => return None,
        };
        let scope = &self.manifest.scope;
        // Services are asked for where the scope says they live; only there must each be.
        let expected = if scope.service_projects.is_empty() {
            std::slice::from_ref(&scope.project)
        } else {
            scope.service_projects.as_slice()
        };
        for (project, regions) in &self.cloud_run {
            for (region, run) in regions {
                seen.note(format!("{project}/{region}"), had(run));
                let places = run.unreachable.iter();
                seen.gaps
                    .extend(places.map(|place| format!("{project}: {place} did not answer")));
            }
        }
        for project in expected.iter().filter(|project| !project.is_empty()) {
            if !self
                .cloud_run
                .keys()
                .any(|key| self.same_project(key.as_str(), project))
            {
                seen.note(project, false);
            }
        }
        Some(())
    }

    fn see_dns(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        if !["", "managed-zones", "rrsets"].contains(&listing) {
            return None;
        }
        self.by_project(seen, &self.dns, false, |dns| match listing {
            "managed-zones" => dns.zones.is_had(),
            // No zone, no record: that much is known.
            "rrsets" => !dns.records.is_empty() || dns.zones.as_ref().is_some_and(Vec::is_empty),
            _ => dns.zones.is_had() || !dns.records.is_empty(),
        });
        if listing == "rrsets" {
            for (project, dns) in &self.dns {
                let unread = dns
                    .zones
                    .items()
                    .iter()
                    .filter(|zone| !dns.records.contains_key(&zone.name));
                seen.gaps
                    .extend(unread.map(|zone| format!("no records of zone {} in {project}", zone.name)));
            }
        }
        Some(())
    }

    fn see_compute(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        let had: fn(&super::Compute) -> bool = match listing {
            "networks" => |c| c.networks.is_had(),
            "subnetworks" => |c| c.subnetworks.is_had(),
            "addresses" => |c| c.addresses.is_had(),
            "firewalls" => |c| c.firewalls.is_had(),
            "backend-services" => |c| c.backend_services.is_had(),
            "network-endpoint-groups" => |c| c.network_endpoint_groups.is_had(),
            "" => |c| {
                c.networks.is_had()
                    || c.subnetworks.is_had()
                    || c.addresses.is_had()
                    || c.firewalls.is_had()
                    || c.backend_services.is_had()
                    || c.network_endpoint_groups.is_had()
            },
            _ => return None,
        };
        self.by_project(seen, &self.compute, false, had);
        let places = self.compute.values().flat_map(|c| &c.unreachable);
        seen.gaps.extend(unanswered(places, listing));
        Some(())
    }

    fn see_fleet(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        let had: fn(&super::Fleet) -> bool = match listing {
            "memberships" => |fleet| fleet.memberships.is_had(),
            "features" => |fleet| fleet.features.is_had(),
            "" => |fleet| fleet.memberships.is_had() || fleet.features.is_had(),
            _ => return None,
        };
        self.by_project(seen, &self.fleet, false, had);
        let places = self.fleet.values().flat_map(|fleet| &fleet.unreachable);
        seen.gaps.extend(unanswered(places, listing));
        Some(())
    }

    fn see_kubernetes(&self, listing: &str, seen: &mut Seen) -> Option<()> {
        let kind = if listing.is_empty() {
            None
        } else {
            Some(kinds::full_name(listing)?)
        };
        for (membership, objects) in &self.kubernetes {
            let had = kind.as_ref().is_none_or(|kind| has_kind(objects, kind));
            seen.note(membership, had);
        }
        for membership in &self.manifest.scope.memberships {
            // The scope may name it in full: `projects/P/locations/L/memberships/NAME`.
            let name = membership.rsplit('/').next().unwrap_or(membership);
            if !self.kubernetes.contains_key(name) && !self.kubernetes.contains_key(membership) {
                seen.note(name, false);
            }
        }
        Some(())
    }
}

/// Whether a kind, by `PLURAL.GROUP`, was collected.
fn has_kind(objects: &Kubernetes, kind: &str) -> bool {
    fn had<T>(listing: &Collected<Vec<T>>) -> bool {
        listing.is_had()
    }
    match kind {
        "services" => had(&objects.services),
        "pods" => had(&objects.pods),
        "namespaces" => had(&objects.namespaces),
        "deployments.apps" => had(&objects.deployments),
        "statefulsets.apps" => had(&objects.stateful_sets),
        "endpointslices.discovery.k8s.io" => had(&objects.endpoint_slices),
        "networkpolicies.networking.k8s.io" => had(&objects.network_policies),
        "controlplanerevisions.mesh.cloud.google.com" => had(&objects.control_plane_revisions),
        "virtualservices.networking.istio.io" => had(&objects.virtual_services),
        "destinationrules.networking.istio.io" => had(&objects.destination_rules),
        "peerauthentications.security.istio.io" => had(&objects.peer_authentications),
        "authorizationpolicies.security.istio.io" => had(&objects.authorization_policies),
        "requestauthentications.security.istio.io" => had(&objects.request_authentications),
        other => objects.other.iter().any(|kind| kind == other),
    }
}

/// Places of `LISTING: PLACE` that belong to the listing (or to any).
fn unanswered<'a>(places: impl Iterator<Item = &'a String>, listing: &str) -> Vec<String> {
    places
        .filter(|place| listing.is_empty() || place.starts_with(&format!("{listing}: ")))
        .map(|place| format!("{place} did not answer"))
        .collect()
}
