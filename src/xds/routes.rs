//! Route configurations opened: virtual hosts, matches in words, and where the requests go.
use super::{Action, PathMatch, Route, RouteConfig, VirtualHost};
use envoy_types::pb::envoy::config::route::v3 as pb;
use pb::header_matcher::HeaderMatchSpecifier;
use pb::route_action::ClusterSpecifier;
use pb::route_match::PathSpecifier;
use prost::{DecodeError, Message, Name};

/// A `RouteConfiguration` that is opened one virtual host at a time: tables are long, and Envoy's types are large.
#[derive(Clone, PartialEq, Message)]
pub struct Table {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(bytes = "vec", repeated, tag = "2")]
    virtual_hosts: Vec<Vec<u8>>,
    #[prost(message, optional, tag = "9")]
    vhds: Option<pb::Vhds>,
}

impl Name for Table {
    const NAME: &'static str = pb::RouteConfiguration::NAME;
    const PACKAGE: &'static str = pb::RouteConfiguration::PACKAGE;
}

/// A `RouteConfiguration`.
pub fn table(message: Table) -> Result<RouteConfig, DecodeError> {
    let hosts = message.virtual_hosts.iter();
    Ok(RouteConfig {
        name: message.name,
        virtual_hosts: hosts
            .map(|bytes| pb::VirtualHost::decode(bytes.as_slice()).map(virtual_host))
            .collect::<Result<_, _>>()?,
        partly_elsewhere: message.vhds.is_some(),
    })
}

/// The same within another message.
pub fn config(message: pb::RouteConfiguration) -> RouteConfig {
    RouteConfig {
        name: message.name,
        virtual_hosts: opened(message.virtual_hosts, virtual_host),
        partly_elsewhere: message.vhds.is_some(),
    }
}

/// Collecting would keep the room of Envoy's types, which are many times as large.
fn opened<T, U>(messages: Vec<T>, open: impl Fn(T) -> U) -> Vec<U> {
    let mut opened = Vec::with_capacity(messages.len());
    opened.extend(messages.into_iter().map(open));
    opened
}

fn virtual_host(message: pb::VirtualHost) -> VirtualHost {
    VirtualHost {
        name: message.name,
        domains: message.domains,
        routes: opened(message.routes, route),
    }
}

fn route(message: pb::Route) -> Route {
    let found = message.r#match.unwrap_or_default();
    let conditions = conditions(&found);
    let case_sensitive = found.case_sensitive.is_none_or(|wrapper| wrapper.value);
    let path = path(found.path_specifier);
    let mut words = path.to_string();
    if !case_sensitive {
        words.push_str(" (any case)");
    }
    for condition in &conditions {
        words.push_str(", ");
        words.push_str(condition);
    }
    let mut opened = Route {
        name: message.name,
        matches: words,
        path,
        case_sensitive,
        conditions,
        ..Route::default()
    };
    match message.action {
        Some(pb::route::Action::Route(action)) => forward(action, &mut opened),
        Some(pb::route::Action::Redirect(_)) => opened.action = Action::Redirect,
        Some(pb::route::Action::DirectResponse(answer)) => {
            opened.action = Action::DirectResponse(answer.status);
        }
        Some(pb::route::Action::FilterAction(_)) => opened.action = Action::Other("filter action".into()),
        Some(pb::route::Action::NonForwardingAction(_)) => {
            opened.action = Action::Other("non-forwarding action".into());
        }
        None => opened.action = Action::Other("no action".into()),
    }
    opened
}

fn forward(action: pb::RouteAction, opened: &mut Route) {
    match action.cluster_specifier {
        Some(ClusterSpecifier::Cluster(name)) => opened.clusters = vec![(name, 100)],
        Some(ClusterSpecifier::ClusterHeader(header)) => opened.cluster_header = Some(header),
        Some(ClusterSpecifier::WeightedClusters(weighted)) => {
            for part in weighted.clusters {
                if !part.name.is_empty() {
                    let weight = part.weight.map_or(0, |wrapper| wrapper.value);
                    opened.clusters.push((part.name, weight));
                } else if !part.cluster_header.is_empty() {
                    opened.cluster_header = Some(part.cluster_header);
                }
            }
        }
        Some(ClusterSpecifier::ClusterSpecifierPlugin(name)) => {
            opened.action = Action::Other(format!("cluster specifier plugin {name}"));
        }
        Some(ClusterSpecifier::InlineClusterSpecifierPlugin(plugin)) => {
            let name = plugin.extension.unwrap_or_default().name;
            opened.action = Action::Other(format!("cluster specifier plugin {name}"));
        }
        None => opened.action = Action::Other("no cluster".into()),
    }
}

fn path(specifier: Option<PathSpecifier>) -> PathMatch {
    match specifier {
        Some(PathSpecifier::Prefix(text)) => PathMatch::Prefix(text),
        Some(PathSpecifier::Path(text)) => PathMatch::Exact(text),
        Some(PathSpecifier::SafeRegex(matcher)) => PathMatch::Regex(matcher.regex),
        Some(PathSpecifier::PathSeparatedPrefix(text)) => PathMatch::Segments(text),
        Some(PathSpecifier::ConnectMatcher(_)) => PathMatch::Connect,
        Some(PathSpecifier::PathMatchPolicy(policy)) => PathMatch::Other(format!("policy {}", policy.name)),
        None => PathMatch::Other("nothing".into()),
    }
}

/// Everything that must hold besides the path.
fn conditions(found: &pb::RouteMatch) -> Vec<String> {
    let mut words: Vec<String> = found.headers.iter().map(header).collect();
    words.extend(
        found
            .query_parameters
            .iter()
            .map(|q| format!("query parameter {}", q.name)),
    );
    words.extend(found.cookies.iter().map(|c| format!("cookie {}", c.name)));
    words.extend(found.grpc.map(|_| "gRPC only".to_owned()));
    let others = [
        (found.runtime_fraction.is_some(), "a fraction of requests"),
        (found.tls_context.is_some(), "TLS context"),
        (!found.dynamic_metadata.is_empty(), "dynamic metadata"),
        (!found.filter_state.is_empty(), "filter state"),
    ];
    words.extend(
        others
            .iter()
            .filter(|(holds, _)| *holds)
            .map(|(_, text)| (*text).to_owned()),
    );
    words
}

#[allow(deprecated, reason = "old servers fill the old matchers")]
fn header(matcher: &pb::HeaderMatcher) -> String {
    let rest = match &matcher.header_match_specifier {
        Some(HeaderMatchSpecifier::ExactMatch(text)) => format!(" is {text}"),
        Some(HeaderMatchSpecifier::PrefixMatch(text)) => format!(" starts with {text}"),
        Some(HeaderMatchSpecifier::SuffixMatch(text)) => format!(" ends with {text}"),
        Some(HeaderMatchSpecifier::ContainsMatch(text)) => format!(" contains {text}"),
        Some(HeaderMatchSpecifier::SafeRegexMatch(regex)) => format!(" matches regex {}", regex.regex),
        Some(HeaderMatchSpecifier::RangeMatch(range)) => format!(" in {}..{}", range.start, range.end),
        Some(HeaderMatchSpecifier::PresentMatch(false)) => " absent".to_owned(),
        Some(HeaderMatchSpecifier::PresentMatch(true)) | None => " present".to_owned(),
        Some(HeaderMatchSpecifier::StringMatch(matcher)) => string(matcher),
    };
    let not = if matcher.invert_match { "not " } else { "" };
    format!("{not}header {}{rest}", matcher.name)
}

fn string(matcher: &envoy_types::pb::envoy::r#type::matcher::v3::StringMatcher) -> String {
    use envoy_types::pb::envoy::r#type::matcher::v3::string_matcher::MatchPattern;
    match &matcher.match_pattern {
        Some(MatchPattern::Exact(text)) => format!(" is {text}"),
        Some(MatchPattern::Prefix(text)) => format!(" starts with {text}"),
        Some(MatchPattern::Suffix(text)) => format!(" ends with {text}"),
        Some(MatchPattern::Contains(text)) => format!(" contains {text}"),
        Some(MatchPattern::SafeRegex(regex)) => format!(" matches regex {}", regex.regex),
        Some(MatchPattern::Custom(_)) | None => " matches".to_owned(),
    }
}
