//! Facts of log records that a signature matched.
use super::facts;
use std::collections::BTreeMap;

facts! {
    /// Records of one service that a signature matched.
    pub struct LogHit {
        /// The Cloud Run service that logged; empty where the line does not say.
        service: String,
        /// Id of its project.
        project: String,
        /// Its region.
        region: String,
        /// Whether the service is a mesh client (also where the line does not say whose it is).
        mesh_client: bool,
        /// Named captures of the last record; for access logs also `status`, `flags`, `details`, `host`, `method`, `path`, `upstream_cluster`,
        /// `upstream_host`, `failure`.
        captures: BTreeMap<String, String>,
        /// The host that was called, without a port; empty where the record does not say.
        host: String,
        /// Whether the host is exported, under a private zone's suffix, or not told.
        host_in_mesh: bool,
        /// How many records were read.
        count: i64,
        /// Whether more were logged than were read.
        at_least: bool,
        /// How many there are, in words: `17`, or `at least 200`.
        counted: String,
        /// The first, RFC 3339.
        first_seen: String,
        /// The last.
        last_seen: String,
        /// How many instances logged it; 0 where records do not say.
        instances: i64,
        /// The last record.
        excerpt: String,
        /// Where it stands.
        locator: String,
        /// Whether the service's proxies are connected by now, in sync: the trouble on the stream is over.
        recovered: bool,
    }
}
