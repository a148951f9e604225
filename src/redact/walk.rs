//! JSON text gone through string by string: what is replaced is replaced in place, all else stays byte for byte, so that
//! unknown fields, their order and the blanks between them are as the API gave them.
use std::borrow::Cow;
use std::ops::Range;

/// Objects and arrays within one another; no answer comes near, and it bounds what is kept of the way.
const MAX_DEPTH: usize = 5_000;

/// One object or array on the way to a value.
#[derive(Debug, Default, Clone)]
pub struct Frame<'t> {
    /// In an object: the field that is being read. In an array: empty.
    pub key: Cow<'t, str>,
    /// In an object: what its field `name` or `key` said, if that came first.
    pub name: Cow<'t, str>,
    /// In an array: the text before this one.
    pub before: Cow<'t, str>,
    pub is_array: bool,
    wants_key: bool,
}

/// What is asked about each text, and where it stands between its quotes.
pub trait Visitor {
    /// A string value's replacement.
    fn string(&mut self, way: &[Frame], text: &str, at: Range<usize>) -> Option<String>;
    /// A number's or boolean's replacement, which becomes a string.
    fn scalar(&mut self, way: &[Frame], text: &str) -> Option<String>;
    /// A field name's replacement.
    fn key(&mut self, name: &str, at: Range<usize>) -> Option<String>;
}

/// The text is no JSON, from this byte on.
#[derive(Debug, PartialEq, Eq)]
pub struct NotJson(pub usize);

/// The text with all replacements made; borrowed where there were none. Several values may follow one another.
pub fn rewrite<'t>(text: &'t str, visitor: &mut dyn Visitor) -> Result<Cow<'t, str>, NotJson> {
    let mut walk = Walk {
        text,
        at: 0,
        copied: 0,
        out: Vec::new(),
        way: Vec::new(),
    };
    walk.run(visitor)?;
    if walk.copied == 0 {
        return Ok(Cow::Borrowed(text));
    }
    let rest = text.get(walk.copied..).unwrap_or_default();
    walk.out.extend_from_slice(rest.as_bytes());
    let new = String::from_utf8(walk.out);
    new.map(Cow::Owned).map_err(|_| NotJson(text.len()))
}

struct Walk<'t> {
    text: &'t str,
    at: usize,
    /// Up to here the text is in `out`.
    copied: usize,
    out: Vec<u8>,
    way: Vec<Frame<'t>>,
}

impl<'t> Walk<'t> {
    fn run(&mut self, visitor: &mut dyn Visitor) -> Result<(), NotJson> {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                b'{' | b'[' => self.enter(*byte == b'[')?,
                b'}' | b']' => self.leave(*byte == b']')?,
                b':' => self.at += 1,
                b',' => self.next()?,
                b'"' => self.string(visitor)?,
                _ => self.scalar(visitor)?,
            }
        }
        if self.way.is_empty() {
            Ok(())
        } else {
            Err(NotJson(self.at))
        }
    }

    fn enter(&mut self, is_array: bool) -> Result<(), NotJson> {
        if self.way.len() >= MAX_DEPTH {
            return Err(NotJson(self.at));
        }
        self.way.push(Frame {
            is_array,
            wants_key: !is_array,
            ..Frame::default()
        });
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self, is_array: bool) -> Result<(), NotJson> {
        match self.way.pop() {
            Some(frame) if frame.is_array == is_array => {
                self.at += 1;
                Ok(())
            }
            _ => Err(NotJson(self.at)),
        }
    }

    fn next(&mut self) -> Result<(), NotJson> {
        let frame = self.way.last_mut().ok_or(NotJson(self.at))?;
        frame.wants_key = !frame.is_array;
        self.at += 1;
        Ok(())
    }

    fn string(&mut self, visitor: &mut dyn Visitor) -> Result<(), NotJson> {
        let start = self.at;
        let text = self.quoted()?;
        let at = start + 1..self.at - 1;
        if let Some(frame) = self.way.last_mut()
            && frame.wants_key
        {
            frame.wants_key = false;
            if let Some(new) = visitor.key(&text, at) {
                self.put(start, &new);
            }
            if let Some(frame) = self.way.last_mut() {
                frame.key = text;
            }
            return Ok(());
        }
        if let Some(new) = visitor.string(&self.way, &text, at) {
            self.put(start, &new);
        }
        if let Some(frame) = self.way.last_mut() {
            if frame.is_array {
                frame.before = text;
            } else if frame.key.eq_ignore_ascii_case("name") || frame.key.eq_ignore_ascii_case("key") {
                frame.name = text;
            }
        }
        Ok(())
    }

    fn scalar(&mut self, visitor: &mut dyn Visitor) -> Result<(), NotJson> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let goes_on = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.');
        let length = rest.bytes().take_while(goes_on).count();
        let wants_key = self.way.last().is_some_and(|frame| frame.wants_key);
        if length == 0 || wants_key {
            return Err(NotJson(start));
        }
        self.at += length;
        let text = rest.get(..length).unwrap_or_default();
        if text != "null"
            && let Some(new) = visitor.scalar(&self.way, text)
        {
            self.put(start, &new);
        }
        Ok(())
    }

    /// The text that a string stands for, and on behind it.
    fn quoted(&mut self) -> Result<Cow<'t, str>, NotJson> {
        let start = self.at;
        let bytes = self.text.as_bytes();
        let (mut at, mut has_escapes) = (start + 1, false);
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            at += memchr::memchr2(b'"', b'\\', rest).ok_or(NotJson(start))?;
            if bytes.get(at) == Some(&b'"') {
                break;
            }
            has_escapes = true;
            at += 2;
        }
        self.at = at + 1;
        let raw = self.text.get(start + 1..at).ok_or(NotJson(start + 1))?;
        let decoded = || serde_json::from_str(self.text.get(start..=at)?).ok();
        // As it is written where an escape in it is none.
        let decoded = has_escapes.then(decoded).flatten();
        Ok(decoded.map_or(Cow::Borrowed(raw), Cow::Owned))
    }

    /// Replaces what lies between `start` and here.
    fn put(&mut self, start: usize, new: &str) {
        if self.copied == 0 {
            self.out.reserve(self.text.len() + new.len());
        }
        let before = self.text.get(self.copied..start).unwrap_or_default();
        self.out.extend_from_slice(before.as_bytes());
        put_text(&mut self.out, new);
        self.copied = self.at;
    }
}

/// A text as JSON writes it.
pub fn put_text(out: &mut Vec<u8>, text: &str) {
    // It always has such a form, and there always is room for it.
    _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Replaces what is called `secret`, and tells the way to it.
    struct Seeker(Vec<String>);

    impl Visitor for Seeker {
        fn string(&mut self, way: &[Frame], text: &str, _: Range<usize>) -> Option<String> {
            let way: Vec<&str> = way
                .iter()
                .map(|f| if f.is_array { "[]" } else { &f.key })
                .collect();
            self.0.push(way.join("."));
            (text == "secret\n").then(|| "ne\"w".into())
        }
        fn scalar(&mut self, _: &[Frame], text: &str) -> Option<String> {
            (text == "42").then(|| "n".into())
        }
        fn key(&mut self, name: &str, _: Range<usize>) -> Option<String> {
            (name == "old").then(|| "new".into())
        }
    }

    #[test]
    fn only_what_is_replaced_changes() {
        let text = "{ \"z\" :[1,42, {\"b\":\"secret\\n\"}],\"old\":null,\"a\":\"\\u00e9\\\"\"}\n{}";
        let mut seeker = Seeker(Vec::new());
        let new = rewrite(text, &mut seeker).unwrap();
        assert_eq!(
            new,
            "{ \"z\" :[1,\"n\", {\"b\":\"ne\\\"w\"}],\"new\":null,\"a\":\"\\u00e9\\\"\"}\n{}"
        );
        assert_eq!(seeker.0, ["z.[].b", "a"]);
        let same = rewrite("[\"x\", {\"y\": 1e-5}]", &mut Seeker(Vec::new())).unwrap();
        assert!(matches!(same, Cow::Borrowed(_)));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in ["{\"a\":", "{\"a\"]", "\"x", "{1:2}", ",", "hello world", "\"\\"] {
            let bad = rewrite(text, &mut Seeker(Vec::new()));
            // A lone word is taken for a scalar; the second then has no place only for a parser that judges.
            assert!(bad.is_err() || text == "hello world", "{text}");
        }
    }
}
