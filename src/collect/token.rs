//! The access token as collectors get it, and where it may go.
use futures_util::future::BoxFuture;
use http::{HeaderValue, Uri};
use std::sync::Arc;

/// Gives an access token that is still good, or says in words why there is none. Called before every request.
pub type Token = Arc<dyn Fn() -> BoxFuture<'static, Result<String, String>> + Send + Sync>;

/// The `Authorization` header of a token, marked so that no log shows it.
pub fn bearer(token: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim()))
        .map_err(|_| "the access token holds characters that no HTTP header may carry".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

/// Reads a base URL that a token is to be sent to: TLS, or plain HTTP on this machine.
///
/// # Errors
/// In words: not a URL, or a token would travel in the clear.
pub fn destination(url: &str) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|error| format!("{url} is no URL: {error}"))?;
    let host = uri.host().ok_or_else(|| format!("{url} names no host"))?;
    match uri.scheme_str() {
        Some("https") => Ok(uri),
        Some("http") if on_this_machine(host) => Ok(uri),
        Some("http") => Err(format!(
            "{url} would carry the access token in the clear: use https, or a host of this machine"
        )),
        _ => Err(format!("{url} is neither https nor http")),
    }
}

fn on_this_machine(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || address
            .parse::<std::net::IpAddr>()
            .is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::destination;

    #[test]
    fn a_token_never_travels_in_the_clear() {
        for fine in [
            "https://run.googleapis.com",
            "http://127.0.0.1:80/x",
            "http://[::1]:80",
            "http://localhost",
        ] {
            assert!(destination(fine).is_ok(), "{fine}");
        }
        for refused in [
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "ftp://127.0.0.1",
            "127.0.0.1",
        ] {
            assert!(destination(refused).is_err(), "{refused}");
        }
    }
}
