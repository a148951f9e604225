//! The client over the wire: a server on loopback that answers as it is told.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::collect::{Api, auth};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response as Answer};
use std::sync::Mutex;
use std::time::Instant as Clock;

const TOKEN: &str = "ya29.hush-hush";

type Script = Arc<dyn Fn(usize, &Uri, &HeaderMap) -> Answer + Send + Sync>;

struct Server {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

/// Answers each request as the script says, by the number of the request.
async fn server(script: impl Fn(usize, &Uri, &HeaderMap) -> Answer + Send + Sync + 'static) -> Server {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let state = (Arc::clone(&asked), Arc::new(script) as Script);
    async fn answer(
        State((asked, script)): State<(Arc<Mutex<Vec<String>>>, Script)>,
        uri: Uri,
        headers: HeaderMap,
    ) -> Answer {
        let number = {
            let mut asked = asked.lock().unwrap();
            asked.push(uri.to_string());
            asked.len()
        };
        script(number, &uri, &headers)
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().fallback(answer).with_state(state);
    tokio::spawn(async move { axum::serve(listener, app).await });
    Server { url, asked }
}

fn client(url: &str) -> Client {
    let mut endpoints = Endpoints::default();
    endpoints.set(Api::Dns, url);
    let limits = Limits {
        attempt: Duration::from_millis(500),
        answer: 10_000,
        retries: 3,
        first_wait: Duration::from_millis(5),
        concurrency: 4,
    };
    let (sender, stop) = watch::channel(false);
    // It never stops.
    std::mem::forget(sender);
    let deadline = Instant::now() + Duration::from_secs(20);
    let token = auth::fixed(TOKEN.to_owned());
    Client::new(endpoints, token, Some("payer".into()), limits, deadline, stop).unwrap()
}

fn call() -> Call {
    Call::get(Api::Dns, "dns/v1/things", "list the things of p").needs("dns.things.list", "projects/p")
}

const THINGS: Paging = Paging::new("things", Some(("maxResults", "2")));

fn json(text: &str) -> Answer {
    ([("content-type", "application/json")], text.to_owned()).into_response()
}

fn refusal(status: u16, text: &str) -> Answer {
    (StatusCode::from_u16(status).unwrap(), text.to_owned()).into_response()
}

async fn listed(
    script: impl Fn(usize, &Uri, &HeaderMap) -> Answer + Send + Sync + 'static,
) -> Result<String, CallError> {
    let server = server(script).await;
    let listing = client(&server.url).list(&call(), THINGS).await?;
    Ok(String::from_utf8(listing.body).unwrap())
}

#[tokio::test]
async fn pages_are_joined_in_order_and_items_stay_as_they_came() {
    let server = server(|_, uri, headers| {
        assert_eq!(headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(headers["x-goog-user-project"], "payer");
        let query = uri.query().unwrap();
        assert!(query.starts_with("maxResults=2"), "{query}");
        json(match query.split("pageToken=").nth(1) {
            None => r#"{"kind":"k","things":[{"n": 1.0},{"n":12345678901234567890}],"nextPageToken":"a b"}"#,
            Some("a+b") => r#"{"kind":"other","nextPageToken":"c","unreachable":["here"]}"#,
            Some(_) => r#"{"things":[{"n":3}],"unreachable":["here","there"]}"#,
        })
    })
    .await;
    let listing = client(&server.url).list(&call(), THINGS).await.unwrap();
    let expected = r#"{"kind":"k","things":[{"n": 1.0},{"n":12345678901234567890},{"n":3}],"unreachable":["here","there"]}"#;
    assert_eq!(String::from_utf8(listing.body).unwrap(), expected);
    assert_eq!((listing.items, listing.unreachable.len()), (3, 2));
    assert_eq!(server.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_place_that_comes_on_two_pages_is_one_place() {
    let body = {
        let server = server(|number, _, _| {
            json(if number == 1 {
                r#"{"items":{"a":{"things":[1]},"b":{"warning":{"code":"NO_RESULTS_ON_PAGE"}}},"nextPageToken":"x"}"#
            } else {
                r#"{"items":{"a":{"things":[2]},"b":{"things":[3]},"c":{"warning":{"code":"UNREACHABLE"}}}}"#
            })
        })
        .await;
        let paging = Paging::by_place("items", None);
        client(&server.url).list(&call(), paging).await.unwrap().body
    };
    let expected =
        r#"{"items":{"a":{"things":[1,2]},"b":{"things":[3]},"c":{"warning":{"code":"UNREACHABLE"}}}}"#;
    assert_eq!(String::from_utf8(body).unwrap(), expected);
}

#[tokio::test]
async fn what_passes_is_asked_again_and_what_does_not_is_not() {
    for status in [429, 500, 502, 503, 504] {
        let fine = listed(move |number, _, _| {
            if number < 3 {
                refusal(status, "{}")
            } else {
                json("{}")
            }
        })
        .await;
        assert_eq!(fine.as_deref(), Ok("{}"), "{status}");
    }
    for status in [301, 400, 401, 403, 404] {
        let server = server(move |_, _, _| refusal(status, "{}")).await;
        let error = client(&server.url).list(&call(), THINGS).await.unwrap_err();
        assert_eq!(error.status, Some(status));
        assert_eq!(server.asked.lock().unwrap().len(), 1, "{status}");
    }
    let server = server(|_, _, _| {
        refusal(
            503,
            r#"{"error":{"code":503,"status":"UNAVAILABLE","message":"try later"}}"#,
        )
    })
    .await;
    let error = client(&server.url).list(&call(), THINGS).await.unwrap_err();
    assert_eq!(error.text, "503 UNAVAILABLE: try later");
    assert_eq!(server.asked.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn retry_after_is_waited_for_unless_the_deadline_comes_first() {
    let began = Clock::now();
    let wait = |until: &str| {
        let until = until.to_owned();
        move |number: usize, _: &Uri, _: &HeaderMap| {
            if number == 1 {
                (
                    StatusCode::TOO_MANY_REQUESTS,
                    [("retry-after", until.clone())],
                    "{}",
                )
                    .into_response()
            } else {
                json("{}")
            }
        }
    };
    listed(wait("1")).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(1));
    let date = |ahead| httpdate::fmt_http_date(std::time::SystemTime::now() + Duration::from_secs(ahead));
    let began_again = Clock::now();
    // A date has no parts of a second.
    listed(wait(&date(2))).await.unwrap();
    assert!(began_again.elapsed() >= Duration::from_secs(1));
    for late in ["3600", &date(3600)] {
        let error = listed(wait(late)).await.unwrap_err();
        assert!(error.status == Some(429) && began.elapsed() < Duration::from_secs(7));
    }
}

#[tokio::test]
async fn answers_that_are_no_answers_are_told_as_what_they_are() {
    let cases: [(&str, &str); 6] = [
        (r#"{"things":[{"n":1},{"#, "breaks off"),
        (
            "<html><head><title>Sign in</title></head></html>",
            "HTML (Sign in)",
        ),
        ("", "empty"),
        ("[]", "no object"),
        (r#"{"things":{}}"#, "`things`"),
        ("nonsense", "not JSON: nonsense"),
    ];
    for (body, says) in cases {
        let error = listed(move |_, _, _| json(body)).await.unwrap_err();
        assert!(error.text.contains(says), "{body}: {}", error.text);
    }
    let error = listed(|_, _, _| refusal(502, "<html><title>Bad Gateway</title>"))
        .await
        .unwrap_err();
    assert!(
        error.text.contains("502: the answer is HTML (bad gateway)")
            || error.text.contains("502: the answer is HTML (Bad Gateway)"),
        "{}",
        error.text
    );
    let error = listed(|_, _, _| json(&format!("{{\"x\":\"{}\"}}", "x".repeat(20_000))))
        .await
        .unwrap_err();
    assert!(error.text.contains("larger"), "{}", error.text);
}

#[tokio::test]
async fn pages_that_go_round_end() {
    let error = listed(|number, _, _| {
        let token = ["a", "b"][number % 2];
        json(&format!(r#"{{"things":[1],"nextPageToken":"{token}"}}"#))
    })
    .await
    .unwrap_err();
    assert!(error.text.contains("circle"), "{}", error.text);
}

#[tokio::test]
async fn a_connection_that_breaks_is_tried_again_and_one_that_hangs_is_left() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let length = if number < 2 { 50 } else { 2 };
            let answer =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    assert_eq!(client(&url).send(&call()).await.as_deref(), Ok(&b"{}"[..]));

    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let began = Clock::now();
    let error = client(&url).send(&call()).await.unwrap_err();
    assert!(error.text.contains("no answer within 0.5 s"), "{}", error.text);
    assert!(began.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_refusal_names_the_permission_and_the_resource() {
    let iam = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"no","details":[{"@type":
        "type.googleapis.com/google.rpc.ErrorInfo","reason":"IAM_PERMISSION_DENIED","domain":"x",
        "metadata":{"permission":"a.b.get","resource":"projects/q"}}]}}"#;
    let old = r#"{"error":{"code":403,"message":"Required 'compute.networks.list' permission for 'projects/q'",
        "errors":[{"reason":"forbidden"}]}}"#;
    let bare = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"The caller does not have permission"}}"#;
    let cases = [
        (iam, Some("a.b.get"), Some("projects/q")),
        (old, Some("compute.networks.list"), Some("projects/q")),
        (bare, Some("dns.things.list"), Some("projects/p")),
    ];
    for (body, permission, resource) in cases {
        let error = listed(move |_, _, _| refusal(403, body)).await.unwrap_err();
        assert_eq!(
            (error.permission.as_deref(), error.resource.as_deref()),
            (permission, resource)
        );
    }
    let disabled = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"off","details":[{"@type":
        "type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED",
        "metadata":{"service":"dns.googleapis.com","consumer":"projects/7"}}]}}"#;
    let error = listed(move |_, _, _| refusal(403, disabled)).await.unwrap_err();
    assert!(
        error
            .text
            .contains("gcloud services enable dns.googleapis.com --project=7"),
        "{}",
        error.text
    );
    assert_eq!(error.permission, None);
}

#[tokio::test]
async fn a_token_that_is_echoed_is_in_no_error() {
    let echo = |_: usize, _: &Uri, headers: &HeaderMap| {
        let token = headers["authorization"].to_str().unwrap().to_owned();
        refusal(
            403,
            &format!(r#"{{"error":{{"code":403,"message":"bad {token}"}}}}"#),
        )
    };
    let error = listed(echo).await.unwrap_err();
    assert!(
        error.text.contains("[token]") && !format!("{error:?}").contains("hush"),
        "{error:?}"
    );
    let error = listed(|_, _, headers| refusal(500, headers["authorization"].to_str().unwrap())).await;
    assert!(!format!("{error:?}").contains("hush"), "{error:?}");
}

#[tokio::test]
async fn a_token_goes_to_no_other_machine_in_the_clear() {
    let error = client("http://192.0.2.1").send(&call()).await.unwrap_err();
    assert!(error.text.contains("in the clear"), "{}", error.text);
}
