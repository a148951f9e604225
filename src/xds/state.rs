//! Three enums of Envoy's, one word of ours.
use super::SyncState;
use envoy_types::pb::envoy::admin::v3::ClientResourceStatus;
use envoy_types::pb::envoy::service::status::v3::{ClientConfigStatus, ConfigStatus};

/// What a control plane says. A number of a newer Envoy says nothing.
pub fn of_control_plane(number: i32) -> SyncState {
    match ConfigStatus::try_from(number) {
        Ok(ConfigStatus::Synced) => SyncState::Synced,
        Ok(ConfigStatus::NotSent) => SyncState::NotSent,
        Ok(ConfigStatus::Stale) => SyncState::Stale,
        Ok(ConfigStatus::Error) => SyncState::Rejected,
        Ok(ConfigStatus::Unknown) | Err(_) => SyncState::Unknown,
    }
}

/// What an xDS client says of one resource.
pub fn of_client(number: i32) -> SyncState {
    match ClientResourceStatus::try_from(number) {
        Ok(ClientResourceStatus::Requested) => SyncState::Requested,
        Ok(ClientResourceStatus::DoesNotExist) => SyncState::DoesNotExist,
        Ok(ClientResourceStatus::Acked) => SyncState::Synced,
        Ok(ClientResourceStatus::Nacked) => SyncState::Rejected,
        Ok(ClientResourceStatus::ReceivedError) => SyncState::ReceivedError,
        Ok(ClientResourceStatus::Timeout) => SyncState::Timeout,
        Ok(ClientResourceStatus::Unknown) | Err(_) => SyncState::Unknown,
    }
}

/// What an xDS client says of a whole type (old form).
pub fn of_client_type(number: i32) -> SyncState {
    match ClientConfigStatus::try_from(number) {
        Ok(ClientConfigStatus::ClientRequested) => SyncState::Requested,
        Ok(ClientConfigStatus::ClientAcked) => SyncState::Synced,
        Ok(ClientConfigStatus::ClientNacked) => SyncState::Rejected,
        Ok(ClientConfigStatus::ClientReceivedError) => SyncState::ReceivedError,
        Ok(ClientConfigStatus::ClientUnknown) | Err(_) => SyncState::Unknown,
    }
}

impl SyncState {
    /// Of two statements about one thing, the one that tells more: trouble before health, health before silence.
    pub fn more_telling(self, other: Self) -> Self {
        if other.weight() > self.weight() {
            other
        } else {
            self
        }
    }

    fn weight(self) -> u8 {
        match self {
            Self::Unknown => 0,
            Self::Synced => 1,
            Self::NotSent => 2,
            Self::Stale => 3,
            Self::Requested => 4,
            Self::Timeout => 5,
            Self::DoesNotExist => 6,
            Self::ReceivedError => 7,
            Self::Rejected => 8,
        }
    }
}
