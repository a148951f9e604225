//! Settings that are not given as flags: `meshdoctor.toml`, then gcloud's own configuration.
//!
//! flag > variable > file > discovered: `cli` asks here for what neither a flag nor a variable gave.
mod file;
mod form;
pub mod gcloud;
mod time;

pub use file::{ConfigError, Settings};
pub use time::{SPANS, seconds};
