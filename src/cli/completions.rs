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

#[derive(Debug, clap::Args)]
pub struct ManArgs {
    /// The command whose page it is, such as `replay` or `bundle create` [default: meshdoctor itself]
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

/// Prints a manual page, in roff.
pub fn man(args: &ManArgs, mut command: Command) -> Result<u8, CliError> {
    if !args.words.is_empty() {
        // The pages of commands have the names of those that they belong to.
        command.build();
    }
    for word in &args.words {
        let within = command.get_name().to_owned();
        let found = command.find_subcommand(word).cloned();
        command = found.ok_or_else(|| {
            CliError::Usage(format!(
                "man: {within} has no command {word:?}\n  remedy: `meshdoctor --help` lists the commands"
            ))
        })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(CliError::Stdout)?;
    output::write(&String::from_utf8_lossy(&page), None)?;
    Ok(exit::FINE)
}
