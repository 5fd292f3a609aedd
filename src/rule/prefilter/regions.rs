//! Where in some bytes forms can stand at all.
//!
//! In: bytes. Out: the parts of them that are worth looking up: long runs of
//! letters, digits and what base64 takes beside them, what stands around three
//! signs of escapes as far apart as escapes are long, and the surroundings of
//! NULs. Of program texts a sixth lies in runs of twelve bytes or more, and
//! hardly any near a NUL or such signs.

use std::ops::Range;

use wide::u8x16;

use crate::rule::escape;
use crate::rule::shape::Class;

/// The shortest run that is worth finding.
pub(super) const SHORTEST_RUN_BYTES: usize = 8;

/// The longest run that can be asked for at the least.
pub(super) const LONGEST_LEAST_BYTES: usize = 2 * SHORTEST_RUN_BYTES;

/// Bytes whose classes are one number.
const BLOCK_BYTES: usize = 64;

/// Parts of this length are looked through for a NUL.
const PART_BYTES: usize = 1 << 10;

/// How far behind an escape's sign those of the next two stand. One of a
/// decimal reference is five or six bytes long, all others of one kind are as
/// long as each other: `%62`, `\x62`, `&#x62;`.
const GAPS: [(usize, usize); 6] = [(3, 6), (4, 8), (5, 10), (5, 11), (6, 11), (6, 12)];

/// The least and the most of [`GAPS`] that three signs take.
const LEAST_GAP_BYTES: usize = 6;
const MOST_GAP_BYTES: usize = 12;

/// Where something can stand and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    /// In a run.
    Run,
    /// From the first of three signs on that have the gaps of escapes.
    Signs,
}

impl Region {
    /// Of a row of places, by what may stand at each.
    pub(super) fn of<P>(places: &[P], is: impl Fn(&P, fn(u8) -> bool) -> bool) -> Option<Self> {
        let is_sign = |at: usize| places.get(at).is_some_and(|place| is(place, escape::is_sign));
        if places.iter().all(|place| is(place, in_run)) {
            Some(Self::Run)
        } else if is_sign(0) && GAPS.iter().any(|gap| is_sign(gap.0) && is_sign(gap.1)) {
            Some(Self::Signs)
        } else {
            None
        }
    }
}

/// Whether a byte belongs to a run.
pub(super) fn in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-+_".contains(&byte)
}

/// All such bytes.
pub(super) fn run_class() -> Class {
    let mut class = Class::default();
    (0..=u8::MAX).filter(|byte| in_run(*byte)).for_each(|byte| class.add(byte, byte));
    class
}

/// A bit for each byte: whether it belongs to a run; and whether it is a sign of
/// an escape.
#[inline]
fn classes(block: &[u8; BLOCK_BYTES]) -> (u64, u64) {
    let all = u8x16::splat;
    let among = |bytes: u8x16, first: u8, last: u8| {
        let beyond = bytes - all(first);
        beyond.min(all(last - first)).simd_eq(beyond)
    };
    let (mut runs, mut signs) = (0, 0);
    for (number, sixteen) in block.as_chunks::<16>().0.iter().enumerate() {
        let bytes = u8x16::from(*sixteen);
        let letter = among(bytes | all(0x20), b'a', b'z');
        // The slash stands right before the digits.
        let digit = among(bytes, b'/', b'9');
        let one = |byte: u8| bytes.simd_eq(all(byte));
        let inside = letter | digit | one(b'-') | one(b'+') | one(b'_');
        let sign = one(b'%') | one(b'&') | one(b'=') | one(b'\\');
        runs |= u64::from(inside.to_bitmask()) << (16 * number);
        signs |= u64::from(sign.to_bitmask()) << (16 * number);
    }
    (runs, signs)
}

/// Of the signs of a block those that two others stand before with the gaps of
/// escapes; `before` are the signs of the block before.
#[inline]
fn thirds(signs: u64, before: u64) -> u64 {
    let moved = |by: usize| signs << by | before >> (BLOCK_BYTES - by);
    let both = |gap: &(usize, usize)| moved(gap.1 - gap.0) & moved(gap.1);
    signs & GAPS.iter().map(both).fold(0, |all, some| all | some)
}

/// Gives every whole run of `least` bytes or more, in order, and between them the
/// regions of signs, `reach` bytes from the first of three on and some more, of
/// which no two overlap, until told to stop; says whether it was. `least` is
/// [`SHORTEST_RUN_BYTES`] to [`LONGEST_LEAST_BYTES`].
#[inline]
pub(super) fn regions(
    bytes: &[u8],
    least: usize,
    reach: usize,
    mut take: impl FnMut(Region, Range<usize>) -> bool,
) -> bool {
    let beyond_eight = (least - SHORTEST_RUN_BYTES) as u32;
    let beyond_third = reach.saturating_sub(LEAST_GAP_BYTES).max(1);
    let (mut signs_before, mut near_signs) = (0, 0..0);
    // The run that reaches the end of the block before began here.
    let (mut at, mut begun) = (0, 0);
    let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
    let mut end_block = [0; BLOCK_BYTES];
    end_block[..rest.len()].copy_from_slice(rest);
    for block in blocks.iter().chain([&end_block]) {
        let (mut inside, signs) = classes(block);
        let thirds = thirds(signs, signs_before);
        signs_before = signs;
        if thirds != 0 {
            let first = at + thirds.trailing_zeros() as usize;
            let first = first.saturating_sub(MOST_GAP_BYTES);
            let last = at + BLOCK_BYTES - 1 - thirds.leading_zeros() as usize;
            if near_signs.end < first {
                if !near_signs.is_empty() && take(Region::Signs, near_signs) {
                    return true;
                }
                near_signs = first..first;
            }
            near_signs.end = bytes.len().min(last + beyond_third);
        }
        if inside == u64::MAX {
            at += BLOCK_BYTES;
            continue;
        }
        let end = at + inside.trailing_ones() as usize;
        if end - begun >= least && take(Region::Run, begun..end) {
            return true;
        }
        let reaching = inside.leading_ones();
        inside &= (u64::MAX << inside.trailing_ones()) & (u64::MAX >> reaching);
        // Bits from which on so many are set: 2, 4, 8, all.
        let mut starts = inside & inside >> 1;
        starts &= starts >> 2;
        starts &= starts >> 4;
        starts &= starts >> beyond_eight;
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inside >> start).trailing_ones();
            if take(Region::Run, at + start as usize..at + end as usize) {
                return true;
            }
            starts &= u64::MAX << end;
        }
        at += BLOCK_BYTES;
        begun = at - reaching as usize;
    }
    !near_signs.is_empty() && take(Region::Signs, near_signs)
}

/// Gives what lies within `reach` bytes of a NUL, and some more, until told to
/// stop; says whether it was. No two of the ranges overlap. `reach` is at most
/// half of [`PART_BYTES`].
pub(super) fn near_nuls(
    bytes: &[u8],
    reach: usize,
    mut take: impl FnMut(Range<usize>) -> bool,
) -> bool {
    let mut from = 0;
    while let Some(nul) = memchr::memchr(0, &bytes[from..]) {
        let start = (from + nul).saturating_sub(reach).max(from);
        let mut end = from + nul;
        // As far as each part has another.
        while let Some(last) = memchr::memrchr(0, &bytes[end..bytes.len().min(end + PART_BYTES)]) {
            end += last + 1;
        }
        end = bytes.len().min(end + reach);
        if take(start..end) {
            return true;
        }
        from = end;
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive_runs(bytes: &[u8], least: usize) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = 0;
        for end in 0..=bytes.len() {
            if !bytes.get(end).is_some_and(|byte| in_run(*byte)) {
                if end - start >= least {
                    found.push(start..end);
                }
                start = end + 1;
            }
        }
        found
    }

    fn found(
        search: impl FnOnce(&mut dyn FnMut(Range<usize>) -> bool) -> bool,
    ) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let stopped = search(&mut |range| {
            found.push(range);
            false
        });
        assert!(!stopped);
        found
    }

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
            let expected =
                (0..BLOCK_BYTES).filter(|at| in_run(block[*at])).fold(0, |bits, at| bits | 1 << at);
            assert_eq!(classes(&block).0, expected);
        }
    }

    fn runs(bytes: &[u8], least: usize) -> Vec<Range<usize>> {
        found(|take| {
            regions(bytes, least, 17, |region, range| region == Region::Run && take(range))
        })
    }

    #[test]
    fn runs_across_blocks_are_whole() {
        for length in [8, 12, 63, 64, 65, 128, 200] {
            for before in [0, 1, 50, 56, 60, 63, 64, 120, 128] {
                let text = [vec![b' '; before], vec![b'a'; length], vec![b'.'; 3]].concat();
                let run = before..before + length;
                assert_eq!(runs(&text, 8), std::slice::from_ref(&run));
                assert_eq!(runs(&text[..run.end], 8), [run]);
            }
        }
    }

    proptest! {
        #[test]
        fn runs_are_those_of_a_naive_search(
            bytes in proptest::collection::vec("[a-zA-Z0-9+/_-]{0,90}[ .\\n]{1,3}", 0..12),
            least in 8usize..=16,
        ) {
            let bytes = bytes.concat().into_bytes();
            prop_assert_eq!(runs(&bytes, least), naive_runs(&bytes, least));
        }

        #[test]
        fn every_three_signs_with_the_gaps_of_escapes_are_in_one_region(
            pieces in proptest::collection::vec("[%&=\\\\][a-z]{2,5}|[a-z ]{0,70}", 0..40),
            reach in 7usize..=17,
        ) {
            let bytes = pieces.concat().into_bytes();
            let ranges = found(|take| {
                regions(&bytes, 16, reach, |region, range| region == Region::Signs && take(range))
            });
            prop_assert!(ranges.is_sorted_by(|one, next| one.end < next.start));
            let is_sign = |at: usize| bytes.get(at).is_some_and(|byte| escape::is_sign(*byte));
            for at in 0..bytes.len() {
                if is_sign(at) && GAPS.iter().any(|gap| is_sign(at + gap.0) && is_sign(at + gap.1)) {
                    let whole = at..bytes.len().min(at + reach);
                    let is_inside = |range: &Range<usize>| range.start <= at && whole.end <= range.end;
                    prop_assert!(ranges.iter().any(is_inside), "{at} {ranges:?}");
                }
            }
        }

        #[test]
        fn surroundings_of_nuls_hold_each_with_its_neighbours(
            nuls in proptest::collection::vec(0usize..9000, 0..12),
            reach in 0usize..40,
        ) {
            let mut bytes = vec![b'x'; 9000];
            for nul in &nuls {
                bytes[*nul] = 0;
            }
            let ranges = found(|take| near_nuls(&bytes, reach, take));
            prop_assert!(ranges.is_sorted_by(|one, next| one.end <= next.start));
            for nul in nuls {
                for at in nul.saturating_sub(reach)..bytes.len().min(nul + reach) {
                    prop_assert!(ranges.iter().any(|range| range.contains(&at)), "{at}");
                }
            }
        }
    }
}
