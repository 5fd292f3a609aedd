//! Lines and columns of byte offsets.
//!
//! In: a piece and offsets in rising order. Out: lines and columns from 1, in
//! the whole content. Each byte is looked at once, however many offsets are
//! asked, so that 200,000 findings in one file stay linear.

use crate::decode::LineEnds;
use crate::source::Content;

/// Finds lines and columns in one piece.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    ends: LineEnds,
    /// Up to where line ends are counted.
    counted: usize,
    line: u64,
    /// The column, from 1, of the byte at `counted`.
    column: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(content: &Content<'a>) -> Self {
        Self {
            bytes: content.bytes,
            ends: LineEnds::of(content.bytes, content.start.offset),
            counted: 0,
            line: content.start.line,
            column: content.start.column,
        }
    }

    /// The line and column of `at`, which must not lie before the last one
    /// asked for.
    pub(super) fn place(&mut self, at: usize) -> (u64, u64) {
        while let Some(end) = self.ends.next(self.bytes, self.counted.min(at)..at)
            && end <= at
        {
            self.line += 1;
            self.column = 1;
            self.counted = end;
        }
        self.column += at.saturating_sub(self.counted) as u64;
        self.counted = self.counted.max(at);
        (self.line, self.column)
    }
}
