//! The files below one path, read in parallel.
//!
//! In: a root that the operator named, the ignore rules and excludes in force.
//! Out: every candidate among its files, and a skip for everything that was
//! left out. The walk is our own, because what is left out must be counted
//! with the rule that did so, and a tracked file inside an ignored directory
//! must still be read.

mod file;
mod ignored;
mod open;
mod walk;

use std::io;
use std::path::{Path, PathBuf};

pub use ignored::TrustedIgnores;
pub use open::FileId;

use super::Sink;
use super::path::RootName;
use crate::finding::{Skip, SkipKind};
use crate::rule::Prefilter;

/// A file that this run itself writes, so that reading it would find its own
/// report.
#[derive(Debug, Clone)]
pub struct OwnOutput {
    /// Which file.
    pub id: FileId,
    /// What is written there, such as `standard output`.
    pub what: String,
}

/// Says why a path is left out, by the configuration in force.
pub trait Excludes: Sync {
    /// The reason for leaving out the file or directory at `relative`, or the
    /// root itself for an empty path, in words; `None` where it is read.
    fn reason(&self, relative: &Path) -> Option<String>;
}

/// One path of a tree and how to sweep it.
pub struct Worktree<'a> {
    /// The path as the operator gave it; where it is a link, that is followed.
    pub path: &'a Path,
    /// What it is called in outputs.
    pub name: RootName,
    /// What a candidate holds.
    pub prefilter: &'a Prefilter,
    /// What the configuration leaves out; paths are below the root.
    pub excludes: &'a dyn Excludes,
    /// Whether `.gitignore` files are obeyed.
    pub obeys_ignore_files: bool,
    /// Those that are obeyed instead of the ones in the tree, where the tree is
    /// not trusted.
    pub trusted_ignores: Option<&'a TrustedIgnores>,
    /// The canonical root of the git worktree that holds the path, if one does.
    pub repository: Option<PathBuf>,
    /// Whether the path is the root of a repository, whose `.git` is swept as
    /// what it is and not as files.
    pub is_repository_root: bool,
    /// Whether the repository that holds the path stores the large file with
    /// this id, which a pointer stands for.
    pub has_lfs_object: &'a (dyn Fn(&str) -> bool + Sync),
    /// Files that this run writes.
    pub own_outputs: &'a [OwnOutput],
    /// The canonical paths of everything in scope, this root included: a link
    /// to one of these places leads to what is read anyway.
    pub scope: &'a [PathBuf],
}

impl std::fmt::Debug for Worktree<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Worktree").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Worktree<'_> {
    /// Reads the file, or every file below the directory, on the current
    /// thread pool.
    ///
    /// # Errors
    ///
    /// Only where the path itself cannot be opened; all other trouble is a
    /// skip.
    pub fn sweep(&self, sink: &dyn Sink) -> io::Result<()> {
        let itself = Path::new("");
        if let Some(reason) = self.excludes.reason(itself) {
            let origin = self.name.of(itself);
            sink.skip(Skip { origin, kind: SkipKind::Excluded, reason });
            return Ok(());
        }
        if self.path.metadata()?.is_dir() {
            return walk::sweep(self, &self.path.canonicalize()?, sink);
        }
        let opened = open::Tree::open_named(self.path)?;
        file::read(self, &|| self.name.of(itself), Ok(opened), sink);
        Ok(())
    }
}
