//! Streams of lines worked on fast, in constant memory.
//!
//! A stream comes in; `cut` gives blocks of whole lines, and `pipeline` runs them through several threads at once and hands
//! what became of them over in order. Nothing here knows what a line means.
mod cut;
mod pipeline;

pub use cut::{Block, Blocks, Limits};
pub use pipeline::run;
