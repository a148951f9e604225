//! What people see at once, in a report or an error: without secrets, and without a key to compare them by.
use super::text::{PEOPLE, QUERIES};
use super::{Fields, Forms, Place, Replace, Tokens, walk};
use regex::Regex;
use std::borrow::Cow;
use std::sync::LazyLock;

static FORMS: LazyLock<Forms> = LazyLock::new(|| Forms::new(Vec::new()));

/// A value in the words of a deserializer: `invalid type: string "hunter2", expected a map`.
static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kinds = "string|character|integer|floating point|boolean";
    Regex::new(&format!(
        r#"(invalid (?:type|value): (?:{kinds})) (?:"(?:[^"\\]|\\.)*"|`[^`]*`)"#
    ))
    .ok()
});

/// A log record: written by anybody's program, so addresses of people and queries go too.
pub fn in_log(text: &str) -> Cow<'_, str> {
    let forms = &*FORMS;
    if !forms.may_matter(text.as_bytes()) {
        return Cow::Borrowed(text);
    }
    let mut shown = Shown {
        forms,
        tokens: Tokens::unkeyed(),
    };
    if text.trim_start().starts_with('{') {
        let mut fields = Fields::new(&mut shown, Place::Log);
        // What is cut off or no JSON at all is a text like any other.
        if let Ok(new) = walk::rewrite(text, &mut fields) {
            return new;
        }
    }
    owned(forms.redact(text, &[], &mut shown.tokens), text)
}

/// Words of an API or a configuration: its people are whom they are about; a query is one only in a URL.
pub fn told(text: &str) -> Cow<'_, str> {
    told_by(&FORMS, text)
}

/// The same of texts in which some names have values that are no secrets, though the names are telling.
pub struct Teller(Forms);

impl Teller {
    pub fn sparing(pairs: Vec<(String, String)>) -> Self {
        Self(FORMS.sparing(pairs))
    }

    pub fn told<'t>(&self, text: &'t str) -> Cow<'t, str> {
        told_by(&self.0, text)
    }
}

/// Whether what stands behind a name is taken for a secret for its sake.
pub fn is_telling(name: &str) -> bool {
    // No telling name ends otherwise: most names need no second look.
    name.ends_with(|c: char| "destnly2".contains(c.to_ascii_lowercase()))
        && matches!(told(&format!("{name}=anything")), Cow::Owned(_))
}

fn told_by<'t>(forms: &Forms, text: &'t str) -> Cow<'t, str> {
    let leave: &[&str] = if text.contains("://") {
        &[PEOPLE]
    } else {
        &[PEOPLE, QUERIES]
    };
    owned(forms.redact(text, leave, &mut Tokens::unkeyed()), text)
}

/// What a deserializer says of a value that has the wrong type, without the value: its place is told beside it.
pub fn unquoted(problem: &str) -> Cow<'_, str> {
    match QUOTED.as_ref() {
        Some(quoted) => quoted.replace_all(problem, "$1"),
        None => unreadable(),
    }
}

fn owned(new: Option<String>, text: &str) -> Cow<'_, str> {
    new.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Without the forms nobody can tell what is secret. A test knows that they are there.
fn unreadable() -> Cow<'static, str> {
    Cow::Borrowed("<redacted:all>")
}

struct Shown<'f> {
    forms: &'f Forms,
    tokens: Tokens,
}

impl Replace for Shown<'_> {
    fn is_on(&self) -> bool {
        true
    }

    fn own(&mut self, _: &str) -> Option<String> {
        None
    }

    fn text(&mut self, text: &str, with_query: bool) -> Option<String> {
        let leave: &[&str] = if with_query { &[] } else { &[QUERIES] };
        self.forms.redact(text, leave, &mut self.tokens)
    }

    fn whole(&mut self, kind: &str, text: &str) -> String {
        self.tokens.replace(kind, text)
    }

    fn env(&mut self, text: &str) -> String {
        self.whole("env", text)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_log_record_loses_secrets_people_and_queries_and_nothing_else() {
        let cases = [
            (
                "GET /a?b=S3CR3T sent authorization: Bearer S3CR3T for S3CR3T@example.com",
                "GET /a?<redacted:query> sent authorization: <redacted:authorization> for <redacted:email>",
            ),
            (
                r#"{"authority": "ads.mesh.private", "session_id": 12345, "headers": {"Cookie": {"a": "S3CR3T"}}}"#,
                r#"{"authority": "ads.mesh.private", "session_id": "<redacted:secret>", "headers": {"Cookie": {"a": "<redacted:secret>"}}}"#,
            ),
            (
                "run@p.iam.gserviceaccount.com calls http://ads.mesh.private:8080/slots",
                "run@p.iam.gserviceaccount.com calls http://ads.mesh.private:8080/slots",
            ),
        ];
        for (text, shown) in cases {
            assert_eq!(in_log(text), shown);
            assert_eq!(in_log(shown), shown, "twice is once");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_not_quoted() {
        #[derive(serde::Deserialize, Debug)]
        struct Env {
            #[allow(dead_code)]
            env: Vec<u8>,
        }
        for text in [
            r#"{"env": "S3\"CR3T"}"#,
            r#"{"env": [-12345]}"#,
            r#"{"env": 'x'}"#,
        ] {
            let problem = serde_json::from_str::<Env>(text).unwrap_err().to_string();
            let shown = unquoted(&problem);
            assert!(!shown.contains("CR3T") && !shown.contains("12345"), "{shown}");
            assert!(shown.contains("at line 1"), "{shown}");
        }
    }

    #[test]
    fn what_is_told_keeps_people_and_patterns() {
        let kept = [
            "pods is forbidden: User \"ada@example.com\" cannot list resource \"pods\"",
            "group:mesh@example.com holds the role",
            "uri: {regex: /a/?b}",
        ];
        for text in kept {
            assert_eq!(told(text), text);
        }
        assert_eq!(
            told("http://u:S3CR3T@ads.mesh.private/x?y=S3CR3T is refused"),
            "http://<redacted:url-password>@ads.mesh.private/x?<redacted:query> is refused"
        );
    }
}
