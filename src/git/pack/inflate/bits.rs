//! The bits of a stream.
//!
//! In: compressed bytes, hostile. Out: their bits, some at a time, and what an
//! entry of a code's table says together with the bits behind the code.

#![expect(clippy::inline_always, reason = "a symbol costs less than a call would")]

/// How many bits are ahead at least when a word was filled up by whole bytes: 56,
/// and up to seven more.
const FILLED_BITS: u32 = 0b11_1000;

/// The bits of a stream, the first of a byte lowest.
#[derive(Clone, Copy)]
pub(super) struct Bits {
    /// The next ones.
    pub(super) word: u64,
    /// How many of them are read; only the lowest byte counts, so that a whole
    /// entry can be subtracted.
    pub(super) count: u32,
    /// Where those after them stand.
    at: usize,
}

impl Bits {
    /// Those from a place on.
    pub(super) fn new(at: usize) -> Self {
        Self { word: 0, count: 0, at }
    }

    /// Reads on until there are [`FILLED_BITS`] at least; `None` where fewer than
    /// eight bytes are left.
    #[inline(always)]
    pub(super) fn refill(&mut self, compressed: &[u8]) -> Option<()> {
        let bytes = compressed.get(self.at..)?.first_chunk()?;
        self.word |= u64::from_le_bytes(*bytes) << (self.count & 63);
        self.at += 7 - (self.count as usize >> 3 & 7);
        self.count |= FILLED_BITS;
        Some(())
    }

    /// Passes as many as the lowest byte says.
    #[inline(always)]
    pub(super) fn pass(&mut self, entry: u32) {
        self.word >>= entry & 63;
        self.count = self.count.wrapping_sub(entry);
    }

    /// Takes the next `count`.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        let taken = self.word & !(u64::MAX << (count & 63));
        self.pass(count);
        taken as usize
    }

    /// Where the byte after the last begun one stands.
    pub(super) fn end(&self) -> usize {
        self.at - (self.count as usize >> 3 & 7)
    }
}

/// Where in an entry the literal, the least length or the least distance stands.
pub(super) const VALUE_SHIFT: u32 = 16;

/// The least length or distance of an entry, and what the bits after its code
/// add; `word` begins with the code.
#[inline(always)]
pub(super) fn value(entry: u32, word: u64) -> usize {
    let more = (word & !(u64::MAX << (entry & 63))) >> (entry >> 8 & 63);
    (entry >> VALUE_SHIFT) as usize + more as usize
}
