//! Flags that say what to look at; the same for every command.
use crate::scope::Scope;
use clap::Args;

/// What is given here replaces what a snapshot's manifest says.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Scope")]
pub struct ScopeArgs {
    /// The fleet project: the one that holds the mesh
    #[arg(long, env = "MESHDOCTOR_PROJECT", value_name = "PROJECT")]
    pub project: Option<String>,
    /// A project of Cloud Run services, where it is another (repeatable)
    #[arg(
        long,
        env = "MESHDOCTOR_SERVICE_PROJECT",
        value_name = "PROJECT",
        value_delimiter = ','
    )]
    pub service_project: Vec<String>,
    /// A region of Cloud Run services (repeatable)
    #[arg(long, env = "MESHDOCTOR_REGION", value_name = "REGION", value_delimiter = ',')]
    pub region: Vec<String>,
    /// A Cloud Run service, by name or glob (repeatable)
    #[arg(long, env = "MESHDOCTOR_SERVICE", value_name = "GLOB", value_delimiter = ',')]
    pub service: Vec<String>,
    /// A fleet membership (repeatable)
    #[arg(
        long,
        env = "MESHDOCTOR_MEMBERSHIP",
        value_name = "NAME",
        value_delimiter = ','
    )]
    pub membership: Vec<String>,
    /// A URL that the clients should be able to call
    #[arg(long, env = "MESHDOCTOR_URL", value_name = "URL")]
    pub url: Option<String>,
}

impl ScopeArgs {
    /// Lays the flags over a manifest's scope.
    pub fn apply(&self, scope: &mut Scope) {
        let lists = [
            (&self.service_project, &mut scope.service_projects),
            (&self.region, &mut scope.regions),
            (&self.service, &mut scope.services),
            (&self.membership, &mut scope.memberships),
        ];
        for (given, kept) in lists {
            if !given.is_empty() {
                kept.clone_from(given);
            }
        }
        if let Some(project) = &self.project {
            scope.project.clone_from(project);
        }
        if let Some(url) = &self.url {
            scope.url.clone_from(url);
        }
    }
}
