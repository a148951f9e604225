//! `check --preflight`: what the caller may see, before anything is collected.
use super::{LiveArgs, run};
use crate::cli::scope::ScopeArgs;
use crate::cli::{CliError, preflight};
use crate::collect::{Asked, auth, preflight as access};
use crate::config::Settings;
use std::sync::Arc;

/// A table of what the caller may see. The exit status is 3 where something needed is not.
pub fn preflight(args: &LiveArgs, scope: &ScopeArgs, file: &Settings) -> Result<(String, u8), CliError> {
    let plan = args.plan(scope, file)?;
    let member = plan.operator.clone();
    run(async {
        let found = auth::find(&plan.sources, &plan.endpoints)
            .await
            .map_err(CliError::Usage)?;
        let request = plan.request(found, Arc::default(), Asked::everything());
        let places = access::run(request).await;
        let places = places.map_err(|error| CliError::Usage(error.to_string()))?;
        Ok(preflight::table(&places, member.as_deref()))
    })
}
