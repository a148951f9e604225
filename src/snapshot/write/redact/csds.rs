//! The proxies' status: JSON as JSON; binary stays as it is where nothing in it is secret, else it becomes JSON.
use super::{Place, Redactor};
use crate::redact::find_marks;
use crate::snapshot::ReadError;
use crate::xds::{self, Look, Piece, Seen, Texts};

impl Redactor {
    /// A binary answer without its secrets, as JSON; `None` where it has none. What JSON cannot tell may hold any, and is left
    /// out.
    ///
    /// # Errors
    /// Where it cannot be opened.
    pub fn csds(&mut self, bytes: &[u8], origin: &str) -> Result<Option<String>, ReadError> {
        if bytes.is_empty() || self.does_nothing() || !self.worker().changes(bytes, origin)? {
            return Ok(None);
        }
        let text = xds::to_json(bytes, origin)?;
        Ok(Some(self.json(&text, Place::Config, origin)?.into_owned()))
    }

    /// Whether anything has to be taken out. Most pieces are told by their marks; the others are tried.
    fn changes(&mut self, bytes: &[u8], origin: &str) -> Result<bool, ReadError> {
        let mut texts = Texts::new();
        let mut marks = Marks::default();
        for piece in Piece::all(bytes, origin)? {
            let seen = match &mut texts {
                Some(texts) => marks.judge(&piece, texts),
                None => Seen::Telling,
            };
            let changes = match seen {
                Seen::Opaque => true,
                Seen::Plain if !self.needs_every_line() => false,
                Seen::Plain | Seen::Telling => {
                    let text = piece.to_json(origin)?;
                    self.json(&text, Place::Config, origin)? != text
                }
            };
            if changes {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Texts are gathered and searched together: a search by itself takes longer than a short text.
const ENOUGH: usize = 64 << 10;

/// Looks for marks in texts as JSON has them.
#[derive(Default)]
struct Marks {
    quoted: Vec<u8>,
    lower: Vec<u8>,
}

impl Marks {
    fn judge(&mut self, piece: &Piece, texts: &mut Texts) -> Seen {
        self.quoted.clear();
        match texts.look(&piece.bytes, piece.name, self) {
            Seen::Plain if self.any() => Seen::Telling,
            seen => seen,
        }
    }

    /// Whether what was gathered has a mark.
    fn any(&mut self) -> bool {
        let mut hits = Vec::new();
        find_marks(&self.quoted, &mut self.lower, &mut hits);
        self.quoted.clear();
        !hits.is_empty()
    }
}

impl Look for Marks {
    fn is_telling(&self, name: &str) -> bool {
        let mut hits = Vec::new();
        find_marks(format!("\"{name}\":").as_bytes(), &mut Vec::new(), &mut hits);
        !hits.is_empty()
    }

    fn text(&mut self, text: &str) -> bool {
        if serde_json::to_writer(&mut self.quoted, text).is_err() {
            return true;
        }
        self.quoted.len() > ENOUGH && self.any()
    }
}

#[cfg(test)]
mod tests;
