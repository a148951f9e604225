//! meshdoctor: diagnoses the path from a Cloud Run service into Cloud Service Mesh on GKE.
//!
//! Data walks through the house in one direction and never turns back:
//!
//! ```text
//! arguments -> Scope -> collect (live) or read (paths) -> Snapshot -> Mesh -> rules -> Findings -> diagnosis -> Report -> renderer
//! ```
//!
//! | room | what it is for |
//! |---|---|
//! | [`scope`] | what the user asked to look at |
//! | [`config`], [`collect`] | settings; live collection, a file a source |
//! | [`blocks`] | streams of lines, block by block on several threads, in order |
//! | [`input`], [`names`] | what can be wrong with input; the names that two rooms and more share |
//! | [`redact`] | secrets told by their form or their field, and what stands in their place |
//! | [`gcp`], [`k8s`] | the few fields we use of each resource, as serde types |
//! | [`xds`] | CSDS answers opened: listeners, routes, clusters, endpoints, sync state |
//! | [`snapshot`] | what was collected: typed raw resources, where each came from, what could not be had |
//! | [`logs`] | log entries read fast, records joined, signatures matched |
//! | [`mesh`] | the resolved model; joins are made here, once, and facts computed |
//! | [`rules`] | rule files, their expressions, the engine |
//! | [`fix`] | what mends a finding, as data, rendered to commands |
//! | [`diagnose`] | cause or symptom, the path hop by hop, the verdict |
//! | [`report`] | the public contract and its renderers |
//! | [`replay`] | a snapshot served over the real wire protocols |
//! | [`cli`] | flags in, exit status out |
pub mod blocks;
pub mod cli;
pub mod collect;
pub mod config;
pub mod diagnose;
pub mod fix;
pub mod gcp;
pub mod input;
pub mod k8s;
pub mod logs;
pub mod mesh;
pub mod names;
pub mod redact;
pub mod replay;
pub mod report;
pub mod rules;
pub mod scope;
pub mod snapshot;
pub mod xds;
