//! The report as canonical proto3 JSON: what `-o json` prints.
use indexmap::IndexMap;
use prost::{Message, Name};
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, SerializeOptions, Value,
};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;

static CONTRACT: LazyLock<Result<DescriptorPool, prost_reflect::DescriptorError>> = LazyLock::new(|| {
    DescriptorPool::decode(include_bytes!(concat!(env!("OUT_DIR"), "/report.bin")).as_slice())
});

/// Why a message could not be written. None of these happens with the messages of this crate.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    #[error("the report's descriptors do not load: {0}")]
    Descriptors(&'static prost_reflect::DescriptorError),
    #[error("{0} is no message of the report's contract")]
    UnknownMessage(String),
    #[error("the message does not fit its descriptor: {0}")]
    Transcode(#[from] prost::DecodeError),
    #[error(transparent)]
    Write(#[from] serde_json::Error),
}

/// One message of `report.proto` as indented JSON with a final line end. Empty lists and texts are
/// there; an unset `optional` field or message is not. Enum values are written by name.
pub fn to_json<M: Message + Name>(message: &M) -> Result<String, JsonError> {
    let pool = CONTRACT.as_ref().map_err(JsonError::Descriptors)?;
    let name = M::full_name();
    let descriptor = pool
        .get_message_by_name(&name)
        .ok_or(JsonError::UnknownMessage(name))?;
    let dynamic = DynamicMessage::decode(descriptor.clone(), message.encode_to_vec().as_slice())?;
    debug_assert_eq!(
        unspecified(&dynamic),
        None,
        "an enum of the report was left unset"
    );
    let mut buffer = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut buffer);
    dynamic.serialize_with_options(
        &mut serializer,
        &SerializeOptions::new().skip_default_fields(false),
    )?;
    let mut tree: Tree = serde_json::from_slice(&buffer)?;
    sort_maps(&mut tree, &descriptor);
    Ok(serde_json::to_string_pretty(&tree)? + "\n")
}

/// JSON with its fields in the order in which they were written.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Tree {
    Object(IndexMap<String, Tree>),
    Array(Vec<Tree>),
    Scalar(serde_json::Value),
}

/// Maps come in no order, and two reports of one diagnosis should be equal as text.
fn sort_maps(tree: &mut Tree, descriptor: &MessageDescriptor) {
    let Tree::Object(values) = tree else { return };
    for field in descriptor.fields() {
        match (values.get_mut(field.json_name()), field.kind()) {
            (Some(Tree::Object(map)), _) if field.is_map() => map.sort_unstable_keys(),
            (Some(Tree::Array(items)), Kind::Message(inner)) => {
                items.iter_mut().for_each(|item| sort_maps(item, &inner));
            }
            (Some(value), Kind::Message(inner)) => sort_maps(value, &inner),
            _ => {}
        }
    }
}

/// The first enum field that holds its zero value, which the contract never prints.
fn unspecified(message: &DynamicMessage) -> Option<String> {
    message.descriptor().fields().find_map(|field| {
        let value = message.get_field(&field);
        let inner = match value.as_ref() {
            Value::EnumNumber(0) => Some(String::new()),
            Value::Message(inner) if message.has_field(&field) => unspecified(inner),
            Value::List(items) => items.iter().filter_map(Value::as_message).find_map(unspecified),
            _ => None,
        };
        inner.map(|inner| format!("{}.{inner}", field.name()))
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::report::{samples, v1};

    fn parsed<M: Message + Name>(message: &M) -> serde_json::Value {
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
    fn one_report_is_always_the_same_text() {
        let text = || to_json(&samples::incident()).unwrap();
        assert!((0..20).all(|_| text() == text()));
    }

    #[test]
    fn no_enum_is_printed_unspecified() {
        for report in samples::all() {
            assert!(!to_json(&report).unwrap().contains("UNSPECIFIED"));
        }
        let unset = v1::Report {
            findings: vec![v1::Finding::default()],
            ..samples::healthy()
        };
        let pool = CONTRACT.as_ref().unwrap();
        let descriptor = pool.get_message_by_name(&v1::Report::full_name()).unwrap();
        let dynamic = DynamicMessage::decode(descriptor, unset.encode_to_vec().as_slice()).unwrap();
        assert_eq!(unspecified(&dynamic).unwrap(), "findings.severity.");
    }

    #[test]
    fn other_messages_of_the_contract_are_written_too() {
        let rule = v1::RuleSummary {
            code: "MD101".to_owned(),
            severity: v1::finding::Severity::Critical as i32,
            ..v1::RuleSummary::default()
        };
        let list = parsed(&v1::RuleList { rules: vec![rule] });
        assert_eq!(list["rules"][0]["severity"], "CRITICAL");
        assert_eq!(list["rules"][0]["needs"], serde_json::json!([]));
    }
}
