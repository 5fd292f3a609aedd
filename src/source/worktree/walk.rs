//! The walk: one task a directory, files in batches.
//!
//! In: an open root. Out: each file that is to be read, opened; a skip for
//! each entry that is not.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::Scope;

use super::ignored::{self, Level, Tracked};
use super::open::{Entry, EntryKind, Listing, Tree};
use super::{Worktree, file};
use crate::finding::{Skip, SkipKind};
use crate::source::Sink;

/// Files a task: few enough to share a large directory between threads, many
/// enough that handing them over costs nothing beside opening them.
const BATCH_FILES: usize = 32;

/// Walks the directory and returns when everything below it is read.
pub(super) fn sweep(worktree: &Worktree<'_>, canonical: &Path, sink: &dyn Sink) -> io::Result<()> {
    let walk = Walk {
        worktree,
        tree: Tree::open(worktree.path)?,
        canonical,
        // Roots inside this one are swept on their own.
        other_roots: worktree
            .scope
            .iter()
            .filter_map(|root| root.strip_prefix(canonical).ok())
            .filter(|relative| !relative.as_os_str().is_empty())
            .map(Path::to_owned)
            .collect(),
        sink,
    };
    let ignores = match (&worktree.repository, worktree.trusted_ignores) {
        _ if !worktree.obeys_ignore_files => None,
        (_, Some(trusted)) => Level::trusted_above_root(trusted),
        (Some(repository), None) => Level::above_root(repository, canonical),
        (None, None) => None,
    };
    let top = Directory {
        relative: PathBuf::new(),
        ignores,
        tracked: Arc::new(Tracked::new(PathBuf::new(), canonical.to_owned())),
        only_tracked: None,
    };
    rayon::scope(|scope| walk.enter(scope, top));
    Ok(())
}

struct Walk<'a> {
    worktree: &'a Worktree<'a>,
    tree: Tree,
    canonical: &'a Path,
    other_roots: Vec<PathBuf>,
    sink: &'a dyn Sink,
}

/// A directory that is to be entered.
struct Directory {
    relative: PathBuf,
    /// The ignore files above it.
    ignores: Option<Arc<Level>>,
    tracked: Arc<Tracked>,
    /// The rule that ignores the directory, where only tracked files below it
    /// are read.
    only_tracked: Option<Arc<str>>,
}

/// What becomes of an entry.
enum Fate {
    Read,
    /// An ignored directory that holds tracked files.
    ReadTracked(Arc<str>),
    Skip(SkipKind, String),
}

impl Walk<'_> {
    fn enter<'s>(&'s self, scope: &Scope<'s>, mut directory: Directory) {
        if self.sink.is_cancelled() {
            return;
        }
        let entries = match self.tree.list(&directory.relative) {
            Ok(Listing { entries, error: None }) => entries,
            Ok(Listing { entries, error: Some(error) }) => {
                self.skip(
                    &directory.relative,
                    SkipKind::Unreadable,
                    format!("its listing broke off: {error}"),
                );
                entries
            }
            Err(error) => {
                let (kind, reason) = file::why_unread(&error);
                return self.skip(&directory.relative, kind, reason);
            }
        };
        self.look_for_repository(&mut directory, &entries);
        let has = |name: &str| entries.iter().any(|entry| entry.name == name);
        if !self.worktree.obeys_ignore_files {
            // Everything is read.
        } else if let Some(trusted) = self.worktree.trusted_ignores {
            directory.ignores =
                Level::trusted_below(directory.ignores.take(), trusted, &directory.relative);
        } else if has(ignored::FILE_NAME) {
            let path = directory.relative.join(ignored::FILE_NAME);
            directory.ignores = Level::below(
                directory.ignores.take(),
                &self.tree,
                &directory.relative,
                self.worktree.name.of(&path),
            );
        }
        let mut batch = Vec::new();
        for entry in entries {
            let relative = directory.relative.join(&entry.name);
            match entry.kind {
                EntryKind::Link => self.look_at_link(&relative),
                EntryKind::Special(what) => {
                    let reason = format!("a {what}, which is never opened");
                    self.skip(&relative, SkipKind::Special, reason);
                }
                EntryKind::Directory => self.look_at_directory(scope, &directory, relative),
                EntryKind::File => {
                    if self.is_swept_elsewhere(&relative) {
                        continue;
                    }
                    match self.fate(&directory, &relative, false) {
                        Fate::Skip(kind, reason) => self.skip(&relative, kind, reason),
                        _ => batch.push(relative),
                    }
                    if batch.len() == BATCH_FILES {
                        let batch = std::mem::take(&mut batch);
                        scope.spawn(move |_| self.read(&batch));
                    }
                }
            }
        }
        self.read(&batch);
    }

    fn read(&self, batch: &[PathBuf]) {
        for relative in batch {
            if self.sink.is_cancelled() {
                return;
            }
            let name = || self.worktree.name.of(relative);
            file::read(self.worktree, &name, self.tree.open_file(relative), self.sink);
        }
    }

    fn look_at_directory<'s>(&'s self, scope: &Scope<'s>, parent: &Directory, relative: PathBuf) {
        if self.is_swept_elsewhere(&relative) || self.is_git_directory(&relative) {
            return;
        }
        let only_tracked = match self.fate(parent, &relative, true) {
            Fate::Skip(kind, reason) => return self.skip(&relative, kind, reason),
            Fate::Read => None,
            Fate::ReadTracked(reason) => Some(reason),
        };
        let directory = Directory {
            relative,
            ignores: parent.ignores.clone(),
            tracked: Arc::clone(&parent.tracked),
            only_tracked,
        };
        scope.spawn(move |scope| self.enter(scope, directory));
    }

    /// Whether a directory is the `.git` of a repository: of the root, whose
    /// objects are a matter of their own, or of a nested one, which was named
    /// when its worktree was entered.
    fn is_git_directory(&self, relative: &Path) -> bool {
        relative.file_name().is_some_and(|name| name == ".git")
            && (relative.parent() != Some(Path::new("")) || self.worktree.is_repository_root)
            && self.is_git_layout(relative)
    }

    /// Whether a directory holds what git itself asks of a git directory.
    fn is_git_layout(&self, relative: &Path) -> bool {
        let path = self.canonical.join(relative);
        path.join("HEAD").symlink_metadata().is_ok()
            && path.join("refs").symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
            && (path.join("objects").symlink_metadata().is_ok_and(|metadata| metadata.is_dir())
                || path.join("commondir").symlink_metadata().is_ok())
    }

    /// Names a repository inside the tree, whose objects are not swept, and
    /// lets its own ignore files and index decide below it, as git does.
    fn look_for_repository(&self, directory: &mut Directory, entries: &[Entry]) {
        if directory.relative.as_os_str().is_empty() {
            return;
        }
        let kind_of = |name: &str| entries.iter().find(|e| e.name == name).map(|e| e.kind);
        let has_worktree = match kind_of(".git") {
            Some(EntryKind::Directory) => self.is_git_layout(&directory.relative.join(".git")),
            Some(EntryKind::File) => {
                matches!(
                    crate::git::Repository::discover_root(
                        &self.canonical.join(&directory.relative)
                    ),
                    Ok(Some(_))
                )
            }
            _ => false,
        };
        let is_bare = !has_worktree
            && kind_of("HEAD") == Some(EntryKind::File)
            && kind_of("refs") == Some(EntryKind::Directory)
            && kind_of("objects") == Some(EntryKind::Directory);
        if !has_worktree && !is_bare {
            return;
        }
        self.skip(
            &directory.relative,
            SkipKind::NestedRepository,
            "a repository of its own: its files are read here, its objects are not; \
             scan it by its own path"
                .to_owned(),
        );
        if has_worktree {
            let path = self.canonical.join(&directory.relative);
            directory.ignores = None;
            directory.only_tracked = None;
            directory.tracked = Arc::new(Tracked::new(directory.relative.clone(), path));
        }
    }

    fn fate(&self, parent: &Directory, relative: &Path, is_directory: bool) -> Fate {
        if let Some(reason) = self.worktree.excludes.reason(relative) {
            return Fate::Skip(SkipKind::Excluded, reason);
        }
        let rule = parent.only_tracked.clone().or_else(|| {
            let ignores = parent.ignores.as_ref()?;
            ignores.ignores(relative, is_directory).map(Arc::from)
        });
        match rule {
            None => Fate::Read,
            Some(_) if !is_directory && parent.tracked.holds(relative) => Fate::Read,
            Some(rule) if is_directory && parent.tracked.holds_any_below(relative) => {
                Fate::ReadTracked(rule)
            }
            Some(rule) => Fate::Skip(SkipKind::Ignored, rule.to_string()),
        }
    }

    fn is_swept_elsewhere(&self, relative: &Path) -> bool {
        !self.other_roots.is_empty() && self.other_roots.iter().any(|root| root == relative)
    }

    /// A link is never followed. Where it leads to a place in scope, that is
    /// read by itself; where it leads out, or nowhere, that is said.
    fn look_at_link(&self, relative: &Path) {
        let reason = match self.canonical.join(relative).canonicalize() {
            Ok(target) if self.worktree.scope.iter().any(|root| target.starts_with(root)) => return,
            Ok(_) => "a link out of the scope, which is never followed",
            Err(error) if error.kind() == io::ErrorKind::NotFound => "a link to nothing",
            Err(_) => "a link that cannot be resolved",
        };
        self.skip(relative, SkipKind::Link, reason.to_owned());
    }

    fn skip(&self, relative: &Path, kind: SkipKind, reason: String) {
        self.sink.skip(Skip { origin: self.worktree.name.of(relative), kind, reason });
    }
}
