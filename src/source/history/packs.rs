//! Sweeps a pack.
//!
//! In: a pack. Out: its candidates. The families of its forest are spread over
//! the threads, the largest first, so that none of them is left over alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

use gix_hash::ObjectId;

use super::delivery::Delivery;
use super::families::Walker;
use crate::git::pack::{Forest, NodeId, ObjectError, Pack, Schedule};
use crate::git::{PackedCommits, Store};

/// A pack that is being swept.
pub(super) struct Field<'a> {
    pub(super) store: &'a Store,
    pub(super) pack: &'a Pack,
    pub(super) forest: &'a Forest,
    /// Offsets of entries that an earlier pack holds too.
    pub(super) duplicates: HashSet<u64>,
    pub(super) delivery: &'a Delivery<'a>,
}

impl Field<'_> {
    /// The id of an entry, for faults.
    pub(super) fn id(&self, node: NodeId) -> ObjectId {
        self.pack
            .id_by_offset(self.forest.offset(node))
            .unwrap_or_else(|| ObjectId::null(self.delivery.hash))
    }

    /// Whether an earlier pack holds the same object.
    pub(super) fn is_duplicate(&self, node: NodeId) -> bool {
        !self.duplicates.is_empty() && self.duplicates.contains(&self.forest.offset(node))
    }
}

/// Sweeps the store's pack number `at`; gives what its commits name, unless the
/// sweep was cancelled.
pub(super) fn sweep(
    store: &Store,
    at: usize,
    delivery: &Delivery<'_>,
) -> Option<Vec<PackedCommits>> {
    let pack = &store.packs[at];
    // Some of either is one thread's work.
    let (forest, ()) = rayon::join(|| pack.forest(), || pack.prepare());
    let duplicates = duplicates(&store.packs, at);
    let field = Field { store, pack, forest, duplicates, delivery };
    for id in forest.outside() {
        delivery.fault(*id, &ObjectError::Outside);
    }
    let schedule = Schedule::new(forest, |_| true);
    let commits = rayon::broadcast(|_| {
        let mut walker = Walker::new(&field);
        while let Some(families) = schedule.take() {
            if delivery.sink.is_cancelled() {
                return None;
            }
            for root in families {
                walker.family(*root);
            }
        }
        Some(walker.finish())
    });
    super::carefully::sweep_unrooted(&field);
    commits.into_iter().collect()
}

/// The offsets of those entries of pack `at` that an earlier pack holds too.
fn duplicates(packs: &[Pack], at: usize) -> HashSet<u64> {
    if at == 0 {
        return HashSet::new();
    }
    // Both indexes are sorted by id: one pass over all, whatever their number.
    let mut heads: BinaryHeap<Reverse<(ObjectId, usize, u32)>> = packs[..=at]
        .iter()
        .enumerate()
        .filter(|(_, pack)| pack.len() > 0)
        .map(|(number, pack)| Reverse((pack.id_at(0).to_owned(), number, 0)))
        .collect();
    let mut found = HashSet::new();
    let mut last = None;
    while let Some(Reverse((id, number, position))) = heads.pop() {
        if number == at && last == Some(id) {
            found.insert(packs[at].offset_at(position));
        }
        last = Some(id);
        if position + 1 < packs[number].len() {
            let next = packs[number].id_at(position + 1).to_owned();
            heads.push(Reverse((next, number, position + 1)));
        }
    }
    found
}
