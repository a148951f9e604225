//! Items of loose files by the listing they belong to, until they are written out as one file each.
//!
//! What is given twice is merged: listings are joined, the later of two resources of one name stands.
use super::kinds::LOOSE_MEMBERSHIP;
use super::limits::Scales;
use super::{paths, refused};
use crate::snapshot::{Blob, ReadError, Warning, World};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;
use std::sync::Arc;

/// All that loose files brought so far.
#[derive(Debug, Default)]
pub struct Gathered {
    listings: BTreeMap<String, Listing>,
    singles: Vec<(String, Blob)>,
    /// Listings that two snapshots both have.
    again: Vec<(String, Blob)>,
}

#[derive(Debug, Default)]
struct Listing {
    rows: Vec<Row>,
    unreachable: Vec<String>,
    origins: BTreeSet<String>,
}

#[derive(Debug)]
struct Row {
    text: String,
    origin: Arc<str>,
}

impl Gathered {
    /// A whole file of the layout; one that is there already is merged, renamed or told of.
    pub fn file(&mut self, path: &str, blob: Blob, world: &mut World) -> Result<(), ReadError> {
        if !world.files.contains_key(path) {
            world.files.insert(path.to_owned(), blob);
        } else if path.starts_with("logging/") || path.starts_with("csds/") {
            world.files.insert(free_path(path, world), blob);
        } else if path == "bundle.json" {
            // Laid over each other two worlds make a third that nobody has, with findings of its own.
            return Err(ReadError::Malformed {
                origin: blob.origin,
                line: 0,
                column: 0,
                problem: "a second snapshot".into(),
                remedy: "check one snapshot at a time; loose files may stand beside it".into(),
            });
        } else if paths::list_key(path).is_some() {
            self.again.push((path.to_owned(), blob));
        } else {
            world.warnings.push(Warning {
                origin: blob.origin,
                text: format!("{path} is given more than once: the first is used"),
            });
        }
        Ok(())
    }

    /// One resource of a listing.
    pub fn row(&mut self, path: &str, text: String, origin: &Arc<str>) {
        let listing = self.listings.entry(path.to_owned()).or_default();
        if !listing.origins.contains(origin.as_ref()) {
            listing.origins.insert(origin.to_string());
        }
        listing.rows.push(Row {
            text,
            origin: Arc::clone(origin),
        });
    }

    /// A listing was had, even if nothing was in it.
    pub fn collected(&mut self, path: &str) {
        self.listings.entry(path.to_owned()).or_default();
    }

    /// Places that did not answer a listing.
    pub fn unreachable(&mut self, path: &str, places: Vec<String>) {
        self.listings
            .entry(path.to_owned())
            .or_default()
            .unreachable
            .extend(places);
    }

    /// A file that is no listing.
    pub fn single(&mut self, path: &str, blob: Blob) {
        self.singles.push((path.to_owned(), blob));
    }

    /// Writes all of it into the world.
    pub fn finish(&mut self, world: &mut World, scales: &mut Scales) -> Result<(), ReadError> {
        for (path, blob) in std::mem::take(&mut self.again) {
            let bytes = blob.bytes()?;
            scales.weigh(&bytes, &blob.origin)?;
            let (rest, rows) = open(&path, &bytes, &blob.origin)?;
            let listing = self.listings.entry(path).or_default();
            listing.origins.insert(blob.origin.clone());
            listing
                .unreachable
                .extend(texts(rest.get("unreachable").map(AsRef::as_ref)));
            listing.rows.extend(rows);
        }
        for (path, blob) in std::mem::take(&mut self.singles) {
            if let Some(before) = world.files.insert(path.clone(), blob) {
                let now = world.files.get(&path).map_or("", |blob| blob.origin.as_str());
                world.warnings.push(Warning {
                    text: format!("{path} is given more than once: {now} is used"),
                    origin: before.origin,
                });
            }
        }
        let membership = only_membership(world);
        for (path, listing) in std::mem::take(&mut self.listings) {
            let loose = format!("kubernetes/{LOOSE_MEMBERSHIP}/");
            let path = match (path.strip_prefix(&loose), &membership) {
                (Some(file), Some(membership)) => format!("kubernetes/{membership}/{file}"),
                _ => path,
            };
            write(&path, listing, world)?;
        }
        Ok(())
    }
}

/// The snapshot's membership, where it has exactly one.
fn only_membership(world: &World) -> Option<String> {
    let names: BTreeSet<&str> = world
        .files
        .keys()
        .filter_map(|path| path.strip_prefix("kubernetes/")?.split('/').next())
        .collect();
    (names.len() == 1).then(|| names.first().map(|name| (*name).to_owned()))?
}

/// `entries-2.ndjson` and so on.
fn free_path(path: &str, world: &World) -> String {
    let (stem, extension) = path.rsplit_once('.').unwrap_or((path, ""));
    let mut number = 2_u32;
    loop {
        let path = format!("{stem}-{number}.{extension}");
        if !world.files.contains_key(&path) {
            return path;
        }
        number += 1;
    }
}

/// Joins a listing with the file that is there already.
fn write(path: &str, mut listing: Listing, world: &mut World) -> Result<(), ReadError> {
    let key = paths::list_key(path).unwrap_or("items");
    let mut rest = BTreeMap::new();
    if let Some(before) = world.files.get(path) {
        let bytes = before.bytes()?;
        let (fields, rows) = open(path, &bytes, &before.origin)?;
        rest = fields;
        listing.origins.insert(before.origin.clone());
        listing.rows.splice(0..0, rows);
    }
    let rows = once_each(listing.rows, &mut world.warnings);
    if !listing.unreachable.is_empty() {
        let field = if paths::is_aggregated(path) {
            "unreachables"
        } else {
            "unreachable"
        };
        listing
            .unreachable
            .extend(texts(rest.get(field).map(AsRef::as_ref)));
        if let Ok(raw) = serde_json::value::to_raw_value(&listing.unreachable) {
            rest.insert(field.into(), raw);
        }
    }
    let joined: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let list = format!("[{}]", joined.join(","));
    let mut text = String::from("{");
    for (field, raw) in rest.iter().filter(|(field, _)| *field != key) {
        let written = write!(text, "{}:{},", Value::from(field.as_str()), raw.get());
        debug_assert!(written.is_ok(), "a String takes all");
    }
    text.push_str(&Value::from(key).to_string());
    text.push(':');
    if paths::is_aggregated(path) {
        // Which place an item came from no longer matters: its own links say it.
        text.push_str(&format!("{{\"global\":{{\"items\":{list}}}}}"));
    } else {
        text.push_str(&list);
    }
    text.push('}');
    let origins: Vec<String> = listing.origins.into_iter().collect();
    let origin = match origins.as_slice() {
        [one] => one.clone(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
        [] => path.to_owned(),
    };
    world
        .files
        .insert(path.to_owned(), Blob::memory(origin, text.into_bytes()));
    Ok(())
}

type Fields = BTreeMap<String, Box<RawValue>>;

/// A listing's rows and its other fields.
fn open(path: &str, bytes: &[u8], origin: &str) -> Result<(Fields, Vec<Row>), ReadError> {
    let bad = |error: serde_json::Error| ReadError::Malformed {
        origin: origin.to_owned(),
        line: error.line(),
        column: error.column(),
        problem: error.to_string(),
        remedy: "the file must hold the API's answer as it came; collect it again".into(),
    };
    let mut fields: Fields = serde_json::from_slice(bytes).map_err(bad)?;
    if let Some(refusal) = refused::of_bytes(bytes) {
        return Err(refused::error(origin, 0, &refusal));
    }
    let key = paths::list_key(path).unwrap_or("items");
    let mut rows = Vec::new();
    let source: Arc<str> = origin.into();
    let mut push = |items: Vec<Box<RawValue>>| {
        rows.extend(items.into_iter().map(|raw| Row {
            text: raw.get().to_owned(),
            origin: Arc::clone(&source),
        }));
    };
    let Some(list) = fields.remove(key) else {
        return Ok((fields, rows));
    };
    if !paths::is_aggregated(path) {
        let items: Option<Vec<Box<RawValue>>> = serde_json::from_str(list.get()).map_err(bad)?;
        push(items.unwrap_or_default());
        return Ok((fields, rows));
    }
    let places: BTreeMap<String, BTreeMap<String, Box<RawValue>>> =
        serde_json::from_str(list.get()).map_err(bad)?;
    let mut unreachable: Vec<String> = texts(fields.get("unreachables").map(AsRef::as_ref));
    for (place, scoped) in places {
        for (field, raw) in scoped {
            if field == "warning" {
                let warning: Value = serde_json::from_str(raw.get()).map_err(bad)?;
                if warning.get("code").and_then(Value::as_str) == Some("UNREACHABLE") {
                    unreachable.push(place.clone());
                }
            } else {
                push(serde_json::from_str(raw.get()).map_err(bad)?);
            }
        }
    }
    fields.insert(
        "unreachables".into(),
        serde_json::value::to_raw_value(&unreachable).map_err(bad)?,
    );
    Ok((fields, rows))
}

fn texts(raw: Option<&RawValue>) -> Vec<String> {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default()
}

/// The later of two resources of one name; told where they differ. In order of their names: in which order files were
/// named makes no difference.
fn once_each(rows: Vec<Row>, warnings: &mut Vec<Warning>) -> Vec<Row> {
    let mut kept: Vec<(String, Row)> = Vec::with_capacity(rows.len());
    let mut by_name: HashMap<String, usize> = HashMap::new();
    for row in rows {
        let Some(name) = identity(&row.text) else {
            kept.push((String::new(), row));
            continue;
        };
        let at = *by_name.entry(name.clone()).or_insert(kept.len());
        match kept.get_mut(at) {
            Some((_, before)) => {
                if before.text != row.text {
                    warnings.push(Warning {
                        origin: before.origin.to_string(),
                        text: format!(
                            "{name} is given more than once: the one in {} is used",
                            row.origin
                        ),
                    });
                }
                *before = row;
            }
            None => kept.push((name, row)),
        }
    }
    kept.sort_by(|(a, _), (b, _)| a.cmp(b));
    kept.into_iter().map(|(_, row)| row).collect()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Identity {
    metadata: Option<ObjectName>,
    self_link: Option<String>,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<Value>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ObjectName {
    name: Option<String>,
    namespace: Option<String>,
}

fn identity(text: &str) -> Option<String> {
    let identity: Identity = serde_json::from_str(text).ok()?;
    if let Some(object) = identity.metadata {
        let name = object.name?;
        // `kubectl apply` puts an object without a namespace into `default`.
        return Some(format!(
            "{}/{name}",
            object.namespace.unwrap_or_else(|| "default".into())
        ));
    }
    if identity.self_link.is_some() {
        return identity.self_link;
    }
    let kind = identity.kind.as_ref().and_then(Value::as_str).unwrap_or_default();
    identity
        .name
        .map(|name| format!("{name} {kind}").trim_end().to_owned())
}
