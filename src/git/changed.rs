//! What a commit changes.
//!
//! In: a commit and its parents. Out: the blobs that none of its parents holds
//! at the same path, and what they hold there instead: a merge is compared with
//! all of them, and bytes that an older commit once held are new again when
//! they come back.

use std::cmp::Ordering;

use gix_hash::ObjectId;

use super::GitError;
use super::pack::Kind;
use super::range::read_commit;
use super::reader::Reader;
use super::trees::{Entry, EntryKind, entries};

/// How deep git lets trees be nested (`core.maxTreeDepth`).
pub(super) const DEPTH_LIMIT: usize = 4096;

/// A blob that a commit brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brought {
    /// The path, `/`-separated.
    pub path: Vec<u8>,
    /// The blob, or a submodule's commit.
    pub id: ObjectId,
    /// Whether it is a submodule's commit.
    pub is_gitlink: bool,
}

/// What a commit brings that none of its parents holds at the same path.
///
/// # Errors
/// A tree that is missing or damaged.
pub fn brought_by(id: ObjectId, reader: &mut Reader<'_>) -> Result<Vec<Brought>, GitError> {
    changed_by(id, reader).map(|changed| changed.brought)
}

/// What a commit changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// What none of its parents holds at the same path, sorted by path.
    pub brought: Vec<Brought>,
    /// The blobs that its parents hold at paths that change or go; those of
    /// whole directories once [`Changed::read_gone`] was asked.
    pub before: Vec<Brought>,
    /// Directories that went.
    gone: Vec<(Vec<u8>, ObjectId)>,
}

impl Changed {
    /// Whether a file whose path `is_watched` may be among what changes or goes;
    /// what lies in a directory that went is not looked at.
    #[must_use]
    pub fn may_touch(&self, is_watched: &dyn Fn(&[u8]) -> bool) -> bool {
        !self.gone.is_empty()
            || self.brought.iter().chain(&self.before).any(|one| is_watched(&one.path))
    }

    /// Reads what went with whole directories into `before`.
    ///
    /// # Errors
    /// A tree that is missing or damaged.
    pub fn read_gone(&mut self, reader: &mut Reader<'_>) -> Result<(), GitError> {
        for (path, tree) in std::mem::take(&mut self.gone) {
            for mut gone in new_in(tree, Vec::new(), reader)? {
                gone.path.splice(0..0, path.iter().copied());
                self.before.push(gone);
            }
        }
        Ok(())
    }
}

/// What a commit brings, and what its parents hold in the same places.
///
/// # Errors
/// A tree that is missing or damaged.
pub fn changed_by(id: ObjectId, reader: &mut Reader<'_>) -> Result<Changed, GitError> {
    let commit = read_commit(id, reader)?
        .ok_or_else(|| GitError::Object { id, reason: "it is missing".to_owned() })?;
    let mut parents = Vec::new();
    for parent in &commit.parents {
        if let Some(parent) = read_commit(*parent, reader)? {
            parents.push(parent.tree);
        }
    }
    compare(commit.tree, parents, reader)
}

/// What a tree holds that none of the others holds at the same path.
pub(crate) fn new_in(
    tree: ObjectId,
    others: Vec<ObjectId>,
    reader: &mut Reader<'_>,
) -> Result<Vec<Brought>, GitError> {
    compare(tree, others, reader).map(|changed| changed.brought)
}

/// Every file of a tree, sorted by path.
///
/// # Errors
/// A tree that is missing or damaged.
pub fn files_of(tree: ObjectId, reader: &mut Reader<'_>) -> Result<Vec<Brought>, GitError> {
    new_in(tree, Vec::new(), reader)
}

/// Compares a tree with others, passing over directories that any of them
/// holds alike.
fn compare(
    tree: ObjectId,
    others: Vec<ObjectId>,
    reader: &mut Reader<'_>,
) -> Result<Changed, GitError> {
    let mut changed = Changed::default();
    let mut open = vec![(Vec::new(), tree, others)];
    while let Some((path, tree, others)) = open.pop() {
        if others.contains(&tree) {
            continue;
        }
        if path.iter().filter(|byte| **byte == b'/').count() > DEPTH_LIMIT {
            let reason = "its trees are nested too deep".to_owned();
            return Err(GitError::Object { id: tree, reason });
        }
        let hash_len = tree.kind().len_in_bytes();
        let bytes = reader.expect(&tree, Kind::Tree)?;
        let all = in_order(&bytes, hash_len);
        if all.iter().map(Entry::len).sum::<usize>() < bytes.len() {
            let reason = "not all of its bytes are entries".to_owned();
            return Err(GitError::Object { id: tree, reason });
        }
        let mut other_trees = Vec::with_capacity(others.len());
        for other in &others {
            other_trees.push(reader.expect(other, Kind::Tree)?);
        }
        let mut sides: Vec<Side<'_>> =
            other_trees.iter().map(|bytes| Side::new(bytes, hash_len)).collect();
        for entry in all {
            let mut at: Vec<Entry<'_>> = Vec::new();
            for side in &mut sides {
                at.extend(side.advance(&entry, |gone| changed.went(&path, gone)));
            }
            if at.iter().any(|other| other.id == entry.id) {
                continue;
            }
            let Ok(id) = ObjectId::try_from(entry.id) else { continue };
            let mut path = [&path[..], entry.name].concat();
            for other in &at {
                changed.was(other, &path);
            }
            if entry.kind == EntryKind::Tree {
                path.push(b'/');
                let others =
                    at.iter().filter_map(|other| ObjectId::try_from(other.id).ok()).collect();
                open.push((path, id, others));
            } else {
                let is_gitlink = entry.kind == EntryKind::Gitlink;
                changed.brought.push(Brought { path, id, is_gitlink });
            }
        }
        for side in sides {
            side.rest.for_each(|gone| changed.went(&path, &gone));
        }
    }
    changed.brought.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(changed)
}

impl Changed {
    /// Notes a blob that another tree holds in the place of something else.
    fn was(&mut self, entry: &Entry<'_>, path: &[u8]) {
        if entry.kind == EntryKind::Blob
            && let Ok(id) = ObjectId::try_from(entry.id)
        {
            self.before.push(Brought { path: path.to_owned(), id, is_gitlink: false });
        }
    }

    /// Notes what another tree holds where nothing of its kind is left.
    fn went(&mut self, directory: &[u8], entry: &Entry<'_>) {
        let mut path = [directory, entry.name].concat();
        self.was(entry, &path);
        if entry.kind == EntryKind::Tree
            && let Ok(id) = ObjectId::try_from(entry.id)
        {
            path.push(b'/');
            self.gone.push((path, id));
        }
    }
}

/// A tree that another is compared with, read along with it.
struct Side<'a> {
    rest: std::iter::Peekable<std::vec::IntoIter<Entry<'a>>>,
}

impl<'a> Side<'a> {
    fn new(bytes: &'a [u8], hash_len: usize) -> Self {
        Self { rest: in_order(bytes, hash_len).into_iter().peekable() }
    }

    /// The entry that stands where `entry` does; those before it are gone.
    fn advance(
        &mut self,
        entry: &Entry<'_>,
        mut gone: impl FnMut(&Entry<'a>),
    ) -> Option<Entry<'a>> {
        while let Some(passed) = self.rest.next_if(|one| order(one, entry).is_lt()) {
            gone(&passed);
        }
        self.rest.next_if(|one| order(one, entry).is_eq())
    }
}

/// The entries in git's order, in which a sound tree holds them already.
fn in_order(bytes: &[u8], hash_len: usize) -> Vec<Entry<'_>> {
    let mut all: Vec<Entry<'_>> = entries(bytes, hash_len).collect();
    if !all.is_sorted_by(|one, next| order(one, next).is_le()) {
        all.sort_by(order);
    }
    all
}

/// Git's order: a directory stands where its name with a `/` would. What is
/// equal has the same name, and is or is not a directory alike.
fn order(one: &Entry<'_>, other: &Entry<'_>) -> Ordering {
    let shared = one.name.len().min(other.name.len());
    let next = |entry: &Entry<'_>| match entry.name.get(shared) {
        Some(byte) => *byte,
        None if entry.kind == EntryKind::Tree => b'/',
        None => 0,
    };
    one.name[..shared]
        .cmp(&other.name[..shared])
        .then_with(|| next(one).cmp(&next(other)))
        .then_with(|| one.name.len().cmp(&other.name.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(entries: &[(&str, &str, u8)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (mode, name, id) in entries {
            bytes.extend(format!("{mode} {name}\0").bytes());
            bytes.extend([*id; 20]);
        }
        bytes
    }

    /// Whatever order a hostile tree is in, no name goes past its like.
    #[test]
    fn trees_are_compared_in_gits_order_whatever_theirs() {
        let sound = tree(&[
            ("100644", "a", 1),
            ("100644", "a.c", 2),
            ("40000", "a", 3),
            ("100644", "a0", 4),
            ("100644", "b", 5),
        ]);
        let shuffled = tree(&[
            ("100644", "b", 5),
            ("40000", "a", 3),
            ("100644", "a0", 4),
            ("100644", "a", 1),
            ("100644", "a.c", 2),
        ]);
        for bytes in [&sound, &shuffled] {
            let ids: Vec<u8> = in_order(bytes, 20).iter().map(|entry| entry.id[0]).collect();
            assert_eq!(ids, [1, 2, 3, 4, 5]);
        }
        let other = tree(&[("100644", "a", 9), ("100644", "aa", 8), ("100644", "b", 5)]);
        let (mut side, mut gone, mut same) = (Side::new(&other, 20), Vec::new(), Vec::new());
        for entry in in_order(&shuffled, 20) {
            let at = side.advance(&entry, |passed| gone.push(passed.id[0]));
            same.extend(at.map(|at| (entry.id[0], at.id[0])));
        }
        assert_eq!((gone, same), (vec![8], vec![(1, 9), (5, 5)]));
    }
}
