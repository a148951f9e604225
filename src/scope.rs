//! What the user asked to look at: projects, regions, services, clusters, since when.
use serde::{Deserialize, Serialize};

/// The scope, as a bundle's manifest and the report carry it. Empty lists mean "all that was collected".
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Scope {
    /// The fleet project: the one that holds the mesh. Empty where nobody said.
    pub project: String,
    /// Projects of the Cloud Run services, where they are others.
    pub service_projects: Vec<String>,
    pub regions: Vec<String>,
    /// Names or globs of Cloud Run services.
    pub services: Vec<String>,
    pub memberships: Vec<String>,
    pub namespaces: Vec<String>,
    /// A URL that a client should be able to call.
    pub url: String,
    /// How far back the logs reach, as a duration in seconds: `3600s`.
    pub since: String,
}

/// The host that a URL names, as DNS compares it: lower case, no final dot. An error says what is wrong with the URL.
///
/// Only the host is told of it, so whatever may stand in its user, path and query is left alone.
pub fn host_of(url: &str) -> Result<String, String> {
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("there is a space or a control character in it".into());
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err("it has no scheme".into());
    };
    if !["http", "https"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
    {
        return Err(format!(
            "its scheme is {scheme:?}, and a mesh serves http and https"
        ));
    }
    let authority = rest.split(['/', '?', '#', '\\']).next().unwrap_or_default();
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    if place.is_empty() || place.starts_with(':') {
        return Err("it names no host".into());
    }
    let parsed: http::uri::Authority = place.parse().map_err(|_| format!("{place:?} is no host"))?;
    let host = parsed.host();
    let after = place.strip_prefix(host).unwrap_or_default();
    if !after.is_empty() && parsed.port_u16().is_none_or(|port| port == 0) {
        return Err(format!("{:?} is no port", after.trim_start_matches(':')));
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let known = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(known)
    };
    let is_address = name.starts_with('[');
    if !is_address && (name.len() > 253 || !name.split('.').all(is_label)) {
        return Err(format!("{host:?} is no name of a host"));
    }
    Ok(name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn the_host_of_a_url_is_as_dns_compares_it() {
        for url in [
            "http://ads.mesh.private",
            "https://ADS.mesh.private.:8443/a%20b",
            "HTTP://ada:secret@ads.mesh.private/x?y=http://other#z",
            "http://<redacted:url-password:00000000>@ads.mesh.private/x?<redacted:query>",
        ] {
            assert_eq!(host_of(url).as_deref(), Ok("ads.mesh.private"), "{url}");
        }
        assert_eq!(host_of("http://10.1.2.3:80/").as_deref(), Ok("10.1.2.3"));
        assert_eq!(host_of("http://[fd00::1]:80/").as_deref(), Ok("[fd00::1]"));
        assert_eq!(host_of("http://ads_v2/").as_deref(), Ok("ads_v2"));
    }

    #[test]
    fn what_is_no_url_is_told_why() {
        for (url, why) in [
            ("", "no scheme"),
            ("ads.mesh.private", "no scheme"),
            ("ads.mesh.private:80/x", "no scheme"),
            ("//ads.mesh.private", "no scheme"),
            ("ftp://ads.mesh.private", "\"ftp\""),
            ("://ads.mesh.private", "\"\""),
            ("http://", "no host"),
            ("http:///x", "no host"),
            ("http://:80/", "no host"),
            ("http://ada@/", "no host"),
            ("http://ads mesh/", "space"),
            (" http://ads.mesh.private", "space"),
            ("http://ads.mesh.private/a b", "space"),
            ("http://ads.mesh.private:port/", "no port"),
            ("http://ads.mesh.private:/", "no port"),
            ("http://ads.mesh.private:70000/", "no port"),
            ("http://ads.mesh.private:0/", "no port"),
            ("http://ads..private/", "no name"),
            ("http://.mesh.private/", "no name"),
            ("http://*.mesh.private/", "no name"),
            ("http://ads,cart/", "no name"),
            ("http://b\u{fc}cher.private/", "no host"),
        ] {
            let told = host_of(url).err();
            assert!(told.as_ref().is_some_and(|t| t.contains(why)), "{url}: {told:?}");
        }
    }
}
