//! How collection goes: a line a collector on a terminal, plain lines where asked for, on stderr either way.
use crate::collect::{Event, Outcome};
use crate::report;
use crate::snapshot::Status;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;

/// Draws until the last collector is done.
pub async fn draw(mut events: UnboundedReceiver<Event>, verbose: bool) {
    let terminal = io::stderr().is_terminal();
    let all = MultiProgress::new();
    let mut bars: BTreeMap<&'static str, ProgressBar> = BTreeMap::new();
    while let Some(event) = events.recv().await {
        match event {
            Event::Started(name) if terminal => {
                let bar = all.add(ProgressBar::new_spinner());
                if let Ok(style) = ProgressStyle::with_template("  {spinner} {prefix:<14} {wide_msg}") {
                    bar.set_style(style);
                }
                bar.set_prefix(name);
                bar.enable_steady_tick(Duration::from_millis(120));
                bars.insert(name, bar);
            }
            Event::Items(name, items) => {
                if let Some(bar) = bars.get(name) {
                    bar.set_message(count(items));
                }
            }
            Event::Finished(outcome) if terminal => {
                if let Some(bar) = bars.get(outcome.name) {
                    bar.finish_with_message(line(&outcome));
                }
            }
            Event::Finished(outcome) if verbose => eprintln!("{}: {}", outcome.name, line(&outcome)),
            Event::Started(_) | Event::Finished(_) => {}
        }
    }
    if !verbose {
        // The answer comes first on the screen, and it tells whatever could not be had.
        let _ = all.clear();
    }
}

fn count(items: u64) -> String {
    format!("{items} {}", if items == 1 { "item" } else { "items" })
}

fn line(outcome: &Outcome) -> String {
    let status = match outcome.status() {
        Status::Ok => "OK",
        Status::Partial => "PARTIAL",
        Status::Failed => "FAILED",
        Status::Skipped => "SKIPPED",
    };
    let seconds = outcome.duration.as_secs_f32();
    let mut text = format!("{status}, {}, {seconds:.1} s", count(outcome.items));
    if let Some(first) = outcome.failures.first() {
        text.push_str(&format!("; {}: {}", first.call, first.error));
        if outcome.failures.len() > 1 {
            text.push_str(&format!(" (and {} more)", outcome.failures.len() - 1));
        }
    }
    report::safe(&text).into_owned()
}
