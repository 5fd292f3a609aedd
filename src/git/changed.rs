//! What a commit changes.
//!
//! In: a commit and its parents. Out: the blobs that none of its parents holds
//! at the same path, and what they hold there instead: a merge is compared with
//! all of them, and bytes that an older commit once held are new again when
//! they come back.

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::ObjectId;

use super::GitError;
use super::pack::Kind;
use super::range::read_commit;
use super::reader::Reader;
use super::trees::{EntryKind, entries};

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

/// The kind and the id of each name in a tree.
type Listing<'a> = BTreeMap<&'a [u8], (EntryKind, &'a [u8])>;

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
        let mut other_trees = Vec::with_capacity(others.len());
        for other in &others {
            other_trees.push(reader.expect(other, Kind::Tree)?);
        }
        let others: Vec<Listing<'_>> = other_trees
            .iter()
            .map(|bytes| {
                let entries = entries(bytes, hash_len);
                entries.map(|entry| (entry.name, (entry.kind, entry.id))).collect()
            })
            .collect();
        let mut names = BTreeSet::new();
        for entry in entries(&bytes, hash_len) {
            names.insert(entry.name);
            let at: Vec<(EntryKind, &[u8])> =
                others.iter().filter_map(|other| other.get(entry.name).copied()).collect();
            if at.iter().any(|(_, id)| *id == entry.id) {
                continue;
            }
            let Ok(id) = ObjectId::try_from(entry.id) else { continue };
            let mut path = [&path[..], entry.name].concat();
            for (kind, id) in &at {
                changed.was(*kind, &path, id);
            }
            if entry.kind == EntryKind::Tree {
                path.push(b'/');
                let others = at
                    .iter()
                    .filter(|(kind, _)| *kind == EntryKind::Tree)
                    .filter_map(|(_, id)| ObjectId::try_from(*id).ok())
                    .collect();
                open.push((path, id, others));
            } else {
                let is_gitlink = entry.kind == EntryKind::Gitlink;
                changed.brought.push(Brought { path, id, is_gitlink });
            }
        }
        for other in &others {
            for (name, (kind, id)) in other.iter().filter(|(name, _)| !names.contains(*name)) {
                let mut path = [&path[..], name].concat();
                changed.was(*kind, &path, id);
                if *kind == EntryKind::Tree
                    && let Ok(id) = ObjectId::try_from(*id)
                {
                    path.push(b'/');
                    changed.gone.push((path, id));
                }
            }
        }
    }
    changed.brought.sort_unstable_by(|one, other| one.path.cmp(&other.path));
    Ok(changed)
}

impl Changed {
    /// Notes a blob that another tree holds in the place of something else.
    fn was(&mut self, kind: EntryKind, path: &[u8], id: &[u8]) {
        if kind == EntryKind::Blob
            && let Ok(id) = ObjectId::try_from(id)
        {
            self.before.push(Brought { path: path.to_owned(), id, is_gitlink: false });
        }
    }
}
