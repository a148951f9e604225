//! Bytes to protobuf to model: the one road, which JSON takes too once it is encoded.
use super::resource::Raw;
use super::{ClientStatus, XdsClient, generic, node, old};
use crate::input::ReadError;
use envoy_types::pb::envoy::service::status::v3::{ClientConfig, ClientStatusResponse};
use prost::Message;

/// See [`super::from_binary`].
pub fn read(bytes: &[u8], origin: &str) -> Result<ClientStatus, ReadError> {
    let response = ClientStatusResponse::decode(bytes)
        .map_err(|error| foreign(origin, &format!("not a ClientStatusResponse: {error}")))?;
    // Protobuf skips fields it does not know, so that other bytes may decode to nothing at all.
    let says_nothing = response.config.iter().all(|c| *c == ClientConfig::default());
    if says_nothing && response.encoded_len() < bytes.len() {
        let problem = "not a ClientStatusResponse: it holds none of its fields";
        return Err(foreign(origin, problem));
    }
    let clients = response
        .config
        .into_iter()
        .map(|config| client(config, origin))
        .collect::<Result<_, _>>()?;
    Ok(ClientStatus { clients })
}

#[allow(deprecated, reason = "old servers fill xds_config")]
fn client(config: ClientConfig, origin: &str) -> Result<XdsClient, ReadError> {
    let mut client = node::client(config.node.unwrap_or_default());
    client.scope = config.client_scope;
    let mut raws: Vec<Raw> = config.generic_xds_configs.into_iter().map(generic::raw).collect();
    for old_config in config.xds_config {
        let (kind, state, more) = old::raws(old_config);
        raws.extend(more);
        let told = client.type_states.entry(kind).or_default();
        *told = told.more_telling(state);
    }
    client.resources = raws
        .into_iter()
        .map(|raw| raw.open(&client.node_id, origin))
        .collect::<Result<_, _>>()?;
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
