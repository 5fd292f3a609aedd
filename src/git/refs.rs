//! Refs: names for objects.
//!
//! In: a repository. Out: every ref of every worktree and what it names.
//! Links are not followed out of the repository, and a broken ref is named
//! rather than passed over, since what only it reaches looks unreachable.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;

use super::error::GitError;
use super::layout::{RefStorage, Repository};
use super::names::{escape, is_absent, list, read_plain, to_bytes, to_path};

/// How many symbolic refs may lead to one another, as in git.
const SYMBOLIC_DEPTH: usize = 5;

/// A ref and the object that it names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ref {
    /// The full name, such as `refs/heads/main` or `HEAD`; of another
    /// worktree's own ref `worktrees/NAME/HEAD`.
    pub name: Vec<u8>,
    /// The object.
    pub target: ObjectId,
}

/// A ref that names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenRef {
    /// The name, escaped.
    pub name: String,
    /// What kind of fault it is.
    pub fault: RefFault,
    /// What is wrong with it.
    pub reason: String,
}

/// Why a ref names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefFault {
    /// The system refused to read it.
    Unreadable,
    /// It holds no object id and no other ref's name.
    Damaged,
    /// It is stored in a way that this version does not read.
    Unsupported,
}

/// All refs of a repository.
#[derive(Debug, Clone, Default)]
pub struct Refs {
    /// Every ref with its object, sorted by name.
    pub refs: Vec<Ref>,
    /// What could not be read.
    pub broken: Vec<BrokenRef>,
}

/// Files that were read already, by path: a loose ref's need not be read again.
pub(crate) type ReadFiles = HashMap<PathBuf, Vec<u8>>;

/// What a loose ref says.
enum Value {
    Object(ObjectId),
    Symbolic(Vec<u8>),
}

impl Repository {
    /// The commit of `HEAD`; `None` on a branch without a commit.
    ///
    /// # Errors
    /// A `HEAD` that cannot be read or names nothing that could be a commit.
    pub fn head(&self) -> Result<Option<ObjectId>, GitError> {
        self.find_ref(b"HEAD")
    }

    /// The branch that `HEAD` is on, in full; `None` where it is detached.
    ///
    /// # Errors
    /// A `HEAD` that cannot be read.
    pub fn head_branch(&self) -> Result<Option<Vec<u8>>, GitError> {
        match self.read_loose(&self.git_dir().join("HEAD"), &ReadFiles::new())? {
            Some(Value::Symbolic(name)) => Ok(Some(name)),
            _ => Ok(None),
        }
    }

    /// Finds a ref by its full name, through symbolic refs.
    ///
    /// # Errors
    /// A ref that is damaged or cannot be read.
    pub fn find_ref(&self, name: &[u8]) -> Result<Option<ObjectId>, GitError> {
        let mut name = name.to_vec();
        for _ in 0..SYMBOLIC_DEPTH {
            if !is_safe_name(&name) {
                return Ok(None);
            }
            let Some(relative) = to_path(&name) else { return Ok(None) };
            let home = if is_per_worktree(&name) { self.git_dir() } else { self.common_dir() };
            match self.read_loose(&home.join(relative), &ReadFiles::new())? {
                Some(Value::Object(id)) => return Ok(Some(id)),
                Some(Value::Symbolic(next)) => name = next,
                None => return self.packed_ref(&name),
            }
        }
        Err(GitError::Revision {
            revision: escape(&name),
            reason: format!("symbolic refs lead to one another more than {SYMBOLIC_DEPTH} deep"),
        })
    }

    /// Every ref: shared ones, this worktree's and every linked worktree's own
    /// (`HEAD`, `ORIG_HEAD`, bisection and so on).
    ///
    /// # Errors
    /// A `packed-refs` that cannot be read. A broken loose ref is listed in
    /// [`Refs::broken`].
    pub fn refs(&self) -> Result<Refs, GitError> {
        self.refs_knowing(&ReadFiles::new())
    }

    /// As [`Repository::refs`], of files some of which were read already.
    ///
    /// # Errors
    /// As [`Repository::refs`].
    pub(crate) fn refs_knowing(&self, read: &ReadFiles) -> Result<Refs, GitError> {
        let mut found = Refs::default();
        if self.ref_storage() == RefStorage::Reftable {
            found.broken.push(BrokenRef {
                name: "refs".to_owned(),
                fault: RefFault::Unsupported,
                reason: "refs are stored as reftable, which this version does not read".to_owned(),
            });
            return Ok(found);
        }
        let mut values: BTreeMap<Vec<u8>, Value> = self
            .packed_refs()?
            .into_iter()
            .map(|packed| (packed.name, Value::Object(packed.target)))
            .collect();
        let mut homes = vec![(Vec::new(), self.common_dir().to_owned())];
        let linked = self.linked_git_dirs(|error| {
            found.broken.push(unreadable(b"worktrees", error));
        });
        for (name, git_dir) in linked {
            let mut prefix = b"worktrees/".to_vec();
            prefix.extend_from_slice(&name);
            prefix.push(b'/');
            homes.push((prefix, git_dir));
        }
        for (prefix, home) in &homes {
            let mut gathering = Gathering {
                repository: self,
                read,
                values: &mut values,
                broken: &mut found.broken,
            };
            gathering.pseudo_refs(home, prefix);
            gathering.loose(&home.join("refs"), prefix, home);
        }
        found.refs = resolve(&values, &mut found.broken);
        Ok(found)
    }

    /// The git directories of linked worktrees with their names, sorted; `fails`
    /// hears of what keeps some from being listed, once more wherever they are asked
    /// for.
    pub(crate) fn linked_git_dirs(
        &self,
        mut fails: impl FnMut(&io::Error),
    ) -> Vec<(Vec<u8>, PathBuf)> {
        let mut found = Vec::new();
        let entries = list(&self.common_dir().join("worktrees"), |error| {
            if !is_absent(error) {
                fails(error);
            }
        });
        for entry in entries {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => {
                    found.push((to_bytes(Path::new(&entry.file_name())), entry.path()));
                }
                Ok(_) => {}
                Err(error) => fails(&error),
            }
        }
        found.sort();
        found
    }

    /// Reads one loose ref; a link counts as a symbolic ref by its text.
    fn read_loose(&self, path: &Path, read: &ReadFiles) -> Result<Option<Value>, GitError> {
        if let Some(bytes) = read.get(path) {
            return self.parse_loose(path, bytes);
        }
        let metadata = match std::fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_dir() => return Ok(None),
            Ok(metadata) => metadata,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(GitError::io(path, error)),
        };
        if metadata.is_symlink() {
            let target = std::fs::read_link(path).map_err(|error| GitError::io(path, error))?;
            let target = to_bytes(&target);
            return if target.starts_with(b"refs/") && is_safe_name(&target) {
                Ok(Some(Value::Symbolic(target)))
            } else {
                Err(GitError::damaged(path, "a link that leads to no ref"))
            };
        }
        let bytes = read_plain(path).map_err(|error| GitError::io(path, error))?;
        bytes.map_or(Ok(None), |bytes| self.parse_loose(path, &bytes))
    }

    fn parse_loose(&self, path: &Path, bytes: &[u8]) -> Result<Option<Value>, GitError> {
        if let Some(target) = bytes.strip_prefix(b"ref:") {
            return Ok(Some(Value::Symbolic(target.trim_ascii().to_vec())));
        }
        let hex = bytes.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        if hex.len() == self.hash().len_in_hex()
            && let Ok(id) = ObjectId::from_hex(hex)
        {
            return Ok(Some(Value::Object(id)));
        }
        if bytes.is_empty() && path.ends_with("FETCH_HEAD") {
            return Ok(None);
        }
        Err(GitError::damaged(path, "it holds no object id"))
    }

    /// One ref of `packed-refs`, found without reading the others: a server's
    /// file may hold a hundred thousand.
    fn packed_ref(&self, name: &[u8]) -> Result<Option<ObjectId>, GitError> {
        let path = self.common_dir().join("packed-refs");
        let bytes = read_plain(&path).map_err(|error| GitError::io(&path, error))?;
        let bytes = bytes.unwrap_or_default();
        let wanted = [b" ", name].concat();
        for at in memchr::memmem::find_iter(&bytes, &wanted) {
            let rest = &bytes[at + wanted.len()..];
            let is_whole = rest.is_empty() || rest.starts_with(b"\n") || rest.starts_with(b"\r\n");
            let start = memchr::memrchr(b'\n', &bytes[..at]).map_or(0, |end| end + 1);
            if is_whole && at - start == self.hash().len_in_hex() {
                return ObjectId::from_hex(&bytes[start..at])
                    .map(Some)
                    .map_err(|_| GitError::damaged(&path, "a line is no `ID NAME`"));
            }
        }
        Ok(None)
    }

    /// `packed-refs`, sorted by name; lines that are no ref are passed over as
    /// git does with unknown header lines.
    fn packed_refs(&self) -> Result<Vec<Ref>, GitError> {
        let path = self.common_dir().join("packed-refs");
        let bytes = read_plain(&path).map_err(|error| GitError::io(&path, error))?;
        let bytes = bytes.unwrap_or_default();
        let hex_len = self.hash().len_in_hex();
        let mut found = Vec::new();
        for line in bytes.split(|byte| *byte == b'\n') {
            if line.is_empty() || line.starts_with(b"#") || line.starts_with(b"^") {
                continue;
            }
            let parsed = line
                .split_at_checked(hex_len)
                .and_then(|(hex, rest)| Some((ObjectId::from_hex(hex).ok()?, rest)))
                .and_then(|(target, rest)| Some((target, rest.strip_prefix(b" ")?)));
            let Some((target, name)) = parsed else {
                return Err(GitError::damaged(&path, "a line is no `ID NAME`"));
            };
            found.push(Ref { name: name.trim_ascii_end().to_vec(), target });
        }
        found.sort();
        Ok(found)
    }
}

/// Gathers what is stored as a file each.
struct Gathering<'a> {
    repository: &'a Repository,
    read: &'a ReadFiles,
    values: &'a mut BTreeMap<Vec<u8>, Value>,
    broken: &'a mut Vec<BrokenRef>,
}

impl Gathering<'_> {
    /// `HEAD`, `ORIG_HEAD`, `FETCH_HEAD` and their like.
    fn pseudo_refs(&mut self, home: &Path, prefix: &[u8]) {
        let entries = list(home, |error| {
            if !is_absent(error) {
                self.broken.push(unreadable(&to_bytes(home), error));
            }
        });
        for entry in entries {
            let name = to_bytes(Path::new(&entry.file_name()));
            let is_pseudo = name.ends_with(b"HEAD")
                && name.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_');
            if is_pseudo || name == b"AUTO_MERGE" {
                self.one(&entry.path(), [prefix, &name].concat());
            }
        }
    }

    /// Walks a directory of loose refs; explicit stack, links not followed.
    fn loose(&mut self, refs: &Path, prefix: &[u8], home: &Path) {
        let mut open = vec![refs.to_owned()];
        let name_of =
            |path: &Path| [prefix, &to_bytes(path.strip_prefix(home).unwrap_or(path))].concat();
        while let Some(directory) = open.pop() {
            let entries = list(&directory, |error| {
                if !is_absent(error) {
                    self.broken.push(unreadable(&name_of(&directory), error));
                }
            });
            for entry in entries {
                let path = entry.path();
                let name = name_of(&path);
                match entry.file_type() {
                    Ok(kind) if kind.is_dir() => open.push(path),
                    Ok(_) if name.ends_with(b".lock") => {}
                    Ok(_) => self.one(&path, name),
                    Err(error) => self.broken.push(unreadable(&name, &error)),
                }
            }
        }
    }

    fn one(&mut self, path: &Path, name: Vec<u8>) {
        match self.repository.read_loose(path, self.read) {
            Ok(Some(value)) => {
                self.values.insert(name, value);
            }
            Ok(None) => {}
            Err(GitError::Io { source, .. }) => self.broken.push(unreadable(&name, &source)),
            Err(error) => self.broken.push(BrokenRef {
                name: escape(&name),
                fault: RefFault::Damaged,
                reason: error.to_string(),
            }),
        }
    }
}

/// Follows symbolic refs within the gathered values.
fn resolve(values: &BTreeMap<Vec<u8>, Value>, broken: &mut Vec<BrokenRef>) -> Vec<Ref> {
    let mut refs = Vec::with_capacity(values.len());
    for (name, value) in values {
        let mut value = Some(value);
        for _ in 0..SYMBOLIC_DEPTH {
            match value {
                Some(Value::Symbolic(next)) => value = values.get(next),
                Some(Value::Object(target)) => {
                    refs.push(Ref { name: name.clone(), target: *target });
                    break;
                }
                // A branch without a commit yet; nothing hides behind it.
                None => break,
            }
        }
        if matches!(value, Some(Value::Symbolic(_))) {
            broken.push(BrokenRef {
                name: escape(name),
                fault: RefFault::Damaged,
                reason: "symbolic refs lead to one another without end".to_owned(),
            });
        }
    }
    refs
}

fn unreadable(name: &[u8], error: &io::Error) -> BrokenRef {
    BrokenRef { name: escape(name), fault: RefFault::Unreadable, reason: error.to_string() }
}

/// Whether a name stays inside the repository when used as a path.
fn is_safe_name(name: &[u8]) -> bool {
    let is_safe_part =
        |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&b'\\');
    !name.contains(&0)
        && !name.contains(&b':')
        && name.split(|byte| *byte == b'/').all(is_safe_part)
        && (name.starts_with(b"refs/") || !name.contains(&b'/'))
}

/// Whether each worktree has its own ref of this name.
fn is_per_worktree(name: &[u8]) -> bool {
    !name.starts_with(b"refs/")
        || [b"refs/bisect/".as_slice(), b"refs/worktree/", b"refs/rewritten/"]
            .iter()
            .any(|prefix| name.starts_with(prefix))
}
