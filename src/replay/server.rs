//! The server: one port, a token, and the way from a path to the API that answers it.
use super::answer::{Answer, Refusal, Shape};
use super::ask::Ask;
use super::bundle::Bundle;
use super::csds::{self, ClientStatus};
use super::entries::Entries;
use super::faults::{self, Faults};
use super::kubernetes::{self, Cluster};
use super::listing::Served;
use super::paging::Quirk;
use super::{compute, google, logging};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, header};
use axum::middleware::{self, Next};
use envoy_types::pb::envoy::service::status::v3::client_status_discovery_service_server::ClientStatusDiscoveryServiceServer;
use sha2::{Digest, Sha256};
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tonic::service::Routes;

/// Bodies of requests; none of the APIs takes more.
const MAX_REQUEST: usize = 4 << 20;
/// How long open connections may take to end after the signal.
const GRACE: Duration = Duration::from_millis(500);

/// How to serve.
#[derive(Debug)]
pub struct Options {
    pub listen: SocketAddr,
    /// The most items on a page, whatever is asked.
    pub page_size: Option<usize>,
    pub faults: Faults,
}

/// A server that listens.
#[derive(Debug)]
pub struct Replay {
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bundle: Arc<Bundle>,
    token: String,
    cap: usize,
    faults: Arc<Faults>,
    entries: Entries,
    clients: ClientStatus,
}

impl Replay {
    /// Listens; answers once [`serve`](Self::serve) runs.
    ///
    /// # Errors
    /// The address is no loopback address, or cannot be had.
    pub async fn bind(bundle: Bundle, options: Options) -> io::Result<Self> {
        // A bundle holds what only its owner may see, and the token travels in the clear.
        if !options.listen.ip().is_loopback() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "only loopback addresses are served",
            ));
        }
        let listener = TcpListener::bind(options.listen).await?;
        let bundle = Arc::new(bundle);
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            shared: Arc::new(Shared {
                clients: ClientStatus::new(Arc::clone(&bundle)),
                bundle,
                token: token(),
                cap: options.page_size.unwrap_or(usize::MAX).max(1),
                faults: Arc::new(options.faults),
                entries: Entries::default(),
            }),
        })
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Without it every answer is 401.
    pub fn token(&self) -> &str {
        &self.shared.token
    }

    pub fn bundle(&self) -> &Bundle {
        &self.shared.bundle
    }

    /// What breaks answers, with what came of it until now.
    pub fn faults(&self) -> Arc<Faults> {
        Arc::clone(&self.shared.faults)
    }

    /// Answers until the signal, then ends what is open.
    ///
    /// # Errors
    /// The listener broke.
    pub async fn serve(self, until: impl Future<Output = ()> + Send + 'static) -> io::Result<()> {
        let grpc = ClientStatusDiscoveryServiceServer::new(self.shared.clients.clone());
        let router = Routes::new(grpc)
            .into_axum_router()
            .fallback({
                let shared = Arc::clone(&self.shared);
                move |request: Request| handle(shared, request)
            })
            .layer(middleware::from_fn_with_state(self.shared, gate));
        let (told, heard) = tokio::sync::oneshot::channel::<()>();
        let until = async move {
            until.await;
            // Whoever waits for it may be gone already.
            let _ = told.send(());
        };
        let late = async {
            if heard.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            ended = axum::serve(self.listener, router).with_graceful_shutdown(until) => ended,
            () = late => Ok(()),
        }
    }
}

/// Nobody else on the machine should guess it.
fn token() -> String {
    let mut digest = Sha256::new();
    for _ in 0..4 {
        // Each is seeded by the system.
        digest.update(RandomState::new().build_hasher().finish().to_ne_bytes());
    }
    let hex: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("replay-{}", hex.get(..40).unwrap_or(&hex))
}

/// Faults, then the token, then the answer.
async fn gate(State(shared): State<Arc<Shared>>, mut request: Request, next: Next) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let actions = shared.faults.take(request.method().as_str(), &path);
    let grpc = path.starts_with(csds::SERVICE);
    if let Some(response) = faults::before(&actions, (!grpc).then(|| shape(&path))).await {
        return response;
    }
    let given = request.headers().get(header::AUTHORIZATION);
    let right = given
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .is_some_and(|own| own == shared.token);
    if !right && token_in_path(&path) != Some(&shared.token) {
        let refusal = Refusal::unauthenticated(given.is_some());
        if grpc {
            return csds::status(&refusal).into_http();
        }
        return respond(&refusal.render(shape(&path)));
    }
    request.extensions_mut().insert(faults::quirk(&actions));
    faults::after(&actions, grpc, next.run(request).await).await
}

/// `/kubernetes/MEMBERSHIP/with-token/TOKEN/…`: kubectl reads no credentials for a server that is not https
/// (client-go, `clientcmd.ClientConfig`), so the kubeconfig's address has the token in it.
fn token_in_path(path: &str) -> Option<&str> {
    let rest = path.strip_prefix("/kubernetes/")?;
    let (_, rest) = rest.split_once("/with-token/")?;
    rest.split('/').next()
}

async fn handle(shared: Arc<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let quirk = parts.extensions.get::<Quirk>().copied().unwrap_or_default();
    let shape = shape(parts.uri.path());
    let Ok(body) = axum::body::to_bytes(body, MAX_REQUEST).await else {
        return respond(&Refusal::new(413, "The request is too large.").render(shape));
    };
    let ask = Ask::new(parts.method, &parts.uri, body, quirk);
    // Files are read and logs are searched: nothing for the thread that serves connections.
    let answer = tokio::task::spawn_blocking(move || {
        route(&shared, &ask).unwrap_or_else(|refusal| refusal.render(shape))
    });
    let answer = answer
        .await
        .unwrap_or_else(|error| Refusal::new(500, error.to_string()).render(shape));
    respond(&answer)
}

fn respond(answer: &Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status);
    for (name, value) in &answer.headers {
        response = response.header(name, value);
    }
    response
        .body(Body::from(answer.body.clone()))
        .unwrap_or_else(|_| Response::new(Body::empty()))
}

/// In which shape a path's API writes its errors.
fn shape(path: &str) -> Shape {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["compute" | "dns", ..] => Shape::Legacy,
        ["kubernetes", ..] => Shape::Kubernetes,
        [
            "v1",
            "projects",
            _,
            "locations",
            _,
            "gkeMemberships" | "memberships",
            _,
            _,
            ..,
        ] => Shape::Kubernetes,
        _ => Shape::Google,
    }
}

/// From the path to the API.
fn route(shared: &Shared, ask: &Ask) -> Result<Answer, Refusal> {
    let served = Served {
        bundle: &shared.bundle,
        cap: shared.cap,
    };
    let cluster = |membership| Cluster { served, membership };
    match ask.parts().as_slice() {
        ["v2", "entries:list"] if ask.is_post() => logging::list(served, &shared.entries, ask),
        ["v3", "discovery:client_status"] if ask.is_post() => shared.clients.rest(ask),
        ["compute" | "dns", ..] => compute::answer(served, ask),
        ["kubernetes", membership, "with-token", _, rest @ ..] => {
            kubernetes::answer(cluster(membership), ask, rest)
        }
        ["kubernetes", membership, rest @ ..] => kubernetes::answer(cluster(membership), ask, rest),
        // The Connect Gateway: what stands behind the membership is the cluster's own path.
        [
            "v1",
            "projects",
            _,
            "locations",
            _,
            "gkeMemberships" | "memberships",
            membership,
            rest @ ..,
        ] if !rest.is_empty() => kubernetes::answer(cluster(membership), ask, rest),
        _ => google::answer(served, ask),
    }
}
