//! Secrets told by their own form, wherever they stand in a text: tokens, keys, passwords, addresses of people, queries.
use super::marks::{self, Hit, Wanted};
use super::query;
use super::splice::replace;
use super::tokens::Tokens;
use regex::{Captures, Regex};
use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

/// One form of secret. What is replaced is the group `v` or `w`, or else all of the match.
struct Form {
    kind: &'static str,
    pattern: &'static str,
    /// The marks of which every text that has the form has one.
    marks: Wanted,
    /// What has the form and is no secret.
    spares: fn(&str) -> bool,
}

/// A blank, as it is or percent-encoded: servers encode the messages that Envoy logs.
static FORMS: [Form; 12] = [
    Form {
        kind: "private-key",
        pattern: r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)",
        marks: marks::PRIVATE_KEY,
        spares: never,
    },
    Form {
        // The same in base64; a certificate goes on with `RVJU`.
        kind: "private-key",
        pattern: r"LS0tLS1CRUdJTi(?:B[A-CE-Za-z0-9+/]|[AC-Za-z0-9+/])[A-Za-z0-9+/=\s]+",
        marks: marks::PACKED_KEY,
        spares: never,
    },
    Form {
        kind: "jwt",
        pattern: r"\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)*",
        marks: marks::JWT,
        spares: never,
    },
    Form {
        kind: "token",
        pattern: r"\bya29\.[A-Za-z0-9._~+/-]+|\b1//0[A-Za-z0-9_-]{16,}|\bGOCSPX-[A-Za-z0-9_-]{16,}",
        marks: marks::TOKEN,
        spares: never,
    },
    Form {
        kind: "api-key",
        pattern: r"AIza[0-9A-Za-z_-]{20,}|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}|\b[rs]k_(?:live|test)_\w{8,}|\bSG\.[\w-]{16,}\.[\w-]{16,}",
        marks: marks::API_KEY,
        spares: never,
    },
    Form {
        kind: "url-password",
        // A web address ends its first part at `/`, `?` or `#`; in others a password may hold them.
        pattern: r#"(?:(?i:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|rediss?|amqps?|s?ftp|ldaps?|smtps?|nats|kafka)://(?P<w>[^\s"'<>]+)@|(?:://|%3A%2F%2F)(?P<v>[^/\s"'<>?#]+)(?:@|%40))"#,
        marks: marks::URL_PASSWORD,
        spares: never,
    },
    Form {
        kind: "authorization",
        pattern: r#"(?i)authorization["']*\s*(?::|=>|=|%3A|%3D)[\s"'\[]*(?P<v>digest[^\r\n]*|(?:[a-z][a-z0-9-]*(?:\s|%20|\+)+)?[^\s"',;\]}]+)"#,
        marks: marks::AUTHORIZATION,
        spares: never,
    },
    Form {
        kind: "authorization",
        pattern: r#"(?i)\b(?:bearer|basic)(?:\s|%20|\+|:)+["']?(?P<v>[a-z0-9._~+/=-]{6,})"#,
        marks: marks::SCHEME,
        spares: is_prose,
    },
    Form {
        kind: "cookie",
        pattern: r#"(?i)\bcookie2?["']*\s*(?::|=>|=|%3A|%3D)[\s"'\[]*(?P<v>[^\r\n"'\]}]+)"#,
        marks: marks::COOKIE,
        spares: never,
    },
    Form {
        kind: "secret",
        pattern: r#"(?i)(?:pass(?:wd|word|phrase|code)?|pwd|secret|token|credentials?|(?:api|access|private|client|secret|account|signing|encryption|shared|master)[_.-]?key|sess(?:ion)?[_-]?id|session)\\*["']*\s*(?::|=>|=|%3A|%3D)\s*(?P<v>\\?"(?:[^"\\]|\\[^"])*\\?"|'[^']*'|[^\s"'&,;<>\]})]+)"#,
        marks: marks::SECRET,
        spares: is_empty_value,
    },
    Form {
        kind: PEOPLE,
        pattern: r"[\p{L}\p{N}._%+'-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}",
        marks: marks::PERSON,
        spares: is_service_account,
    },
    Form {
        kind: QUERIES,
        // What was replaced before it, such as a password, is part of the address.
        pattern: r#"(?:[A-Za-z][A-Za-z0-9+.-]*://(?:[^\s"'<>?#]|<redacted:[^>]*>)*|(?:^|[\s"'`=(,:|\[])/(?:[^\s"'<>?]|<redacted:[^>]*>)*?)(?:\?|%3[Ff])(?P<v>[^\s"'<>#)`]+)"#,
        marks: marks::QUERY,
        spares: never,
    },
];

/// The form of queries: it is left out where a `?` is part of a pattern.
pub const QUERIES: &str = "query";
/// The form of people's addresses: it is left out where people are what a text is about.
pub const PEOPLE: &str = "email";

fn never(_: &str) -> bool {
    false
}

/// `Bearer authentication`, `basic information`: words, not values.
fn is_prose(value: &str) -> bool {
    let word = value.trim_end_matches('.');
    word.len() < 16 && (word.bytes().all(|b| b.is_ascii_lowercase()) || word == "realm=")
}

fn is_empty_value(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'', '\\']);
    matches!(
        value,
        "" | "null" | "true" | "false" | "none" | "-" | "{" | "[" | "|"
    )
}

/// Google's own accounts are no people.
fn is_service_account(address: &str) -> bool {
    address.to_ascii_lowercase().ends_with(".gserviceaccount.com")
        || address.to_ascii_lowercase().ends_with("@gserviceaccount.com")
}

/// All forms, ready to search. A clone searches without waiting for another.
#[derive(Clone)]
pub struct Forms {
    /// Each is built when a text first has its mark: most runs see few of them, and building takes longer than searching.
    built: Arc<[OnceLock<Option<Regex>>; FORMS.len()]>,
    /// This one's own: clones of a pattern do not share the room that they search in.
    forms: [(&'static Form, OnceLock<Option<Regex>>); FORMS.len()],
    /// The user's own.
    own: Vec<Regex>,
    /// Names and values that are known to be no secrets.
    spared: Arc<[(String, String)]>,
}

impl Forms {
    pub fn new(own: Vec<Regex>) -> Self {
        Self {
            built: Arc::default(),
            forms: FORMS.each_ref().map(|form| (form, OnceLock::new())),
            own,
            spared: Arc::default(),
        }
    }

    /// The same, but that these names have these values wherever they stand: a label may be called `token`.
    pub fn sparing(&self, pairs: Vec<(String, String)>) -> Self {
        Self {
            spared: pairs.into(),
            ..self.clone()
        }
    }

    /// Whether what stands before a value is the name that is known to have it.
    fn is_spared(&self, before: &str, value: &str) -> bool {
        const BETWEEN: [char; 7] = ['"', '\'', '\\', '=', ':', ' ', '\t'];
        let value = value.trim_matches(['"', '\'', '\\']);
        self.spared.iter().any(|(name, own)| {
            let rest = before.trim_end_matches(BETWEEN).strip_suffix(name.as_str());
            // A name of which this one is but the end is another.
            own == value
                && rest
                    .is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || "._/-".contains(c)))
        })
    }

    pub fn has_own(&self) -> bool {
        !self.own.is_empty()
    }

    /// The text without what the user's own patterns match.
    pub fn own(&self, text: &str, tokens: &mut Tokens) -> Option<String> {
        let mut new = None;
        for pattern in &self.own {
            let text = new.as_deref().unwrap_or(text);
            new = replace(found(pattern, text), "pattern", |_, _| false, text, tokens).or(new);
        }
        new
    }

    /// Whether a line may hold a secret at all.
    pub fn may_matter(&self, line: &[u8]) -> bool {
        self.has_own() || !hits_of(line).is_empty()
    }

    /// The text without its secrets but those of the kinds to leave; `None` where there are none.
    pub fn redact(&self, text: &str, leave: &[&str], tokens: &mut Tokens) -> Option<String> {
        let wanted = hits_of(text.as_bytes())
            .iter()
            .fold(0, |all, hit| all | hit.wanted);
        self.redact_wanted(text, leave, wanted, tokens)
    }

    /// The same of a text whose marks are known.
    pub fn redact_wanted(
        &self,
        text: &str,
        leave: &[&str],
        wanted: Wanted,
        tokens: &mut Tokens,
    ) -> Option<String> {
        let own = self.own(text, tokens);
        let mut new = own.map_or(Cow::Borrowed(text), Cow::Owned);
        for ((form, pattern), built) in self.forms.iter().zip(self.built.iter()) {
            if wanted & form.marks == 0 || leave.contains(&form.kind) {
                continue;
            }
            let spares = |before: &str, value: &str| (form.spares)(value) || self.is_spared(before, value);
            if form.kind == QUERIES && query::is_plain(&new) {
                if let Some(changed) = replace(query::values(&new), QUERIES, spares, &new, tokens) {
                    new = Cow::Owned(changed);
                }
                continue;
            }
            let pattern = pattern.get_or_init(|| {
                let built = built.get_or_init(|| Regex::new(form.pattern).ok());
                built.clone()
            });
            let Some(pattern) = pattern else {
                // Better nothing to read than a secret.
                new = Cow::Owned(tokens.replace(form.kind, &new));
                continue;
            };
            if let Some(changed) = replace(found(pattern, &new), form.kind, spares, &new, tokens) {
                new = Cow::Owned(changed);
            }
        }
        match new {
            Cow::Owned(new) if new != text => Some(new),
            _ => None,
        }
    }
}

fn hits_of(text: &[u8]) -> Vec<Hit> {
    let (mut lower, mut hits) = (Vec::new(), Vec::new());
    marks::find(text, &mut lower, &mut hits);
    hits
}

/// Where the values are that a pattern finds.
fn found(pattern: &Regex, text: &str) -> impl Iterator<Item = Range<usize>> {
    let all = pattern.captures_iter(text);
    all.filter_map(|found| Some(value_of(&found)?.range()))
}

fn value_of<'t>(found: &Captures<'t>) -> Option<regex::Match<'t>> {
    let named = found.name("v").or_else(|| found.name("w"));
    named.or_else(|| found.get(0))
}

/// What `query` finds the same as.
#[cfg(test)]
pub fn pattern_of_queries() -> &'static str {
    let queries = FORMS.iter().find(|form| form.kind == QUERIES);
    queries.map_or("", |form| form.pattern)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::tokens::Key;
    use super::*;

    fn redacted(text: &str) -> String {
        let forms = Forms::new(Vec::new());
        let mut tokens = Tokens::new(Key::from_text("test"));
        let new = forms.redact(text, &[], &mut tokens);
        assert!(new.is_none() || forms.may_matter(text.as_bytes()), "{text}");
        new.unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn every_form_is_a_regular_expression() {
        for form in &FORMS {
            assert!(Regex::new(form.pattern).is_ok(), "{}", form.kind);
        }
    }

    #[test]
    fn secrets_of_every_form_are_found_in_running_text() {
        let texts = [
            "-----BEGIN RSA PRIVATE KEY-----\nS3CR3T\nS3CR3T\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\\nS3CR3T cut off",
            "key: LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tS3CR3T=",
            "got eyJhbGciOiJI.eyJzdWIS3CR3T.S3CR3T here",
            "ya29.a0S3CR3T-x",
            "AIzaSyS3CR3T000000000000000000000000000",
            "postgres://admin:S3CR3T@10.0.0.5:5432/db",
            "https://S3CR3T@github.com/x",
            "postgres://app:p/S3CR3T?#x@db/app",
            "/cart%3Fq=S3CR3T",
            "redis://:p@S3CR3T@cache",
            "Authorization: Bearer S3CR3T",
            "authorization=Basic%20S3CR3T",
            "{\"Authorization\":\"Token S3CR3T\"}",
            "Authorization: Digest username=\"x\", response=\"S3CR3T\"",
            "sent bearer S3CR3T0",
            "Cookie: a=b; sid=S3CR3T",
            "set-cookie: SID=S3CR3T; Path=/",
            "password=S3CR3T&x=1",
            "{\"password\": \"S3CR3T with blanks\"}",
            "{\\\"db_password\\\":\\\"S3CR3T\\\"}",
            "DB_PASSWORD='S3CR3T S3CR3T'",
            "--api-key=S3CR3T",
            "token: S3CR3T",
            "Cookie: a=eyJhbGciOiJI.eyJzdWIS3CR3T.x; b=S3CR3T",
            "X-Api-Key: S3CR3T",
            "login of S3CR3T.person@example.com failed",
            "S3CR3T%40example.com",
            "\"GET /slots?user=S3CR3T HTTP/1.1\" 200",
            "calling https://a.example/b?S3CR3T now",
            "/cart?session=S3CR3T",
            "https://ada:S3CR3T@api.example.com/b?S3CR3T",
            "/users/ada@example.com/S3CR3T@example.com?S3CR3T",
        ];
        for text in texts {
            let new = redacted(text);
            assert!(
                !new.contains("S3CR3T") && new.contains("<redacted:"),
                "{text}\n{new}"
            );
            assert_eq!(redacted(&new), new, "twice is once");
        }
    }

    #[test]
    fn what_a_diagnosis_reads_stays() {
        let texts = [
            "gRPC config stream closed: 16, Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
            "Permission 'trafficdirector.networks.getConfigs' denied on resource '//trafficdirector.googleapis.com/projects/5/networks/mesh:m/nodes/a'",
            "serviceAccount:run@mesh-prod.iam.gserviceaccount.com",
            "5-compute@developer.gserviceaccount.com",
            "Bearer authentication is required",
            "gcr.io/p/app@sha256:0123456789abcdef",
            "lookup ads.mesh.private on 169.254.169.254:53: no such host",
            "upstream connect error or disconnect/reset before headers. reset reason: connection failure",
            "deleted:serviceAccount:x@p.iam.gserviceaccount.com?uid=1",
            "type.googleapis.com/envoy.config.listener.v3.Listener",
            "http://ads.mesh.private:8080/fortio/",
        ];
        for text in texts {
            assert_eq!(redacted(text), text);
        }
        assert!(
            redacted("http://ads.mesh.private/x?a=b")
                .starts_with("http://ads.mesh.private/x?<redacted:query:")
        );
    }

    #[test]
    fn a_line_full_of_secrets_takes_no_longer_than_as_many_lines() {
        // Were each looked back from to the beginning, this would take minutes.
        let text = "token=x a@b.cc ".repeat(200_000);
        let new = redacted(&text);
        assert!(!new.contains("=x") && !new.contains("a@b.cc"));
    }

    #[test]
    fn a_certificate_in_base64_is_no_key() {
        let text = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUVMRENDQXBTZ0F3SUJBZ0lR";
        assert_eq!(redacted(text), text);
    }
}
