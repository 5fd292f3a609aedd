//! Lines and columns of byte offsets.
//!
//! In: a piece and offsets in rising order. Out: lines and columns from 1, in
//! the whole content. Each byte is looked at once, however many offsets are
//! asked, so that 200,000 findings in one file stay linear.

use crate::source::Content;

/// Finds lines and columns in one piece.
pub(super) struct Lines<'a> {
    bytes: &'a [u8],
    /// Up to where line ends are counted.
    counted: usize,
    line: u64,
    /// The column, from 1, of the byte at `counted`.
    column: u64,
    ends_with_cr: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(content: &Content<'a>) -> Self {
        Self {
            bytes: content.bytes,
            counted: 0,
            line: content.start.line,
            column: content.start.column,
            ends_with_cr: has_cr_line_ends(content.bytes),
        }
    }

    /// The line and column of `at`, which must not lie before the last one
    /// asked for.
    pub(super) fn place(&mut self, at: usize) -> (u64, u64) {
        let piece = &self.bytes[self.counted.min(at)..at];
        let mark = if self.ends_with_cr { b'\r' } else { b'\n' };
        let mut last = None;
        for newline in memchr::memchr_iter(mark, piece) {
            self.line += 1;
            last = Some(newline);
        }
        self.column = match last {
            Some(newline) => (piece.len() - newline) as u64,
            None => self.column + piece.len() as u64,
        };
        self.counted = at;
        (self.line, self.column)
    }
}

/// Whether lines end with a carriage return alone, as on old Macintoshes.
fn has_cr_line_ends(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(64 * 1024)];
    memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some()
}
