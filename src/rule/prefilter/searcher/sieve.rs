//! Passes blocks of bytes in which none of a few forms can stand.
//!
//! In: the cores of forms, and bytes. Out: the next block that a core may stand in.
//!
//! Of each core four places in a row are looked for, and cores are put in eight
//! groups, so that what may stand at the places of a group is as rare as can be. Of
//! each of the four places a table says in which groups a byte may stand there, so
//! that a block costs four look-ups, each of 64 bytes at once, and is passed where no
//! group has all four. Of texts one block in two hundred is not, where the forms are
//! those of the built-in rules.

#![expect(clippy::inline_always, reason = "what is compiled for each kind of processor")]

use fearless_simd::{Level, Simd, SimdBase, SimdInto, dispatch, u8x64};

use super::super::forms::ByteSet;

/// Bytes that are looked up together.
pub(super) const BLOCK_BYTES: usize = 64;

/// Successive places of a core that are looked for.
const PLACES: usize = 4;

/// A block, and what the last of its bytes is looked up with: of fewer bytes nothing
/// can be told.
pub(super) const LEAST_BYTES: usize = BLOCK_BYTES + PLACES - 1;

/// Bytes that forms are made of: ASCII.
const BYTES: usize = 128;

/// A sieve for some forms.
#[derive(Debug)]
pub(super) struct Sieve {
    level: Level,
    /// Of each place the groups of the lower bytes and of the upper ones.
    tables: [[[u8; BLOCK_BYTES]; BYTES / BLOCK_BYTES]; PLACES],
}

impl Sieve {
    /// A sieve that passes no core; `None` where it would pass too few blocks to pay,
    /// or could not look up a block by one instruction, as AVX-512 can. By two halves
    /// of each byte, as other processors could, a tenth of the blocks was not passed.
    pub(super) fn of<'f>(cores: impl Iterator<Item = &'f [ByteSet]>) -> Option<Self> {
        let level = Level::new();
        if looks_up_blocks(level) { Self::new(level, cores) } else { None }
    }

    fn new<'f>(level: Level, cores: impl Iterator<Item = &'f [ByteSet]>) -> Option<Self> {
        let mut tables = [[[0; BLOCK_BYTES]; BYTES / BLOCK_BYTES]; PLACES];
        for (number, group) in Group::all(cores)?.iter().enumerate() {
            for (table, set) in tables.iter_mut().zip(group.sets) {
                for byte in (0..BYTES).filter(|byte| set >> byte & 1 != 0) {
                    table[byte / BLOCK_BYTES][byte % BLOCK_BYTES] |= 1 << number;
                }
            }
        }
        Some(Self { level, tables })
    }

    /// How many bytes can be passed: blocks in none of which the first of a core's
    /// four places can stand, up to where fewer than [`LEAST_BYTES`] are left.
    #[inline]
    pub(super) fn pass(&self, bytes: &[u8]) -> usize {
        dispatch!(self.level, simd => self.pass_with(simd, bytes))
    }

    #[inline(always)]
    fn pass_with<S: Simd>(&self, simd: S, bytes: &[u8]) -> usize {
        let tables = self.tables.map(|[lower, upper]| -> [u8x64<S>; 2] {
            [lower.simd_into(simd), upper.simd_into(simd)]
        });
        let none = u8x64::splat(simd, 0);
        let mut at = 0;
        while let Some(block) = bytes.get(at..at + LEAST_BYTES) {
            let mut groups = u8x64::splat(simd, u8::MAX);
            for (place, [lower, upper]) in tables.iter().enumerate() {
                let bytes = u8x64::from_slice(simd, &block[place..place + BLOCK_BYTES]);
                // Of a byte that is no ASCII any groups are as good.
                groups &= simd.concat_swizzle_dyn_u8x64(*lower, *upper, bytes);
            }
            if simd.to_bitmask_mask8x64(simd.simd_eq_u8x64(groups, none)) != u64::MAX {
                break;
            }
            at += BLOCK_BYTES;
        }
        at
    }
}

/// Whether 64 bytes are looked up in a table of 128 by one instruction.
fn looks_up_blocks(level: Level) -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    let looks_up = level.as_avx512().is_some();
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
    let (looks_up, _) = (false, level);
    looks_up
}

/// Cores that are looked for together.
#[derive(Debug, Clone, Copy, Default)]
struct Group {
    /// Which bytes may stand at each place, and how often one of them is met.
    sets: [u128; PLACES],
    shares: [u32; PLACES],
}

/// All groups: a bit of a byte for each.
const GROUPS: usize = 8;

/// One of so many places may be one that a group has all bytes of, as far as the
/// bytes' own shares tell; in texts it is some ten times as many.
const ONE_IN: u64 = 10_000;

impl Group {
    /// Puts each core in the group that it makes commoner by least, the commonest
    /// core first; `None` where the groups are too common in the end.
    fn all<'f>(cores: impl Iterator<Item = &'f [ByteSet]>) -> Option<[Self; GROUPS]> {
        let mut rows = cores.map(Self::rows).collect::<Option<Vec<_>>>()?;
        rows.sort_by_cached_key(|rows| rows.iter().map(Self::commonness).min());
        let mut groups = [Self::default(); GROUPS];
        for rows in rows.iter().rev() {
            let ways = rows.iter().flat_map(|row| {
                groups.iter().enumerate().map(move |(number, group)| {
                    let joined = group.with(row);
                    (joined.commonness() - group.commonness(), number, joined)
                })
            });
            if let Some((_, number, joined)) = ways.min_by_key(|(more, number, _)| (*more, *number))
            {
                groups[number] = joined;
            }
        }
        let common: u64 = groups.iter().map(Self::commonness).sum();
        (common <= u64::from(ALL).pow(PLACES as u32) / ONE_IN).then_some(groups)
    }

    /// Each four places in a row of a core; `None` where it has none, or some byte is
    /// no ASCII.
    fn rows(core: &[ByteSet]) -> Option<Vec<Self>> {
        let is_ascii = core.iter().all(|place| place.bytes().is_ascii());
        let row = |places: &[ByteSet]| {
            let mut row = Self::default();
            for (at, place) in places.iter().enumerate() {
                row.add(at, place.bytes().iter().fold(0, |set, byte| set | 1 << byte));
            }
            row
        };
        (is_ascii && core.len() >= PLACES).then(|| core.windows(PLACES).map(row).collect())
    }

    fn with(&self, row: &Self) -> Self {
        let mut joined = *self;
        for (at, set) in row.sets.iter().enumerate() {
            joined.add(at, *set);
        }
        joined
    }

    /// Adds bytes to those that may stand at a place.
    fn add(&mut self, at: usize, set: u128) {
        let mut new = set & !self.sets[at];
        self.sets[at] |= set;
        while new != 0 {
            self.shares[at] += u32::from(SHARES[new.trailing_zeros() as usize]);
            new &= new - 1;
        }
    }

    /// How often all four places are met, by the shares of each.
    fn commonness(&self) -> u64 {
        self.shares.iter().copied().map(u64::from).product()
    }
}

/// How many of so many bytes are each, in what is stored of two repositories, git/git
/// and ansible/ansible: files and messages, whole and as deltas. Each is one at least.
const ALL: u32 = 10_000;
#[rustfmt::skip]
const SHARES: [u16; BYTES] = [
    9, 28, 18, 17, 7, 6, 7, 6, 8, 7, 227, 7, 7, 14, 5, 6,
    7, 7, 7, 25, 6, 7, 6, 8, 6, 7, 6, 6, 5, 5, 5, 6,
    1142, 7, 38, 15, 9, 7, 7, 39, 33, 32, 15, 20, 38, 108, 117, 38,
    173, 133, 107, 110, 107, 105, 100, 105, 100, 96, 56, 7, 41, 24, 41, 6,
    38, 33, 20, 37, 18, 25, 16, 19, 29, 25, 27, 13, 17, 21, 22, 17,
    22, 11, 21, 34, 29, 16, 11, 13, 10, 10, 9, 10, 6, 10, 5, 70,
    21, 455, 165, 318, 247, 686, 200, 139, 175, 381, 23, 50, 212, 197, 359, 420,
    156, 15, 357, 327, 501, 167, 55, 64, 47, 77, 14, 9, 5, 9, 5, 6,
];

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::super::forms::{self, Forms};
    use super::super::Searcher;
    use super::*;

    /// Searchers for literals in every encoding: without a sieve, and with one for
    /// each kind of instructions that there are here.
    fn searchers(literals: &[&str]) -> Vec<Searcher> {
        let mut forms = Forms::for_literals(literals.len());
        for (number, literal) in literals.iter().enumerate() {
            forms::looks(number, literal.as_bytes(), 0..literal.len(), &mut forms);
        }
        let all: Vec<u32> = (0..forms.len() as u32).collect();
        let forms = Arc::new(forms);
        let sieving = |level| {
            let mut searcher = Searcher::new(&forms, &all);
            let places = |form: &u32| forms.get(*form).places;
            let cores = all.iter().map(places).map(|places| &places[searcher.core(places)]);
            searcher.sieve = Some(Sieve::new(level, cores).expect("rare forms"));
            searcher
        };
        vec![Searcher::new(&forms, &all), sieving(Level::new()), sieving(Level::baseline())]
    }

    /// What stands from a place on; a search may give what reaches into it, too.
    fn hits(searcher: &Searcher, bytes: &[u8], from: usize) -> Vec<(usize, usize, usize)> {
        let mut hits = Vec::new();
        searcher.search(bytes, from..bytes.len(), &mut |form, start| {
            hits.push((start, form.places.len(), form.literal));
            false
        });
        hits.retain(|(start, ..)| *start >= from);
        hits.sort_unstable();
        hits
    }

    /// Every form, at every place of a block, with little or much after it.
    #[test]
    fn no_form_is_passed() {
        let searchers = searchers(&["bitkit", "bytestack"]);
        for form in searchers[0].forms.iter() {
            let text: Vec<u8> = form.places.iter().map(|place| place.first()).collect();
            for (before, after) in (0..BLOCK_BYTES).flat_map(|at| [(at, 0), (at + 64, 130)]) {
                let bytes = [&vec![b'.'; before], &*text, &vec![b'.'; after]].concat();
                let expected = hits(&searchers[0], &bytes, 0);
                assert!(!expected.is_empty(), "{form:?}");
                for searcher in &searchers {
                    assert_eq!(hits(searcher, &bytes, 0), expected, "{form:?} {before} {after}");
                    assert!(searcher.finds_core(&bytes), "{form:?} {before} {after}");
                }
            }
        }
    }

    proptest! {
        /// Each hit is given once, though blocks that are looked up overlap.
        #[test]
        fn a_search_with_a_sieve_finds_what_one_without_finds(
            parts in prop::collection::vec(prop::sample::select(vec![
                "bitkit", "BitKit", "bytestack", "b", "yte", "stack", "\\x62", "\\x69", "\\x74",
                "\n", "API_KEY=", "Yml0", "a2l0", "6269", "\u{e2}", "\0", "t\0", "k\0",
                "a longer run of words with nothing in it, ",
            ]), 0..90),
            from in 0..30usize,
        ) {
            let bytes = parts.concat().into_bytes();
            let searchers = searchers(&["bitkit", "bytestack", "stackkit"]);
            let from = from.min(bytes.len());
            let expected = hits(&searchers[0], &bytes, from);
            let has_core = searchers[0].finds_core(&bytes);
            for searcher in &searchers[1..] {
                prop_assert_eq!(&hits(searcher, &bytes, from), &expected);
                prop_assert_eq!(searcher.finds_core(&bytes), has_core);
            }
        }
    }

    #[test]
    fn blocks_of_text_are_passed() {
        let text = "The quick brown fox jumps over the lazy dog, 0x7f of them: {\"api_key\": 1}\n";
        let bytes = text.repeat(40).into_bytes();
        for searcher in &searchers(&["bitkit", "bytestack"])[1..] {
            let passed = searcher.sieve.as_ref().map_or(0, |sieve| sieve.pass(&bytes));
            assert!(bytes.len() - passed < LEAST_BYTES, "{passed} of {}", bytes.len());
        }
    }

    /// Forms that would let nearly everything through, too short ones, and such as
    /// hold other bytes than the tables.
    #[test]
    fn what_a_sieve_would_not_help_has_none() {
        let none = |literals: &[&[u8]]| {
            let mut forms = Forms::for_literals(literals.len());
            for (number, literal) in literals.iter().enumerate() {
                forms::plain(number, literal, &mut forms);
            }
            let rows: Vec<_> = forms.iter().map(|form| form.places.to_vec()).collect();
            Sieve::new(Level::new(), rows.iter().map(Vec::as_slice)).is_none()
        };
        assert!(!none(&[b"bitkit"]));
        assert!(none(&[b"bitkit", b"key"]));
        assert!(none(&[b"bitkit\xe9"]));
        assert!(none(&[b"    "]));
    }
}
