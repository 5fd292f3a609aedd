//! Everything that holds bytes in a repository's own storage.
//!
//! In: a repository and the prefilter. Out: every stored content in which the
//! prefilter can match, each object once, and a [`Skip`] for what could not be
//! read. Knows nothing of rules, findings or which commit holds what.

mod carefully;
mod delivery;
mod families;
mod lfs;
mod loose;
mod packs;
mod places;
mod stream;

use std::sync::Arc;

use super::Sink;
use crate::finding::{Skip, SkipKind};
use crate::git::{GitError, Repository, Store, missing_objects};
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
    let store = Store::open(repository);
    for skip in &store.skips {
        sink.skip(skip.clone());
    }
    let delivery = Delivery::new(repository, root, prefilter, sink);
    for at in 0..store.packs.len() {
        packs::sweep(&store, at, &delivery);
    }
    loose::sweep(&store, &delivery);
    if repository.has_promisor() || store.has_promisor_pack {
        name_missing(&store, root, sink);
    }
    places::sweep(repository, &delivery);
    delivery.finish();
    Ok(())
}

/// Names what a partial clone left on its server: one skip for all, since there
/// may be as many as there are objects.
fn name_missing(store: &Store, root: &Arc<str>, sink: &dyn Sink) {
    let missing = missing_objects(store);
    if let Some(first) = missing.first() {
        let count = missing.len();
        let reason = format!(
            "{count} objects of this partial clone are only on its server, such as {first}"
        );
        sink.skip(Skip { origin: root.to_string(), kind: SkipKind::Partial, reason });
    }
}
