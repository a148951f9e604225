//! Which xDS clients a CSDS request means: matchers on the node's id and metadata.
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::r#type::matcher::v3::{
    DoubleMatcher, NodeMatcher, StringMatcher, StructMatcher, ValueMatcher, double_matcher, list_matcher,
    string_matcher, struct_matcher::path_segment::Segment, value_matcher,
};
use envoy_types::pb::google::protobuf::{Value, value::Kind};
use regex::Regex;

/// The key that Traffic Director demands of every matcher.
pub const PROJECT: &str = "TRAFFICDIRECTOR_GCP_PROJECT_NUMBER";
/// Of a matcher exactly one of these.
pub const NETWORK: &str = "TRAFFICDIRECTOR_NETWORK_NAME";
pub const MESH: &str = "TRAFFICDIRECTOR_MESH_SCOPE_NAME";

/// The exact text that a matcher wants of a metadata key.
pub fn wanted<'m>(matcher: &'m NodeMatcher, key: &str) -> Option<&'m str> {
    matcher.node_metadatas.iter().find_map(|own| {
        let [segment] = own.path.as_slice() else {
            return None;
        };
        let Some(Segment::Key(name)) = &segment.segment else {
            return None;
        };
        match own.value.as_ref()?.match_pattern.as_ref()? {
            value_matcher::MatchPattern::StringMatch(StringMatcher {
                match_pattern: Some(string_matcher::MatchPattern::Exact(text)),
                ..
            }) if name == key => Some(text.as_str()),
            _ => None,
        }
    })
}

/// Whether a node is meant: its id and all of the metadata.
pub fn matches(matcher: &NodeMatcher, node: &Node) -> bool {
    let by_id = matcher
        .node_id
        .as_ref()
        .is_none_or(|own| text_matches(own, &node.id));
    by_id && matcher.node_metadatas.iter().all(|own| metadata(own, node))
}

fn metadata(matcher: &StructMatcher, node: &Node) -> bool {
    let keys: Vec<&str> = matcher
        .path
        .iter()
        .filter_map(|segment| segment.segment.as_ref())
        .map(|Segment::Key(key)| key.as_str())
        .collect();
    let Some(pattern) = &matcher.value else {
        return false;
    };
    let Some((first, rest)) = keys.split_first() else {
        return false;
    };
    let mut own = node
        .metadata
        .as_ref()
        .and_then(|metadata| metadata.fields.get(*first).cloned());
    for key in rest {
        own = match own.and_then(|value| value.kind) {
            Some(Kind::StructValue(inner)) => inner.fields.get(*key).cloned(),
            _ => None,
        };
    }
    match own {
        Some(value) => value_matches(pattern, &value),
        None => from_id(first, &node.id).is_none_or(|value| value_matches(pattern, &value)),
    }
}

/// What a node's id says where its metadata does not: `projects/NUMBER/networks/mesh:MESH/nodes/ID`.
/// `None` where neither tells: the node is in the answer of this project, so it was of what was asked then.
fn from_id(key: &str, id: &str) -> Option<Value> {
    let parts: Vec<&str> = id.split('/').collect();
    let text = |text: &str| {
        Some(Value {
            kind: Some(Kind::StringValue(text.to_owned())),
        })
    };
    let ["projects", project, "networks", network, ..] = parts.as_slice() else {
        return match key {
            PROJECT | NETWORK | MESH => None,
            _ => Some(Value { kind: None }),
        };
    };
    match key {
        PROJECT => text(project),
        NETWORK => text(network),
        MESH => text(network.strip_prefix("mesh:").unwrap_or_default()),
        _ => Some(Value { kind: None }),
    }
}

fn value_matches(matcher: &ValueMatcher, value: &Value) -> bool {
    use value_matcher::MatchPattern;
    let kind = value.kind.as_ref();
    match (&matcher.match_pattern, kind) {
        (Some(MatchPattern::PresentMatch(wanted)), kind) => kind.is_some() == *wanted,
        (Some(MatchPattern::StringMatch(pattern)), Some(Kind::StringValue(text))) => {
            text_matches(pattern, text)
        }
        (Some(MatchPattern::BoolMatch(wanted)), Some(Kind::BoolValue(own))) => wanted == own,
        (Some(MatchPattern::DoubleMatch(pattern)), Some(Kind::NumberValue(own))) => number(pattern, *own),
        (Some(MatchPattern::NullMatch(_)), Some(Kind::NullValue(_))) => true,
        (Some(MatchPattern::ListMatch(pattern)), Some(Kind::ListValue(list))) => match &pattern.match_pattern
        {
            Some(list_matcher::MatchPattern::OneOf(inner)) => {
                list.values.iter().any(|item| value_matches(inner, item))
            }
            None => false,
        },
        (Some(MatchPattern::OrMatch(any)), _) => {
            any.value_matchers.iter().any(|inner| value_matches(inner, value))
        }
        _ => false,
    }
}

fn number(pattern: &DoubleMatcher, own: f64) -> bool {
    match &pattern.match_pattern {
        Some(double_matcher::MatchPattern::Range(range)) => range.start <= own && own < range.end,
        Some(double_matcher::MatchPattern::Exact(wanted)) => wanted.total_cmp(&own).is_eq(),
        None => false,
    }
}

fn text_matches(matcher: &StringMatcher, text: &str) -> bool {
    use string_matcher::MatchPattern;
    let fold = |text: &str| {
        if matcher.ignore_case {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    };
    let own = fold(text);
    match &matcher.match_pattern {
        Some(MatchPattern::Exact(wanted)) => own == fold(wanted),
        Some(MatchPattern::Prefix(wanted)) => own.starts_with(&fold(wanted)),
        Some(MatchPattern::Suffix(wanted)) => own.ends_with(&fold(wanted)),
        Some(MatchPattern::Contains(wanted)) => own.contains(&fold(wanted)),
        Some(MatchPattern::SafeRegex(pattern)) => {
            // The whole text, as Envoy's matcher wants it.
            Regex::new(&format!("^(?:{})$", pattern.regex)).is_ok_and(|pattern| pattern.is_match(text))
        }
        _ => false,
    }
}
