//! The first stage: lines that may match, found by a short rare piece of each signature, at the speed of memory.
use super::literals::{self, Clause, MIN_PIECE, Need, Text};
use super::rarity::Rarity;
use aho_corasick::{AhoCorasick, Span, packed};
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use std::collections::BTreeMap;
use std::ops::Range;

/// What one Teddy searcher holds at full speed.
const MAX_PIECES: usize = 64;
/// How often the pieces are chosen anew before what is common is taken as it is.
const MAX_CUTS: u32 = 4;
/// Lines between two looks at the rate of false candidates.
const WINDOW: u64 = 4096;

/// Finds candidate lines in a block.
pub struct Prefilter {
    needs: Vec<Need>,
    checks: Vec<Check>,
    searchers: Vec<Searcher>,
    /// Some signature has no literal: every line is a candidate.
    all: bool,
    cuts: u32,
    lines: u64,
    false_candidates: u64,
}

/// The second look at a line: all clauses of a signature.
struct Check(Vec<Vec<(Finder<'static>, Option<Finder<'static>>)>>);

struct Searcher {
    engine: Engine,
    /// By pattern: the checks of which one must hold.
    owners: Vec<Vec<usize>>,
}

enum Engine {
    Teddy(packed::Searcher),
    /// Where the machine has no vector instructions for Teddy.
    Automaton(Box<AhoCorasick>),
}

impl Prefilter {
    /// A prefilter for signatures that need this.
    pub fn new(needs: Vec<Need>) -> Self {
        let mut filter = Self {
            all: needs.iter().any(|need| !need.is_searchable()),
            checks: needs.iter().map(Check::new).collect(),
            needs,
            searchers: Vec::new(),
            cuts: 0,
            lines: 0,
            false_candidates: 0,
        };
        filter.cut(&Rarity::default());
        filter
    }

    /// Whether every line is a candidate.
    pub fn takes_all(&self) -> bool {
        self.all
    }

    /// The lines of the block that may match, without their newline, in order.
    pub fn candidates(&mut self, block: &[u8], found: &mut Vec<Range<usize>>) {
        found.clear();
        for searcher in &self.searchers {
            self.false_candidates += searcher.candidates(block, &self.checks, found);
        }
        if self.searchers.len() > 1 {
            found.sort_unstable_by_key(|line| line.start);
            found.dedup();
        }
    }

    /// Counts a candidate that turned out to match nothing.
    pub fn was_false(&mut self) {
        self.false_candidates += 1;
    }

    /// Told how many lines went by, chooses other pieces if more than 5 % of them were false candidates: longer ones, rare in
    /// this block.
    pub fn adapt(&mut self, block: &[u8], lines: u64) {
        self.lines += lines;
        if self.lines < WINDOW || self.all {
            return;
        }
        if self.false_candidates * 20 > self.lines && self.cuts < MAX_CUTS {
            self.cuts += 1;
            self.cut(&Rarity::of(block));
        }
        self.lines = 0;
        self.false_candidates = 0;
    }

    fn cut(&mut self, rarity: &Rarity) {
        let length = MIN_PIECE << (self.cuts / 2);
        let mut pieces: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
        for (index, need) in self.needs.iter().enumerate() {
            for piece in best_pieces(need, rarity, length) {
                pieces.entry(piece).or_default().push(index);
            }
        }
        let pieces: Vec<(Vec<u8>, Vec<usize>)> = pieces.into_iter().collect();
        self.searchers = pieces.chunks(MAX_PIECES).filter_map(Searcher::new).collect();
        // An engine that cannot be built leaves the slow road, which is correct.
        self.all |= self.searchers.len() != pieces.len().div_ceil(MAX_PIECES);
    }
}

/// The pieces of the clause whose pieces are least to be expected.
fn best_pieces(need: &Need, rarity: &Rarity, length: usize) -> Vec<Vec<u8>> {
    let mut best: Option<(f32, Vec<Vec<u8>>)> = None;
    for clause in need.0.iter().filter(|clause| literals::is_searchable(clause)) {
        let pieces: Vec<(f32, &[u8])> =
            clause.iter().filter_map(|text| rarest_window(&text.bytes, rarity, length)).collect();
        let expect = pieces.iter().map(|(expect, _)| expect.exp()).sum();
        if best.as_ref().is_none_or(|(least, _)| expect < *least) {
            best = Some((expect, pieces.iter().map(|(_, piece)| piece.to_vec()).collect()));
        }
    }
    best.map(|(_, pieces)| pieces).unwrap_or_default()
}

fn rarest_window<'a>(text: &'a [u8], rarity: &Rarity, length: usize) -> Option<(f32, &'a [u8])> {
    text.windows(length.min(text.len()))
        .map(|window| (rarity.expect(window), window))
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

impl Searcher {
    fn new(pieces: &[(Vec<u8>, Vec<usize>)]) -> Option<Self> {
        // Of pieces that begin at one place only one is reported: it stands for all that share its beginning.
        let owners = pieces
            .iter()
            .map(|(piece, _)| {
                let together = pieces.iter().filter(|(p, _)| p.starts_with(piece) || piece.starts_with(p));
                together.flat_map(|(_, owners)| owners.iter().copied()).collect()
            })
            .collect();
        let texts = || pieces.iter().map(|(piece, _)| piece);
        let engine = match packed::Config::new().only_teddy(true).builder().extend(texts()).build() {
            Some(teddy) => Engine::Teddy(teddy),
            None => Engine::Automaton(Box::new(AhoCorasick::new(texts()).ok()?)),
        };
        Some(Self { engine, owners })
    }

    /// Adds the candidate lines; returns how many hits the second look refused.
    fn candidates(&self, block: &[u8], checks: &[Check], found: &mut Vec<Range<usize>>) -> u64 {
        let mut at = 0;
        let mut line = 0..0;
        let mut refused: u64 = 0;
        let mut refusals = 0;
        while let Some((piece, start)) = self.engine.find(block, at) {
            if start >= line.end {
                line = line_around(block, start);
                refused = 0;
            }
            let bit = 1u64 << (piece % MAX_PIECES);
            let holds = refused & bit == 0 && {
                let text = block.get(line.clone()).unwrap_or_default();
                let owners = self.owners.get(piece).map_or(&[] as &[usize], Vec::as_slice);
                owners.iter().any(|owner| checks.get(*owner).is_some_and(|check| check.holds(text)))
            };
            if holds {
                at = line.end + 1;
                found.push(line.clone());
            } else {
                refusals += 1;
                refused |= bit;
                at = start + 1;
            }
        }
        refusals
    }
}

impl Engine {
    fn find(&self, block: &[u8], at: usize) -> Option<(usize, usize)> {
        if at >= block.len() {
            return None;
        }
        let span = Span { start: at, end: block.len() };
        match self {
            Self::Teddy(teddy) => teddy.find_in(block, span).map(|hit| (hit.pattern().as_usize(), hit.start())),
            Self::Automaton(automaton) => automaton
                .find(aho_corasick::Input::new(block).span(span))
                .map(|hit| (hit.pattern().as_usize(), hit.start())),
        }
    }
}

/// The line that holds the byte at `at`, without its newline.
fn line_around(block: &[u8], at: usize) -> Range<usize> {
    let (before, after) = block.split_at(at.min(block.len()));
    let start = memrchr(b'\n', before).map_or(0, |i| i + 1);
    let end = memchr(b'\n', after).map_or(block.len(), |i| at + i);
    start..end
}

impl Check {
    fn new(need: &Need) -> Self {
        let finder = |bytes: &[u8]| Finder::new(bytes).into_owned();
        let text = |text: &Text| (finder(&text.bytes), text.word.as_deref().map(finder));
        Self(need.0.iter().map(|clause: &Clause| clause.iter().map(text).collect()).collect())
    }

    fn holds(&self, line: &[u8]) -> bool {
        self.0.iter().all(|clause| {
            clause.iter().any(|(text, word)| {
                text.find(line).is_some() && word.as_ref().is_none_or(|word| has_word(line, word))
            })
        })
    }
}

fn has_word(line: &[u8], word: &Finder) -> bool {
    let letter = |at: Option<usize>| at.and_then(|i| line.get(i)).is_some_and(u8::is_ascii_alphanumeric);
    word.find_iter(line)
        .any(|at| !letter(at.checked_sub(1)) && !letter(Some(at + word.needle().len())))
}
