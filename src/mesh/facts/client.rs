//! Facts of a Cloud Run service.
use super::{Fact, facts};

facts! {
    /// A condition on a grant.
    pub struct ConditionFacts {
        /// The condition's title.
        title: String,
        /// Its CEL expression.
        expression: String,
        /// Why it does not hold, or why that cannot be told.
        why: String,
        /// The role that the condition is on.
        role: String,
        /// Where it stands: file and binding.
        locator: String,
    }
}

facts! {
    /// A deny policy's rule that hits.
    pub struct DenialFacts {
        /// Name of the deny policy.
        policy: String,
        /// The rule's number, from 0.
        rule: i64,
        /// The rule's description.
        description: String,
        /// Where it stands.
        locator: String,
    }
}

facts! {
    /// A revision's share of the traffic.
    pub struct TrafficShare {
        /// Bare name of the revision.
        revision: String,
        /// Its share in percent.
        percent: i64,
        /// The mesh it carries; empty for none.
        mesh: String,
    }
}

facts! {
    /// A Cloud Run service.
    pub struct MeshClient {
        /// Bare name of the service.
        service: String,
        /// Id of its project.
        project: String,
        /// Number of its project; empty where nothing tells it.
        project_number: String,
        /// Its region.
        region: String,
        /// The revision that serves (the latest ready one), bare name.
        revision: String,
        /// E-mail of the service account that its instances run as.
        service_account: String,
        /// Whether that is the Compute Engine default account.
        uses_default_account: bool,
        /// Whether the template names a mesh.
        in_mesh: bool,
        /// Whether the user named this service in the scope.
        named_in_scope: bool,
        /// Hosts under a mesh suffix that its environment variables name, or that its log says it could not reach.
        calls_hosts: Vec<String>,
        /// The mesh as the template writes it.
        mesh: String,
        /// Whether the mesh reads `projects/P/locations/global/meshes/M`.
        mesh_wellformed: bool,
        /// The mesh's bare name.
        mesh_name: String,
        /// Id of the mesh's project (number where no id is known).
        mesh_project: String,
        /// Number of the mesh's project; empty where nothing tells it.
        mesh_project_number: String,
        /// Whether the mesh is one that a cluster of the scope offers to external clients.
        mesh_offered: Fact<bool>,
        /// The meshes that the scope's clusters offer, in full.
        offered_meshes: Fact<Vec<String>>,
        /// The offered mesh that is nearest to what is written: the one to set.
        nearest_mesh: Fact<String>,

        /// What IAM says of `trafficdirector.networks.getConfigs` on the mesh's project for the account: `granted`, `missing`,
        /// `condition_false`, `condition_unknown`, `denied` or `group_only`.
        access: Fact<String>,
        /// What was not seen and might give it, policy by policy, where `access` is not known.
        access_unseen: Vec<String>,
        /// Role and place of the grant that counts, in words; empty without one.
        access_grant: String,
        /// The condition that spoils the only grant.
        access_condition: ConditionFacts,
        /// The deny policy's rule that hits.
        access_denial: DenialFacts,
        /// Other projects on which the account does hold the permission.
        access_elsewhere: Vec<String>,
        /// Members of the group binding that may cover the account.
        access_groups: Vec<String>,
        /// Policies that were read for the answer: files of the snapshot.
        access_policies: Vec<String>,
        /// Whether a deny policy can be ruled out.
        deny_policies_read: Fact<bool>,
        /// What is known of the account itself: `active`, `disabled`, `not_listed` or `deleted`.
        account_state: Fact<String>,
        /// The member text of a binding that names the account as deleted.
        account_deleted_member: String,

        /// Whether it has Direct VPC egress or a connector.
        has_vpc_egress: bool,
        /// Whether it uses a Serverless VPC Access connector.
        uses_connector: bool,
        /// `ALL_TRAFFIC` or `PRIVATE_RANGES_ONLY`.
        egress: String,
        /// The network, `projects/P/global/networks/N`; empty with a connector or without egress.
        network: String,
        /// The network's bare name.
        network_name: String,
        /// Id of the network's project.
        network_project: String,
        /// Whether the network belongs to another project than the service.
        network_shared: bool,
        /// The subnetwork as the template writes it.
        subnet: String,
        /// `found`, `other_region` or `missing`.
        subnet_state: Fact<String>,
        /// Regions in which a subnetwork of that name exists.
        subnet_regions: Vec<String>,
        /// A subnetwork of the network in the service's region; empty where there is none.
        subnet_suggestion: String,
        /// The subnetwork's range.
        subnet_range: String,
        /// Networks of the scope's clusters.
        cluster_networks: Fact<Vec<String>>,
        /// A subnetwork, in the service's region, of the first of those networks; the network's own name, as in an auto-mode
        /// network, where its subnetworks were not listed; empty where there is none.
        cluster_subnet: String,
        /// Whether its network is one of the clusters', or actively peered with one.
        network_reaches_cluster: Fact<bool>,
        /// The Cloud Run service agent of its project.
        run_agent: String,
        /// Whether the agent may use the shared network (`compute.networkUser` on project or subnetwork).
        run_agent_network_user: Fact<bool>,

        /// Whether the terminal condition is `CONDITION_SUCCEEDED`.
        ready: Fact<bool>,
        /// The terminal condition's state.
        condition_state: String,
        /// Its reason, the revision's where there is one.
        condition_reason: String,
        /// Its own message.
        condition_message: String,
        /// Shares of traffic on revisions without this mesh.
        traffic_outside_mesh: Fact<Vec<TrafficShare>>,
        /// `EXECUTION_ENVIRONMENT_GEN1`, `EXECUTION_ENVIRONMENT_GEN2` or empty.
        execution_environment: String,
        /// The least number of instances.
        min_instances: i64,

        /// Exported hosts that resolve, on its network, to an address that private-ranges-only egress does not send through the VPC.
        hosts_bypassing_vpc: Fact<Vec<String>>,

        /// How many connected xDS clients are this service's.
        xds_clients: Fact<i64>,
        /// Whether it has run within the log window (it logged, or it keeps instances).
        active: Fact<bool>,
        /// Codes of the log signatures that this service's records matched.
        logged: Fact<Vec<String>>,
        /// The permission that the sidecar's denial named; empty where none was logged.
        denied_permission: String,
        /// The project number that the sidecar's denial named.
        denied_project_number: String,
        /// The sidecar's line with the denial; empty where none was logged.
        denied_excerpt: String,
        /// Where that line stands.
        denied_locator: String,
    }
}
