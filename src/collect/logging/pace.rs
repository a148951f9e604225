//! Cloud Logging lets about 60 reads a minute through, a project.
//! Source: <https://cloud.google.com/logging/quotas>.
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// Somebody else may be reading too.
const READS: usize = 55;
const WINDOW: Duration = Duration::from_secs(60);

/// The reads of the last minute.
#[derive(Debug, Default)]
pub struct Pace(VecDeque<Instant>);

impl Pace {
    /// Waits until one more read is within the quota.
    pub async fn wait(&mut self) {
        if self.0.len() >= READS
            && let Some(oldest) = self.0.pop_front()
        {
            sleep_until(oldest + WINDOW).await;
        }
        self.0.push_back(Instant::now());
    }
}
