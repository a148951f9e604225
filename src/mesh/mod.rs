//! The resolved model that a rule looks at: joins are made here, once, and facts computed.
//!
//! In comes a [`Snapshot`](crate::snapshot::Snapshot) with the log evidence; nothing here knows a network or a rule.
pub mod facts;
pub mod iam;
pub mod authz;
pub mod dns;
pub mod firewall;
pub mod mtls;
pub mod netpol;
pub mod network;
pub mod projects;
pub mod subject;
