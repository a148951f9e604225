//! How rare a short text is in logs: a chain of byte pairs, counted in a sample.

/// What most lines of a log look like. Only its byte pairs matter.
const SAMPLE: &str = include_str!("sample.txt");

/// Byte pairs and single bytes counted in a sample.
pub struct Rarity {
    single: Vec<f32>,
    pairs: Vec<f32>,
    total: f32,
}

impl Default for Rarity {
    fn default() -> Self {
        Self::of(SAMPLE.as_bytes())
    }
}

impl Rarity {
    /// Counts a sample: the built-in one, or a block of the log at hand.
    pub fn of(sample: &[u8]) -> Self {
        let mut single = vec![0.0; 256];
        let mut pairs = vec![0.0; 256 * 256];
        for pair in sample.windows(2) {
            if let [a, b] = *pair {
                bump(&mut single, usize::from(a));
                bump(&mut pairs, pair_index(a, b));
            }
        }
        Self {
            single,
            pairs,
            total: sample.len() as f32 + 256.0,
        }
    }

    /// The logarithm of how often the text is to be expected at one place: the lower, the rarer.
    pub fn expected(&self, text: &[u8]) -> f32 {
        let first = text.first().map_or(0.0, |b| self.share(*b).ln());
        first
            + text
                .windows(2)
                .map(|pair| {
                    if let [a, b] = *pair {
                        self.follows(a, b).ln()
                    } else {
                        0.0
                    }
                })
                .sum::<f32>()
    }

    fn share(&self, byte: u8) -> f32 {
        (count(&self.single, usize::from(byte)) + 1.0) / self.total
    }

    /// How often `b` follows `a`, smoothed by how often `b` occurs at all.
    fn follows(&self, a: u8, b: u8) -> f32 {
        let weight = 4.0;
        (count(&self.pairs, pair_index(a, b)) + weight * self.share(b))
            / (count(&self.single, usize::from(a)) + weight)
    }
}

fn pair_index(a: u8, b: u8) -> usize {
    usize::from(a) << 8 | usize::from(b)
}

fn bump(counts: &mut [f32], index: usize) {
    if let Some(count) = counts.get_mut(index) {
        *count += 1.0;
    }
}

fn count(counts: &[f32], index: usize) -> f32 {
    counts.get(index).copied().unwrap_or(0.0)
}
