//! Subjects: what a rule looks at, whom it concerns, and its facts ready for expressions and templates.
use super::facts::Facts;

/// A subject's name as the report carries it.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// `CloudRunService`, `VirtualService`, `Host`, …
    pub kind: &'static str,
    pub name: String,
    pub namespace: Option<String>,
    pub project: Option<String>,
    pub location: Option<String>,
}

/// Whom something concerns. `None` in a dimension: it does not speak of that dimension at all.
///
/// The law of paths, which [`covers`](Self::covers) holds: what is about the whole mesh is on every path; what is about clients alone on
/// all of theirs; what is about hosts alone on all of theirs; what is about both only where the two meet. What is about a host that no
/// path leads to (an empty list) is on none, and so is what is about neither.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct About {
    /// Indices into [`Mesh::clients`](super::Mesh::clients), sorted.
    pub clients: Option<Vec<u32>>,
    /// Indices into [`Mesh::hosts`](super::Mesh::hosts), sorted.
    pub hosts: Option<Vec<u32>>,
    /// Indices of backends, sorted.
    pub backends: Option<Vec<u32>>,
    /// It concerns just one of the clients, and nothing tells which: a log line without a name.
    pub one_of_clients: bool,
    /// It concerns the whole mesh: a control plane, an API, a zone.
    pub mesh_wide: bool,
}

impl About {
    /// The whole mesh.
    pub fn everything() -> Self {
        Self {
            mesh_wide: true,
            ..Self::default()
        }
    }

    pub fn client(client: u32) -> Self {
        Self {
            clients: Some(vec![client]),
            ..Self::default()
        }
    }

    pub fn host(host: u32) -> Self {
        Self {
            hosts: Some(vec![host]),
            ..Self::default()
        }
    }

    /// Whether a cause about `self` can account for a symptom about `other`: they share a client, a host or a destination, and
    /// contradict each other in none; or the cause is of the whole mesh.
    pub fn shares(&self, other: &Self) -> bool {
        if self.mesh_wide {
            return true;
        }
        let mut shared = false;
        for (mine, theirs) in [
            (&self.clients, &other.clients),
            (&self.hosts, &other.hosts),
            (&self.backends, &other.backends),
        ] {
            if let (Some(mine), Some(theirs)) = (mine, theirs) {
                if !intersects(mine, theirs) {
                    return false;
                }
                shared = true;
            }
        }
        shared
    }

    /// Whether it is on the path from a client to a host.
    pub fn covers(&self, client: u32, host: u32) -> bool {
        if self.mesh_wide {
            return true;
        }
        let within =
            |set: &Option<Vec<u32>>, item: u32| set.as_ref().is_none_or(|s| s.binary_search(&item).is_ok());
        (self.clients.is_some() || self.hosts.is_some())
            && within(&self.clients, client)
            && within(&self.hosts, host)
    }
}

/// Whether two sorted lists share an item.
fn intersects(a: &[u32], b: &[u32]) -> bool {
    let (few, many) = if a.len() < b.len() { (a, b) } else { (b, a) };
    few.iter().any(|item| many.binary_search(item).is_ok())
}

/// Facts of any kind, as expressions and templates want them.
pub trait SubjectFacts: Send + Sync {
    /// The value that expressions see as `subject`.
    fn cel(&self) -> Result<cel::Value, cel::SerializationError>;
    /// The same for templates.
    fn template(&self) -> minijinja::Value;
    /// Facts that could not be known, with the reason.
    fn unknowns(&self) -> Vec<(&'static str, String)>;
}

impl<T: Facts + Send + Sync> SubjectFacts for T {
    fn cel(&self) -> Result<cel::Value, cel::SerializationError> {
        cel::to_value(self)
    }

    fn template(&self) -> minijinja::Value {
        minijinja::Value::from(minijinja::value::Serde(self))
    }

    fn unknowns(&self) -> Vec<(&'static str, String)> {
        Facts::unknowns(self)
    }
}

/// One subject.
pub struct Subject {
    pub identity: Identity,
    pub about: About,
    pub facts: Box<dyn SubjectFacts>,
    /// Of a log subject: the rule whose signatures matched.
    pub code: Option<String>,
}

/// What becomes of a subject of that kind.
pub type Take<'t> = dyn FnMut(&'static str, Subject) + 't;
