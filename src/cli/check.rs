//! `meshdoctor check`: diagnose a live project, or whatever the paths hold.
use super::live::{self, LiveArgs};
use super::output::{ColorChoice, Format};
use super::scope::ScopeArgs;
use super::{CliError, exit, output};
use crate::config::Settings;
use crate::diagnose::{diagnose_last, unfinished};
use crate::report::table::{self, TableOptions};
use crate::report::v1::{Report, finding::Severity, report::Verdict};
use crate::rules::engine::Selection;
use crate::rules::{Layer, RuleSet};
use crate::snapshot::read::{self, Options};
use clap::ValueEnum;
use clap::builder::FalseyValueParser;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshot directories, archives or loose files; `-` is standard input; without any, a live project is looked at
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The format of the report [default: table]
    #[arg(short, long, env = "MESHDOCTOR_OUTPUT", value_enum)]
    output: Option<Format>,
    /// Write the report to a file
    #[arg(long, env = "MESHDOCTOR_OUTPUT_FILE", value_name = "FILE")]
    output_file: Option<PathBuf>,
    /// Exit with 1 where a finding is at least this severe; with `never` the status is 0, or 3 where something needed was
    /// not collected [default: error]
    #[arg(long, env = "MESHDOCTOR_FAIL_ON", value_enum)]
    fail_on: Option<FailOn>,
    /// Only rules of this layer, and live only what they need (repeatable)
    #[arg(long, env = "MESHDOCTOR_LAYER", value_name = "LAYER", value_delimiter = ',')]
    layer: Vec<String>,
    /// Only this rule, and live only what it needs (repeatable)
    #[arg(long, env = "MESHDOCTOR_RULE", value_name = "CODE", value_delimiter = ',')]
    rule: Vec<String>,
    /// A folder of rules to add, or to replace by code (repeatable)
    #[arg(long, env = "MESHDOCTOR_RULES", value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// An IAM policy file and the project that it is of
    #[arg(long, env = "MESHDOCTOR_IAM_POLICY", value_name = "PROJECT=FILE", value_parser = policy, value_delimiter = ',')]
    iam_policy: Vec<(String, PathBuf)>,
    /// Only test what the caller may see, and print it
    #[arg(long, conflicts_with = "paths")]
    preflight: bool,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    live: LiveArgs,
    /// Only the verdict and the root causes
    #[arg(short, long, env = "MESHDOCTOR_QUIET", conflicts_with = "verbose", value_parser = FalseyValueParser::new())]
    quiet: bool,
    /// Every check, and the details of symptoms
    #[arg(short, long, env = "MESHDOCTOR_VERBOSE", value_parser = FalseyValueParser::new())]
    verbose: bool,
    /// When to use colour [default: auto]
    #[arg(long, env = "MESHDOCTOR_COLOR", value_enum)]
    color: Option<ColorChoice>,
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

pub(super) fn policy(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((project, file)) if !project.is_empty() && !file.is_empty() => Ok((project.into(), file.into())),
        _ => Err("expected PROJECT=FILE, such as mesh-prod=policy.json".into()),
    }
}

/// Reads or collects, diagnoses, prints.
pub fn run(args: &Args, typed: &[OsString]) -> Result<u8, CliError> {
    let file = args.live.settings()?;
    let choices = Choices::new(args, &file)?;
    let folders: Vec<&Path> = choices.rules.iter().map(PathBuf::as_path).collect();
    let set = RuleSet::with(&folders).map_err(CliError::Rules)?;
    let selection = selection(&choices, &set)?;
    let to_file = choices.output_file.as_ref();
    if args.preflight {
        let (text, status) = live::preflight(&args.live, &args.scope, &file)?;
        output::write(&text, to_file)?;
        return Ok(status);
    }
    let report = if args.paths.is_empty() && args.iam_policy.is_empty() {
        let brought = live::collect(&live::Order {
            args: &args.live,
            scope: &args.scope,
            file: &file,
            set: &set,
            selection: &selection,
            verbose: args.verbose,
            typed,
            then: "diagnosing what is there",
        })?;
        let is_cut = brought.stopped && !brought.snapshot.manifest.is_whole();
        let mut report = diagnose_last(brought.snapshot, &set, &selection)?;
        if is_cut {
            unfinished(&mut report, "the collecting was stopped before its end (Ctrl-C)");
        }
        // Its files were read until here.
        drop(brought.store);
        report
    } else {
        live::leave_nothing()?;
        // The file's scope is the live one's.
        args.scope.url(&Settings::default())?;
        let options = Options {
            iam_policies: args.iam_policy.clone(),
            project: args.scope.project.clone(),
        };
        let mut snapshot = read::read(&args.paths, &options)?;
        if let Some(problem) = args.scope.unknown(&snapshot) {
            return Err(CliError::Usage(problem));
        }
        args.scope.apply(&mut snapshot);
        diagnose_last(snapshot, &set, &selection)?
    };
    match choices.output {
        Format::Json => output::write_json(&report, to_file)?,
        Format::Table => {
            let options = TableOptions {
                width: output::width(to_file.is_some()),
                color: choices.color.on(to_file.is_some()),
                quiet: args.quiet,
                verbose: args.verbose,
            };
            output::write(&table::render(&report, &options), to_file)?;
        }
    }
    Ok(status(&report, choices.fail_on))
}

/// What flags and variables say, else the configuration file, else the default.
struct Choices {
    output: Format,
    output_file: Option<PathBuf>,
    fail_on: FailOn,
    color: ColorChoice,
    layer: Vec<String>,
    rule: Vec<String>,
    rules: Vec<PathBuf>,
}

impl Choices {
    fn new(args: &Args, file: &Settings) -> Result<Self, CliError> {
        let list = |given: &[String], key: &str| match given {
            [] => file.list(key).to_vec(),
            given => given.to_vec(),
        };
        Ok(Self {
            output: choice(args.output, file, "output")?.unwrap_or(Format::Table),
            output_file: args.output_file.clone().or_else(|| file.path("output-file")),
            fail_on: choice(args.fail_on, file, "fail-on")?.unwrap_or(FailOn::Error),
            color: choice(args.color, file, "color")?.unwrap_or(ColorChoice::Auto),
            layer: list(&args.layer, "layer"),
            rule: list(&args.rule, "rule"),
            rules: match args.rules.as_slice() {
                [] => file.list("rules").iter().map(PathBuf::from).collect(),
                given => given.to_vec(),
            },
        })
    }
}

/// A flag with a few values, or the file's word for it.
fn choice<T: ValueEnum>(given: Option<T>, file: &Settings, key: &str) -> Result<Option<T>, CliError> {
    if given.is_some() {
        return Ok(given);
    }
    let Some(word) = file.text(key) else {
        return Ok(None);
    };
    T::from_str(word, true).map(Some).map_err(|_| {
        let all = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = all.map(|value| value.get_name().to_owned()).collect();
        CliError::Usage(format!(
            "{}: {key} = {word:?} is not known\n  remedy: one of {}",
            file.place(key).unwrap_or_default(),
            names.join(", ")
        ))
    })
}

fn selection(args: &Choices, set: &RuleSet) -> Result<Selection, CliError> {
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
        FailOn::Critical => Some(Severity::Critical),
        FailOn::Error => Some(Severity::Error),
        FailOn::Warning => Some(Severity::Warning),
        FailOn::Info => Some(Severity::Info),
        // What was not seen is no finding that one could choose to bear: it stays 3.
        FailOn::Never => None,
    };
    let fails = |severity| least.is_some_and(|least| severity >= least);
    if report.findings.iter().any(|f| fails(f.severity())) {
        exit::FINDINGS
    } else if report.verdict() == Verdict::Healthy || report.reasons.is_empty() {
        exit::FINE
    } else {
        exit::INCONCLUSIVE
    }
}
