//! stub
use super::Snapshot;
pub enum Availability { Complete, Partial(String), Missing(String) }
pub fn all_needs() -> &'static [&'static str] { &[] }
impl Snapshot { pub fn availability(&self, _need: &str) -> Availability { Availability::Complete } }
