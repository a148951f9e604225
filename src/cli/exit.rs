//! Exit statuses.

/// Checked, and nothing at or above `--fail-on`.
pub const FINE: u8 = 0;
/// Findings at or above `--fail-on`.
pub const FINDINGS: u8 = 1;
/// Wrong usage: flags, configuration, a rule file, an unreadable path.
pub const USAGE: u8 = 2;
/// Nothing at or above `--fail-on` was found, but something needed was not collected.
pub const INCONCLUSIVE: u8 = 3;
