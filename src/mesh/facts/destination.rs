//! Facts of a destination of an exported route.
use super::{Fact, facts};

facts! {
    /// Where an exported route leads.
    pub struct Destination {
        /// The host that is exported, or should be.
        host: String,
        /// The VirtualService's name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The cluster.
        membership: String,
        /// Whether the VirtualService names `external-mesh`, or nearly; else its host lies under a suffix for clients outside.
        for_outside: bool,
        /// The field that names it: `spec.http[0].route[0].destination`.
        field: String,
        /// The destination host as written.
        destination: String,
        /// The fully qualified name that Istio makes of it.
        fqdn: String,
        /// Name of the Kubernetes Service; empty where the name is none of a cluster's.
        service: String,
        /// Namespace in which the Service is looked for.
        service_namespace: String,
        /// Whether that Service exists.
        service_exists: Fact<bool>,
        /// Whether the VirtualService's namespace is the Service's.
        same_namespace: bool,
        /// Namespaces in which a Service of that name exists.
        found_in: Fact<Vec<String>>,
        /// Whether a ServiceEntry may stand for the name (it is not one of the cluster's Services).
        outside_cluster: bool,
        /// Names of Services (`ns/name`) that look alike, nearest first.
        nearest: Vec<String>,
        /// The port as written; 0 where none is.
        port: i64,
        /// Whether the port is one of the Service's, or none is given and the Service has just one.
        port_exposed: Fact<bool>,
        /// The Service's ports, `80 (http)`.
        service_ports: Vec<String>,
        /// The first port number of the Service; 0 without any.
        first_port: i64,
        /// The subset as written; empty where none is.
        subset: String,
        /// Whether a DestinationRule of that host defines the subset.
        subset_defined: Fact<bool>,
        /// Subsets that are defined for the host.
        subsets: Vec<String>,
        /// Name of the DestinationRule (`ns/name`) of the host; empty without one.
        destination_rule: String,
        /// The subset's labels, `version=v2`; empty where none is asked for or defined.
        subset_labels: String,
        /// How many pods of the Service the subset's labels match; those of the whole Service where none narrows it.
        subset_pods: Fact<i64>,
        /// How many of those are ready.
        subset_ready_pods: Fact<i64>,
        /// How many pods of the Service are ready, in the subset or not.
        service_ready_pods: Fact<i64>,
        /// Whether its rule gives it no share of the calls: a weight of 0 beside others.
        idle: bool,
        /// A manifest of the VirtualService in the Service's namespace, as YAML, where the Service is in one other namespace.
        moved_manifest: String,
        /// The whole `spec.http` with the port corrected to the Service's first, as a JSON merge patch; empty where the port is right.
        port_patch: String,
        /// A DestinationRule that defines the subset by a label of the same name, as YAML.
        subset_manifest: String,
    }
}
