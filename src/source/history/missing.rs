//! Objects that others name and that are not stored here.
//!
//! In: their ids. Out: a [`Skip`] for each that should be here, and one for all
//! that a partial clone left on its server.

use std::sync::Arc;

use crate::finding::{Skip, SkipKind};
use crate::git::pack::{Inflater, Kind};
use crate::git::{Links, Missing, Repository, Store};

/// How many missing objects are named one by one; of a repository that lost a
/// pack the rest is counted.
const NAMED: usize = 100;

/// Names what is not stored. The parents of a shallow clone's last commits are
/// named by its boundary already.
pub(super) fn skips(
    repository: &Repository,
    store: &Store,
    root: &Arc<str>,
    missing: Missing,
) -> Vec<Skip> {
    if missing.ids().is_empty() {
        return Vec::new();
    }
    let missing = missing.without(&beyond(repository, store));
    let least = if missing.is_cut() { "at least " } else { "" };
    let missing = missing.ids();
    let count = missing.len();
    let mut skips = Vec::new();
    if repository.has_promisor() || store.has_promisor_pack {
        if let Some(first) = missing.first() {
            let reason = format!(
                "{least}{count} objects of this partial clone are only on its server, such as \
                 {first}; `git fetch --refetch --no-filter` brings them"
            );
            skips.push(Skip { origin: root.to_string(), kind: SkipKind::Partial, reason });
        }
        return skips;
    }
    let kind = SkipKind::Missing;
    for id in missing.iter().take(NAMED) {
        let reason =
            "a tree, a commit, a tag or a ref names it, and it is not stored here".to_owned();
        skips.push(Skip { origin: id.to_string(), kind, reason });
    }
    if count > NAMED {
        let reason =
            format!("{least}{} more objects that are named are not stored here", count - NAMED);
        skips.push(Skip { origin: root.to_string(), kind, reason });
    }
    skips
}

/// The parents of the commits at which a shallow clone ends.
fn beyond(repository: &Repository, store: &Store) -> Missing {
    let mut inflater = Inflater::new();
    let mut links = Links::new(store);
    for id in repository.shallow_commits().unwrap_or_default().into_iter().flatten() {
        if let Ok(Some((Kind::Commit, bytes))) = store.read(&id, &mut inflater) {
            let _is_tree = links.object(Kind::Commit, &bytes);
        }
    }
    links.into_missing()
}
