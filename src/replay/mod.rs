//! A snapshot served over the real wire protocols on loopback: Google's REST APIs, Kubernetes, and CSDS over gRPC.
//!
//! One port answers all, told apart by path. In comes a [`World`](crate::snapshot::World) as it was read; each answer is
//! made from its raw files (`listing`, `paging`), or from what its manifest says of a collector that failed (`failure`).
//! `google`, `compute`, `kubernetes`, `logging` and `csds` know the paths and shapes of their APIs; `faults` breaks
//! answers on purpose, as `fault_file` read it. Nothing here knows a mesh.
mod answer;
mod ask;
mod bundle;
mod compute;
mod config_out;
mod csds;
mod discovery;
mod entries;
mod failure;
mod fault_file;
mod faults;
mod filter;
mod google;
mod iam;
mod kubernetes;
mod listing;
mod logging;
mod matching;
mod nodes;
mod paging;
mod resources;
mod server;

pub use bundle::Bundle;
pub use config_out::write_config;
pub use fault_file::BadFault;
pub use faults::Faults;
pub use server::{Options, Replay};
