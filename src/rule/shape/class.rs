//! Sets of bytes.
//!
//! In: bytes. Out: a set that answers in one look whether it holds a byte.
//! Knows nothing of patterns.

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(in crate::rule) struct Class([u64; 4]);

impl Class {
    /// The set of one byte.
    pub(super) fn of(byte: u8) -> Self {
        let mut class = Self::default();
        class.add(byte, byte);
        class
    }

    /// Puts in a range, both ends included.
    pub(in crate::rule) fn add(&mut self, first: u8, last: u8) {
        for byte in first..=last {
            self.0[usize::from(byte >> 6)] |= 1 << (byte & 63);
        }
    }

    /// Puts in what another set holds.
    pub(in crate::rule) fn join(&mut self, other: &Self) {
        for (own, other) in self.0.iter_mut().zip(other.0) {
            *own |= other;
        }
    }

    /// Takes out a byte.
    pub(super) fn remove(&mut self, byte: u8) {
        self.0[usize::from(byte >> 6)] &= !(1 << (byte & 63));
    }

    /// Whether a byte is in the set.
    #[inline]
    pub(in crate::rule) fn holds(&self, byte: u8) -> bool {
        self.0[usize::from(byte >> 6)] >> (byte & 63) & 1 == 1
    }

    /// Whether another set holds all of it.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(own, other)| own & !other == 0)
    }

    /// Whether a letter is in the set in either case.
    pub(super) fn holds_folded(&self, byte: u8) -> bool {
        self.holds(byte.to_ascii_lowercase()) || self.holds(byte.to_ascii_uppercase())
    }

    /// Whether nothing is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.0 == [0; 4]
    }
}
