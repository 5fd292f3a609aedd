//! The literals of all rules in one searcher.
//!
//! In: the literals that rules require. Out: for any piece of bytes, whether
//! detection could find anything in it, and where the literals stand. A source
//! promises to deliver every content in which the prefilter can match; how it
//! keeps the promise is its own affair.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

/// A text that a rule's match always holds, ASCII case folded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Literal(String);

impl Literal {
    /// Takes a literal of at least three ASCII bytes; shorter ones would make
    /// nearly every content a candidate.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        (text.len() >= 3 && text.is_ascii()).then(|| Self(text.to_ascii_lowercase()))
    }

    /// The literal in lower case.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Where a literal stands in some bytes, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiteralHit {
    /// Which literal, by its index in the list given to [`Prefilter::new`].
    pub literal: usize,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// A byte that no literal holds, in any encoding: pieces parted by it can be
/// searched as one.
pub const SEPARATOR: u8 = 0xff;

/// How many bytes of a content's start may mark a container.
pub const HEAD_BYTES: usize = 265;

/// How many bytes of a content's end may mark a container.
pub const TAIL_BYTES: usize = 22;

/// All literals in one searcher.
#[derive(Debug)]
pub struct Prefilter {
    searcher: Option<AhoCorasick>,
    longest: usize,
    takes_everything: bool,
}

impl Prefilter {
    /// Builds the searcher. `takes_everything` says that some rule has no
    /// required literal, so that every content is a candidate.
    #[must_use]
    pub fn new(literals: &[Literal], takes_everything: bool) -> Self {
        let searcher = (!literals.is_empty()).then(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .match_kind(MatchKind::Standard)
                .kind(Some(AhoCorasickKind::DFA))
                .build(literals.iter().map(Literal::text))
                .expect("a few short literals fit an automaton")
        });
        let longest = literals.iter().map(|literal| literal.text().len()).max().unwrap_or(0);
        Self { searcher, longest, takes_everything }
    }

    /// Whether detection could find anything in `bytes`: a literal stands in
    /// them, or they are a container, or some rule has no literal.
    #[must_use]
    pub fn is_candidate(&self, bytes: &[u8]) -> bool {
        let tail = bytes.len().saturating_sub(TAIL_BYTES);
        self.takes_everything
            || marks_container(&bytes[..bytes.len().min(HEAD_BYTES)], &bytes[tail..])
            || self.holds_literal(bytes)
    }

    /// Whether a literal stands in `bytes`, which may be any part of a content.
    #[must_use]
    pub fn holds_literal(&self, bytes: &[u8]) -> bool {
        self.searcher.as_ref().is_some_and(|searcher| searcher.is_match(bytes))
    }

    /// Whether every content is a candidate, because some rule has no literal.
    #[must_use]
    pub fn takes_everything(&self) -> bool {
        self.takes_everything
    }

    /// The length in bytes of the longest literal: two pieces that overlap by
    /// one byte less lose no hit between them.
    #[must_use]
    pub fn longest_bytes(&self) -> usize {
        self.longest
    }

    /// Every hit, overlapping ones included, in the order of their ends.
    pub fn hits<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = LiteralHit> + 'a {
        self.searcher.iter().flat_map(move |searcher| {
            searcher.find_overlapping_iter(bytes).map(|hit| LiteralHit {
                literal: hit.pattern().as_usize(),
                start: hit.start(),
                end: hit.end(),
            })
        })
    }
}

/// Whether a content that begins and ends so may hold others, packed so that no
/// literal shows.
///
/// Takes up to [`HEAD_BYTES`] of its start and [`TAIL_BYTES`] of its end; a
/// shorter content gives all that it has.
#[must_use]
pub fn marks_container(head: &[u8], tail: &[u8]) -> bool {
    /// Signatures at the very start: zip (an entry, an empty archive, a split
    /// one), gzip, bzip2, xz, zstd, PDF, SQLite.
    const HEADS: [&[u8]; 9] = [
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"PK\x07\x08",
        b"\x1f\x8b\x08",
        b"BZh",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"%PDF-",
        b"SQLite format 3\0",
    ];
    /// Where a tar header says that it is one.
    const TAR_AT: usize = 257;
    HEADS.iter().any(|signature| head.starts_with(signature))
        || head.get(TAR_AT..).is_some_and(|rest| rest.starts_with(b"ustar"))
        || tail.windows(4).any(|window| window == b"PK\x05\x06")
}
