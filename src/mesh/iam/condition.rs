//! Decides a binding's condition at the time of the snapshot, for the resources that IAM may be asked about.
use super::clock::{INSTANT, moments};
use super::eval::{Evaluation, Resource, Value};
use super::text::Text;
use crate::gcp::iam::Condition;
use crate::mesh::projects::Projects;
use cel::Program;
use cel::common::ast::IdedExpr;
use jiff::Timestamp;

/// A condition and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionVerdict {
    pub title: String,
    pub expression: String,
    pub verdict: Verdict,
}

/// Whether a condition holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    True,
    /// Why: `expired at 2026-01-01T00:00:00Z`.
    False(String),
    /// Why it could not be decided.
    Unknown(String),
}

/// What IAM may be asked about: a condition must hold for each of them to be surely true.
#[derive(Debug, Clone)]
pub struct Asked {
    resources: Vec<Resource>,
    /// For messages.
    what: String,
}

/// Longer expressions are left undecided: IAM's own limit is far below.
const MAX_LENGTH: usize = 4096;

impl Asked {
    /// The project itself in each of its spellings, and the resource of the permission's own service in it.
    ///
    /// Traffic Director's is known from its denials: `//trafficdirector.googleapis.com/projects/NUMBER/networks/mesh:M/nodes/N`.
    pub fn permission(projects: &Projects, project: &str, permission: &str) -> Self {
        let mut resources = project_spellings(projects, project);
        let number = projects.number(project);
        let service = permission.split('.').next().unwrap_or_default();
        let host = format!("{service}.googleapis.com");
        if service != "resourcemanager" {
            let name = match (service, number) {
                ("trafficdirector", Some(number)) => format!("//{host}/projects/{number}/networks/"),
                ("trafficdirector", None) => format!("//{host}/projects/"),
                _ => String::new(),
            };
            resources.push(Resource {
                name: Text::beginning(name),
                kind: Text::beginning(format!("{host}/")),
                service: Text::whole(&host),
            });
        }
        Self {
            resources,
            what: format!("the project nor for what {host} asks about"),
        }
    }

    /// Anything in the project: for a role as a whole.
    pub fn role(projects: &Projects, project: &str) -> Self {
        let mut resources = project_spellings(projects, project);
        resources.push(anything());
        Self {
            resources,
            what: "the project nor for anything in it".into(),
        }
    }

    /// Nothing is known of the resource: for conditions on tags.
    pub fn anything() -> Self {
        Self {
            resources: vec![anything()],
            what: "the resource".into(),
        }
    }
}

fn anything() -> Resource {
    Resource {
        name: Text::beginning(""),
        kind: Text::beginning(""),
        service: Text::beginning(""),
    }
}

/// Google's documents spell a project's `resource.name` in several ways.
fn project_spellings(projects: &Projects, project: &str) -> Vec<Resource> {
    let id = projects.id(project);
    let number = projects.number(project);
    let mut names = Vec::new();
    for prefix in ["projects/", "//cloudresourcemanager.googleapis.com/projects/"] {
        names.push(Text::whole(format!("{prefix}{id}")));
        names.push(match &number {
            Some(number) => Text::whole(format!("{prefix}{number}")),
            None => Text::beginning(prefix),
        });
    }
    names
        .into_iter()
        .map(|name| Resource {
            name,
            kind: Text::whole("cloudresourcemanager.googleapis.com/Project"),
            service: Text::whole("cloudresourcemanager.googleapis.com"),
        })
        .collect()
}

/// Judges a condition.
pub fn judge(condition: &Condition, now: Timestamp, asked: &Asked) -> ConditionVerdict {
    ConditionVerdict {
        title: condition.title.clone(),
        expression: condition.expression.clone(),
        verdict: verdict(&condition.expression, now, asked),
    }
}

fn verdict(source: &str, now: Timestamp, asked: &Asked) -> Verdict {
    if source.len() > MAX_LENGTH {
        return Verdict::Unknown(format!("it is longer than {MAX_LENGTH} bytes"));
    }
    let program = match Program::compile(source) {
        Ok(program) => program,
        Err(error) => {
            let line = error.to_string().lines().next().unwrap_or_default().to_owned();
            return Verdict::Unknown(format!("it cannot be read: {line}"));
        }
    };
    let expression = program.expression();
    match at(expression, now, asked) {
        Verdict::False(why) => Verdict::False(time_reason(expression, now, asked).unwrap_or(why)),
        other => other,
    }
}

fn at(expression: &IdedExpr, now: Timestamp, asked: &Asked) -> Verdict {
    let (mut held, mut failed) = (false, false);
    for resource in &asked.resources {
        match (Evaluation { now, resource }).run(expression) {
            Value::Bool(true) => held = true,
            Value::Bool(false) => failed = true,
            Value::Unknown(why) => return Verdict::Unknown(why),
            _ => return Verdict::Unknown("it is neither true nor false".into()),
        }
    }
    match (held, failed) {
        (true, false) => Verdict::True,
        (false, _) => Verdict::False(format!("it holds at {now} neither for {}", asked.what)),
        (true, true) => {
            Verdict::Unknown("whether it holds depends on the resource that the service names".into())
        }
    }
}

/// Tells a condition that time has ended, or not yet begun, from one that cannot hold at all.
fn time_reason(expression: &IdedExpr, now: Timestamp, asked: &Asked) -> Option<String> {
    let holds = |moment: Option<Timestamp>| {
        moment.is_some_and(|moment| !matches!(at(expression, moment, asked), Verdict::False(_)))
    };
    let moments = moments(expression);
    let (past, coming): (Vec<Timestamp>, Vec<Timestamp>) = moments.into_iter().partition(|m| *m <= now);
    if let Some(end) = past.iter().find(|m| holds(m.checked_sub(INSTANT).ok())) {
        return Some(format!("expired at {end}"));
    }
    let start = coming.iter().rev().find(|m| holds(m.checked_add(INSTANT).ok()))?;
    Some(format!("not in force before {start}"))
}
