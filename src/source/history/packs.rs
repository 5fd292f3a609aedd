//! Sweeps a pack.
//!
//! In: a pack. Out: its candidates. The families of its forest are spread over
//! the threads, the largest first, so that none of them is left over alone.

use std::collections::HashSet;

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

/// Sweeps the store's pack number `at`, of which an earlier one holds `duplicates`
/// too; gives what its commits name, unless the sweep was cancelled.
pub(super) fn sweep(
    store: &Store,
    at: usize,
    duplicates: HashSet<u64>,
    delivery: &Delivery<'_>,
) -> Option<Vec<PackedCommits>> {
    let pack = &store.packs[at];
    // Of several packs the store has a catalog.
    let is_asked = store.packs.len() == 1;
    // Some of either is one thread's work.
    let prepare = || {
        if is_asked {
            pack.prepare();
        }
    };
    let (forest, ()) = rayon::join(|| pack.forest(), prepare);
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
