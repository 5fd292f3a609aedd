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
use super::worktree::Excludes;
use super::{Content, Sink};
use crate::finding::{Origin, Skip, SkipKind, SourceKind};
use crate::git::names::escape;
use crate::git::pack::{Kind, ObjectError};
use crate::git::{self, Brought, Changed, GitError, Objects, Range, Reader, Repository};
use crate::rule::Prefilter;

/// Fewer blobs than this are read on one thread.
const PARALLEL: usize = 32;

/// Commits whose changes are held at once.
const BATCH: usize = 4096;

/// Commits in a row that one thread reads at least: neighbours share most of
/// their trees.
const NEIGHBOURS: usize = 32;

/// Sweeps what each commit of `range` (`A..B`) brings, compared with each of
/// its parents, and its message. Answers those commits that may touch a file
/// whose path `is_watched`, newest first.
///
/// # Errors
/// A range that is none, a revision that names no commit, and a range that is
/// cut by the boundary of a shallow clone.
pub fn sweep(
    repository: &Repository,
    range: &str,
    root: &Arc<str>,
    prefilter: &Prefilter,
    excludes: &dyn Excludes,
    is_watched: &dyn Fn(&[u8]) -> bool,
    sink: &dyn Sink,
) -> Result<Vec<ObjectId>, GitError> {
    let objects = Objects::open(repository);
    let range = Range::parse(repository, range, &mut objects.reader())?;
    let sweep = Sweep { repository, objects: &objects, root, prefilter, sink };
    let mut first_paths: Blobs = BTreeMap::new();
    let mut gitlinks = BTreeSet::new();
    let mut touching = Vec::new();
    // Oldest first, so that a blob is shown under the path that it came with.
    let mut commits = range.commits(&mut objects.reader())?;
    commits.reverse();
    sweep.commits(&commits, |commit, changed| {
        if changed.may_touch(is_watched) {
            touching.push(commit);
        }
        for brought in changed.brought {
            if brought.is_gitlink {
                gitlinks.insert((brought.path, brought.id));
            } else if !sweep.is_left_out(&brought.path, excludes) {
                first_paths.entry(brought.id).or_insert(brought.path);
            }
        }
        Ok(())
    })?;
    touching.reverse();
    sweep.gitlinks(gitlinks);
    sweep.blobs(&first_paths, SourceKind::History);
    Ok(touching)
}

/// Sweeps what the next commit would add to its parents, and answers the blobs
/// that those hold at the paths that it changes, each with one of its paths:
/// a key that stands in one of them is not new.
///
/// # Errors
/// An index or a `HEAD` that cannot be read.
pub fn sweep_staged(
    repository: &Repository,
    root: &Arc<str>,
    prefilter: &Prefilter,
    excludes: &dyn Excludes,
    sink: &dyn Sink,
) -> Result<Blobs, GitError> {
    let objects = Objects::open(repository);
    let sweep = Sweep { repository, objects: &objects, root, prefilter, sink };
    let mut paths = Blobs::new();
    let mut gitlinks = BTreeSet::new();
    let staged = git::staged(repository, &mut objects.reader())?;
    for Brought { path, id, is_gitlink } in staged.brought {
        if is_gitlink {
            gitlinks.insert((path, id));
        } else if !sweep.is_left_out(&path, excludes) {
            paths.entry(id).or_insert(path);
        }
    }
    sweep.gitlinks(gitlinks);
    sweep.blobs(&paths, SourceKind::Index);
    Ok(staged.before)
}

/// Sweeps blobs that are given, as far as they are stored here.
pub fn sweep_blobs(
    repository: &Repository,
    blobs: &Blobs,
    root: &Arc<str>,
    prefilter: &Prefilter,
    sink: &dyn Sink,
) {
    let objects = Objects::open(repository);
    Sweep { repository, objects: &objects, root, prefilter, sink }
        .blobs(blobs, SourceKind::History);
}

/// Blobs, each with one of its paths.
pub type Blobs = BTreeMap<ObjectId, Vec<u8>>;

/// What every sweep of single objects needs.
pub(super) struct Sweep<'a> {
    pub(super) repository: &'a Repository,
    pub(super) objects: &'a Objects,
    pub(super) root: &'a Arc<str>,
    pub(super) prefilter: &'a Prefilter,
    pub(super) sink: &'a dyn Sink,
}

impl Sweep<'_> {
    /// Whether a configuration leaves a path out, itself or a directory that
    /// holds it; counted where it does.
    pub(super) fn is_left_out(&self, path: &[u8], excludes: &dyn Excludes) -> bool {
        let Some(relative) = git::to_path(path) else { return false };
        let reason = relative
            .ancestors()
            .filter(|at| !at.as_os_str().is_empty())
            .find_map(|at| excludes.reason(at));
        let Some(reason) = reason else { return false };
        self.sink.skip(Skip { origin: escape(path), kind: SkipKind::Excluded, reason });
        true
    }

    /// Sweeps the messages of commits, and gives what each of them changes, in
    /// their order.
    pub(super) fn commits(
        &self,
        commits: &[ObjectId],
        mut take: impl FnMut(ObjectId, Changed) -> Result<(), GitError>,
    ) -> Result<(), GitError> {
        let read = |commit: ObjectId, reader: &mut Reader<'_>| {
            self.message(commit, reader)?;
            git::changed_by(commit, reader)
        };
        for batch in commits.chunks(BATCH) {
            if self.sink.is_cancelled() {
                return Ok(());
            }
            if batch.len() < 2 * NEIGHBOURS {
                let mut reader = self.objects.reader();
                for commit in batch {
                    take(*commit, read(*commit, &mut reader)?)?;
                }
                continue;
            }
            let changes: Vec<Result<Changed, GitError>> = batch
                .par_iter()
                .with_min_len(NEIGHBOURS)
                .map_init(|| self.objects.reader(), |reader, commit| read(*commit, reader))
                .collect();
            for (commit, changed) in batch.iter().zip(changes) {
                take(*commit, changed?)?;
            }
        }
        Ok(())
    }

    /// Sweeps the messages of commits.
    pub(super) fn messages(&self, commits: &[ObjectId]) -> Result<(), GitError> {
        commits.par_iter().with_min_len(NEIGHBOURS).try_for_each_init(
            || self.objects.reader(),
            |reader, commit| self.message(*commit, reader),
        )
    }

    fn message(&self, id: ObjectId, reader: &mut Reader<'_>) -> Result<(), GitError> {
        let bytes = reader.expect(&id, Kind::Commit)?;
        self.sink.count(tally(Kind::Commit, bytes.len() as u64));
        if self.prefilter.takes_everything() || self.prefilter.holds_literal(&bytes) {
            let origin = self.origin(SourceKind::Message, None, id);
            self.sink.content(Content::whole(&origin, &bytes));
        }
        Ok(())
    }

    pub(super) fn gitlinks(&self, gitlinks: BTreeSet<(Vec<u8>, ObjectId)>) {
        for (path, id) in gitlinks {
            let reason = format!("a submodule at commit {id}, whose objects are elsewhere");
            self.sink.skip(Skip { origin: escape(&path), kind: SkipKind::Gitlink, reason });
        }
    }

    pub(super) fn blobs(&self, paths: &Blobs, source: SourceKind) {
        // Waking threads takes longer than reading a few files.
        if paths.len() < PARALLEL {
            let mut reader = self.objects.reader();
            for (id, path) in paths {
                if !self.sink.is_cancelled() {
                    self.blob(*id, path, source, &mut reader);
                }
            }
            return;
        }
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

    pub(super) fn blob(
        &self,
        id: ObjectId,
        path: &[u8],
        source: SourceKind,
        reader: &mut Reader<'_>,
    ) {
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
        self.name(path, id);
        if self.prefilter.is_candidate(&bytes) {
            let origin = self.origin(source, Some(escape(path).into()), id);
            self.sink.content(Content::whole(&origin, &bytes));
        }
    }

    /// A file may be named after the key that it is about.
    fn name(&self, path: &[u8], id: ObjectId) {
        if self.prefilter.holds_literal(path) {
            let origin = self.origin(SourceKind::Metadata, Some(escape(path).into()), id);
            self.sink.content(Content::whole(&origin, path));
        }
    }

    pub(super) fn origin(
        &self,
        source: SourceKind,
        path: Option<Arc<str>>,
        id: ObjectId,
    ) -> Arc<Origin> {
        Arc::new(Origin { source, root: Arc::clone(self.root), path, object: Some(id) })
    }
}
