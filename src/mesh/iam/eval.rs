//! Evaluates IAM's part of CEL in three values: what the snapshot does not tell stays unknown, with the reason.
//!
//! The `cel` crate parses. Its own evaluation knows neither time (without another clock library) nor partly known
//! strings, and reports an unknown operand as a failure; so the few operators that IAM allows are evaluated here.
//! Source of the functions: Google's "Attribute reference for IAM Conditions".
use super::clock;
use super::text::Text;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue, operators as op};
use jiff::{SignedDuration, Timestamp};
use regex::Regex;
use std::cmp::Ordering;

/// What `resource` stands for.
#[derive(Debug, Clone)]
pub struct Resource {
    pub name: Text,
    pub kind: Text,
    pub service: Text,
}

/// A value, perhaps unknown.
#[derive(Debug, Clone)]
pub enum Value {
    Bool(bool),
    Int(i64),
    Text(Text),
    Time(Timestamp),
    Span(SignedDuration),
    List(Vec<Value>),
    /// Why.
    Unknown(String),
}

/// Nesting beyond this is left undecided: IAM itself allows twelve logical operators.
const MAX_DEPTH: u32 = 128;

/// Evaluates an expression at a time, for a resource.
pub struct Evaluation<'a> {
    pub now: Timestamp,
    pub resource: &'a Resource,
}

impl Evaluation<'_> {
    pub fn run(&self, expression: &IdedExpr) -> Value {
        self.eval(&expression.expr, 0)
    }

    fn eval(&self, expr: &Expr, depth: u32) -> Value {
        if depth > MAX_DEPTH {
            return Value::Unknown("it is nested too deeply to be evaluated".into());
        }
        match expr {
            Expr::Literal(literal) => self.literal(literal),
            Expr::List(list) => {
                let items = list.elements.iter();
                Value::List(items.map(|e| self.eval(&e.expr, depth + 1)).collect())
            }
            Expr::Select(select) if !select.test => self.attribute(expr),
            Expr::Call(call) => self.call(call, depth + 1),
            _ => undecided(&spelled(expr)),
        }
    }

    fn literal(&self, literal: &LiteralValue) -> Value {
        match literal {
            LiteralValue::Boolean(b) => Value::Bool(*b.inner()),
            LiteralValue::Int(i) => Value::Int(*i.inner()),
            LiteralValue::String(s) => Value::Text(Text::whole(s.inner())),
            _ => undecided("a literal of a type that IAM conditions do not use"),
        }
    }

    fn attribute(&self, expr: &Expr) -> Value {
        match spelled(expr).as_str() {
            "request.time" => Value::Time(self.now),
            "resource.name" => Value::Text(self.resource.name.clone()),
            "resource.type" => Value::Text(self.resource.kind.clone()),
            "resource.service" => Value::Text(self.resource.service.clone()),
            other => undecided(other),
        }
    }

    fn call(&self, call: &CallExpr, depth: u32) -> Value {
        if let Some(target) = &call.target {
            return self.method(call, &target.expr, depth);
        }
        let mut args: Vec<Value> = call.args.iter().map(|a| self.eval(&a.expr, depth)).collect();
        let name = call.func_name.as_str();
        let third = if args.len() == 3 { args.pop() } else { None };
        let second = if args.len() == 2 { args.pop() } else { None };
        match (name, args.pop(), second, third) {
            (op::LOGICAL_AND, Some(a), Some(b), None) => both(a, b, false),
            (op::LOGICAL_OR, Some(a), Some(b), None) => both(a, b, true),
            (op::LOGICAL_NOT, Some(Value::Bool(a)), None, None) => Value::Bool(!a),
            (op::CONDITIONAL, Some(Value::Bool(a)), Some(b), Some(c)) => {
                if a {
                    b
                } else {
                    c
                }
            }
            (op::EQUALS, Some(a), Some(b), None) => equals(&a, &b),
            (op::NOT_EQUALS, Some(a), Some(b), None) => match equals(&a, &b) {
                Value::Bool(equal) => Value::Bool(!equal),
                other => other,
            },
            (op::LESS, Some(a), Some(b), None) => compare(name, &a, &b, Ordering::is_lt),
            (op::LESS_EQUALS, Some(a), Some(b), None) => compare(name, &a, &b, Ordering::is_le),
            (op::GREATER, Some(a), Some(b), None) => compare(name, &a, &b, Ordering::is_gt),
            (op::GREATER_EQUALS, Some(a), Some(b), None) => compare(name, &a, &b, Ordering::is_ge),
            (op::IN, Some(a), Some(Value::List(items)), None) => items
                .iter()
                .map(|item| equals(&a, item))
                .fold(Value::Bool(false), |so_far, next| both(so_far, next, true)),
            (op::ADD | op::SUBSTRACT, Some(a), Some(b), None) => clock::arithmetic(name == op::ADD, a, b),
            (op::NEGATE, Some(Value::Int(a)), None, None) => a
                .checked_neg()
                .map_or_else(|| undecided("an overflow"), Value::Int),
            ("timestamp", Some(a), None, None) => clock::timestamp(a),
            ("duration", Some(a), None, None) => clock::duration(a),
            (_, Some(Value::Unknown(why)), _, _) | (_, _, Some(Value::Unknown(why)), _) => {
                Value::Unknown(why)
            }
            _ => undecided(name),
        }
    }

    fn method(&self, call: &CallExpr, target: &Expr, depth: u32) -> Value {
        let name = call.func_name.as_str();
        let args: Vec<Value> = call.args.iter().map(|a| self.eval(&a.expr, depth)).collect();
        let full = format!("{}.{name}", spelled(target));
        match (self.eval(target, depth), args.as_slice()) {
            (Value::Text(text), [Value::Text(arg)]) => {
                let Some(arg) = arg.as_whole() else {
                    return undecided(&full);
                };
                let answer = match name {
                    "startsWith" => text.starts_with(arg),
                    "endsWith" => text.ends_with(arg),
                    "contains" => text.contains(arg),
                    "matches" => Regex::new(arg).ok().and_then(|pattern| text.matches(&pattern)),
                    "extract" => return text.extract(arg).map_or_else(|| undecided(&full), Value::Text),
                    _ => None,
                };
                answer.map_or_else(|| undecided(&full), Value::Bool)
            }
            (Value::Time(time), []) => clock::part(time, name, None).unwrap_or_else(|| undecided(&full)),
            (Value::Time(time), [Value::Text(zone)]) => zone
                .as_whole()
                .and_then(|zone| clock::part(time, name, Some(zone)))
                .unwrap_or_else(|| undecided(&full)),
            // `resource.matchTag(…)`, `api.getAttribute(…)`: the name as written says more than its parts.
            _ => undecided(&full),
        }
    }
}

/// `&&` and `||`: the operand that decides does so whatever the other is.
fn both(a: Value, b: Value, decides: bool) -> Value {
    match (a, b) {
        (Value::Bool(x), _) | (_, Value::Bool(x)) if x == decides => Value::Bool(decides),
        (Value::Bool(_), Value::Bool(_)) => Value::Bool(!decides),
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => Value::Unknown(why),
        _ => undecided("a logical operator on something that is neither true nor false"),
    }
}

fn equals(a: &Value, b: &Value) -> Value {
    let answer = match (a, b) {
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => return Value::Unknown(why.clone()),
        (Value::Bool(a), Value::Bool(b)) => Some(a == b),
        (Value::Int(a), Value::Int(b)) => Some(a == b),
        (Value::Text(a), Value::Text(b)) => a.equals(b),
        (Value::Time(a), Value::Time(b)) => Some(a == b),
        (Value::Span(a), Value::Span(b)) => Some(a == b),
        _ => None,
    };
    answer.map_or_else(|| undecided("the resource's exact name"), Value::Bool)
}

fn compare(name: &str, a: &Value, b: &Value, holds: fn(Ordering) -> bool) -> Value {
    let order = match (a, b) {
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => return Value::Unknown(why.clone()),
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Time(a), Value::Time(b)) => a.cmp(b),
        (Value::Span(a), Value::Span(b)) => a.cmp(b),
        _ => return undecided(&format!("the comparison {name} of such values")),
    };
    Value::Bool(holds(order))
}

fn undecided(what: &str) -> Value {
    Value::Unknown(format!("it depends on {what}, which a snapshot does not decide"))
}

/// The name as written: `resource.name`, `api.getAttribute`; a rough word for anything else.
fn spelled(expr: &Expr) -> String {
    match expr {
        Expr::Ident(name) => name.clone(),
        Expr::Select(select) if select.test => {
            format!("has({}.{})", spelled(&select.operand.expr), select.field)
        }
        Expr::Select(select) => format!("{}.{}", spelled(&select.operand.expr), select.field),
        Expr::Call(call) => match &call.target {
            Some(target) => format!("{}.{}()", spelled(&target.expr), call.func_name),
            None => format!("{}()", call.func_name),
        },
        Expr::Comprehension(_) => "a loop over a list".into(),
        _ => "an expression".into(),
    }
}
