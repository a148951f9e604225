//! What text a raw line must contain before a regex can match its decoded message.
//!
//! The text must look the same in the raw line as in the decoded message, whoever wrote it: see [`is_safe`].
use regex_syntax::hir::{Hir, HirKind};

/// The shortest text worth a search of its own.
pub const MIN_PIECE: usize = 4;
/// The shortest text worth a second look.
const MIN_TEXT: usize = 3;
/// Alternatives beyond this say too little.
const MAX_ALTERNATIVES: usize = 24;

/// Texts of which at least one must occur.
pub type Clause = Vec<Text>;

/// A text that must occur in the raw line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    pub bytes: Vec<u8>,
    /// A word too short to search for that must stand by it.
    pub word: Option<Word>,
}

/// A word with no letter or digit beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// In the value of the JSON key that the text is.
    InValue(Vec<u8>),
    /// Anywhere in the line.
    InLine(Vec<u8>),
}

/// Clauses that must all hold. None at all: any line may match.
#[derive(Debug, Clone, Default)]
pub struct Need(pub Vec<Clause>);

impl Need {
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub fn and_clause(mut self, clause: Clause) -> Self {
        self.0.push(clause);
        self
    }

    pub fn and_text(self, bytes: Vec<u8>) -> Self {
        self.and_clause(vec![Text::plain(bytes)])
    }

    /// Whether some clause can be searched for.
    pub fn is_searchable(&self) -> bool {
        self.0.iter().any(is_searchable)
    }
}

impl Text {
    fn plain(bytes: Vec<u8>) -> Self {
        Self { bytes, word: None }
    }
}

/// Whether each alternative has a piece long enough.
pub fn is_searchable(clause: &Clause) -> bool {
    !clause.is_empty() && clause.iter().all(|text| text.bytes.len() >= MIN_PIECE)
}

/// Whether a byte is written as itself by every JSON writer (some escape `/`, `<`, `>`, `&`, `'`, `=`) and by every
/// percent-encoding of gRPC status messages (some encode all that a URL would not hold).
fn is_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b";,:@+$-_.!~*()".contains(&byte)
}

/// What a line needs for the pattern to match.
pub fn of_pattern(pattern: &str) -> Need {
    Need(
        regex_syntax::parse(pattern)
            .map(|hir| clauses(&hir))
            .unwrap_or_default(),
    )
}

fn clauses(hir: &Hir) -> Vec<Clause> {
    match hir.kind() {
        HirKind::Literal(literal) => literal
            .0
            .split(|b| !is_safe(*b))
            .filter(|run| run.len() >= MIN_TEXT)
            .map(|run| vec![Text::plain(run.to_vec())])
            .collect(),
        HirKind::Concat(parts) => parts.iter().flat_map(clauses).collect(),
        HirKind::Capture(capture) => clauses(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min >= 1 => clauses(&repetition.sub),
        HirKind::Alternation(branches) => one_of(branches).map_or_else(Vec::new, |clause| vec![clause]),
        _ => Vec::new(),
    }
}

/// What frames the text in every LogEntry of Cloud Run: keys, and values that do not change.
const FRAME: &[u8] = b"insertId logName projects logs run.googleapis.com varlog system requests stdout stderr resource type \
    cloud_run_revision labels project_id location service_name configuration_name revision_name instanceId container_name \
    severity DEFAULT DEBUG INFO NOTICE WARNING ERROR CRITICAL timestamp receiveTimestamp textPayload jsonPayload message \
    httpRequest requestMethod requestUrl requestSize status responseSize userAgent remoteIp serverIp latency protocol \
    trace spanId traceSampled sourceLocation";

fn is_of_frame(text: &[u8]) -> bool {
    memchr::memmem::find(FRAME, text).is_some()
}

/// One clause for an alternation: the best of each branch, if each has one.
fn one_of(branches: &[Hir]) -> Option<Clause> {
    let mut all = Clause::new();
    for branch in branches {
        // A word of the entry's own frame tells nothing, however long: `service` stands in every line.
        let telling = |c: &Clause| c.iter().filter(|t| !is_of_frame(&t.bytes)).count() == c.len();
        let shortest = |c: &Clause| c.iter().map(|t| t.bytes.len()).min().unwrap_or(0);
        all.extend(
            clauses(branch)
                .into_iter()
                .max_by_key(|c| (telling(c), shortest(c)))?,
        );
    }
    (all.len() <= MAX_ALTERNATIVES).then_some(all)
}

/// The log id as `logName` has it: `run.googleapis.com/requests` is `run.googleapis.com%2Frequests`.
pub fn encoded_log_id(id: &str) -> Vec<u8> {
    id.replace('%', "%25").replace('/', "%2F").into_bytes()
}

/// The value of the JSON key that ends at the start of `after`, escaped quotes (JSON inside a string) or not.
pub fn value_after(after: &[u8]) -> &[u8] {
    let is_frame = |byte: &u8| matches!(byte, b'"' | b'\\' | b':' | b' ');
    let start = after
        .iter()
        .take(16)
        .position(|byte| !is_frame(byte))
        .unwrap_or(after.len());
    let value = after.get(start..).unwrap_or_default();
    let end = value
        .iter()
        .take(256)
        .position(|byte| matches!(byte, b'"' | b'\\' | b'}' | b' ' | b'\n'));
    value.get(..end.unwrap_or(0)).unwrap_or_default()
}

/// Whether a list separated by commas holds the word.
pub fn list_has(list: &[u8], word: &[u8]) -> bool {
    list.split(|byte| *byte == b',').any(|item| item == word)
}

/// The key of JSON formats.
const FLAGS_KEY: &[u8] = b"response_flags";
const CODE_KEY: &[u8] = b"response_code";
/// The label of in-cluster access logs, with its quote: the key above begins the same.
const FLAG_LABEL: &[u8] = b"response_flag\"";

/// What a raw access log line with this response flag contains: the flag, alone or in a list, in a text format; or a JSON
/// format's key, and the flag.
pub fn of_flag(flag: &str) -> Clause {
    let in_value = |key: &[u8]| Text {
        bytes: key.to_vec(),
        word: Some(Word::InValue(flag.as_bytes().to_vec())),
    };
    let mut texts = vec![in_value(FLAGS_KEY), in_value(FLAG_LABEL)];
    for before in [" ", ","] {
        if flag.len() >= MIN_TEXT {
            texts.push(Text::plain(format!("{before}{flag}").into_bytes()));
        } else {
            texts.extend([" ", ","].map(|after| Text::plain(format!("{before}{flag}{after}").into_bytes())));
        }
    }
    texts
}

/// What a raw access log line with this response code contains.
pub fn of_status(status: u16) -> Clause {
    let code = status.to_string().into_bytes();
    // The quote is that after the request line; escaped or not it ends in `"`.
    vec![
        Text::plain(format!("\" {status} ").into_bytes()),
        Text {
            bytes: CODE_KEY.to_vec(),
            word: Some(Word::InValue(code.clone())),
        },
        Text {
            bytes: FLAG_LABEL.to_vec(),
            word: Some(Word::InLine(code)),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(pattern: &str) -> Vec<String> {
        let show = |c: &Clause| {
            c.iter()
                .map(|t| String::from_utf8_lossy(&t.bytes).into_owned())
                .collect::<Vec<_>>()
                .join("|")
        };
        of_pattern(pattern).0.iter().map(show).collect()
    }

    #[test]
    fn only_what_every_writer_leaves_alone_is_required() {
        assert_eq!(
            texts("Permission '(?P<p>[^']+)' denied on/resource"),
            ["Permission", "denied", "resource"]
        );
        assert_eq!(texts("a%20b{2}caf\u{e9}s?"), ["caf"]);
    }

    #[test]
    fn what_is_optional_or_open_is_not_required() {
        assert_eq!(texts("(?:abcdef)?ghij(?:klmn)+o*"), ["ghij", "klmn"]);
        assert!(texts("(?i)rejected").is_empty());
    }

    #[test]
    fn an_alternation_needs_a_text_of_each_branch() {
        assert_eq!(texts("cds: cluster|lds: listener"), ["cluster|listener"]);
        assert!(texts("closed: 7|.*").is_empty());
        assert_eq!(texts("Name or service not known|no such host"), ["known|host"]);
    }
}
