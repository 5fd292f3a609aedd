//! What a push brings to the repository that it goes to.
//!
//! In: the objects that refs are to name, the commits that the other side has,
//! and, where a push is being received, the directory in which its objects
//! wait. Out: the candidates among all that is new: what each commit brings
//! compared with each of its parents, messages, tags, and whatever else came
//! along though nothing names it.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use gix_hash::ObjectId;

use super::history::tally;
use super::range::{Blobs, Sweep};
use super::whole::{self, Whole};
use super::worktree::Excludes;
use super::{Content, Sink};
use crate::finding::{Skip, SkipKind, SourceKind, Tally};
use crate::git::pack::Kind;
use crate::git::{self, Brought, Changed, GitError, Objects, Range, Reader, Repository, Standing};
use crate::rule::Prefilter;
use crate::settings::Push;

/// How many tags may name one another.
const TAG_DEPTH: usize = 64;

/// What was there before a push, and where its blobs come from.
#[derive(Debug, Default)]
pub struct Swept {
    /// The blobs that the other side holds at the paths that change: a key that
    /// stands in one of them is not new.
    pub before: Blobs,
    /// The commit that brings each blob, by the first that does.
    pub commits: HashMap<ObjectId, ObjectId>,
    /// Commits that may touch what decides which findings count.
    pub touching: Vec<ObjectId>,
}

/// Sweeps what a push brings.
///
/// # Errors
/// A pushed object that is missing or damaged, and history that is cut by the
/// boundary of a shallow clone.
pub fn sweep(
    repository: &Repository,
    push: &Push,
    root: &Arc<str>,
    prefilter: &Prefilter,
    excludes: &dyn Excludes,
    sink: &dyn Sink,
) -> Result<Swept, GitError> {
    let objects = Objects::open(repository);
    for skip in objects.skips() {
        sink.skip(skip.clone());
    }
    let sweep = Sweep { repository, objects: &objects, root, prefilter, sink };
    let mut pushed = Pushed { sweep, excludes, seen: HashSet::new(), new: Blobs::new() };
    let mut reader = objects.reader();
    let mut swept = Swept::default();
    let mut included = Vec::new();
    for tip in &push.tips {
        included.extend(pushed.tip(*tip, &mut reader)?);
    }
    let held: Vec<ObjectId> =
        push.known.iter().filter_map(|id| commit_of(*id, &mut reader)).collect();
    let has_nothing = held.is_empty();
    let range = Range::between("what is pushed", included, held);
    let commits = range.parents_first(&mut reader)?;
    let whole = has_nothing.then(|| whole::sweep(repository, &commits, root, prefilter, sink));
    if let Some(whole) = whole.flatten() {
        pushed.whole(whole, &commits, push, &mut swept, &mut reader)?;
        return Ok(swept);
    }
    let mut gitlinks = BTreeSet::new();
    let sweep = Sweep { ..pushed.sweep };
    sweep.commits(&commits, |commit, changed| {
        pushed.commit(commit, changed, &mut swept, &mut gitlinks, &mut reader)
    })?;
    pushed.sweep.gitlinks(gitlinks);
    pushed.sweep.blobs(&pushed.new, SourceKind::History);
    if let Some(directory) = &push.quarantine {
        pushed.waiting(directory, |_| true, &mut reader);
    }
    Ok(swept)
}

/// What is known of a push so far.
struct Pushed<'a> {
    sweep: Sweep<'a>,
    excludes: &'a dyn Excludes,
    /// Everything that was swept or left out.
    seen: HashSet<ObjectId>,
    new: Blobs,
}

impl Pushed<'_> {
    /// Reads the tags that lead from a ref to a commit; what is named without
    /// a commit is swept whole.
    fn tip(
        &mut self,
        tip: ObjectId,
        reader: &mut Reader<'_>,
    ) -> Result<Option<ObjectId>, GitError> {
        let mut id = tip;
        for _ in 0..TAG_DEPTH {
            let fault = |reason: String| GitError::Object { id, reason };
            let object = reader
                .read(&id)
                .map_err(|error| fault(error.to_string()))?
                .ok_or_else(|| fault("it is pushed and not stored here".to_owned()))?;
            match object.kind {
                Kind::Commit => return Ok(Some(id)),
                Kind::Blob => {
                    self.brought(id, Vec::new());
                    return Ok(None);
                }
                Kind::Tree => {
                    self.tree(id, reader)?;
                    return Ok(None);
                }
                Kind::Tag => {
                    self.seen.insert(id);
                    self.text(id, Kind::Tag, &object.bytes);
                    id = git::tagged(&object.bytes)
                        .ok_or_else(|| fault("it is a damaged tag".to_owned()))?;
                }
            }
        }
        Err(GitError::Object { id: tip, reason: "tags name one another without end".to_owned() })
    }

    fn tree(&mut self, id: ObjectId, reader: &mut Reader<'_>) -> Result<(), GitError> {
        for Brought { path, id, is_gitlink } in git::files_of(id, reader)? {
            if !is_gitlink {
                self.brought(id, path);
            }
        }
        Ok(())
    }

    /// Takes what was found where the other side has nothing. Nothing stood
    /// anywhere before, and of submodules only a comparison would know.
    fn whole(
        &mut self,
        whole: Whole,
        commits: &[ObjectId],
        push: &Push,
        swept: &mut Swept,
        reader: &mut Reader<'_>,
    ) -> Result<(), GitError> {
        self.sweep.messages(commits)?;
        self.seen.extend(commits);
        for Standing { id, path, commit } in whole.blobs {
            swept.commits.entry(id).or_insert(commit);
            self.brought(id, path);
        }
        // These were counted where they were found to be candidates.
        let uncounted = Uncounted(self.sweep.sink);
        Sweep { sink: &uncounted, ..self.sweep }.blobs(&self.new, SourceKind::History);
        if let Some(directory) = &push.quarantine {
            self.waiting(directory, |id| whole.candidates.contains(id), reader);
        }
        Ok(())
    }

    fn commit(
        &mut self,
        commit: ObjectId,
        mut changed: Changed,
        swept: &mut Swept,
        gitlinks: &mut BTreeSet<(Vec<u8>, ObjectId)>,
        reader: &mut Reader<'_>,
    ) -> Result<(), GitError> {
        self.seen.insert(commit);
        if changed.brought.is_empty() {
            return Ok(());
        }
        changed.read_gone(reader)?;
        for Brought { path, id, .. } in changed.before {
            // What an earlier commit of this push brought was not there before.
            if !self.seen.contains(&id) {
                swept.before.entry(id).or_insert(path);
            }
        }
        for Brought { path, id, is_gitlink } in changed.brought {
            if is_gitlink {
                gitlinks.insert((path, id));
            } else {
                swept.commits.entry(id).or_insert(commit);
                self.brought(id, path);
            }
        }
        Ok(())
    }

    fn brought(&mut self, id: ObjectId, path: Vec<u8>) {
        self.seen.insert(id);
        if !self.sweep.is_left_out(&path, self.excludes) {
            self.new.entry(id).or_insert(path);
        }
    }

    /// Sweeps what came with a push and was not met yet: objects that no ref
    /// names can be asked for by their id.
    fn waiting(
        &mut self,
        directory: &std::path::Path,
        is_wanted: impl Fn(&ObjectId) -> bool,
        reader: &mut Reader<'_>,
    ) {
        let (ids, skips) = self.sweep.objects.lying_in(directory);
        for skip in skips {
            self.sweep.sink.skip(skip);
        }
        for id in ids {
            if self.sweep.sink.is_cancelled() {
                return;
            }
            if self.seen.contains(&id) || !is_wanted(&id) {
                continue;
            }
            match reader.read(&id) {
                Ok(Some(object)) if object.kind == Kind::Tree => {}
                Ok(Some(object)) => self.text(id, object.kind, &object.bytes),
                Ok(None) => {}
                Err(error) => self.sweep.sink.skip(Skip {
                    origin: id.to_string(),
                    kind: SkipKind::Corrupt,
                    reason: error.to_string(),
                }),
            }
        }
    }

    /// Sweeps an object that has no path.
    fn text(&self, id: ObjectId, kind: Kind, bytes: &[u8]) {
        let sweep = &self.sweep;
        sweep.sink.count(tally(kind, bytes.len() as u64));
        if sweep.prefilter.is_candidate(bytes) {
            let source = match kind {
                Kind::Tag => SourceKind::Tag,
                Kind::Commit => SourceKind::Message,
                Kind::Blob | Kind::Tree => SourceKind::Unreachable,
            };
            let origin = sweep.origin(source, None, id);
            sweep.sink.content(Content::whole(&origin, bytes));
        }
    }
}

/// Passes on everything but counts.
struct Uncounted<'a>(&'a dyn Sink);

impl Sink for Uncounted<'_> {
    fn content(&self, content: Content<'_>) {
        self.0.content(content);
    }

    fn skip(&self, skip: Skip) {
        self.0.skip(skip);
    }

    fn count(&self, _: Tally) {}

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// The commit that an object of the other side is or leads to, where it is
/// stored here.
fn commit_of(id: ObjectId, reader: &mut Reader<'_>) -> Option<ObjectId> {
    let mut id = id;
    for _ in 0..TAG_DEPTH {
        let object = reader.read(&id).ok()??;
        match object.kind {
            Kind::Commit => return Some(id),
            Kind::Tag => id = git::tagged(&object.bytes)?,
            Kind::Tree | Kind::Blob => return None,
        }
    }
    None
}
