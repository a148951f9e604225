//! Flags that say what to look at; the same for every command.
use super::CliError;
use crate::config::Settings;
use crate::scope::{Scope, host_of};
use crate::snapshot::{Snapshot, Warning};
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
    /// A URL that the clients should be able to call; whether its host is on offer is looked at, not its path or port
    #[arg(long, env = "MESHDOCTOR_URL", value_name = "URL")]
    pub url: Option<String>,
}

impl ScopeArgs {
    /// The URL of the flag or its variable, else of the configuration file: whole, or refused.
    pub fn url(&self, file: &Settings) -> Result<Option<String>, CliError> {
        let of_file = || Some((file.text("url")?, format!("{}: url =", file.place("url")?)));
        let given = self.url.as_deref().map(|url| (url, "--url".to_owned()));
        let Some((url, place)) = given.or_else(of_file) else {
            return Ok(None);
        };
        match host_of(url) {
            Ok(_) => Ok(Some(url.to_owned())),
            Err(problem) => Err(CliError::Usage(format!(
                "{place} {url:?} is no URL that a client can call: {problem}\n  remedy: give scheme and host, such as \
                 --url http://ads.mesh.private/"
            ))),
        }
    }

    /// Names that the flags give and the snapshot does not have: a typo would otherwise look like an answer.
    pub fn unknown(&self, snapshot: &Snapshot) -> Option<String> {
        let memberships = snapshot.memberships();
        let missing = self.membership.iter().find(|m| !memberships.contains(m.as_str()));
        if let Some(name) = missing
            && !memberships.is_empty()
        {
            let known: Vec<&str> = memberships.into_iter().collect();
            return Some(format!(
                "no membership {name} in the snapshot\n  remedy: one of {}",
                known.join(", ")
            ));
        }
        None
    }

    /// Lays the flags over the snapshot: what they leave out is not looked at.
    pub fn apply(&self, snapshot: &mut Snapshot) {
        if !self.region.is_empty() {
            let wanted = |region: &String| self.region.contains(region);
            snapshot
                .cloud_run
                .values_mut()
                .for_each(|regions| regions.retain(|region, _| wanted(region)));
        }
        if !self.membership.is_empty() {
            snapshot
                .kubernetes
                .retain(|name, _| self.membership.contains(name));
        }
        self.apply_to(&mut snapshot.manifest.scope);
        let url = &snapshot.manifest.scope.url;
        if !url.is_empty()
            && let Err(problem) = host_of(url)
        {
            // Whoever made the bundle could ask for anything; nobody may take it for answered.
            snapshot.world.warnings.push(Warning {
                origin: "bundle.json".into(),
                text: format!(
                    "the URL of its scope, {url:?}, is not looked at: {problem}; give one with --url"
                ),
            });
        }
    }

    fn apply_to(&self, scope: &mut Scope) {
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
