//! CSDS by gRPC: a stream of one request, and its first answer.
use super::wire::Unopened;
use super::{Target, Trouble, access, details, query, refused};
use crate::collect::FailureKind;
use crate::collect::refusal::{one_line, with_causes, without};
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
use tower_http::timeout::{ResponseBodyTimeout, TimeoutError};

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
        Trouble::Passing(failure) => Trouble::Blocked(failure),
        other => other,
    })
}

async fn connect(target: &Target, deadline: Instant) -> Result<Channel, Trouble> {
    let unusable = |error: String| Trouble::last(FailureKind::Other, error);
    let uri = token::destination(&target.base_url).map_err(unusable)?;
    let tls = uri.scheme_str() == Some("https");
    let mut endpoint = Endpoint::from(uri)
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW);
    if tls {
        let config = ClientTlsConfig::new().with_native_roots();
        let tls = endpoint.tls_config(config);
        endpoint = tls.map_err(|error| unusable(with_causes(&error)))?;
    }
    // The connect timeout of the endpoint ends with the TCP connection; the handshake may hang as well.
    let patience = one_try(deadline, 3).min(CONNECT_TIMEOUT);
    match timeout(patience, endpoint.connect()).await {
        Ok(Ok(channel)) => Ok(channel),
        Ok(Err(error)) => Err(Trouble::blocked(format!(
            "no connection: {}",
            with_causes(&error)
        ))),
        Err(_) => Err(Trouble::blocked("no connection in time")),
    }
}

async fn once(target: &Target, mesh: &str, channel: Channel, deadline: Instant) -> Result<Bytes, Trouble> {
    let (token, bearer) = access(target).await?;
    // The stream stays open until the answer is there: a server may take its end for the end of interest.
    let question = tokio_stream::once(query::message(target, mesh)).chain(tokio_stream::pending());
    let mut request = Request::new(question);
    *request.metadata_mut() = metadata(target, bearer)?;
    request.set_timeout(deadline.saturating_duration_since(Instant::now()));
    // A proxy that swallows gRPC says nothing, or nothing behind the head of an answer: there must be time left to ask by
    // REST. A large answer may take as long as it goes on coming.
    let patience = one_try(deadline, 3);
    let channel = ResponseBodyTimeout::new(channel, patience);
    let mut client = tonic::client::Grpc::new(channel)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(usize::MAX);
    let told = |status: Status| trouble(&status, &token);
    client
        .ready()
        .await
        .map_err(|error| Trouble::passing(with_causes(&error)))?;
    let answer = client.streaming(request, PathAndQuery::from_static(METHOD), Unopened);
    let Ok(answer) = timeout(patience, answer).await else {
        return Err(Trouble::blocked(silence(patience)));
    };
    let mut stream = answer.map_err(told)?.into_inner();
    let message = stream.message().await;
    match message {
        Err(status) if is_silence(&status) => Err(Trouble::blocked(silence(patience))),
        Err(status) => Err(told(status)),
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => Err(Trouble::last(
            FailureKind::Unreadable,
            "the server ended the stream without an answer",
        )),
    }
}

fn metadata(target: &Target, bearer: HeaderValue) -> Result<MetadataMap, Trouble> {
    let project = HeaderValue::from_str(&target.project_number).map_err(|_| {
        Trouble::last(
            FailureKind::Other,
            format!("{} is no project number", target.project_number),
        )
    })?;
    let mut headers = http::HeaderMap::new();
    headers.insert(http::header::AUTHORIZATION, bearer);
    headers.insert("x-goog-user-project", project);
    Ok(MetadataMap::from_headers(headers))
}

/// Whether nothing more came of an answer that had begun.
fn is_silence(status: &Status) -> bool {
    let mut source = status.source();
    while let Some(error) = source {
        if error.is::<TimeoutError>() {
            return true;
        }
        source = error.source();
    }
    false
}

fn trouble(status: &Status, token: &str) -> Trouble {
    let message = match status.source() {
        Some(source) if !status.message().contains(&source.to_string()) => {
            format!("{}: {}", status.message(), with_causes(source))
        }
        _ => status.message().to_owned(),
    };
    let message = one_line(&without(&message, token));
    let text = format!("{} {}: {message}", status.code() as i32, name(status.code()));
    // A gRPC server always ends with its own status; what has none is not one.
    if status.message().contains("grpc-status header missing") {
        return match status.code() {
            Code::Unavailable => Trouble::passing(text),
            _ => Trouble::blocked(text),
        };
    }
    // The first byte of a gRPC message is 0 or 1; whoever sends another speaks HTML, or plain words.
    if status.message().contains("invalid compression flag") {
        return Trouble::blocked("the answer is no gRPC: HTML, or the words of a proxy".to_owned());
    }
    let on_the_way = status.source().is_some();
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated if !on_the_way => {
            let mut info = details::error_info(status.details());
            let denied = status.code() == Code::PermissionDenied;
            let as_http = if denied { 403 } else { 401 };
            refused(as_http, text, &info.reason, |key| {
                Some(without(&info.metadata.remove(key)?, token))
            })
        }
        Code::Unimplemented => Trouble::blocked(text),
        Code::DeadlineExceeded => super::late(),
        // Internal is gRPC's 500, and what a stream that breaks off reads as.
        Code::Unavailable | Code::ResourceExhausted | Code::Internal => Trouble::passing(text),
        Code::Cancelled if message.contains("Timeout expired") => super::late(),
        _ if on_the_way => Trouble::passing(text),
        Code::DataLoss => Trouble::last(FailureKind::Unreadable, text),
        Code::Cancelled => Trouble::last(FailureKind::Stopped, text),
        _ => Trouble::last(FailureKind::Other, text),
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
