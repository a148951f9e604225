//! The few fields that a diagnosis uses of each Kubernetes and Istio resource, as serde types.
pub mod core;
pub mod istio;
pub mod labels;
pub mod meta;
pub mod networkpolicy;
pub mod selector;
pub mod virtual_service;
