//! `meshdoctor.toml`: the keys are the flags' names, and `[endpoint]` has the endpoints.
use super::form::{Form, Wrong};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use toml::{Spanned, Value};

/// What a configuration file says. What it does not say is empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The file, where there is one.
    pub origin: Option<PathBuf>,
    texts: BTreeMap<&'static str, String>,
    /// Where each key stands, 1-based.
    lines: BTreeMap<&'static str, usize>,
    lists: BTreeMap<&'static str, Vec<String>>,
    /// Name of the API to URL.
    pub endpoints: BTreeMap<String, String>,
}

/// What is wrong with a configuration file.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("{}: {source}\n  remedy: --config names a file that exists and is readable", path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("{}{}: {problem}\n  remedy: {remedy}", path.display(), line.map(|l| format!(":{l}")).unwrap_or_default())]
    Malformed {
        path: PathBuf,
        line: Option<usize>,
        problem: String,
        remedy: String,
    },
}

/// Keys with one value.
const TEXTS: &[(&str, Form)] = &[
    ("access-token", Form::Text),
    ("access-token-file", Form::Text),
    ("color", Form::Text),
    ("context", Form::Text),
    ("fail-on", Form::Text),
    ("impersonate-service-account", Form::Text),
    ("kubeconfig", Form::Text),
    ("location", Form::Text),
    ("max-log-entries", Form::Number),
    ("now", Form::Time),
    ("output", Form::Text),
    ("output-file", Form::Text),
    ("project", Form::Text),
    ("quota-project", Form::Text),
    ("since", Form::Span),
    ("timeout", Form::Span),
    ("url", Form::Text),
];

/// Keys with one value or a list.
const LISTS: &[&str] = &[
    "layer",
    "membership",
    "namespace",
    "region",
    "rule",
    "rules",
    "service",
    "service-project",
];

const ENDPOINT: &str = "endpoint";
/// A configuration file is small.
const LARGEST: u64 = 1 << 20;

impl Settings {
    /// The named file; else `meshdoctor.toml` of the working directory, else of the user's configuration folder, else nothing.
    pub fn load(named: Option<&Path>) -> Result<Self, ConfigError> {
        if let Some(path) = named {
            return Self::read(path);
        }
        for path in usual_places() {
            if path.is_file() {
                return Self::read(&path);
            }
        }
        Ok(Self::default())
    }

    fn read(path: &Path) -> Result<Self, ConfigError> {
        let io = |source| ConfigError::Io {
            path: path.to_owned(),
            source,
        };
        let size = fs::metadata(path).map_err(io)?.len();
        if size > LARGEST {
            return Err(malformed(
                path,
                "larger than 1 MiB: no configuration",
                "name the right file",
            ));
        }
        let text = fs::read_to_string(path).map_err(io)?;
        Self::parse(&text, path)
    }

    /// From the text of a file.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ConfigError> {
        let line_of = |at: usize| text.get(..at).map(|before| before.matches('\n').count() + 1);
        let parsed = toml::from_str::<BTreeMap<Spanned<String>, Spanned<Value>>>(text);
        let table = parsed.map_err(|error| {
            // The parser's own text would show the line, which may hold the token.
            ConfigError::Malformed {
                path: path.to_owned(),
                line: error.span().and_then(|span| line_of(span.start)),
                problem: error.message().to_owned(),
                remedy: "write TOML: key = \"value\", or key = [\"one\", \"two\"]".into(),
            }
        })?;
        let mut settings = Self {
            origin: Some(path.to_owned()),
            ..Self::default()
        };
        for (key, value) in &table {
            let line = line_of(key.span().start);
            let taken = settings.take(key.get_ref(), value.get_ref(), line.unwrap_or_default());
            taken.map_err(|wrong| ConfigError::Malformed {
                path: path.to_owned(),
                line,
                problem: wrong.problem,
                remedy: wrong.remedy,
            })?;
        }
        Ok(settings)
    }

    fn take(&mut self, key: &str, value: &Value, line: usize) -> Result<(), Wrong> {
        let name = key.replace('_', "-");
        let wrong = |expected: &str| {
            let problem = format!("{key}: expected {expected}, found {}", value.type_str());
            Wrong::new(problem, "quote the value")
        };
        if name == ENDPOINT || name == "endpoints" {
            let Value::Table(endpoints) = value else {
                return Err(wrong("a table"));
            };
            for (api, url) in endpoints {
                let url = url.as_str().ok_or_else(|| {
                    let problem = format!("{key}: expected a URL for {api}, found {}", url.type_str());
                    Wrong::new(problem, "quote the value")
                })?;
                self.endpoints.insert(api.clone(), url.to_owned());
            }
        } else if let Some((known, form)) = TEXTS.iter().find(|(known, _)| *known == name) {
            self.texts.insert(known, form.take(key, value)?);
            self.lines.insert(known, line);
        } else if let Some(known) = LISTS.iter().find(|known| **known == name) {
            let one = |value: &Value| value.as_str().map(str::to_owned);
            let list = match value {
                Value::Array(values) => values.iter().map(one).collect::<Option<Vec<String>>>(),
                single => one(single).map(|text| vec![text]),
            };
            self.lists
                .insert(known, list.ok_or_else(|| wrong("text, or a list of texts"))?);
        } else {
            let near = nearest(&name);
            return Err(Wrong::new(
                format!("unknown key {key:?}"),
                &format!("did you mean {near:?}?"),
            ));
        }
        Ok(())
    }

    /// A key with one value.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// `FILE:LINE` of a key with one value, where the file has it.
    pub fn place(&self, key: &str) -> Option<String> {
        let (file, line) = (self.origin.as_ref()?, self.lines.get(key)?);
        Some(format!("{}:{line}", file.display()))
    }

    /// A key with one value or a list; empty where it is not given.
    pub fn list(&self, key: &str) -> &[String] {
        self.lists.get(key).map_or(&[], Vec::as_slice)
    }

    /// A path, taken from the file's folder where it is relative.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let given = PathBuf::from(self.text(key)?);
        let folder = self.origin.as_ref().and_then(|origin| origin.parent());
        Some(folder.map_or(given.clone(), |folder| folder.join(given)))
    }
}

fn malformed(path: &Path, problem: &str, remedy: &str) -> ConfigError {
    ConfigError::Malformed {
        path: path.to_owned(),
        line: None,
        problem: problem.to_owned(),
        remedy: remedy.to_owned(),
    }
}

fn nearest(key: &str) -> &'static str {
    TEXTS
        .iter()
        .map(|(known, _)| known)
        .chain(LISTS)
        .chain([&ENDPOINT])
        .min_by_key(|known| strsim::damerau_levenshtein(key, known))
        .copied()
        .unwrap_or_default()
}

fn usual_places() -> Vec<PathBuf> {
    let name = "meshdoctor.toml";
    let mut places = vec![PathBuf::from(name)];
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".config")));
    places.extend(folder.map(|folder| folder.join("meshdoctor").join(name)));
    places
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parse(text: &str) -> Result<Settings, String> {
        Settings::parse(text, Path::new("/etc/m/meshdoctor.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_the_flags_names_with_either_dash() {
        let settings = parse(
            "project = \"p\"\nservice_project = \"web\"\nregion = [\"a\", \"b\"]\nkubeconfig = \"kube.yaml\"\n\
             max-log-entries = 7\n[endpoint]\nlogging = \"http://127.0.0.1:1\"\n",
        )
        .unwrap();
        assert_eq!(settings.text("project"), Some("p"));
        assert_eq!(settings.text("max-log-entries"), Some("7"));
        assert_eq!(settings.list("service-project"), ["web"]);
        assert_eq!(settings.list("region"), ["a", "b"]);
        assert_eq!(settings.path("kubeconfig"), Some("/etc/m/kube.yaml".into()));
        assert_eq!(settings.endpoints["logging"], "http://127.0.0.1:1");
    }

    #[test]
    fn an_unknown_key_is_told_with_the_nearest_one() {
        let error = parse("projetc = \"p\"").unwrap_err();
        assert!(
            error.contains("unknown key \"projetc\"") && error.contains("\"project\""),
            "{error}"
        );
    }

    #[test]
    fn a_broken_file_is_told_by_line_and_never_shows_its_token() {
        let error = parse("project = \"p\"\naccess_token = \"ya29.hush\" x\n").unwrap_err();
        assert!(
            error.contains("meshdoctor.toml:2:") && !error.contains("hush"),
            "{error}"
        );
        let error = parse("access_token = [\"ya29.hush\"]\n").unwrap_err();
        assert!(!error.contains("hush"), "{error}");
    }

    #[test]
    fn a_value_of_another_form_is_told_by_line() {
        for (text, says) in [
            ("project = 5", "project: expected text, found integer"),
            ("url = true", "url: expected text, found boolean"),
            ("since = 5", "since: expected a span of time, found integer"),
            ("since = \"5\"", "since: \"5\" has no unit"),
            ("timeout = \"abc\"", "timeout: \"abc\" is no span of time"),
            ("max-log-entries = \"many\"", "max-log-entries: expected a number"),
            ("max-log-entries = -1", "max-log-entries: expected a number"),
            ("now = \"noon\"", "now: expected a time"),
            ("region = [1]", "region: expected text, or a list of texts"),
            (
                "endpoint.run = 5",
                "endpoint: expected a URL for run, found integer",
            ),
        ] {
            let error = parse(&format!("# a comment\n\n{text}\n")).unwrap_err();
            assert!(
                error.starts_with("/etc/m/meshdoctor.toml:3: ") && error.contains(says),
                "{error}"
            );
            assert!(error.contains("\n  remedy: "), "{error}");
        }
        assert_eq!(
            parse("project = \"p\"\nfail-on = \"error\"")
                .unwrap()
                .place("fail-on"),
            Some("/etc/m/meshdoctor.toml:2".to_owned())
        );
    }
}
