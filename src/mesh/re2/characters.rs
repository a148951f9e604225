//! Escapes and classes of characters.
use super::{Read, Reader};

const CLASSES: [&str; 14] = [
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct", "space",
    "upper", "word", "xdigit",
];

impl Reader<'_> {
    /// After `\`, outside a class.
    pub(super) fn escape(&mut self) -> Read {
        if self.skip("Q") {
            let (quoted, rest) = self.rest.split_once("\\E").unwrap_or((self.rest, ""));
            self.rest = rest;
            if !quoted.is_empty() {
                self.item(1);
            }
            return Ok(());
        }
        match self.rest.chars().next() {
            Some('A' | 'b' | 'B' | 'C' | 'z' | 'd' | 'D' | 's' | 'S' | 'w' | 'W') => _ = self.next(),
            Some('p' | 'P') => self.property()?,
            _ => _ = self.character()?,
        }
        self.item(1);
        Ok(())
    }

    /// After `\`, at a `p` or `P`: `\pL`, `\p{Greek}`. Which names there are depends on the version.
    fn property(&mut self) -> Read {
        self.next();
        let closed = if self.skip("{") {
            self.rest.split_once('}').map(|(_, rest)| rest)
        } else {
            self.rest.chars().next().map(|c| &self.rest[c.len_utf8()..])
        };
        self.rest = closed.ok_or("the name of a class of characters is missing after `\\p`")?;
        Ok(())
    }

    /// After `\`: a single character, or None for one whose value does not matter here.
    fn character(&mut self) -> Result<Option<char>, String> {
        let octal = |c: char| ('0'..='7').contains(&c);
        match self.next() {
            None => Err("it ends with a backslash".into()),
            Some('x') => self.hexadecimal(),
            Some('0') => Ok(self.octal()),
            Some('1'..='7') if self.rest.starts_with(octal) => Ok(self.octal()),
            Some(c @ '1'..='9') => Err(format!("back-reference `\\{c}` is not part of RE2")),
            Some('a' | 'f' | 'n' | 'r' | 't' | 'v') => Ok(None),
            Some(c) if c.is_ascii_alphabetic() => Err(format!("`\\{c}` is not part of RE2")),
            Some(c) => Ok(Some(c)),
        }
    }

    /// Up to two more digits of an octal number, whose value does not matter here.
    fn octal(&mut self) -> Option<char> {
        for _ in 0..2 {
            if self.rest.starts_with(|c: char| ('0'..='7').contains(&c)) {
                self.next();
            }
        }
        None
    }

    /// After `\x`.
    fn hexadecimal(&mut self) -> Result<Option<char>, String> {
        let wrong = || "`\\x` needs two hexadecimal digits, or some in braces".to_owned();
        let (digits, rest) = match self.rest.strip_prefix('{') {
            Some(inside) => inside.split_once('}').ok_or_else(wrong)?,
            None => self.rest.split_at_checked(2).ok_or_else(wrong)?,
        };
        let hexadecimal = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_hexdigit());
        if !hexadecimal || u32::from_str_radix(digits, 16).map_or(true, |value| value > 0x10_FFFF) {
            return Err(wrong());
        }
        self.rest = rest;
        Ok(None)
    }

    /// After `[`.
    pub(super) fn class(&mut self) -> Read {
        self.skip("^");
        let mut first = true;
        while first || !self.rest.starts_with(']') {
            if self.rest.is_empty() {
                return Err("a class of characters is not closed, `]` is missing".into());
            }
            first = false;
            if self.rest.starts_with("[:")
                && let Some((name, rest)) = self.rest[2..].split_once(":]")
            {
                if !CLASSES.contains(&name.trim_start_matches('^')) {
                    return Err(format!("`[:{name}:]` is no class that RE2 knows"));
                }
                self.rest = rest;
            } else if self.rest.starts_with("\\p") || self.rest.starts_with("\\P") {
                self.next();
                self.property()?;
            } else if self.rest.starts_with('\\')
                && self.rest[1..].starts_with(['d', 'D', 's', 'S', 'w', 'W'])
            {
                self.next();
                self.next();
            } else {
                self.range()?;
            }
        }
        self.next();
        self.item(1);
        Ok(())
    }

    /// A character of a class, or a range of them.
    fn range(&mut self) -> Read {
        let low = self.member()?;
        let is_range = self
            .rest
            .strip_prefix('-')
            .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(']'));
        if !is_range {
            return Ok(());
        }
        self.next();
        match (low, self.member()?) {
            (Some(low), Some(high)) if high < low => Err(format!("the range `{low}-{high}` runs backwards")),
            _ => Ok(()),
        }
    }

    fn member(&mut self) -> Result<Option<char>, String> {
        match self.next() {
            Some('\\') => self.character(),
            other => Ok(other),
        }
    }
}
