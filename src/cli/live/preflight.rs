//! `check --preflight`: which permissions the caller has, before anything is collected.
use super::{LiveArgs, run};
use crate::cli::scope::ScopeArgs;
use crate::cli::{CliError, exit};
use crate::collect::google::{Client, Limits};
use crate::collect::{auth, permissions};
use crate::config::Settings;
use crate::report;
use std::collections::BTreeSet;
use tokio::sync::watch;

/// A table of permissions, a line each. The exit status is 3 where one is missing.
pub fn preflight(args: &LiveArgs, scope: &ScopeArgs, file: &Settings) -> Result<(String, u8), CliError> {
    let plan = args.plan(scope, file)?;
    run(async {
        let token = auth::find(&plan.sources).await.map_err(CliError::Usage)?;
        let (_keep, stop) = watch::channel(false);
        let deadline = tokio::time::Instant::now() + plan.timeout;
        let client = Client::new(
            plan.endpoints,
            token,
            plan.quota_project,
            Limits::default(),
            deadline,
            stop,
        )
        .map_err(|error| CliError::Usage(error.text))?;
        let mut projects = vec![plan.scope.project];
        projects.extend(plan.scope.service_projects);
        projects.dedup();
        let (mut text, mut status) = (String::new(), exit::FINE);
        for project in projects {
            let held = match permissions::held(&client, &project).await {
                Ok(held) => held,
                Err(error) => {
                    text.push_str(&format!("{project}: not known: {}\n", report::safe(&error.text)));
                    status = exit::INCONCLUSIVE;
                    continue;
                }
            };
            text.push_str(&format!("{project}\n"));
            let mut missing = BTreeSet::new();
            for need in permissions::all() {
                let word = match (held.contains(need.permission), need.optional) {
                    (true, _) => "yes",
                    (false, true) => "no, optional",
                    (false, false) => {
                        missing.insert(need.permission);
                        "NO"
                    }
                };
                let (collector, permission) = (need.collector, need.permission);
                text.push_str(&format!(
                    "  {word:<13}{collector:<14}{permission:<44}{}\n",
                    need.why
                ));
            }
            if !missing.is_empty() {
                status = exit::INCONCLUSIVE;
                text.push_str(&format!(
                    "  {} missing; `meshdoctor permissions --project {project}` prints the commands that grant them\n",
                    missing.len()
                ));
            }
        }
        Ok((text, status))
    })
}
