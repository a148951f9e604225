//! What can be wrong with a rule: the file, the place, and the remedy.

/// Why a rule file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {problem}\n  remedy: {remedy}", place(*.line, *.column))]
pub struct RuleError {
    pub file: String,
    /// 1-based; 0 where no line is known.
    pub line: u64,
    pub column: u64,
    pub problem: String,
    pub remedy: String,
}

impl RuleError {
    pub fn new(file: &str, at: (u64, u64), problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: at.0,
            column: at.1,
            problem: problem.into(),
            remedy: remedy.into(),
        }
    }
}

fn place(line: u64, column: u64) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
    }
}
