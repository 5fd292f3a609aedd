//! The steps of a delta, and the pieces that they make.
//!
//! In: a delta's bytes after its lengths, hostile. Out: one step or piece after
//! the other; the first faulty one ends them. What a caller makes of pieces is
//! not known here.

#![expect(clippy::inline_always, reason = "a delta's step costs less than a call would")]

use std::ops::Range;

use super::DeltaError;
use crate::git::pack::buffer::Buffer;

/// One step of a delta.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// Bytes of the base, half-open.
    Copy(usize, usize),
    /// Bytes of the delta itself.
    Insert(&'a [u8]),
}

/// A piece of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// The piece and what follows it where it comes from.
    pub(super) source: &'a [u8],
    pub(super) len: usize,
    /// Where it begins in the base, if it is copied from there.
    pub(crate) copied_from: Option<usize>,
}

impl<'a> Piece<'a> {
    #[inline(always)]
    fn copied(base: &'a [u8], start: usize, len: usize) -> Result<Self, DeltaError> {
        match base.get(start..) {
            Some(source) if len <= source.len() => {
                Ok(Self { source, len, copied_from: Some(start) })
            }
            _ => Err(DeltaError::Range),
        }
    }

    /// Its bytes.
    #[inline]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        &self.source[..self.len]
    }

    /// How many bytes it has.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Appends some of its bytes, which must be in it.
    #[inline]
    pub(crate) fn append_part(&self, part: Range<usize>, out: &mut Buffer) {
        out.extend_prefix(&self.source[part.start..], part.len());
    }

    /// Appends it.
    #[inline]
    pub(crate) fn append_to(&self, out: &mut Buffer) {
        out.extend_prefix(self.source, self.len);
    }
}

/// Where the numbers of a copy stand behind its code.
#[derive(Clone, Copy)]
struct Plain {
    /// Their masks; that of the length is zero where a number has a zero byte
    /// below another, or the length has none.
    start_mask: u32,
    len_mask: u32,
    start_bits: u8,
    /// How many bytes both take.
    bytes: u8,
}

/// By the lower bits of a copy's code.
static PLAIN: [Plain; 128] = {
    let mut plain = [Plain { start_mask: 0, len_mask: 0, start_bits: 0, bytes: 0 }; 128];
    let mut code = 0;
    while code < plain.len() {
        let (start, len) = (code as u32 & 15, code as u32 >> 4);
        let (start_bytes, len_bytes) = (start.trailing_ones(), len.trailing_ones());
        // Nothing above the lowest ones, and a length.
        if start >> start_bytes == 0 && len >> len_bytes == 0 && len_bytes != 0 {
            plain[code] = Plain {
                start_mask: ((1u64 << (8 * start_bytes)) - 1) as u32,
                len_mask: (1 << (8 * len_bytes)) - 1,
                start_bits: 8 * start_bytes as u8,
                bytes: (start_bytes + len_bytes) as u8,
            };
        }
        code += 1;
    }
    plain
};

/// The steps of a delta.
#[derive(Debug, Clone)]
pub struct Steps<'a> {
    pub(super) bytes: &'a [u8],
}

impl<'a> Iterator for Steps<'a> {
    type Item = Result<Step<'a>, DeltaError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&code, rest) = self.bytes.split_first()?;
        if code & 0x80 != 0 {
            if let Some((start, len, rest)) = Self::plain_copy(code, rest) {
                self.bytes = rest;
                return Some(Ok(Step::Copy(start, start + len)));
            }
            return Some(self.copy(code, rest));
        }
        if code == 0 {
            return Some(self.fail(DeltaError::Reserved));
        }
        match rest.split_at_checked(usize::from(code)) {
            Some((inserted, rest)) => {
                self.bytes = rest;
                Some(Ok(Step::Insert(inserted)))
            }
            None => Some(self.fail(DeltaError::Truncated)),
        }
    }
}

impl<'a> Steps<'a> {
    /// The next piece of the object. Decodes nearly every step by itself, since
    /// a sweep takes some hundred of them a delta.
    #[inline(always)]
    pub(super) fn next_piece<'b>(&mut self, base: &'b [u8]) -> Result<Option<Piece<'b>>, DeltaError>
    where
        'a: 'b,
    {
        let Some((&code, rest)) = self.bytes.split_first() else { return Ok(None) };
        if code & 0x80 != 0 {
            if let Some((start, len, after)) = Self::plain_copy(code, rest) {
                self.bytes = after;
                return Piece::copied(base, start, len).map(Some);
            }
        } else if let Some(after) = rest.get(usize::from(code)..)
            && code != 0
        {
            self.bytes = after;
            return Ok(Some(Piece { source: rest, len: code.into(), copied_from: None }));
        }
        self.rare_piece(base)
    }

    /// The next piece, of whatever step.
    #[cold]
    fn rare_piece<'b>(&mut self, base: &'b [u8]) -> Result<Option<Piece<'b>>, DeltaError>
    where
        'a: 'b,
    {
        match self.next().transpose()? {
            None => Ok(None),
            Some(Step::Copy(start, end)) => Piece::copied(base, start, end - start).map(Some),
            Some(Step::Insert(source)) => {
                Ok(Some(Piece { source, len: source.len(), copied_from: None }))
            }
        }
    }

    /// Reads a copy whose numbers have no zero byte but at their upper ends,
    /// nearly every one; [`Steps::copy`] reads any.
    #[inline]
    fn plain_copy(code: u8, rest: &[u8]) -> Option<(usize, usize, &[u8])> {
        let plain = &PLAIN[usize::from(code & 0x7f)];
        let numbers = u64::from_le_bytes(*rest.first_chunk()?);
        let start = numbers as u32 & plain.start_mask;
        let len = (numbers >> (plain.start_bits & 63)) as u32 & plain.len_mask;
        let after = rest.get(usize::from(plain.bytes)..)?;
        (len != 0).then_some((start as usize, len as usize, after))
    }

    /// Reads the numbers of a copy.
    fn copy(&mut self, code: u8, mut rest: &'a [u8]) -> Result<Step<'a>, DeltaError> {
        let (mut start, mut len) = (0usize, 0usize);
        for bit in 0..7 {
            if code & (1 << bit) == 0 {
                continue;
            }
            let Some((&byte, after)) = rest.split_first() else {
                return self.fail(DeltaError::Truncated);
            };
            rest = after;
            if bit < 4 {
                start |= usize::from(byte) << (8 * bit);
            } else {
                len |= usize::from(byte) << (8 * (bit - 4));
            }
        }
        if len == 0 {
            len = 0x1_0000;
        }
        self.bytes = rest;
        match start.checked_add(len) {
            Some(end) => Ok(Step::Copy(start, end)),
            None => self.fail(DeltaError::Range),
        }
    }

    #[cold]
    fn fail(&mut self, error: DeltaError) -> Result<Step<'a>, DeltaError> {
        self.bytes = &[];
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table is a shortcut: whatever it takes, the long way reads alike.
    #[test]
    fn plain_copies_are_read_as_any_copy_is() {
        let mut plain = 0;
        for code in 0x80..=0xff {
            for numbers in [[1, 2, 3, 4, 5, 6, 7, 8], [0; 8], [0xff; 8], [0, 0, 0, 0, 9, 0, 0, 1]] {
                let mut steps = Steps { bytes: &[] };
                let step = steps.copy(code, &numbers);
                if let Some((start, len, after)) = Steps::plain_copy(code, &numbers) {
                    assert_eq!(step, Ok(Step::Copy(start, start + len)), "{code:x} {numbers:?}");
                    assert_eq!(after, steps.bytes, "{code:x} {numbers:?}");
                    plain += 1;
                }
            }
        }
        assert!(plain > 15, "{plain}");
    }
}
