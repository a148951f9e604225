//! `meshdoctor bundle`: create, inspect, verify.
use super::live::{self, LiveArgs};
use super::output::Format;
use super::scope::ScopeArgs;
use super::{CliError, exit, output};
use crate::config::Settings;
use crate::diagnose;
use crate::report::v1::{self, BundleFile, BundleInfo, BundleRedaction};
use crate::report::{self, safe};
use crate::rules::RuleSet;
use crate::rules::engine::Selection;
use crate::snapshot::read::{self, Checked, Fault, Options};
use crate::snapshot::write::{self, Key, Level, Redaction, WriteError};
use crate::snapshot::{Manifest, Snapshot, Status};
use clap::builder::FalseyValueParser;
use clap::{Subcommand, ValueEnum};
use regex::Regex;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write a bundle without secrets: of a live project, or from files; exit status 3 where something was not collected
    Create(Box<CreateArgs>),
    /// Show what a bundle holds, what became of every collector, and what was taken out
    Inspect {
        /// The bundle
        file: PathBuf,
        /// The format
        #[arg(short, long, value_enum, default_value_t = Format::Table)]
        output: Format,
    },
    /// Check every file of a bundle against its checksum: exit status 0 intact, 1 altered or incomplete, 2 not a bundle
    Verify {
        /// The bundle
        file: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
struct CreateArgs {
    /// Snapshot directories, archives or loose files; `-` is standard input; without any, a live project is collected
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The bundle to write (.tar.zst); a directory where it ends with `/` or is an empty folder
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// How much to take out: secrets and addresses of people (default), or names of hosts, IP addresses and projects too (strict)
    #[arg(long, env = "MESHDOCTOR_REDACT", value_enum, default_value_t = RedactLevel::Default)]
    redact: RedactLevel,
    /// Take out what matches this regular expression too (repeatable)
    #[arg(long, value_name = "REGEX", value_parser = pattern)]
    redact_pattern: Vec<Regex>,
    /// The key of the hashes, for bundles that must come out equal; whoever knows it can try values out
    #[arg(long, value_name = "TEXT", hide = true)]
    redact_key: Option<String>,
    /// An IAM policy file and the project that it is of
    #[arg(long, value_name = "PROJECT=FILE", value_parser = super::check::policy)]
    iam_policy: Vec<(String, PathBuf)>,
    #[command(flatten)]
    scope: ScopeArgs,
    #[command(flatten)]
    live: LiveArgs,
    /// Plain lines of progress where there is no terminal
    #[arg(short, long, env = "MESHDOCTOR_VERBOSE", value_parser = FalseyValueParser::new())]
    verbose: bool,
}

/// `--redact`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RedactLevel {
    Off,
    Default,
    Strict,
}

/// A pattern that takes out at least one character.
fn pattern(text: &str) -> Result<Regex, String> {
    let pattern = Regex::new(text).map_err(|error| error.to_string())?;
    if pattern.is_match("") {
        return Err("it matches an empty text, and so everywhere".into());
    }
    Ok(pattern)
}

pub fn run(args: &Args) -> Result<u8, CliError> {
    match &args.command {
        Command::Create(args) => create(args),
        Command::Inspect { file, output } => inspect(file, *output),
        Command::Verify { file } => verify(file),
    }
}

fn create(args: &CreateArgs) -> Result<u8, CliError> {
    named(&args.output)?;
    let file = args.live.settings()?;
    if args.paths.is_empty() && args.iam_policy.is_empty() {
        return create_live(args, &file);
    }
    args.scope.url(&Settings::default())?;
    live::leave_nothing()?;
    let options = Options {
        iam_policies: args.iam_policy.clone(),
        project: args.scope.project.clone(),
    };
    let mut snapshot = read::read(&args.paths, &options)?;
    // What a manifest says of collectors that brought nothing is worth a bundle.
    if snapshot.world.files.is_empty() && snapshot.manifest.collectors.is_empty() {
        return Err(CliError::Usage(empty(&snapshot)));
    }
    args.scope.apply(&mut snapshot);
    put(args, &snapshot)?;
    Ok(exit::FINE)
}

/// Collects everything, whatever rules there are: who reads the bundle may ask for more than who made it.
fn create_live(args: &CreateArgs, file: &Settings) -> Result<u8, CliError> {
    writable(&args.output)?;
    let folders: Vec<PathBuf> = file.list("rules").iter().map(PathBuf::from).collect();
    let folders: Vec<&Path> = folders.iter().map(PathBuf::as_path).collect();
    let set = RuleSet::with(&folders).map_err(CliError::Rules)?;
    let brought = live::collect(&live::Order {
        args: &args.live,
        scope: &args.scope,
        file,
        set: &set,
        selection: &Selection::default(),
        verbose: args.verbose,
        // It finds nothing, and so says nothing again.
        typed: &[],
        then: "the bundle will hold what is there",
    })?;
    put(args, &brought.snapshot)?;
    // Its files were read until here.
    drop(brought.store);
    if brought.stopped {
        eprintln!("stopped (Ctrl-C): the bundle holds what was collected until then");
    }
    for outcome in brought.snapshot.manifest.unfinished() {
        let part = match outcome.status {
            Status::Partial => "collected in part",
            _ => "not collected",
        };
        let needed = match outcome.permission_needed.as_str() {
            "" => String::new(),
            permission => format!(" (needs {permission})"),
        };
        let text = format!("{part}: {}{needed}: {}", outcome.name, outcome.error);
        eprintln!("{}", safe(&text));
    }
    Ok(if brought.snapshot.manifest.is_whole() {
        exit::FINE
    } else {
        exit::INCONCLUSIVE
    })
}

/// Nobody finds out at the other end that there is nothing in it.
fn empty(snapshot: &Snapshot) -> String {
    let mut text = "nothing to put into a bundle".to_owned();
    for warning in &snapshot.world.warnings {
        text.push_str(&format!("\n  {}: {}", warning.origin, warning.text));
    }
    text + "\n  remedy: name a snapshot, another bundle, or files that `check` takes; without a path a live project is collected"
}

/// Whether the name says what will be written: an archive's `.tar.zst`, or a folder.
fn named(to: &Path) -> Result<(), CliError> {
    let name = to.to_string_lossy();
    let problem = if name == "-" {
        "a bundle is not written to standard output"
    } else if as_folder(to) || name.ends_with(".tar.zst") {
        return Ok(());
    } else {
        "a bundle is a .tar.zst, or a folder"
    };
    Err(CliError::Usage(format!(
        "--output {name}: {problem}\n  remedy: name a file, such as bundle.tar.zst, or a folder that ends with /"
    )))
}

fn as_folder(to: &Path) -> bool {
    to.is_dir() || to.as_os_str().to_string_lossy().ends_with('/')
}

/// Whether something can be written there: nobody wants to know after a minute of collecting.
fn writable(to: &Path) -> Result<(), CliError> {
    let is_full = |path: &Path| std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
    if as_folder(to) && is_full(to) {
        return Err(WriteError::Exists(to.to_owned()).into());
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    match tempfile::tempfile_in(folder.unwrap_or(Path::new("."))) {
        Ok(_) => Ok(()),
        Err(source) => Err(CliError::Write {
            path: to.to_owned(),
            source,
        }),
    }
}

/// Writes the bundle, and says what was written and what was not.
fn put(args: &CreateArgs, snapshot: &Snapshot) -> Result<(), CliError> {
    let redaction = redaction(args)?;
    let to = &args.output;
    let written = if as_folder(to) {
        write::directory(snapshot, &redaction, to)?
    } else {
        write::bundle(snapshot, &redaction, to)?
    };
    // What the layout does not know is told by the reader and again by the writer: once is enough.
    let unread = snapshot
        .world
        .warnings
        .iter()
        .filter(|w| !w.text.starts_with("not part of"));
    for warning in unread.chain(&written.warnings) {
        eprintln!(
            "warning: {}",
            safe(&format!("{}: {}", warning.origin, warning.text))
        );
    }
    let taken: u64 = written
        .manifest
        .redaction
        .iter()
        .flat_map(|r| r.rules.values())
        .sum();
    let text = format!(
        "{}: {} files, {taken} replacements (--redact {})\n",
        safe(&to.display().to_string()),
        written.manifest.files.len(),
        redaction.level.as_str()
    );
    output::write(&text, None)
}

fn redaction(args: &CreateArgs) -> Result<Redaction, CliError> {
    let key = match &args.redact_key {
        Some(text) => Key::from_text(text),
        None => Key::random().map_err(|error| {
            CliError::Usage(format!(
                "no random key for the redaction: {error}\n  remedy: run it where the system's random source can be read"
            ))
        })?,
    };
    Ok(Redaction {
        level: match args.redact {
            RedactLevel::Off => Level::Off,
            RedactLevel::Default => Level::Default,
            RedactLevel::Strict => Level::Strict,
        },
        patterns: args.redact_pattern.clone(),
        key,
    })
}

fn inspect(file: &Path, format: Format) -> Result<u8, CliError> {
    // The whole is read once: what is shown of it is what is in it.
    let checked = read::verify(file)?;
    let packed = std::fs::metadata(file).ok().filter(std::fs::Metadata::is_file);
    let info = info(&checked.manifest, packed.map_or(0, |about| about.len()));
    let text = match format {
        Format::Json => report::to_json(&info)?,
        Format::Table => page(&info),
    };
    for fault in &checked.faults {
        eprintln!("warning: {}", safe(&told(fault)));
    }
    output::write(&text, None)?;
    Ok(exit::FINE)
}

fn info(manifest: &Manifest, packed_size: u64) -> BundleInfo {
    let files: Vec<BundleFile> = manifest
        .files
        .iter()
        .map(|(path, digest)| BundleFile {
            path: path.clone(),
            size: digest.size,
            sha256: digest.sha256.clone(),
        })
        .collect();
    BundleInfo {
        schema_version: manifest.schema_version.clone(),
        tool_version: manifest.tool_version.clone(),
        collected_at: manifest.collected_at.map(|at| at.to_string()).unwrap_or_default(),
        scope: Some(diagnose::scope(&manifest.scope)),
        collectors: manifest.collectors.iter().map(diagnose::collector).collect(),
        total_size: files.iter().map(|file| file.size).sum(),
        files,
        packed_size,
        redaction: manifest.redaction.as_ref().map(|redaction| BundleRedaction {
            level: redaction.level.clone(),
            rules: redaction.rules.clone(),
        }),
    }
}

/// The manifest as a page. Every name in it is other people's.
fn page(info: &BundleInfo) -> String {
    let mut page = String::new();
    // Writing to a string cannot fail.
    let mut line = |text: String| _ = writeln!(page, "{}", safe(&text));
    line(format!(
        "{} by meshdoctor {}",
        info.schema_version, info.tool_version
    ));
    line(format!("collected at {}", info.collected_at));
    let project = info.scope.iter().map(|scope| scope.project.as_str());
    line(format!("project      {}", project.collect::<String>()));
    line(format!(
        "size         {} in {} files, {} packed",
        bytes(info.total_size),
        info.files.len(),
        bytes(info.packed_size)
    ));
    match &info.redaction {
        None => line("redaction    not said".into()),
        Some(redaction) => {
            line(format!("redaction    {}", redaction.level));
            for (kind, count) in &redaction.rules {
                line(format!("  {kind:<14} {count}"));
            }
        }
    }
    line("collectors".into());
    for collector in &info.collectors {
        let status = v1::collector::Status::try_from(collector.status).map_or("", |s| s.as_str_name());
        let why = [&collector.error, &collector.permission_needed];
        let why: Vec<&str> = why.into_iter().flatten().map(String::as_str).collect();
        let text = format!("  {:<14} {status:<8} {}", collector.name, why.join("; "));
        line(text.trim_end().to_owned());
    }
    line("files".into());
    for file in &info.files {
        line(format!("  {:>10}  {}", bytes(file.size), file.path));
    }
    page
}

/// A size that a person can read.
fn bytes(size: u64) -> String {
    match size {
        0..10_000 => format!("{size} B"),
        10_000..10_240_000 => format!("{} KiB", size >> 10),
        _ => format!("{} MiB", size >> 20),
    }
}

fn verify(file: &Path) -> Result<u8, CliError> {
    let checked: Checked = read::verify(file)?;
    let mut text = String::new();
    for fault in &checked.faults {
        text.push_str(&safe(&told(fault)));
        text.push('\n');
    }
    let total = checked.manifest.files.len();
    if checked.faults.is_empty() {
        text.push_str(&format!("intact: {total} files\n"));
    } else {
        text.push_str(&format!(
            "not intact: {} of {total} files are as they were\n",
            checked.intact
        ));
    }
    output::write(&text, None)?;
    Ok(if checked.faults.is_empty() {
        exit::FINE
    } else {
        exit::FINDINGS
    })
}

fn told(fault: &Fault) -> String {
    match fault {
        Fault::Altered(path) => format!("altered: {path}"),
        Fault::Missing(path) => format!("missing: {path}"),
        Fault::Extra(path) => format!("extra: {path}"),
        Fault::Archive(problem) => format!("archive: {problem}"),
    }
}
