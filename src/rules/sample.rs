//! A subject that stands for any: each fact is its own name in capitals. With it a rule's texts read as documentation.
use crate::fix::Action;
use crate::mesh::facts::{FieldDoc, kinds};
use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Environment, context};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The texts of a kind's rules, filled with its names.
pub struct Sample<'e> {
    environment: &'e Environment<'static>,
    fields: Vec<FieldDoc>,
    /// With every yes-or-no true, and with every one false.
    subjects: [Value; 2],
}

impl<'e> Sample<'e> {
    pub fn new(environment: &'e Environment<'static>, kind: &str) -> Self {
        let known = kinds().into_iter().find(|(name, ..)| *name == kind);
        let fields = known.map(|(.., fields)| fields).unwrap_or_default();
        let subjects = [true, false].map(|yes| object(&fields, yes));
        Self {
            environment,
            fields,
            subjects,
        }
    }

    /// A text in the one of its forms that says most.
    pub fn prose(&self, text: &str) -> String {
        self.prose_of(text, None)
    }

    /// The same of a text about each item of a list, which an expression gives.
    pub fn prose_of(&self, text: &str, each: Option<&str>) -> String {
        let words = self.text(text, each);
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn text(&self, text: &str, each: Option<&str>) -> String {
        let forms = self.subjects.iter().map(|subject| {
            let item = each.map(|each| self.item(subject, each));
            let values = context! { subject => subject, item => item };
            self.environment.render_str(text, values).unwrap_or_default()
        });
        let most = forms.max_by_key(|form| form.trim().len());
        most.unwrap_or_default().trim().to_owned()
    }

    /// The first of the list of the subject that an expression begins with.
    fn item(&self, subject: &Value, each: &str) -> Option<Value> {
        let (_, rest) = each.split_once("subject.")?;
        let name = rest
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()?;
        subject.get_attr(name).ok()?.try_iter().ok()?.next()
    }

    /// An action with its texts filled in.
    pub fn action(&self, action: &Action) -> Action {
        let mut action = action.clone();
        for text in action.texts_mut() {
            *text = self.text(text, None);
        }
        action
    }

    /// The facts that stand in a page, by the name that they have there, and what each is.
    pub fn legend(&self, page: &str) -> Vec<(String, &'static str)> {
        let words: BTreeSet<&str> = page
            .split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_')
            .collect();
        let mut found: Vec<(String, &str)> = Vec::new();
        let mut open: VecDeque<&FieldDoc> = self.fields.iter().collect();
        while let Some(field) = open.pop_front() {
            open.extend(&field.fields);
            let kind = plain(&field.kind);
            let name = placeholder(field);
            let is_shown = kind != "bool" && !kind.ends_with("object") && !kind.starts_with("map");
            if is_shown && words.contains(name.as_str()) && !found.iter().any(|(own, _)| *own == name) {
                found.push((name, field.doc));
            }
        }
        found
    }
}

fn plain(kind: &str) -> &str {
    kind.split(',').next().unwrap_or_default()
}

/// One of a list is called by the list's name in the singular.
fn placeholder(field: &FieldDoc) -> String {
    let name = match plain(&field.kind).starts_with("list of") {
        true => match field.name.strip_suffix("ies") {
            Some(stem) => format!("{stem}y"),
            None => field.name.strip_suffix('s').unwrap_or(field.name).to_owned(),
        },
        false => field.name.to_owned(),
    };
    name.to_ascii_uppercase()
}

fn object(fields: &[FieldDoc], yes: bool) -> Value {
    let pairs = fields.iter().map(|field| (field.name, value(field, yes)));
    Value::from(pairs.collect::<BTreeMap<_, _>>())
}

fn value(field: &FieldDoc, yes: bool) -> Value {
    match plain(&field.kind) {
        "bool" => Value::from(yes),
        "object" => object(&field.fields, yes),
        "list of object" => Value::from(vec![object(&field.fields, yes)]),
        kind if kind.starts_with("list of") => Value::from(vec![placeholder(field)]),
        kind if kind.starts_with("map of") => Value::from_object(Names),
        _ => Value::from(placeholder(field)),
    }
}

/// A map that has every name.
#[derive(Debug)]
struct Names;

impl Object for Names {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        Some(Value::from(key.as_str()?.to_ascii_uppercase()))
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}
