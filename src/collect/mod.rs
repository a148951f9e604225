//! Live collection: one file a source, each bringing raw API answers into the snapshot layout and telling what became of it.
//!
//! In comes a [`Scope`](crate::scope::Scope); out go files in a [`Store`] and an [`Outcome`] a collector. Nothing here judges.
pub mod csds;
pub mod endpoints;
pub mod kubernetes;
pub mod outcome;
pub mod refusal;
pub mod store;
pub mod token;

pub use endpoints::{Api, Endpoints};
pub use outcome::{Failure, Outcome};
pub use store::Store;
pub use token::Token;
