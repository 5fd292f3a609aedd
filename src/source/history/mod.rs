//! Everything that holds bytes in a repository's own storage.
//!
//! In: a repository and the prefilter. Out: every stored content in which the
//! prefilter can match, each object once, and a skip for what could not be
//! read. Knows nothing of rules, findings or which commit holds what.

mod carefully;
mod delivery;
mod families;
mod gathered;
mod hopefully;
mod lfs;
mod loose;
mod missing;
mod packs;
mod places;
mod stream;
mod trees;

use std::sync::Arc;

use super::Sink;
use crate::git::{GitError, Repository, Store};
use crate::rule::Prefilter;

pub(super) use delivery::tally;
use delivery::{Delivery, Part};
pub(super) use lfs::lfs_pointer;

/// Sweeps all that a repository stores: packs and loose objects, reachable or
/// not, those of its alternates and of unfinished pushes, and its own files.
///
/// # Errors
/// A repository that could not be swept at all; what could not be read of it is
/// given to the sink.
pub fn sweep(
    repository: &Repository,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> Result<(), GitError> {
    let store = repository.store();
    for skip in &store.skips {
        sink.skip(skip.clone());
    }
    store.prepare();
    let delivery = Delivery::new(repository, root, prefilter, sink);
    // Thousands of loose refs would have all threads but one wait.
    let places = || places::sweep(repository, &store, &delivery);
    let (seen, ()) = rayon::join(|| objects(&store, &delivery), places);
    delivery.finish(&store, seen);
    Ok(())
}

/// Sweeps what a store holds, and none of the repository's own files.
pub(super) fn sweep_objects(
    repository: &Repository,
    store: &Store,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) {
    store.prepare();
    let delivery = Delivery::new(repository, root, prefilter, sink);
    let seen = objects(store, &delivery);
    delivery.finish(store, seen);
}

/// Sweeps objects; gives what was seen of each pack, unless the sweep was cancelled.
fn objects(store: &Store, delivery: &Delivery<'_>) -> Option<Vec<Vec<Part>>> {
    // What the packs' trees say of an object is kept if it was handed over before.
    loose::sweep(store, delivery);
    packs::sweep(store, delivery)
}
