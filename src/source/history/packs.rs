//! Sweeps packs.
//!
//! In: packs. Out: their candidates. The families of a pack's forest are spread over
//! the threads, the largest first, so that none of them is left over alone; packs
//! that are many are spread instead.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use gix_hash::ObjectId;

use super::delivery::{Delivery, Part};
use super::families::Walker;
use crate::git::Store;
use crate::git::pack::{Forest, Kind, Link, NodeId, ObjectError, Pack, Schedule};

/// A pack that is being swept.
pub(super) struct Field<'a> {
    pub(super) store: &'a Store,
    pub(super) pack: &'a Pack,
    pub(super) forest: &'a Forest,
    /// Offsets of entries that an earlier pack holds too.
    pub(super) duplicates: &'a HashSet<u64>,
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

/// A pack that is less than one in so many parts of all, for each thread, is swept by
/// one thread, beside others: to bring all threads together for each costs more.
const SMALL_PART: u64 = 16;

/// Sweeps all packs; gives by pack what was seen of it, unless the sweep was
/// cancelled.
pub(super) fn sweep(store: &Store, delivery: &Delivery<'_>) -> Option<Vec<Vec<Part>>> {
    let duplicates = store.duplicates();
    let seen: Vec<OnceLock<Vec<Part>>> = store.packs.iter().map(|_| OnceLock::new()).collect();
    let sweep = |at: usize, threads| {
        let pack = &store.packs[at];
        if let Some(parts) = sweep_pack(store, pack, &duplicates[at], delivery, threads) {
            // Nobody else sweeps it.
            let _is_first = seen[at].set(parts);
        }
    };
    let bytes = |at: &usize| store.packs[*at].end();
    let all_bytes: u64 = (0..store.packs.len()).map(|at| bytes(&at)).sum();
    let parts = SMALL_PART * rayon::current_num_threads() as u64;
    let (mut small, large): (Vec<usize>, Vec<usize>) =
        (0..store.packs.len()).partition(|at| bytes(at).saturating_mul(parts) < all_bytes);
    for at in large {
        sweep(at, Threads::All);
    }
    // The largest first, so that none is left over alone.
    small.sort_by_key(|at| Reverse(bytes(at)));
    let next = AtomicUsize::new(0);
    rayon::broadcast(|_| {
        while let Some(at) = small.get(next.fetch_add(1, Ordering::Relaxed)) {
            sweep(*at, Threads::This);
        }
    });
    seen.into_iter().map(OnceLock::into_inner).collect()
}

/// Who sweeps a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threads {
    All,
    This,
}

/// Sweeps a pack, of which an earlier one holds `duplicates` too; gives what was
/// seen of it, unless the sweep was cancelled.
fn sweep_pack(
    store: &Store,
    pack: &Pack,
    duplicates: &HashSet<u64>,
    delivery: &Delivery<'_>,
    threads: Threads,
) -> Option<Vec<Part>> {
    if delivery.sink.is_cancelled() {
        return None;
    }
    // Of several packs the store has a catalog.
    let is_alone = store.packs.len() == 1;
    // Some of either is one thread's work.
    let prepare = || {
        if is_alone {
            pack.prepare();
        }
    };
    let (forest, ()) = rayon::join(|| pack.forest(), prepare);
    let field = Field { store, pack, forest, duplicates, delivery };
    for id in forest.outside() {
        delivery.fault(*id, &ObjectError::Outside);
    }
    // Trees last, when most of what they may be asked about is known.
    let schedule =
        Schedule::new::<2>(forest, |_, link| Some(usize::from(link == Link::Root(Kind::Tree))));
    let walk = || {
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
    };
    let parts = match threads {
        Threads::All => rayon::broadcast(|_| walk()),
        Threads::This => vec![walk()],
    };
    super::carefully::sweep_unrooted(&field);
    parts.into_iter().collect()
}
