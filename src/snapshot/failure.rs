//! One call of a collector that did not bring what it should have, and of what kind that was.
use super::{CollectorOutcome, Status};
use crate::gcp::access;
use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

/// One failed call, or several that failed alike.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Failure {
    /// The call in words, empty where nobody says: `list the services of region us-central1 in mesh-prod`.
    pub call: String,
    /// What the API said: `403 PERMISSION_DENIED: Permission 'run.services.list' denied`.
    pub error: String,
    pub kind: FailureKind,
    /// `run.services.list`, or of a cluster's RBAC `list pods`, where one was missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permission: Option<String>,
    /// On which resource, `projects/mesh-prod`; of an API that is disabled, the project that needs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The API that is disabled: `compute.googleapis.com`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
}

/// What stood against a call.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FailureKind {
    /// The caller lacks a permission, of IAM or of a cluster's RBAC.
    PermissionMissing,
    /// The API is not enabled in the project that asks.
    ApiDisabled,
    /// No answer in time, or the API's own deadline.
    TimedOut,
    /// The credentials are none, or are refused.
    Unauthenticated,
    /// No connection, one that breaks, or an API that says "later" for ever (429, 5xx).
    Unreachable,
    /// An answer that is not what the API gives: HTML, cut off, pages in a circle.
    Unreadable,
    /// The user stopped it.
    Stopped,
    /// Anything else, and what a newer version calls otherwise.
    #[default]
    #[serde(other)]
    Other,
}

impl FailureKind {
    /// As the manifest writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PermissionMissing => "PERMISSION_MISSING",
            Self::ApiDisabled => "API_DISABLED",
            Self::TimedOut => "TIMED_OUT",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::Unreachable => "UNREACHABLE",
            Self::Unreadable => "UNREADABLE",
            Self::Stopped => "STOPPED",
            Self::Other => "OTHER",
        }
    }
}

impl Failure {
    /// One whose call is named later.
    pub fn new(kind: FailureKind, error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            kind,
            ..Self::default()
        }
    }

    pub fn of_call(self, call: impl Into<String>) -> Self {
        Self {
            call: call.into(),
            ..self
        }
    }

    /// The call, what was said, and the permission that was missing where nobody said it.
    pub fn told(&self) -> String {
        let mut text = format!("{}: {}", self.call, self.error);
        if let Some(permission) = &self.permission
            && !text.contains(permission.as_str())
        {
            text.push_str(&format!(" (needs {permission}"));
            if let Some(resource) = &self.resource {
                text.push_str(&format!(" on {resource}"));
            }
            text.push(')');
        }
        text
    }

    /// Without names that have not the form of what they name: they are words of others.
    fn formed(self) -> Self {
        Self {
            permission: self.permission.filter(|text| is_permission(text)),
            resource: self.resource.filter(|text| is_resource(text)),
            service: self.service.filter(|text| is_resource(text)),
            ..self
        }
    }

    /// Whether only detail is missing for it: a permission without which a world can still be called healthy, or any on
    /// what stands above the project. What those would have said stays unknown, and each rule that needs it says so.
    pub fn is_detail(&self) -> bool {
        let permission = self.permission.as_deref().unwrap_or_default();
        let mut parts = self.resource.as_deref().unwrap_or_default().split('/');
        let above = parts.any(|part| matches!(part, "folders" | "organizations"));
        self.kind == FailureKind::PermissionMissing
            && (above || access::grant(permission).is_some_and(|grant| grant.optional))
    }
}

/// The permission and the resource as messages name them: IAM's way, then Compute Engine's.
static DENIED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:[Pp]ermission '([^']+)' denied|Required '([^']+)' permission)(?: (?:on|for)(?: resource)? '([^']+)')?")
        .ok()
});

/// The permission, and the resource where it is named too, in `Permission 'run.services.list' denied on resource '…'`.
pub fn denied(message: &str) -> (Option<String>, Option<String>) {
    let Some(found) = DENIED.as_ref().and_then(|denied| denied.captures(message)) else {
        return (None, None);
    };
    let told = |group: usize| found.get(group).map(|m| m.as_str().to_owned());
    let permission = told(1).or_else(|| told(2)).filter(|text| is_permission(text));
    (permission, told(3).filter(|text| is_resource(text)))
}

/// `run.services.list`, or `list pods` of a cluster's RBAC. Others say what was missing: what has not the form is not shown.
pub fn is_permission(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^(?:list )?[a-z][\w.-]*$").ok());
    FORM.as_ref().is_some_and(|form| form.is_match(text))
}

/// `projects/mesh-prod`, `//cloudresourcemanager.googleapis.com/projects/mesh-prod`, `cluster prod`, `dns.googleapis.com`.
pub fn is_resource(text: &str) -> bool {
    static FORM: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"^(?:cluster )?[\w./:@%~*+-]+$").ok());
    FORM.as_ref().is_some_and(|form| form.is_match(text))
}

/// Whether a refusal is a perimeter's or a billing account's: then no role helps.
pub fn is_beyond_roles(text: &str) -> bool {
    const WORDS: [&str; 5] = [
        "VPC_SERVICE_CONTROLS",
        "VPC Service Controls",
        "vpcServiceControlsUniqueIdentifier",
        "Request is prohibited by organization's policy",
        "BILLING_DISABLED",
    ];
    WORDS.iter().any(|word| text.contains(word))
}

/// An API's name and the project that lacks it, in `… API has not been used in project P before or it is disabled …`.
static DISABLED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"has not been used in project ([A-Za-z0-9:.-]+)(?:.*?/apis?/(?:api/)?([a-z0-9-]+\.googleapis\.com))?").ok()
});

/// `google.rpc.Code`, alone or behind HTTP's or gRPC's number, at the start of what an API said.
static CODE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?:^|: )((?:\d{1,3} )?[A-Z][A-Z_]{6,}|[1-5]\d\d(?: [A-Za-z_]+)?)(?::|$)").ok()
});

impl CollectorOutcome {
    /// Each failure by itself; of a manifest that has only the joined text, what that says beyond doubt.
    pub fn each_failure(&self) -> Vec<Failure> {
        if !self.failures.is_empty() || !matches!(self.status, Status::Failed | Status::Partial) {
            return self.failures.iter().cloned().map(Failure::formed).collect();
        }
        let mut pieces: Vec<String> = Vec::new();
        for piece in self.error.split("; ") {
            // What tells no kind of its own is the rest of the piece before it: error texts have semicolons too.
            match pieces.last_mut() {
                Some(last) if kind_of(piece) == FailureKind::Other => *last = format!("{last}; {piece}"),
                _ => pieces.push(piece.to_owned()),
            }
        }
        pieces.iter().map(|piece| self.failure_of(piece)).collect()
    }

    fn failure_of(&self, piece: &str) -> Failure {
        let (call, error) = split_call(piece);
        let mut failure = Failure::new(kind_of(error), error).of_call(call);
        if failure.error.is_empty() && !self.permission_needed.is_empty() {
            failure.kind = FailureKind::PermissionMissing;
        }
        match failure.kind {
            FailureKind::PermissionMissing => {
                let (permission, resource) = denied(error);
                let told = Some(self.permission_needed.clone()).filter(|text| !text.is_empty());
                failure.permission = permission.or(told);
                // A cluster's own no quotes no resource: the call says which cluster it was.
                let in_cluster = failure
                    .call
                    .rfind("cluster ")
                    .and_then(|at| failure.call.get(at..));
                let of_cluster = failure.permission.as_deref().and_then(access::of_cluster);
                failure.resource = resource.or_else(|| of_cluster.and(in_cluster).map(str::to_owned));
                if failure.permission.is_none() {
                    failure.kind = FailureKind::Other;
                }
            }
            FailureKind::ApiDisabled => {
                let found = DISABLED.as_ref().and_then(|disabled| disabled.captures(error));
                let told = |group: usize| Some(found.as_ref()?.get(group)?.as_str().to_owned());
                failure.resource = told(1).map(|project| format!("projects/{project}"));
                failure.service = told(2);
            }
            _ => {}
        }
        failure
    }
}

/// The call in words, where the text starts with one, and what the API said.
fn split_call(piece: &str) -> (&str, &str) {
    let found = CODE.as_ref().and_then(|code| code.captures(piece)?.get(1));
    match found.map(|code| code.start()) {
        Some(0) => ("", piece),
        Some(at) => {
            let (call, error) = piece.split_at(at);
            (call.trim_end_matches(": "), error)
        }
        None => piece
            .split_once(": ")
            .filter(|_| kind_of(piece) != FailureKind::Other)
            .unwrap_or(("", piece)),
    }
}

/// What an error's text says of its kind; nothing is guessed.
fn kind_of(text: &str) -> FailureKind {
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let code = CODE.as_ref().and_then(|code| code.captures(text)?.get(1));
    let code = code.map_or("", |code| code.as_str());
    let coded = |words: &[&str]| words.iter().any(|word| code.contains(word));
    if says(&[
        "SERVICE_DISABLED",
        "has not been used in project",
        "accessNotConfigured",
    ]) {
        FailureKind::ApiDisabled
    } else if is_beyond_roles(text) {
        FailureKind::Other
    } else if coded(&["403", "PERMISSION_DENIED", "Forbidden"]) || denied(text).0.is_some() {
        FailureKind::PermissionMissing
    } else if coded(&["504", "DEADLINE_EXCEEDED"]) || says(&["deadline", "no answer within", "timed out"]) {
        FailureKind::TimedOut
    } else if coded(&["401", "UNAUTHENTICATED"]) || says(&["no access token"]) {
        FailureKind::Unauthenticated
    } else if says(&[
        "is HTML",
        "HTML page",
        "is not JSON",
        "is JSON that breaks off",
        "go round in a circle",
    ]) {
        FailureKind::Unreadable
    } else if coded(&["429", "500", "502", "503", "UNAVAILABLE", "RESOURCE_EXHAUSTED"])
        || says(&["no connection", "the connection broke"])
    {
        FailureKind::Unreachable
    } else if says(&["by request"]) {
        FailureKind::Stopped
    } else {
        FailureKind::Other
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn told(error: &str, permission: &str) -> Vec<Failure> {
        let outcome = CollectorOutcome {
            name: "iam".into(),
            status: Status::Failed,
            error: error.into(),
            permission_needed: permission.into(),
            ..CollectorOutcome::default()
        };
        outcome.each_failure()
    }

    #[test]
    fn an_old_bundles_joined_text_is_taken_apart_call_by_call() {
        let found = told(
            "get the policy of p: 403 PERMISSION_DENIED: Permission 'a.b.get' denied on resource 'projects/p'; \
             list the zones of p: 403 PERMISSION_DENIED: Cloud DNS API has not been used in project 7 before or it is disabled. \
             Enable it by visiting https://console.developers.google.com/apis/api/dns.googleapis.com/overview?project=7; \
             enable it: gcloud services enable dns.googleapis.com; list the roles of p: not answered before the deadline",
            "a.b.get",
        );
        let kinds: Vec<_> = found.iter().map(|failure| failure.kind).collect();
        let expected = [
            FailureKind::PermissionMissing,
            FailureKind::ApiDisabled,
            FailureKind::TimedOut,
        ];
        assert_eq!(kinds, expected, "{found:#?}");
        assert_eq!(found[0].call, "get the policy of p");
        assert_eq!(found[0].permission.as_deref(), Some("a.b.get"));
        assert_eq!(found[0].resource.as_deref(), Some("projects/p"));
        assert_eq!(found[1].service.as_deref(), Some("dns.googleapis.com"));
        assert_eq!(found[1].resource.as_deref(), Some("projects/7"));
        assert!(
            found[1]
                .error
                .ends_with("gcloud services enable dns.googleapis.com")
        );
        assert_eq!(found[2].call, "list the roles of p");
    }

    #[test]
    fn what_a_text_does_not_say_is_not_guessed() {
        for (error, kind) in [
            ("403 PERMISSION_DENIED: no", FailureKind::Other),
            (
                "403: VPC Service Controls: request is prohibited",
                FailureKind::Other,
            ),
            ("it rained", FailureKind::Other),
            ("", FailureKind::Other),
            ("list: 503 UNAVAILABLE: later", FailureKind::Unreachable),
            (
                "7 PERMISSION_DENIED: Permission 'a.b.c' denied",
                FailureKind::PermissionMissing,
            ),
            (
                "PERMISSION_DENIED: Permission 'a.b.c' denied",
                FailureKind::PermissionMissing,
            ),
        ] {
            assert_eq!(told(error, "").last().unwrap().kind, kind, "{error}");
        }
        assert_eq!(told("", "a.b.c")[0].permission.as_deref(), Some("a.b.c"));
    }

    #[test]
    fn a_clusters_no_is_of_the_cluster_that_was_asked() {
        let found = told(
            "list pods of namespace ads of cluster prod: 403 Forbidden: no",
            "list pods",
        );
        assert_eq!(found[0].kind, FailureKind::PermissionMissing, "{found:#?}");
        assert_eq!(found[0].resource.as_deref(), Some("cluster prod"));
    }

    #[test]
    fn a_kind_that_this_version_does_not_know_is_read() {
        let failure: Failure = serde_json::from_str(r#"{"call":"x","error":"y","kind":"ECLIPSE"}"#).unwrap();
        assert_eq!(failure.kind, FailureKind::Other);
        for kind in [FailureKind::ApiDisabled, FailureKind::Other] {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
    }
}
