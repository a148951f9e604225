//! Http rules that answer with an error themselves: faults put in for a test, and direct responses.
use super::order::matches_all;
use crate::k8s::istio::HttpRoute;
use crate::mesh::facts::{Exporter, Remark};
use serde_json::json;

/// Whether a rule aborts every call, and with what.
fn abort(rule: &HttpRoute) -> Option<String> {
    let abort = rule.fault.as_ref()?.abort.as_ref()?;
    if abort.percentage?.value < 100.0 {
        return None;
    }
    let is_error = abort.http_status >= 400 || !matches!(abort.grpc_status.as_str(), "" | "OK" | "0");
    let status = match abort.http_status {
        0 => format!("gRPC status {}", abort.grpc_status),
        status => status.to_string(),
    };
    is_error.then(|| format!("every call is aborted with {status}"))
}

/// Whether a rule answers itself with an error.
fn direct(rule: &HttpRoute) -> Option<String> {
    let status = rule.direct_response.as_ref()?.status;
    (status >= 400).then(|| format!("every call is answered with {status}"))
}

pub fn tell(rules: &[HttpRoute], facts: &mut Exporter) {
    // Rules after one that takes everything are never asked.
    let asked = rules.iter().position(matches_all).map(|at| at + 1);
    let asked = rules.get(..asked.unwrap_or(rules.len())).unwrap_or_default();
    facts.refuses_all = asked.last().is_some_and(matches_all)
        && asked
            .iter()
            .all(|rule| abort(rule).or_else(|| direct(rule)).is_some());
    let mut patch = Vec::new();
    for (i, rule) in asked.iter().enumerate() {
        let field = |name: &str| format!("spec.http[{i}].{name}");
        if let Some(why) = abort(rule) {
            facts.refusing.push(Remark {
                field: field("fault.abort"),
                value: rule.name.clone(),
                why,
            });
            patch.push(json!({"op": "remove", "path": format!("/spec/http/{i}/fault/abort")}).to_string());
        // One path that is closed on purpose is no fault; a host that says nothing else is.
        } else if let Some(why) = direct(rule).filter(|_| facts.refuses_all) {
            facts.refusing.push(Remark {
                field: field("directResponse"),
                value: rule.name.clone(),
                why,
            });
        }
    }
    let sound = asked.iter().all(|rule| direct(rule).is_none());
    facts.unfault_patch = if sound { patch.join(", ") } else { String::new() };
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    fn told(rules: Value) -> (Vec<String>, bool) {
        let mut facts = Exporter::default();
        tell(&serde_json::from_value::<Vec<_>>(rules).unwrap(), &mut facts);
        (
            facts.refusing.into_iter().map(|r| r.field).collect(),
            facts.refuses_all,
        )
    }

    #[test]
    fn only_what_every_call_meets_refuses_all() {
        let to = json!([{"destination": {"host": "a"}}]);
        let fault = |percent: f64, status: u16| json!({"abort": {"httpStatus": status, "percentage": {"value": percent}}});
        let on = json!([{"uri": {"prefix": "/v1"}}]);
        let abort = vec!["spec.http[0].fault.abort".to_owned()];
        assert_eq!(
            told(json!([{"route": to, "fault": fault(100.0, 503)}])),
            (abort.clone(), true)
        );
        assert_eq!(
            told(json!([{"match": on, "route": to, "fault": fault(100.0, 503)}, {"route": to}])),
            (abort, false)
        );
        for harmless in [
            json!([{"route": to, "fault": fault(50.0, 503)}]),
            json!([{"route": to, "fault": fault(100.0, 200)}]),
            json!([{"route": to, "fault": {"abort": {"httpStatus": 503}}}]),
            json!([{"route": to, "fault": {"delay": {"fixedDelay": "1s"}}}]),
            json!([{"match": on, "directResponse": {"status": 403}}, {"route": to}]),
            json!([{"route": to}, {"directResponse": {"status": 503}}]),
            json!([{"match": on, "route": to}, {"directResponse": {"status": 404}}]),
            json!([{"directResponse": {"status": 204}}]),
            json!([]),
        ] {
            assert_eq!(told(harmless.clone()), (Vec::new(), false), "{harmless}");
        }
        let direct = vec!["spec.http[0].directResponse".to_owned()];
        assert_eq!(
            told(json!([{"directResponse": {"status": 503}}, {"route": to}])),
            (direct, true)
        );
    }
}
