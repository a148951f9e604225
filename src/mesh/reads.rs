//! What each kind of subject is made from, and what each of its facts is read from: the sources that must be collected for it.
//!
//! A name is a source, or one listing of it. `iam/project` is the project itself, with its id and number; `logging` says who
//! logged at all and holds what a log rule's own signatures match, `logging/signs` what the signatures of all rules match.
use crate::snapshot::SOURCES;
use std::collections::BTreeSet;

type Sources = &'static [&'static str];

/// One kind of subject.
struct Kind {
    name: &'static str,
    /// What tells which subjects there are, what they are called and whom they concern.
    made_of: &'static [Sources],
    /// Names of facts, and what they are read from beside that. Every fact stands in one of the lists.
    facts: &'static [(&'static str, &'static [Sources])],
}

/// Names of Google's APIs mix ids and numbers of projects.
const NUMBERS: Sources = &["iam/project", "service-usage"];
const SERVICES: Sources = &["cloud-run"];
/// A client's network and ranges, where it names a subnetwork.
const SUBNETS: Sources = &["compute/subnetworks"];
const NETWORKS: Sources = &["compute/networks"];
/// The clusters, and the meshes that they offer.
const OFFERS: Sources = &["fleet/memberships", "kubernetes/controlplanerevisions"];
const GKE: Sources = &["clusters"];
const FEATURES: Sources = &["fleet/features"];
const ROUTES: Sources = &["kubernetes/virtualservices"];
const BACKENDS: Sources = &["kubernetes/services"];
const PODS: Sources = &["kubernetes/pods"];
const ENTRIES: Sources = &["kubernetes/serviceentries"];
const WORKLOADS: Sources = &["kubernetes/deployments", "kubernetes/statefulsets"];
const ZONES: Sources = &["dns"];
const PROXIES: Sources = &["csds"];
const ACCESS: Sources = &["iam"];
const LOGS: Sources = &["logging"];
const EVERY_SIGN: Sources = &["logging", "logging/signs"];

/// What failed, and whether all belongs together, is told of everything.
const EVERYTHING: &[Sources] = &[&SOURCES];

const CLIENT_FACTS: &[(&str, &[Sources])] = &[
    (
        "service project project_number region revision service_account uses_default_account \
             in_mesh named_in_scope mesh mesh_wellformed mesh_name mesh_project mesh_project_number \
             has_vpc_egress uses_connector egress run_agent ready condition_state condition_reason \
             condition_message traffic_outside_mesh execution_environment min_instances \
             access_policies",
        &[],
    ),
    ("calls_hosts", &[EVERY_SIGN, ZONES, ROUTES]),
    ("mesh_offered offered_meshes nearest_mesh", &[OFFERS]),
    (
        "access access_unseen access_grant access_condition access_denial access_elsewhere access_groups \
             deny_policies_read account_state account_deleted_member",
        &[ACCESS],
    ),
    (
        "network network_name network_project network_shared subnet subnet_state subnet_regions \
             subnet_suggestion subnet_range",
        &[SUBNETS],
    ),
    (
        "cluster_networks cluster_subnet network_reaches_cluster",
        &[OFFERS, GKE, NETWORKS, SUBNETS],
    ),
    ("run_agent_network_user", &[ACCESS, SUBNETS]),
    ("hosts_bypassing_vpc", &[OFFERS, ROUTES, ZONES, SUBNETS]),
    ("xds_clients", &[PROXIES, SUBNETS, LOGS]),
    ("active", &[LOGS]),
    (
        "logged denied_permission denied_project_number denied_excerpt denied_locator",
        &[EVERY_SIGN],
    ),
];

const KINDS: [Kind; 18] = [
    Kind {
        name: "run_service",
        made_of: &[SERVICES, NUMBERS],
        facts: CLIENT_FACTS,
    },
    Kind {
        name: "mesh_client",
        made_of: &[SERVICES, NUMBERS],
        facts: CLIENT_FACTS,
    },
    Kind {
        name: "project",
        made_of: &[SERVICES, NUMBERS, SUBNETS, OFFERS, GKE, ZONES],
        facts: &[
            (
                "project number is_fleet has_clients has_clusters run_agent mesh_agent",
                &[],
            ),
            ("mesh_feature", &[FEATURES]),
            ("run_agent_role mesh_agent_role", &[ACCESS]),
        ],
    },
    Kind {
        name: "api",
        made_of: &[SERVICES, NUMBERS, SUBNETS, OFFERS, GKE, ZONES],
        facts: &[("project api purpose enabled", &[])],
    },
    Kind {
        name: "membership",
        made_of: &[OFFERS, FEATURES, GKE, SERVICES, NUMBERS, ROUTES],
        facts: &[(
            "membership project location has_spec has_state management implementation \
             control_plane_state control_plane_details external_meshes revisions revisions_in_trouble \
             exported_hosts offered_elsewhere",
            &[],
        )],
    },
    Kind {
        name: "mesh_condition",
        made_of: &[OFFERS, FEATURES, GKE, SERVICES, NUMBERS, ROUTES],
        facts: &[(
            "code severity details link membership location project known project_number",
            &[],
        )],
    },
    Kind {
        name: "route_host",
        made_of: &[ROUTES],
        facts: &[
            (
                "host name namespace membership gateways exported exported_by mesh_only misspelt_gateway \
             corrected_gateways",
                &[],
            ),
            ("exported_in", &[OFFERS]),
            ("under_suffix", &[ZONES]),
            // Clients are known to call what their environment names, or their log.
            ("asked_for", &[SERVICES, EVERY_SIGN]),
            (
                "export_manifest",
                &[ZONES, SERVICES, EVERY_SIGN, BACKENDS, ENTRIES],
            ),
            ("dead_ends", &[BACKENDS, ENTRIES]),
            ("unnamed looked_in nearest", &[]),
            ("unresolved_on", &[SERVICES, NUMBERS, SUBNETS, NETWORKS, ZONES]),
        ],
    },
    Kind {
        name: "export",
        made_of: &[ROUTES],
        facts: &[
            (
                "host name namespace membership gateways rivals first_claim ignored_fields has_http form index",
                &[],
            ),
            ("full_host", &[ZONES]),
            (
                "missing_at xds_clients",
                &[PROXIES, OFFERS, SERVICES, NUMBERS, SUBNETS],
            ),
        ],
    },
    Kind {
        name: "exporter",
        made_of: &[ROUTES],
        facts: &[(
            "name namespace membership hosts invalid bad_regexes odd_weights unreachable refusing refuses_all \
             unfault_patch",
            &[],
        )],
    },
    Kind {
        name: "host_lookup",
        made_of: &[SERVICES, NUMBERS, SUBNETS, NETWORKS, OFFERS, ROUTES, ZONES, GKE],
        facts: &[
            (
                "host network network_name network_project clients wildcard suffix",
                &[],
            ),
            (
                "answer zone shadowed record record_type record_data addresses public_addresses \
             networks_with_this project peered_by asked_network asked_network_name names_below zone_name",
                &[ZONES],
            ),
            ("free_address in_use", &[ZONES, &["compute/addresses"]]),
        ],
    },
    Kind {
        name: "destination",
        made_of: &[ROUTES, ZONES],
        facts: &[
            (
                "host name namespace membership for_outside field destination fqdn service service_namespace \
             same_namespace port subset idle",
                &[],
            ),
            (
                "service_exists found_in nearest port_exposed service_ports first_port moved_manifest \
             port_patch",
                &[BACKENDS],
            ),
            ("outside_cluster", &[BACKENDS, ENTRIES]),
            (
                "subset_defined subsets destination_rule subset_manifest subset_labels",
                &[&["kubernetes/destinationrules"]],
            ),
            (
                "subset_pods subset_ready_pods",
                &[BACKENDS, PODS, &["kubernetes/destinationrules"]],
            ),
            ("service_ready_pods", &[BACKENDS, PODS]),
        ],
    },
    Kind {
        name: "backend",
        made_of: &[ROUTES, ZONES, BACKENDS],
        facts: &[
            (
                "service namespace membership hosts service_type headless has_selector selector \
             selector_json",
                &[],
            ),
            (
                "pods ready_pods unready unready_reasons ports container_ports pods_with_sidecar uninjected",
                &[PODS],
            ),
            (
                "slices endpoints ready_endpoints",
                &[&["kubernetes/endpointslices"]],
            ),
            ("nearest_labels candidates corrected_selector", &[PODS, WORKLOADS]),
            ("scaled_to_zero workload", &[WORKLOADS]),
            ("injection injection_labels", &[&["kubernetes/namespaces"]]),
            (
                "mtls_mode mtls_policy mtls_port",
                &[PODS, &["kubernetes/peerauthentications"]],
            ),
            (
                "client_transport",
                &[
                    PODS,
                    NUMBERS,
                    OFFERS,
                    PROXIES,
                    &["kubernetes/peerauthentications"],
                ],
            ),
            (
                "rule_tls_mode rule_tls_name rule_tls_pointer rule_tls_wide",
                &[PODS, &["kubernetes/destinationrules"]],
            ),
            (
                "authorization authorization_policy authorization_action authorization_rule authorization_grounds \
                     authorization_hosts authorization_why arriving_hosts client_ranges token_policy",
                &[
                    PODS,
                    SERVICES,
                    NUMBERS,
                    SUBNETS,
                    OFFERS,
                    &[
                        "kubernetes/authorizationpolicies",
                        "kubernetes/requestauthentications",
                    ],
                ],
            ),
            ("authorization_enforced", &[PODS, &["kubernetes/namespaces"]]),
            ("policies_enforced", &[OFFERS, GKE]),
            (
                "network_policy_blocks",
                &[
                    PODS,
                    SERVICES,
                    NUMBERS,
                    SUBNETS,
                    OFFERS,
                    &["kubernetes/networkpolicies"],
                ],
            ),
            (
                "firewall_blocks",
                &[
                    PODS,
                    SERVICES,
                    NUMBERS,
                    SUBNETS,
                    NETWORKS,
                    OFFERS,
                    GKE,
                    &["compute/firewalls", "compute/effective-firewalls"],
                ],
            ),
        ],
    },
    Kind {
        name: "xds_resource",
        made_of: &[PROXIES, SERVICES, NUMBERS, SUBNETS, ROUTES],
        facts: &[(
            "node service kind name state error rejected_version version hosts needed",
            &[],
        )],
    },
    Kind {
        name: "xds_cluster",
        made_of: &[PROXIES, SERVICES, NUMBERS, SUBNETS, ROUTES, BACKENDS],
        facts: &[
            (
                "cluster hosts backend missing_at empty_at unhealthy_at clients endpoints health",
                &[],
            ),
            ("health_checks", &[&["compute/health"]]),
        ],
    },
    Kind {
        name: "pushed_host",
        made_of: &[PROXIES, SERVICES, NUMBERS, SUBNETS, ROUTES, OFFERS],
        facts: &[
            ("host exported clients named_by looked_in", &[]),
            ("under_suffix", &[ZONES]),
        ],
    },
    Kind {
        name: "collection",
        made_of: EVERYTHING,
        facts: &[(
            "collector collectors kind calls error permission resource place project ancestor \
             organization cluster cluster_kinds role level optional service service_known_disabled \
             operator again",
            &[],
        )],
    },
    Kind {
        name: "snapshot",
        made_of: EVERYTHING,
        facts: &[(
            "collected_at altered has_mesh_clients log_lines since later_evidence hours_later \
             hours_before_window project project_seen projects foreign_meshes again",
            &[],
        )],
    },
    Kind {
        name: "log",
        made_of: &[LOGS, SERVICES, NUMBERS],
        facts: &[
            (
                "service project region mesh_client captures host count at_least counted first_seen \
             last_seen instances excerpt locator",
                &[],
            ),
            ("host_in_mesh", &[ROUTES, ZONES]),
            ("recovered", &[PROXIES, SUBNETS]),
        ],
    },
];

/// What must be collected for the subjects of a kind and some of their facts; `None` where that is not known.
pub fn sources<'f>(
    kind: &str,
    facts: impl IntoIterator<Item = &'f String>,
) -> Option<BTreeSet<&'static str>> {
    let kind = KINDS.iter().find(|known| known.name == kind)?;
    let mut sources: BTreeSet<&str> = kind.made_of.iter().copied().flatten().copied().collect();
    for fact in facts {
        let (_, read) = kind
            .facts
            .iter()
            .find(|(names, _)| names.split_whitespace().any(|name| name == fact))?;
        sources.extend(read.iter().copied().flatten());
    }
    Some(sources)
}

/// Kinds whose subjects are found in listings of clusters. The others' facts say themselves what they do not know.
const OF_CLUSTERS: [&str; 8] = [
    "backend",
    "destination",
    "export",
    "exporter",
    "host_lookup",
    "pushed_host",
    "route_host",
    "xds_cluster",
];

/// Listings of clusters without which subjects of a kind may be missing, or these facts be other ones.
pub fn cluster_listings<'f>(
    kind: &str,
    facts: impl IntoIterator<Item = &'f String>,
) -> BTreeSet<&'static str> {
    if !OF_CLUSTERS.contains(&kind) {
        return BTreeSet::new();
    }
    let mut listings = sources(kind, facts).unwrap_or_default();
    listings.retain(|name| name.starts_with("kubernetes/"));
    listings
}

#[cfg(test)]
mod tests {
    use super::KINDS;
    use crate::mesh::facts::kinds;
    use std::collections::BTreeSet;

    #[test]
    fn every_fact_of_every_kind_says_what_it_is_read_from() {
        for (name, _, fields) in kinds() {
            let kind = KINDS.iter().find(|kind| kind.name == name);
            let named = kind.into_iter().flat_map(|kind| kind.facts);
            let named: Vec<&str> = named.flat_map(|(names, _)| names.split_whitespace()).collect();
            let known: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
            assert_eq!(named.len(), known.len(), "{name}: a fact is named twice");
            assert_eq!(named.into_iter().collect::<BTreeSet<_>>(), known, "{name}");
        }
    }
}
