//! What stands in a secret's place: in a bundle a keyed hash, equal for equal secrets; elsewhere only what it was.
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt;

/// What a bundle's secrets are hashed with, begun. It is not stored: without it nobody can try values out.
#[derive(Clone)]
pub struct Key(Hmac<Sha256>);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

impl Key {
    /// A new one, from the system's random source.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(Self::of(&bytes))
    }

    /// A known one, for bundles that must come out equal twice.
    pub fn from_text(text: &str) -> Self {
        Self::of(&Sha256::digest(text).into())
    }

    /// HMAC fills a key up to its block with zeros.
    fn of(bytes: &[u8; 32]) -> Self {
        let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
        for (to, from) in block.iter_mut().zip(bytes) {
            *to = *from;
        }
        Self(Mac::new(&block))
    }

    /// The first eight bytes of the value's HMAC-SHA256 within a domain.
    pub fn hash(&self, domain: &str, value: &[u8]) -> u64 {
        let mut mac = self.0.clone();
        mac.update(domain.as_bytes());
        mac.update(&[0]);
        mac.update(value);
        let bytes = mac.finalize().into_bytes();
        bytes
            .iter()
            .take(8)
            .fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    }
}

/// Makes the replacements and counts them by kind.
#[derive(Debug, Clone)]
pub struct Tokens {
    key: Option<Key>,
    pub counts: BTreeMap<String, u64>,
}

/// How every replacement begins.
pub const OPEN: &str = "<redacted:";

impl Tokens {
    pub fn new(key: Key) -> Self {
        Self {
            key: Some(key),
            counts: BTreeMap::new(),
        }
    }

    /// Replacements that tell nothing but the kind.
    pub fn unkeyed() -> Self {
        Self {
            key: None,
            counts: BTreeMap::new(),
        }
    }

    /// `<redacted:KIND:8 hex>`: the same secret has the same digits whatever kind it was found as. Without a key
    /// `<redacted:KIND>`.
    pub fn replace(&mut self, kind: &str, secret: &str) -> String {
        self.count(kind);
        let Some(key) = &self.key else {
            return format!("{OPEN}{kind}>");
        };
        let digits = key.hash("secret", secret.as_bytes()) >> 32;
        // Room for all of it at once: there are many of these.
        let mut new = String::with_capacity(OPEN.len() + kind.len() + 10);
        for piece in [OPEN, kind, ":"] {
            new.push_str(piece);
        }
        let digit = |shift: u32| char::from_digit(u32::try_from(digits >> (4 * shift) & 15).ok()?, 16);
        new.extend((0..8).rev().filter_map(digit));
        new.push('>');
        new
    }

    /// Counts a replacement made elsewhere.
    pub fn count(&mut self, kind: &str) {
        match self.counts.get_mut(kind) {
            Some(count) => *count += 1,
            None => _ = self.counts.insert(kind.to_owned(), 1),
        }
    }
}

/// Whether a text is a replacement already, with whatever was left standing behind it.
pub fn is_replaced(text: &str) -> bool {
    let inner = text.strip_prefix(OPEN).and_then(|rest| rest.split_once('>'));
    let Some((inner, _)) = inner else {
        return false;
    };
    let (kind, digits) = inner.split_once(':').unwrap_or((inner, "00000000"));
    let is_kind = !kind.is_empty() && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    is_kind && digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_secrets_are_equal_under_one_key_and_not_under_another() {
        let mut one = Tokens::new(Key::from_text("a"));
        let mut other = Tokens::new(Key::from_text("b"));
        let first = one.replace("env", "hunter2");
        assert_eq!(first, one.replace("env", "hunter2"));
        assert_ne!(first, one.replace("env", "hunter3"));
        assert_ne!(first, other.replace("env", "hunter2"));
        assert!(is_replaced(&Tokens::unkeyed().replace("env", "hunter2")));
        assert_eq!(first.len(), "<redacted:env:01234567>".len());
        assert!(is_replaced(&first) && !is_replaced("hunter2") && !is_replaced("<redacted:env:zz>"));
        assert_eq!(one.counts.get("env"), Some(&3));
        assert!(!format!("{one:?}").contains("97"), "the key is not shown");
    }
}
