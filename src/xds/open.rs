//! Payloads opened by their type URL: listeners, clusters, endpoints; route configurations are next door.
use super::node::address_of;
use super::{Assignment, Cluster, Content, Endpoint, Kind, Listener, Transport, routes};
use envoy_types::pb::envoy::config::cluster::v3 as cluster;
use envoy_types::pb::envoy::config::core::v3::transport_socket::ConfigType;
use envoy_types::pb::envoy::config::core::v3::{HealthStatus, TransportSocket};
use envoy_types::pb::envoy::config::endpoint::v3 as endpoint;
use envoy_types::pb::envoy::config::listener::v3 as listener;
use envoy_types::pb::envoy::config::route::v3 as route;
use envoy_types::pb::envoy::extensions::filters::network::http_connection_manager::v3 as hcm;
use envoy_types::pb::envoy::service::discovery::v3::Resource as Wrapper;
use envoy_types::pb::google::protobuf::{Any, Struct, value};
use prost::{DecodeError, Message, Name};
use std::collections::HashMap;
use std::sync::Arc;

/// A payload and what it says of itself.
#[derive(Clone)]
pub struct Opened {
    pub type_url: String,
    pub name: String,
    pub content: Arc<Content>,
}

/// What `json` puts in place of a payload whose type is not in Envoy's descriptors: a `Struct` of its `@type` and name.
pub const STAND_IN: &str = "type.googleapis.com/google.protobuf.Struct";

/// Opens a payload; `outer_type` counts where the payload itself names none.
pub fn any(config: Option<Any>, outer_type: &str) -> Result<Opened, String> {
    let mut payload = config.unwrap_or_default();
    let mut name = String::new();
    // `Resource` wraps a payload to name it (xDS transport protocol); nobody wraps twice.
    if is::<Wrapper>(&payload.type_url) {
        let wrapper: Wrapper = decode(&payload.value)?;
        name = wrapper.name;
        payload = wrapper.resource.unwrap_or_default();
    }
    if payload.type_url.is_empty() {
        outer_type.clone_into(&mut payload.type_url);
    }
    let Any { type_url, value } = payload;
    // Every resource has at least a name: no bytes means that the content was left out.
    if value.is_empty() {
        return Ok(Opened {
            content: Content::Absent.into(),
            type_url,
            name,
        });
    }
    let (own_name, content) = content(&type_url, &value)?;
    let opened = Opened {
        name: if own_name.is_empty() { name } else { own_name },
        type_url,
        content: content.into(),
    };
    Ok(if opened.type_url == STAND_IN {
        unmask(opened, &value)
    } else {
        opened
    })
}

fn content(type_url: &str, bytes: &[u8]) -> Result<(String, Content), String> {
    Ok(if is::<listener::Listener>(type_url) {
        let message: listener::Listener = decode(bytes)?;
        (message.name.clone(), Content::Listener(open_listener(message)?))
    } else if is::<route::RouteConfiguration>(type_url) {
        let routes =
            routes::table(decode(bytes)?).map_err(|error| not_a::<route::RouteConfiguration>(&error))?;
        (routes.name.clone(), Content::Routes(routes))
    } else if is::<cluster::Cluster>(type_url) {
        let message: cluster::Cluster = decode(bytes)?;
        (message.name.clone(), Content::Cluster(open_cluster(message)))
    } else if is::<endpoint::ClusterLoadAssignment>(type_url) {
        let message = assignment(decode(bytes)?);
        (message.cluster_name.clone(), Content::Endpoints(message))
    } else if is::<route::ScopedRouteConfiguration>(type_url) {
        let scope: route::ScopedRouteConfiguration = decode(bytes)?;
        let inline = scope.route_configuration.map(routes::config);
        (scope.name, inline.map_or(Content::Opaque, Content::Routes))
    } else {
        (String::new(), Content::Opaque)
    })
}

fn unmask(opened: Opened, bytes: &[u8]) -> Opened {
    let fields = Struct::decode(bytes).unwrap_or_default().fields;
    let text = |key: &str| match fields.get(key).and_then(|v| v.kind.as_ref()) {
        Some(value::Kind::StringValue(text)) => Some(text.clone()),
        _ => None,
    };
    match text("@type") {
        Some(type_url) => Opened {
            type_url,
            name: text("name").unwrap_or(opened.name),
            content: opened.content,
        },
        None => opened,
    }
}

fn is<T: Name>(type_url: &str) -> bool {
    Kind::type_name(type_url) == T::full_name()
}

fn decode<T: Message + Name + Default>(bytes: &[u8]) -> Result<T, String> {
    T::decode(bytes).map_err(|error| not_a::<T>(&error))
}

fn not_a<T: Name>(error: &DecodeError) -> String {
    format!("not a {}: {error}", T::full_name())
}

fn open_listener(message: listener::Listener) -> Result<Listener, String> {
    let (address, port) = address_of(message.address);
    let mut opened = Listener {
        address,
        port,
        ..Listener::default()
    };
    let chains = message
        .filter_chains
        .into_iter()
        .chain(message.default_filter_chain);
    for filter in chains.flat_map(|chain| chain.filters) {
        if let Some(listener::filter::ConfigType::TypedConfig(config)) = filter.config_type {
            add_connection_manager(&config, &mut opened)?;
        }
    }
    if let Some(config) = message.api_listener.and_then(|api| api.api_listener) {
        add_connection_manager(&config, &mut opened)?;
    }
    Ok(opened)
}

fn add_connection_manager(config: &Any, opened: &mut Listener) -> Result<(), String> {
    use hcm::http_connection_manager::RouteSpecifier;
    use hcm::scoped_routes::ConfigSpecifier;
    let specifier = if is::<hcm::HttpConnectionManager>(&config.type_url) {
        decode::<hcm::HttpConnectionManager>(&config.value)?.route_specifier
    } else if is::<hcm::EnvoyMobileHttpConnectionManager>(&config.type_url) {
        let outer: hcm::EnvoyMobileHttpConnectionManager = decode(&config.value)?;
        outer.config.and_then(|inner| inner.route_specifier)
    } else {
        None
    };
    match specifier {
        Some(RouteSpecifier::Rds(rds)) => add_name(rds.route_config_name, opened),
        Some(RouteSpecifier::RouteConfig(inline)) => opened.inline_routes.push(routes::config(inline)),
        Some(RouteSpecifier::ScopedRoutes(scoped)) => {
            if let Some(ConfigSpecifier::ScopedRouteConfigurationsList(list)) = scoped.config_specifier {
                for scope in list.scoped_route_configurations {
                    add_name(scope.route_configuration_name, opened);
                    opened
                        .inline_routes
                        .extend(scope.route_configuration.map(routes::config));
                }
            }
        }
        None => {}
    }
    Ok(())
}

fn add_name(name: String, opened: &mut Listener) {
    if !name.is_empty() && !opened.route_configs.contains(&name) {
        opened.route_configs.push(name);
    }
}

fn open_cluster(message: cluster::Cluster) -> Cluster {
    use cluster::cluster::{ClusterDiscoveryType, DiscoveryType};
    let discovery = match message.cluster_discovery_type {
        Some(ClusterDiscoveryType::Type(number)) => match DiscoveryType::try_from(number) {
            Ok(known) => known.as_str_name().to_owned(),
            Err(_) => format!("UNKNOWN ({number})"),
        },
        Some(ClusterDiscoveryType::ClusterType(custom)) => custom.name,
        // The first value of a proto3 enum is its default.
        None => DiscoveryType::Static.as_str_name().to_owned(),
    };
    let transport = match (
        &message.transport_socket,
        message.transport_socket_matches.as_slice(),
    ) {
        (None, []) => Transport::Plain,
        (Some(socket), []) => transport(socket),
        _ => Transport::Other,
    };
    let asked = message.eds_cluster_config.map(|eds| eds.service_name);
    Cluster {
        discovery,
        eds_service_name: asked.filter(|name| !name.is_empty()).unwrap_or(message.name),
        inline_endpoints: message.load_assignment.map(assignment),
        transport,
    }
}

/// By the type of the socket's configuration; one without any by its name.
fn transport(socket: &TransportSocket) -> Transport {
    let typed = match &socket.config_type {
        Some(ConfigType::TypedConfig(config)) => Kind::type_name(&config.type_url),
        None => "",
    };
    match (typed, socket.name.as_str()) {
        ("envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext", _)
        | ("" | "google.protobuf.Struct", "envoy.transport_sockets.tls") => Transport::Tls,
        ("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", _)
        | ("", "envoy.transport_sockets.raw_buffer") => Transport::Plain,
        _ => Transport::Other,
    }
}

fn assignment(message: endpoint::ClusterLoadAssignment) -> Assignment {
    use endpoint::locality_lb_endpoints::LbConfig;
    let mut opened = Assignment {
        cluster_name: message.cluster_name,
        ..Assignment::default()
    };
    for locality in message.endpoints {
        let mut endpoints = locality.lb_endpoints;
        #[allow(deprecated, reason = "an old server's way to list endpoints")]
        match locality.lb_config {
            Some(LbConfig::LoadBalancerEndpoints(list)) => endpoints.extend(list.lb_endpoints),
            Some(LbConfig::LedsClusterLocalityConfig(_)) => opened.partly_elsewhere = true,
            None => {}
        }
        opened.endpoints.reserve_exact(endpoints.len());
        opened.endpoints.extend(
            endpoints
                .into_iter()
                .map(|e| open_endpoint(e, &message.named_endpoints)),
        );
    }
    opened
}

fn open_endpoint(message: endpoint::LbEndpoint, named: &HashMap<String, endpoint::Endpoint>) -> Endpoint {
    use endpoint::lb_endpoint::HostIdentifier;
    let (address, port) = match message.host_identifier {
        Some(HostIdentifier::Endpoint(endpoint)) => address_of(endpoint.address),
        Some(HostIdentifier::EndpointName(name)) => match named.get(&name) {
            Some(endpoint) => address_of(endpoint.address.clone()),
            None => (name, 0),
        },
        None => (String::new(), 0),
    };
    let health = HealthStatus::try_from(message.health_status).unwrap_or(HealthStatus::Unknown);
    Endpoint {
        address,
        port,
        health: health.as_str_name().to_owned(),
    }
}
