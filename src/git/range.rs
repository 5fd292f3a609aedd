//! The commits of a range.
//!
//! In: commits whose history counts and commits whose history does not. Out:
//! the commits between; and the files of single commits.

use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet};

use gix_hash::ObjectId;

use super::commits::{Raw, parse};
use super::pack::Kind;
use super::reader::Reader;
use super::trees::{EntryKind, entries};
use super::{GitError, Repository};

/// After the last commit of the range so many more that do not count are
/// walked, as in git, in case their dates are wrong.
const SLOP: usize = 5;

/// A range of commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// As it was given, for messages.
    text: String,
    /// Commits whose history counts.
    included: Vec<ObjectId>,
    /// Commits whose history does not.
    excluded: Vec<ObjectId>,
}

impl Range {
    /// Reads `A..B`, where either side may be left out and then means `HEAD`.
    ///
    /// # Errors
    /// A text that is no range, and a side that names no commit.
    pub fn parse(
        repository: &Repository,
        text: &str,
        reader: &mut Reader<'_>,
    ) -> Result<Self, GitError> {
        let fault =
            |reason: &str| GitError::Range { range: text.to_owned(), reason: reason.to_owned() };
        let (from, to) = text.split_once("..").ok_or_else(|| fault("expected `A..B`"))?;
        if to.starts_with('.') {
            return Err(fault("`A...B` is not read; give `A..B`"));
        }
        if from.is_empty() && to.is_empty() {
            return Err(fault("expected `A..B`, with at least one side given"));
        }
        let or_head =
            |side: &str| if side.is_empty() { "HEAD".to_owned() } else { side.to_owned() };
        Ok(Self {
            text: text.to_owned(),
            excluded: vec![repository.resolve_commit(&or_head(from), reader)?],
            included: vec![repository.resolve_commit(&or_head(to), reader)?],
        })
    }

    /// The range of what `included` reaches and `excluded` does not; `text` is
    /// how messages call it.
    #[must_use]
    pub fn between(text: &str, included: Vec<ObjectId>, excluded: Vec<ObjectId>) -> Self {
        Self { text: text.to_owned(), included, excluded }
    }

    /// The commits of the range, newest first.
    ///
    /// # Errors
    /// A commit that is missing or damaged, so that the range is cut: most
    /// often at the boundary of a shallow clone.
    pub fn commits(&self, reader: &mut Reader<'_>) -> Result<Vec<ObjectId>, GitError> {
        self.walk(reader).map(|(found, _)| found)
    }

    /// The commits of the range, newest first, and all that were met.
    fn walk(&self, reader: &mut Reader<'_>) -> Result<(Vec<ObjectId>, Walk), GitError> {
        let mut walk = Walk::default();
        for id in &self.excluded {
            walk.meet(*id, false, reader, self)?;
        }
        for id in &self.included {
            walk.meet(*id, true, reader, self)?;
        }
        let mut found = Vec::new();
        let mut oldest = i64::MAX;
        let mut slop = SLOP;
        while let Some((time, id)) = walk.queue.pop() {
            let met = &walk.met[&id];
            let (counts, parents) = (met.counts, met.parents.clone());
            if counts {
                found.push(id);
                oldest = oldest.min(time);
                slop = SLOP;
            } else if !walk.queue.iter().any(|(_, id)| walk.met[id].counts) {
                // Only commits that do not count are left; one of them may
                // still lead to a commit that was taken for counting.
                if time < oldest {
                    if slop == 0 {
                        break;
                    }
                    slop -= 1;
                }
            }
            for parent in parents {
                walk.meet(parent, counts, reader, self)?;
            }
        }
        found.retain(|id| walk.met[id].counts);
        Ok((found, walk))
    }

    /// The commits of the range, each after all of its parents.
    ///
    /// # Errors
    /// As [`Range::commits`].
    pub fn parents_first(&self, reader: &mut Reader<'_>) -> Result<Vec<ObjectId>, GitError> {
        // Dates are whatever their author wrote; only the parents tell.
        let mut waiting: BTreeMap<ObjectId, usize> = BTreeMap::new();
        let mut children: HashMap<ObjectId, Vec<ObjectId>> = HashMap::new();
        let (newest_first, walk) = self.walk(reader)?;
        let all: HashSet<ObjectId> = newest_first.iter().copied().collect();
        let mut ready = Vec::new();
        for id in &newest_first {
            let parents = walk.met[id].parents.iter().copied();
            let inside: BTreeSet<ObjectId> =
                parents.filter(|parent| all.contains(parent)).collect();
            if inside.is_empty() {
                ready.push(*id);
            }
            waiting.insert(*id, inside.len());
            for parent in inside {
                children.entry(parent).or_default().push(*id);
            }
        }
        let mut ordered = Vec::with_capacity(newest_first.len());
        while let Some(id) = ready.pop() {
            ordered.push(id);
            for child in children.remove(&id).unwrap_or_default() {
                let left = waiting.entry(child).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.push(child);
                }
            }
        }
        Ok(ordered)
    }

    fn cut(&self, id: ObjectId) -> GitError {
        GitError::Range {
            range: self.text.clone(),
            reason: format!(
                "commit {id} is not stored here; if this clone is shallow, `git fetch --unshallow`"
            ),
        }
    }
}

/// Commits met so far.
#[derive(Default)]
struct Walk {
    met: HashMap<ObjectId, Met>,
    queue: BinaryHeap<(i64, ObjectId)>,
}

struct Met {
    counts: bool,
    time: i64,
    parents: Vec<ObjectId>,
}

impl Walk {
    /// Meets a commit from one of its children, or as a tip.
    fn meet(
        &mut self,
        id: ObjectId,
        counts: bool,
        reader: &mut Reader<'_>,
        range: &Range,
    ) -> Result<(), GitError> {
        if let Some(met) = self.met.get(&id) {
            if met.counts && !counts {
                self.discount(id);
            }
            return Ok(());
        }
        let commit = match read_commit(id, reader) {
            Ok(Some(commit)) => commit,
            // What lies beyond a commit that does not count matters to nobody.
            Ok(None) | Err(_) if !counts => return Ok(()),
            Ok(None) => return Err(range.cut(id)),
            Err(error) => return Err(error),
        };
        self.queue.push((commit.time, id));
        self.met.insert(id, Met { counts, time: commit.time, parents: commit.parents });
        Ok(())
    }

    /// Takes a commit and what is known of its history out of the range.
    fn discount(&mut self, id: ObjectId) {
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            if let Some(met) = self.met.get_mut(&id)
                && std::mem::replace(&mut met.counts, false)
            {
                open.extend_from_slice(&met.parents);
                // Its parents may have been met through it alone.
                self.queue.push((met.time, id));
            }
        }
    }
}

pub(super) fn read_commit(id: ObjectId, reader: &mut Reader<'_>) -> Result<Option<Raw>, GitError> {
    let fault = |reason: String| GitError::Object { id, reason };
    match reader.read(&id) {
        Ok(None) => Ok(None),
        Ok(Some(object)) if object.kind == Kind::Commit => parse(id.kind(), &object.bytes)
            .map(Some)
            .ok_or_else(|| fault("a damaged commit".to_owned())),
        Ok(Some(_)) => Err(fault("expected a commit".to_owned())),
        Err(error) => Err(fault(error.to_string())),
    }
}

/// The bytes of a file as a commit holds it; `None` where it holds none.
///
/// # Errors
/// A revision that names no commit, and objects that are missing or damaged.
pub fn file_at(
    repository: &Repository,
    revision: &str,
    path: &str,
) -> Result<Option<Vec<u8>>, GitError> {
    let objects = super::Objects::open(repository);
    let mut reader = objects.reader();
    let commit = repository.resolve_commit(revision, &mut reader)?;
    let Some(commit) = read_commit(commit, &mut reader)? else { return Ok(None) };
    let mut id = commit.tree;
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        let bytes = reader.expect(&id, Kind::Tree)?;
        let found =
            entries(&bytes, id.kind().len_in_bytes()).find(|entry| entry.name == part.as_bytes());
        let Some(entry) = found else { return Ok(None) };
        let wanted = if parts.peek().is_some() { EntryKind::Tree } else { EntryKind::Blob };
        if entry.kind != wanted {
            return Ok(None);
        }
        let Ok(next) = ObjectId::try_from(entry.id) else { return Ok(None) };
        id = next;
    }
    Ok(Some(reader.expect(&id, Kind::Blob)?.to_vec()))
}
