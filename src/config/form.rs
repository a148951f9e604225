//! What the one value of a key may be, and what is wrong with another.
use super::time::{SPANS, seconds};
use jiff::Timestamp;
use toml::Value;

/// What a key's one value is.
#[derive(Clone, Copy)]
pub enum Form {
    Text,
    Span,
    Number,
    Time,
}

/// What is wrong with one key, and what to do.
pub struct Wrong {
    pub problem: String,
    pub remedy: String,
}

impl Wrong {
    pub fn new(problem: String, remedy: &str) -> Self {
        Self {
            problem,
            remedy: remedy.to_owned(),
        }
    }
}

impl Form {
    /// The value as a flag would have it. Its text is shown only where it cannot be the token.
    pub fn take(self, key: &str, value: &Value) -> Result<String, Wrong> {
        let wrong = |expected: &str, remedy: &str| {
            let problem = format!("{key}: expected {expected}, found {}", value.type_str());
            Err(Wrong::new(problem, remedy))
        };
        match (self, value) {
            (Self::Text, Value::String(text)) => Ok(text.clone()),
            (Self::Text, _) => wrong("text", &format!("quote the value: {key} = \"…\"")),
            (Self::Span, Value::String(text)) => match seconds(text) {
                Ok(_) => Ok(text.clone()),
                Err(problem) => Err(Wrong::new(format!("{key}: {problem}"), SPANS)),
            },
            (Self::Span, _) => wrong(
                "a span of time",
                &format!("quote it with its unit: {key} = \"15m\""),
            ),
            (Self::Number, Value::Integer(number)) if *number >= 0 => Ok(number.to_string()),
            (Self::Number, Value::String(text)) if text.parse::<u64>().is_ok() => Ok(text.clone()),
            (Self::Number, _) => wrong("a number", &format!("write it without a sign: {key} = 50000")),
            (Self::Time, Value::Datetime(time)) if is_time(&time.to_string()) => Ok(time.to_string()),
            (Self::Time, Value::String(text)) if is_time(text) => Ok(text.clone()),
            (Self::Time, _) => wrong("a time", &format!("{key} = \"2026-11-20T09:35:00Z\"")),
        }
    }
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}
