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

use delivery::Delivery;
pub(super) use delivery::tally;
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
    rayon::join(|| objects(&store, &delivery), || places::sweep(repository, &store, &delivery));
    delivery.finish(&store);
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
    objects(store, &delivery);
    delivery.finish(store);
}

fn objects(store: &Store, delivery: &Delivery<'_>) {
    if let Some(commits) = packs::sweep(store, delivery) {
        store.remember(commits);
    }
    loose::sweep(store, delivery);
}
