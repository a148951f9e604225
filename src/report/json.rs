//! The report as canonical proto3 JSON: what `-o json` prints.
use serde::Serialize;
use std::io::{self, Write};

/// Why a message could not be written. It does not happen with the messages of this crate.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error("the report could not be written as JSON: {0}")]
    Write(#[from] serde_json::Error),
}

/// One message of `report.proto` as indented JSON with a final line end. Empty lists and texts are
/// there; an unset `optional` field or message is not. Enum values are written by name.
pub fn to_json<M: Serialize>(message: &M) -> Result<String, JsonError> {
    Ok(serde_json::to_string_pretty(message)? + "\n")
}

/// The same written as it is made. JSON itself cannot fail here: an error is the writer's.
///
/// # Errors
/// Where the text cannot be written.
pub fn write_json(message: &impl Serialize, mut out: impl Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut out, message)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::{samples, v1};

    fn parsed<M: Serialize>(message: &M) -> serde_json::Value {
        serde_json::from_str(&to_json(message).unwrap()).unwrap()
    }

    #[test]
    fn empty_lists_are_there_and_unset_fields_are_not() {
        let report = parsed(&v1::Report {
            verdict: v1::report::Verdict::Healthy as i32,
            ..v1::Report::default()
        });
        assert_eq!(report["findings"], serde_json::json!([]));
        assert_eq!(report["verdict"], "HEALTHY");
        assert!(report.get("scope").is_none());
        let incident = parsed(&samples::incident());
        let finding = &incident["findings"][0];
        assert_eq!(finding["role"], "ROOT_CAUSE");
        assert!(finding["subject"].get("namespace").is_none());
        assert_eq!(finding["evidence"][1]["count"], 6);
        assert_eq!(
            finding["fixes"][0]["actions"][0]["fields"]["project"],
            "mesh-prod"
        );
        assert!(finding["fixes"][0].get("manifest").is_none());
        assert_eq!(incident["checks"][0]["status"], "FAILED");
    }

    #[test]
    fn fields_come_in_the_order_of_the_contract() {
        let text = to_json(&samples::incident()).unwrap();
        let at = |key: &str| text.find(key).unwrap();
        assert!(at("\"schemaVersion\"") < at("\"verdict\""));
        assert!(at("\"verdict\"") < at("\"path\""));
        assert!(at("\"path\"") < at("\"findings\""));
        assert!(text.ends_with("}\n") && !text.ends_with("\n\n"));
    }

    #[test]
    fn no_enum_is_printed_unspecified() {
        for report in samples::all() {
            assert!(!to_json(&report).unwrap().contains("UNSPECIFIED"));
        }
    }
}
