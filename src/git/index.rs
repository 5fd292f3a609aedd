//! The index: what is tracked.
//!
//! In: a repository. Out: the paths and blobs of its index, sorted. Split and
//! sparse indexes and every version that git writes are read; a damaged index
//! is an error, since a guess would leave tracked files unread.

use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use super::error::GitError;
use super::layout::Repository;
use super::names::to_bytes;

/// What an index entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TrackedKind {
    /// A plain file.
    File,
    /// A symbolic link.
    Link,
    /// A submodule's commit.
    Gitlink,
    /// A whole directory that a sparse checkout leaves out; the path ends in `/`.
    SparseDirectory,
}

/// An index entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tracked {
    /// The path, `/`-separated.
    pub path: Vec<u8>,
    /// 0, or 1 to 3 for a side of an unresolved merge.
    pub stage: u8,
    /// What it is.
    pub kind: TrackedKind,
    /// Its blob, commit or tree.
    pub id: ObjectId,
}

/// The paths that git tracks in `directory`, relative to it, sorted and each
/// once; `None` where no repository holds it.
///
/// Directories that a sparse checkout leaves out are not among them.
///
/// # Errors
/// As [`Repository::containing`] and [`Repository::index`].
pub fn tracked_paths(directory: &Path) -> Result<Option<Vec<Vec<u8>>>, GitError> {
    let absolute = directory.canonicalize().map_err(|error| GitError::io(directory, error))?;
    let Some(repository) = Repository::containing(&absolute)? else { return Ok(None) };
    let Some(root) = repository.work_tree() else { return Ok(None) };
    let mut prefix = to_bytes(absolute.strip_prefix(root).unwrap_or(Path::new("")));
    if !prefix.is_empty() {
        prefix.push(b'/');
    }
    let mut paths: Vec<Vec<u8>> = repository
        .index()?
        .into_iter()
        .filter(|entry| entry.kind != TrackedKind::SparseDirectory)
        .filter_map(|entry| entry.path.strip_prefix(prefix.as_slice()).map(<[u8]>::to_vec))
        .collect();
    paths.dedup();
    Ok(Some(paths))
}

impl Repository {
    /// The path of this worktree's index.
    pub(crate) fn index_path(&self) -> PathBuf {
        self.told_index().map_or_else(|| self.git_dir().join("index"), Path::to_owned)
    }

    /// Every entry of this worktree's index, sorted by path and stage; empty
    /// where there is no index.
    ///
    /// # Errors
    /// An index that is damaged or cannot be read.
    pub fn index(&self) -> Result<Vec<Tracked>, GitError> {
        read_index(&self.index_path(), self.hash())
    }
}

/// Opens an index file; `None` where there is none. Git itself does not check
/// its sum before a commit; `trusts_sum` does as git does.
pub(crate) fn open_index(
    path: &Path,
    hash: gix_hash::Kind,
    trusts_sum: bool,
) -> Result<Option<gix_index::File>, GitError> {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(GitError::damaged(path, "not a plain file")),
        Err(error) if super::names::is_absent(&error) => return Ok(None),
        Err(error) => return Err(GitError::io(path, error)),
    }
    let options = gix_index::decode::Options { thread_limit: Some(1), ..Default::default() };
    gix_index::File::at(path, hash, trusts_sum, options)
        .map(Some)
        .map_err(|error| GitError::damaged(path, error.to_string()))
}

/// Reads an index file; empty where there is none.
pub(crate) fn read_index(path: &Path, hash: gix_hash::Kind) -> Result<Vec<Tracked>, GitError> {
    let Some(file) = open_index(path, hash, false)? else { return Ok(Vec::new()) };
    let mut entries: Vec<Tracked> = file
        .entries()
        .iter()
        .map(|entry| Tracked {
            path: entry.path(&file).to_vec(),
            stage: entry.stage_raw() as u8,
            kind: match entry.mode {
                gix_index::entry::Mode::SYMLINK => TrackedKind::Link,
                gix_index::entry::Mode::COMMIT => TrackedKind::Gitlink,
                gix_index::entry::Mode::DIR => TrackedKind::SparseDirectory,
                _ => TrackedKind::File,
            },
            id: entry.id,
        })
        .collect();
    entries.sort_unstable();
    Ok(entries)
}
