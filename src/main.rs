//! The binary: parse, run, print the error, exit.
use std::process::ExitCode;

fn main() -> ExitCode {
    meshdoctor::cli::main()
}
