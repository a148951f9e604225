//! Facts of how the evidence was collected, and of the snapshot as a whole.
use super::{Fact, facts};

facts! {
    /// What became of a collector.
    pub struct Collection {
        /// The first collector that it befell: `iam`, `kubernetes`, …
        collector: String,
        /// All of them: what one call lacks, another may lack too.
        collectors: Vec<String>,
        /// `PERMISSION_MISSING`, `API_DISABLED`, `TIMED_OUT`, `UNAUTHENTICATED`, `UNREACHABLE`, `UNREADABLE`, `STOPPED` or `OTHER`; empty where nothing failed.
        kind: String,
        /// The calls that failed, in words.
        calls: Vec<String>,
        /// What was said to the first of them.
        error: String,
        /// The permission that was missing; of a cluster's RBAC `list pods`.
        permission: String,
        /// Where it was missing: `projects/mesh-prod`, `folders/4711`, `cluster prod`.
        resource: String,
        /// The same in words: `project mesh-prod`, `folder 4711`, `cluster prod`; empty where nothing tells.
        place: String,
        /// The project of it; empty where nothing tells, or where it is no project's.
        project: String,
        /// The folder or organization of it by its number; empty for none.
        ancestor: String,
        /// The organization above the project; empty where nothing tells.
        organization: String,
        /// The cluster whose RBAC it was; empty for none.
        cluster: String,
        /// The kinds that may not be listed there.
        cluster_kinds: Vec<String>,
        /// The smallest predefined role with the permission; empty where none is known.
        role: String,
        /// Where it is granted: `project`, `folder`, `organization`, `cluster`.
        level: String,
        /// Whether only detail is missing for it.
        optional: bool,
        /// The API that is disabled: `compute.googleapis.com`.
        service: String,
        /// Whether the listing of enabled APIs says so too, of an API that the mesh needs.
        service_known_disabled: bool,
        /// Whom to grant it, such as `user:you@example.com`; empty where nothing tells who collected.
        operator: String,
        /// The command that collected, with more time; empty where it is not known, as of a bundle.
        again: String,
    }
}

facts! {
    /// All that was collected, taken together.
    pub struct Whole {
        /// When it was collected.
        collected_at: String,
        /// What is not as the manifest says: file by file where it has checksums, else sources of which nothing is left.
        altered: Vec<String>,
        /// Whether any Cloud Run service names a mesh.
        has_mesh_clients: bool,
        /// Lines of logs.
        log_lines: i64,
        /// How far back the logs were read, as it was asked for.
        since: String,
        /// The command that collected, with a longer window of logs; empty where it is not known, as of a bundle.
        again: String,
        /// What is younger than the time of collection, with its own time.
        later_evidence: Vec<String>,
        /// By how many hours the youngest of it is.
        hours_later: i64,
        /// By how many hours the youngest log entry looked at is older than the window that was asked for; unknown without such a window or entries.
        hours_before_window: Fact<i64>,
        /// The scope's project; empty where nobody said.
        project: String,
        /// Whether anything is of that project, where anything is of a project at all.
        project_seen: bool,
        /// The projects that something is of.
        projects: Vec<String>,
        /// Meshes of connected proxies that no client names and no cluster offers.
        foreign_meshes: Vec<String>,
    }
}
