//! What the next commit would add.
//!
//! In: a repository's index and the commits that the next one would rest on:
//! `HEAD` and, while a merge is in progress, what is merged. Out: the blobs
//! that no parent holds at the same path, and what the parents hold at the
//! paths that change. Directories whose tree the index remembers are passed
//! over as git passes over them when it writes the commit, so that ten changed
//! files among thousands cost what ten files cost.

use std::collections::{BTreeMap, BTreeSet};

use gix_hash::ObjectId;
use gix_index::Entry;
use gix_index::entry::{Flags, Mode};
use gix_index::extension::Tree;

use super::changed::{Brought, DEPTH_LIMIT, new_in};
use super::index::open_index;
use super::names::read_plain;
use super::pack::Kind;
use super::range::read_commit;
use super::reader::Reader;
use super::trees::{EntryKind, entries};
use super::{GitError, Repository};

/// What the index holds beside what its parents hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Staged {
    /// What no parent holds at the same path, sorted; a file that was only
    /// moved is not among it.
    pub brought: Vec<Brought>,
    /// The blobs that parents hold at paths that change or go, sorted, each
    /// with one of its paths.
    pub before: BTreeMap<ObjectId, Vec<u8>>,
}

/// Compares the index with `HEAD` and with what is being merged.
///
/// Entries that only announce a file (`git add --intent-to-add`) are no part
/// of the next commit.
///
/// # Errors
/// An index, a `HEAD` or a tree that cannot be read.
pub fn staged(repository: &Repository, reader: &mut Reader<'_>) -> Result<Staged, GitError> {
    let mut trees = Vec::new();
    for parent in parents(repository)? {
        let commit = read_commit(parent, reader)?
            .ok_or_else(|| GitError::Object { id: parent, reason: "it is missing".to_owned() })?;
        trees.push(commit.tree);
    }
    let mut compared = Compared { removed: BTreeSet::new(), staged: Staged::default() };
    if let Some(file) = open_index(&repository.index_path(), repository.hash(), true)? {
        let paths: &[u8] = file.path_backing();
        // Git refuses such an index too.
        if !file.entries().is_sorted_by_key(|entry| path_of(entry, paths)) {
            let path = repository.index_path();
            return Err(GitError::damaged(&path, "its entries are not sorted"));
        }
        let level =
            Level { listed: file.entries(), prefix: Vec::new(), remembered: file.tree(), trees };
        compared.compare(level, paths, reader)?;
    } else {
        compared.removed.extend(trees.into_iter().map(|tree| (Vec::new(), tree)));
    }
    compared.finish(reader)
}

/// `HEAD`, and the commits that a merge in progress brings in.
fn parents(repository: &Repository) -> Result<Vec<ObjectId>, GitError> {
    let mut parents: Vec<ObjectId> = repository.head()?.into_iter().collect();
    let path = repository.git_dir().join("MERGE_HEAD");
    let bytes = read_plain(&path).map_err(|error| GitError::io(&path, error))?;
    let merged = bytes.unwrap_or_default();
    for line in merged.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii) {
        if !line.is_empty() {
            let id = ObjectId::from_hex(line)
                .map_err(|_| GitError::damaged(&path, "a line is no object id"))?;
            parents.push(id);
        }
    }
    Ok(parents)
}

/// The path of an entry, out of the index's store of paths.
fn path_of<'a>(entry: &'a Entry, paths: &'a [u8]) -> &'a [u8] {
    entry.path_in(paths).as_ref()
}

/// One directory of the index, and the trees that the parents have there.
struct Level<'a> {
    listed: &'a [Entry],
    prefix: Vec<u8>,
    remembered: Option<&'a Tree>,
    trees: Vec<ObjectId>,
}

struct Compared {
    staged: Staged,
    /// Directories of parents that the index no longer has.
    removed: BTreeSet<(Vec<u8>, ObjectId)>,
}

impl Compared {
    fn compare<'a>(
        &mut self,
        root: Level<'a>,
        paths: &'a [u8],
        reader: &mut Reader<'_>,
    ) -> Result<(), GitError> {
        let mut open = vec![root];
        while let Some(level) = open.pop() {
            if level.prefix.iter().filter(|byte| **byte == b'/').count() > DEPTH_LIMIT {
                let at = level.prefix;
                let path = super::names::to_path(&at).unwrap_or_default();
                return Err(GitError::damaged(&path, "its directories are nested too deep"));
            }
            self.level(level, paths, &mut open, reader)?;
        }
        Ok(())
    }

    fn level<'a>(
        &mut self,
        level: Level<'a>,
        paths: &'a [u8],
        open: &mut Vec<Level<'a>>,
        reader: &mut Reader<'_>,
    ) -> Result<(), GitError> {
        let Level { listed, prefix, remembered, trees } = level;
        let is_unchanged = remembered.is_some_and(|tree| {
            tree.num_entries == u32::try_from(listed.len()).ok() && trees.contains(&tree.id)
        });
        if is_unchanged {
            return Ok(());
        }
        let mut bytes = Vec::with_capacity(trees.len());
        for tree in &trees {
            bytes.push((reader.expect(tree, Kind::Tree)?, tree.kind().len_in_bytes()));
        }
        let held: Vec<BTreeMap<&[u8], (EntryKind, ObjectId)>> = bytes
            .iter()
            .map(|(bytes, hash_len)| {
                entries(bytes, *hash_len)
                    .filter_map(|entry| {
                        Some((entry.name, (entry.kind, ObjectId::try_from(entry.id).ok()?)))
                    })
                    .collect()
            })
            .collect();
        let mut names: BTreeSet<&[u8]> = BTreeSet::new();
        let mut rest = listed;
        while let Some(first) = rest.first() {
            if first.flags.contains(Flags::INTENT_TO_ADD) {
                rest = &rest[1..];
                continue;
            }
            let below = &path_of(first, paths)[prefix.len()..];
            let slash = memchr::memchr(b'/', below);
            let name = &below[..slash.unwrap_or(below.len())];
            names.insert(name);
            let at = || held.iter().filter_map(|held| held.get(name).copied());
            let path = [&prefix[..], name].concat();
            let is_sparse = first.mode == Mode::DIR;
            if slash.is_none() || is_sparse {
                rest = &rest[1..];
                self.entry(first, path, is_sparse, &at().collect::<Vec<_>>(), reader)?;
                continue;
            }
            let inner = [&path[..], b"/"].concat();
            let end = rest.partition_point(|entry| path_of(entry, paths).starts_with(&inner));
            let (inside, after) = rest.split_at(end.max(1));
            rest = after;
            for (_, id) in at().filter(|(kind, _)| *kind == EntryKind::Blob) {
                self.staged.before.entry(id).or_insert_with(|| path.clone());
            }
            let is_tree = |(kind, id)| (kind == EntryKind::Tree).then_some(id);
            open.push(Level {
                listed: inside,
                remembered: remembered
                    .and_then(|tree| tree.children.iter().find(|child| &child.name[..] == name)),
                trees: at().filter_map(is_tree).collect(),
                prefix: inner,
            });
        }
        for held in &held {
            for (name, (kind, id)) in held.iter().filter(|(name, _)| !names.contains(*name)) {
                let path = [&prefix[..], name].concat();
                match kind {
                    EntryKind::Blob => {
                        self.staged.before.entry(*id).or_insert(path);
                    }
                    EntryKind::Tree => {
                        self.removed.insert((path, *id));
                    }
                    EntryKind::Gitlink => {}
                }
            }
        }
        Ok(())
    }

    /// One file of the index, beside what the parents hold of its name.
    fn entry(
        &mut self,
        entry: &Entry,
        path: Vec<u8>,
        is_sparse: bool,
        held: &[(EntryKind, ObjectId)],
        reader: &mut Reader<'_>,
    ) -> Result<(), GitError> {
        let id = entry.id;
        if held.iter().any(|(_, held)| *held == id) {
            return Ok(());
        }
        for (_, held) in held.iter().filter(|(kind, _)| *kind == EntryKind::Blob) {
            self.staged.before.entry(*held).or_insert_with(|| path.clone());
        }
        if is_sparse {
            let trees = held.iter().filter(|(kind, _)| *kind == EntryKind::Tree);
            for mut brought in new_in(id, trees.map(|(_, id)| *id).collect(), reader)? {
                brought.path = [&path[..], b"/", &brought.path[..]].concat();
                self.staged.brought.push(brought);
            }
        } else {
            let is_gitlink = entry.mode == Mode::COMMIT;
            self.staged.brought.push(Brought { path, id, is_gitlink });
        }
        Ok(())
    }

    /// Takes in what went with whole directories, and takes out what only moved.
    fn finish(mut self, reader: &mut Reader<'_>) -> Result<Staged, GitError> {
        // Where nothing is new nobody asks what was there before.
        if !self.staged.brought.is_empty() {
            for (path, tree) in std::mem::take(&mut self.removed) {
                for gone in new_in(tree, Vec::new(), reader)? {
                    if !gone.is_gitlink {
                        let at = [&path[..], b"/", &gone.path[..]].concat();
                        self.staged.before.entry(gone.id).or_insert(at);
                    }
                }
            }
        }
        let Staged { brought, before } = &mut self.staged;
        brought.retain(|brought| brought.is_gitlink || !before.contains_key(&brought.id));
        brought.sort_unstable_by(|one, other| (&one.path, one.id).cmp(&(&other.path, other.id)));
        brought.dedup();
        Ok(self.staged)
    }
}
