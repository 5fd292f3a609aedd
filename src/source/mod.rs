//! Where contents come from.
//!
//! In: a scope that the operator named. Out: every [`Content`] in which the
//! prefilter can match (a source may deliver more), a [`Skip`] for everything
//! in scope that was not read, and counts. A source knows nothing of rules
//! beyond the prefilter, and nothing of findings.

pub mod container;
pub mod history;
pub mod path;
mod pieces;
pub mod push;
pub mod range;
pub mod stdin;
mod whole;
pub mod worktree;

use std::sync::Arc;

use crate::decode::LineEnds;
use crate::finding::{Origin, Skip, Tally};

/// A piece of one content, with enough around it for detection.
///
/// A content that fits a buffer is one piece. A larger one is delivered in
/// pieces that overlap: a hit belongs to the piece whose `own` range holds its
/// literal's first byte, so that none is lost and none counted twice.
#[derive(Debug, Clone)]
pub struct Content<'a> {
    /// Where the bytes came from.
    pub origin: &'a Arc<Origin>,
    /// The bytes of this piece.
    pub bytes: &'a [u8],
    /// The part of `bytes`, half-open, in which this piece answers for hits.
    pub own: std::ops::Range<usize>,
    /// Where the piece begins in the whole content.
    pub start: Position,
}

impl<'a> Content<'a> {
    /// A content in one piece.
    #[must_use]
    pub fn whole(origin: &'a Arc<Origin>, bytes: &'a [u8]) -> Self {
        Self { origin, bytes, own: 0..bytes.len(), start: Position::default() }
    }
}

/// The place of a piece's first byte in the whole content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Bytes before it.
    pub offset: u64,
    /// Its line, from 1.
    pub line: u64,
    /// Its column, from 1, in bytes.
    pub column: u64,
}

impl Default for Position {
    fn default() -> Self {
        Self { offset: 0, line: 1, column: 1 }
    }
}

impl Position {
    /// Moves past the first `length` of `bytes`, whose lines end as their head
    /// shows: in UTF-16 and UTF-32, and with `\r` alone.
    pub fn pass_lines(&mut self, bytes: &[u8], length: usize) {
        let ends = LineEnds::of(bytes, self.offset);
        if ends.are_plain() {
            return self.pass(&bytes[..length]);
        }
        let mut counted = 0;
        while let Some(end) = ends.next(bytes, counted.min(length)..length)
            && end <= length
        {
            self.line += 1;
            self.column = 1;
            counted = end;
        }
        self.column += (length - counted) as u64;
        self.offset += length as u64;
    }

    /// Moves past `bytes`: a line ends after its `\n`.
    pub fn pass(&mut self, bytes: &[u8]) {
        self.offset += bytes.len() as u64;
        match memchr::memrchr(b'\n', bytes) {
            None => self.column += bytes.len() as u64,
            Some(last) => {
                self.line += memchr::memchr_iter(b'\n', bytes).count() as u64;
                self.column = (bytes.len() - last) as u64;
            }
        }
    }
}

/// Takes what a source yields; called from many threads at once.
pub trait Sink: Sync {
    /// A content that may hold a candidate.
    fn content(&self, content: Content<'_>);
    /// Something in scope that was not read.
    fn skip(&self, skip: Skip);
    /// More was read.
    fn count(&self, tally: Tally);
    /// Whether some content held a key: a source then keeps what tells where it comes
    /// from.
    fn has_found(&self) -> bool {
        true
    }
    /// Whether the operator asked to stop; a source returns soon after.
    fn is_cancelled(&self) -> bool {
        false
    }
}
