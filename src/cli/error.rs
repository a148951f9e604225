//! What a command can end with instead of a result.
use super::exit;
use crate::report::JsonError;
use crate::rules::RuleError;
use crate::snapshot::ReadError;
use crate::snapshot::read::NotABundle;
use crate::snapshot::write::WriteError;
use std::io;
use std::path::PathBuf;

/// Every way in which a command fails. All are the user's to mend: exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Bundle(#[from] WriteError),
    #[error(transparent)]
    NotABundle(#[from] NotABundle),
    #[error("{}", joined(.0))]
    Rules(Vec<RuleError>),
    #[error("{}: {source}\n  remedy: name a file in a folder that exists and can be written", path.display())]
    Write {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("standard output: {0}")]
    Stdout(#[source] io::Error),
    #[error(transparent)]
    Json(#[from] JsonError),
}

impl CliError {
    pub fn status(&self) -> u8 {
        exit::USAGE
    }

    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Self::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

fn joined(errors: &[RuleError]) -> String {
    errors
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("\nerror: ")
}
