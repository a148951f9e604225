//! Ctrl-C: once ends the collecting, twice the program; where nothing is collected any more, once is enough. SIGTERM, by which
//! schedulers end a run, ends the program.
use crate::collect::Store;
use crate::snapshot::unfinished;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::watch;

/// What asks for an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// Ctrl-C.
    Interrupt,
    Terminate,
}

impl Asked {
    /// As a shell tells of a program that the signal ended.
    fn status(self) -> i32 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
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

/// From now on Ctrl-C or SIGTERM ends the program and leaves nothing unfinished behind.
///
/// # Errors
/// Where signals cannot be received.
pub fn leave_nothing() -> io::Result<()> {
    hear(async |mut signals| end(signals.next().await, None))
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
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

#[cfg(windows)]
struct Signals {
    interrupt: tokio::signal::windows::CtrlC,
    terminate: tokio::signal::windows::CtrlShutdown,
}

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: tokio::signal::windows::ctrl_c()?,
            terminate: tokio::signal::windows::ctrl_shutdown()?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}
