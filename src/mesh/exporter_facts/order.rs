//! Http rules that no request reaches: the first rule that matches is taken.
use crate::k8s::istio::{HttpMatch, HttpRoute, StringMatch};
use crate::mesh::facts::Remark;

pub fn unreachable(rules: &[HttpRoute]) -> Vec<Remark> {
    let mut found = Vec::new();
    for (i, rule) in rules.iter().enumerate() {
        let takes_all = |earlier: &HttpRoute| match rule.matches.as_slice() {
            [] => matches_all(earlier),
            conditions => conditions.iter().all(|c| covered(earlier, c)),
        };
        if let Some(by) = rules.iter().take(i).position(takes_all) {
            found.push(Remark {
                field: format!("spec.http[{i}]"),
                value: rule.name.clone(),
                why: format!("spec.http[{by}] takes all that it matches"),
            });
        }
    }
    found
}

/// Whether a rule takes every request.
pub fn matches_all(rule: &HttpRoute) -> bool {
    let root = |uri: &StringMatch| uri.prefix.as_deref() == Some("/");
    rule.matches.is_empty() || rule.matches.iter().any(|c| only_path(c).is_some_and(root))
}

/// Whether a rule takes every request that these conditions match.
fn covered(earlier: &HttpRoute, conditions: &HttpMatch) -> bool {
    if matches_all(earlier) {
        return true;
    }
    // A path without regard to case may be one that the earlier rule does not take.
    let path = conditions.uri.as_ref().filter(|_| !conditions.ignore_uri_case);
    let takes = |theirs: &StringMatch| match (&theirs.exact, &theirs.prefix, path) {
        (Some(exact), None, Some(path)) => path.exact.as_ref() == Some(exact),
        (None, Some(prefix), Some(path)) => {
            let text = path.exact.as_deref().or(path.prefix.as_deref());
            text.is_some_and(|text| text.starts_with(&**prefix))
        }
        _ => false,
    };
    earlier.matches.iter().any(|c| only_path(c).is_some_and(takes))
}

/// The condition on the path, where that is the only one.
fn only_path(conditions: &HttpMatch) -> Option<&StringMatch> {
    let HttpMatch {
        source_labels,
        source_namespace,
        gateways,
        uri,
        scheme,
        method,
        authority,
        headers,
        without_headers,
        query_params,
        port,
        ignore_uri_case: _,
    } = conditions;
    let others = [scheme, method, authority].into_iter().any(Option::is_some)
        || [headers, without_headers, query_params]
            .into_iter()
            .any(|c| !c.is_empty())
        || port.is_some()
        || !source_labels.is_empty()
        || !source_namespace.is_empty()
        || !gateways.is_empty();
    uri.as_ref().filter(|_| !others)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::unreachable;
    use serde_json::{Value, json};

    fn fields(rules: Value) -> Vec<String> {
        unreachable(&serde_json::from_value::<Vec<_>>(rules).unwrap())
            .into_iter()
            .map(|r| r.field)
            .collect()
    }

    #[test]
    fn what_an_earlier_rule_takes_as_a_whole_is_not_reached() {
        let on = |uri: Value| json!({"match": [{"uri": uri}]});
        let exact = |path: &str| on(json!({"exact": path}));
        let prefix = |path: &str| on(json!({"prefix": path}));
        assert_eq!(fields(json!([{}, prefix("/v2")])), ["spec.http[1]"]);
        assert_eq!(fields(json!([prefix("/"), {}])), ["spec.http[1]"]);
        assert_eq!(
            fields(json!([prefix("/v1"), exact("/v1/x"), {}])),
            ["spec.http[1]"]
        );
        assert_eq!(fields(json!([exact("/a"), exact("/a")])), ["spec.http[1]"]);
    }

    #[test]
    fn a_rule_with_something_left_to_match_is_reached() {
        let rule = |conditions: Value| json!({"match": conditions});
        let v1 = json!({"uri": {"prefix": "/v1"}});
        let post = json!({"uri": {"prefix": "/"}, "method": {"exact": "POST"}});
        assert_eq!(
            fields(json!([rule(json!([post])), rule(json!([v1])), {}])),
            [""; 0]
        );
        let case = json!({"uri": {"prefix": "/v1/x"}, "ignoreUriCase": true});
        assert_eq!(fields(json!([rule(json!([v1])), rule(json!([case]))])), [""; 0]);
        let regex = json!({"uri": {"regex": "/v1.*"}});
        assert_eq!(fields(json!([rule(json!([v1])), rule(json!([regex]))])), [""; 0]);
        let two = json!([{"uri": {"prefix": "/v1/x"}}, {"uri": {"prefix": "/v2"}}]);
        assert_eq!(fields(json!([rule(json!([v1])), rule(two)])), [""; 0]);
    }
}
