//! What is called: hosts, paths, methods and ports of a rule, against what is known of the call.
//!
//! Source of the patterns: istio.io/latest/docs/reference/config/security/authorization-policy: an exact value, `*` for any, `x*` and
//! `*x` for a beginning and an end; hosts without regard to case; paths may have the templates `{*}` and `{**}`.
use super::Call;
use super::matching::{Ground, Match, Share};
use crate::k8s::istio::Operation;

/// Methods that calls are made with by habit: gRPC knows POST alone.
const USUAL: [&str; 2] = ["GET", "POST"];
/// With all of these nothing is left out that a client calls with.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// How a pattern fits the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// It depends on what is not known of the call.
    Open,
}

pub fn operation(operation: &Operation, port: u16, call: &Call<'_>) -> Match {
    Match::all([
        hosts(&operation.hosts, &operation.not_hosts, call),
        paths(&operation.paths, &operation.not_paths, call),
        methods(&operation.methods, &operation.not_methods),
        ports(&operation.ports, &operation.not_ports, port),
    ])
}

/// The container's port, not the Service's.
pub fn ports(listed: &[String], excluded: &[String], port: u16) -> Match {
    let has = |list: &[String]| list.iter().any(|p| p.trim().parse() == Ok(port));
    let asked = !listed.is_empty() || !excluded.is_empty();
    if asked && port == 0 {
        Match::Unknown("the number of the target port is not known".into())
    } else if !listed.is_empty() && !has(listed) {
        let why = format!("port {}, and the target port is {port}", listed.join(", "));
        Match::no(Ground::Port, why)
    } else if has(excluded) {
        let why = format!(
            "ports other than {}, and the target port is {port}",
            excluded.join(", ")
        );
        Match::no(Ground::Port, why)
    } else if !asked {
        Match::anything()
    } else {
        Match::yes(Ground::Port, format!("to port {port}"))
    }
}

fn hosts(listed: &[String], excluded: &[String], call: &Call<'_>) -> Match {
    let fit = |pattern: &String| host_fit(&pattern.to_ascii_lowercase(), call);
    let found = Found {
        ground: Ground::Host,
        what: "hosts",
        told: format!("the call is to {}", call.host),
        few: Share::Unclear,
        most: Share::Unclear,
    };
    found.decide(listed, excluded, fit)
}

fn paths(listed: &[String], excluded: &[String], call: &Call<'_>) -> Match {
    let fit = |pattern: &String| match call.path {
        _ if matches!(pattern.as_str(), "*" | "/*") => Fit::Yes,
        Some(path) if !pattern.contains('{') => fits(pattern, path),
        _ => Fit::Open,
    };
    let found = Found {
        ground: Ground::Path,
        what: "paths",
        told: call.path.map_or_else(
            || "every request has one".to_owned(),
            |path| format!("the call is for {path}"),
        ),
        few: Share::Few,
        most: Share::Most,
    };
    found.decide(listed, excluded, fit)
}

fn methods(listed: &[String], excluded: &[String]) -> Match {
    let has = |list: &[String], method: &str| list.iter().any(|m| m == method);
    let whole = |list: &[String]| has(list, "*") || METHODS.iter().all(|m| has(list, m));
    let usual = |list: &[String]| USUAL.iter().any(|m| has(list, m));
    // All of them are as good as no list.
    let listed = if whole(listed) { &[] } else { listed };
    let found = Found {
        ground: Ground::Method,
        what: "methods",
        told: "every request has one".to_owned(),
        few: if usual(listed) { Share::Unclear } else { Share::Few },
        most: if usual(excluded) {
            Share::Unclear
        } else {
            Share::Most
        },
    };
    let all_excluded = whole(excluded);
    let fit = |method: &String| match method.as_str() {
        "*" => Fit::Yes,
        _ if all_excluded => Fit::Yes,
        _ => Fit::Open,
    };
    found.decide(listed, excluded, fit)
}

/// One field of an operation, and how its answer is told.
struct Found {
    ground: Ground,
    what: &'static str,
    /// What is known of the call.
    told: String,
    few: Share,
    most: Share,
}

impl Found {
    /// One of the listed must fit, and none of the excluded may.
    fn decide(self, listed: &[String], excluded: &[String], fit: impl Fn(&String) -> Fit) -> Match {
        let best = |list: &[String]| {
            let fits: Vec<Fit> = list.iter().map(&fit).collect();
            if fits.contains(&Fit::Yes) {
                Fit::Yes
            } else if fits.contains(&Fit::Open) {
                Fit::Open
            } else {
                Fit::No
            }
        };
        let Self {
            ground,
            what,
            told,
            few,
            most,
        } = self;
        let everything = |list: &[String]| list.iter().any(|v| v == "*" || (what == "paths" && v == "/*"));
        let of_listed = match best(listed) {
            _ if listed.is_empty() || everything(listed) => Match::anything(),
            Fit::Yes => Match::yes(
                ground,
                format!("with the {what} {}, and {told}", listed.join(", ")),
            ),
            Fit::No => Match::no(ground, format!("{what} {}, and {told}", listed.join(", "))),
            Fit::Open => Match::Some {
                what: format!("{what} {}", listed.join(", ")),
                share: few,
            },
        };
        let of_excluded = match best(excluded) {
            _ if excluded.is_empty() => Match::anything(),
            Fit::Yes => Match::no(
                ground,
                format!("{what} other than {}, and {told}", excluded.join(", ")),
            ),
            Fit::No => Match::yes(
                ground,
                format!("with other {what} than {}, and {told}", excluded.join(", ")),
            ),
            Fit::Open => Match::Some {
                what: format!("{what} other than {}", excluded.join(", ")),
                share: most,
            },
        };
        Match::all([of_listed, of_excluded])
    }
}

fn fits(pattern: &str, value: &str) -> Fit {
    let yes = if pattern == "*" {
        true
    } else if let Some(end) = pattern.strip_prefix('*') {
        value.ends_with(end)
    } else if let Some(start) = pattern.strip_suffix('*') {
        value.starts_with(start)
    } else {
        value == pattern
    };
    if yes { Fit::Yes } else { Fit::No }
}

/// A pattern, in lower case, and the host of the call.
fn host_fit(pattern: &str, call: &Call<'_>) -> Fit {
    let fit = match call.host.strip_prefix('*') {
        // Any name with this end.
        Some(below) => match pattern.strip_prefix('*') {
            Some(end) if below.ends_with(end) => Fit::Yes,
            Some(end) if end.ends_with(below) => Fit::Open,
            None if pattern.ends_with('*') || pattern.ends_with(below) => Fit::Open,
            _ => Fit::No,
        },
        None => fits(pattern, call.host),
    };
    // A client may put a port behind the host.
    if fit == Fit::No && !call.whole && pattern.contains(':') {
        return Fit::Open;
    }
    fit
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(pattern: &str, host: &str, whole: bool) -> Fit {
        host_fit(
            pattern,
            &Call {
                host,
                whole,
                ..Call::default()
            },
        )
    }

    #[test]
    fn hosts_fit_as_a_whole_by_their_beginning_and_by_their_end() {
        for pattern in ["geo.mesh", "*", "*.mesh", "geo.*", "*mesh"] {
            assert_eq!(fit(pattern, "geo.mesh", false), Fit::Yes, "{pattern}");
        }
        for pattern in ["ads.mesh", "*.other", "ge", "geo.mesh.x", "mesh"] {
            assert_eq!(fit(pattern, "geo.mesh", false), Fit::No, "{pattern}");
        }
    }

    #[test]
    fn a_port_in_a_pattern_is_open_as_long_as_nobody_knows_how_the_client_calls() {
        assert_eq!(fit("geo.mesh:8080", "geo.mesh", false), Fit::Open);
        assert_eq!(fit("geo.mesh:8080", "geo.mesh", true), Fit::No);
        assert_eq!(fit("geo.mesh:*", "geo.mesh:8080", true), Fit::Yes);
        assert_eq!(fit("geo.mesh", "geo.mesh:8080", true), Fit::No);
    }

    #[test]
    fn a_wildcard_host_fits_what_holds_all_its_names_and_is_open_where_some_are_held() {
        assert_eq!(fit("*.mesh", "*.mesh", false), Fit::Yes);
        assert_eq!(fit("*mesh", "*.mesh", false), Fit::Yes);
        for open in ["geo.mesh", "*.core.mesh", "geo.*", "geo.mesh:8080", "*.mesh:8080"] {
            assert_eq!(fit(open, "*.mesh", false), Fit::Open, "{open}");
        }
        assert_eq!(fit("*.other", "*.mesh", false), Fit::No);
        assert_eq!(fit("geo.other", "*.mesh", false), Fit::No);
    }
}
