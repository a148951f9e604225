//! The file of `--faults`: a list in YAML, each entry looked at before anything is served.
use super::csds;
use super::faults::{Action, Fault, Faults, Times};
use axum::http::{HeaderName, HeaderValue, Method};
use serde_saphyr::Spanned;

/// How the first piece of every path begins that is answered here.
const ROOTS: [&str; 7] = [
    "/v1/",
    "/v2/",
    "/v3/",
    "/compute/v1/",
    "/dns/v1/",
    "/kubernetes/",
    csds::SERVICE,
];
/// The methods that a request can have.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::POST,
    Method::HEAD,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// What is wrong with a file of faults, and in which line, 1-based.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct BadFault {
    pub line: Option<u64>,
    pub problem: String,
}

impl Faults {
    /// # Errors
    /// What is wrong with the text, and where.
    pub fn parse(text: &str) -> Result<Self, BadFault> {
        let items: Vec<Spanned<serde_json::Value>> = serde_saphyr::from_str(text).map_err(|error| {
            let told = error.to_string();
            let first = told.lines().next().unwrap_or_default();
            let first = first.trim_start_matches("error: ");
            let place = error.location();
            let prefix = place.map(|at| format!("line {} column {}: ", at.line(), at.column()));
            BadFault {
                line: place.map(|at| at.line()),
                problem: first
                    .trim_start_matches(prefix.as_deref().unwrap_or_default())
                    .to_owned(),
            }
        })?;
        let faults = items.into_iter().map(|item| {
            let line = item.referenced.line();
            let fault = serde_json::from_value(item.value).map_err(|error| error.to_string());
            fault
                .and_then(|fault| checked(fault, line))
                .map_err(|problem| BadFault {
                    line: Some(line),
                    problem,
                })
        });
        Ok(Self {
            faults: faults.collect::<Result<_, _>>()?,
        })
    }
}

/// What would be read and then never happen.
fn checked(mut fault: Fault, line: u64) -> Result<Fault, String> {
    let path = &fault.place.path;
    let head = path.split('*').next().unwrap_or_default();
    if path.contains('?') {
        return Err(format!("path {path:?}: only the path is matched, not the query"));
    }
    if !ROOTS
        .iter()
        .any(|root| root.starts_with(head) || head.starts_with(root))
    {
        return Err(format!(
            "path {path:?}: nothing is served there; paths begin with {}, or with * for any",
            ROOTS.join(", ")
        ));
    }
    if let Some(method) = &fault.place.method
        && !METHODS
            .iter()
            .any(|known| known.as_str().eq_ignore_ascii_case(method))
    {
        let known: Vec<&str> = METHODS.iter().map(Method::as_str).collect();
        return Err(format!("method {method:?}: one of {}", known.join(", ")));
    }
    if matches!(fault.times, Times::Number(0)) {
        return Err("times: 0 is never".to_owned());
    }
    if let Action::Status { code, headers, .. } = &fault.action {
        if !(200..=599).contains(code) {
            return Err(format!("status code {code}: 200 to 599"));
        }
        for (name, value) in headers {
            if name.parse::<HeaderName>().is_err() || value.parse::<HeaderValue>().is_err() {
                return Err(format!("header {name:?} cannot be sent as it is written"));
            }
        }
    }
    fault.line = line;
    Ok(fault)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_could_never_happen_is_refused_by_its_line() {
        let good = "# faults\n- match: { path: /v1/ }\n  action: html\n";
        for (bad, says) in [
            ("- match: { path: / }\n  action: expolde\n", "expolde"),
            ("- match: { path: / }\n  action: html\n  time: 1\n", "time"),
            ("- match: { path: /, verb: GET }\n  action: html\n", "verb"),
            ("- match: { path: / }\n  times: twice\n  action: html\n", "Times"),
            ("- match: { path: / }\n  times: 0\n  action: html\n", "times: 0"),
            (
                "- match: { path: v1/ }\n  action: html\n",
                "nothing is served there",
            ),
            (
                "- match: { path: /compute/v2/ }\n  action: html\n",
                "nothing is served there",
            ),
            (
                "- match: { path: /zones* }\n  action: html\n",
                "nothing is served there",
            ),
            (
                "- match: { path: '/v1/a?b=c' }\n  action: html\n",
                "not the query",
            ),
            (
                "- match: { path: /, method: GTE }\n  action: html\n",
                "one of GET",
            ),
            (
                "- match: { path: / }\n  action: { status: { code: 4030 } }\n",
                "200 to 599",
            ),
            (
                "- match: { path: / }\n  action: { status: { code: 403, boddy: x } }\n",
                "boddy",
            ),
            (
                "- match: { path: / }\n  action: { status: { code: 403, headers: { 'a b': x } } }\n",
                "header",
            ),
        ] {
            let error = Faults::parse(&format!("{good}{bad}")).unwrap_err();
            assert_eq!(error.line, Some(4), "{bad}: {error}");
            assert!(error.problem.contains(says), "{bad}: {error}");
        }
        let error = Faults::parse("- match: [\n").unwrap_err();
        assert!(error.line.is_some(), "{error}");
        for path in [
            "/",
            "*",
            "*/clusters",
            "/kube*/pods",
            "/dns/v1/*",
            "/envoy.service.status.v3.*",
        ] {
            let text = format!("- match: {{ path: '{path}' }}\n  action: html\n");
            assert!(Faults::parse(&text).is_ok(), "{path}");
        }
    }
}
