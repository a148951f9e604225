//! Pages of one listing joined, the items as they came.
use super::{Call, CallError};
use crate::redact;
use indexmap::IndexMap;
use serde_json::value::RawValue;

type Object = IndexMap<String, Box<RawValue>>;

/// Pages joined so far: fields of the first page, and the items of all.
#[derive(Debug)]
pub struct Joined {
    key: &'static str,
    aggregated: bool,
    first: Option<Object>,
    items: Vec<Box<RawValue>>,
    /// Of an aggregated listing: place to its fields.
    places: IndexMap<String, Object>,
    /// Whether any page had the array: an empty listing may leave it out.
    named: bool,
    /// Places that did not answer, from every page.
    missing: IndexMap<String, Vec<String>>,
    bytes: usize,
    pub count: u64,
}

/// Fields that tell which places did not answer.
const MISSING: [&str; 3] = ["unreachable", "unreachables", "missingZones"];

impl Joined {
    pub fn new(key: &'static str, aggregated: bool) -> Self {
        Self {
            key,
            aggregated,
            first: None,
            items: Vec::new(),
            places: IndexMap::new(),
            named: false,
            missing: IndexMap::new(),
            bytes: 0,
            count: 0,
        }
    }

    /// Adds a page; the token of the next one.
    pub fn add(&mut self, page: &[u8], call: &Call) -> Result<Option<String>, CallError> {
        self.bytes += page.len();
        let broken = |_| CallError::unreadable(page);
        let mut object: Object = serde_json::from_slice(page).map_err(|error| {
            if error.is_data() {
                let problem = format!("the answer is JSON, but no object: {error}");
                return CallError::odd(redact::unquoted(&problem));
            }
            CallError::unreadable(page)
        })?;
        if object.contains_key("error") {
            return Err(CallError::under_success(page, call));
        }
        let token = match object.shift_remove("nextPageToken") {
            Some(raw) => serde_json::from_str::<Option<String>>(raw.get()).map_err(broken)?,
            None => None,
        };
        if let Some(raw) = object.shift_remove(self.key) {
            self.named = true;
            self.add_items(&raw)?;
        }
        for field in MISSING {
            if let Some(raw) = object.shift_remove(field) {
                let places: Vec<String> = serde_json::from_str(raw.get()).map_err(broken)?;
                let all = self.missing.entry(field.to_owned()).or_default();
                for place in places {
                    if !all.contains(&place) {
                        all.push(place);
                    }
                }
            }
        }
        self.first.get_or_insert(object);
        Ok(token.filter(|token| !token.is_empty()))
    }

    fn add_items(&mut self, raw: &RawValue) -> Result<(), CallError> {
        let odd = |error| {
            let problem = format!("`{}` of the answer is not as the API has it: {error}", self.key);
            CallError::odd(redact::unquoted(&problem))
        };
        if !self.aggregated {
            let items: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).map_err(odd)?;
            self.count += items.len() as u64;
            self.items.extend(items);
            return Ok(());
        }
        let places: IndexMap<String, Object> = serde_json::from_str(raw.get()).map_err(odd)?;
        for (place, fields) in places {
            let kept = self.places.entry(place).or_default();
            for (field, value) in fields {
                let is_list = value.get().starts_with('[');
                if is_list {
                    let more: Vec<Box<RawValue>> = serde_json::from_str(value.get()).map_err(odd)?;
                    self.count += more.len() as u64;
                    match kept.get_mut(&field) {
                        None => drop(kept.insert(field, value)),
                        Some(list) => {
                            let mut all: Vec<Box<RawValue>> =
                                serde_json::from_str(list.get()).map_err(odd)?;
                            all.extend(more);
                            *list = serde_json::value::to_raw_value(&all).map_err(odd)?;
                        }
                    }
                } else {
                    kept.entry(field).or_insert(value);
                }
            }
        }
        Ok(())
    }

    /// Bytes of all pages.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Places that did not answer.
    pub fn unreachable(&self) -> Vec<String> {
        self.missing.values().flatten().cloned().collect()
    }

    /// The joined listing as JSON.
    pub fn finish(self) -> Result<Vec<u8>, CallError> {
        let odd = |error| CallError::plain(format!("cannot be written as JSON: {error}"));
        let mut object = self.first.unwrap_or_default();
        if self.named {
            let raw = if self.aggregated {
                let mut places = self.places;
                for fields in places.values_mut() {
                    let has_items = fields.values().any(|value| value.get().starts_with('['));
                    let idle = |raw: &RawValue| raw.get().contains("NO_RESULTS_ON_PAGE");
                    if has_items && fields.get("warning").is_some_and(|raw| idle(raw)) {
                        fields.shift_remove("warning");
                    }
                }
                serde_json::value::to_raw_value(&places)
            } else {
                serde_json::value::to_raw_value(&self.items)
            };
            object.insert(self.key.to_owned(), raw.map_err(odd)?);
        }
        for (field, places) in self.missing {
            object.insert(field, serde_json::value::to_raw_value(&places).map_err(odd)?);
        }
        serde_json::to_vec(&object).map_err(odd)
    }
}
