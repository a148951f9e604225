//! What was made of names lately: most come again and again.
use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Beyond so many all are forgotten: that is rare, and what is kept stays small.
const MOST: usize = 1 << 15;

/// By name, what was made of it.
pub struct Memo<K, V>(HashMap<K, V>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// What was made of this one, or is made now.
    pub fn of<Q>(&mut self, name: &Q, make: impl FnOnce() -> V) -> V
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if let Some(known) = self.0.get(name) {
            return known.clone();
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        let new = make();
        self.0.insert(name.to_owned(), new.clone());
        new
    }
}
