//! The public contract and its renderers, a file each. Nothing here knows a rule.
mod json;
mod outline;
pub mod table;
mod text;

pub use json::{JsonError, to_json, write_json};
pub use text::safe;

#[cfg(test)]
mod samples;

pub mod v1 {
    //! The generated types of `proto/meshdoctor/v1/report.proto`.
    #![allow(clippy::all, clippy::pedantic, missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/meshdoctor.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/meshdoctor.v1.serde.rs"));
}
