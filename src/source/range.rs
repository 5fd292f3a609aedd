//! What the commits of a range bring, and what the index holds for the next.
//!
//! In: a repository and a range, or its index. Out: the candidates among the
//! blobs that no parent holds at the same path, and among the messages. Bytes
//! that an older commit once held count as new when they come back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gix_hash::ObjectId;
use rayon::prelude::*;

use super::history::{lfs_pointer, tally};
use super::{Content, Sink};
use crate::finding::{Origin, Skip, SkipKind, SourceKind};
use crate::git::names::escape;
use crate::git::pack::{Kind, ObjectError};
use crate::git::{self, Brought, GitError, Objects, Range, Reader, Repository};
use crate::rule::Prefilter;

/// Sweeps what each commit of `range` (`A..B`) brings, compared with each of
/// its parents, and its message.
///
/// # Errors
/// A range that is none, a revision that names no commit, and a range that is
/// cut by the boundary of a shallow clone.
pub fn sweep(
    repository: &Repository,
    range: &str,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> Result<(), GitError> {
    let objects = Objects::open(repository);
    let range = Range::parse(repository, range, &mut objects.reader())?;
    sweep_commits(repository, &objects, &range, root, prefilter, sink)
}

/// Sweeps what each commit of a range brings; [`sweep`] with the commits given.
///
/// # Errors
/// As [`sweep`].
pub fn sweep_commits(
    repository: &Repository,
    objects: &Objects,
    range: &Range,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> Result<(), GitError> {
    let sweep = Sweep { repository, objects, root, prefilter, sink };
    let mut reader = objects.reader();
    let mut first_paths: BTreeMap<ObjectId, Vec<u8>> = BTreeMap::new();
    let mut gitlinks = BTreeSet::new();
    // Oldest first, so that a blob is shown under the path that it came with.
    for commit in range.commits(&mut reader)?.into_iter().rev() {
        if sink.is_cancelled() {
            return Ok(());
        }
        sweep.message(commit, &mut reader)?;
        for brought in git::brought_by(commit, &mut reader)? {
            if brought.is_gitlink {
                gitlinks.insert((brought.path, brought.id));
            } else {
                first_paths.entry(brought.id).or_insert(brought.path);
            }
        }
    }
    sweep.gitlinks(gitlinks);
    sweep.blobs(&first_paths, SourceKind::History);
    Ok(())
}

/// Sweeps what the index holds and `HEAD` does not hold at the same path.
///
/// # Errors
/// An index or a `HEAD` that cannot be read.
pub fn sweep_staged(
    repository: &Repository,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) -> Result<(), GitError> {
    let objects = Objects::open(repository);
    let sweep = Sweep { repository, objects: &objects, root, prefilter, sink };
    let mut paths: BTreeMap<ObjectId, Vec<u8>> = BTreeMap::new();
    let mut gitlinks = BTreeSet::new();
    for Brought { path, id, is_gitlink } in git::staged(repository, &mut objects.reader())? {
        if is_gitlink {
            gitlinks.insert((path, id));
        } else {
            paths.entry(id).or_insert(path);
        }
    }
    sweep.gitlinks(gitlinks);
    sweep.blobs(&paths, SourceKind::Index);
    Ok(())
}

struct Sweep<'a> {
    repository: &'a Repository,
    objects: &'a Objects,
    root: &'a Arc<str>,
    prefilter: &'a Prefilter,
    sink: &'a dyn Sink,
}

impl Sweep<'_> {
    fn message(&self, id: ObjectId, reader: &mut Reader<'_>) -> Result<(), GitError> {
        let bytes = reader.expect(&id, Kind::Commit)?;
        self.sink.count(tally(Kind::Commit, bytes.len() as u64));
        if self.prefilter.takes_everything() || self.prefilter.holds_literal(&bytes) {
            let origin = self.origin(SourceKind::Message, None, id);
            self.sink.content(Content::whole(&origin, &bytes));
        }
        Ok(())
    }

    fn gitlinks(&self, gitlinks: BTreeSet<(Vec<u8>, ObjectId)>) {
        for (path, id) in gitlinks {
            let reason = format!("a submodule at commit {id}, whose objects are elsewhere");
            self.sink.skip(Skip { origin: escape(&path), kind: SkipKind::Gitlink, reason });
        }
    }

    fn blobs(&self, paths: &BTreeMap<ObjectId, Vec<u8>>, source: SourceKind) {
        let paths: Vec<(&ObjectId, &Vec<u8>)> = paths.iter().collect();
        paths.par_iter().for_each_init(
            || self.objects.reader(),
            |reader, (id, path)| {
                if !self.sink.is_cancelled() {
                    self.blob(**id, path, source, reader);
                }
            },
        );
    }

    fn blob(&self, id: ObjectId, path: &[u8], source: SourceKind, reader: &mut Reader<'_>) {
        let skip = |kind, reason: String| {
            self.sink.skip(Skip { origin: format!("{} ({id})", escape(path)), kind, reason });
        };
        let bytes = match reader.read(&id) {
            Ok(Some(object)) => object.bytes,
            Ok(None) if self.repository.has_promisor() => {
                return skip(SkipKind::Partial, "a partial clone left it on its server".to_owned());
            }
            Ok(None) => return skip(SkipKind::Missing, "it is not stored here".to_owned()),
            Err(error @ ObjectError::TooLarge(_)) => {
                return skip(SkipKind::OverBudget, error.to_string());
            }
            Err(error) => return skip(SkipKind::Corrupt, error.to_string()),
        };
        if let Some(pointer) = lfs_pointer(&bytes)
            && !self.repository.has_lfs_object(&pointer)
        {
            skip(SkipKind::Lfs, format!("a pointer to the large file {pointer}"));
        }
        self.sink.count(tally(Kind::Blob, bytes.len() as u64));
        if self.prefilter.is_candidate(&bytes) {
            let origin = self.origin(source, Some(escape(path).into()), id);
            self.sink.content(Content::whole(&origin, &bytes));
        }
    }

    fn origin(&self, source: SourceKind, path: Option<Arc<str>>, id: ObjectId) -> Arc<Origin> {
        Arc::new(Origin { source, root: Arc::clone(self.root), path, object: Some(id) })
    }
}
