//! `meshdoctor replay`: serve a bundle over the real wire protocols on loopback.
use super::{CliError, exit, live};
use crate::replay::{Bundle, Faults, Options, Replay, write_config};
use crate::report;
use crate::snapshot::read;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// A snapshot directory or an archive of one
    #[arg(value_name = "BUNDLE")]
    bundle: PathBuf,
    /// Where to listen: a loopback address; port 0 takes a free one
    #[arg(
        long,
        env = "MESHDOCTOR_LISTEN",
        value_name = "ADDRESS",
        default_value = "127.0.0.1:0"
    )]
    listen: SocketAddr,
    /// Write a meshdoctor.toml that asks this server, and a kubeconfig beside it; its presence means ready
    #[arg(long, env = "MESHDOCTOR_CONFIG_OUT", value_name = "FILE")]
    config_out: Option<PathBuf>,
    /// Break answers on purpose, as a YAML file says (--help shows one)
    ///
    /// The file is a list. A path is matched from its beginning, or with * for anything;
    /// a method narrows it. What was never used is told at the end.
    ///
    /// - match: { path: "/v2/entries:list", method: POST }
    ///   skip: 1      # requests that are let through first [default: 0]
    ///   times: 2     # how often then, or always [default: always]
    ///   action: { status: { code: 429, headers: { retry-after: "1" } } }
    ///
    /// Actions:
    ///   status: { code: N, body: TEXT, headers: { NAME: VALUE } }
    ///   delay: MILLISECONDS  comes before the answer
    ///   hang                 there is no answer
    ///   reset                the connection breaks within the body
    ///   truncate             the body ends within, as if that were all
    ///   stall                nothing comes behind the first half of the body
    ///   html                 a proxy's page
    ///   token_loop           every page has the same token
    ///   empty_page           the first page is empty
    ///   oversize: BYTES      the answer has one field more, of so many bytes
    ///   line: BYTES          one line that is no answer
    #[arg(long, verbatim_doc_comment, env = "MESHDOCTOR_FAULTS", value_name = "FILE")]
    faults: Option<PathBuf>,
    /// The most items on a page, whatever is asked
    #[arg(long, env = "MESHDOCTOR_PAGE_SIZE", value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page_size: Option<u32>,
}

/// Serves until SIGINT, SIGTERM or SIGHUP.
pub fn run(args: &Args) -> Result<u8, CliError> {
    let faults = match &args.faults {
        Some(file) => faults(file)?,
        None => Faults::default(),
    };
    // What an earlier run left behind would say "ready" before this one is.
    if let Some(file) = &args.config_out {
        match std::fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(file, error)),
            _ => {}
        }
    }
    let world = read::gather(std::slice::from_ref(&args.bundle), &read::Options::default())?;
    for warning in &world.warnings {
        eprintln!(
            "warning: {}: {}",
            report::safe(&warning.origin),
            report::safe(&warning.text)
        );
    }
    let plain = world
        .files
        .keys()
        .filter(|path| path.starts_with("logging/") && path.ends_with(".log"));
    for path in plain {
        eprintln!(
            "warning: {}: plain text is no log entry: not served",
            report::safe(path)
        );
    }
    let bundle = Bundle::new(world)?;
    let options = Options {
        listen: args.listen,
        page_size: args.page_size.and_then(|size| usize::try_from(size).ok()),
        faults,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| CliError::Usage(format!("no threads to serve with: {error}")))?;
    let ended = runtime.block_on(serve(args, bundle, options));
    // A request that was made to hang must not keep the program.
    runtime.shutdown_timeout(Duration::from_millis(100));
    ended
}

async fn serve(args: &Args, bundle: Bundle, options: Options) -> Result<u8, CliError> {
    let unservable = |error: io::Error| {
        CliError::Usage(format!(
            "{}: {error}\n  remedy: name a loopback address with a free port, such as 127.0.0.1:0",
            args.listen
        ))
    };
    // Before anyone can know that this runs, so that no signal comes too early.
    let until = signals().map_err(unservable)?;
    let replay = Replay::bind(bundle, options).await.map_err(unservable)?;
    let how = match &args.config_out {
        Some(file) => {
            write_config(&replay, file).map_err(|error| unwritable(file, error))?;
            format!("meshdoctor check --config {}", file.display())
        }
        None => format!("access token {}", replay.token()),
    };
    let line = format!("replaying {} at {}: {how}", args.bundle.display(), replay.url());
    let mut out = io::stdout().lock();
    writeln!(out, "{}", report::safe(&line))
        .and_then(|()| out.flush())
        .map_err(CliError::Stdout)?;
    drop(out);
    let faults = replay.faults();
    replay.serve(until).await.map_err(unservable)?;
    if let Some(file) = &args.faults {
        for (line, text) in faults.unused() {
            let text = format!("{}:{line}: {text}", file.display());
            eprintln!("warning: {}", report::safe(&text));
        }
    }
    Ok(exit::FINE)
}

fn unwritable(file: &Path, source: io::Error) -> CliError {
    CliError::Write {
        path: file.to_owned(),
        source,
    }
}

fn faults(file: &Path) -> Result<Faults, CliError> {
    let told = |line: Option<u64>, problem: String| {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        CliError::Usage(format!(
            "{}{line}: {problem}\n  remedy: a list of {{match: {{path, method?}}, skip?, times?, action}}; `meshdoctor replay --help` \
             shows one",
            file.display()
        ))
    };
    let text = std::fs::read_to_string(file).map_err(|error| told(None, error.to_string()))?;
    Faults::parse(&text).map_err(|bad| told(bad.line, bad.problem))
}

/// Ends with the first SIGINT, SIGTERM or SIGHUP from now on.
#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = live::hangup()?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = hangup.next() => {}
        }
    })
}

#[cfg(not(unix))]
fn signals() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
