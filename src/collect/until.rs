//! Until when something is waited for: a moment, and the user's word.
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// The longest that a single try may take.
const LONGEST_TRY: Duration = Duration::from_secs(30);

/// Why a wait was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    Late,
    /// The user has had enough.
    Stopped,
}

/// The end of all waiting.
#[derive(Debug, Clone)]
pub struct Until {
    pub deadline: Instant,
    stop: Option<watch::Receiver<bool>>,
}

impl From<Instant> for Until {
    fn from(deadline: Instant) -> Self {
        Self { deadline, stop: None }
    }
}

impl Until {
    pub fn new(deadline: Instant, stop: watch::Receiver<bool>) -> Self {
        Self {
            deadline,
            stop: Some(stop),
        }
    }

    /// Waits for the work, or for the end.
    pub async fn wait<T>(&self, work: impl Future<Output = T>) -> Result<T, Ended> {
        tokio::select! {
            biased;
            () = stopped(self.stop.clone()) => Err(Ended::Stopped),
            () = sleep_until(self.deadline) => Err(Ended::Late),
            done = work => Ok(done),
        }
    }
}

/// Waits until the user has had enough; for ever where nobody can say so.
async fn stopped(stop: Option<watch::Receiver<bool>>) {
    if let Some(mut stop) = stop
        && stop.wait_for(|stop| *stop).await.is_ok()
    {
        return;
    }
    std::future::pending::<()>().await;
}

/// What is said of a try that was given up.
pub fn silence(patience: Duration) -> String {
    let seconds = patience.as_secs_f32();
    format!("no answer within {seconds:.1} s a try; --timeout moves the deadline")
}

/// How long one try may take: an equal part of what is left, so that there is time for another, and 30 s at most.
pub fn one_try(deadline: Instant, tries: u32) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    (left / tries.max(1)).min(LONGEST_TRY)
}
