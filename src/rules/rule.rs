//! A rule as its YAML file says it, before anything in it is compiled.
use crate::fix::Action;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// A text with the place where it stands in the file, so that what is wrong inside it can be pointed at.
pub type Text = Spanned<String>;

/// One rule file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// `MD` and three digits.
    pub code: Text,
    /// Lower case with dashes.
    pub name: String,
    pub layer: Layer,
    pub severity: Severity,
    /// The first whose expression holds replaces the severity.
    #[serde(default)]
    pub severity_when: Vec<SeverityWhen>,
    /// Where it holds, the finding is LIKELY instead of CONFIRMED.
    #[serde(default)]
    pub likely_when: Option<Text>,
    /// One sentence on one line, a template over `subject`.
    pub summary: Text,
    /// Why this breaks the path, and what is going on: a template.
    pub explanation: Text,
    /// Evidence without which the rule is SKIPPED: a source, or one listing of it. Only rules of the layer `collection` need none.
    pub needs: Vec<Text>,
    /// The kind of subject; `log` where the rule only has signatures.
    pub for_each: Text,
    /// Which subjects it is about at all; the others are not counted.
    #[serde(default, rename = "where")]
    pub about: Option<Text>,
    /// When it fires. Absent: on every subject (of a `log` rule: on every group of hits).
    #[serde(default)]
    pub when: Option<Text>,
    /// Signatures in the logs; only for `for_each: log`.
    #[serde(default)]
    pub logs: Vec<LogPattern>,
    /// Whose paths it is on, where not on those of all clients and hosts of its subject.
    #[serde(default)]
    pub concerns: Concerns,
    #[serde(default)]
    pub evidence: Vec<EvidenceTemplate>,
    /// Codes of symptoms that this cause accounts for.
    #[serde(default)]
    pub explains: Vec<Text>,
    #[serde(default)]
    pub fixes: Vec<FixTemplate>,
    /// When it may fire without cause.
    #[serde(default)]
    pub false_positives: String,
    /// What it rests on: `documentation`, `envoy`, `istio` or `judgement`.
    #[serde(default)]
    pub basis: String,
    #[serde(default)]
    pub references: Vec<String>,
}

/// The station of the path that a rule belongs to, in the order of the path; last, what is no station: how the evidence was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layer {
    Iam,
    CloudRun,
    Dns,
    Network,
    ControlPlane,
    Routing,
    Workload,
    Policy,
    Dataplane,
    /// Whether the evidence could be collected. Its rules neither break a path nor explain anything that does.
    Collection,
}

impl Layer {
    /// All, in the order of the path.
    pub const ALL: [Self; 10] = [
        Self::Iam,
        Self::CloudRun,
        Self::Dns,
        Self::Network,
        Self::ControlPlane,
        Self::Routing,
        Self::Workload,
        Self::Policy,
        Self::Dataplane,
        Self::Collection,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "iam",
            Self::CloudRun => "cloud-run",
            Self::Dns => "dns",
            Self::Network => "network",
            Self::ControlPlane => "control-plane",
            Self::Routing => "routing",
            Self::Workload => "workload",
            Self::Policy => "policy",
            Self::Dataplane => "dataplane",
            Self::Collection => "collection",
        }
    }

    /// Whether it is a station of the path.
    pub fn is_hop(self) -> bool {
        self != Self::Collection
    }
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

/// Expressions that give names, each as a list of texts.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Concerns {
    /// Cloud Run services; one text may hold several, with commas between.
    pub clients: Option<Text>,
    pub hosts: Option<Text>,
}

/// A severity on a condition.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeverityWhen {
    pub when: Text,
    pub severity: Severity,
}

/// One signature: either `pattern` or `access`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPattern {
    /// A regex over the decoded, joined message.
    #[serde(default)]
    pub pattern: Option<Text>,
    /// Only in this log: `run.googleapis.com/requests`.
    #[serde(default)]
    pub log: Option<String>,
    #[serde(default)]
    pub access: Option<AccessPattern>,
    /// Captures that tell groups of hits apart.
    #[serde(default)]
    pub by: Vec<Text>,
}

/// Fields of an access log record; all that is given must hold.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccessPattern {
    pub flags: Vec<String>,
    pub details: Option<Text>,
    pub failure: Option<Text>,
    pub status: Vec<u16>,
}

/// One piece of evidence; with `each`, one for every item of a list (as `item`).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceTemplate {
    /// The collector: `iam`, `kubernetes`, `logging`, …
    pub source: Text,
    /// Where: a file of the layout and the place in it.
    pub locator: Text,
    pub excerpt: Text,
    /// An expression that gives a list.
    #[serde(default)]
    pub each: Option<Text>,
    /// Only where this holds.
    #[serde(default)]
    pub when: Option<Text>,
}

/// What mends it. Texts inside the actions are templates.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixTemplate {
    pub title: Text,
    #[serde(default)]
    pub when: Option<Text>,
    pub actions: Vec<Action>,
}
