//! Had (and maybe empty), or not collected: never confused.

/// What a collector brought. An Option would leave open whether `None` means "none" or "nobody looked".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Collected<T> {
    Had(T),
    #[default]
    NotCollected,
}

impl<T> Collected<T> {
    /// The value, where it was had.
    pub fn as_ref(&self) -> Option<&T> {
        match self {
            Self::Had(value) => Some(value),
            Self::NotCollected => None,
        }
    }

    pub fn is_had(&self) -> bool {
        matches!(self, Self::Had(_))
    }
}

impl<T> Collected<Vec<T>> {
    /// The items; none where nothing was collected. Only for callers that have asked `is_had` elsewhere.
    pub fn items(&self) -> &[T] {
        self.as_ref().map_or(&[], Vec::as_slice)
    }

    /// Adds items, turning "not collected" into "had".
    pub fn extend(&mut self, more: Vec<T>) {
        match self {
            Self::Had(items) => items.extend(more),
            Self::NotCollected => *self = Self::Had(more),
        }
    }
}
