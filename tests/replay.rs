//! A bundle asked over the real wire: REST by reqwest, CSDS by tonic, Kubernetes by kube, the program by its signals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#[path = "replay/clients.rs"]
mod clients;
mod common;
#[path = "replay/csds.rs"]
mod csds;
#[path = "replay/faults.rs"]
mod faults;
#[path = "replay/listings.rs"]
mod listings;
#[path = "replay/logs.rs"]
mod logs;
#[path = "replay/program.rs"]
mod program;
#[path = "replay/refusals.rs"]
mod refusals;
#[path = "replay/server.rs"]
mod server;
