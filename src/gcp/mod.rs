//! The few fields that a diagnosis uses of each Google resource, as serde types: a file an API.
//!
//! Unknown fields are ignored and absent ones have their default, as Google's JSON leaves out what is empty.
pub mod access;
pub mod compute;
pub mod container;
pub mod dns;
pub mod firewall_policy;
pub mod fleet;
pub mod iam;
pub mod project;
pub mod run;
pub mod service_usage;
