//! Sweeps packs.
//!
//! In: packs. Out: their candidates. The families of a pack's forest are spread over
//! the threads, the largest first, so that none of them is left over alone; packs
//! that are many are spread instead.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

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

/// Which families of a pack are walked. Trees come last, when most of what they may
/// be asked about is known: what they say of an object that is found after them has
/// to be read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Round {
    /// All, trees behind the others: no thread waits for another between them.
    Only,
    /// All but trees, of each pack.
    First,
    /// Trees, once the first round is over in every pack.
    Second,
}

impl Round {
    /// The rounds in which so many packs are swept.
    fn of(packs: usize) -> &'static [Self] {
        if packs == 1 { &[Self::Only] } else { &[Self::First, Self::Second] }
    }

    /// The stage in which the family of a root is walked, if in this round.
    fn stage(self, root: Link) -> Option<usize> {
        let is_tree = root == Link::Root(Kind::Tree);
        match self {
            Self::Only => Some(usize::from(is_tree)),
            Self::First => (!is_tree).then_some(0),
            Self::Second => is_tree.then_some(0),
        }
    }
}

/// Sweeps all packs; gives by pack what was seen of it, unless the sweep was
/// cancelled.
pub(super) fn sweep(store: &Store, delivery: &Delivery<'_>) -> Option<Vec<Vec<Part>>> {
    let duplicates = store.duplicates();
    let bytes = |at: &usize| store.packs[*at].end();
    let all_bytes: u64 = (0..store.packs.len()).map(|at| bytes(&at)).sum();
    let parts = SMALL_PART * rayon::current_num_threads() as u64;
    let (mut small, large): (Vec<usize>, Vec<usize>) =
        (0..store.packs.len()).partition(|at| bytes(at).saturating_mul(parts) < all_bytes);
    // The largest first, so that none is left over alone.
    small.sort_by_key(|at| Reverse(bytes(at)));
    let seen: Vec<Mutex<Vec<Part>>> = store.packs.iter().map(|_| Mutex::default()).collect();
    for round in Round::of(store.packs.len()) {
        let sweep = |at: usize, threads| {
            let parts =
                sweep_pack(store, &store.packs[at], &duplicates[at], delivery, threads, *round)?;
            seen[at].lock().unwrap_or_else(PoisonError::into_inner).extend(parts);
            Some(())
        };
        for at in &large {
            sweep(*at, Threads::All)?;
        }
        let next = AtomicUsize::new(0);
        let is_swept = rayon::broadcast(|_| {
            while let Some(at) = small.get(next.fetch_add(1, Ordering::Relaxed)) {
                sweep(*at, Threads::This)?;
            }
            Some(())
        });
        is_swept.into_iter().collect::<Option<()>>()?;
    }
    let parts = |seen: Mutex<Vec<Part>>| seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    Some(seen.into_iter().map(parts).collect())
}

/// Who sweeps a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Threads {
    All,
    This,
}

/// Sweeps what is due of a pack, of which an earlier one holds `duplicates` too;
/// gives what was seen of it, unless the sweep was cancelled.
fn sweep_pack(
    store: &Store,
    pack: &Pack,
    duplicates: &HashSet<u64>,
    delivery: &Delivery<'_>,
    threads: Threads,
    round: Round,
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
    if round != Round::Second {
        for id in forest.outside() {
            delivery.fault(*id, &ObjectError::Outside);
        }
        super::carefully::sweep_unrooted(&field);
    }
    let schedule = Schedule::new::<2>(forest, |_, link| round.stage(link));
    if schedule.is_empty() {
        return Some(Vec::new());
    }
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
    parts.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_walked_once_and_trees_are_walked_last() {
        let roots = [Kind::Blob, Kind::Commit, Kind::Tag].map(Link::Root);
        for packs in [1, 2, 9] {
            let order = |root: Link| -> Vec<(usize, usize)> {
                let rounds = Round::of(packs).iter().enumerate();
                rounds.filter_map(|(at, round)| Some((at, round.stage(root)?))).collect()
            };
            let trees = order(Link::Root(Kind::Tree));
            assert_eq!(trees.len(), 1, "{packs}");
            for root in roots.into_iter().chain([Link::Elsewhere, Link::Nowhere]) {
                let others = order(root);
                assert_eq!(others.len(), 1, "{packs} {root:?}");
                assert!(others < trees, "{packs} {root:?}");
            }
        }
    }
}
