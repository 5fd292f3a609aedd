//! Where in some bytes forms can stand at all.
//!
//! In: bytes. Out: the parts of them that are worth looking up: runs of letters,
//! digits and what base64 takes beside them, of these the long ones and those
//! that may be base64 or hexadecimal digits, what stands around three signs of
//! escapes as far apart as escapes are long, and the surroundings of NULs. Of
//! program texts a fifth lies in runs of twelve bytes or more, a twentieth in what
//! may be base64 or digits, and hardly any in the others.

#![expect(clippy::inline_always, reason = "what is compiled for each kind of processor")]

mod masks;

use std::ops::Range;

use fearless_simd::{Level, Simd, dispatch};

use crate::rule::shape::Class;
pub(super) use masks::in_run;
use masks::{
    BLOCK_BYTES, GROUPS_BYTES, LANE_BYTES, LEAST_GAP_BYTES, MOST_BEFORE_GROUPS, MOST_GAP_BYTES,
    MOST_LANES, Masks,
};

/// The shortest run that is worth finding.
pub(super) const SHORTEST_RUN_BYTES: usize = 8;

/// The longest run that can be asked for at the least.
pub(super) const LONGEST_LEAST_BYTES: usize = 2 * SHORTEST_RUN_BYTES;

/// Parts of this length are looked through for a NUL.
const PART_BYTES: usize = 1 << 10;

/// Where something can stand and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Region {
    /// In a run.
    Run,
    /// In a long run, or in a shorter one that a sign of an escape ends.
    LongRun,
    /// In a run, and it may be base64 of ASCII text or hexadecimal digits.
    Coded,
    /// From the first of three signs on that have the gaps of escapes.
    Signs,
}

impl Region {
    /// Of a row of places, by what may stand at each.
    pub(super) fn of<P>(places: &[P], is: impl Fn(&P, fn(u8) -> bool) -> bool) -> Option<Self> {
        let is_at =
            |at: usize, class: fn(u8) -> bool| places.get(at).is_some_and(|place| is(place, class));
        if places.iter().all(|place| is(place, in_run)) {
            let is_coded = masks::is_coded(places.len(), is_at);
            Some(if is_coded { Self::Coded } else { Self::Run })
        } else {
            masks::begins_with_signs(is_at).then_some(Self::Signs)
        }
    }
}

/// All bytes that belong to a run.
pub(super) fn run_class() -> Class {
    let mut class = Class::default();
    (0..=u8::MAX).filter(|byte| in_run(*byte)).for_each(|byte| class.add(byte, byte));
    class
}

/// Which regions are asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// Whole runs of so many bytes or more, [`SHORTEST_RUN_BYTES`] to
    /// [`LONGEST_LEAST_BYTES`].
    pub(super) run: Option<usize>,
    /// The shortest long run, of two lanes or more, and the shortest that a sign
    /// may end, of one.
    pub(super) long_run: Option<(usize, usize)>,
    /// The longest that is looked for in what may be base64 or digits, or 1.
    pub(super) coded: usize,
    /// The longest that begins with signs, or 1.
    pub(super) signs: usize,
}

/// A region of a kind that is marked, as far as it is known.
struct Near {
    region: Region,
    /// So much before a mark belongs to it, and so much from the mark on.
    before: usize,
    after: usize,
    range: Range<usize>,
}

impl Near {
    fn new(region: Region, before: usize, after: usize) -> Self {
        Self { region, before, after: after.max(1), range: 0..0 }
    }

    /// Adds the marks of the block at `at`; gives the region before them, if
    /// they do not belong to it.
    fn add(&mut self, marks: u64, at: usize, length: usize) -> Option<Range<usize>> {
        let start = (at + marks.trailing_zeros() as usize).saturating_sub(self.before);
        let last = at + BLOCK_BYTES - 1 - marks.leading_zeros() as usize;
        let mut done = None;
        if self.range.end < start {
            done = (!self.range.is_empty()).then(|| self.range.clone());
            self.range.start = start;
        }
        self.range.end = length.min(last + self.after);
        done
    }
}

impl Wanted {
    /// Gives the regions, those of a kind in order and with some more beside
    /// them, no two of which overlap, until told to stop; says whether it was.
    /// Runs are whole and as they are.
    pub(super) fn search(
        &self,
        bytes: &[u8],
        take: impl FnMut(Region, Range<usize>) -> bool,
    ) -> bool {
        dispatch!(Level::new(), simd => self.search_with(simd, bytes, take))
    }

    /// As [`Wanted::search`], compiled for each kind of processor.
    #[inline(always)]
    fn search_with<S: Simd>(
        &self,
        simd: S,
        bytes: &[u8],
        mut take: impl FnMut(Region, Range<usize>) -> bool,
    ) -> bool {
        let (long, ended) = self.long_run.unwrap_or((BLOCK_BYTES, BLOCK_BYTES - 1));
        let ended = ended.min(BLOCK_BYTES - 1);
        let lanes = ((long + 1) / LANE_BYTES - 1).clamp(1, MOST_LANES);
        let coded_before = (self.coded - 1).max(GROUPS_BYTES + MOST_BEFORE_GROUPS - 1);
        let mut nears = [
            Near::new(Region::LongRun, (lanes + 1) * LANE_BYTES, LANE_BYTES),
            Near::new(Region::Coded, coded_before, self.coded.saturating_sub(LANE_BYTES - 1)),
            Near::new(Region::Signs, MOST_GAP_BYTES, self.signs.saturating_sub(LEAST_GAP_BYTES)),
        ];
        let mut runs = self.run.map(Runs::new);
        let mut before = Masks::default();
        let (blocks, rest) = bytes.as_chunks::<BLOCK_BYTES>();
        let mut end_block = [0; BLOCK_BYTES];
        end_block[..rest.len()].copy_from_slice(rest);
        for (number, block) in blocks.iter().chain([&end_block]).enumerate() {
            let (block, at) = (Masks::of(simd, block), number * BLOCK_BYTES);
            let marks =
                [block.tails(&before, lanes, ended), block.coded(&before), block.escapes(&before)];
            before = block;
            if marks.iter().any(|marks| *marks != 0) {
                for (near, marks) in nears.iter_mut().zip(marks) {
                    if marks != 0
                        && let Some(range) = near.add(marks, at, bytes.len())
                        && take(near.region, range)
                    {
                        return true;
                    }
                }
            }
            if let Some(runs) = &mut runs
                && runs.search(block.runs, at, |range| take(Region::Run, range))
            {
                return true;
            }
        }
        nears.into_iter().any(|near| !near.range.is_empty() && take(near.region, near.range))
    }
}

/// Finds whole runs, block by block.
struct Runs {
    least: usize,
    /// The run that reaches the end of the block before began here.
    begun: usize,
}

impl Runs {
    fn new(least: usize) -> Self {
        Self { least, begun: 0 }
    }

    /// Gives the runs that end in a block, or with it if it is the last, until
    /// told to stop; says whether it was.
    #[inline]
    fn search(
        &mut self,
        mut inside: u64,
        at: usize,
        mut take: impl FnMut(Range<usize>) -> bool,
    ) -> bool {
        if inside == u64::MAX {
            return false;
        }
        let end = at + inside.trailing_ones() as usize;
        if end - self.begun >= self.least && take(self.begun..end) {
            return true;
        }
        let reaching = inside.leading_ones();
        self.begun = at + BLOCK_BYTES - reaching as usize;
        inside &= (u64::MAX << inside.trailing_ones()) & (u64::MAX >> reaching);
        // Bits from which on so many are set: 2, 4, 8, all.
        let mut starts = inside & inside >> 1;
        starts &= starts >> 2;
        starts &= starts >> 4;
        starts &= starts >> (self.least - SHORTEST_RUN_BYTES);
        while starts != 0 {
            let start = starts.trailing_zeros();
            let end = start + (inside >> start).trailing_ones();
            if take(at + start as usize..at + end as usize) {
                return true;
            }
            starts &= u64::MAX << end;
        }
        false
    }
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
    use crate::rule::escape;

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

    const WANTED: Wanted = Wanted { run: Some(8), long_run: Some((45, 12)), coded: 17, signs: 17 };

    fn found_of(bytes: &[u8], wanted: Wanted, region: Region) -> Vec<Range<usize>> {
        found(|take| wanted.search(bytes, |of, range| of == region && take(range)))
    }

    fn runs(bytes: &[u8], least: usize) -> Vec<Range<usize>> {
        found_of(bytes, Wanted { run: Some(least), ..WANTED }, Region::Run)
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
        fn what_a_form_can_stand_in_is_in_one_region_of_its_kind(
            pieces in proptest::collection::vec(
                "[%&=\\\\][a-z]{2,5}|[a-z ]{0,70}|([A-Za-f][a-z][A-Za-f0][0-9+_]){2,9}|[0-9a-fA-F]{9,40}|[a-z_]{20,70}[ =]",
                0..20,
            ),
            length in 11usize..=17,
            longest in 11usize..=17,
            long in 16usize..50,
            ended in 8usize..80,
        ) {
            let bytes = pieces.concat().into_bytes();
            let longest = longest.max(length);
            let long_run = Some((long, ended));
            let wanted = Wanted { run: None, long_run, coded: longest, signs: longest };
            let kinds = [Region::LongRun, Region::Coded, Region::Signs];
            let ranges = kinds.map(|kind| found_of(&bytes, wanted, kind));
            for ranges in &ranges {
                prop_assert!(ranges.is_sorted_by(|one, next| one.end < next.start));
            }
            let is_inside = |kind: usize, whole: &Range<usize>| {
                ranges[kind].iter().any(|range| range.start <= whole.start && whole.end <= range.end)
            };
            for (at, window) in bytes.windows(length).enumerate() {
                let kind = match Region::of(window, |byte, is| is(*byte)) {
                    Some(Region::Coded) => 1,
                    Some(Region::Signs) => 2,
                    _ => continue,
                };
                prop_assert!(is_inside(kind, &(at..at + length)), "{at} {ranges:?}");
            }
            for run in naive_runs(&bytes, 8) {
                let is_ended = bytes.get(run.end).is_some_and(|byte| escape::is_sign(*byte));
                if run.len() >= long || is_ended && run.len() >= ended {
                    prop_assert!(is_inside(0, &run), "{run:?} {ranges:?}");
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
