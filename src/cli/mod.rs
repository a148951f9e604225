//! The command line: one file a command; flags in, exit status out. Nothing here knows a mesh.
mod bundle;
mod check;
mod completions;
mod error;
mod exit;
mod live;
mod output;
mod permissions;
mod preflight;
mod progress;
mod replay;
mod rules;
mod scope;

pub use error::CliError;

use crate::{redact, report};
use clap::{CommandFactory, Parser, Subcommand};
use std::ffi::OsString;
use std::process::ExitCode;

/// Diagnoses the path from a Cloud Run service into Cloud Service Mesh on GKE.
#[derive(Debug, Parser)]
#[command(name = "meshdoctor", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 nothing at or above --fail-on; 1 findings at or above it; 2 wrong usage; 3 inconclusive, also with --fail-on never."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Diagnose a live project, or files: snapshot directories, archives, manifests, logs, policies, CSDS answers
    Check(Box<check::Args>),
    /// Put what was collected into one redacted file, look into one, check that one is whole
    Bundle(bundle::Args),
    /// Serve a bundle over the real wire protocols on loopback
    Replay(replay::Args),
    /// List, explain, check and test the rules
    Rules(rules::Args),
    /// Print what live collection must be allowed to see
    Permissions(permissions::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print the manual page, or that of a command
    Man(completions::ManArgs),
}

/// Runs the program on the process's arguments.
pub fn main() -> ExitCode {
    run(std::env::args_os())
}

/// Parses, runs, prints the error.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let typed: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&typed) {
        Ok(cli) => cli,
        Err(error) => {
            let status = if error.use_stderr() {
                exit::USAGE
            } else {
                exit::FINE
            };
            // Nowhere is left to say that printing failed.
            let _ = error.print();
            return status.into();
        }
    };
    let outcome = match cli.command {
        Command::Check(args) => check::run(&args, &typed),
        Command::Bundle(args) => bundle::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Rules(args) => rules::run(args),
        Command::Permissions(args) => permissions::run(&args),
        Command::Completions(args) => completions::run(&args, Cli::command()),
        Command::Man(args) => completions::man(&args, Cli::command()),
    };
    live::wait_if_ending();
    match outcome {
        Ok(status) => status.into(),
        // Whoever reads our output has had enough: `meshdoctor … | head`.
        Err(error) if error.is_broken_pipe() => exit::FINE.into(),
        Err(error) => {
            // Names and values of the input stand in it: other people's bytes.
            let text = error.to_string();
            eprintln!("error: {}", report::safe(&redact::told(&text)));
            error.status().into()
        }
    }
}
