//! Where results go, and how: format, file, colour, width.
use super::CliError;
use crate::report;
use clap::ValueEnum;
use serde::Serialize;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

/// The format of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Table,
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    Auto,
    Always,
    Never,
}

impl ColorChoice {
    /// Colour only on a terminal, and not where NO_COLOR says no.
    pub fn on(self, to_file: bool) -> bool {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => !to_file && !no_color && io::stdout().is_terminal(),
        }
    }
}

/// Width of a page: the terminal's, else COLUMNS, else 100.
pub fn width(to_file: bool) -> usize {
    let terminal = || {
        (!to_file)
            .then(terminal_size::terminal_size)
            .flatten()
            .map(|(w, _)| usize::from(w.0))
    };
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal().or_else(columns).unwrap_or(100).clamp(40, 400)
}

/// Writes a result to a file (temporary name, then rename) or to standard output.
pub fn write(text: &str, file: Option<&PathBuf>) -> Result<(), CliError> {
    put(file, |out| out.write_all(text.as_bytes()))
}

/// The same of a message as JSON, which may be long: its text is never there as a whole.
pub fn write_json(message: &impl Serialize, file: Option<&PathBuf>) -> Result<(), CliError> {
    put(file, |out| {
        let mut out = BufWriter::new(out);
        report::write_json(message, &mut out)?;
        out.flush()
    })
}

fn put(file: Option<&PathBuf>, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CliError> {
    match file {
        Some(path) => to_file(write, path).map_err(|source| CliError::Write {
            path: path.clone(),
            source,
        }),
        None => {
            let mut out = io::stdout().lock();
            write(&mut out)
                .and_then(|()| out.flush())
                .map_err(CliError::Stdout)
        }
    }
}

fn to_file(write: impl FnOnce(&mut dyn Write) -> io::Result<()>, path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    write(&mut file)?;
    file.persist(path)?;
    Ok(())
}
