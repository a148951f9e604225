//! The old form: `xds_config`, one dump of Envoy's admin interface a type.
use super::resource::Raw;
use super::{Kind, SyncState, state};
use envoy_types::pb::envoy::admin::v3 as admin;
use envoy_types::pb::envoy::service::status::v3::PerXdsConfig;
use envoy_types::pb::envoy::service::status::v3::per_xds_config::PerXdsConfig as Dump;
use envoy_types::pb::google::protobuf::{Any, Timestamp};

const LISTENER: &str = "type.googleapis.com/envoy.config.listener.v3.Listener";
const ROUTES: &str = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
const SCOPED_ROUTES: &str = "type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration";
const CLUSTER: &str = "type.googleapis.com/envoy.config.cluster.v3.Cluster";
const ENDPOINTS: &str = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";

/// The type, what is said of it as a whole, and its resources.
#[allow(deprecated, reason = "the old form is deprecated as a whole")]
pub fn raws(config: PerXdsConfig) -> (Kind, SyncState, Vec<Raw>) {
    let whole =
        state::of_control_plane(config.status).more_telling(state::of_client_type(config.client_status));
    let (kind, mut raws) = match config.per_xds_config {
        Some(Dump::ListenerConfig(dump)) => (Kind::Lds, listeners(dump)),
        Some(Dump::ClusterConfig(dump)) => (Kind::Cds, clusters(dump)),
        Some(Dump::RouteConfig(dump)) => (Kind::Rds, routes(dump)),
        Some(Dump::ScopedRouteConfig(dump)) => (Kind::Srds, scoped_routes(dump)),
        Some(Dump::EndpointConfig(dump)) => (Kind::Eds, endpoints(dump)),
        None => (Kind::Other(String::new()), Vec::new()),
    };
    // Who of them was refused, the resources say better than the type.
    let refused_by_name = raws.iter().any(|raw| raw.state == SyncState::Rejected);
    for raw in &mut raws {
        let silent = raw.state == SyncState::Unknown && !raw.is_static;
        if silent && !(refused_by_name && whole == SyncState::Rejected) {
            raw.state = whole;
        }
    }
    (kind, whole, raws)
}

fn is_static(type_url: &str, config: Option<Any>, last_updated: Option<Timestamp>) -> Raw {
    Raw {
        type_url: outer_type(type_url, config.as_ref()),
        config,
        last_updated,
        is_static: true,
        ..Raw::default()
    }
}

/// The dump's type, unless the payload has its own.
fn outer_type(type_url: &str, config: Option<&Any>) -> String {
    match config {
        Some(any) if !any.type_url.is_empty() => String::new(),
        _ => type_url.to_owned(),
    }
}

/// What all dynamic entries have.
struct Dynamic {
    version: String,
    config: Option<Any>,
    last_updated: Option<Timestamp>,
    error: Option<admin::UpdateFailureState>,
    client_status: i32,
}

impl Dynamic {
    fn raw(self, type_url: &str) -> Raw {
        let own = match state::of_client(self.client_status) {
            SyncState::Unknown if self.error.is_some() => SyncState::Rejected,
            state => state,
        };
        Raw {
            type_url: outer_type(type_url, self.config.as_ref()),
            version: self.version,
            config: self.config,
            last_updated: self.last_updated,
            error: self.error,
            state: own,
            ..Raw::default()
        }
    }
}

/// Every field of a dynamic entry but the payload has the same name in each dump.
macro_rules! dynamic {
    ($entry:expr, $payload:ident) => {
        Dynamic {
            version: $entry.version_info,
            config: $entry.$payload,
            last_updated: $entry.last_updated,
            error: $entry.error_state,
            client_status: $entry.client_status,
        }
    };
}

fn listeners(dump: admin::ListenersConfigDump) -> Vec<Raw> {
    let mut raws: Vec<Raw> = dump
        .static_listeners
        .into_iter()
        .map(|entry| is_static(LISTENER, entry.listener, entry.last_updated))
        .collect();
    for mut entry in dump.dynamic_listeners {
        // Active and warming are two versions that the client has; one that drains counts only when it is alone.
        let mut versions: Vec<_> = entry
            .active_state
            .into_iter()
            .chain(entry.warming_state)
            .collect();
        if versions.is_empty() {
            versions.push(entry.draining_state.unwrap_or_default());
        }
        for version in versions {
            let dynamic = Dynamic {
                version: version.version_info,
                config: version.listener,
                last_updated: version.last_updated,
                error: entry.error_state.take(),
                client_status: entry.client_status,
            };
            raws.push(Raw {
                name: entry.name.clone(),
                ..dynamic.raw(LISTENER)
            });
        }
    }
    raws
}

fn clusters(dump: admin::ClustersConfigDump) -> Vec<Raw> {
    let fixed = dump.static_clusters.into_iter();
    let dynamic = dump.dynamic_active_clusters.into_iter();
    fixed
        .map(|entry| is_static(CLUSTER, entry.cluster, entry.last_updated))
        .chain(
            dynamic
                .chain(dump.dynamic_warming_clusters)
                .map(|entry| dynamic!(entry, cluster).raw(CLUSTER)),
        )
        .collect()
}

fn routes(dump: admin::RoutesConfigDump) -> Vec<Raw> {
    let fixed = dump.static_route_configs.into_iter();
    let dynamic = dump.dynamic_route_configs.into_iter();
    fixed
        .map(|entry| is_static(ROUTES, entry.route_config, entry.last_updated))
        .chain(dynamic.map(|entry| dynamic!(entry, route_config).raw(ROUTES)))
        .collect()
}

fn endpoints(dump: admin::EndpointsConfigDump) -> Vec<Raw> {
    let fixed = dump.static_endpoint_configs.into_iter();
    let dynamic = dump.dynamic_endpoint_configs.into_iter();
    fixed
        .map(|entry| is_static(ENDPOINTS, entry.endpoint_config, entry.last_updated))
        .chain(dynamic.map(|entry| dynamic!(entry, endpoint_config).raw(ENDPOINTS)))
        .collect()
}

fn scoped_routes(dump: admin::ScopedRoutesConfigDump) -> Vec<Raw> {
    let mut raws = Vec::new();
    for entry in dump.inline_scoped_route_configs {
        for config in entry.scoped_route_configs {
            raws.push(is_static(SCOPED_ROUTES, Some(config), entry.last_updated));
        }
    }
    for entry in dump.dynamic_scoped_route_configs {
        let shared = |config| Dynamic {
            version: entry.version_info.clone(),
            config,
            last_updated: entry.last_updated,
            error: entry.error_state.clone(),
            client_status: entry.client_status,
        };
        // The entry's name is that of the set: it stands in only where there is no scope to name.
        if entry.scoped_route_configs.is_empty() {
            raws.push(Raw {
                name: entry.name.clone(),
                ..shared(None).raw(SCOPED_ROUTES)
            });
        }
        for config in &entry.scoped_route_configs {
            raws.push(shared(Some(config.clone())).raw(SCOPED_ROUTES));
        }
    }
    raws
}
