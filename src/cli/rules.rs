//! `meshdoctor rules`: list, show, lint, test.
use super::{CliError, exit};

#[derive(Debug, clap::Args)]
pub struct Args {}

pub fn run(_args: Args) -> Result<u8, CliError> {
    Ok(exit::FINE)
}
