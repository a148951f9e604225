//! A listing of the bundle as a page of its API's answer, or one item of it.
use super::answer::{Answer, Refusal};
use super::ask::Ask;
use super::bundle::{Bundle, Listing, Row};
use super::paging::{self, Page, Style};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a call lists: where the layout keeps it, how the API calls its array, and what it takes to see it.
#[derive(Debug, Clone)]
pub struct Kind<'a> {
    /// The first folder of the layout.
    pub source: &'static str,
    pub project: &'a str,
    /// Below the project's folder.
    pub file: String,
    pub array: &'static str,
    pub permission: &'static str,
    pub style: Style,
}

/// The bundle, and the most items that a page may have.
#[derive(Debug, Clone, Copy)]
pub struct Served<'a> {
    pub bundle: &'a Bundle,
    pub cap: usize,
}

/// The fields of an item that calls choose by.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Named {
    pub name: String,
    pub id: serde_json::Value,
    pub email: String,
    pub state: serde_json::Value,
}

pub fn named(row: &Row) -> Named {
    serde_json::from_str(row.raw.get()).unwrap_or_default()
}

impl<'a> Served<'a> {
    /// The listing behind a call; refused where the bundle does not have it.
    pub fn open(&self, kind: &Kind) -> Result<Arc<Listing>, Refusal> {
        match self.bundle.locate(kind.source, kind.project, &kind.file) {
            Some(path) => self.bundle.listing(&path, kind.array),
            None => Err(self.absent(kind.source, kind.project, kind.permission)),
        }
    }

    pub fn absent(&self, source: &str, project: &str, permission: &str) -> Refusal {
        let kind = match source.split_once('/') {
            Some((_, kind)) => kind,
            None => "projects",
        };
        self.bundle
            .absent(source, permission, &format!("{kind}/{project}"))
    }

    /// One page of all items.
    pub fn list(&self, ask: &Ask, kind: &Kind) -> Result<Answer, Refusal> {
        self.list_where(ask, kind, |_| true)
    }

    /// One page of the items that a call chooses.
    pub fn list_where(&self, ask: &Ask, kind: &Kind, keep: impl Fn(&Row) -> bool) -> Result<Answer, Refusal> {
        let listing = self.open(kind)?;
        let kept: Vec<&Row> = listing.rows.iter().filter(|row| keep(row)).collect();
        let page = paging::page(ask, kind.style, kept.len(), self.cap)?;
        let first = ask.parameter(kind.style.token).is_none();
        let rows: Vec<&RawValue> = rows(&kept, &page).map(|row| row.raw.as_ref()).collect();
        let array = (!rows.is_empty()).then(|| raw_list(&rows));
        Ok(write(&listing, kind.array, array, &page, first, false))
    }

    /// One page of an aggregated listing: its items under their places. `key` is the array's name within a place.
    pub fn aggregated(
        &self,
        ask: &Ask,
        kind: &Kind,
        key: &str,
        place: impl Fn(&Row) -> String,
    ) -> Result<Answer, Refusal> {
        let listing = self.open(kind)?;
        let all: Vec<&Row> = listing.rows.iter().collect();
        let page = paging::page(ask, kind.style, all.len(), self.cap)?;
        let first = ask.parameter(kind.style.token).is_none();
        let mut places: BTreeMap<String, BTreeMap<&str, Vec<&Row>>> = BTreeMap::new();
        for row in rows(&all, &page) {
            let key = if row.key.as_ref() == "warning" {
                "warning"
            } else {
                key
            };
            let place = places.entry(place(row)).or_default();
            place.entry(key).or_default().push(row);
        }
        let written = places.iter().map(|(place, scoped)| {
            let fields = scoped.iter().map(|(key, rows)| match rows.as_slice() {
                [bare] if bare.is_bare() => format!("{}:{}", quoted(key), bare.raw.get()),
                rows => {
                    let raws: Vec<&RawValue> = rows.iter().map(|row| row.raw.as_ref()).collect();
                    format!("{}:{}", quoted(key), raw_list(&raws))
                }
            });
            format!("{}:{{{}}}", quoted(place), fields.collect::<Vec<_>>().join(","))
        });
        let items = format!("{{{}}}", written.collect::<Vec<_>>().join(","));
        Ok(write(&listing, kind.array, Some(items), &page, first, true))
    }

    /// The first item that a call chooses.
    pub fn find(&self, kind: &Kind, keep: impl Fn(&Row) -> bool) -> Result<Answer, Refusal> {
        let listing = self.open(kind)?;
        match listing.rows.iter().find(|row| keep(row)) {
            Some(row) => Ok(Answer::json(row.raw.get())),
            None => Err(Refusal::not_found("Requested entity was not found.")),
        }
    }

    /// A file that is no listing.
    pub fn file(&self, source: &str, project: &str, file: &str, permission: &str) -> Result<Answer, Refusal> {
        match self.bundle.locate(source, project, file) {
            Some(path) => Ok(Answer::json(self.bundle.bytes(&path)?)),
            None => Err(self.absent(source, project, permission)),
        }
    }

    /// A file that a bundle need not have. `call` is how collectors name the call: a failure of another one is not its failure.
    pub fn detail(
        &self,
        source: &str,
        project: &str,
        file: &str,
        permission: &str,
        call: &str,
    ) -> Result<Answer, Refusal> {
        match self.bundle.locate(source, project, file) {
            Some(path) => Ok(Answer::json(self.bundle.bytes(&path)?)),
            None => Err(self.bundle.absent_detail(source, permission, project, call)),
        }
    }
}

fn rows<'r>(kept: &'r [&'r Row], page: &Page) -> impl Iterator<Item = &'r Row> {
    kept.get(page.rows.clone()).unwrap_or_default().iter().copied()
}

/// An array of items that are JSON already.
pub fn raw_list(rows: &[&RawValue]) -> String {
    let texts: Vec<&str> = rows.iter().map(|raw| raw.get()).collect();
    format!("[{}]", texts.join(","))
}

pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// An empty listing omits its array, as Google's APIs do. Fields beside it stand on the first page, `kind` on each.
fn write(
    listing: &Listing,
    array: &str,
    items: Option<String>,
    page: &Page,
    first: bool,
    aggregated: bool,
) -> Answer {
    let mut fields: Vec<String> = listing
        .fields
        .iter()
        .filter(|(key, _)| *key != "nextPageToken" && (first || *key == "kind" || *key == "id"))
        .map(|(key, raw)| match key.as_str() {
            "kind" => format!("\"kind\":{}", list_kind(raw.get(), aggregated)),
            _ => format!("{}:{}", quoted(key), raw.get()),
        })
        .collect();
    if let Some(items) = items {
        fields.push(format!("{}:{items}", quoted(array)));
    }
    if let Some(token) = &page.next {
        fields.push(format!("\"nextPageToken\":{}", quoted(token)));
    }
    Answer::json(format!("{{{}}}", fields.join(",")))
}

/// compute.v1 calls a listing by place another kind than that of one place, and each is made of the other here.
fn list_kind(kind: &str, aggregated: bool) -> String {
    let stem = kind.strip_suffix("List\"").unwrap_or(kind);
    match (aggregated, stem.strip_suffix("Aggregated")) {
        (false, Some(stem)) => format!("{stem}List\""),
        (true, None) if stem != kind => format!("{stem}AggregatedList\""),
        _ => kind.to_owned(),
    }
}
