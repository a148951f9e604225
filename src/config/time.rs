//! Spans of time as people write them: `90s`, `1h`, `1h30m`, `2d`.

/// What to write instead of what is none.
pub const SPANS: &str = "write 90s, 15m, 1h, 1h30m or 2d";

/// The span in seconds. A number alone could be any of them.
pub fn seconds(text: &str) -> Result<i64, String> {
    let bad = || format!("{text:?} is no span of time");
    let (mut total, mut number) = (0i64, String::new());
    for letter in text.trim().chars() {
        let unit = match letter {
            '0'..='9' => {
                number.push(letter);
                continue;
            }
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(bad()),
        };
        let value: i64 = number.parse().map_err(|_| bad())?;
        number.clear();
        total = value
            .checked_mul(unit)
            .and_then(|span| total.checked_add(span))
            .ok_or_else(bad)?;
    }
    if !number.is_empty() {
        return Err(format!("{text:?} has no unit"));
    }
    if total > 0 { Ok(total) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn spans_are_read_as_people_write_them() {
        for (text, span) in [("90s", 90), ("1h", 3600), ("1h30m", 5400), ("2d", 172_800)] {
            assert_eq!(seconds(text), Ok(span), "{text}");
        }
        for text in [
            "",
            "0s",
            "h",
            "5",
            "1h30",
            "1y",
            "-1h",
            "99999999999999999999d",
            "9223372036854775807d",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
