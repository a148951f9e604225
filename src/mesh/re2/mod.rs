//! Whether RE2 refuses a regular expression: Envoy compiles the matches of routes with it.
//!
//! Told is only what RE2 surely refuses; what it takes though other syntaxes do not (`[\w-.]`, a lone `{`, `\Q…\E`) passes.
//! Source: github.com/google/re2/wiki/Syntax, and re2/parse.cc for the limits.

mod characters;
#[cfg(test)]
mod tests;

/// The highest count of a repetition, and of repetitions inside one another multiplied.
const MOST_REPEATS: u32 = 1000;

/// Why RE2 refuses it, in words; None where it does not, or where that is not sure.
pub fn refusal(pattern: &str) -> Option<String> {
    Reader::new(pattern).read().err()
}

/// What stands before the place that is read, with how often it repeats what is inside.
#[derive(Clone, Copy)]
enum Before {
    /// The start of the whole, of a group or of an alternative.
    Nothing,
    Item(u32),
    Repetition(u32),
}

struct Reader<'p> {
    rest: &'p str,
    /// For each open group the most repeats inside it so far.
    groups: Vec<u32>,
    names: Vec<&'p str>,
    before: Before,
}

type Read = Result<(), String>;

impl<'p> Reader<'p> {
    fn new(pattern: &'p str) -> Self {
        Self {
            rest: pattern,
            groups: Vec::new(),
            names: Vec::new(),
            before: Before::Nothing,
        }
    }

    fn read(mut self) -> Read {
        while let Some(c) = self.next() {
            match c {
                '(' => self.open()?,
                ')' => {
                    let inside = self.groups.pop().ok_or("`)` closes no group")?;
                    self.item(inside);
                }
                '|' => self.before = Before::Nothing,
                '*' | '+' | '?' => self.repeat(&c.to_string(), 1)?,
                '{' => self.counted()?,
                '[' => self.class()?,
                '\\' => self.escape()?,
                _ => self.item(1),
            }
        }
        match self.groups.is_empty() {
            true => Ok(()),
            false => Err("a group is not closed, `)` is missing".into()),
        }
    }

    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn skip(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn item(&mut self, repeats: u32) {
        self.before = Before::Item(repeats);
        self.count(repeats);
    }

    fn count(&mut self, repeats: u32) {
        if let Some(most) = self.groups.last_mut() {
            *most = (*most).max(repeats);
        }
    }

    /// After `(`.
    fn open(&mut self) -> Read {
        if !self.skip("?") {
            return self.enter();
        }
        for around in ["=", "!", "<=", "<!"] {
            if self.rest.starts_with(around) {
                return Err(format!("look-around `(?{around}` is not part of RE2"));
            }
        }
        if self.skip("P<") || self.skip("<") {
            let (name, rest) = self.rest.split_once('>').ok_or("a group's name is not closed")?;
            let outside = |c: char| c.is_ascii() && !(c.is_ascii_alphanumeric() || c == '_');
            if name.is_empty() || name.contains(outside) || self.names.contains(&name) {
                return Err(format!("a group cannot be called `{name}`, or not twice"));
            }
            self.names.push(name);
            self.rest = rest;
            return self.enter();
        }
        let end = self.rest.find([':', ')']).unwrap_or(self.rest.len());
        let (flags, rest) = self.rest.split_at(end);
        if rest.is_empty() || flags.contains(|c: char| !matches!(c, 'i' | 'm' | 's' | 'U' | '-')) {
            let start: String = self.rest.chars().take(2).collect();
            return Err(format!("`(?{start}` begins no group that RE2 knows"));
        }
        self.rest = &rest[1..];
        if rest.starts_with(':') {
            return self.enter();
        }
        // Flags for what follows: they repeat nothing, and take nothing away that could be repeated.
        if let Before::Repetition(repeats) = self.before {
            self.before = Before::Item(repeats);
        }
        Ok(())
    }

    fn enter(&mut self) -> Read {
        self.groups.push(1);
        self.before = Before::Nothing;
        Ok(())
    }

    /// After an operator that repeats; `times` is what counts towards the limit.
    fn repeat(&mut self, operator: &str, times: u32) -> Read {
        let inside = match self.before {
            Before::Nothing => return Err(format!("`{operator}` has nothing to repeat")),
            Before::Repetition(_) => {
                return Err(format!(
                    "`{operator}` follows a repetition: RE2 has no possessive or doubled ones"
                ));
            }
            Before::Item(inside) => inside,
        };
        let repeats = inside.saturating_mul(times.max(1));
        if times > 1 && repeats > MOST_REPEATS {
            return Err(format!(
                "more than {MOST_REPEATS} repetitions, `{operator}` included"
            ));
        }
        self.skip("?");
        self.before = Before::Repetition(repeats);
        self.count(repeats);
        Ok(())
    }

    /// After `{`, which stands for itself where no count follows.
    fn counted(&mut self) -> Read {
        let counts = self.rest.split_once('}').and_then(|(text, rest)| {
            let (least, most) = match text.split_once(',') {
                None => (number(text)?, number(text)?),
                Some((least, "")) => (number(least)?, number(least)?),
                Some((least, most)) => (number(least)?, number(most)?),
            };
            Some((text, rest, least, most))
        });
        let Some((text, rest, least, most)) = counts else {
            self.item(1);
            return Ok(());
        };
        if most < least || most > MOST_REPEATS {
            return Err(format!(
                "`{{{text}}}` is no count that RE2 takes: at most {MOST_REPEATS}, the lower one first"
            ));
        }
        self.rest = rest;
        self.repeat(&format!("{{{text}}}"), most)
    }
}

/// A count as RE2 reads one: no leading zeros, and not so long that it is taken for text.
fn number(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !(text.len() > 1 && text.starts_with('0'));
    (plain && (1..=8).contains(&text.len())).then(|| text.parse().ok())?
}
