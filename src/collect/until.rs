//! Until when something is waited for: a moment, the user's word, or as long as an API asks.
use http::HeaderMap;
use http::header::RETRY_AFTER;
use std::time::{Duration, SystemTime};
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

/// How long an API asks to wait, in seconds or until a date: RFC 9110, 10.2.3. A date that is past asks for nothing.
pub fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    asked(headers.get(RETRY_AFTER)?.to_str().ok()?.trim(), SystemTime::now())
}

fn asked(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    httpdate::parse_http_date(text).ok()?.duration_since(now).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_asked_for_in_seconds_or_until_a_date() {
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let now = 784_111_777;
        let cases = [
            ("7", now, Some(7)),
            (date, now - 30, Some(30)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", now - 30, Some(30)),
            (date, now + 1, None),
            ("soon", now, None),
            ("-1", now, None),
        ];
        for (text, now, seconds) in cases {
            let wait = asked(text, at(now));
            assert_eq!(wait, seconds.map(Duration::from_secs), "{text} at {now}");
        }
    }
}
