//! A resource before it is opened: what the new and the old form have in common.
use super::open::{self, Opened};
use super::shared::Shared;
use super::{ErrorState, Kind, Resource, SyncState};
use crate::input::ReadError;
use envoy_types::pb::envoy::admin::v3::UpdateFailureState;
use envoy_types::pb::google::protobuf as pb;
use jiff::Timestamp;

/// One resource of either form.
#[derive(Default)]
pub struct Raw {
    /// Empty where only the payload says it.
    pub type_url: String,
    /// Empty where only the payload says it.
    pub name: String,
    pub version: String,
    pub config: Option<pb::Any>,
    pub last_updated: Option<pb::Timestamp>,
    pub error: Option<UpdateFailureState>,
    pub state: SyncState,
    pub is_static: bool,
}

impl Raw {
    /// Opens the payload; an error names the client and the resource.
    pub fn open(self, node_id: &str, origin: &str, shared: &mut Shared) -> Result<Resource, ReadError> {
        let malformed = |what: &str, problem: String| ReadError::Malformed {
            origin: origin.to_owned(),
            line: 0,
            column: 0,
            problem: format!("client {node_id:?}, {what} {:?}: {problem}", self.name),
            remedy: "the answer was cut or changed after the server sent it; collect it again".into(),
        };
        let mut opened = shared
            .open(self.config, &self.type_url)
            .map_err(|p| malformed("resource", p))?;
        let mut error = None;
        if let Some(refused) = self.error {
            // A resource that was never accepted has its name in the refused version only.
            if opened.name.is_empty() && self.name.is_empty() {
                opened = named_by_refused(opened, refused.failed_configuration);
            }
            error = Some(Box::new(ErrorState {
                details: refused.details,
                version: refused.version_info,
                last_attempt: time(refused.last_update_attempt),
            }));
        }
        let type_url = first(self.type_url, opened.type_url);
        Ok(Resource {
            kind: Kind::of(&type_url),
            type_url: shared.text(&type_url),
            name: shared.text(&first(self.name, opened.name)),
            version: shared.text(&self.version),
            // A refusal without a status is still a refusal.
            state: match self.state {
                SyncState::Unknown if error.is_some() => SyncState::Rejected,
                state => state,
            },
            error,
            last_updated: time(self.last_updated),
            is_static: self.is_static,
            content: opened.content,
        })
    }
}

/// The refused version is no content of the client's, and may well be broken: only its name is of use.
fn named_by_refused(opened: Opened, refused: Option<pb::Any>) -> Opened {
    match open::any(refused, "") {
        Ok(refused) => Opened {
            name: refused.name,
            type_url: first(opened.type_url, refused.type_url),
            content: opened.content,
        },
        Err(_) => opened,
    }
}

fn first(a: String, b: String) -> String {
    if a.is_empty() { b } else { a }
}

fn time(stamp: Option<pb::Timestamp>) -> Option<Timestamp> {
    stamp.and_then(|t| Timestamp::new(t.seconds, t.nanos).ok())
}
