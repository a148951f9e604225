//! The world that is served: its files by layout path, the names of its projects, and listings opened once.
use super::answer::Refusal;
use super::failure;
use crate::snapshot::{CollectorOutcome, Manifest, ReadError, World, read};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

/// A file that is a listing: its rows, and its other fields.
#[derive(Debug, Default)]
pub struct Listing {
    pub fields: BTreeMap<String, Box<RawValue>>,
    pub rows: Vec<Row>,
}

/// One item. In an aggregated listing it stands in a place, under a key: `regions/R`, `subnetworks`.
#[derive(Debug)]
pub struct Row {
    pub place: Arc<str>,
    pub key: Arc<str>,
    pub raw: Box<RawValue>,
}

impl Row {
    /// Whether this stands for a place and is no item: a warning, an empty list.
    pub fn is_bare(&self) -> bool {
        !self.place.is_empty() && (self.key.as_ref() == "warning" || !self.raw.get().starts_with('{'))
    }
}

/// The bundle.
#[derive(Debug)]
pub struct Bundle {
    pub world: World,
    pub manifest: Manifest,
    /// Each project's names: its id, its number, and the folder that it has in the layout.
    names: Vec<BTreeSet<String>>,
    open: Mutex<HashMap<String, Arc<Listing>>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ProjectNames {
    name: String,
    project_id: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EnabledApis {
    services: Vec<EnabledApi>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct EnabledApi {
    name: String,
}

impl Bundle {
    /// # Errors
    /// A manifest that is no manifest, or a file that cannot be read.
    pub fn new(mut world: World) -> Result<Self, ReadError> {
        // What holds an API's error is answered with it.
        let refused = read::take_out(&mut world)?;
        let mut manifest = match world.files.get("bundle.json") {
            Some(blob) => parse(&blob.bytes()?, &blob.origin)?,
            None => Manifest::default(),
        };
        refused.tell(&mut manifest, &world);
        let mut names = Vec::new();
        for (path, blob) in &world.files {
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                ["iam", "projects", folder, "project.json"] => {
                    let project: ProjectNames = parse(&blob.bytes()?, &blob.origin)?;
                    let number = project.name.trim_start_matches("projects/").to_owned();
                    join(&mut names, [(*folder).to_owned(), project.project_id, number]);
                }
                // An API's name starts with the project's number, whatever else could not be read.
                ["service-usage", folder, "services.json"] => {
                    let list: EnabledApis = parse(&blob.bytes()?, &blob.origin)?;
                    let first = list.services.first().map_or("", |api| api.name.as_str());
                    let number = first.split('/').nth(1).unwrap_or_default();
                    join(&mut names, [(*folder).to_owned(), number.to_owned()]);
                }
                [_, folder, _, ..] => join(&mut names, [(*folder).to_owned()]),
                _ => {}
            }
        }
        Ok(Self {
            world,
            manifest,
            names,
            open: Mutex::default(),
        })
    }

    /// All names of a project, the given one first.
    pub fn names(&self, project: &str) -> Vec<String> {
        let mut all = vec![project.to_owned()];
        for set in self.names.iter().filter(|set| set.contains(project)) {
            all.extend(set.iter().filter(|name| *name != project).cloned());
        }
        all
    }

    /// The number of a project, where the bundle tells it.
    pub fn number(&self, project: &str) -> Option<String> {
        let digits = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit());
        self.names(project).into_iter().find(digits)
    }

    /// The layout path `SOURCE/PROJECT/REST` by any of the project's names, where there is such a file.
    pub fn locate(&self, source: &str, project: &str, rest: &str) -> Option<String> {
        let paths = self.names(project).into_iter().map(|name| match name.as_str() {
            "" => format!("{source}/{rest}"),
            name => format!("{source}/{name}/{rest}"),
        });
        paths.into_iter().find(|path| self.world.files.contains_key(path))
    }

    /// Every layout path below `SOURCE/PROJECT/`.
    pub fn below(&self, source: &str, project: &str) -> Vec<&str> {
        let mut paths = Vec::new();
        for name in self.names(project) {
            let prefix = format!("{source}/{name}/");
            let range = self.world.files.range(prefix.clone()..);
            paths.extend(
                range
                    .map(|(path, _)| path.as_str())
                    .take_while(|path| path.starts_with(&prefix)),
            );
        }
        paths
    }

    /// A whole file.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        let blob = self.world.files.get(path);
        let blob = blob.ok_or_else(|| Refusal::not_found(format!("{path} is not in the bundle")))?;
        blob.bytes().map_err(|error| Refusal::new(500, error.to_string()))
    }

    /// A listing, opened once. `array` is the field of its items; an object there is an aggregated list.
    pub fn listing(&self, path: &str, array: &str) -> Result<Arc<Listing>, Refusal> {
        if let Some(open) = self.open.lock().ok().and_then(|open| open.get(path).cloned()) {
            return Ok(open);
        }
        let listing = read(&self.bytes(path)?, array)
            .map_err(|error| Refusal::new(500, format!("{path} in the bundle: {error}")))?;
        let listing = Arc::new(listing);
        if let Ok(mut open) = self.open.lock() {
            open.insert(path.to_owned(), Arc::clone(&listing));
        }
        Ok(listing)
    }

    /// What stands for a file that the bundle does not have: the failure of its collector, or 404.
    /// `permission` and `resource` are those of the call.
    pub fn absent(&self, source: &str, permission: &str, resource: &str) -> Refusal {
        self.failure(source, permission, resource).unwrap_or_else(|| {
            Refusal::not_found(format!("{resource} was not found: it is not in the bundle."))
        })
    }

    /// The same for a file that a bundle need not have: only the failure of this very call counts.
    pub fn absent_detail(&self, source: &str, permission: &str, project: &str, call: &str) -> Refusal {
        let resource = format!("projects/{project}");
        let told = self.manifest.collectors.iter();
        let refused = told
            .filter(|outcome| outcome.name == source)
            .find_map(|outcome| failure::of_call(outcome, permission, &resource, call));
        refused.unwrap_or_else(|| {
            let what = call.trim_start_matches("get ");
            Refusal::not_found(format!("{what} was not found: it is not in the bundle."))
        })
    }

    /// The failure that the manifest tells of a collector.
    pub fn failure(&self, source: &str, permission: &str, resource: &str) -> Option<Refusal> {
        self.outcomes(source)
            .find_map(|outcome| failure::refusal(outcome, permission, resource))
    }

    /// What ended a listing whose beginning the bundle has.
    pub fn end(&self, source: &str, permission: &str, resource: &str) -> Option<Refusal> {
        self.outcomes(source)
            .find_map(|outcome| failure::end(outcome, permission, resource))
    }

    fn outcomes(&self, source: &str) -> impl Iterator<Item = &CollectorOutcome> {
        let source = source.split('/').next().unwrap_or_default();
        let told = self.manifest.collectors.iter();
        told.filter(move |outcome| outcome.name.split('/').next() == Some(source))
    }
}

/// Adds names of one project, joining what was thought to be two.
fn join<const N: usize>(all: &mut Vec<BTreeSet<String>>, names: [String; N]) {
    let mut set: BTreeSet<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    all.retain(|other| {
        let same = !other.is_disjoint(&set);
        if same {
            set.extend(other.iter().cloned());
        }
        !same
    });
    all.push(set);
}

fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8], origin: &str) -> Result<T, ReadError> {
    serde_json::from_slice(bytes).map_err(|error| ReadError::Malformed {
        origin: origin.to_owned(),
        line: error.line(),
        column: error.column(),
        problem: error.to_string(),
        remedy: "the file must hold the API's answer as it came; collect it again".into(),
    })
}

fn read(bytes: &[u8], array: &str) -> Result<Listing, serde_json::Error> {
    let mut fields: BTreeMap<String, Box<RawValue>> = serde_json::from_slice(bytes)?;
    let mut rows = Vec::new();
    let none: Arc<str> = "".into();
    if let Some(items) = fields.remove(array) {
        if items.get().starts_with('{') {
            rows = aggregated(items.get())?;
        } else {
            let items: Option<Vec<Box<RawValue>>> = serde_json::from_str(items.get())?;
            rows.extend(items.unwrap_or_default().into_iter().map(|raw| Row {
                place: Arc::clone(&none),
                key: Arc::clone(&none),
                raw,
            }));
        }
    }
    Ok(Listing { fields, rows })
}

/// The rows of all places. A warning, or whatever is no list of items, is a row of its own: so is an empty list.
fn aggregated(items: &str) -> Result<Vec<Row>, serde_json::Error> {
    let places: BTreeMap<String, BTreeMap<String, Box<RawValue>>> = serde_json::from_str(items)?;
    let mut rows = Vec::new();
    for (place, scoped) in places {
        let place: Arc<str> = place.into();
        for (key, raw) in scoped {
            let key: Arc<str> = key.into();
            let mut parts: Vec<Box<RawValue>> = Vec::new();
            if raw.get().starts_with('[') {
                parts = serde_json::from_str(raw.get())?;
            }
            if parts.is_empty() {
                parts.push(raw);
            }
            rows.extend(parts.into_iter().map(|raw| Row {
                place: Arc::clone(&place),
                key: Arc::clone(&key),
                raw,
            }));
        }
    }
    Ok(rows)
}
