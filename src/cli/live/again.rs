//! How to run again: the user's own command line with one flag changed, ready to paste.
use crate::redact;
use crate::snapshot::Again;
use std::ffi::OsString;
use std::time::Duration;

const MINUTE: u64 = 60;
const HOUR: i64 = 3600;

/// What was typed, what it came to, and what more of it is.
pub fn again(typed: &[OsString], timeout: Duration, since: i64) -> Again {
    let minutes = (timeout.as_secs() * 3).div_ceil(MINUTE).max(5);
    let hours = (since.saturating_mul(4) / HOUR).max(24);
    Again {
        more_time: with(typed, "timeout", &format!("{minutes}m")),
        older_logs: with(typed, "since", &format!("{hours}h")),
    }
}

/// The command line with this value of a flag in place of the one that it has, if any. Empty where it is no text. Secrets in it are
/// taken out word by word, before there are quotes.
fn with(typed: &[OsString], flag: &str, value: &str) -> String {
    let (bare, joined) = (format!("--{flag}"), format!("--{flag}="));
    let mut words = Vec::new();
    let mut is_value = false;
    for word in typed {
        // A line must stay one.
        let Some(word) = word.to_str().filter(|word| !word.contains(char::is_control)) else {
            return String::new();
        };
        if std::mem::take(&mut is_value) || word.starts_with(&joined) {
            continue;
        }
        if word == bare {
            is_value = true;
            continue;
        }
        words.push(redact::told(word).into_owned());
    }
    if words.is_empty() {
        return String::new();
    }
    words.push(format!("{joined}{value}"));
    let quoted: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    quoted.join(" ")
}

/// Of `--flag=value` only the value needs quotes.
fn quoted(word: &str) -> String {
    match word.split_once('=') {
        Some((flag, value)) if flag.starts_with("--") && shell_words::quote(flag) == flag => {
            format!("{flag}={}", shell_words::quote(value))
        }
        _ => shell_words::quote(word).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> Again {
        let typed: Vec<OsString> = line.split('|').map(OsString::from).collect();
        again(&typed, Duration::from_secs(60), 3600)
    }

    #[test]
    fn everything_is_said_again_but_for_one_flag() {
        let cases = [
            (
                "meshdoctor|check|--config|my dir/m.toml|--timeout|2s|--service|car*|-o|json",
                "meshdoctor check --config 'my dir/m.toml' --service 'car*' -o json --timeout=5m",
            ),
            (
                "./meshdoctor|check|--timeout=2s|--since|2h",
                "./meshdoctor check --since 2h --timeout=5m",
            ),
            ("meshdoctor|check", "meshdoctor check --timeout=5m"),
        ];
        for (typed, expected) in cases {
            assert_eq!(of(typed).more_time, expected);
        }
        assert_eq!(of("m|check|--since|2h|-v").older_logs, "m check -v --since=24h");
    }

    #[test]
    fn more_is_more_than_there_was() {
        let typed = [OsString::from("m")];
        let again = again(&typed, Duration::from_secs(600), 7 * 24 * HOUR);
        assert_eq!(again.more_time, "m --timeout=30m");
        assert_eq!(again.older_logs, "m --since=672h");
    }

    #[test]
    fn no_secret_is_said_again() {
        let line = of("m|check|--endpoint|logging=http://u:S3CR3T@h:1|--url|http://h/?token=S3CR3T");
        assert!(!line.more_time.contains("S3CR3T"), "{line:?}");
        assert!(line.more_time.ends_with("--timeout=5m"), "{line:?}");
    }
}
