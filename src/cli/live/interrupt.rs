//! Ctrl-C: once ends the collecting, twice the program; where nothing is collected any more, once is enough.
use crate::collect::Store;
use crate::snapshot::unfinished;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use tokio::sync::watch;

/// As a shell tells of a program that SIGINT ended.
const INTERRUPTED: i32 = 130;

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
        hear(async move |mut presses| {
            let heard = presses.recv().await;
            if heard.is_some() && still.load(Ordering::Relaxed) {
                eprintln!("stopping: {then}; Ctrl-C again ends at once");
                let _ = sender.send(true);
                presses.recv().await;
            }
            end(store.upgrade().as_deref());
        })?;
        Ok((Self { collecting }, receiver))
    }

    /// From now on the first Ctrl-C ends the program.
    pub fn collected(&self) {
        self.collecting.store(false, Ordering::Relaxed);
    }
}

/// From now on Ctrl-C ends the program and leaves nothing unfinished behind.
///
/// # Errors
/// Where signals cannot be received.
pub fn leave_nothing() -> io::Result<()> {
    hear(async |mut presses| {
        presses.recv().await;
        end(None);
    })
}

/// Listens on a thread with a runtime of its own: it must hear while the others compute, or wait for a reader.
fn hear(listener: impl AsyncFnOnce(Presses) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let presses = {
        let _within = runtime.enter();
        presses()?
    };
    let thread = std::thread::Builder::new().name("interrupt".into());
    thread.spawn(move || runtime.block_on(listener(presses)))?;
    Ok(())
}

fn end(store: Option<&Store>) {
    ENDING.store(true, Ordering::SeqCst);
    let _ended = unfinished::end();
    if let Some(store) = store {
        // Nothing is left to be told that this could fail.
        let _ = std::fs::remove_dir_all(store.path());
    }
    std::process::exit(INTERRUPTED);
}

/// Waits for the end where the program is about to be ended by Ctrl-C: it has nothing to say any more.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

#[cfg(unix)]
type Presses = tokio::signal::unix::Signal;
#[cfg(windows)]
type Presses = tokio::signal::windows::CtrlC;

#[cfg(unix)]
fn presses() -> io::Result<Presses> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn presses() -> io::Result<Presses> {
    tokio::signal::windows::ctrl_c()
}
