//! Facts of hosts that VirtualServices route, and of those that they export.
use super::{Fact, facts};

facts! {
    /// A host of a VirtualService, exported or not; and the host of `--url` where no VirtualService names it.
    pub struct RouteHost {
        /// The host as written.
        host: String,
        /// The VirtualService's name; empty where none names the host.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The cluster.
        membership: String,
        /// Its gateways; `mesh` where it names none.
        gateways: Vec<String>,
        /// Whether it names `external-mesh`.
        exported: bool,
        /// VirtualServices (`ns/name`) that do export the host.
        exported_by: Vec<String>,
        /// Other clusters of the same mesh that export it.
        exported_in: Vec<String>,
        /// Whether the host lies under a private managed zone.
        under_suffix: Fact<bool>,
        /// Whether a client asks for it: by `--url`, in its environment or in its log.
        asked_for: bool,
        /// Whether only the mesh's own sidecars see it (no gateway but `mesh`).
        mesh_only: bool,
        /// A gateway that looks like a misspelt `external-mesh`; empty where none does.
        misspelt_gateway: String,
        /// A manifest of a separate VirtualService that exports the host, as YAML; empty where a route of it would lead nowhere.
        export_manifest: String,
        /// Destinations of its http rules that are no Service of the cluster, nor stand for one outside.
        dead_ends: Vec<String>,
        /// The gateways with the misspelt one corrected, as a JSON array.
        corrected_gateways: String,
        /// Whether no VirtualService in scope names the host, nor exports a wildcard that takes it.
        unnamed: Fact<bool>,
        /// Of a host that none names: clusters whose VirtualServices were listed.
        looked_in: Vec<String>,
        /// Of a host that none names: exported hosts with a name like it, nearest first.
        nearest: Vec<String>,
        /// Of a host that none names: networks of clients on which it has no address, `projects/P/global/networks/N`.
        unresolved_on: Vec<String>,
    }
}

facts! {
    /// A host offered to external clients through `external-mesh`.
    pub struct Export {
        /// The host as written.
        host: String,
        /// The VirtualService's name.
        name: String,
        /// Its namespace.
        namespace: String,
        /// The cluster.
        membership: String,
        /// All gateways that the VirtualService names.
        gateways: Vec<String>,
        /// Other VirtualServices (`ns/name`) that export the same host.
        rivals: Vec<String>,
        /// Whether it comes first (by namespace and name) among those that claim the host.
        first_claim: bool,
        /// Fields in use that external clients ignore: `exportTo`, `http[0].match[0].sourceLabels`, …
        ignored_fields: Vec<String>,
        /// What the host is: `name`, `short` (a name without a dot), `address` or `star` (a bare wildcard).
        form: String,
        /// The name that a short one is likely to stand for, under the suffix of the other exported hosts; empty where nothing tells, or
        /// where it is exported already.
        full_host: String,
        /// Its place in `spec.hosts`, from 0.
        index: i64,
        /// Whether it has http rules.
        has_http: bool,
        /// Clients of the mesh, in sync, whose routes do not hold the host.
        missing_at: Fact<Vec<String>>,
        /// How many connected clients were looked at.
        xds_clients: Fact<i64>,
    }
}
