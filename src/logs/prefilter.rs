//! The first stage: lines that may match, found by a short rare piece of each signature, at the speed of memory.
use super::literals::{self, Clause, MIN_PIECE, Need, Text, Word};
use super::rarity::Rarity;
use aho_corasick::{AhoCorasick, Span, packed};
use memchr::memmem::{self, Finder};
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
}

/// How often candidates turn out to match nothing.
#[derive(Debug, Default)]
pub struct Rate {
    lines: u64,
    refused: u64,
}

/// The second look at a line: all clauses of a signature.
struct Check(Vec<Vec<(Finder<'static>, Option<Word>)>>);

struct Searcher {
    engine: Engine,
    /// By pattern: of whom one must agree.
    owners: Vec<Vec<Owner>>,
}

/// A signature that a piece stands for.
#[derive(Debug, Clone)]
struct Owner {
    check: usize,
    /// Where the piece is cut from a JSON key: how far behind its start the key ends, and what the value must hold. It spares
    /// most lines of a JSON access log the second look.
    value: Option<(usize, Vec<u8>)>,
}

type Pieces = Vec<(Vec<u8>, Vec<Owner>)>;

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
        };
        filter.cut(&Rarity::default());
        filter
    }

    /// Whether every line is a candidate.
    pub fn takes_all(&self) -> bool {
        self.all
    }

    /// The lines of the block that may match, without their newline, in order; returns how many hits were refused. Which lines
    /// these are does not depend on the pieces chosen.
    pub fn candidates(&self, block: &[u8], found: &mut Vec<Range<usize>>) -> u64 {
        let refused = self
            .searchers
            .iter()
            .map(|searcher| searcher.candidates(block, &self.checks, found))
            .sum();
        if self.searchers.len() > 1 {
            found.sort_unstable_by_key(|line| line.start);
            found.dedup();
        }
        refused
    }

    /// How often the pieces were chosen.
    pub fn cuts(&self) -> u32 {
        self.cuts
    }

    /// Chooses other pieces, if that may help: longer ones, rare in this block.
    pub fn adapt(&mut self, block: &[u8]) {
        if self.cuts < MAX_CUTS && !self.all {
            self.cuts += 1;
            self.cut(&Rarity::of(block));
        }
    }

    fn cut(&mut self, rarity: &Rarity) {
        let length = MIN_PIECE << (self.cuts / 2);
        let mut pieces: BTreeMap<Vec<u8>, Vec<Owner>> = BTreeMap::new();
        for (check, need) in self.needs.iter().enumerate() {
            for (piece, value) in best_pieces(need, rarity, length) {
                pieces
                    .entry(piece.to_vec())
                    .or_default()
                    .push(Owner { check, value });
            }
        }
        let pieces: Pieces = pieces.into_iter().collect();
        self.searchers = pieces.chunks(MAX_PIECES).filter_map(Searcher::new).collect();
        // An engine that cannot be built leaves the slow road, which is correct.
        self.all |= self.searchers.len() != pieces.len().div_ceil(MAX_PIECES);
    }
}

impl Rate {
    /// Counts a block's lines and false candidates. Whether the pieces are bad: more than 5 % of the lines were false candidates.
    pub fn is_bad(&mut self, lines: u64, refused: u64) -> bool {
        self.lines += lines;
        self.refused += refused;
        if self.lines < WINDOW {
            return false;
        }
        let Self { lines, refused } = std::mem::take(self);
        refused * 20 > lines
    }
}

/// What a piece's owner adds to it.
type Gate = Option<(usize, Vec<u8>)>;
type Cut<'a> = Vec<(&'a [u8], Gate)>;

/// The pieces of the clause whose pieces are least to be expected.
fn best_pieces<'a>(need: &'a Need, rarity: &Rarity, length: usize) -> Cut<'a> {
    let mut best: Option<(f32, Cut)> = None;
    for clause in need.0.iter().filter(|clause| literals::is_searchable(clause)) {
        let mut expect = 0.0;
        let mut pieces = Vec::new();
        for text in clause {
            if let Some((at, piece, expected)) = rarest_window(&text.bytes, rarity, length) {
                let gate = match &text.word {
                    Some(Word::InValue(word)) => Some((text.bytes.len() - at, word.clone())),
                    _ => None,
                };
                expect += expected.exp();
                pieces.push((piece, gate));
            }
        }
        if best.as_ref().is_none_or(|(least, _)| expect < *least) {
            best = Some((expect, pieces));
        }
    }
    best.map(|(_, pieces)| pieces).unwrap_or_default()
}

fn rarest_window<'a>(text: &'a [u8], rarity: &Rarity, length: usize) -> Option<(usize, &'a [u8], f32)> {
    text.windows(length.min(text.len()))
        .enumerate()
        .map(|(at, window)| (at, window, rarity.expected(window)))
        .min_by(|a, b| a.2.total_cmp(&b.2))
}

impl Owner {
    /// Whether the value after the key, if the piece is cut from one, has the word.
    fn gate(&self, block: &[u8], hit: usize) -> bool {
        self.value.as_ref().is_none_or(|(behind, word)| {
            let after = block.get(hit + behind..).unwrap_or_default();
            literals::list_has(literals::value_after(after), word)
        })
    }
}

impl Searcher {
    fn new(pieces: &[(Vec<u8>, Vec<Owner>)]) -> Option<Self> {
        // Of pieces that begin at one place only one is reported: it stands for all that share its beginning.
        let owners = pieces
            .iter()
            .map(|(piece, _)| {
                let together = pieces
                    .iter()
                    .filter(|(p, _)| p.starts_with(piece) || piece.starts_with(p));
                together.flat_map(|(_, owners)| owners.iter().cloned()).collect()
            })
            .collect();
        let texts = || pieces.iter().map(|(piece, _)| piece);
        let engine = match packed::Config::new()
            .only_teddy(true)
            .builder()
            .extend(texts())
            .build()
        {
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
            let owners = self.owners.get(piece).map_or(&[] as &[Owner], Vec::as_slice);
            if !owners.iter().any(|owner| owner.gate(block, start)) {
                at = start + 1;
                continue;
            }
            if start >= line.end {
                line = line_around(block, start);
                refused = 0;
            }
            let bit = 1u64 << (piece % MAX_PIECES);
            let holds = refused & bit == 0 && {
                let text = block.get(line.clone()).unwrap_or_default();
                owners.iter().any(|owner| {
                    owner.gate(block, start) && checks.get(owner.check).is_some_and(|check| check.holds(text))
                })
            };
            if holds {
                at = line.end + 1;
                found.push(line.clone());
            } else {
                refusals += 1;
                // With gates the next hit in the line may be another's.
                if owners.iter().all(|owner| owner.value.is_none()) {
                    refused |= bit;
                }
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
        let span = Span {
            start: at,
            end: block.len(),
        };
        match self {
            Self::Teddy(teddy) => teddy
                .find_in(block, span)
                .map(|hit| (hit.pattern().as_usize(), hit.start())),
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
        let text = |text: &Text| (Finder::new(&text.bytes).into_owned(), text.word.clone());
        Self(
            need.0
                .iter()
                .map(|clause: &Clause| clause.iter().map(text).collect())
                .collect(),
        )
    }

    fn holds(&self, line: &[u8]) -> bool {
        self.0.iter().all(|clause| {
            clause.iter().any(|(text, word)| match word {
                None => text.find(line).is_some(),
                Some(Word::InLine(word)) => text.find(line).is_some() && has_word(line, word),
                Some(Word::InValue(word)) => text.find_iter(line).any(|at| {
                    let after = line.get(at + text.needle().len()..).unwrap_or_default();
                    literals::list_has(literals::value_after(after), word)
                }),
            })
        })
    }
}

fn has_word(line: &[u8], word: &[u8]) -> bool {
    let letter = |at: Option<usize>| {
        at.and_then(|i| line.get(i))
            .is_some_and(u8::is_ascii_alphanumeric)
    };
    memmem::find_iter(line, word).any(|at| !letter(at.checked_sub(1)) && !letter(Some(at + word.len())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn lines(filter: &Prefilter, block: &str) -> Vec<String> {
        let mut found = Vec::new();
        filter.candidates(block.as_bytes(), &mut found);
        found
            .into_iter()
            .map(|line| block.get(line).unwrap().to_owned())
            .collect()
    }

    #[test]
    fn a_piece_that_turns_out_common_is_left_for_another() {
        let mut filter = Prefilter::new(vec![literals::of_pattern("zqxjkv-started")]);
        let block = "a zqxjkv in each line\n".repeat(5000) + "zqxjkv-started\n";
        assert_eq!(lines(&filter, &block), ["zqxjkv-started"]);
        let refused = filter.candidates(block.as_bytes(), &mut Vec::new());
        assert!(Rate::default().is_bad(5001, refused));
        filter.adapt(block.as_bytes());
        assert_eq!(lines(&filter, &block), ["zqxjkv-started"]);
        assert_eq!(filter.candidates(block.as_bytes(), &mut Vec::new()), 0);
    }

    #[test]
    fn a_line_is_found_once_and_by_any_of_more_than_one_searcher() {
        let words: Vec<String> = (0..150).map(|n| format!("w{n:03}x")).collect();
        let filter = Prefilter::new(words.iter().map(|word| literals::of_pattern(word)).collect());
        assert_eq!(filter.searchers.len(), 3);
        let block = words
            .chunks(2)
            .map(|pair| pair.join(" ") + "\nother\n")
            .collect::<String>();
        assert_eq!(lines(&filter, &block).len(), 75);
    }

    #[test]
    fn a_json_key_counts_only_with_its_value() {
        let filter = Prefilter::new(vec![Need::default().and_clause(literals::of_flag("UF"))]);
        let found = r#"{"response_flags":"URX,UF"}
{"t":"{\"response_flags\": \"UF\"}"}
{"labels":{"response_flag": "UF"}}
HTTP/1.1\" 503 UF,URX x
HTTP/1.1" 503 URX,UF 0"#;
        let other = "{\"response_flags\":\"-\",\"x\":\"UF\"}\n503 UFX x\n";
        assert_eq!(
            lines(&filter, &format!("{other}{found}\n{other}")).join("\n"),
            found
        );
    }
}
