//! Facts of an exported host looked up on a client's network.
use super::{Fact, facts};

facts! {
    /// A managed zone.
    pub struct ZoneFacts {
        /// Name of the zone; empty where there is none.
        zone: String,
        /// Id of its project.
        project: String,
        /// Its DNS name without the final dot.
        dns_name: String,
        /// `private` or `public`.
        visibility: String,
        /// Networks that see it, `projects/P/global/networks/N`.
        networks: Vec<String>,
    }
}

facts! {
    /// A reserved address that a record names.
    pub struct AddressUse {
        /// The address.
        address: String,
        /// What it is reserved as.
        name: String,
        /// Id of the project that it is reserved in.
        project: String,
        /// Bare name of the subnetwork that it lies in.
        subnet: String,
        /// Bare names of the resources that use it; empty where it is reserved only.
        users: Vec<String>,
    }
}

facts! {
    /// An exported host looked up on a client's network.
    pub struct HostLookup {
        /// The host.
        host: String,
        /// The network, `projects/P/global/networks/N`.
        network: String,
        /// The network's bare name.
        network_name: String,
        /// Id of the network's project.
        network_project: String,
        /// Clients on that network.
        clients: Vec<String>,
        /// `answered`, `no_zone`, `public_zone_only`, `zone_not_on_network`, `no_record`, `shadowed` or `wrong_type`.
        answer: Fact<String>,
        /// The zone that answers, or should.
        zone: ZoneFacts,
        /// Peering zones that lead there, in order.
        peered_by: Vec<String>,
        /// The network whose zones decide: this one, or the one that the last peering zone leads to.
        asked_network: String,
        /// Bare name of that network.
        asked_network_name: String,
        /// Whether the host is a wildcard, so that names below it are looked up, and not the host itself.
        wildcard: bool,
        /// Names below a wildcard that resolve by records of their own.
        names_below: Vec<String>,
        /// The broader zone that would have answered.
        shadowed: ZoneFacts,
        /// The record that matches, `*.mesh.private`.
        record: String,
        /// Its type.
        record_type: String,
        /// Its data.
        record_data: Vec<String>,
        /// The addresses, IPv4 and IPv6.
        addresses: Vec<String>,
        /// Addresses outside RFC 1918.
        public_addresses: Vec<String>,
        /// Those that lie in a subnetwork of the network and are reserved there.
        in_use: Fact<Vec<AddressUse>>,
        /// A suffix to make a zone for: the host without its first label.
        suffix: String,
        /// A name for that zone that no zone of `project` has, `mesh-private`.
        zone_name: String,
        /// An address of RFC 1918 for the host: the one that the zone's other A records agree on, else one that no subnetwork of the
        /// snapshot uses.
        free_address: String,
        /// Networks to attach the zone to, `N` or full, comma-separated: those it has and the one whose zones decide.
        networks_with_this: String,
        /// Id of the project to make a zone in: that of the network whose zones decide.
        project: String,
    }
}
