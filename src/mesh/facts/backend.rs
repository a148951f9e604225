//! Facts of a Kubernetes Service that exported routes lead to, its pods and the policies on them.
use super::{Fact, facts};

facts! {
    /// A pod that is not ready.
    pub struct UnreadyPod {
        /// The pod's name.
        pod: String,
        /// `CrashLoopBackOff: back-off 5m0s restarting failed container`, in Kubernetes' words.
        reason: String,
    }
}

facts! {
    /// A port of the Service that routes use.
    pub struct BackendPort {
        /// The Service's port.
        port: i64,
        /// The port's name.
        name: String,
        /// The target port as written: a number or a name.
        target: String,
        /// The target port as a number; 0 where a named port matches no container.
        target_number: i64,
        /// Whether some container of the pods declares it, or the first, which is the application, declares none at all.
        declared: Fact<bool>,
        /// Whether the name or appProtocol says HTTP.
        http: bool,
        /// Its place in `spec.ports`, from 0.
        index: i64,
    }
}

facts! {
    /// Something on the way that does not let a client through.
    pub struct ClientBlock {
        /// The client.
        client: String,
        /// The client's network range.
        range: String,
        /// The target port.
        port: i64,
        /// The rule or policy that decides; empty for the implied deny.
        rule: String,
        /// The firewall policy that the rule is in; empty for one of VPC's own.
        policy: String,
        /// A priority at which an allow rule goes before it; -1 where there is none, since the rule has priority 0 or is in a policy
        /// that is asked before all firewall rules.
        priority_before: i64,
        /// Why, in words.
        why: String,
        /// Whether it keeps connections from leaving the client's network, not from entering the pods'.
        leaving: bool,
        /// The pods' network ranges.
        target: String,
        /// Id of the network's project.
        project: String,
        /// Bare name of the network.
        network: String,
    }
}

facts! {
    /// A Kubernetes Service that exported routes lead to.
    pub struct Backend {
        /// The Service's name.
        service: String,
        /// Its namespace.
        namespace: String,
        /// The cluster.
        membership: String,
        /// Exported hosts that lead to it.
        hosts: Vec<String>,
        /// `ClusterIP`, `NodePort`, `LoadBalancer`, `ExternalName`.
        service_type: String,
        /// Whether its `clusterIP` is `None`.
        headless: bool,
        /// Whether it has a selector.
        has_selector: bool,
        /// The selector, `app=ads,tier=web`.
        selector: String,
        /// The selector as JSON.
        selector_json: String,
        /// How many pods the selector matches (finished pods left out).
        pods: Fact<i64>,
        /// How many of those are ready.
        ready_pods: Fact<i64>,
        /// Those that are not, with the reason.
        unready: Vec<UnreadyPod>,
        /// Reasons of the unready pods without their messages, each once: `CrashLoopBackOff`.
        unready_reasons: Vec<String>,
        /// Labels of pods in the namespace that come near the selector, `app=ads`, nearest first.
        nearest_labels: Vec<String>,
        /// Workloads of the namespace that may have been meant, with their pods' labels: `deployment/ads-v2 (app=ads-v2)`.
        candidates: Vec<String>,
        /// The selector that would match, as JSON, where a single label is a typo and it is certain which pods the Service is for: nothing
        /// else comes near, its name says so, and no other Service has them; empty otherwise.
        corrected_selector: String,
        /// How many EndpointSlices are of the Service.
        slices: Fact<i64>,
        /// How many endpoints are in those.
        endpoints: Fact<i64>,
        /// How many of those are ready.
        ready_endpoints: Fact<i64>,
        /// Whether a Deployment or StatefulSet that the selector selects is scaled to 0.
        scaled_to_zero: Fact<bool>,
        /// The workload whose pods the selector selects, `deployment/ads`; empty where none is found.
        workload: String,
        /// Ports that routes use.
        ports: Vec<BackendPort>,
        /// Numbers that the pods' containers declare.
        container_ports: Vec<i64>,
        /// Whether the namespace asks for sidecars: `enabled`, `disabled`, `none`, or `conflict` where its labels disagree.
        injection: Fact<String>,
        /// The namespace's injection labels, `istio-injection=enabled`.
        injection_labels: Vec<String>,
        /// How many of the ready pods carry a sidecar.
        pods_with_sidecar: Fact<i64>,
        /// The effective PeerAuthentication mode: `STRICT`, `PERMISSIVE`, `DISABLE`.
        mtls_mode: Fact<String>,
        /// The PeerAuthentication that says so, `ns/name`; empty for the default.
        mtls_policy: String,
        /// The port that it says so for; empty where for all.
        mtls_port: String,
        /// How the clients' sidecars speak to it, by the clusters that they hold: `plain`, `tls`; looked at under STRICT only, else empty.
        client_transport: Fact<String>,
        /// The TLS mode of a DestinationRule for the host; empty without one.
        rule_tls_mode: Fact<String>,
        /// That DestinationRule, `ns/name`.
        rule_tls_name: String,
        /// Where in it the mode stands, as a JSON pointer.
        rule_tls_pointer: String,
        /// Whether that DestinationRule is for a wildcard, and with it for other Services too.
        rule_tls_wide: bool,
        /// What AuthorizationPolicies say of a client from Cloud Run: `allowed`, `denied`, `token` (a JWT lets it in), `narrowed` (all but
        /// a few calls pass). Unknown too where it depends on the method or path of the call.
        authorization: Fact<String>,
        /// Whether a sidecar is there to enforce that: at one pod at least; without pods, whether new ones would get one.
        authorization_enforced: Fact<bool>,
        /// The policy that decides, `ns/name`.
        authorization_policy: String,
        /// Its action: `DENY` where a rule of it matches, `ALLOW` where no rule of any does.
        authorization_action: String,
        /// The place of the matching DENY rule in `spec.rules`, from 0; -1 for ALLOW.
        authorization_rule: i64,
        /// What the denial rests on, sorted: `address`, `host`, `identity`, `method`, `path`, `port`, `token`; empty where every call is denied.
        authorization_grounds: Vec<String>,
        /// Hosts that calls are turned away from, where they are not all of `hosts`.
        authorization_hosts: Vec<String>,
        /// The hosts of the calls that are turned away, as they arrive: a route may change them.
        arriving_hosts: Vec<String>,
        /// The clients' network ranges, as the policies see them.
        client_ranges: Vec<String>,
        /// Why, in words.
        authorization_why: String,
        /// The RequestAuthentication that looks at the JWT, `ns/name`; empty where no token is asked for.
        token_policy: String,
        /// Ready pods without a sidecar that neither refuse one nor share the node's network.
        uninjected: Fact<i64>,
        /// Whether the cluster enforces NetworkPolicies.
        policies_enforced: Fact<bool>,
        /// Clients that a NetworkPolicy keeps out.
        network_policy_blocks: Fact<Vec<ClientBlock>>,
        /// Clients that a firewall rule keeps out.
        firewall_blocks: Fact<Vec<ClientBlock>>,
    }
}
