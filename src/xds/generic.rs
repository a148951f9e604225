//! The new form: one list of resources of any type.
use super::resource::Raw;
use super::state;
use envoy_types::pb::envoy::service::status::v3::client_config::GenericXdsConfig;

/// One entry of `generic_xds_configs`.
pub fn raw(config: GenericXdsConfig) -> Raw {
    Raw {
        state: state::of_control_plane(config.config_status)
            .more_telling(state::of_client(config.client_status)),
        type_url: config.type_url,
        name: config.name,
        version: config.version_info,
        config: config.xds_config,
        last_updated: config.last_updated,
        error: config.error_state,
        is_static: config.is_static_resource,
    }
}
