//! `meshdoctor check`: diagnose from whatever the paths hold.
use super::output::{ColorChoice, Format};
use super::scope::ScopeArgs;
use super::{CliError, exit, output};
use crate::diagnose::diagnose;
use crate::report;
use crate::report::table::{self, TableOptions};
use crate::report::v1::{Report, finding::Severity, report::Verdict};
use crate::rules::engine::Selection;
use crate::rules::{Layer, RuleSet};
use crate::snapshot::read::{self, Options};
use clap::ValueEnum;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot directories, archives or loose files; `-` is standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The format of the report
    #[arg(short, long, env = "MESHDOCTOR_OUTPUT", value_enum, default_value_t = Format::Table)]
    output: Format,
    /// Write the report to a file
    #[arg(long, env = "MESHDOCTOR_OUTPUT_FILE", value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Exit with 1 where a finding is at least this severe
    #[arg(long, env = "MESHDOCTOR_FAIL_ON", value_enum, default_value_t = FailOn::Error)]
    fail_on: FailOn,
    /// Only rules of this layer (repeatable)
    #[arg(long, env = "MESHDOCTOR_LAYER", value_name = "LAYER", value_delimiter = ',')]
    layer: Vec<String>,
    /// Only this rule (repeatable)
    #[arg(long, env = "MESHDOCTOR_RULE", value_name = "CODE", value_delimiter = ',')]
    rule: Vec<String>,
    /// A folder of rules to add, or to replace by code (repeatable)
    #[arg(long, env = "MESHDOCTOR_RULES", value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// An IAM policy file and the project that it is of
    #[arg(long, value_name = "PROJECT=FILE", value_parser = policy)]
    iam_policy: Vec<(String, PathBuf)>,
    #[command(flatten)]
    scope: ScopeArgs,
    /// Only the verdict and the root causes
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,
    /// Every check, and the details of symptoms
    #[arg(short, long)]
    verbose: bool,
    /// When to use colour
    #[arg(long, env = "MESHDOCTOR_COLOR", value_enum, default_value_t = ColorChoice::Auto)]
    color: ColorChoice,
}

/// From which severity on a finding is a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Critical,
    Error,
    Warning,
    Info,
    Never,
}

fn policy(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((project, file)) if !project.is_empty() && !file.is_empty() => Ok((project.into(), file.into())),
        _ => Err("expected PROJECT=FILE, such as mesh-prod=policy.json".into()),
    }
}

/// Reads, diagnoses, prints.
pub fn run(args: &Args) -> Result<u8, CliError> {
    if args.paths.is_empty() && args.iam_policy.is_empty() {
        return Err(CliError::Usage(
            "no path given, and this version collects nothing itself\n  remedy: name a snapshot directory, an archive, or the files at hand: \
             `meshdoctor check snapshot/` or `meshdoctor check *.yaml logs.json`"
                .into(),
        ));
    }
    let folders: Vec<&Path> = args.rules.iter().map(PathBuf::as_path).collect();
    let set = RuleSet::with(&folders).map_err(CliError::Rules)?;
    let selection = selection(args, &set)?;
    let options = Options {
        iam_policies: args.iam_policy.clone(),
        project: args.scope.project.clone(),
    };
    let mut snapshot = read::read(&args.paths, &options)?;
    args.scope.apply(&mut snapshot.manifest.scope);
    let report = diagnose(&snapshot, &set, &selection)?;
    let text = match args.output {
        Format::Json => report::to_json(&report)?,
        Format::Table => {
            let to_file = args.output_file.is_some();
            table::render(
                &report,
                &TableOptions {
                    width: output::width(to_file),
                    color: args.color.on(to_file),
                    quiet: args.quiet,
                    verbose: args.verbose,
                },
            )
        }
    };
    output::write(&text, args.output_file.as_ref())?;
    Ok(status(&report, args.fail_on))
}

fn selection(args: &Args, set: &RuleSet) -> Result<Selection, CliError> {
    let mut selection = Selection::default();
    for name in &args.layer {
        let Some(layer) = Layer::ALL.into_iter().find(|l| l.as_str() == name) else {
            let all: Vec<&str> = Layer::ALL.iter().map(|l| l.as_str()).collect();
            return Err(CliError::Usage(format!(
                "unknown layer {name}\n  remedy: one of {}",
                all.join(", ")
            )));
        };
        selection.layers.insert(layer);
    }
    for code in &args.rule {
        let code = code.to_ascii_uppercase();
        if set.get(&code).is_none() {
            return Err(CliError::Usage(format!(
                "unknown rule {code}\n  remedy: `meshdoctor rules list` prints them"
            )));
        }
        selection.codes.insert(code);
    }
    Ok(selection)
}

/// The exit status of a report.
fn status(report: &Report, fail_on: FailOn) -> u8 {
    let least = match fail_on {
        FailOn::Critical => Severity::Critical,
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
        FailOn::Never => return exit::FINE,
    };
    if report.findings.iter().any(|f| f.severity() >= least) {
        exit::FINDINGS
    } else if report.verdict() == Verdict::Healthy || report.reasons.is_empty() {
        exit::FINE
    } else {
        exit::INCONCLUSIVE
    }
}
