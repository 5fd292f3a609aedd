//! Completes what a repository's own storage held: path, history, kind.
//!
//! In: detected keys whose origin is a git object. Out: the same with their
//! provenance, worked out once for all of them, and only if there are any.

use std::collections::HashMap;
use std::sync::Arc;

use gix_hash::ObjectId;

use crate::detect::{Detected, mask_tokens};
use crate::finding::{Commit, Origin, Provenance, Reach, SourceKind};
use crate::git::{self, GitError, Objects, Repository};

/// Gives every detected key that stands in an object its provenance.
pub(super) fn complete(repository: &Repository, detected: &mut [Detected]) -> Result<(), GitError> {
    let ids: Vec<ObjectId> =
        detected.iter().filter_map(|detected| detected.occurrence.origin.object).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let found: HashMap<ObjectId, Arc<Provenance>> = git::provenance(repository, &ids)?
        .into_iter()
        .map(|(id, provenance)| (id, Arc::new(masked(provenance))))
        .collect();
    let mut origins: HashMap<Arc<Origin>, Arc<Origin>> = HashMap::new();
    for detected in detected {
        let occurrence = &mut detected.occurrence;
        let Some(provenance) = occurrence.origin.object.and_then(|id| found.get(&id)) else {
            continue;
        };
        occurrence.provenance = Some(Arc::clone(provenance));
        let complete = origins
            .entry(Arc::clone(&occurrence.origin))
            .or_insert_with(|| Arc::new(placed(&occurrence.origin, provenance)));
        occurrence.origin = Arc::clone(complete);
    }
    Ok(())
}

/// Names the commit that brought each key, as the sweep of a push met it: no
/// ref leads there yet.
pub(super) fn name_commits(
    repository: &Repository,
    commits: &HashMap<ObjectId, ObjectId>,
    detected: &mut [Detected],
) {
    if detected.is_empty() {
        return;
    }
    let objects = Objects::open(repository);
    let mut reader = objects.reader();
    let mut described: HashMap<ObjectId, Arc<Provenance>> = HashMap::new();
    for detected in detected {
        let occurrence = &mut detected.occurrence;
        let Some(object) = occurrence.origin.object else { continue };
        let commit = match occurrence.origin.source {
            SourceKind::Message => object,
            _ => match commits.get(&object) {
                Some(commit) => *commit,
                None => continue,
            },
        };
        let provenance = if let Some(known) = described.get(&commit) {
            Arc::clone(known)
        } else {
            let Ok(Some(stored)) = reader.read(&commit) else { continue };
            let provenance = Arc::new(masked(brought_by(git::describe(commit, &stored.bytes))));
            described.insert(commit, Arc::clone(&provenance));
            provenance
        };
        occurrence.provenance = Some(provenance);
    }
}

/// What is known of a place by the commit alone that brought it.
fn brought_by(commit: Commit) -> Provenance {
    Provenance {
        reach: Reach::Ref,
        paths: Vec::new(),
        paths_total: 0,
        introduced: Some(commit),
        removed: None,
        in_head: false,
        refs: Vec::new(),
        remote_refs: Vec::new(),
    }
}

/// A blob's first path, and the kind of place by the best way that leads there.
fn placed(origin: &Origin, provenance: &Provenance) -> Origin {
    let source = match (origin.source, provenance.reach) {
        (SourceKind::History, Reach::Note) => SourceKind::Note,
        (SourceKind::History, Reach::Stash) => SourceKind::Stash,
        (SourceKind::History, Reach::Index) => SourceKind::Index,
        (SourceKind::History, Reach::Reflog) => SourceKind::Reflog,
        (SourceKind::History, Reach::Nothing) => SourceKind::Unreachable,
        (source, _) => source,
    };
    let path = origin.path_under(provenance.paths.first());
    Origin { source, path, ..origin.clone() }
}

/// What authors wrote may itself hold a key.
fn masked(provenance: Provenance) -> Provenance {
    let commit = |commit: Commit| Commit {
        author: mask_tokens(commit.author.as_bytes()),
        summary: mask_tokens(commit.summary.as_bytes()),
        ..commit
    };
    Provenance {
        introduced: provenance.introduced.map(commit),
        removed: provenance.removed.map(commit),
        ..provenance
    }
}
