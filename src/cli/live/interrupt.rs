//! Ctrl-C: once ends the collecting, twice the program; where nothing is collected any more, once is enough. SIGTERM, by which
//! schedulers end a run, and SIGHUP, by which a closed terminal does, end the program.
use crate::cli::CliError;
use crate::collect::Store;
use crate::snapshot::unfinished;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Weak};
use tokio::sync::watch;

/// What asks for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Ctrl-C.
    Interrupt,
    Terminate,
    /// The terminal was closed.
    Hangup,
}

impl Asked {
    /// As a shell tells of a program that the signal ended.
    fn status(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
            Self::Hangup => 129,
        }
    }
}

/// The program ends at this moment: what fails now fails for that reason.
static ENDING: AtomicBool = AtomicBool::new(false);

/// Listens from its making until the program ends: a signal that was listened to once is never the system's again.
pub struct Interrupt {
    collecting: Arc<AtomicBool>,
}

impl Interrupt {
    /// The receiver turns true with the first Ctrl-C. `then` says what becomes of what is there. Whatever ends the program at
    /// once takes the store with it: what was collected is nobody else's.
    pub fn listen(store: &Arc<Store>, then: &'static str) -> io::Result<(Self, watch::Receiver<bool>)> {
        let collecting = Arc::new(AtomicBool::new(true));
        let (sender, receiver) = watch::channel(false);
        let store: Weak<Store> = Arc::downgrade(store);
        let still = Arc::clone(&collecting);
        hear(async move |mut signals| {
            let mut asked = signals.next().await;
            if asked == Asked::Interrupt && still.load(Ordering::Relaxed) {
                eprintln!("stopping: {then}; Ctrl-C again ends at once");
                let _ = sender.send(true);
                asked = signals.next().await;
            }
            end(asked, store.upgrade().as_deref());
        })?;
        Ok((Self { collecting }, receiver))
    }

    /// From now on the first Ctrl-C ends the program.
    pub fn collected(&self) {
        self.collecting.store(false, Ordering::Relaxed);
    }
}

/// From now on Ctrl-C, SIGTERM or SIGHUP ends the program and leaves nothing unfinished behind.
///
/// # Errors
/// Where signals cannot be received.
pub fn leave_nothing() -> Result<(), CliError> {
    hear(async |mut signals| end(signals.next().await, None))
        .map_err(|error| CliError::Usage(format!("no signals can be received: {error}")))
}

/// Listens on a thread with a runtime of its own: it must hear while the others compute, or wait for a reader.
fn hear(listener: impl AsyncFnOnce(Signals) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let signals = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let thread = std::thread::Builder::new().name("interrupt".into());
    thread.spawn(move || runtime.block_on(listener(signals)))?;
    Ok(())
}

fn end(asked: Asked, store: Option<&Store>) {
    ENDING.store(true, Ordering::SeqCst);
    let _ended = unfinished::end();
    if let Some(store) = store {
        // Nothing is left to be told that this could fail.
        let _ = std::fs::remove_dir_all(store.path());
    }
    std::process::exit(asked.status());
}

/// Waits for the end where the program is about to be ended by a signal: it has nothing to say any more.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

/// Those that ask the program to end.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
    hangup: Hangup,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: hangup()?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            () = self.hangup.next() => Asked::Hangup,
        }
    }
}

/// SIGHUP, unless the program is to outlive its terminal.
#[cfg(unix)]
pub struct Hangup(Option<tokio::signal::unix::Signal>);

/// Listens for it from now on.
#[cfg(unix)]
pub fn hangup() -> io::Result<Hangup> {
    use tokio::signal::unix::{SignalKind, signal};
    let heard = || signal(SignalKind::hangup());
    Ok(Hangup((!outlives_terminal()).then(heard).transpose()?))
}

#[cfg(unix)]
impl Hangup {
    /// Ends when the terminal is closed.
    pub async fn next(&mut self) {
        match &mut self.0 {
            Some(signal) => _ = signal.recv().await,
            None => std::future::pending().await,
        }
    }
}

/// Whether the program was started to outlive its terminal, as `nohup` does: SIGHUP, number 1, is ignored. Linux says so in
/// `proc_pid_status(5)`; elsewhere only unsafe code could ask.
#[cfg(unix)]
fn outlives_terminal() -> bool {
    static IGNORED: LazyLock<bool> = LazyLock::new(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
            .is_some_and(|mask| mask & 1 == 1)
    });
    *IGNORED
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    terminate: tokio::signal::windows::CtrlShutdown,
    hangup: tokio::signal::windows::CtrlClose,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
            terminate: tokio::signal::windows::ctrl_shutdown()?,
            hangup: tokio::signal::windows::ctrl_close()?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
            _ = self.hangup.recv() => Asked::Hangup,
        }
    }
}
