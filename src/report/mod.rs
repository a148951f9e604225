//! The public contract and its renderers, a file each. Nothing here knows a rule.
pub mod v1 {
    //! The generated types of `proto/meshdoctor/v1/report.proto`.
    #![allow(clippy::all, clippy::pedantic, missing_docs)]
    include!(concat!(env!("OUT_DIR"), "/meshdoctor.v1.rs"));
}
