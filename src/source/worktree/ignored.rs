//! What `.gitignore` files leave out, and what git tracks in spite of them.
//!
//! In: the `.gitignore` files from the repository's root down, as they stand in
//! the tree or as a trusted revision has them. Out: for each
//! path the rule that ignores it, if one does. No other ignore file is obeyed:
//! `.ignore`, `.git/info/exclude` and global excludes are invisible to whoever
//! reviews the repository.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::open::{Opened, Tree};
use crate::git;

/// The file's name.
pub(super) const FILE_NAME: &str = ".gitignore";

/// The largest ignore file that is obeyed; a larger one ignores nothing, so
/// that what it would hide is read. The longest in public use have 100 kB.
const FILE_LIMIT_BYTES: u64 = 1 << 20;

/// The `.gitignore` files of a trusted revision.
#[derive(Debug)]
pub struct TrustedIgnores {
    /// What the revision is called in outputs.
    pub revision: String,
    /// Each file's bytes by its path in the repository.
    pub files: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The way from the repository's root to the walked root.
    pub to_root: PathBuf,
}

impl TrustedIgnores {
    /// The rules of the file in a directory of the repository, and its name.
    fn read(&self, directory: &Path) -> Option<(Gitignore, String)> {
        let path = git::to_bytes(&directory.join(FILE_NAME));
        let bytes = self.files.get(&path).filter(|bytes| bytes.len() as u64 <= FILE_LIMIT_BYTES)?;
        Some((matcher(bytes)?, format!("{}:{}", self.revision, git::escape(&path))))
    }
}

/// One `.gitignore` file, and those above it.
#[derive(Debug)]
pub(super) struct Level {
    above: Option<Arc<Level>>,
    matcher: Gitignore,
    place: Place,
    /// What the file is called in outputs.
    name: String,
}

/// Where an ignore file stands, seen from the walked root.
#[derive(Debug)]
enum Place {
    /// In this directory below the root, or in the root.
    Below(PathBuf),
    /// In a directory above the root; this leads from there to the root.
    Above(PathBuf),
}

impl Level {
    /// The file in `directory` of `tree`; `above` where there is none that says
    /// anything.
    pub(super) fn below(
        above: Option<Arc<Level>>,
        tree: &Tree,
        directory: &Path,
        name: String,
    ) -> Option<Arc<Level>> {
        let Some(matcher) = read(tree, &directory.join(FILE_NAME)) else { return above };
        Some(Arc::new(Self { above, matcher, place: Place::Below(directory.to_owned()), name }))
    }

    /// As [`Level::below`], of the trusted file for `directory`.
    pub(super) fn trusted_below(
        above: Option<Arc<Level>>,
        trusted: &TrustedIgnores,
        directory: &Path,
    ) -> Option<Arc<Level>> {
        let Some((matcher, name)) = trusted.read(&trusted.to_root.join(directory)) else {
            return above;
        };
        Some(Arc::new(Self { above, matcher, place: Place::Below(directory.to_owned()), name }))
    }

    /// As [`Level::above_root`], of the trusted files.
    pub(super) fn trusted_above_root(trusted: &TrustedIgnores) -> Option<Arc<Level>> {
        let inner = &trusted.to_root;
        let mut level = None;
        let mut directory = PathBuf::new();
        for component in inner.components() {
            if let Some((matcher, name)) = trusted.read(&directory) {
                let to_root = inner.strip_prefix(&directory).unwrap_or(inner).to_owned();
                let place = Place::Above(to_root);
                level = Some(Arc::new(Self { above: level, matcher, place, name }));
            }
            directory.push(component);
        }
        level
    }

    /// The files from the repository's root down to, but not in, the walked
    /// root; both paths canonical.
    pub(super) fn above_root(repository: &Path, root: &Path) -> Option<Arc<Level>> {
        let inner = root.strip_prefix(repository).ok()?;
        let tree = Tree::open(repository).ok()?;
        let mut level = None;
        let mut directory = PathBuf::new();
        for component in inner.components() {
            if let Some(matcher) = read(&tree, &directory.join(FILE_NAME)) {
                let to_root = inner.strip_prefix(&directory).unwrap_or(inner).to_owned();
                let file = repository.join(&directory).join(FILE_NAME);
                level = Some(Arc::new(Self {
                    above: level,
                    matcher,
                    place: Place::Above(to_root),
                    name: crate::source::path::escape(&file),
                }));
            }
            directory.push(component);
        }
        level
    }

    /// Why `relative` is ignored, in words; `None` where it is not. The
    /// nearest file that says anything decides.
    pub(super) fn ignores(&self, relative: &Path, is_directory: bool) -> Option<String> {
        let path = match &self.place {
            Place::Below(directory) => {
                Cow::Borrowed(relative.strip_prefix(directory).unwrap_or(relative))
            }
            Place::Above(to_root) => Cow::Owned(to_root.join(relative)),
        };
        match self.matcher.matched(path, is_directory) {
            Match::Ignore(pattern) => Some(format!(
                "ignored by {} in {}",
                git::escape(pattern.original().as_bytes()),
                self.name
            )),
            Match::Whitelist(_) => None,
            Match::None => {
                self.above.as_ref().and_then(|above| above.ignores(relative, is_directory))
            }
        }
    }
}

/// The rules of one file; `None` where it is not there, not a plain file, too
/// large, or says nothing.
fn read(tree: &Tree, path: &Path) -> Option<Gitignore> {
    let Ok(Opened::Plain(plain)) = tree.open_file(path) else { return None };
    if plain.size_bytes > FILE_LIMIT_BYTES {
        return None;
    }
    let mut bytes = Vec::new();
    (&plain.file).take(FILE_LIMIT_BYTES).read_to_end(&mut bytes).ok()?;
    matcher(&bytes)
}

/// The rules of an ignore file's text; `None` where it says nothing.
fn matcher(bytes: &[u8]) -> Option<Gitignore> {
    let text = String::from_utf8_lossy(bytes);
    let mut builder = GitignoreBuilder::new("");
    for line in text.trim_start_matches('\u{feff}').lines() {
        // A line that is no pattern ignores nothing, as in git.
        let _ = builder.add_line(None, line);
    }
    builder.build().ok().filter(|matcher| !matcher.is_empty())
}

/// What git tracks in one worktree, read when it is first asked for.
#[derive(Debug)]
pub(super) struct Tracked {
    /// The worktree's root below the walked root, or the walked root itself
    /// where that lies inside the worktree.
    base: PathBuf,
    directory: PathBuf,
    paths: OnceLock<Paths>,
}

#[derive(Debug)]
enum Paths {
    Known(Vec<Vec<u8>>),
    /// The index cannot be read, so that anything may be tracked.
    Unknown,
}

impl Tracked {
    /// Stands for the index of the worktree that holds `directory`, which is
    /// `base` below the walked root.
    pub(super) fn new(base: PathBuf, directory: PathBuf) -> Self {
        Self { base, directory, paths: OnceLock::new() }
    }

    /// Whether git tracks this file.
    pub(super) fn holds(&self, relative: &Path) -> bool {
        match self.paths() {
            Paths::Unknown => true,
            Paths::Known(paths) => paths.binary_search(&self.path(relative)).is_ok(),
        }
    }

    /// Whether git tracks any file below this directory.
    pub(super) fn holds_any_below(&self, relative: &Path) -> bool {
        let Paths::Known(paths) = self.paths() else { return true };
        let mut prefix = self.path(relative);
        prefix.push(b'/');
        let first = paths.partition_point(|path| *path < prefix);
        paths.get(first).is_some_and(|path| path.starts_with(&prefix))
    }

    /// Why the index could not be read, in words, if it was asked for.
    fn paths(&self) -> &Paths {
        self.paths.get_or_init(|| match git::tracked_paths(&self.directory) {
            Ok(paths) => Paths::Known(paths.unwrap_or_default()),
            Err(_) => Paths::Unknown,
        })
    }

    fn path(&self, relative: &Path) -> Vec<u8> {
        git::to_bytes(relative.strip_prefix(&self.base).unwrap_or(relative))
    }
}
