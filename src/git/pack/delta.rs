//! Deltas: an object as copies from its base and bytes of its own.
//!
//! In: an inflated delta and its base. Out: the object, or only those pieces of
//! it that hold what the base does not. Every range is checked.

#![expect(clippy::inline_always, reason = "a delta's step costs less than a call would")]

mod joints;
mod steps;

use super::buffer::{Buffer, END_BYTES, SHORT_BYTES};
pub(crate) use steps::Piece;
pub use steps::{Step, Steps};

/// A delta whose lengths have been read.
#[derive(Debug, Clone, Copy)]
pub struct Delta<'a> {
    /// The length that the base must have.
    pub base_len: u64,
    /// The length of the object.
    pub result_len: u64,
    operations: &'a [u8],
}

/// A delta that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DeltaError {
    /// The bytes end inside a number or a step.
    #[error("its delta is cut off")]
    Truncated,
    /// A step of the kind that git reserves.
    #[error("its delta holds a step that git does not define")]
    Reserved,
    /// The base is not the one that the delta was made from.
    #[error("its base has another length than its delta expects")]
    BaseLength,
    /// The steps give another length than the delta says.
    #[error("its delta gives another length than it says")]
    ResultLength,
    /// A copy from beyond the base's end.
    #[error("its delta copies from beyond its base")]
    Range,
}

impl<'a> Delta<'a> {
    /// Reads the two lengths at the start.
    ///
    /// # Errors
    /// Bytes that end early or numbers beyond 64 bits.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DeltaError> {
        let (base_len, bytes) = read_length(bytes)?;
        let (result_len, operations) = read_length(bytes)?;
        Ok(Self { base_len, result_len, operations })
    }

    /// The steps in order; the first faulty one ends them.
    #[must_use]
    pub fn steps(&self) -> Steps<'a> {
        Steps { bytes: self.operations }
    }

    /// Builds the object, of at most `limit_bytes`.
    ///
    /// # Errors
    /// Every inconsistency between base, steps and lengths, and
    /// [`DeltaError::ResultLength`] for an object beyond the limit.
    pub fn build(&self, base: &[u8], limit_bytes: u64) -> Result<Vec<u8>, DeltaError> {
        if self.result_len > limit_bytes {
            return Err(DeltaError::ResultLength);
        }
        let mut out = Buffer::default();
        self.apply(base, &mut out)?;
        Ok(out.to_vec())
    }

    /// The pieces of the object that a sweep looks at when the base is known to
    /// hold nothing of interest: what is new, with `context` bytes of either
    /// neighbour, parted by `separator`.
    ///
    /// # Errors
    /// As [`Delta::build`], but for the limit.
    pub fn new_pieces(
        &self,
        base: &[u8],
        context: usize,
        separator: u8,
    ) -> Result<Vec<u8>, DeltaError> {
        let mut out = Buffer::default();
        self.gather(base, Window { context, separator }, &mut out, None)?;
        Ok(out.to_vec())
    }

    /// Builds the object in `out`, which is emptied first.
    ///
    /// The caller has checked [`Delta::result_len`] against what it may hold.
    ///
    /// # Errors
    /// Every inconsistency between base, steps and lengths.
    pub(crate) fn apply(&self, base: &[u8], out: &mut Buffer) -> Result<(), DeltaError> {
        let len = self.prepare(base, out)?;
        let mut steps = self.steps();
        while let Some(piece) = steps.next_piece(base)? {
            if piece.len > len - out.len() {
                return Err(DeltaError::ResultLength);
            }
            piece.append_to(out);
        }
        if out.len() == len { Ok(()) } else { Err(DeltaError::ResultLength) }
    }

    /// Appends to `windows` what the object holds and the base does not, with
    /// `context` bytes of either neighbour, pieces parted by `separator`.
    ///
    /// Every run of at most `context + 1` bytes of the object that is not also
    /// one copied run of the base stands whole in one of the pieces: an
    /// inserted byte is there with its surroundings, and so is each place where
    /// two steps join. Checks what [`Delta::apply`] checks.
    ///
    /// Where others rest on the object it is built too, as by [`Delta::apply`],
    /// so that the steps are read once. Gives the ends of the object.
    ///
    /// # Errors
    /// Every inconsistency between base, steps and lengths.
    pub(crate) fn gather<'b>(
        &self,
        base: &'b [u8],
        window: Window,
        windows: &mut Buffer,
        built: Option<&mut Buffer>,
    ) -> Result<Ends<'b>, DeltaError>
    where
        'a: 'b,
    {
        let Window { context, separator } = window;
        let ends = self.pieces(base, built, |piece| {
            // Only of a copy was the middle looked at with the base.
            if piece.copied_from.is_none() {
                windows.extend_inserted(piece.source, piece.len);
            } else if context <= END_BYTES {
                windows.extend_ends(piece.source, piece.len, context, separator);
            } else if piece.len <= SHORT_BYTES.max(2 * context) {
                piece.append_to(windows);
            } else {
                windows.extend(&piece.bytes()[..context]);
                windows.extend(&[separator]);
                windows.extend(&piece.bytes()[piece.len - context..]);
            }
        })?;
        windows.extend(&[separator]);
        Ok(ends)
    }

    /// Makes room for the object; gives its length.
    fn prepare(&self, base: &[u8], out: &mut Buffer) -> Result<usize, DeltaError> {
        if base.len() as u64 != self.base_len {
            return Err(DeltaError::BaseLength);
        }
        out.clear();
        let len = usize::try_from(self.result_len).map_err(|_| DeltaError::ResultLength)?;
        out.reserve(len);
        Ok(len)
    }

    /// Gives the pieces of the object in order, and builds it too if it is asked
    /// to. Gives the ends of the object.
    #[inline(always)]
    fn pieces<'b>(
        &self,
        base: &'b [u8],
        mut built: Option<&mut Buffer>,
        mut take: impl FnMut(&Piece<'b>),
    ) -> Result<Ends<'b>, DeltaError>
    where
        'a: 'b,
    {
        if base.len() as u64 != self.base_len {
            return Err(DeltaError::BaseLength);
        }
        if let Some(built) = &mut built {
            self.prepare(base, built)?;
        }
        let mut left = self.result_len;
        let mut ends = Ends { first: &[], last_but_one: &[], last: &[] };
        let mut steps = self.steps();
        while let Some(piece) = steps.next_piece(base)? {
            if left == self.result_len {
                ends.first = piece.bytes();
            }
            ends.last_but_one = ends.last;
            ends.last = piece.bytes();
            left = left.checked_sub(piece.len as u64).ok_or(DeltaError::ResultLength)?;
            if let Some(built) = &mut built {
                piece.append_to(built);
            }
            take(&piece);
        }
        if left == 0 { Ok(ends) } else { Err(DeltaError::ResultLength) }
    }

    /// Gives the pieces of the object in order.
    ///
    /// # Errors
    /// Every inconsistency between base, steps and lengths.
    pub(crate) fn each_piece<'b>(
        &self,
        base: &'b [u8],
        take: impl FnMut(&Piece<'b>),
    ) -> Result<(), DeltaError>
    where
        'a: 'b,
    {
        self.pieces(base, None, take).map(drop)
    }

    /// The first bytes of the object, `limit` at most.
    ///
    /// # Errors
    /// A copy from beyond the base's end.
    pub(crate) fn head(
        &self,
        base: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<(), DeltaError> {
        out.clear();
        for step in self.steps() {
            let piece = match step? {
                Step::Copy(start, end) => base.get(start..end).ok_or(DeltaError::Range)?,
                Step::Insert(bytes) => bytes,
            };
            out.extend(&piece[..piece.len().min(limit - out.len())]);
            if out.len() == limit {
                break;
            }
        }
        Ok(())
    }

    /// The last bytes of the object, `limit` at most.
    ///
    /// # Errors
    /// A copy from beyond the base's end.
    pub(crate) fn tail(
        &self,
        base: &[u8],
        limit: usize,
        out: &mut Buffer,
    ) -> Result<(), DeltaError> {
        out.clear();
        let start = usize::try_from(self.result_len).unwrap_or(usize::MAX).saturating_sub(limit);
        let mut len = 0usize;
        for step in self.steps() {
            let piece = match step? {
                Step::Copy(start, end) => base.get(start..end).ok_or(DeltaError::Range)?,
                Step::Insert(bytes) => bytes,
            };
            len += piece.len();
            if len > start {
                out.extend(&piece[piece.len() - piece.len().min(len - start)..]);
            }
        }
        Ok(())
    }
}

/// The first and the last pieces of an object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ends<'a> {
    pub(crate) first: &'a [u8],
    last_but_one: &'a [u8],
    last: &'a [u8],
}

impl<'a> Ends<'a> {
    /// The last bytes of the object, unless they lie in more than two pieces;
    /// `out` takes them where they lie in two.
    pub(crate) fn tail<'o>(&self, limit: usize, out: &'o mut Buffer) -> Option<&'o [u8]>
    where
        'a: 'o,
    {
        let Some(missing) = limit.checked_sub(self.last.len()) else {
            return Some(&self.last[self.last.len() - limit..]);
        };
        let start = self.last_but_one.len().checked_sub(missing)?;
        out.clear();
        out.extend(&self.last_but_one[start..]);
        out.extend(self.last);
        Some(out)
    }
}

/// What [`Delta::gather`] keeps around what is new.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    /// Bytes of the neighbours on either side.
    pub(crate) context: usize,
    /// The byte between pieces.
    pub(crate) separator: u8,
}

/// Reads a little-endian number of seven bits a byte.
fn read_length(bytes: &[u8]) -> Result<(u64, &[u8]), DeltaError> {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().enumerate() {
        let part = u64::from(byte & 0x7f);
        let shift = 7 * at as u32;
        if shift > 63 || (part << shift) >> shift != part {
            return Err(DeltaError::Truncated);
        }
        value |= part << shift;
        if byte & 0x80 == 0 {
            return Ok((value, &bytes[at + 1..]));
        }
    }
    Err(DeltaError::Truncated)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { context: 4, separator: 0xff };

    pub(super) fn copy(start: usize, len: usize) -> Vec<u8> {
        vec![
            0x80 | 0x0f | 0x30,
            start as u8,
            (start >> 8) as u8,
            (start >> 16) as u8,
            (start >> 24) as u8,
            len as u8,
            (len >> 8) as u8,
        ]
    }

    fn length(mut value: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        while value > 0x7f {
            bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    }

    pub(super) fn delta(base: &[u8], result: usize, steps: &[Vec<u8>]) -> Vec<u8> {
        [length(base.len()), length(result), steps.concat()].concat()
    }

    #[test]
    fn windows_hold_every_new_run_and_little_from_inside_a_copy() {
        let base: Vec<u8> = (0..2000u32).map(|at| (at / 7 * 31 % 251) as u8).collect();
        let steps = [copy(0, 900), vec![2, 0xfa, 0xfb], copy(1500, 400), copy(20, 3)];
        let bytes = delta(&base, 1305, &steps);
        let delta = Delta::parse(&bytes).expect("a delta");
        for context in [0, 1, 4, 31, 32, 33, 100] {
            let window = Window { context, separator: 0xff };
            let (mut whole, mut windows) = (Buffer::default(), Buffer::default());
            delta.apply(&base, &mut whole).expect("sound");
            let ends = delta.gather(&base, window, &mut windows, None).expect("sound");
            assert_eq!((ends.first, ends.last), (&base[..900], &base[20..23]));
            assert_eq!(ends.tail(25, &mut Buffer::default()), Some(&whole[whole.len() - 25..]));
            assert_eq!(ends.tail(404, &mut Buffer::default()), None, "it lies in three pieces");
            assert!(windows.len() < 4 * context.max(32) + 100, "{context}");
            for run in whole.windows(context + 1) {
                let holds = |bytes: &[u8]| bytes.windows(context + 1).any(|other| other == run);
                assert!(holds(&base) || holds(&windows), "{context} {run:?}");
            }
            for limit in [0, 1, 3, 4, 500, 1000, 5000] {
                let kept = whole.len().min(limit);
                delta.head(&base, limit, &mut windows).expect("sound");
                assert_eq!(&*windows, &whole[..kept]);
                delta.tail(&base, limit, &mut windows).expect("sound");
                assert_eq!(&*windows, &whole[whole.len() - kept..]);
            }
        }
    }

    /// The middle of a long insert is as new as its ends: a key that came with
    /// its neighbouring lines was passed over.
    #[test]
    fn windows_hold_a_long_insert_whole() {
        let base = vec![b'.'; 400];
        let inserted: Vec<u8> = (0..127).collect();
        let steps = [copy(0, 200), [&[127], &*inserted].concat(), copy(200, 200)];
        let bytes = delta(&base, 527, &steps);
        for context in [0, 5, 16, 17, 31] {
            let window = Window { context, separator: 0xff };
            let mut windows = Buffer::default();
            let delta = Delta::parse(&bytes).expect("a delta");
            delta.gather(&base, window, &mut windows, None).expect("sound");
            assert!(windows.windows(127).any(|run| run == inserted), "{context}");
        }
    }

    #[test]
    fn hostile_deltas_are_errors_and_agree_however_they_are_read() {
        let base = [7u8; 10];
        let hostile: [(Vec<u8>, DeltaError); 7] = [
            (vec![0x80], DeltaError::Truncated),
            (delta(&base, 5, &[copy(8, 5)]), DeltaError::Range),
            (delta(&base, 6, &[copy(1, 5)]), DeltaError::ResultLength),
            (delta(&base, 4, &[copy(1, 5)]), DeltaError::ResultLength),
            (delta(&base[1..], 5, &[copy(1, 5)]), DeltaError::BaseLength),
            (delta(&base, 5, &[vec![0]]), DeltaError::Reserved),
            (delta(&base, 5, &[vec![5, 1]]), DeltaError::Truncated),
        ];
        for (bytes, error) in hostile {
            let mut out = Buffer::default();
            let parsed = Delta::parse(&bytes);
            assert_eq!(parsed.and_then(|delta| delta.apply(&base, &mut out)), Err(error));
            let gathered =
                parsed.and_then(|delta| delta.gather(&base, WINDOW, &mut out, None).map(drop));
            assert_eq!(gathered, Err(error));
            for builds in [false, true] {
                let joints = parsed.and_then(|delta| delta.joints(&base, 4, builds, |_, _| true));
                assert_eq!(joints, Err(error), "{builds}");
            }
        }
    }
}
