//! The failure of a collector, as the manifest tells it, back into the error that the API gave.
use super::answer::{CODES, Refusal};
use crate::snapshot::{CollectorOutcome, Failure, FailureKind, Status};
use regex::Regex;
use std::cmp::Reverse;
use std::sync::LazyLock;

/// `403 PERMISSION_DENIED: …`, `403 Forbidden: …`, `PERMISSION_DENIED: …`, `503: …`.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|\s)(?:HTTP )?(?:([1-5]\d\d)(?: ([A-Za-z][A-Za-z_]+))?|([A-Z][A-Z_]+)): (.+)$").ok()
});

/// The answer to a call that needs `permission` on `resource`, and whose file is not there. None where nothing says that
/// it failed: then the collector had all it should.
pub fn refusal(outcome: &CollectorOutcome, permission: &str, resource: &str) -> Option<Refusal> {
    let failures = outcome.each_failure();
    let asked = |failure: &&Failure| {
        let named = failure.permission.as_deref().unwrap_or_default();
        let own = named == permission || named.strip_prefix("list ") == Some(permission);
        (own, is_on(failure, resource), failure.permission.is_none())
    };
    // Of several failures the one of this very call; else one that may have been of any.
    let failure = failures.iter().min_by_key(|failure| Reverse(asked(failure)))?;
    let incomplete = matches!(outcome.status, Status::Failed | Status::Partial);
    if !incomplete && !matches!(asked(&failure), (true, true, _)) {
        return None;
    }
    Some(answer(failure, permission, resource))
}

/// What ends a listing of which the beginning is there: the failure on this very resource, or one that names none.
pub fn end(outcome: &CollectorOutcome, permission: &str, resource: &str) -> Option<Refusal> {
    if !matches!(outcome.status, Status::Failed | Status::Partial) {
        return None;
    }
    let failures = outcome.each_failure();
    let here = |failure: &&Failure| failure.resource.is_none() || is_on(failure, resource);
    let failure = failures.iter().find(here)?;
    Some(answer(failure, permission, resource))
}

fn is_on(failure: &Failure, resource: &str) -> bool {
    let on = failure.resource.as_deref().unwrap_or_default();
    on == resource || on.ends_with(&format!("/{resource}")) || on.contains(&format!("{resource}/"))
}

/// The answer to a call by the words in which collectors name it; `None` where nothing says that it failed.
pub fn of_call(outcome: &CollectorOutcome, permission: &str, resource: &str, call: &str) -> Option<Refusal> {
    let failures = outcome.each_failure();
    let own = |failure: &&Failure| {
        let named = failure.permission.as_deref() == Some(permission) && is_on(failure, resource);
        named || failure.call.contains(call)
    };
    let failure = failures.iter().find(own)?;
    Some(answer(failure, permission, resource))
}

fn answer(failure: &Failure, permission: &str, resource: &str) -> Refusal {
    let told = told(&failure.error);
    let message = told
        .as_ref()
        .map_or(failure.error.as_str(), |(_, message)| message);
    let on = failure.resource.as_deref().unwrap_or(resource);
    match failure.kind {
        FailureKind::PermissionMissing => {
            let needed = failure.permission.as_deref().unwrap_or(permission);
            let unsaid = format!("Permission '{needed}' denied on resource '{on}' (or it may not exist).");
            Refusal::denied(needed, on, if message.is_empty() { &unsaid } else { message })
        }
        FailureKind::ApiDisabled => {
            let mut refusal = Refusal::new(403, message);
            refusal.reason = "SERVICE_DISABLED".into();
            let service = failure.service.clone().unwrap_or_default();
            refusal.metadata = [("consumer", on.to_owned()), ("service", service)]
                .map(|(key, value)| (key.to_owned(), value))
                .into();
            refusal
        }
        kind => {
            let code = told.as_ref().map_or_else(|| code_of(kind), |(code, _)| *code);
            let mut refusal = Refusal::new(code, message);
            refusal.unreadable = kind == FailureKind::Unreadable && told.is_none();
            if code == 403 {
                // Whoever asks must not take it for a permission that a role would give.
                refusal.reason = "SECURITY_POLICY_VIOLATED".into();
            }
            refusal
        }
    }
}

/// The HTTP status of a failure whose words have none.
fn code_of(kind: FailureKind) -> u16 {
    match kind {
        FailureKind::PermissionMissing | FailureKind::ApiDisabled => 403,
        FailureKind::TimedOut => 504,
        FailureKind::Unauthenticated => 401,
        FailureKind::Unreachable => 503,
        FailureKind::Stopped => 499,
        FailureKind::Unreadable | FailureKind::Other => 500,
    }
}

/// HTTP's code and the message, where the text has them.
fn told(text: &str) -> Option<(u16, String)> {
    let found = TOLD.as_ref()?.captures(text)?;
    let name = found.get(2).or_else(|| found.get(3)).map_or("", |m| m.as_str());
    let by_name = CODES
        .iter()
        .find(|(known, ..)| *known == name)
        .map(|(_, code, _)| *code);
    let code = found.get(1).and_then(|code| code.as_str().parse().ok());
    let code = code.or(by_name).filter(|code| *code >= 400)?;
    Some((code, found.get(4)?.as_str().to_owned()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn outcome(error: &str, permission: &str) -> CollectorOutcome {
        CollectorOutcome {
            status: Status::Failed,
            error: error.into(),
            permission_needed: permission.into(),
            ..CollectorOutcome::default()
        }
    }

    #[test]
    fn the_call_that_names_the_permission_gets_its_own_words() {
        let both = outcome(
            "list services: 403 PERMISSION_DENIED: Permission 'run.services.list' denied; list revisions: 503 UNAVAILABLE: later",
            "run.services.list",
        );
        let refused = refusal(&both, "run.services.list", "projects/p").unwrap();
        assert_eq!(refused.message, "Permission 'run.services.list' denied");
        assert_eq!(refused.metadata["permission"], "run.services.list");
        let other = refusal(&both, "run.revisions.list", "projects/p").unwrap();
        assert_eq!((other.code, other.message.as_str()), (503, "later"));
    }

    #[test]
    fn what_was_no_denial_is_none() {
        let late = outcome("list: 504 DEADLINE_EXCEEDED: too late", "");
        let late = refusal(&late, "a.b.c", "projects/p").unwrap();
        assert_eq!((late.code, late.status.as_str()), (504, "DEADLINE_EXCEEDED"));
        let broken = refusal(&outcome("broken pipe", ""), "a.b.c", "projects/p").unwrap();
        assert_eq!(broken.code, 500);
        let longer = outcome(
            "403 PERMISSION_DENIED: Permission 'a.b.getIamPolicy' denied",
            "a.b.getIamPolicy",
        );
        let refused = refusal(&longer, "a.b.get", "projects/p").unwrap();
        assert_eq!(refused.metadata["permission"], "a.b.getIamPolicy");
        let by_name = refusal(&outcome("PERMISSION_DENIED: no", "x.y.z"), "a.b.c", "projects/p").unwrap();
        assert_eq!((by_name.code, by_name.message.as_str()), (403, "no"));
    }

    #[test]
    fn a_collector_that_lacks_a_detail_fails_no_other_call() {
        let mut told = CollectorOutcome::default();
        told.failures.push(Failure {
            permission: Some("resourcemanager.folders.getIamPolicy".into()),
            resource: Some("folders/47".into()),
            ..Failure::new(FailureKind::PermissionMissing, "403 PERMISSION_DENIED: no")
        });
        assert_eq!(refusal(&told, "iam.roles.list", "projects/p"), None);
        let folder = refusal(&told, "resourcemanager.folders.getIamPolicy", "folders/47").unwrap();
        assert_eq!((folder.code, folder.message.as_str()), (403, "no"));
    }
}
