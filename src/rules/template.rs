//! Texts in rules: minijinja templates over `subject`, strict about what is undefined.
use super::RuleError;
use super::expression::nearest;
use super::rule::Text;
use crate::mesh::facts::FieldDoc;
use minijinja::{Environment, UndefinedBehavior, Value, context};

/// The environment that all texts are rendered in.
pub fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

/// Renders a text; a failure is a defect of the rule and is said in place of the text, so that the finding is not lost.
pub fn render(environment: &Environment, text: &str, subject: &Value, item: Option<&Value>) -> String {
    let values = match item {
        Some(item) => context! { subject => subject, item => item },
        None => context! { subject => subject },
    };
    match environment.render_str(text, values) {
        Ok(rendered) => rendered.trim().to_owned(),
        Err(error) => format!("(this text could not be made: {error:#})"),
    }
}

/// Checks one text: its syntax, and that it names only declared fields.
pub fn check(
    environment: &Environment,
    file: &str,
    text: &str,
    at: (u64, u64),
    kind: &str,
    fields: &[FieldDoc],
    with_item: bool,
) -> Vec<RuleError> {
    let template = match environment.template_from_str(text) {
        Ok(template) => template,
        Err(error) => {
            return vec![RuleError::new(
                file,
                at,
                format!("not a template: {error}"),
                "texts are minijinja templates: {{ subject.field }}",
            )];
        }
    };
    let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
    names.sort();
    names
        .iter()
        .filter_map(|name| {
            let mut parts = name.split('.');
            match parts.next() {
                Some("subject") => wrong_field(parts, fields).map(|(field, near)| {
                    let remedy = near.map_or_else(String::new, |near| format!("did you mean `{near}`? "));
                    RuleError::new(
                        file,
                        at,
                        format!("unknown field `{field}` of `subject`"),
                        format!("{remedy}`meshdoctor rules show --facts {kind}` prints the fields"),
                    )
                }),
                Some("item") if with_item => None,
                _ => Some(RuleError::new(
                    file,
                    at,
                    format!("unknown variable `{name}`"),
                    "texts see `subject`, and `item` where the evidence has `each`",
                )),
            }
        })
        .collect()
}

/// The facts that a text names; the whole subject stands as an empty name.
pub fn facts(environment: &Environment, text: &str) -> Vec<String> {
    let Ok(template) = environment.template_from_str(text) else {
        return Vec::new();
    };
    let names = template.undeclared_variables(true).into_iter();
    let of_subject = |name: String| match name.split_once('.') {
        Some(("subject", rest)) => Some(rest.split('.').next().unwrap_or_default().to_owned()),
        None if name == "subject" => Some(String::new()),
        _ => None,
    };
    names.filter_map(of_subject).collect()
}

/// The first part of a path that is no declared field, with the nearest that is.
fn wrong_field<'a>(
    parts: impl Iterator<Item = &'a str>,
    fields: &[FieldDoc],
) -> Option<(String, Option<String>)> {
    let mut fields = fields;
    for part in parts {
        match fields.iter().find(|f| f.name == part) {
            Some(field) if field.fields.is_empty() => return None,
            Some(field) => fields = &field.fields,
            None => return Some((part.to_owned(), nearest(part, fields.iter().map(|f| f.name)))),
        }
    }
    None
}

/// A text's place.
pub fn place(text: &Text) -> (u64, u64) {
    (text.referenced.line(), text.referenced.column())
}
