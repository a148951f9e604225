//! Time in IAM conditions: timestamps, durations, and the parts of a date.
//!
//! Source: CEL's language definition (months, days of the month and of the year count from 0, Sunday is 0).
use super::eval::Value;
use super::text::Text;
use cel::common::ast::{Expr, IdedExpr, LiteralValue};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

pub fn timestamp(value: Value) -> Value {
    match value {
        Value::Text(text) => text
            .as_whole()
            .and_then(|text| text.parse().ok())
            .map_or_else(|| unreadable("timestamp", &text), Value::Time),
        Value::Time(time) => Value::Time(time),
        Value::Unknown(why) => Value::Unknown(why),
        _ => Value::Unknown("it makes a timestamp of something that is none".into()),
    }
}

pub fn duration(value: Value) -> Value {
    match value {
        Value::Text(text) => text
            .as_whole()
            .and_then(|text| text.parse().ok())
            .map_or_else(|| unreadable("duration", &text), Value::Span),
        Value::Span(span) => Value::Span(span),
        Value::Unknown(why) => Value::Unknown(why),
        _ => Value::Unknown("it makes a duration of something that is none".into()),
    }
}

fn unreadable(kind: &str, text: &Text) -> Value {
    let text = text.as_whole().unwrap_or_default();
    Value::Unknown(format!("its {kind} \"{text}\" cannot be read"))
}

/// `a + b`, or `a - b`.
pub fn arithmetic(add: bool, a: Value, b: Value) -> Value {
    let result = match (a, b) {
        (Value::Unknown(why), _) | (_, Value::Unknown(why)) => return Value::Unknown(why),
        (Value::Int(a), Value::Int(b)) if add => a.checked_add(b).map(Value::Int),
        (Value::Int(a), Value::Int(b)) => a.checked_sub(b).map(Value::Int),
        (Value::Time(a), Value::Time(b)) if !add => Some(Value::Span(a.duration_since(b))),
        (Value::Time(a), Value::Span(b)) if add => a.checked_add(b).ok().map(Value::Time),
        (Value::Time(a), Value::Span(b)) => a.checked_sub(b).ok().map(Value::Time),
        (Value::Span(a), Value::Time(b)) if add => b.checked_add(a).ok().map(Value::Time),
        (Value::Span(a), Value::Span(b)) if add => a.checked_add(b).map(Value::Span),
        (Value::Span(a), Value::Span(b)) => a.checked_sub(b).map(Value::Span),
        _ => None,
    };
    result.unwrap_or_else(|| Value::Unknown("it adds or subtracts what cannot be".into()))
}

/// `time.getHours(zone)` and its like; None for another method, or a zone that this machine does not know.
pub fn part(time: Timestamp, method: &str, zone: Option<&str>) -> Option<Value> {
    let zone = match zone {
        None => TimeZone::UTC,
        Some(name) => match offset(name) {
            Some(offset) => TimeZone::fixed(offset),
            None => TimeZone::get(name).ok()?,
        },
    };
    let local = time.to_zoned(zone);
    let value = match method {
        "getFullYear" => i64::from(local.year()),
        "getMonth" => i64::from(local.month()) - 1,
        "getDate" => i64::from(local.day()),
        "getDayOfMonth" => i64::from(local.day()) - 1,
        "getDayOfWeek" => i64::from(local.weekday().to_sunday_zero_offset()),
        "getDayOfYear" => i64::from(local.day_of_year()) - 1,
        "getHours" => i64::from(local.hour()),
        "getMinutes" => i64::from(local.minute()),
        "getSeconds" => i64::from(local.second()),
        "getMilliseconds" => i64::from(local.millisecond()),
        _ => return None,
    };
    Some(Value::Int(value))
}

/// `+02:00`, `-08:00` and, as CEL allows, `02:00`.
fn offset(name: &str) -> Option<Offset> {
    let (sign, rest) = match name.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, name.strip_prefix('+').unwrap_or(name)),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if !(0..=23).contains(&hours) || !(0..=59).contains(&minutes) {
        return None;
    }
    Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

/// The `timestamp("…")` literals of an expression, latest first: the moments at which it may change.
pub fn moments(expression: &IdedExpr) -> Vec<Timestamp> {
    let mut found = Vec::new();
    collect(&expression.expr, &mut found);
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.dedup();
    found
}

fn collect(expr: &Expr, found: &mut Vec<Timestamp>) {
    match expr {
        Expr::Call(call) => {
            if let ("timestamp", [only]) = (call.func_name.as_str(), call.args.as_slice())
                && let Expr::Literal(LiteralValue::String(text)) = &only.expr
                && let Ok(time) = text.inner().parse()
            {
                found.push(time);
            }
            for part in call.target.as_deref().into_iter().chain(&call.args) {
                collect(&part.expr, found);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|e| collect(&e.expr, found)),
        Expr::Select(select) => collect(&select.operand.expr, found),
        _ => {}
    }
}

/// The smallest step of time: what lies just before or after a moment.
pub const INSTANT: SignedDuration = SignedDuration::from_nanos(1);
