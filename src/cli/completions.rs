//! `completions` and `man`.
use super::{CliError, exit, output};
use clap::Command;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The shell
    shell: Shell,
}

/// Prints a completion script.
pub fn run(args: &Args, mut command: Command) -> Result<u8, CliError> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    output::write(&String::from_utf8_lossy(&script), None)?;
    Ok(exit::FINE)
}

/// Prints the manual page, in roff.
pub fn man(command: Command) -> Result<u8, CliError> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(CliError::Stdout)?;
    output::write(&String::from_utf8_lossy(&page), None)?;
    Ok(exit::FINE)
}
