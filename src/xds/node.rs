//! Who the client is: the node that it told the control plane.
use super::XdsClient;
use envoy_types::pb::envoy::config::core::v3 as core;
use envoy_types::pb::google::protobuf::{Struct, Value, value};
use std::collections::BTreeMap;

/// A client without resources.
#[allow(deprecated, reason = "listening_addresses is still sent")]
pub fn client(node: core::Node) -> XdsClient {
    let mut metadata = BTreeMap::new();
    flatten_struct("", node.metadata.unwrap_or_default(), &mut metadata);
    let version = match node.user_agent_version_type {
        Some(core::node::UserAgentVersionType::UserAgentVersion(text)) => text,
        Some(core::node::UserAgentVersionType::UserAgentBuildVersion(build)) => {
            build.version.map_or_else(String::new, |v| {
                format!("{}.{}.{}", v.major_number, v.minor_number, v.patch)
            })
        }
        None => String::new(),
    };
    XdsClient {
        node_id: node.id,
        metadata,
        user_agent: format!("{} {version}", node.user_agent_name).trim().to_owned(),
        region: node.locality.map(region).unwrap_or_default(),
        listening_addresses: node
            .listening_addresses
            .into_iter()
            .map(|address| join(address_of(Some(address))))
            .collect(),
        ..XdsClient::default()
    }
}

/// A Google zone is its region and a letter: `us-central1-a`.
fn region(locality: core::Locality) -> String {
    if !locality.region.is_empty() {
        return locality.region;
    }
    match locality.zone.rsplit_once('-') {
        Some((region, letter)) if letter.len() == 1 => region.to_owned(),
        _ => String::new(),
    }
}

fn flatten_struct(prefix: &str, fields: Struct, into: &mut BTreeMap<String, String>) {
    // Sorted, so that of two spellings of one dotted key the same one wins each time.
    let fields: BTreeMap<String, Value> = fields.fields.into_iter().collect();
    for (key, value) in fields {
        flatten(&nested(prefix, &key), value, into);
    }
}

fn flatten(key: &str, value: Value, into: &mut BTreeMap<String, String>) {
    let text = match value.kind {
        Some(value::Kind::StructValue(inner)) => return flatten_struct(key, inner, into),
        Some(value::Kind::ListValue(list)) => {
            for (index, item) in list.values.into_iter().enumerate() {
                flatten(&nested(key, &index.to_string()), item, into);
            }
            return;
        }
        Some(value::Kind::StringValue(text)) => text,
        Some(value::Kind::NumberValue(number)) => number.to_string(),
        Some(value::Kind::BoolValue(flag)) => flag.to_string(),
        Some(value::Kind::NullValue(_)) | None => "null".to_owned(),
    };
    into.entry(key.to_owned()).or_insert(text);
}

fn nested(prefix: &str, key: &str) -> String {
    match prefix {
        "" => key.to_owned(),
        _ => format!("{prefix}.{key}"),
    }
}

/// Host and port; a pipe's path or an internal listener's name with port 0.
pub fn address_of(address: Option<core::Address>) -> (String, u32) {
    match address.and_then(|a| a.address) {
        Some(core::address::Address::SocketAddress(socket)) => match socket.port_specifier {
            Some(core::socket_address::PortSpecifier::PortValue(port)) => (socket.address, port),
            _ => (socket.address, 0),
        },
        Some(core::address::Address::Pipe(pipe)) => (pipe.path, 0),
        Some(core::address::Address::EnvoyInternalAddress(internal)) => {
            match internal.address_name_specifier {
                Some(core::envoy_internal_address::AddressNameSpecifier::ServerListenerName(name)) => {
                    (name, 0)
                }
                None => (internal.endpoint_id, 0),
            }
        }
        None => (String::new(), 0),
    }
}

fn join((host, port): (String, u32)) -> String {
    match port {
        0 => host,
        _ if host.contains(':') => format!("[{host}]:{port}"),
        _ => format!("{host}:{port}"),
    }
}
