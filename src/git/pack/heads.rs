//! Looks up many ids in a sorted list at once.
//!
//! In: a sorted list of ids, and ids that may stand in it, hostile both. Out: those
//! that do not. For who asks about ids that nearly all are there: a binary search
//! waits for memory at every step, and here the waits for many ids overlap. Knows
//! nothing of what the ids are of.

use std::ops::Range;

/// A sorted list of ids, which [`Heads`] are of.
pub(crate) trait Listed {
    /// Some byte of what is looked at first of a place, so that it is fetched.
    fn fetch(&self, at: u32) -> u8;

    /// Whether this id stands at a place.
    fn is(&self, at: u32, id: &[u8]) -> bool;

    /// Whether what stands at a place comes before this id.
    fn is_before(&self, at: u32, id: &[u8]) -> bool;
}

/// Where in a list the ids lie that begin with the same bits, four to eight on average.
pub(crate) struct Heads {
    shift: u32,
    starts: Vec<u32>,
    /// Of each id the eight bits after those, so that of the four to eight only the
    /// one that is asked for is fetched from memory; and as many as are looked at
    /// together.
    tags: Vec<u8>,
}

/// How many tags are looked at together.
const TAGS: usize = 8;

impl Heads {
    /// More ids that begin alike were made to: they are halved, not gone through.
    const LONGEST: usize = 64;

    /// Of a list of `len` ids, which begin as `heads` says, in order.
    pub(crate) fn new(len: u32, heads: impl Iterator<Item = u32>) -> Self {
        let bits = (len / 4).max(2).ilog2();
        let shift = u32::BITS - bits;
        let mut starts = vec![0; (1 << bits) + 1];
        let mut tags = Vec::with_capacity(len as usize + TAGS);
        for head in heads {
            starts[(head >> shift) as usize + 1] += 1;
            tags.push(tag(head, shift));
        }
        tags.extend([0; TAGS]);
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        Self { shift, starts, tags }
    }

    /// Takes from `ids`, which have `id_len` bytes and stand one after the other,
    /// those that are in the list.
    pub(crate) fn remove_listed(&self, list: &impl Listed, ids: &mut Vec<u8>, id_len: usize) {
        let place = |id| match self.range(id) {
            range if range.len() > Self::LONGEST => self.first(list, id),
            range => self.next(range, id),
        };
        let places: Vec<Option<u32>> = ids.chunks_exact(id_len).map(place).collect();
        let fetched = places.iter().flatten().map(|at| list.fetch(*at));
        std::hint::black_box(fetched.fold(0, u8::wrapping_add));
        let mut kept = 0;
        for (number, place) in places.into_iter().enumerate() {
            let id = number * id_len..(number + 1) * id_len;
            let wanted = &ids[id.clone()];
            if !place.is_some_and(|at| list.is(at, wanted) || self.is_after(list, at, wanted)) {
                ids.copy_within(id, kept * id_len);
                kept += 1;
            }
        }
        ids.truncate(kept * id_len);
    }

    /// The first of these places at which an id with the same tag stands.
    #[inline]
    fn next(&self, mut places: Range<u32>, id: &[u8]) -> Option<u32> {
        const ONES: u64 = u64::from_le_bytes([1; TAGS]);
        let wanted = ONES * u64::from(tag(head(id), self.shift));
        while !places.is_empty() {
            let tags = self.tags[places.start as usize..].first_chunk()?;
            let differ = u64::from_le_bytes(*tags) ^ wanted;
            // The highest bit of each that does not, and of others after the first.
            let same = differ.wrapping_sub(ONES) & !differ & ONES << 7;
            if same != 0 {
                let at = places.start + same.trailing_zeros() / u8::BITS;
                return Some(at).filter(|at| *at < places.end);
            }
            places.start = places.start.saturating_add(TAGS as u32);
        }
        None
    }

    /// Whether an id stands behind a place, among those that begin as it does.
    #[cold]
    fn is_after(&self, list: &impl Listed, place: u32, id: &[u8]) -> bool {
        let mut left = place + 1..self.range(id).end;
        while let Some(at) = self.next(left.clone(), id) {
            if list.is(at, id) {
                return true;
            }
            left.start = at + 1;
        }
        false
    }

    /// The first place where an id stands.
    pub(crate) fn first(&self, list: &impl Listed, id: &[u8]) -> Option<u32> {
        let mut left = self.range(id);
        let end = left.end;
        while !left.is_empty() {
            let middle = left.start + (left.end - left.start) / 2;
            if list.is_before(middle, id) {
                left.start = middle + 1;
            } else {
                left.end = middle;
            }
        }
        Some(left.start).filter(|at| *at < end && list.is(*at, id))
    }

    /// Where the ids lie that begin as this one does.
    fn range(&self, id: &[u8]) -> Range<u32> {
        let at = (head(id) >> self.shift) as usize;
        self.starts[at]..self.starts[at + 1]
    }
}

/// The first bits of an id.
pub(crate) fn head(id: &[u8]) -> u32 {
    id.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

/// The eight bits of a head after those that are not shifted out.
fn tag(head: u32, shift: u32) -> u8 {
    (u64::from(head) << u8::BITS >> shift) as u8
}

/// Whether two ids, of 20 or 32 bytes, are the same, without the call that a
/// comparison of unknown length is.
#[inline]
pub(crate) fn is_same(id: &[u8], other: &[u8]) -> bool {
    const HALF: usize = 16;
    id.first_chunk::<HALF>() == other.first_chunk() && id.last_chunk::<HALF>() == other.last_chunk()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    /// Ids that differ in one bit alone, wherever it is.
    #[test]
    fn ids_are_the_same_in_every_bit() {
        for len in [20, 32] {
            let id: Vec<u8> = (0..len).collect();
            assert!(is_same(&id, &id.clone()));
            for bit in 0..8 * id.len() {
                let mut other = id.clone();
                other[bit / 8] ^= 1 << (bit % 8);
                assert!(!is_same(&id, &other), "{len} {bit}");
            }
        }
    }

    impl Listed for Vec<Vec<u8>> {
        fn fetch(&self, at: u32) -> u8 {
            self[at as usize][0]
        }

        fn is(&self, at: u32, id: &[u8]) -> bool {
            self[at as usize] == id
        }

        fn is_before(&self, at: u32, id: &[u8]) -> bool {
            *self[at as usize] < *id
        }
    }

    proptest! {
        /// Among the lists are such as nearly all begin alike.
        #[test]
        fn what_is_not_listed_is_kept_in_order(
            listed in prop::collection::btree_set((0..3u8, 0..8u8, 0..16u8), 0..300),
            asked in prop::collection::vec((0..3u8, 0..8u8, 0..16u8), 0..40),
            start in prop::sample::select(vec![0u8, 0x55, 0xfe]),
        ) {
            let id = |(first, second, last): (u8, u8, u8)| {
                let mut id = vec![first.wrapping_mul(start), second >> 2, 7, 7];
                id.resize(20, 9);
                id[18..].copy_from_slice(&[second, last]);
                id
            };
            let listed: BTreeSet<Vec<u8>> = listed.into_iter().map(id).collect();
            let list: Vec<Vec<u8>> = listed.iter().cloned().collect();
            let heads = Heads::new(list.len() as u32, list.iter().map(|id| head(id)));
            let mut ids = asked.iter().copied().map(id).collect::<Vec<_>>().concat();
            heads.remove_listed(&list, &mut ids, 20);
            let kept = asked.into_iter().map(id).filter(|id| !listed.contains(id));
            prop_assert_eq!(ids, kept.collect::<Vec<_>>().concat());
        }
    }
}
