//! Where a pack's entries begin.
//!
//! In: a pack whose index is hostile. Out: its offsets in order, and the ids of
//! those that cannot be offsets. What lies at an offset is not known here.

use std::ops::Deref;

use gix_hash::ObjectId;
use rayon::prelude::*;

use crate::git::pack::{NodeId, Pack};

/// How many offsets share a place.
const TOGETHER: usize = 4;

/// Into how many parts offsets are put first.
const PARTS: usize = 512;

/// Offsets in order, each once.
///
/// Most lie evenly spread below the pack's end: each has a place by its value
/// alone, which it shares with few others, so that neither sorting them nor
/// finding one takes steps that grow with their number.
#[derive(Debug)]
pub(super) struct Offsets {
    sorted: Vec<u64>,
    /// Where those of each place begin; none where some offsets are not in
    /// `sorted` as often as they were counted.
    starts: Vec<u32>,
    shift: u32,
}

impl Deref for Offsets {
    type Target = [u64];

    fn deref(&self) -> &[u64] {
        &self.sorted
    }
}

impl Offsets {
    /// The offsets of the index; and the ids of those that cannot be offsets.
    pub(super) fn of(pack: &Pack) -> (Self, Vec<ObjectId>) {
        let offsets: Vec<u64> =
            (0..pack.len()).into_par_iter().map(|position| pack.offset_at(position)).collect();
        let mut offsets = Self::sorted(&offsets, pack.end());
        let is_outside = |offset: &u64| !pack.is_inside(*offset);
        if ![offsets.first(), offsets.last()].into_iter().flatten().any(is_outside) {
            return (offsets, Vec::new());
        }
        offsets.starts.clear();
        offsets.sorted.retain(|offset| pack.is_inside(*offset));
        let ids = (0..pack.len()).filter(|position| is_outside(&pack.offset_at(*position)));
        (offsets, ids.map(|position| pack.id_at(position).to_owned()).collect())
    }

    /// Of offsets in order, each once.
    pub(super) fn of_sorted(sorted: Vec<u64>, end: u64) -> Self {
        let (places, shift) = places(sorted.len(), end);
        let mut starts = vec![0u32; places + 1];
        let part_places = (places / PARTS).max(1);
        starts.par_chunks_mut(part_places).enumerate().for_each(|(number, starts)| {
            let is_before = |offset: u64, own: usize| place(offset, shift, places) < own;
            let first = number * part_places;
            let mut at = sorted.partition_point(|offset| is_before(*offset, first));
            for (own, start) in (first..).zip(starts) {
                at += sorted[at..].iter().take_while(|offset| is_before(**offset, own)).count();
                *start = at as u32;
            }
        });
        starts.push(sorted.len() as u32);
        Self { sorted, starts, shift }
    }

    /// Sorts offsets: first roughly, into parts that fit a core's cache, then each
    /// part by places, on every thread.
    fn sorted(offsets: &[u64], end: u64) -> Self {
        let (places, shift) = places(offsets.len(), end);
        let part_places = (places / PARTS).max(1);
        let part_shift = part_places.trailing_zeros();
        let part = |offset: u64| place(offset, shift, places) >> part_shift;
        let mut ends = vec![0u32; (places >> part_shift) + 1];
        for offset in offsets {
            ends[part(*offset)] += 1;
        }
        into_starts(&mut ends);
        let mut sorted = vec![0; offsets.len()];
        for offset in offsets {
            // The start of its part, which is its end when all are put there.
            let next = &mut ends[part(*offset)];
            sorted[*next as usize] = *offset;
            *next += 1;
        }
        let mut starts = vec![0u32; places + 1];
        let (mut parts, mut rest, mut start) = (Vec::new(), &mut *sorted, 0);
        for (end, starts) in ends.iter().zip(starts.chunks_mut(part_places)) {
            let (own, others) = rest.split_at_mut((end - start) as usize);
            parts.push((start, own, starts));
            (rest, start) = (others, *end);
        }
        parts.into_par_iter().enumerate().for_each_init(Vec::new, |copy, (number, part)| {
            let (start, own, starts) = part;
            let place = |offset| place(offset, shift, places) - (number << part_shift);
            sort_part(own, starts, place, copy);
            for place in starts {
                *place += start;
            }
        });
        starts.push(offsets.len() as u32);
        sorted.dedup();
        if sorted.len() < offsets.len() {
            starts.clear();
        }
        Self { sorted, starts, shift }
    }

    /// Which in order an offset is.
    pub(super) fn rank(&self, offset: u64) -> Option<NodeId> {
        let range = match self.starts.len().checked_sub(2) {
            Some(places) => {
                let place = place(offset, self.shift, places);
                self.starts[place] as usize..self.starts[place + 1] as usize
            }
            None => 0..self.sorted.len(),
        };
        let near = &self.sorted[range.clone()];
        let found = if near.len() <= 2 * TOGETHER {
            near.iter().position(|other| *other == offset)?
        } else {
            near.binary_search(&offset).ok()?
        };
        Some((range.start + found) as NodeId)
    }

    /// The offsets, and after them the end of the last entry.
    pub(super) fn with_end(mut self, end: u64) -> Vec<u64> {
        self.sorted.push(end);
        self.sorted
    }
}

/// How many places there are for so many offsets before `end`, and by how many
/// bits an offset is shifted to tell its place.
fn places(offsets: usize, end: u64) -> (usize, u32) {
    let places = (offsets / TOGETHER).next_power_of_two();
    let bits = u64::BITS - end.leading_zeros();
    (places, bits.saturating_sub(places.trailing_zeros()).min(u64::BITS - 1))
}

/// Where an offset belongs; what lies beyond the end has a place of its own, the
/// last.
fn place(offset: u64, shift: u32, last: usize) -> usize {
    usize::try_from(offset >> shift).map_or(last, |place| place.min(last))
}

/// Sorts the offsets of some places, and sets where those of each begin; `copy` is
/// scratch.
fn sort_part(
    offsets: &mut [u64],
    starts: &mut [u32],
    place: impl Fn(u64) -> usize,
    copy: &mut Vec<u64>,
) {
    for offset in &*offsets {
        starts[place(*offset)] += 1;
    }
    into_starts(starts);
    copy.clear();
    copy.extend_from_slice(offsets);
    for offset in &*copy {
        let next = &mut starts[place(*offset)];
        offsets[*next as usize] = *offset;
        *next += 1;
    }
    // What was the start of each place is its end now.
    let mut start = 0;
    for end in starts {
        offsets[start..*end as usize].sort_unstable();
        (start, *end) = (*end as usize, start as u32);
    }
}

/// Makes of how many there are of each where those of each begin.
fn into_starts(counts: &mut [u32]) {
    let mut sum = 0;
    for count in counts {
        sum += std::mem::replace(count, sum);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every rank, whichever way the offsets came.
    fn check(mut offsets: Vec<u64>, end: u64) -> Result<(), TestCaseError> {
        let sorted = Offsets::sorted(&offsets, end);
        offsets.sort_unstable();
        offsets.dedup();
        prop_assert_eq!(&*sorted, &*offsets);
        let known = Offsets::of_sorted(offsets.clone(), end);
        for sought in offsets.iter().flat_map(|at| [at.wrapping_sub(1), *at, at.wrapping_add(1)]) {
            let expected = offsets.binary_search(&sought).ok().map(|rank| rank as NodeId);
            prop_assert_eq!(sorted.rank(sought), expected);
            prop_assert_eq!(known.rank(sought), expected);
        }
        Ok(())
    }

    /// As many as make a part several places.
    #[test]
    fn many_offsets_are_sorted() {
        let end = 1 << 20;
        let spread = (0..9_000u64).map(|at| at * 7_919 % end);
        let crowded = (0..3_000u64).map(|at| 70_000 + at * 11 % 3_001);
        check(spread.clone().collect(), end).expect("sorted");
        check(spread.chain(crowded).collect(), end).expect("sorted");
    }

    proptest! {
        /// An index is hostile: offsets may be alike, crowded, or far outside.
        #[test]
        fn offsets_are_sorted_wherever_they_lie(
            offsets in prop::collection::vec(prop_oneof![0..5_000u64, 100..110u64, any::<u64>()], 0..300),
            end in prop_oneof![Just(0u64), 0..6_000u64, any::<u64>()],
        ) {
            check(offsets, end)?;
        }
    }
}
