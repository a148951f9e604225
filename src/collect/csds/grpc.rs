//! CSDS by gRPC: a stream of one request, and its first answer.
use super::wire::Unopened;
use super::{Target, Trouble, access, details, missing_permission, query};
use crate::collect::refusal::{one_line, quoted_permission, with_causes};
use crate::collect::token;
use crate::collect::until::{one_try, silence};
use backon::{ExponentialBuilder, Retryable};
use http::HeaderValue;
use http::uri::PathAndQuery;
use prost::bytes::Bytes;
use std::error::Error;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use tokio_stream::StreamExt;
use tonic::codec::CompressionEncoding;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

const METHOD: &str = "/envoy.service.status.v3.ClientStatusDiscoveryService/StreamClientStatus";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Bytes on the way: the usual 64 KiB hold a large answer up on a long line.
const WINDOW: u32 = 16 << 20;

/// A mesh's answer, unopened.
pub async fn ask(target: &Target, mesh: &str, deadline: Instant) -> Result<Bytes, Trouble> {
    let channel = connect(target, deadline).await?;
    let backoff = ExponentialBuilder::default()
        .with_jitter()
        .with_min_delay(Duration::from_millis(250))
        .with_max_delay(Duration::from_secs(4))
        .with_max_times(3);
    let answer = (|| once(target, mesh, channel.clone(), deadline))
        .retry(backoff)
        .when(|trouble| matches!(trouble, Trouble::Passing(_)))
        .adjust(|_, planned| planned.filter(|wait| Instant::now() + *wait < deadline))
        .await;
    // What keeps failing on the way may be a proxy that speaks no HTTP/2.
    answer.map_err(|trouble| match trouble {
        Trouble::Passing(text) => Trouble::Blocked(text),
        other => other,
    })
}

async fn connect(target: &Target, deadline: Instant) -> Result<Channel, Trouble> {
    let uri = token::destination(&target.base_url).map_err(Trouble::Final)?;
    let tls = uri.scheme_str() == Some("https");
    let mut endpoint = Endpoint::from(uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    let unusable = |error: tonic::transport::Error| Trouble::Final(with_causes(&error));
    if tls {
        let config = ClientTlsConfig::new().with_native_roots();
        endpoint = endpoint.tls_config(config).map_err(unusable)?;
    }
    // The connect timeout of the endpoint ends with the TCP connection; the handshake may hang as well.
    let patience = one_try(deadline, 3).min(CONNECT_TIMEOUT);
    match timeout(patience, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(Trouble::Blocked(format!(
            "no connection: {}",
            with_causes(&error)
        ))),
        Err(_) => Err(Trouble::Blocked("no connection in time".into())),
    }
}

async fn once(target: &Target, mesh: &str, channel: Channel, deadline: Instant) -> Result<Bytes, Trouble> {
    let (token, bearer) = access(target).await?;
    // The stream stays open until the answer is there: a server may take its end for the end of interest.
    let question = tokio_stream::once(query::message(target, mesh)).chain(tokio_stream::pending());
    let mut request = Request::new(question);
    *request.metadata_mut() = metadata(target, bearer)?;
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    let mut client = tonic::client::Grpc::new(channel)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(usize::MAX);
    let told = |status: Status| trouble(&status, &token);
    client
        .ready()
        .await
        .map_err(|error| Trouble::Passing(with_causes(&error)))?;
    let answer = client.streaming(request, PathAndQuery::from_static(METHOD), Unopened);
    // A proxy that swallows gRPC says nothing at all: there must be time left to ask by REST.
    let patience = one_try(deadline, 3);
    let Ok(answer) = timeout(patience, answer).await else {
        return Err(Trouble::Blocked(silence(patience)));
    };
    let mut stream = answer.map_err(told)?.into_inner();
    match stream.message().await.map_err(told)? {
        Some(answer) => Ok(answer),
        None => Err(Trouble::Final(
            "the server ended the stream without an answer".into(),
        )),
    }
}

fn metadata(target: &Target, bearer: HeaderValue) -> Result<MetadataMap, Trouble> {
    let project = HeaderValue::from_str(&target.project_number)
        .map_err(|_| Trouble::Final(format!("{} is no project number", target.project_number)))?;
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::AUTHORIZATION, bearer);
    headers.insert("x-goog-user-project", project);
    Ok(MetadataMap::from_headers(headers))
}

fn trouble(status: &Status, token: &str) -> Trouble {
    let message = match status.source() {
        Some(source) if !status.message().contains(&source.to_string()) => {
            format!("{}: {}", status.message(), with_causes(source))
        }
        _ => status.message().to_owned(),
    };
    let message = one_line(&message.replace(token, "[token]"));
    let text = format!("{} {}: {message}", status.code() as i32, name(status.code()));
    // A gRPC server always ends with its own status; what has none is not one.
    if status.message().contains("grpc-status header missing") {
        return match status.code() {
            Code::Unavailable => Trouble::Passing(text),
            _ => Trouble::Blocked(text),
        };
    }
    let on_the_way = status.source().is_some();
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated if !on_the_way => {
            let mut info = details::error_info(status.details());
            let named = info
                .metadata
                .remove("permission")
                .or_else(|| quoted_permission(&message));
            let denied = status.code() == Code::PermissionDenied;
            Trouble::Refused {
                permission: denied.then(|| missing_permission(&info.reason, named)).flatten(),
                resource: info.metadata.remove("resource"),
                text,
            }
        }
        Code::Unimplemented => Trouble::Blocked(text),
        Code::DeadlineExceeded => super::late(),
        // Internal is gRPC's 500, and what a stream that breaks off reads as.
        Code::Unavailable | Code::ResourceExhausted | Code::Internal => Trouble::Passing(text),
        Code::Cancelled if message.contains("Timeout expired") => super::late(),
        _ if on_the_way => Trouble::Passing(text),
        _ => Trouble::Final(text),
    }
}

/// The code as Google's documentation writes it.
fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
