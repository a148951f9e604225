//! Live collection: one file a source, each bringing raw API answers into the snapshot layout and telling what became of it.
//!
//! In comes a [`Scope`](crate::scope::Scope); out go files in a [`Store`] and an [`Outcome`] a collector. Nothing here judges.
pub mod all;
pub mod asked;
pub mod auth;
pub mod cloud_run;
pub mod clusters;
pub mod compute;
pub mod csds;
pub mod dns;
pub mod endpoints;
pub mod fleet;
mod gather;
pub mod google;
pub mod iam;
pub mod kubernetes;
pub mod logging;
pub mod named;
pub mod outcome;
pub mod permissions;
pub mod preflight;
pub mod reach;
pub mod service_usage;
mod sound;
pub mod store;
pub mod token;
pub mod until;

pub use crate::snapshot::refusal;
pub use asked::Asked;
pub use endpoints::{Api, Endpoints};
pub use gather::{Event, Means};
pub use outcome::{Failure, FailureKind, Outcome};
pub use store::Store;
pub use token::Token;
