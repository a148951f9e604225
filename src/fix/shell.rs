//! One shell command built word by word, quoted only where needed.
use std::borrow::Cow;

/// A command line for a POSIX shell (bash where a value holds control characters).
pub(super) struct Command {
    words: Vec<String>,
    refused: Option<String>,
}

impl Command {
    /// Starts with the program and its subcommands: plain words of ours.
    pub fn new(words: &[&str]) -> Self {
        Self {
            words: words.iter().map(|&word| word.to_owned()).collect(),
            refused: None,
        }
    }

    /// A positional argument. One that begins with a dash would be taken for a flag: no name of a
    /// resource does, so the command is refused as a whole.
    pub fn arg(mut self, value: &str) -> Self {
        if value.is_empty() || value.starts_with('-') {
            self.refused = Some(value.to_owned());
        }
        self.words.push(quote(value).into_owned());
        self
    }

    /// `--name=value`.
    pub fn flag(mut self, name: &str, value: &str) -> Self {
        self.words.push(format!("--{name}={}", quote(value)));
        self
    }

    /// `--name=value`, or nothing where the value is empty.
    pub fn optional(self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self
        } else {
            self.flag(name, value)
        }
    }

    /// `--name=a,b`, or nothing where the list is empty; gcloud's `^|^` form where an item holds a comma.
    pub fn list<T: AsRef<str>>(self, name: &str, items: &[T]) -> Self {
        let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
        self.optional(name, &joined(&items))
    }

    /// A word that needs no quotes: `-n`, `--overwrite`.
    pub fn word(mut self, word: &str) -> Self {
        self.words.push(word.to_owned());
        self
    }

    /// A word that is quoted where needed and may begin with anything: the value of a flag before it.
    pub fn value(mut self, value: &str) -> Self {
        self.words.push(quote(value).into_owned());
        self
    }

    pub fn finish(self) -> String {
        match self.refused {
            None => self.words.join(" "),
            Some(value) => format!(
                "# {}: no command, since {value:?} is no name",
                self.words.iter().take(2).cloned().collect::<Vec<_>>().join(" ")
            ),
        }
    }
}

/// A command with `NAME` for each flag that came out empty: `--project=` would be taken at its word.
pub(super) fn with_placeholders(command: &str) -> String {
    let filled = |word: &str| {
        let flag = word
            .strip_suffix("''")
            .or(word.strip_suffix("\"\""))
            .unwrap_or(word);
        match flag.strip_prefix("--").and_then(|flag| flag.strip_suffix('=')) {
            Some(name) => format!("{flag}{}", name.to_ascii_uppercase().replace('-', "_")),
            None => word.to_owned(),
        }
    };
    command.split(' ').map(filled).collect::<Vec<_>>().join(" ")
}

/// See `gcloud topic escaping`.
fn joined(items: &[&str]) -> String {
    let special = |item: &&str| item.contains(',') || item.starts_with('^');
    if !items.iter().any(special) {
        return items.join(",");
    }
    let delimiter = ['|', ';', '#', '~', '\u{1f}']
        .into_iter()
        .find(|&candidate| !items.iter().any(|item| item.contains(candidate)))
        .unwrap_or('|');
    format!("^{delimiter}^{}", items.join(&delimiter.to_string()))
}

/// Quotes a value for a shell, only where needed. Control characters other than a line end are written `$'\x1b'`, so that no
/// terminal acts on them.
pub fn quote(value: &str) -> Cow<'_, str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_@%+=:,./-".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return Cow::Borrowed(value);
    }
    if !value.chars().any(|c| c.is_control() && c != '\n') {
        return Cow::Owned(format!("'{}'", value.replace('\'', r"'\''")));
    }
    let mut quoted = String::from("$'");
    for c in value.chars() {
        match c {
            '\'' | '\\' => quoted.extend(['\\', c]),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('\'');
    Cow::Owned(quoted)
}
