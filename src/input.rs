//! What can be wrong with input: the file, the place in it, and the remedy.
use crate::redact;
use std::path::PathBuf;

/// Why a path could not be read. Every variant names the file and says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("{}: {source}\n  remedy: check that the path exists and is readable", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// The bytes are not what the file's place or name says.
    #[error("{origin}{}: {}\n  remedy: {remedy}", place(*line, *column), redact::unquoted(problem))]
    Malformed {
        /// The file as the user named it; inside an archive `ARCHIVE!PATH`.
        origin: String,
        /// 1-based; 0 where no line is known.
        line: usize,
        column: usize,
        problem: String,
        remedy: String,
    },
    /// Over a limit that keeps hostile input from exhausting the machine.
    #[error("{origin}: {problem}\n  remedy: {remedy}")]
    TooLarge {
        origin: String,
        problem: String,
        remedy: String,
    },
    /// An archive with entries that point outside, links, or too many entries.
    #[error("{origin}: {problem}\n  remedy: {remedy}")]
    UnsafeArchive {
        origin: String,
        problem: String,
        remedy: String,
    },
}

fn place(line: usize, column: usize) -> String {
    match (line, column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
    }
}
