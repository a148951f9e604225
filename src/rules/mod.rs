//! Rules: files loaded and checked, expressions, the engine.
//!
//! A rule is data: it says what it needs, what it looks at, when it fires, how it is told, what it explains and how it is mended.
//! Comes in: YAML, a [`Mesh`](crate::mesh::Mesh). Goes out: findings and, for every rule, what became of it. No terminal here.
mod compile;
mod concern;
pub mod engine;
mod error;
mod expression;
pub mod fixture;
pub mod lint;
pub mod page;
pub mod rule;
mod sample;
mod set;
pub mod sources;
mod template;

pub use compile::Rule;
pub use error::RuleError;
pub use rule::{Layer, Severity};
pub use set::RuleSet;
