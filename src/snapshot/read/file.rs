//! One JSON file of the layout, typed: what its place promises, or an error that names the file, the place in it and the field.
use super::limits::{Scales, Weighed};
use super::named::{Listing, Named};
use super::{answer, google, kinds, locate, paths};
use crate::gcp::{compute, firewall_policy, iam, project};
use crate::k8s::meta::List;
use crate::snapshot::{Blob, Manifest, ReadError};
use serde::de::DeserializeOwned;

/// A file, its path in the layout, and the scales that all files are weighed on.
pub struct File<'a> {
    pub path: &'a str,
    pub blob: &'a Blob,
    pub scales: &'a mut Scales,
}

impl File<'_> {
    fn origin(&self) -> &str {
        &self.blob.origin
    }

    /// All bytes, weighed.
    pub fn bytes(&mut self) -> Result<Vec<u8>, ReadError> {
        let bytes = self.blob.bytes()?;
        self.scales.weigh(&bytes, &self.blob.origin)?;
        Ok(bytes)
    }

    /// An object.
    pub fn object<T: DeserializeOwned>(&mut self) -> Result<T, ReadError> {
        let bytes = self.bytes()?;
        self.parse(&bytes)
    }

    /// `bundle.json`; made by hand it may say little.
    pub fn manifest(&mut self) -> Result<Manifest, ReadError> {
        self.answer(|manifest: &Manifest| !manifest.schema_version.is_empty())
    }

    /// An object that may well say nothing, if it is of the right sort then.
    fn answer<T: DeserializeOwned>(&mut self, says: impl FnOnce(&T) -> bool) -> Result<T, ReadError> {
        let bytes = self.bytes()?;
        let value: T = self.parse(&bytes)?;
        if !says(&value) {
            answer::must_be_answer(self.path, &bytes, self.origin())?;
        }
        Ok(value)
    }

    fn parse<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, ReadError> {
        must_be_text(bytes, self.origin())?;
        answer::must_be_object(bytes, self.origin())?;
        typed(bytes, self.origin())
    }

    /// A listing of Google's.
    pub fn list<L: Listing>(&mut self) -> Result<L, ReadError> {
        let list: L = self.answer(|list: &L| !list.items().is_empty())?;
        self.each_named(list.items())?;
        Ok(list)
    }

    /// The items of a Kubernetes List.
    pub fn items<T: Named>(&mut self) -> Result<Vec<T>, ReadError> {
        // Items take no room when they are only weighed: a list of millions is refused before it is unfolded.
        let bytes = self.bytes()?;
        let counted: List<Weighed> = self.parse(&bytes)?;
        self.scales.count(counted.items.len(), &self.blob.origin)?;
        let list: List<T> = self.parse(&bytes)?;
        answer::must_be_of(kinds::kind(self.path), &list.kind, self.origin())?;
        if list.items.is_empty() {
            answer::must_be_answer(self.path, &bytes, self.origin())?;
        }
        self.each_named(&list.items)?;
        Ok(list.items)
    }

    /// A plain list of Compute Engine's.
    pub fn plain<T: Named>(&mut self) -> Result<Vec<T>, ReadError> {
        let list: compute::List<T> = self.list()?;
        self.of_compute(&list.kind)?;
        Ok(list.items)
    }

    /// An aggregated list of Compute Engine's, and the places that did not answer, as `LISTING: PLACE`.
    pub fn aggregated<T: Named>(&mut self, unreachable: &mut Vec<String>) -> Result<Vec<T>, ReadError> {
        let list: compute::AggregatedList<T> =
            self.answer(|list: &compute::AggregatedList<T>| !list.items.is_empty())?;
        self.of_compute(&list.kind)?;
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let listing = file.trim_end_matches(".json");
        unreachable.extend(
            list.unreachables
                .iter()
                .map(|place| format!("{listing}: {place}")),
        );
        let mut items = Vec::new();
        for (place, scoped) in list.items {
            if scoped.warning.as_ref().is_some_and(|w| w.code == "UNREACHABLE") {
                unreachable.push(format!("{listing}: {place}"));
            }
            items.extend(scoped.items);
        }
        self.each_named(&items)?;
        Ok(items)
    }

    /// The answers of `getHealth`, one or a list of them.
    pub fn health(&mut self) -> Result<Vec<compute::GroupHealth>, ReadError> {
        let bytes = self.bytes()?;
        if bytes.trim_ascii_start().first() == Some(&b'[') {
            must_be_text(&bytes, self.origin())?;
            return typed(&bytes, self.origin());
        }
        let says = |group: &compute::GroupHealth| group.endpoints().next().is_some();
        Ok(vec![self.answer(says)?])
    }

    pub fn effective_firewalls(&mut self) -> Result<firewall_policy::EffectiveFirewalls, ReadError> {
        self.answer(|found: &firewall_policy::EffectiveFirewalls| !found.policies.is_empty())
    }

    /// An allow policy; one without bindings allows nothing.
    pub fn policy(&mut self) -> Result<iam::Policy, ReadError> {
        self.answer(|policy: &iam::Policy| !policy.bindings.is_empty())
    }

    pub fn project(&mut self) -> Result<project::Project, ReadError> {
        let project: project::Project = self.object()?;
        let named = !project.project_id.is_empty() || project.number().is_some();
        answer::must_name(named, "projectId", self.origin())?;
        Ok(project)
    }

    pub fn ancestry(&mut self) -> Result<iam::Ancestry, ReadError> {
        let ancestry: iam::Ancestry = self.object()?;
        // The project itself is the first.
        answer::must_name(!ancestry.ancestor.is_empty(), "ancestor", self.origin())?;
        Ok(ancestry)
    }

    fn each_named<T: Named>(&self, items: &[T]) -> Result<(), ReadError> {
        match items.iter().position(|item| item.name().is_empty()) {
            None => Ok(()),
            Some(at) => {
                let field = format!("{}[{at}].{}", self.key(), T::FIELD);
                answer::must_name(false, &field, self.origin())
            }
        }
    }

    fn key(&self) -> &'static str {
        paths::list_key(self.path).unwrap_or("items")
    }

    fn of_compute(&self, kind: &str) -> Result<(), ReadError> {
        let file = self.path.rsplit('/').next().unwrap_or_default();
        let known = google::compute_kind(file.trim_end_matches(".json"));
        let kind = kind.replace("Aggregated", "");
        answer::must_be_of(known, &kind, self.origin())
    }
}

fn must_be_text(bytes: &[u8], origin: &str) -> Result<(), ReadError> {
    // A field that nobody uses is passed over unread, and with it a character in another encoding.
    if let Some((line, column)) = locate::not_utf8(bytes) {
        return Err(ReadError::Malformed {
            origin: origin.to_owned(),
            line,
            column,
            problem: "not text in UTF-8".into(),
            remedy: "the file must hold the API's answer as it came; collect it again or save it as UTF-8"
                .into(),
        });
    }
    Ok(())
}

/// Parses JSON; an error names the file, line, column and field.
fn typed<T: DeserializeOwned>(bytes: &[u8], origin: &str) -> Result<T, ReadError> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = serde_path_to_error::deserialize(&mut deserializer);
    let bad = |field: String, inner: &serde_json::Error| ReadError::Malformed {
        origin: origin.to_owned(),
        line: inner.line(),
        column: inner.column(),
        problem: if field.is_empty() || field == "." {
            inner.to_string()
        } else {
            format!("{field}: {inner}")
        },
        remedy: "the file must hold the API's answer as it came; collect it again or correct the field"
            .into(),
    };
    let value = parsed.map_err(|error| bad(error.path().to_string(), error.inner()))?;
    deserializer.end().map_err(|error| bad(String::new(), &error))?;
    Ok(value)
}
