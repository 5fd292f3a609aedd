//! Classes of bytes, 64 bytes at once, and what can be told from them alone.
//!
//! In: blocks of bytes, one after the other. Out: for each a bit for every byte
//! that marks what a region of some kind is found by. No branch is taken for any
//! byte, so that it costs the same whatever the bytes are.

use wide::u8x16;

use crate::rule::escape;

/// Bytes whose classes are one number.
pub(super) const BLOCK_BYTES: usize = 64;

/// How far behind an escape's sign those of the next two stand. One of a
/// decimal reference is five or six bytes long, all others of one kind are as
/// long as each other: `%62`, `\x62`, `&#x62;`.
const GAPS: [(usize, usize); 6] = [(3, 6), (4, 8), (5, 10), (5, 11), (6, 11), (6, 12)];

/// The least and the most of [`GAPS`] that three signs take.
pub(super) const LEAST_GAP_BYTES: usize = 6;
pub(super) const MOST_GAP_BYTES: usize = 12;

/// Bytes of a lane, and the most lanes in a row that are looked for. Some lanes
/// lie whole in whatever is as long as they and longer by a lane, less one.
pub(super) const LANE_BYTES: usize = 8;
pub(super) const MOST_LANES: usize = 4;

/// The classes of a block, a bit for each byte.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Masks {
    /// See [`in_run`].
    pub(super) runs: u64,
    /// Signs of escapes.
    signs: u64,
}

/// Whether a byte belongs to a run.
pub(in super::super) fn in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-+_".contains(&byte)
}

/// Whether a row of places begins with three signs that have the gaps of
/// escapes.
pub(super) fn begins_with_signs(is: impl Fn(usize, fn(u8) -> bool) -> bool) -> bool {
    let is_sign = |at| is(at, escape::is_sign);
    is_sign(0) && GAPS.iter().any(|gap| is_sign(gap.0) && is_sign(gap.1))
}

impl Masks {
    #[inline]
    pub(super) fn of(block: &[u8; BLOCK_BYTES]) -> Self {
        let all = u8x16::splat;
        let among = |bytes: u8x16, first: u8, last: u8| {
            let beyond = bytes - all(first);
            beyond.min(all(last - first)).simd_eq(beyond)
        };
        let mut masks = Self::default();
        for (number, sixteen) in block.as_chunks::<16>().0.iter().enumerate() {
            let bytes = u8x16::from(*sixteen);
            let one = |byte: u8| bytes.simd_eq(all(byte));
            let lower = bytes | all(0x20);
            let letter = among(lower, b'a', b'z');
            // The slash stands right before the digits.
            let digit = among(bytes, b'/', b'9');
            let run = letter | digit | one(b'-') | one(b'+') | one(b'_');
            let sign = one(b'%') | one(b'&') | one(b'=') | one(b'\\');
            let bits = |mask: u8x16| u64::from(mask.to_bitmask()) << (16 * number);
            masks.runs |= bits(run);
            masks.signs |= bits(sign);
        }
        masks
    }

    /// Signs that two others stand before with the gaps of escapes.
    #[inline]
    pub(super) fn escapes(&self, before: &Self) -> u64 {
        let signs = |by| moved(self.signs, before.signs, by);
        let both = |gap: &(usize, usize)| signs(gap.1 - gap.0) & signs(gap.1);
        self.signs & GAPS.iter().map(both).fold(0, |all, some| all | some)
    }

    /// What may be a long run, the last of so many lanes in a row, and signs
    /// behind a run of `least` bytes or more.
    #[inline]
    pub(super) fn tails(&self, before: &Self, lanes: usize, least: usize) -> u64 {
        let (full, full_before) = (full_lanes(self.runs), full_lanes(before.runs));
        let in_row = (1..lanes.min(MOST_LANES))
            .fold(full, |all, number| all & moved(full, full_before, number * LANE_BYTES));
        let behind = [1, 3, 5, 7, least];
        let is_behind = |all, by: usize| all & moved(self.runs, before.runs, by);
        in_row | behind.into_iter().fold(self.signs, is_behind)
    }
}

/// The bits of a block and of the one before it, moved on by 1 to 63.
#[inline]
fn moved(bits: u64, before: u64, by: usize) -> u64 {
    bits << by | before >> (BLOCK_BYTES - by)
}

/// The highest bit of each lane of eight that is full.
#[inline]
fn full_lanes(bits: u64) -> u64 {
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    ((bits & !HIGHEST) + (HIGHEST >> 7)) & bits & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_is_of_letters_digits_and_four_signs() {
        let inside: Vec<u8> = (0..=255).filter(|byte| in_run(*byte)).collect();
        let expected = "+-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
        assert_eq!(String::from_utf8_lossy(&inside), expected);
    }

    #[test]
    fn classes_of_a_block_are_those_of_its_bytes() {
        for first in 0..=u8::MAX {
            let block: [u8; BLOCK_BYTES] = std::array::from_fn(|at| first.wrapping_add(at as u8));
            let expected = |is: fn(u8) -> bool| {
                (0..BLOCK_BYTES).filter(|at| is(block[*at])).fold(0u64, |bits, at| bits | 1 << at)
            };
            let masks = Masks::of(&block);
            assert_eq!(masks.runs, expected(in_run));
            assert_eq!(masks.signs, expected(escape::is_sign));
        }
    }

    #[test]
    fn lanes_are_full_or_not() {
        for (bits, lanes) in [
            (u64::MAX, 0x8080_8080_8080_8080),
            (0, 0),
            (0xff, 0x80),
            (0xffff_ff7f, 0x8080_8000),
            (0x7fff_fffe, 0x0080_8000),
        ] {
            assert_eq!(full_lanes(bits), lanes, "{bits:x}");
        }
    }
}
