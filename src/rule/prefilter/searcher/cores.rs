//! The cores of forms: of each the part that is looked for before the whole.
//!
//! In: forms, and what of each is looked up. Out: their cores, and which two
//! bytes can stand in one, one after the other.

use std::ops::Range;

use super::super::forms::ByteSet;
use super::pieces::commonness;

/// The most bytes of a form that are its core. Of six, `estack` and numbers stood
/// in a hundred families of the repositories measured; of eight in three.
pub const CORE_BYTES: usize = 8;

/// The rarest part of a form that holds what is looked up of it, of
/// [`CORE_BYTES`] if the form has as many.
pub(super) fn core(places: &[ByteSet], looked_up: Range<usize>) -> Range<usize> {
    let len = CORE_BYTES.min(places.len());
    let starts = looked_up.end.saturating_sub(len)..=looked_up.start.min(places.len() - len);
    let weight = |start: &usize| -> u32 {
        places[*start..*start + len].iter().copied().map(commonness).sum()
    };
    let start = starts.min_by_key(weight).unwrap_or(looked_up.start);
    start..start + len
}

/// Two bytes in a row, a bit for each.
pub(in super::super) struct Pairs(Box<[u64; 1 << 10]>);

impl Pairs {
    pub(super) fn new() -> Self {
        Self(vec![0; 1 << 10].try_into().expect("of this length"))
    }

    /// Takes all that can stand in a row of places.
    pub(super) fn add(&mut self, places: &[ByteSet]) {
        for pair in places.windows(2) {
            for first in pair[0].bytes() {
                for second in pair[1].bytes() {
                    let (word, bit) = Self::place(*first, *second);
                    self.0[word] |= 1 << bit;
                }
            }
        }
    }

    /// Whether two bytes were taken.
    #[inline]
    pub(in super::super) fn hold(&self, first: u8, second: u8) -> bool {
        let (word, bit) = Self::place(first, second);
        self.0[word] >> bit & 1 != 0
    }

    #[inline]
    fn place(first: u8, second: u8) -> (usize, u32) {
        let pair = u32::from(first) << 8 | u32::from(second);
        (pair as usize >> 6, pair & 63)
    }
}

impl std::fmt::Debug for Pairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let count: u32 = self.0.iter().map(|word| word.count_ones()).sum();
        write!(f, "Pairs({count})")
    }
}
