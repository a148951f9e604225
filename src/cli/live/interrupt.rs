//! Ctrl-C: once ends the collecting, twice the program; where nothing is collected any more, once is enough.
use crate::collect::Store;
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
        // A thread and a runtime of its own: it must hear while the others compute, or wait for a reader.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let mut presses = {
            let _within = runtime.enter();
            presses()?
        };
        let collecting = Arc::new(AtomicBool::new(true));
        let (sender, receiver) = watch::channel(false);
        let store: Weak<Store> = Arc::downgrade(store);
        let listener = {
            let collecting = Arc::clone(&collecting);
            async move {
                let heard = presses.recv().await;
                if heard.is_some() && collecting.load(Ordering::Relaxed) {
                    eprintln!("stopping: {then}; Ctrl-C again ends at once");
                    let _ = sender.send(true);
                    presses.recv().await;
                }
                ENDING.store(true, Ordering::SeqCst);
                if let Some(store) = store.upgrade() {
                    // Nothing is left to be told that this could fail.
                    let _ = std::fs::remove_dir_all(store.path());
                }
                std::process::exit(INTERRUPTED);
            }
        };
        std::thread::Builder::new()
            .name("interrupt".into())
            .spawn(move || runtime.block_on(listener))?;
        Ok((Self { collecting }, receiver))
    }

    /// From now on the first Ctrl-C ends the program.
    pub fn collected(&self) {
        self.collecting.store(false, Ordering::Relaxed);
    }
}

/// Waits for the end where the program is about to be ended by Ctrl-C: it has nothing to say any more.
pub fn wait_if_ending() {
    while ENDING.load(Ordering::SeqCst) {
        std::thread::park();
    }
}

#[cfg(unix)]
fn presses() -> io::Result<tokio::signal::unix::Signal> {
    tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
}

#[cfg(windows)]
fn presses() -> io::Result<tokio::signal::windows::CtrlC> {
    tokio::signal::windows::ctrl_c()
}
