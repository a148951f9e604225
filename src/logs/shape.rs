//! What an entry looks like when the numbers in it that tell nothing are left open: terms that hold for all that say the same.
use super::Signature;
use super::confirm::Confirm;
use super::entry::{self, Record};
use super::signature::{Matcher, Telling};
use regex::Regex;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// Longer texts make filters too long.
const LONGEST: usize = 800;
/// A text of more numbers is tried no further.
const MOST_RUNS: usize = 60;
/// Numbers that are tried in place of others, beside those that patterns name.
const NUMBERS: [&str; 3] = ["0", "7", "90817263"];
/// The same for words of hexadecimal digits.
const HEX: &str = "0a1b2c3d4e5f";
/// The labels of a log entry that in-cluster access logs have, which are read in place of a text.
const ACCESS_LABELS: [&str; 4] = [
    "response_details",
    "response_flag",
    "upstream_transport_failure_reason",
    "destination_service_host",
];
/// Fields whose presence decides how an object is read.
const TELLING_FIELDS: [&str; 5] = [
    "message",
    "msg",
    "response_code",
    "response_flags",
    "response_code_details",
];

/// One condition on a field of an entry, by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub field: String,
    pub is: Is,
}

/// What the field must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Is {
    /// This value.
    Equal(String),
    /// A text that this regex matches.
    Like(String),
    /// Null, where null is a value.
    Null,
    /// Not there.
    Absent,
}

impl Term {
    fn new(field: impl Into<String>, is: Is) -> Self {
        let field = field.into();
        Self { field, is }
    }
}

/// What an entry tells: rules, each with the key by which hits are grouped.
pub type Told = Vec<(String, BTreeMap<String, String>)>;

/// What the signatures make of a record.
pub fn told(confirm: &Confirm, record: &Record) -> Told {
    let hits = confirm.hits(record).into_iter();
    hits.map(|hit| (hit.code.to_owned(), hit.key)).collect()
}

/// Makes shapes.
pub struct Shaper {
    numbers: Vec<String>,
    /// Whether a word of hexadecimal digits tells nothing to any signature.
    hex: bool,
}

/// A run of digits that may be left open.
struct Run {
    at: Range<usize>,
    is_hex: bool,
}

impl Shaper {
    pub fn new(signatures: &[Signature]) -> Self {
        let mut numbers: BTreeSet<String> = NUMBERS.map(str::to_owned).into();
        let mut hex = true;
        for signature in signatures {
            let patterns: Vec<&Regex> = match &signature.matcher {
                Matcher::Message { pattern, .. } => vec![pattern],
                Matcher::Access(access) => {
                    numbers.extend(access.status.iter().map(ToString::to_string));
                    access.details.iter().chain(&access.failure).collect()
                }
            };
            for pattern in patterns {
                let runs = pattern.as_str().split(|c: char| !c.is_ascii_digit());
                numbers.extend(runs.filter(|run| !run.is_empty()).map(str::to_owned));
            }
            for telling in signature.telling().into_iter().flatten() {
                hex &= !matches!(&telling, Telling::Text(text) if text.bytes().all(is_hex));
            }
        }
        Self {
            numbers: numbers.into_iter().collect(),
            hex,
        }
    }

    /// Terms that hold for this entry, and for no other that tells anything else; `None` where there are no such terms.
    pub fn shape(&self, entry: &str, confirm: &Confirm) -> Option<Vec<Term>> {
        let entry: Value = serde_json::from_str(entry).ok()?;
        let told = tell(confirm, &entry)?;
        let trial = Trial {
            entry: &entry,
            confirm,
            told,
        };
        let mut terms = frame(&entry)?;
        for (path, value) in leaves(&entry)? {
            let is = match value {
                None => Some(Is::Absent),
                Some(value) => self.condition(&path, value, &trial)?,
            };
            terms.extend(is.map(|is| Term::new(path.join("."), is)));
        }
        Some(terms)
    }

    /// What a field must be, where that matters; `None` where it cannot be said.
    fn condition(&self, path: &[&str], value: &Value, trial: &Trial) -> Option<Option<Is>> {
        Some(Some(match value {
            Value::String(text) => Is::Like(self.pattern(path, text, trial)?),
            Value::Number(number) => {
                let mut others = self.numbers.iter().filter_map(|n| n.parse::<i64>().ok());
                if others.all(|other| trial.is_the_same(path, other.into())) {
                    return Some(None);
                }
                Is::Equal(number.to_string())
            }
            Value::Bool(yes) => Is::Equal(yes.to_string()),
            Value::Null => Is::Null,
            Value::Array(_) | Value::Object(_) => return None,
        }))
    }

    /// A regex for the whole text: what may be any number is open, all else as it stands.
    fn pattern(&self, path: &[&str], text: &str, trial: &Trial) -> Option<String> {
        if text.len() > LONGEST || text.chars().any(char::is_control) {
            return None;
        }
        let runs = self.runs(text);
        if runs.len() > MOST_RUNS {
            return None;
        }
        let free = |run: &Run| self.is_free(path, text, std::slice::from_ref(run), trial);
        let open: Vec<Run> = runs
            .into_iter()
            .filter_map(|mut run| {
                // What must be decimal is no hexadecimal word, however it looks.
                if run.is_hex && !free(&run) {
                    run.is_hex = false;
                }
                let digits = text.get(run.at.clone())?.bytes().all(|b| b.is_ascii_digit());
                ((run.is_hex || digits) && free(&run)).then_some(run)
            })
            .collect();
        // Each alone tells nothing; all together must not either.
        if !self.is_free(path, text, &open, trial) {
            return None;
        }
        let pattern = rewritten(text, &open, regex::escape, |run| {
            if run.is_hex { "[0-9a-f]+" } else { "[0-9]+" }
        });
        Some(format!("^{pattern}$"))
    }

    /// Whether whatever stands in these places, the entry tells the same.
    fn is_free(&self, path: &[&str], text: &str, runs: &[Run], trial: &Trial) -> bool {
        let same = |decimal: &str, hex: &str| {
            let changed = rewritten(
                text,
                runs,
                str::to_owned,
                |run| {
                    if run.is_hex { hex } else { decimal }
                },
            );
            trial.is_the_same(path, changed.into())
        };
        self.numbers.iter().all(|number| same(number, number)) && same(NUMBERS[0], HEX)
    }

    fn runs(&self, text: &str) -> Vec<Run> {
        let bytes = text.as_bytes();
        let (mut runs, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let rest = bytes.get(at..).unwrap_or_default();
            let word = hex_word(bytes, at).filter(|_| self.hex);
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
            let length = word.unwrap_or(digits);
            if length > 0 {
                runs.push(Run {
                    at: at..at + length,
                    is_hex: word.is_some(),
                });
            }
            at += length.max(1);
        }
        runs
    }
}

/// A text with its runs replaced, and what lies between them as `keep` makes it.
fn rewritten<'t>(
    text: &str,
    runs: &[Run],
    keep: impl Fn(&str) -> String,
    run: impl Fn(&Run) -> &'t str,
) -> String {
    let (mut new, mut at) = (String::new(), 0);
    for open in runs {
        new.push_str(&keep(text.get(at..open.at.start).unwrap_or_default()));
        new.push_str(run(open));
        at = open.at.end;
    }
    new.push_str(&keep(text.get(at..).unwrap_or_default()));
    new
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

/// The length of a word of nothing but hexadecimal digits, with a decimal one among them, that begins here. A shorter one may be
/// a word of a language.
fn hex_word(bytes: &[u8], at: usize) -> Option<usize> {
    const LEAST: usize = 4;
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    if before.is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let rest = bytes.get(at..)?;
    let length = rest.iter().take_while(|byte| is_hex(**byte)).count();
    let word = rest.get(..length)?;
    let ends = !rest.get(length).is_some_and(u8::is_ascii_alphanumeric);
    (ends && length >= LEAST && word.iter().any(u8::is_ascii_digit)).then_some(length)
}

/// A text with every number taken out: the same for entries that differ in numbers alone.
pub fn coarse(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut coarse, mut skip) = (String::with_capacity(text.len()), 0);
    for (at, letter) in text.char_indices() {
        if at < skip {
            continue;
        }
        if let Some(length) = hex_word(bytes, at) {
            skip = at + length;
        }
        if skip > at || letter.is_ascii_digit() {
            if !coarse.ends_with('#') {
                coarse.push('#');
            }
        } else {
            coarse.push(letter);
        }
    }
    coarse
}

fn tell(confirm: &Confirm, entry: &Value) -> Option<Told> {
    let record = entry::from_json(&entry.to_string()).ok()?;
    Some(told(confirm, &record))
}

/// An entry, what it tells, and what it would tell if a field were another.
struct Trial<'t, 's> {
    entry: &'t Value,
    confirm: &'t Confirm<'s>,
    told: Told,
}

impl Trial<'_, '_> {
    fn is_the_same(&self, path: &[&str], value: Value) -> bool {
        let mut entry = self.entry.clone();
        let mut at = Some(&mut entry);
        for part in path {
            at = at.and_then(|at| at.get_mut(part));
        }
        let Some(at) = at else { return false };
        *at = value;
        tell(self.confirm, &entry).as_ref() == Some(&self.told)
    }
}

/// Where it was logged, and by whom.
fn frame(entry: &Value) -> Option<Vec<Term>> {
    let text = |path: &str| entry.pointer(path).and_then(Value::as_str);
    let mut terms = vec![
        Term::new("resource.type", Is::Equal(text("/resource/type")?.to_owned())),
        Term::new("logName", Is::Equal(text("/logName")?.to_owned())),
    ];
    for label in ["project_id", "location", "service_name"] {
        let is = match text(&format!("/resource/labels/{label}")) {
            Some(value) => Is::Equal(value.to_owned()),
            None => Is::Absent,
        };
        terms.push(Term::new(format!("resource.labels.{label}"), is));
    }
    Some(terms)
}

/// A field's path, and its value where it is there.
type Leaf<'e> = (Vec<&'e str>, Option<&'e Value>);

/// The fields that decide what an entry tells.
fn leaves(entry: &Value) -> Option<Vec<Leaf<'_>>> {
    if let Some(text) = entry.get("textPayload") {
        return Some(vec![(vec!["textPayload"], Some(text))]);
    }
    if let Some(payload) = entry.get("jsonPayload") {
        let payload = payload.as_object()?;
        let mut found = Vec::new();
        for (name, value) in payload {
            found.push((is_plain(name).then(|| vec!["jsonPayload", name])?, Some(value)));
        }
        let missing = TELLING_FIELDS.iter().filter(|name| !payload.contains_key(**name));
        found.extend(missing.map(|name| (vec!["jsonPayload", *name], None)));
        return Some(found);
    }
    let request = entry.get("httpRequest")?;
    let request_fields =
        ["requestMethod", "requestUrl", "status"].map(|name| (vec!["httpRequest", name], request.get(name)));
    let labels = ACCESS_LABELS.map(|label| {
        let value = entry.get("labels").and_then(|labels| labels.get(label));
        (vec!["labels", label], value)
    });
    Some(request_fields.into_iter().chain(labels).collect())
}

/// Whether a filter can name the field as it is.
fn is_plain(name: &str) -> bool {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    begins && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
