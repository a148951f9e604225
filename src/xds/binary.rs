//! Bytes to protobuf to model: the one road, which JSON takes too once it is encoded.
//!
//! Opened by Envoy's types an answer takes ten times its size, so its lists stay bytes and are opened one resource at a time.
use super::resource::Raw;
use super::shared::Shared;
use super::{ClientStatus, XdsClient, generic, node, old};
use crate::input::ReadError;
use envoy_types::pb::envoy::config::core::v3::Node;
use envoy_types::pb::envoy::service::status::v3::PerXdsConfig;
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;
use prost::bytes::Bytes;
use prost::{DecodeError, Message};

/// `ClientStatusResponse`; bytes share the answer's memory.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Response {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub config: Vec<Bytes>,
}

/// `ClientConfig`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Config {
    #[prost(message, optional, tag = "1")]
    node: Option<Node>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    xds_config: Vec<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    pub generic_xds_configs: Vec<Bytes>,
    #[prost(string, tag = "4")]
    client_scope: String,
}

/// See [`super::from_binary`].
pub fn read(bytes: Bytes, origin: &str) -> Result<ClientStatus, ReadError> {
    let length = bytes.len();
    let undecoded = |error: DecodeError| foreign(origin, &format!("not a ClientStatusResponse: {error}"));
    let response = Response::decode(bytes).map_err(undecoded)?;
    let configs = response
        .config
        .into_iter()
        .map(Config::decode)
        .collect::<Result<Vec<Config>, _>>()
        .map_err(undecoded)?;
    // Protobuf skips fields it does not know, so that other bytes may decode to nothing at all. A client that says nothing
    // takes two bytes.
    let says_nothing = configs.iter().all(|config| *config == Config::default());
    if says_nothing && 2 * configs.len() < length {
        let problem = "not a ClientStatusResponse: it holds none of its fields";
        return Err(foreign(origin, problem));
    }
    let mut shared = Shared::default();
    let mut clients = Vec::with_capacity(configs.len());
    for config in configs {
        clients.push(client(config, origin, &mut shared, &undecoded)?);
    }
    Ok(ClientStatus { clients })
}

fn client(
    config: Config,
    origin: &str,
    shared: &mut Shared,
    undecoded: &impl Fn(DecodeError) -> ReadError,
) -> Result<XdsClient, ReadError> {
    let mut client = node::client(config.node.unwrap_or_default());
    client.scope = config.client_scope;
    let mut resources = Vec::with_capacity(config.generic_xds_configs.len());
    let mut add = |raw: Raw| {
        resources.push(raw.open(&client.node_id, origin, shared)?);
        Ok(())
    };
    for bytes in config.generic_xds_configs {
        let config = GenericXdsConfig::decode(bytes).map_err(undecoded)?;
        add(generic::raw(config))?;
    }
    for bytes in config.xds_config {
        let (kind, state, more) = old::raws(PerXdsConfig::decode(bytes).map_err(undecoded)?);
        more.into_iter().try_for_each(&mut add)?;
        let told = client.type_states.entry(kind).or_default();
        *told = told.more_telling(state);
    }
    client.resources = resources;
    Ok(client)
}

fn foreign(origin: &str, problem: &str) -> ReadError {
    ReadError::Malformed {
        origin: origin.to_owned(),
        line: 0,
        column: 0,
        problem: problem.to_owned(),
        remedy: "store the CSDS answer as protobuf serializes it, without gRPC framing or compression; \
                 an answer in JSON belongs into a file named .json"
            .into(),
    }
}
