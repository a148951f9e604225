//! The most memory that a process ever held, where the system tells it.
use std::process::Child;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

/// Runs `wait` on a process; what it gives, and the peak in MiB as Linux has it (`VmHWM`), else 0.
pub fn watched<T>(child: Child, wait: impl FnOnce(Child) -> T) -> (T, u64) {
    let status = format!("/proc/{}/status", child.id());
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = 0;
            while !ended.load(Relaxed) {
                // A process that has ended has none any more.
                peak = told(&status).unwrap_or(peak);
                std::thread::sleep(Duration::from_millis(3));
            }
            peak
        });
        let result = wait(child);
        ended.store(true, Relaxed);
        (result, watcher.join().expect("it does not panic") >> 10)
    })
}

/// In KiB.
fn told(status: &str) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}
