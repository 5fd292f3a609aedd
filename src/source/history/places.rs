//! A repository's own files: what it holds outside its objects.
//!
//! In: a repository. Out: the candidates among its configuration, hooks,
//! reflogs, unfinished merges, ref names, index paths and every other file of
//! its git directory, and what it says itself that it does not hold. All of it
//! is read as bytes; none of it is obeyed.

use std::collections::BTreeSet;
use std::fs::{File, FileType};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::delivery::Delivery;
use super::stream;
use crate::finding::{Origin, Skip, SkipKind, SourceKind};
use crate::git::names::{escape, is_absent, list, to_bytes};
use crate::git::{Links, ReadFiles, Repository, Store, TrackedKind, read_index};

/// A file from this size on is read in pieces.
const LARGE_FILE_BYTES: u64 = 32 << 20;

/// A loose ref up to this size is kept until refs are read: there may be thousands,
/// and to open each twice takes as long as some megabytes of objects.
const KEPT_FILE_BYTES: usize = 256;

/// Sweeps the repository's own files.
pub(super) fn sweep(repository: &Repository, store: &Store, delivery: &Delivery<'_>) {
    let places = Places { repository, delivery };
    let read = places.files();
    places.refs(store, &read);
    places.index_paths();
    places.boundaries();
}

struct Places<'a> {
    repository: &'a Repository,
    delivery: &'a Delivery<'a>,
}

impl Places<'_> {
    fn skip(&self, origin: String, kind: SkipKind, reason: impl Into<String>) {
        self.delivery.sink.skip(Skip { origin, kind, reason: reason.into() });
    }

    fn skip_error(&self, path: &Path, error: &std::io::Error) {
        if !is_absent(error) {
            self.skip(shown(path), SkipKind::Unreadable, error.to_string());
        }
    }

    fn origin(&self, source: SourceKind, path: String) -> Arc<Origin> {
        let root = Arc::clone(self.delivery.root);
        Arc::new(Origin { source, root, path: Some(path.into()), object: None })
    }

    /// Every file of the git directory, except those that hold objects and the
    /// index, whose paths are read apart. Gives what loose refs hold.
    fn files(&self) -> ReadFiles {
        let mut read = ReadFiles::new();
        let common = self.repository.common_dir();
        let mut open = vec![common.to_owned()];
        if !is_inside(self.repository.git_dir(), common) {
            open.push(self.repository.git_dir().to_owned());
        }
        while let Some(directory) = open.pop() {
            let entries = list(&directory, |error| self.skip_error(&directory, error));
            let mut files: Vec<_> =
                entries.iter().map(|entry| (entry.path(), entry.file_type())).collect();
            files.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (path, kind) in files {
                if self.delivery.sink.is_cancelled() {
                    return read;
                }
                match kind {
                    Ok(kind) if kind.is_dir() => self.directory(path, common, &mut open),
                    Ok(kind) => self.file(path, kind, &mut read),
                    Err(error) => self.skip_error(&path, &error),
                }
            }
        }
        read
    }

    fn directory(&self, path: PathBuf, common: &Path, open: &mut Vec<PathBuf>) {
        let relative = to_bytes(path.strip_prefix(common).unwrap_or(&path));
        let is_nested = path.join("HEAD").is_file() && path.join("objects").is_dir();
        if relative == b"objects" {
            // The store reads it.
        } else if is_nested {
            let reason = "a submodule's repository; name it as a path of its own to have it swept";
            self.skip(shown(&path), SkipKind::NestedRepository, reason);
        } else {
            open.push(path);
        }
    }

    fn file(&self, path: PathBuf, kind: FileType, read: &mut ReadFiles) {
        if kind.is_symlink() {
            return self.skip(shown(&path), SkipKind::Link, "a link is not followed");
        }
        if !kind.is_file() {
            return self.skip(shown(&path), SkipKind::Special, "a FIFO, socket or device");
        }
        let name = to_bytes(Path::new(path.file_name().unwrap_or_default()));
        if name == b"index" || name.starts_with(b"sharedindex.") || name == b"packed-refs" {
            return;
        }
        let (common, own) = (self.repository.common_dir(), self.repository.git_dir());
        let inner = path.strip_prefix(common).or_else(|_| path.strip_prefix(own)).unwrap_or(&path);
        let is_of = |name: &str| inner.components().any(|part| part.as_os_str() == name);
        let (is_log, is_ref) = (is_of("logs"), is_of("refs"));
        let source = if is_log { SourceKind::Reflog } else { SourceKind::Metadata };
        match self.read(&path, source) {
            Ok(Some(bytes)) if is_ref && !is_log && bytes.len() <= KEPT_FILE_BYTES => {
                read.insert(path, bytes);
            }
            Ok(_) => {}
            Err(error) => self.skip_error(&path, &error),
        }
    }

    /// Reads a file; gives its bytes unless it is a large one.
    fn read(&self, path: &Path, source: SourceKind) -> std::io::Result<Option<Vec<u8>>> {
        let origin = self.origin(source, shown(path));
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        if len >= LARGE_FILE_BYTES {
            return stream::file(self.delivery, &origin, || File::open(path)).map(|()| None);
        }
        let mut bytes = Vec::with_capacity(len as usize);
        file.take(LARGE_FILE_BYTES).read_to_end(&mut bytes)?;
        self.text(&origin, &bytes);
        Ok(Some(bytes))
    }

    /// Hands over a small content if it is a candidate.
    fn text(&self, origin: &Arc<Origin>, bytes: &[u8]) {
        if self.delivery.prefilter.is_candidate(bytes) {
            self.delivery.sink.content(crate::source::Content::whole(origin, bytes));
        }
    }

    /// The names of refs, and whether what they name is there.
    fn refs(&self, store: &Store, read: &ReadFiles) {
        match self.repository.refs_knowing(read) {
            Ok(refs) => {
                let mut links = Links::new(store);
                for found in refs.refs {
                    links.id(&found.target);
                    let origin = self.origin(SourceKind::Metadata, escape(&found.name));
                    self.text(&origin, &found.name);
                }
                self.delivery.missing(links.into_missing());
                for broken in refs.broken {
                    let kind = match broken.fault {
                        crate::git::RefFault::Unreadable => SkipKind::Unreadable,
                        crate::git::RefFault::Damaged => SkipKind::Corrupt,
                        crate::git::RefFault::Unsupported => SkipKind::Unsupported,
                    };
                    self.skip(broken.name, kind, format!("a ref: {}", broken.reason));
                }
            }
            Err(error) => {
                let path = self.repository.common_dir().join("packed-refs");
                self.skip(shown(&path), SkipKind::Corrupt, error.to_string());
            }
        }
    }

    /// The paths of every worktree's index, and what it says lies elsewhere.
    fn index_paths(&self) {
        let mut homes: BTreeSet<PathBuf> =
            [self.repository.common_dir(), self.repository.git_dir()].map(Into::into).into();
        homes.extend(
            self.repository.linked_git_dirs(|_| {}).into_iter().map(|(_, git_dir)| git_dir),
        );
        let mut gitlinks = BTreeSet::new();
        for home in homes {
            let path = home.join("index");
            let entries = match read_index(&path, self.repository.hash()) {
                Ok(entries) => entries,
                Err(error) => {
                    self.skip(shown(&path), SkipKind::Corrupt, error.to_string());
                    continue;
                }
            };
            for entry in entries {
                if self.delivery.prefilter.holds_literal(&entry.path) {
                    let origin = self.origin(SourceKind::Index, escape(&entry.path));
                    self.text(&origin, &entry.path);
                }
                if entry.kind == TrackedKind::Gitlink {
                    gitlinks.insert((entry.path, entry.id));
                }
            }
        }
        for (path, id) in gitlinks {
            let reason = format!("a submodule at commit {id}, whose objects are elsewhere");
            self.skip(escape(&path), SkipKind::Gitlink, reason);
        }
    }

    /// What the repository says itself that it does not hold.
    fn boundaries(&self) {
        let path = self.repository.shallow_path();
        match self.repository.shallow_commits() {
            Ok(ids) => {
                for id in ids {
                    // Nothing else is named: the file could be a link to any
                    // other of this machine.
                    let Some(id) = id else {
                        self.skip(shown(&path), SkipKind::Corrupt, "a line is no commit's id");
                        break;
                    };
                    let reason = "the clone is shallow: what came before this commit is not in \
                                  it; `git fetch --unshallow` brings it";
                    self.skip(id.to_string(), SkipKind::Shallow, reason);
                }
            }
            Err(error) => self.skip_error(&path, &error),
        }
        for extension in self.repository.unknown_extensions() {
            let reason = format!("extensions.{extension} is unknown: what it stores is not read");
            let config = shown(&self.repository.common_dir().join("config"));
            self.skip(config, SkipKind::Unsupported, reason);
        }
    }
}

/// Whether a directory lies below another, or is it.
fn is_inside(directory: &Path, other: &Path) -> bool {
    match (directory.canonicalize(), other.canonicalize()) {
        (Ok(directory), Ok(other)) => directory.starts_with(other),
        _ => directory.starts_with(other),
    }
}

/// A path as an origin: escaped, without a leading `./`.
fn shown(path: &Path) -> String {
    let shown = escape(&to_bytes(path));
    shown.strip_prefix("./").map(ToOwned::to_owned).unwrap_or(shown)
}
