//! Where a repository's parts lie.
//!
//! In: a path. Out: its git directory, the directory that linked worktrees
//! share, its worktree, and how objects and refs are stored. No configuration
//! is obeyed but the storage format, and the owner is never asked: reading
//! starts nothing, so another user's repository is as safe as one's own.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use gix_hash::ObjectId;

use super::config::StorageConfig;
use super::error::GitError;
use super::names::{is_absent, read_plain, to_path};
use super::store::Store;
use crate::settings::Surroundings;

/// How refs are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefStorage {
    /// Loose files and `packed-refs`.
    Files,
    /// The binary `reftable` format.
    Reftable,
}

/// A repository on disk.
#[derive(Debug, Clone)]
pub struct Repository {
    git_dir: PathBuf,
    common_dir: PathBuf,
    work_tree: Option<PathBuf>,
    hash: gix_hash::Kind,
    ref_storage: RefStorage,
    unknown_extensions: Vec<String>,
    has_promisor: bool,
    /// The index that git named to its hook, instead of the worktree's own.
    told_index: Option<PathBuf>,
    /// Directories of objects that git named to its hook.
    told_objects: Vec<PathBuf>,
    /// What holds its objects, once a sweep opened it.
    store: OnceLock<Arc<Store>>,
}

/// The extensions that change nothing in how objects are stored.
const HARMLESS_EXTENSIONS: [&str; 8] = [
    "noop",
    "noop-v1",
    "preciousobjects",
    "partialclone",
    "worktreeconfig",
    "relativeworktrees",
    "compatobjectformat",
    "submodulepathconfig",
];

impl Repository {
    /// Opens the repository whose root `path` is: a worktree (linked ones and
    /// submodules included), a bare repository, or a git directory itself.
    /// `None` where `path` is no root.
    ///
    /// # Errors
    /// A `.git` file that leads nowhere, an object format that this version
    /// does not read, and files that cannot be read.
    pub fn discover_root(path: &Path) -> Result<Option<Self>, GitError> {
        let dot_git = path.join(".git");
        match std::fs::metadata(&dot_git) {
            Ok(metadata) if metadata.is_dir() && is_git_dir(&dot_git) => {
                return Self::open(dot_git, Some(path.to_owned())).map(Some);
            }
            Ok(metadata) if metadata.is_file() => {
                let git_dir = follow_git_file(&dot_git)?;
                return Self::open(git_dir, Some(path.to_owned())).map(Some);
            }
            Ok(_) => {}
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(GitError::io(&dot_git, error)),
        }
        if is_git_dir(path) {
            return Self::open(path.to_owned(), None).map(Some);
        }
        Ok(None)
    }

    /// Opens the repository whose worktree holds `directory`, looking upwards
    /// as far as the file system goes.
    ///
    /// # Errors
    /// As [`Repository::discover_root`], and a directory that does not exist.
    pub fn containing(directory: &Path) -> Result<Option<Self>, GitError> {
        let absolute = directory.canonicalize().map_err(|error| GitError::io(directory, error))?;
        for ancestor in absolute.ancestors() {
            if let Some(found) = Self::discover_root(ancestor)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Opens the repository at `path` as git told its hook of it; where git
    /// told nothing, or of another repository, as [`Repository::discover_root`].
    ///
    /// # Errors
    /// As [`Repository::discover_root`].
    pub fn surrounded(path: &Path, told: &Surroundings) -> Result<Option<Self>, GitError> {
        let found = Self::discover_root(path)?;
        let is_same = |one: &Path, other: &Path| matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other);
        let here = Path::new(".");
        let repository = match (&told.git_dir, found) {
            (None, found) => {
                let is_here = is_same(path, here)
                    || matches!((here.canonicalize(), path.canonicalize()),
                        (Ok(here), Ok(path)) if here.starts_with(&path));
                if !is_here {
                    return Ok(found);
                }
                found
            }
            (Some(git_dir), Some(found)) if is_same(git_dir, found.git_dir()) => Some(found),
            // Git's own words go before what lies there, for the worktree that
            // it speaks of.
            (Some(git_dir), found) => {
                if !is_same(path, told.work_tree.as_deref().unwrap_or(here)) || !is_git_dir(git_dir)
                {
                    return Ok(found);
                }
                let is_bare = told.work_tree.is_none() && is_same(path, git_dir);
                Some(Self::open(git_dir.clone(), (!is_bare).then(|| path.to_owned()))?)
            }
        };
        Ok(repository.map(|repository| Self {
            told_index: told.index_file.clone(),
            told_objects: told.object_directories.clone(),
            store: OnceLock::new(),
            ..repository
        }))
    }

    fn open(git_dir: PathBuf, work_tree: Option<PathBuf>) -> Result<Self, GitError> {
        let common_dir = common_dir(&git_dir)?;
        let path = common_dir.join("config");
        let bytes = read_plain(&path).map_err(|error| GitError::io(&path, error))?;
        let config = StorageConfig::parse(&bytes.unwrap_or_default());
        let unsupported = |what: String| GitError::Unsupported { path: git_dir.clone(), what };
        let hash = match config.extension("objectformat") {
            None => gix_hash::Kind::Sha1,
            Some(name) if name.eq_ignore_ascii_case("sha1") => gix_hash::Kind::Sha1,
            Some(name) if name.eq_ignore_ascii_case("sha256") => gix_hash::Kind::Sha256,
            Some(other) => return Err(unsupported(format!("object format {other:?}"))),
        };
        let ref_storage = match config.extension("refstorage") {
            None => RefStorage::Files,
            Some(name) if name.eq_ignore_ascii_case("files") => RefStorage::Files,
            Some(name) if name.eq_ignore_ascii_case("reftable") => RefStorage::Reftable,
            Some(other) => return Err(unsupported(format!("ref storage {other:?}"))),
        };
        let is_known = |key: &str| {
            matches!(key, "objectformat" | "refstorage") || HARMLESS_EXTENSIONS.contains(&key)
        };
        let mut unknown_extensions: Vec<String> = config
            .extensions
            .iter()
            .map(|(key, _)| key.clone())
            .filter(|key| !is_known(key))
            .collect();
        unknown_extensions.sort_unstable();
        unknown_extensions.dedup();
        let has_promisor = config.has_promisor;
        Ok(Self {
            git_dir,
            common_dir,
            work_tree,
            hash,
            ref_storage,
            unknown_extensions,
            has_promisor,
            told_index: None,
            told_objects: Vec::new(),
            store: OnceLock::new(),
        })
    }

    /// The git directory: `.git`, or one of `.git/worktrees/*`, or the bare
    /// repository itself.
    #[must_use]
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The directory that all worktrees share; it holds objects and refs.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The worktree's root; `None` for a bare repository and for a git
    /// directory that was named itself.
    #[must_use]
    pub fn work_tree(&self) -> Option<&Path> {
        self.work_tree.as_deref()
    }

    /// The hash that names objects.
    #[must_use]
    pub fn hash(&self) -> gix_hash::Kind {
        self.hash
    }

    /// How refs are stored.
    #[must_use]
    pub fn ref_storage(&self) -> RefStorage {
        self.ref_storage
    }

    /// Extensions that this version has never heard of, sorted: what they store
    /// is not read.
    #[must_use]
    pub fn unknown_extensions(&self) -> &[String] {
        &self.unknown_extensions
    }

    /// The index that git named to its hook.
    pub(crate) fn told_index(&self) -> Option<&Path> {
        self.told_index.as_deref()
    }

    /// What holds its objects, opened once: what a sweep worked out of it serves
    /// whoever asks about what the sweep found.
    pub(crate) fn store(&self) -> Arc<Store> {
        Arc::clone(self.store.get_or_init(|| Arc::new(Store::open(self))))
    }

    /// The directories of objects that git named to its hook.
    pub(crate) fn told_objects(&self) -> &[PathBuf] {
        &self.told_objects
    }

    /// Whether a large file of this SHA-256 is stored here.
    pub(crate) fn has_lfs_object(&self, id: &str) -> bool {
        let parts = (id.get(..2), id.get(2..4));
        let (Some(first), Some(second)) = parts else { return false };
        self.common_dir.join("lfs/objects").join(first).join(second).join(id).is_file()
    }

    /// Whether the configuration says that a server keeps some of the objects.
    #[must_use]
    pub fn has_promisor(&self) -> bool {
        self.has_promisor
    }

    /// The lines of the file that lists the commits at which a shallow clone
    /// ends, each the id that it says, if it says one; and the file's path.
    ///
    /// # Errors
    /// A file that the system refuses to read.
    pub(crate) fn shallow_commits(&self) -> io::Result<Vec<Option<ObjectId>>> {
        let bytes = read_plain(&self.shallow_path())?.unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        Ok(lines
            .filter(|line| !line.is_empty())
            .map(|line| ObjectId::from_hex(line).ok())
            .collect())
    }

    /// Where a shallow clone lists the commits at which it ends.
    pub(crate) fn shallow_path(&self) -> PathBuf {
        self.common_dir.join("shallow")
    }
}

/// Whether a directory has what git demands of a git directory.
fn is_git_dir(path: &Path) -> bool {
    let is_head = std::fs::symlink_metadata(path.join("HEAD"))
        .is_ok_and(|metadata| metadata.is_file() || metadata.is_symlink());
    let holds_objects = |dir: &Path| dir.join("objects").is_dir() && dir.join("refs").is_dir();
    is_head && (holds_objects(path) || path.join("commondir").is_file())
}

/// Follows a `.git` file, as linked worktrees and submodules have it.
fn follow_git_file(path: &Path) -> Result<PathBuf, GitError> {
    let bytes = read_plain(path).map_err(|error| GitError::io(path, error))?.unwrap_or_default();
    let target = bytes
        .strip_prefix(b"gitdir:")
        .map(<[u8]>::trim_ascii)
        .filter(|rest| !rest.is_empty() && rest.len() < 1 << 16)
        .and_then(to_path)
        .ok_or_else(|| GitError::damaged(path, "expected one line `gitdir: PATH`"))?;
    let git_dir = path.parent().unwrap_or(Path::new(".")).join(target);
    if is_git_dir(&git_dir) {
        Ok(git_dir)
    } else {
        Err(GitError::damaged(
            path,
            format!("it leads to {:?}, which is no git directory", git_dir.display()),
        ))
    }
}

/// The directory that a linked worktree's git directory shares with the others.
fn common_dir(git_dir: &Path) -> Result<PathBuf, GitError> {
    let path = git_dir.join("commondir");
    let Some(bytes) = read_plain(&path).map_err(|error| GitError::io(&path, error))? else {
        return Ok(git_dir.to_owned());
    };
    let shared = to_path(bytes.trim_ascii())
        .map(|target| git_dir.join(target))
        .filter(|shared| shared.join("objects").is_dir())
        .ok_or_else(|| GitError::damaged(&path, "it leads to no repository"))?;
    Ok(shared.canonicalize().unwrap_or(shared))
}
