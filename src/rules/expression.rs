//! Expressions in rules: CEL over one variable, `subject`, checked against the facts of its kind.
use super::RuleError;
use super::rule::Text;
use crate::mesh::facts::FieldDoc;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};
use cel::{Context, ExecutionError, Program, Value};

/// What an expression came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Yes,
    No,
    /// It needs a fact that is not known: its name.
    Unknown(String),
    /// It is wrong: a type error that the checks at loading could not see.
    Broken(String),
}

/// Compiles a text; an error points into the file.
pub fn compile(file: &str, text: &Text) -> Result<Program, RuleError> {
    Program::compile(&text.value).map_err(|errors| {
        let first = errors.errors.first();
        let (line, column) = first.map_or((1, 1), |e| e.pos);
        RuleError::new(
            file,
            within(text, line, column),
            format!(
                "not an expression: {}",
                first.map_or_else(|| errors.to_string(), |e| e.msg.clone())
            ),
            "see the CEL language: comparisons, && || !, and functions over the fields of `subject`",
        )
    })
}

/// The functions that an expression may call, operators aside.
const FUNCTIONS: [&str; 13] = [
    "all",
    "contains",
    "endsWith",
    "exists",
    "filter",
    "has",
    "int",
    "map",
    "matches",
    "size",
    "startsWith",
    "string",
    "double",
];

/// Checks that it refers to nothing but `subject` and its declared fields.
pub fn check(file: &str, text: &Text, program: &Program, kind: &str, fields: &[FieldDoc]) -> Vec<RuleError> {
    let mut unknown = Vec::new();
    for function in program.references().functions() {
        let operator = function.starts_with(['_', '!', '@', '-']);
        if !operator && !FUNCTIONS.contains(&function) {
            unknown.push(Problem {
                id: program.expression().id,
                after_dot: false,
                problem: format!("unknown function `{function}`"),
                near: None,
            });
        }
    }
    walk(program.expression(), fields, &mut Vec::new(), &mut unknown);
    unknown
        .into_iter()
        .map(
            |Problem {
                 id,
                 after_dot,
                 problem,
                 near,
             }| {
                // Counted from 0; of a field it is the dot before it.
                let offset = program.source_info().offset_for(id).map_or(0, |(start, _)| start);
                let column = offset + if after_dot { 2 } else { 1 };
                let remedy = match near {
                    Some(near) => format!(
                        "did you mean `{near}`? `meshdoctor rules show --facts {kind}` prints the fields"
                    ),
                    None => format!("`meshdoctor rules show --facts {kind}` prints the fields"),
                };
                RuleError::new(
                    file,
                    within(text, 1, isize::try_from(column).unwrap_or(1)),
                    problem,
                    remedy,
                )
            },
        )
        .collect()
}

/// Evaluates to yes or no.
pub fn holds(program: &Program, context: &Context) -> Verdict {
    match program.execute(context) {
        Ok(Value::Bool(true)) => Verdict::Yes,
        Ok(Value::Bool(false)) => Verdict::No,
        Ok(other) => Verdict::Broken(format!("gives {}, not true or false", other.type_of())),
        Err(ExecutionError::NoSuchKey(key)) => Verdict::Unknown(key.to_string()),
        Err(error) => Verdict::Broken(error.to_string()),
    }
}

/// The line and column of a place inside a text. Folded scalars lose their line breaks: then the text's own place is the best there is.
fn within(text: &Text, line: isize, column: isize) -> (u64, u64) {
    let (start_line, start_column) = (text.referenced.line(), text.referenced.column());
    if line <= 1 {
        (
            start_line,
            start_column + u64::try_from(column.max(1) - 1).unwrap_or(0),
        )
    } else {
        (
            start_line + u64::try_from(line - 1).unwrap_or(0),
            u64::try_from(column.max(1)).unwrap_or(1),
        )
    }
}

/// A name that is not known, and where.
struct Problem {
    id: u64,
    after_dot: bool,
    problem: String,
    near: Option<String>,
}

/// Follows `subject.a.b`; `bound` holds the variables that macros bind.
fn walk(expression: &IdedExpr, fields: &[FieldDoc], bound: &mut Vec<String>, problems: &mut Vec<Problem>) {
    if let Some(path) = path_of(expression) {
        match path.split_first() {
            Some(((root, _), rest)) if root == "subject" => follow(rest, fields, problems),
            Some(((root, _), _)) if bound.contains(root) => {}
            Some(((root, id), _)) => problems.push(Problem {
                id: *id,
                after_dot: false,
                problem: format!("unknown variable `{root}`"),
                near: Some("subject".into()),
            }),
            None => {}
        }
        return;
    }
    let depth = bound.len();
    if let Expr::Comprehension(c) = &expression.expr {
        walk(&c.iter_range, fields, bound, problems);
        bound.extend([c.iter_var.clone(), c.accu_var.clone()]);
        bound.extend(c.iter_var2.clone());
    }
    for part in parts(expression) {
        walk(part, fields, bound, problems);
    }
    bound.truncate(depth);
}

/// What an expression is made of. Of a comprehension: what its variables stand in, the range it goes over left out.
fn parts(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.iter().map(AsRef::as_ref).chain(&call.args).collect(),
        Expr::Select(select) => vec![&select.operand],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => {
            let entries = map.entries.iter().filter_map(|entry| match &entry.expr {
                EntryExpr::MapEntry(entry) => Some([&entry.key, &entry.value]),
                _ => None,
            });
            entries.flatten().collect()
        }
        Expr::Comprehension(c) => vec![&c.accu_init, &c.loop_cond, &c.loop_step, &c.result],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Struct(_) | Expr::Unspecified => Vec::new(),
    }
}

/// The facts that an expression names; the whole subject stands as an empty name.
pub fn facts(program: &Program) -> Vec<String> {
    let (mut facts, mut open) = (Vec::new(), vec![program.expression()]);
    while let Some(expression) = open.pop() {
        if let Some(path) = path_of(expression) {
            if path.first().is_some_and(|(root, _)| root == "subject") {
                let name = path.get(1).map(|(name, _)| name.clone());
                facts.push(name.unwrap_or_default());
            }
            continue;
        }
        if let Expr::Comprehension(c) = &expression.expr {
            open.push(&c.iter_range);
        }
        open.extend(parts(expression));
    }
    facts
}

/// `a.b.c` as its parts and their ids, where the expression is such a chain.
fn path_of(expression: &IdedExpr) -> Option<Vec<(String, u64)>> {
    match &expression.expr {
        Expr::Ident(name) => Some(vec![(name.clone(), expression.id)]),
        Expr::Select(select) => {
            let mut path = path_of(&select.operand)?;
            path.push((select.field.clone(), expression.id));
            Some(path)
        }
        _ => None,
    }
}

fn follow(path: &[(String, u64)], fields: &[FieldDoc], problems: &mut Vec<Problem>) {
    let Some(((name, id), rest)) = path.split_first() else {
        return;
    };
    match fields.iter().find(|f| f.name == name) {
        // Maps have keys of their own.
        Some(field) if field.fields.is_empty() => {}
        Some(field) => follow(rest, &field.fields, problems),
        None => problems.push(Problem {
            id: *id,
            after_dot: true,
            problem: format!("unknown field `{name}` of `subject`"),
            near: nearest(name, fields.iter().map(|f| f.name)),
        }),
    }
}

/// The known name that is most like a wrong one.
pub fn nearest<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> Option<String> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known.to_owned())
}
