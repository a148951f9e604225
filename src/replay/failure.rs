//! The failure of a collector, as the manifest tells it, back into the error that the API gave.
use super::answer::{CODES, Refusal};
use crate::snapshot::CollectorOutcome;
use regex::Regex;
use std::sync::LazyLock;

/// `403 PERMISSION_DENIED: …`, `403 Forbidden: …`, `PERMISSION_DENIED: …`, `503: …`.
static TOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|\s)(?:HTTP )?(?:([1-5]\d\d)(?: ([A-Z][A-Za-z_]+))?|([A-Z][A-Z_]+)): (.+)$").ok()
});

/// The answer to a call that needs `permission` on `resource`.
pub fn refusal(outcome: &CollectorOutcome, permission: &str, resource: &str) -> Refusal {
    // Several failures are joined by "; ": the call's own is the one that names its permission.
    let pieces: Vec<&str> = outcome.error.split("; ").collect();
    let own = pieces.iter().find(|piece| names(piece, permission));
    let piece = own.or_else(|| pieces.first()).copied().unwrap_or_default();
    let needed = if own.is_some() || outcome.permission_needed.is_empty() {
        permission
    } else {
        &outcome.permission_needed
    };
    let (code, message) = told(piece).unwrap_or_else(|| {
        let code = if outcome.permission_needed.is_empty() {
            500
        } else {
            403
        };
        (code, piece.to_owned())
    });
    let message = if message.is_empty() {
        format!("Permission '{needed}' denied on resource '{resource}' (or it may not exist).")
    } else {
        message
    };
    if code != 403 {
        return Refusal::new(code, message);
    }
    let mut refusal = Refusal::denied(needed, resource, message);
    if refusal.message.contains("has not been used in project") || piece.contains("SERVICE_DISABLED") {
        refusal.reason = "SERVICE_DISABLED".into();
        refusal.metadata = [("consumer", resource), ("service", &service(&refusal.message))]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into();
    }
    refusal
}

/// Whether a text has a permission as a word: `….projects.getIamPolicy` is not `….projects.get`.
fn names(text: &str, permission: &str) -> bool {
    let own = |c: char| c.is_ascii_alphanumeric() || c == '.';
    text.split(|c| !own(c))
        .any(|word| word.trim_matches('.') == permission)
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

/// The API in `… API has not been used …/apis/api/NAME/overview?project=…`.
fn service(message: &str) -> String {
    let word = message
        .split(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-')
        .find(|word| word.ends_with(".googleapis.com"));
    word.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn outcome(error: &str, permission: &str) -> CollectorOutcome {
        CollectorOutcome {
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
        let refused = refusal(&both, "run.services.list", "projects/p");
        assert_eq!(refused.message, "Permission 'run.services.list' denied");
        assert_eq!(refused.metadata["permission"], "run.services.list");
    }

    #[test]
    fn what_was_no_denial_is_none() {
        let late = refusal(
            &outcome("list: 504 DEADLINE_EXCEEDED: too late", ""),
            "a.b.c",
            "projects/p",
        );
        assert_eq!((late.code, late.status.as_str()), (504, "DEADLINE_EXCEEDED"));
        assert_eq!(
            refusal(&outcome("broken pipe", ""), "a.b.c", "projects/p").code,
            500
        );
        let longer = outcome(
            "403 PERMISSION_DENIED: Permission 'a.b.getIamPolicy' denied",
            "a.b.getIamPolicy",
        );
        let refused = refusal(&longer, "a.b.get", "projects/p");
        assert_eq!(refused.metadata["permission"], "a.b.getIamPolicy");
        let by_name = refusal(&outcome("PERMISSION_DENIED: no", "x.y.z"), "a.b.c", "projects/p");
        assert_eq!((by_name.code, by_name.message.as_str()), (403, "no"));
    }
}
