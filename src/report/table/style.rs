//! The colours. Each meaning is also in the words: colour only helps the eye.
use crate::report::v1::finding::Severity;
use crate::report::v1::hop;
use anstyle::{AnsiColor, Style};

pub(super) const PLAIN: Style = Style::new();
pub(super) const STRONG: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::White
    .on_default()
    .bg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)))
    .bold();
pub(super) const DOUBT: Style = AnsiColor::Yellow.on_default().bold();
pub(super) const TELLING: Style = AnsiColor::Red.on_default().bold().underline();
pub(super) const COMMAND: Style = AnsiColor::Cyan.on_default();

pub(super) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Critical => BAD,
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => DOUBT,
        Severity::Info | Severity::Unspecified => AnsiColor::Cyan.on_default(),
    }
}

pub(super) fn hop(status: hop::Status) -> Style {
    match status {
        hop::Status::Ok => AnsiColor::Green.on_default(),
        hop::Status::Broken => AnsiColor::Red.on_default().bold(),
        hop::Status::Degraded => DOUBT,
        hop::Status::Unknown | hop::Status::Unspecified => DIM,
    }
}
