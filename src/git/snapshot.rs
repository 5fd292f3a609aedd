//! A commit's files, and the paths that a commit touches.
//!
//! In: a repository and a revision or a commit. Out: bytes of files, paths.
//! Nothing is written and no worktree is looked at.

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::ObjectId;

use super::changed::new_in;
use super::commits::parse;
use super::pack::Kind;
use super::reader::Reader;
use super::trees::{EntryKind, entries};
use super::{GitError, Objects, Repository, brought_by};

/// The files of one commit.
#[derive(Debug)]
pub struct Snapshot {
    objects: Objects,
    commit: ObjectId,
    tree: ObjectId,
}

impl Snapshot {
    /// The files of the commit that a revision names.
    ///
    /// # Errors
    /// A revision that names no commit, or one that is missing or damaged.
    pub fn of(repository: &Repository, revision: &str) -> Result<Self, GitError> {
        let objects = Objects::open(repository);
        let mut reader = objects.reader();
        let commit = repository.resolve_commit(revision, &mut reader)?;
        let tree = tree_of(commit, &mut reader)?;
        drop(reader);
        Ok(Self { objects, commit, tree })
    }

    /// The commit.
    #[must_use]
    pub fn commit(&self) -> ObjectId {
        self.commit
    }

    /// The bytes of the file at a path, `/`-separated; `None` where the commit
    /// holds none.
    ///
    /// # Errors
    /// Objects that are missing, damaged or too large.
    pub fn file(&self, path: &[u8]) -> Result<Option<Vec<u8>>, GitError> {
        let mut reader = self.objects.reader();
        let mut id = self.tree;
        let mut parts = path.split(|byte| *byte == b'/').peekable();
        while let Some(part) = parts.next() {
            let bytes = reader.expect(&id, Kind::Tree)?;
            let mut listed = entries(&bytes, id.kind().len_in_bytes());
            let Some(entry) = listed.find(|entry| entry.name == part) else { return Ok(None) };
            let wanted = if parts.peek().is_some() { EntryKind::Tree } else { EntryKind::Blob };
            if entry.kind != wanted {
                return Ok(None);
            }
            let Ok(next) = ObjectId::try_from(entry.id) else { return Ok(None) };
            id = next;
        }
        Ok(Some(reader.expect(&id, Kind::Blob)?.to_vec()))
    }

    /// Every file of this name, at any depth, by its path.
    ///
    /// # Errors
    /// Objects that are missing, damaged or too large.
    pub fn files_named(&self, name: &[u8]) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, GitError> {
        let mut reader = self.objects.reader();
        let mut files = BTreeMap::new();
        for file in new_in(self.tree, Vec::new(), &mut reader)? {
            if !file.is_gitlink && file.path.rsplit(|byte| *byte == b'/').next() == Some(name) {
                let bytes = reader.expect(&file.id, Kind::Blob)?;
                files.insert(file.path, bytes.to_vec());
            }
        }
        Ok(files)
    }
}

/// The paths at which a commit differs from every parent of it: what it adds,
/// changes and removes.
///
/// # Errors
/// Trees that are missing or damaged.
pub fn touched_by(id: ObjectId, reader: &mut Reader<'_>) -> Result<BTreeSet<Vec<u8>>, GitError> {
    let mut touched: BTreeSet<Vec<u8>> =
        brought_by(id, reader)?.into_iter().map(|brought| brought.path).collect();
    let bytes = reader.expect(&id, Kind::Commit)?;
    let commit = parse(id.kind(), &bytes).ok_or_else(|| damaged(id))?;
    let mut gone: Option<BTreeSet<Vec<u8>>> = None;
    for parent in &commit.parents {
        let tree = tree_of(*parent, reader)?;
        let differs: BTreeSet<Vec<u8>> = new_in(tree, vec![commit.tree], reader)?
            .into_iter()
            .map(|brought| brought.path)
            .collect();
        gone = Some(match gone {
            None => differs,
            Some(gone) => gone.intersection(&differs).cloned().collect(),
        });
    }
    touched.extend(gone.unwrap_or_default());
    Ok(touched)
}

fn tree_of(commit: ObjectId, reader: &mut Reader<'_>) -> Result<ObjectId, GitError> {
    let bytes = reader.expect(&commit, Kind::Commit)?;
    Ok(parse(commit.kind(), &bytes).ok_or_else(|| damaged(commit))?.tree)
}

fn damaged(id: ObjectId) -> GitError {
    GitError::Object { id, reason: "a damaged commit".to_owned() }
}
