//! `meshdoctor rules`: list, show, lint, test.
use super::output::Format;
use super::{CliError, exit, output};
use crate::diagnose;
use crate::report;
use crate::report::v1::{RuleList, RuleSummary};
use crate::rules::{Rule, RuleSet, fixture, page};
use crate::snapshot::ReadError;
use clap::Subcommand;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the rules
    List {
        /// The format of the list
        #[arg(short, long, value_enum, default_value_t = Format::Table)]
        output: Format,
        #[command(flatten)]
        own: Own,
    },
    /// Explain a rule, or print the facts of a kind of subject
    Show {
        /// The rule, such as MD101
        #[arg(required_unless_present = "facts")]
        code: Option<String>,
        /// A kind of subject, such as mesh_client
        #[arg(long, value_name = "KIND", conflicts_with = "code")]
        facts: Option<String>,
        /// The rule's texts and expressions too, as its file has them
        #[arg(long, conflicts_with = "facts")]
        source: bool,
        #[command(flatten)]
        own: Own,
    },
    /// Check rule files: fields, expressions, texts, signatures, and where there are fixtures, that each rule has its own
    Lint {
        /// Folders of your own rules, as with --rules; without any, the built-in rules
        #[arg(value_name = "DIR")]
        folders: Vec<PathBuf>,
        #[command(flatten)]
        own: Own,
    },
    /// Run the rules' fixtures
    Test {
        /// Only these rules
        codes: Vec<String>,
        #[command(flatten)]
        own: Own,
    },
}

#[derive(Debug, clap::Args)]
struct Own {
    /// A folder of rules to add, or to replace by code (repeatable)
    #[arg(long, value_name = "DIR")]
    rules: Vec<PathBuf>,
    /// The folder with the rules' fixtures: `rules/CODE/*.yaml` and `worlds/` [default: fixtures]
    #[arg(long, value_name = "DIR")]
    fixtures: Option<PathBuf>,
}

const FIXTURES: &str = "fixtures";

impl Own {
    fn load(&self) -> Result<RuleSet, CliError> {
        let folders: Vec<&Path> = self.rules.iter().map(PathBuf::as_path).collect();
        RuleSet::with(&folders).map_err(CliError::Rules)
    }

    /// The folder of fixtures: the one that is named, else the usual one where it holds any.
    fn fixtures(&self) -> Result<Option<PathBuf>, CliError> {
        let folder = self.fixtures.clone().unwrap_or_else(|| FIXTURES.into());
        if folder.join("rules").is_dir() {
            return Ok(Some(folder));
        }
        match &self.fixtures {
            None => Ok(None),
            Some(named) => Err(CliError::Usage(format!(
                "--fixtures {}: no folder with fixtures\n  remedy: name one that holds rules/CODE/*.yaml",
                named.display()
            ))),
        }
    }
}

pub fn run(args: Args) -> Result<u8, CliError> {
    match args.command {
        Command::List { output: format, own } => list(&own.load()?, format, own.fixtures()?.as_deref()),
        Command::Show {
            code,
            facts,
            source,
            own,
        } => show(&own, code.as_deref(), facts.as_deref(), source),
        Command::Lint { folders, mut own } => {
            own.rules.extend(folders);
            lint(&own)
        }
        Command::Test { codes, own } => test(&own, &codes),
    }
}

fn list(set: &RuleSet, format: Format, fixtures: Option<&Path>) -> Result<u8, CliError> {
    let text = match format {
        Format::Json => {
            let rules = set.rules.iter().map(|rule| summary(rule, fixtures)).collect();
            report::to_json(&RuleList { rules })?
        }
        Format::Table => {
            let mut table = comfy_table::Table::new();
            table
                .load_style(comfy_table::TableStyle::new())
                .set_header(["code", "severity", "layer", "name"]);
            for rule in &set.rules {
                let severity = format!("{:?}", rule.file.severity).to_ascii_uppercase();
                table.add_row([rule.code(), &severity, rule.file.layer.as_str(), &rule.file.name]);
            }
            let lines: Vec<String> = table.lines().map(|l| l.trim_end().to_owned()).collect();
            format!("{}\n", lines.join("\n"))
        }
    };
    output::write(&text, None)?;
    Ok(exit::FINE)
}

fn summary(rule: &Rule, fixtures: Option<&Path>) -> RuleSummary {
    RuleSummary {
        code: rule.code().to_owned(),
        name: rule.file.name.clone(),
        layer: rule.file.layer.as_str().to_owned(),
        severity: diagnose::severity(rule.file.severity).into(),
        needs: rule.file.needs.iter().map(|n| n.value.clone()).collect(),
        references: rule.file.references.clone(),
        fixtures: fixtures
            .and_then(|folder| fixture::files(folder, rule.code()).ok())
            .map_or(0, |f| u32::try_from(f.len()).unwrap_or(u32::MAX)),
    }
}

fn show(own: &Own, code: Option<&str>, facts: Option<&str>, with_source: bool) -> Result<u8, CliError> {
    let text = match (code, facts) {
        (_, Some(kind)) => page::facts(kind).ok_or_else(|| {
            let kinds: Vec<&str> = crate::mesh::facts::kinds().iter().map(|k| k.0).collect();
            CliError::Usage(format!(
                "unknown kind of subject {kind}\n  remedy: one of {}",
                kinds.join(", ")
            ))
        })?,
        (code, None) => {
            let code = code.unwrap_or_default().to_ascii_uppercase();
            let set = own.load()?;
            let rule = set.get(&code).ok_or_else(|| {
                CliError::Usage(format!(
                    "unknown rule {code}\n  remedy: `meshdoctor rules list` prints them"
                ))
            })?;
            let mut page = page::rule(rule, &set);
            if with_source {
                page.push_str(&page::source(rule));
            }
            page
        }
    };
    output::write(&text, None)?;
    Ok(exit::FINE)
}

/// With rules of one's own these are checked, else the built-in ones, which have their fixtures in the sources.
fn lint(own: &Own) -> Result<u8, CliError> {
    let fixtures = own.fixtures()?;
    if own.rules.is_empty() && fixtures.is_none() {
        return Err(nothing());
    }
    let set = own.load()?;
    let problems = match &fixtures {
        Some(folder) => fixture::missing(&set, folder).map_err(|source| unreadable(folder, source))?,
        None => {
            eprintln!(
                "note: no folder {FIXTURES} here: whether the rules have fixtures was not looked at; --fixtures names it"
            );
            Vec::new()
        }
    };
    for problem in &problems {
        eprintln!("error: {problem}");
    }
    let checked = set
        .rules
        .iter()
        .filter(|rule| own.rules.is_empty() || !rule.is_built_in());
    let text = format!(
        "{}, {}\n",
        counted(checked.count(), "rule"),
        counted(problems.len(), "problem")
    );
    output::write(&text, None)?;
    Ok(if problems.is_empty() {
        exit::FINE
    } else {
        exit::USAGE
    })
}

fn nothing() -> CliError {
    CliError::Usage(format!(
        "nothing to check: no rules of your own are named, and there is no folder {FIXTURES} here with fixtures of the built-in \
         ones\n  remedy: name a folder of rules, `meshdoctor rules lint DIR`; or one of fixtures with --fixtures"
    ))
}

fn unreadable(folder: &Path, source: std::io::Error) -> CliError {
    CliError::Read(ReadError::Io {
        path: folder.to_owned(),
        source,
    })
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn test(own: &Own, codes: &[String]) -> Result<u8, CliError> {
    let set = own.load()?;
    let Some(fixtures) = own.fixtures()? else {
        return Err(CliError::Usage(format!(
            "nothing to test: there is no folder {FIXTURES} here with fixtures\n  remedy: name one that holds rules/CODE/*.yaml and \
             worlds/ with --fixtures"
        )));
    };
    let codes: Vec<String> = codes.iter().map(|c| c.to_ascii_uppercase()).collect();
    if let Some(code) = codes.iter().find(|code| set.get(code).is_none()) {
        return Err(CliError::Usage(format!(
            "unknown rule {code}\n  remedy: `meshdoctor rules list` prints them"
        )));
    }
    let fired = |snapshot: &crate::snapshot::Snapshot, code: &str| diagnose::fired(snapshot, &set, code);
    let (mut passed, mut failed) = (0, 0);
    for rule in set
        .rules
        .iter()
        .filter(|r| codes.is_empty() || codes.iter().any(|c| c == r.code()))
    {
        let files = fixture::files(&fixtures, rule.code()).map_err(|source| unreadable(&fixtures, source))?;
        for file in files {
            let outcome = fixture::run(&fixtures, &file, rule.code(), &fired);
            match outcome.problem {
                None => passed += 1,
                Some(problem) => {
                    failed += 1;
                    eprintln!("FAILED {}: {problem}", outcome.path.display());
                }
            }
        }
    }
    output::write(&format!("{passed} passed, {failed} failed\n"), None)?;
    Ok(if failed == 0 { exit::FINE } else { exit::FINDINGS })
}
