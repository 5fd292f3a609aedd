//! Where lines end, in files of any encoding.
//!
//! In: the bytes of a piece and where it begins in its content. Out: the ends
//! of its lines, each one past the whole unit of the mark.

use std::ops::Range;

use super::wide;
use crate::rule::Wide;

/// How many bytes decide what ends a line.
const SAMPLE_BYTES: usize = 64 << 10;

/// What ends a line in one content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LineEnds {
    /// `\n`, or `\r` where lines end with that alone, as on old Macintoshes.
    mark: u8,
    /// The units of the text, where they are wider than a byte.
    wide: Option<Wide>,
    /// Where in the piece the first whole unit begins.
    first: usize,
}

impl LineEnds {
    /// Looks at the head of a piece that begins `offset` bytes into its
    /// content.
    #[must_use]
    pub fn of(bytes: &[u8], offset: u64) -> Self {
        let head = &bytes[..bytes.len().min(SAMPLE_BYTES)];
        let shift = (4 - (offset % 4) as usize) % 4;
        let wide = head.get(shift..).and_then(wide::of);
        let first = wide.map_or(0, |wide| shift % wide.unit_bytes());
        let mut ends = Self { mark: b'\n', wide, first };
        if ends.next(head, 0..head.len()).is_none() {
            ends.mark = b'\r';
            if ends.next(head, 0..head.len()).is_none() {
                ends.mark = b'\n';
            }
        }
        ends
    }

    /// The units of the text, where they are wider than a byte.
    #[must_use]
    pub fn wide(&self) -> Option<Wide> {
        self.wide
    }

    /// Whether every `\n` ends a line and nothing else does.
    #[must_use]
    pub fn are_plain(&self) -> bool {
        self.mark == b'\n' && self.wide.is_none()
    }

    /// One past the first line end whose mark lies in `range`, half-open.
    #[must_use]
    pub fn next(&self, bytes: &[u8], range: Range<usize>) -> Option<usize> {
        let mut at = range.start;
        loop {
            let mark = at + memchr::memchr(self.mark, bytes.get(at..range.end)?)?;
            match self.unit_around(mark) {
                None => return Some(mark + 1),
                Some((unit, wide)) => {
                    let is_mark = bytes.get(unit.clone()).is_some_and(|unit_bytes| {
                        wide::unit(unit_bytes, wide) == u32::from(self.mark)
                    });
                    if is_mark {
                        return Some(unit.end);
                    }
                }
            }
            at = mark + 1;
        }
    }

    fn unit_around(&self, at: usize) -> Option<(Range<usize>, Wide)> {
        let wide = self.wide?;
        let step = wide.unit_bytes();
        let start = at.checked_sub(self.first)? / step * step + self.first;
        Some((start..start + step, wide))
    }
}
