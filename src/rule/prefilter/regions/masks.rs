//! Classes of bytes, 64 bytes at once, and what can be told from them alone.
//!
//! In: blocks of bytes, one after the other. Out: for each a bit for every byte
//! that marks what a region of some kind is found by. No branch is taken for any
//! byte, so that it costs the same whatever the bytes are.

use fearless_simd::{Simd, SimdBase, SimdInto, u8x64};

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

/// Base64 of ASCII text: so many bytes from the first of a group of four to the
/// third of the next but one, both included, and so many may stand before a whole
/// group.
pub(super) const GROUPS_BYTES: usize = 11;
pub(super) const MOST_BEFORE_GROUPS: usize = 3;

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
    /// See [`begins_group`].
    begins: u64,
    /// See [`is_third`].
    thirds: u64,
    /// Hexadecimal digits.
    hex: u64,
}

/// Whether a byte belongs to a run.
pub(in super::super) fn in_run(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"/-+_".contains(&byte)
}

/// Whether a character of base64 can begin a group of four that stands for
/// ASCII text: its value is less than 32.
fn begins_group(byte: u8) -> bool {
    matches!(byte, b'A'..=b'Z' | b'a'..=b'f')
}

/// Whether a character of base64 can be the third of such a group: the second
/// lowest bit of its value is the highest of a byte. Digits pass.
fn is_third(byte: u8) -> bool {
    match byte {
        b'A'..=b'Z' => (byte - b'A') & 2 == 0,
        b'a'..=b'z' => (byte - b'a' + 26) & 2 == 0,
        _ => byte.is_ascii_digit(),
    }
}

/// Whether a row of places begins with three signs that have the gaps of
/// escapes.
pub(super) fn begins_with_signs(is: impl Fn(usize, fn(u8) -> bool) -> bool) -> bool {
    let is_sign = |at| is(at, escape::is_sign);
    is_sign(0) && GAPS.iter().any(|gap| is_sign(gap.0) && is_sign(gap.1))
}

/// Whether a row of so many places in a run is base64 of ASCII text or
/// hexadecimal digits, long enough for [`Masks::coded`].
pub(super) fn is_coded(length: usize, is: impl Fn(usize, fn(u8) -> bool) -> bool) -> bool {
    let is_hex = length >= 2 * LANE_BYTES - 1
        && (0..length).all(|at| is(at, |byte| byte.is_ascii_hexdigit()));
    let groups = |from: usize| {
        from + GROUPS_BYTES <= length
            && [0, 4, 8].iter().all(|at| is(from + at, begins_group))
            && [2, 6, 10].iter().all(|at| is(from + at, is_third))
    };
    is_hex || (0..=MOST_BEFORE_GROUPS).any(groups)
}

/// Eight sets of bytes, each of those whose upper half is one of some and whose
/// lower half is one of others. What is in which of them two tables of sixteen
/// tell, which is one instruction for each.
struct Sets {
    upper: [u8; BLOCK_BYTES],
    lower: [u8; BLOCK_BYTES],
}

impl Sets {
    /// Takes the upper and the lower halves of each set, a bit for each.
    const fn new(sets: [(u16, u16); 8]) -> Self {
        let (mut upper, mut lower) = ([0; BLOCK_BYTES], [0; BLOCK_BYTES]);
        let mut at = 0;
        while at < BLOCK_BYTES {
            let mut set = 0;
            while set < sets.len() {
                upper[at] |= ((sets[set].0 >> (at % 16) & 1) as u8) << set;
                lower[at] |= ((sets[set].1 >> (at % 16) & 1) as u8) << set;
                set += 1;
            }
            at += 1;
        }
        Self { upper, lower }
    }

    /// For each byte a bit for each set that holds it.
    #[inline(always)]
    fn of<S: Simd>(&self, simd: S, upper: u8x64<S>, lower: u8x64<S>) -> u8x64<S> {
        simd.swizzle_dyn_within_blocks_u8x64(self.upper.simd_into(simd), upper)
            & simd.swizzle_dyn_within_blocks_u8x64(self.lower.simd_into(simd), lower)
    }
}

/// The lower halves from one to another, both included.
const fn halves(first: u32, last: u32) -> u16 {
    (u16::MAX >> (15 - last)) & (u16::MAX << first)
}

const RUNS: u8 = 0b0001_1111;
const SIGNS: u8 = 0b1110_0000;
const RUNS_AND_SIGNS: Sets = Sets::new([
    (1 << 3, halves(0, 9)),
    (1 << 2, 1 << 0xb | 1 << 0xd | 1 << 0xf),
    (1 << 4 | 1 << 6, halves(1, 15)),
    (1 << 5 | 1 << 7, halves(0, 10)),
    (1 << 5, 1 << 0xf),
    (1 << 2, 1 << 5 | 1 << 6),
    (1 << 3, 1 << 0xd),
    (1 << 5, 1 << 0xc),
]);

const HEX: u8 = 0b0000_0011;
const BEGINS: u8 = 0b0001_1100;
const THIRDS: u8 = 0b0110_0001;
/// Of thirds the letters are every other two, `^` and the like among them.
const CODED: Sets = Sets::new([
    (1 << 3, halves(0, 9)),
    (1 << 4 | 1 << 6, halves(1, 6)),
    (1 << 4, halves(1, 15)),
    (1 << 5, halves(0, 10)),
    (1 << 6, halves(1, 6)),
    (1 << 4 | 1 << 5, 0b0110_0110_0110_0110),
    (1 << 6 | 1 << 7, 0b1001_1001_1001_1001),
    (0, 0),
]);

impl Masks {
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, block: &[u8; BLOCK_BYTES]) -> Self {
        let bytes: u8x64<S> = (*block).simd_into(simd);
        let (upper, lower) = (bytes >> 4, bytes & 15);
        let (one, other) = (RUNS_AND_SIGNS.of(simd, upper, lower), CODED.of(simd, upper, lower));
        let none = u8x64::splat(simd, 0);
        let bits = |sets: u8x64<S>, some: u8| {
            !simd.to_bitmask_mask8x64(simd.simd_eq_u8x64(sets & some, none))
        };
        Self {
            runs: bits(one, RUNS),
            signs: bits(one, SIGNS),
            begins: bits(other, BEGINS),
            thirds: bits(other, THIRDS),
            hex: bits(other, HEX),
        }
    }

    /// Signs that two others stand before with the gaps of escapes.
    #[inline(always)]
    pub(super) fn escapes(&self, before: &Self) -> u64 {
        let signs = |by| moved(self.signs, before.signs, by);
        let both = |gap: &(usize, usize)| signs(gap.1 - gap.0) & signs(gap.1);
        self.signs & GAPS.iter().map(both).fold(0, |all, some| all | some)
    }

    /// What may be base64 of ASCII text or hexadecimal digits: the last of
    /// [`GROUPS_BYTES`], and the last of a lane of digits.
    #[inline(always)]
    pub(super) fn coded(&self, before: &Self) -> u64 {
        let begins = |by| moved(self.begins, before.begins, by);
        let thirds = |by| moved(self.thirds, before.thirds, by);
        let groups = self.thirds & thirds(4) & thirds(8) & begins(2) & begins(6) & begins(10);
        groups & self.runs & self.run_before(before) | full_lanes(self.hex)
    }

    /// What may be a long run, the last of so many lanes in a row, and signs
    /// behind a run of `least` bytes or more.
    #[inline(always)]
    pub(super) fn tails(&self, before: &Self, lanes: usize, least: usize) -> u64 {
        let (full, full_before) = (full_lanes(self.runs), full_lanes(before.runs));
        let in_row = (1..lanes)
            .fold(full, |all, number| all & moved(full, full_before, number * LANE_BYTES));
        let behind = self.run_before(before) & moved(self.runs, before.runs, least);
        in_row | self.signs & behind
    }

    /// Bytes with some of the bytes of a run before them.
    #[inline(always)]
    fn run_before(&self, before: &Self) -> u64 {
        [1, 3, 5, 7].iter().fold(u64::MAX, |all, by| all & moved(self.runs, before.runs, *by))
    }
}

/// The bits of a block and of the one before it, moved on by 1 to 63.
#[inline(always)]
fn moved(bits: u64, before: u64, by: usize) -> u64 {
    bits << by | before >> (BLOCK_BYTES - by)
}

/// The highest bit of each lane of eight that is full.
#[inline(always)]
fn full_lanes(bits: u64) -> u64 {
    const HIGHEST: u64 = 0x8080_8080_8080_8080;
    ((bits & !HIGHEST) + (HIGHEST >> 7)) & bits & HIGHEST
}

#[cfg(test)]
mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    #[test]
    fn run_is_of_letters_digits_and_four_signs() {
        let inside: Vec<u8> = (0..=255).filter(|byte| in_run(*byte)).collect();
        let expected = "+-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
        assert_eq!(String::from_utf8_lossy(&inside), expected);
    }

    #[test]
    fn classes_of_a_block_are_those_of_its_bytes() {
        for (first, level) in
            (0..=u8::MAX).flat_map(|first| [(first, Level::new()), (first, Level::baseline())])
        {
            let block: [u8; BLOCK_BYTES] = std::array::from_fn(|at| first.wrapping_add(at as u8));
            let expected = |is: fn(u8) -> bool| {
                (0..BLOCK_BYTES).filter(|at| is(block[*at])).fold(0u64, |bits, at| bits | 1 << at)
            };
            let masks = dispatch!(level, simd => Masks::of(simd, &block));
            assert_eq!(masks.runs, expected(in_run));
            assert_eq!(masks.signs, expected(escape::is_sign));
            assert_eq!(masks.begins, expected(begins_group));
            assert_eq!(masks.hex, expected(|byte| byte.is_ascii_hexdigit()));
            assert_eq!(masks.thirds & masks.runs, expected(is_third));
        }
    }

    #[test]
    fn base64_of_ascii_and_digits_are_coded_and_words_are_not() {
        let is_coded = |text: &str| {
            is_coded(text.len(), |at, is| text.as_bytes().get(at).is_some_and(|byte| is(*byte)))
        };
        let text = b"~a plain text, 0x7f at most.\x7f";
        for from in 0..6 {
            let encoded = data_encoding::BASE64_NOPAD.encode(&text[from..]);
            for before in 0..=encoded.len() - 17 {
                assert!(is_coded(&encoded[before..][..17]), "{encoded} {before}");
            }
        }
        assert!(is_coded("62697467697400aF"));
        for word in ["cluster_node_count", "callbacktypedefinition", "6269746b69746", "short"] {
            assert!(!is_coded(word), "{word}");
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
