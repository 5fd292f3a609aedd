//! Where a pack's entries begin.
//!
//! In: a pack whose index is hostile. Out: its offsets in order, and the ids of
//! those that cannot be offsets. What lies at an offset is not known here.

use gix_hash::ObjectId;
use rayon::prelude::*;

use crate::git::pack::Pack;

/// The offsets of the index in order, each once, with the pack's end; and the
/// ids of those that cannot be offsets.
pub(super) fn entry_offsets(pack: &Pack) -> (Vec<u64>, Vec<ObjectId>) {
    let mut offsets: Vec<u64> =
        (0..pack.len()).into_par_iter().map(|position| pack.offset_at(position)).collect();
    sort(&mut offsets, pack.end());
    let is_outside = |offset: &u64| !is_inside(pack, *offset);
    let outside =
        if offsets.first().is_some_and(is_outside) || offsets.last().is_some_and(is_outside) {
            offsets.retain(|offset| is_inside(pack, *offset));
            let ids = (0..pack.len()).filter(|position| is_outside(&pack.offset_at(*position)));
            ids.map(|position| pack.id_at(position).to_owned()).collect()
        } else {
            Vec::new()
        };
    offsets.dedup();
    offsets.push(pack.end());
    (offsets, outside)
}

/// Sorts offsets, most of which lie evenly spread below `end`: each is put near
/// its place by its value, and those in one place are sorted among themselves.
fn sort(offsets: &mut Vec<u64>, end: u64) {
    /// How many share a place.
    const TOGETHER: usize = 4;
    let places = (offsets.len() / TOGETHER).next_power_of_two();
    let bits = u64::BITS - end.leading_zeros();
    let shift = bits.saturating_sub(places.trailing_zeros()).min(u64::BITS - 1);
    // What lies beyond the end has a place of its own.
    let place = |offset: u64| ((offset >> shift) as usize).min(places);
    let mut ends = vec![0u32; places + 2];
    for offset in &*offsets {
        ends[place(*offset) + 1] += 1;
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut sorted = vec![0; offsets.len()];
    for offset in &*offsets {
        // The start of its place, which is its end when all are put there.
        let next = &mut ends[place(*offset)];
        sorted[*next as usize] = *offset;
        *next += 1;
    }
    let mut start = 0;
    for end in ends {
        sorted[start..end as usize].sort_unstable();
        start = end as usize;
    }
    *offsets = sorted;
}

/// Whether an entry can begin there.
pub(super) fn is_inside(pack: &Pack, offset: u64) -> bool {
    /// A pack begins with its signature, its version and its count.
    const HEADER_BYTES: u64 = 12;
    (HEADER_BYTES..pack.end()).contains(&offset)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// An index is hostile: offsets may be alike, crowded, or far outside.
        #[test]
        fn offsets_are_sorted_wherever_they_lie(
            mut offsets in prop::collection::vec(prop_oneof![0..5_000u64, 100..110u64, any::<u64>()], 0..300),
            end in prop_oneof![Just(0u64), 0..6_000u64, any::<u64>()],
        ) {
            let mut expected = offsets.clone();
            expected.sort_unstable();
            sort(&mut offsets, end);
            prop_assert_eq!(offsets, expected);
        }
    }
}
