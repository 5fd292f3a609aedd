//! What a push brings to a side that has nothing of it.
//!
//! In: a store and the commits of a push that are the whole of their history.
//! Out: the candidates among the blobs of that history, each with its path and
//! the commit that brings it. What a whole history brings is all that its trees
//! hold, so nothing is compared: every object is swept as it lies in its pack,
//! and only of candidates is it asked whether the history leads to them. For
//! the 82,000 commits of git/git that takes a sixth of the time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use gix_hash::ObjectId;

use super::{Content, Sink, history};
use crate::finding::{Skip, SourceKind, Tally};
use crate::git::{Repository, Standing, Store, standing};
use crate::rule::Prefilter;

/// With fewer commits, comparing each with its parents is as fast.
const LEAST_COMMITS: usize = 1024;

/// With more objects stored for each commit, most of them belong to others.
const MOST_OBJECTS_PER_COMMIT: u64 = 16;

/// What a whole history holds of candidates.
pub(super) struct Whole {
    /// The candidates among its blobs, in the order of the commits.
    pub(super) blobs: Vec<Standing>,
    /// Every candidate that is stored, of any kind, the history's or not.
    pub(super) candidates: BTreeSet<ObjectId>,
}

/// Sweeps the store for a history; `None` where that does not pay, or where
/// something is missing or damaged, so that each commit must be asked.
pub(super) fn sweep(
    repository: &Repository,
    commits: &[ObjectId],
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> Option<Whole> {
    if commits.len() < LEAST_COMMITS || prefilter.takes_everything() {
        return None;
    }
    let store = Store::open(repository);
    let stored: u64 = store.packs.iter().map(|pack| u64::from(pack.len())).sum();
    if stored > commits.len() as u64 * MOST_OBJECTS_PER_COMMIT {
        return None;
    }
    let found = Found { sink, state: Mutex::default() };
    history::sweep_objects(repository, &store, root, prefilter, &found);
    let state = found.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    if state.is_faulty {
        return None;
    }
    let ids: Vec<ObjectId> = state.blobs.iter().copied().collect();
    let blobs = if ids.is_empty() { Vec::new() } else { standing(&store, &ids, commits)? };
    sink.count(Tally { commits: 0, ..state.tally });
    let mut candidates = state.others;
    candidates.extend(ids);
    Some(Whole { blobs, candidates })
}

/// Keeps which objects are candidates, and nothing of them.
struct Found<'a> {
    sink: &'a dyn Sink,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    blobs: BTreeSet<ObjectId>,
    others: BTreeSet<ObjectId>,
    tally: Tally,
    is_faulty: bool,
}

impl Sink for Found<'_> {
    fn content(&self, content: Content<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match (content.origin.source, content.origin.object) {
            // A name is asked about at once: it is short, and few are any.
            (SourceKind::Metadata, _) | (_, None) => {
                drop(state);
                self.sink.content(content);
            }
            (SourceKind::History, Some(id)) => {
                state.blobs.insert(id);
            }
            (_, Some(id)) => {
                state.others.insert(id);
            }
        }
    }

    fn skip(&self, skip: Skip) {
        // What is outside anyway does not hide anything.
        if !skip.kind.is_outside() {
            self.state.lock().unwrap_or_else(PoisonError::into_inner).is_faulty = true;
        }
    }

    fn count(&self, tally: Tally) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).tally += tally;
    }

    fn is_cancelled(&self) -> bool {
        self.sink.is_cancelled()
    }
}
